"""What happens to a request, in which order? The mock as an ASGI application.

Key, rate window, route, schema, then the operation: the order in which faults are told. Raw ASGI, because it answers
more than twice as fast as a framework. Bytes and sockets are for `mock_server.wire`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from generated.contract import ProblemCode
from mock_server import control
from mock_server.api_keys import ApiKey, authenticate
from mock_server.asgi import Message, Receive, Send, header, rate_headers, read_body, send_json, send_problem
from mock_server.calls import Answer, Call, Handler
from mock_server.clock import Clock
from mock_server.deliveries import Deliverer, NoDeliverer
from mock_server.notifications import Notifier
from mock_server.operations import HANDLERS
from mock_server.organizations import Organizations
from mock_server.problems import Refusal
from mock_server.rate_limit import Allowance, Window, own_window
from mock_server.routing import Route, Router
from mock_server.run_events import RunEvents
from mock_server.scenarios import Scenario, scenario_of
from mock_server.validation import RequestRules, request_rules

_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Parts:
    """What the mock is put together from. Another mock than the conforming one has others."""

    handlers: Mapping[str, Handler] = field(default_factory=lambda: HANDLERS)
    rules: Mapping[str, RequestRules] = field(default_factory=request_rules)
    window: Callable[[ApiKey], Window] = lambda _: Window()
    notifier: Callable[[Clock, Deliverer], Notifier] = Notifier
    run_events: Callable[[Clock, Notifier], RunEvents] = RunEvents


class Application:
    """The mock. Only one event loop may use it."""

    def __init__(
        self,
        *,
        deliverer: Deliverer | None = None,
        control: bool = True,
        clock: Clock | None = None,
        parts: Parts | None = None,
    ) -> None:
        """`deliverer`: None sends nothing. `control`: whether there is a control interface."""
        parts = parts or Parts()
        self._clock = clock or Clock()
        self._notifier = parts.notifier(self._clock, deliverer or NoDeliverer())
        self._run_events = parts.run_events(self._clock, self._notifier)
        self._organizations = Organizations(self._run_events)
        self._new_window = parts.window
        self._windows: dict[str, Window] = {}
        self._organization_keys: dict[str, set[str]] = {}
        self._control = control
        self._handlers = parts.handlers
        self._router = Router()
        self._rules = parts.rules

    @property
    def stands_still(self) -> bool:
        """Whether the clock shows another time only when it is moved."""
        return self._clock.stands_still

    def now(self) -> float:
        """The time on the mock's clock, in Unix seconds."""
        return self._clock.settle()

    async def advance(self, seconds: float) -> float:
        """Moves the clock; returns the time when everything due by then has happened, deliveries included."""
        await self._clock.advance(seconds, self._notifier.webhooks_settled)
        await self._notifier.settled()
        return self.now()

    def reset(self, organization_name: str | None) -> None:
        """Forgets the state of one organization, or of all, and the windows of its keys. The clock stays."""
        for organization in self._organizations.forget(organization_name):
            self._clock.forget(organization)
        names = list(self._organization_keys) if organization_name is None else [organization_name]
        for name in names:
            for key_id in self._organization_keys.pop(name, ()):
                del self._windows[key_id]

    async def run(self) -> None:
        """Runs until it is cancelled, then lets nothing happen any more by itself."""
        try:
            await asyncio.Event().wait()
        finally:
            self._clock.stop()
            self._notifier.stop()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers an HTTP request."""
        if scope["type"] != "http":
            raise NotImplementedError(f"no ASGI scope of the type {scope['type']}")
        raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        method: str = scope["method"]
        raw_body = await read_body(scope, receive)
        if self._control and control.is_control(raw_path):
            status, body = await control.answer(self, method, raw_path, raw_body)
            await send_json(send, status, [], body)
            return
        now = self._clock.settle()
        allowance = own_window(now)
        try:
            key = authenticate([value for name, value in scope["headers"] if name == b"authorization"])
            allowance = self._take(key, now)
            if not allowance.allowed:
                wait = allowance.retry_after_seconds(now)
                raise Refusal(
                    ProblemCode.RATE_LIMIT_EXCEEDED, f"Try again in {wait} seconds.", retry_after_seconds=wait
                )
            route = self._router.find(method, raw_path)
            if route is None:
                raise Refusal(ProblemCode.NOT_FOUND, "The API has no such path or method.")
            outcome: Answer | Refusal = self._answer(key, route, scope, raw_body, now)
        except Refusal as refusal:
            outcome = refusal
        except Exception:  # noqa: BLE001 - whatever fails, the client gets a documented answer
            _log.exception("%s %s failed", method, raw_path.decode("latin-1"))
            outcome = Refusal(ProblemCode.INTERNAL_ERROR, "The mock server failed.")
        if isinstance(outcome, Refusal):
            await send_problem(send, outcome, rate_headers(allowance), raw_path)
        else:
            await send_json(send, outcome.status, rate_headers(allowance), outcome.body)

    def _take(self, key: ApiKey, now: float) -> Allowance:
        window = self._windows.get(key.id)
        if window is None:
            window = self._windows[key.id] = self._new_window(key)
            self._organization_keys.setdefault(key.organization_name, set()).add(key.id)
        if scenario_of(key.organization_name) is Scenario.RATE_LIMITED:
            return window.exhaust(now)
        return window.take(now)

    def _answer(self, key: ApiKey, route: Route, scope: Message, raw_body: bytes | None, now: float) -> Answer:
        """The operation's answer. Nothing waits between the last look at the state and its change."""
        operation_id = route.operation.operation_id
        rules = self._rules[operation_id]
        if rules.takes_body and raw_body is None:
            raise Refusal(ProblemCode.BAD_REQUEST, "The body is too large.")
        organization = self._organizations.get(key.organization_name, now)
        if organization.scenario is Scenario.INTERNAL_ERROR:
            raise Refusal(ProblemCode.INTERNAL_ERROR, "The key asks the mock for this problem.")
        call = Call(
            organization=organization,
            api_key=key,
            path=route.parameters,
            query=rules.query(scope["query_string"]),
            body=rules.body(raw_body or b"", header(scope["headers"], b"content-type")) if rules.takes_body else {},
            now=now,
            run_events=self._run_events,
        )
        return self._handlers[operation_id](call)

"""What happens to a request, in which order? The mock as an ASGI application.

Key, rate window, route, schema, then the operation: the order in which faults are told. Raw ASGI, because it answers
more than twice as fast as a framework. Bytes and sockets are for `mock_server.wire`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from generated.contract import RATE_LIMIT_REQUESTS, Header, ProblemCode
from mock_server import control
from mock_server.api_keys import ApiKey, authenticate
from mock_server.calls import Answer, Call, Handler
from mock_server.clock import Clock
from mock_server.deliveries import Deliverer, NoDeliverer
from mock_server.http1 import MAX_BODY_BYTES, BodyTooLargeError
from mock_server.notifications import Notifier
from mock_server.operations import HANDLERS
from mock_server.organizations import Organizations
from mock_server.problems import PROBLEM_MEDIA_TYPE, Refusal
from mock_server.rate_limit import Allowance, Window, own_window
from mock_server.routing import Route, Router
from mock_server.run_events import RunEvents
from mock_server.scenarios import Scenario, scenario_of
from mock_server.validation import request_rules

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_log = logging.getLogger(__name__)

_JSON = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", PROBLEM_MEDIA_TYPE.encode())
_LIMIT = (Header.RATE_LIMIT_LIMIT.encode().lower(), b"%d" % RATE_LIMIT_REQUESTS)
_REMAINING_NAME = Header.RATE_LIMIT_REMAINING.encode().lower()
_REMAINING = tuple((_REMAINING_NAME, b"%d" % remaining) for remaining in range(RATE_LIMIT_REQUESTS + 1))
_RESET_NAME = Header.RATE_LIMIT_RESET.encode().lower()
_RETRY_AFTER_NAME = Header.RETRY_AFTER.encode().lower()


class Application:
    """The mock. Only one event loop may use it."""

    def __init__(
        self,
        *,
        deliverer: Deliverer | None = None,
        control: bool = True,
        clock: Clock | None = None,
        handlers: Mapping[str, Handler] = HANDLERS,
    ) -> None:
        """`deliverer`: None sends nothing. `control`: whether there is a control interface."""
        self._clock = clock or Clock()
        self._notifier = Notifier(self._clock, deliverer or NoDeliverer())
        self._run_events = RunEvents(self._clock, self._notifier)
        self._organizations = Organizations(self._run_events)
        self._windows: dict[str, Window] = {}
        self._organization_keys: dict[str, set[str]] = {}
        self._control = control
        self._handlers = handlers
        self._router = Router()
        self._rules = request_rules()

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
        if self._control and control.is_control(raw_path):
            status, body = await control.answer(self, method, raw_path, await _read(receive))
            await _send(send, status, [_JSON], orjson.dumps(body))
            return
        now = self._clock.settle()
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        allowance = own_window(now)
        try:
            key = authenticate([value for name, value in headers if name == b"authorization"])
            allowance = self._take(key, now)
            if not allowance.allowed:
                wait = allowance.retry_after_seconds(now)
                raise Refusal(
                    ProblemCode.RATE_LIMIT_EXCEEDED, f"Try again in {wait} seconds.", retry_after_seconds=wait
                )
            route = self._router.find(method, raw_path)
            if route is None:
                raise Refusal(ProblemCode.NOT_FOUND, "The API has no such path or method.")
            answer = await self._answer(key, route, scope, receive)
            status = answer.status
            content = None if answer.body is None else orjson.dumps(answer.body)
            head = [] if content is None else [_JSON]
        except Refusal as refusal:
            status, content, head = _problem(refusal, raw_path)
        except BodyTooLargeError:
            status, content, head = _problem(Refusal(ProblemCode.BAD_REQUEST, "The body is too large."), raw_path)
        except Exception:  # noqa: BLE001 - whatever fails, the client gets a documented answer
            _log.exception("%s %s failed", method, raw_path.decode("latin-1"))
            failure = Refusal(ProblemCode.INTERNAL_ERROR, "The mock server failed.")
            status, content, head = _problem(failure, raw_path)
        head += (_LIMIT, _REMAINING[allowance.remaining], (_RESET_NAME, b"%d" % allowance.reset))
        await _send(send, status, head, content)

    def _take(self, key: ApiKey, now: float) -> Allowance:
        window = self._windows.get(key.id)
        if window is None:
            window = self._windows[key.id] = Window()
            self._organization_keys.setdefault(key.organization_name, set()).add(key.id)
        if scenario_of(key.organization_name) is Scenario.RATE_LIMITED:
            return window.exhaust(now)
        return window.take(now)

    async def _answer(self, key: ApiKey, route: Route, scope: Message, receive: Receive) -> Answer:
        """The operation's answer. Nothing waits between the last look at the state and its change."""
        operation_id = route.operation.operation_id
        rules = self._rules[operation_id]
        raw_body = await _read(receive) if rules.takes_body else b""
        now = self._clock.settle()
        organization = self._organizations.get(key.organization_name, now)
        if organization.scenario is Scenario.INTERNAL_ERROR:
            raise Refusal(ProblemCode.INTERNAL_ERROR, "The key asks the mock for this problem.")
        call = Call(
            organization=organization,
            api_key=key,
            path=route.parameters,
            query=rules.query(scope["query_string"]),
            body=rules.body(raw_body, _header(scope["headers"], b"content-type")) if rules.takes_body else {},
            now=now,
            run_events=self._run_events,
        )
        return self._handlers[operation_id](call)


def _header(headers: list[tuple[bytes, bytes]], name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in headers if key == name), None)


def _problem(refusal: Refusal, raw_path: bytes) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    head = [_PROBLEM]
    if refusal.retry_after_seconds is not None:
        head.append((_RETRY_AFTER_NAME, b"%d" % refusal.retry_after_seconds))
    instance = quote(raw_path, safe="/%:@!$&'()*+,;=~-._[]|")
    return refusal.status, orjson.dumps(refusal.body(instance)), head


async def _read(receive: Receive) -> bytes:
    """The body. Raises BodyTooLargeError when it is longer than the mock reads."""
    chunks, length = [], 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        length += len(chunk)
        if length > MAX_BODY_BYTES:
            raise BodyTooLargeError
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], content: bytes | None) -> None:
    if content is not None:
        headers.append((b"content-length", b"%d" % len(content)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content or b""})

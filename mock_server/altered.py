"""How is the mock made to differ from what it is? The bench that faults and variants work at, and what comes of it.

A mock is altered from outside: its requests and answers on their way, its operations' handlers, the document that it
validates by, or one of its parts. The conforming mock knows nothing of this.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qsl

import httpx
import orjson

from generated.contract import OPERATIONS, Header, Operation, ProblemCode
from mock_server import control, document
from mock_server.api_keys import ApiKey, authenticate
from mock_server.application import Application, Parts
from mock_server.asgi import MAX_BODY_BYTES, Message, Receive, Send, read_body
from mock_server.calls import Answer, Call, Handler
from mock_server.clock import Clock
from mock_server.deliveries import Deliverer, Delivery, HttpDeliverer, Outcome
from mock_server.operations import HANDLERS
from mock_server.problems import PROBLEM_MEDIA_TYPE, Refusal
from mock_server.routing import Router
from mock_server.validation import rules_of

Change = Callable[["Exchange"], object]
Proceed = Callable[[], Awaitable[None]]
Around = Callable[["Exchange", Proceed], Awaitable[None]]
HandlerChange = Callable[[Call, Handler], Answer]

_router = Router()


@dataclasses.dataclass(kw_only=True)
class Exchange:
    """A request and, once it is answered, the answer; both may be changed on their way. Header names in lower case."""

    method: str
    path: str
    query: str
    request_headers: list[tuple[bytes, bytes]]
    request_content: bytes
    asked_path: str
    """The path as it was sent, whatever becomes of `path`."""
    clock: Clock
    status: int = 0
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: Any = None
    """The JSON of the answer; None for no body."""
    content: bytes | None = None
    """What is answered instead of `body`."""

    @property
    def operation(self) -> Operation | None:
        """The operation that is asked for, None when the document has none."""
        route = _router.find(self.method, self.path.encode("latin-1"))
        return None if route is None else route.operation

    @property
    def operation_id(self) -> str | None:
        """Its operationId."""
        return None if self.operation is None else self.operation.operation_id

    @property
    def parameters(self) -> dict[str, str]:
        """The query as it was sent."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def request_body(self) -> dict[str, Any]:
        """The members of the JSON body that was sent; none when there is no such body."""
        try:
            body = json.loads(self.request_content)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    @property
    def api_key(self) -> ApiKey | None:
        """The key of the request, None without a valid one."""
        try:
            return authenticate([value for name, value in self.request_headers if name == b"authorization"])
        except Refusal:
            return None

    @property
    def code(self) -> str | None:
        """The code of the problem that is answered."""
        return self.body.get("type") if self.status >= 400 and isinstance(self.body, dict) else None

    def refuse(self, code: ProblemCode, *, detail: str = "Refused.", retry_after_seconds: int | None = None) -> None:
        """Answers this problem instead."""
        refusal = Refusal(code, detail)
        self.status, self.body, self.content = refusal.status, refusal.body(self.path), None
        self.headers["content-type"] = PROBLEM_MEDIA_TYPE
        if retry_after_seconds is not None:
            self.headers[Header.RETRY_AFTER.lower()] = str(retry_after_seconds)

    @property
    def items(self) -> list[Any]:
        """What a list's answer lists; nothing for other answers."""
        data = self.body.get("data") if self.status == 200 and isinstance(self.body, dict) else None
        return data if isinstance(data, list) else []


current: ContextVar[Exchange] = ContextVar("current")
"""The exchange that is under way, for a part that is told less than it needs."""


class Bench:
    """A mock that is being put together."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.parts = Parts()
        self.handlers = dict(HANDLERS)
        self._deliverers: list[Callable[[Deliverer], Deliverer]] = []
        self._contract: dict[str, Any] | None = None
        self._around: list[Around] = []

    def around(self, change: Around) -> None:
        """`change` is told of each exchange before it is answered and has it answered by calling what it is given."""
        self._around.append(change)

    def before(self, change: Change, operations: Collection[str] | None = None) -> None:
        """`change` changes each request (of these operations)."""

        async def around(exchange: Exchange, proceed: Proceed) -> None:
            if operations is None or exchange.operation_id in operations:
                change(exchange)
            await proceed()

        self.around(around)

    def after(
        self, change: Change, operations: Collection[str] | None = None, statuses: Collection[int] | None = None
    ) -> None:
        """`change` changes each answer (of these operations, with these statuses)."""

        async def around(exchange: Exchange, proceed: Proceed) -> None:
            asked = exchange.operation_id
            await proceed()
            if (operations is None or asked in operations) and (statuses is None or exchange.status in statuses):
                change(exchange)

        self.around(around)

    def handle(self, operation_id: str, change: HandlerChange) -> None:
        """`change` answers the operation's calls; it is given the call and what has answered until now."""
        inner = self.handlers[operation_id]
        self.handlers[operation_id] = lambda call: change(call, inner)

    def handle_all(self, change: HandlerChange) -> None:
        """`change` answers the calls of every operation."""
        for operation_id in OPERATIONS:
            self.handle(operation_id, change)

    def deliver(self, change: Callable[[Deliverer], Deliverer]) -> None:
        """`change` gives what makes the attempts to deliver, from what has made them until now."""
        self._deliverers.append(change)

    def delivering(self, change: Callable[[bytes], bytes]) -> None:
        """`change` changes the body of each delivery before it is signed."""
        self.deliver(lambda inner: _Changed(inner, change))

    def sending(self, change: Callable[[httpx.Request, Delivery, int], object]) -> None:
        """`change` changes each request that is about to be sent with a delivery; it is told the time too."""

        def around(inner: Deliverer) -> Deliverer:
            if isinstance(inner, HttpDeliverer):
                build = inner.request

                def changed(delivery: Delivery, timestamp: int) -> httpx.Request:
                    request = build(delivery, timestamp)
                    change(request, delivery, timestamp)
                    return request

                inner.request = changed  # type: ignore[method-assign]
            return inner

        self.deliver(around)

    def showing_runs(self, change: Callable[[dict[str, Any]], object]) -> None:
        """`change` changes a run wherever it is shown: read alone, in a list, cancelled, delivered."""

        def after(exchange: Exchange) -> None:
            for run in exchange.items if exchange.operation_id == "listRuns" else [exchange.body]:
                change(run)

        def delivered(body: bytes) -> bytes:
            told = orjson.loads(body)
            change(told["run"])
            return orjson.dumps(told)

        self.after(after, ["getRun", "listRuns", "cancelRun"], [200])
        self.delivering(delivered)

    @property
    def contract(self) -> dict[str, Any]:
        """A copy of the document that the mock validates requests by, to be changed."""
        if self._contract is None:
            self._contract = copy.deepcopy(dict(document.load()))
        return self._contract

    def schema(self, name: str) -> dict[str, Any]:
        """One of its components' schemas, to be changed."""
        schema: dict[str, Any] = self.contract["components"]["schemas"][name]
        return schema

    def own_parameter_schema(self, operation_id: str, name: str) -> dict[str, Any]:
        """The schema of one operation's query parameter, to be changed without a change for other operations."""
        operation = OPERATIONS[operation_id]
        parameters = self.contract["paths"][operation.path][operation.method.lower()]["parameters"]
        for index, node in enumerate(parameters):
            parameter = copy.deepcopy(dict(document.resolve(node, self.contract)))
            if parameter["name"] == name:
                parameter["schema"] = dict(document.resolve(parameter["schema"], self.contract))
                parameters[index] = parameter
                schema: dict[str, Any] = parameter["schema"]
                return schema
        raise KeyError(f"{operation_id} has no parameter {name}")

    def build(self, deliverer: Deliverer, *, control: bool) -> AlteredApplication:
        """The mock."""
        self.parts.handlers = self.handlers
        if self._contract is not None:
            self.parts.rules = rules_of(self._contract)
        for change in self._deliverers:
            deliverer = change(deliverer)
        application = Application(deliverer=deliverer, control=control, clock=self.clock, parts=self.parts)
        return AlteredApplication(application, self.clock, tuple(self._around))


class _Changed:
    """A deliverer of changed bodies."""

    def __init__(self, inner: Deliverer, change: Callable[[bytes], bytes]) -> None:
        self._inner, self._change = inner, change

    async def attempt(self, delivery: Delivery, timestamp: int) -> Outcome:
        return await self._inner.attempt(dataclasses.replace(delivery, body=self._change(delivery.body)), timestamp)


Alteration = Callable[[Bench], None]


def altered(
    alterations: Collection[Alteration], deliverer: Deliverer, *, control: bool = True, clock: Clock | None = None
) -> AlteredApplication:
    """A mock with these alterations, the last one nearest to the client."""
    bench = Bench(clock or Clock())
    for alteration in alterations:
        alteration(bench)
    return bench.build(deliverer, control=control)


class AlteredApplication:
    """An application whose requests and answers are changed on their way. The control interface is left alone."""

    def __init__(self, application: Application, clock: Clock, around: tuple[Around, ...]) -> None:
        self._application = application
        self._clock = clock
        self._around = around
        self.stands_still = application.stands_still
        self.now = application.now
        self.advance = application.advance
        self.reset = application.reset
        self.run = application.run

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers an HTTP request."""
        if control.is_control(scope["raw_path"]):
            await self._application(scope, receive, send)
            return
        content = await read_body(scope, receive)
        exchange = Exchange(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            request_headers=list(scope["headers"]),
            request_content=bytes(MAX_BODY_BYTES + 1) if content is None else content,
            asked_path=scope["raw_path"].decode("latin-1"),
            clock=self._clock,
        )
        current.set(exchange)
        await self._proceed(exchange, scope, len(self._around))
        await _send(exchange, send)

    async def _proceed(self, exchange: Exchange, scope: Message, left: int) -> None:
        if left:
            await self._around[left - 1](exchange, lambda: self._proceed(exchange, scope, left - 1))
            return
        await ask(self._application, exchange, scope)


async def ask(
    application: Callable[[Message, Receive, Send], Awaitable[None]], exchange: Exchange, scope: Message
) -> None:
    """Has the application answer the exchange."""
    body = b""

    async def receive() -> Message:
        return {"type": "http.request", "body": exchange.request_content, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal body
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            exchange.headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]
            }
        else:
            body += message["body"]

    path = {
        "method": exchange.method,
        "path": exchange.path,
        "raw_path": exchange.path.encode("latin-1"),
        "query_string": exchange.query.encode("latin-1"),
        "headers": exchange.request_headers,
    }
    await application({**scope, **path}, receive, send)
    exchange.body = orjson.loads(body) if body else None
    exchange.content = None


async def _send(exchange: Exchange, send: Send) -> None:
    content = exchange.content
    if content is None:
        content = b"" if exchange.body is None else orjson.dumps(exchange.body)
    headers = {name: value for name, value in exchange.headers.items() if name != "content-length"}
    if content:
        headers["content-length"] = str(len(content))
    encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": exchange.status, "headers": encoded})
    await send({"type": "http.response.body", "body": content})


def set_member(path: str, value: Any) -> Change:
    """A change that sets one member of the answer's body, named by a dotted path; see `at`."""

    def change(exchange: Exchange) -> None:
        for owner, name in at(exchange.body, path):
            owner[name] = value

    return change


def drop_member(path: str) -> Change:
    """A change that leaves one member of the answer's body out."""

    def change(exchange: Exchange) -> None:
        for owner, name in at(exchange.body, path):
            owner.pop(name, None)

    return change


def map_member(path: str, new: Callable[[Any], Any]) -> Change:
    """A change of the value of one member of the answer's body, where it is there and not null."""

    def change(exchange: Exchange) -> None:
        for owner, name in at(exchange.body, path):
            if owner.get(name) is not None:
                owner[name] = new(owner[name])

    return change


def at(body: Any, path: str) -> list[tuple[dict[str, Any], str]]:
    """The objects that may have the member at the end of a dotted path, with its name; `*` is each item of a list."""
    *steps, name = path.split(".")
    places = [body]
    for step in steps:
        if step == "*":
            places = [item for place in places if isinstance(place, list) for item in place]
        else:
            places = [place[step] for place in places if isinstance(place, Mapping) and place.get(step) is not None]
    return [(place, name) for place in places if isinstance(place, dict)]

"""The mock with one thing altered on the way: what it is asked, or what it answers."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from mock_server import hosting
from mock_server.application import Application
from mock_server.asgi import Message, Receive, Send


@dataclass(frozen=True)
class Asked:
    """A request on its way to the mock."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """An answer on its way back. Header names are in lower case."""

    asked: Asked
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def having(self, body: Any) -> Answer:
        """The answer with another body."""
        return replace(self, body=json.dumps(body).encode())

    def without(self, header: str) -> Answer:
        return replace(self, headers={name: value for name, value in self.headers.items() if name != header.lower()})


def _nothing_asked(asked: Asked) -> Asked:
    return asked


def _nothing_answered(answer: Answer) -> Answer:
    return answer


@contextlib.contextmanager
def altered(
    answer: Callable[[Answer], Answer] = _nothing_answered, asked: Callable[[Asked], Asked] = _nothing_asked
) -> Iterator[str]:
    """Run a mock whose requests and answers under `/v1` go through these functions; gives its URL."""

    class Altered(Application):
        async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
            if not scope["path"].startswith("/v1"):
                await super().__call__(scope, receive, send)
                return
            headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
            query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
            request = Asked(scope["method"], scope["path"], query, headers)
            meant = asked(request)
            messages: list[Message] = []

            async def keep(message: Message) -> None:
                messages.append(message)

            await super().__call__(_scope(scope, request, meant), receive, keep)
            start, *parts = messages
            given = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
            body = b"".join(part.get("body", b"") for part in parts)
            told = answer(Answer(request, start["status"], given, body))
            kept = dict(told.headers)
            if "content-length" in kept:
                kept["content-length"] = str(len(told.body))
            pairs = [(name.encode(), value.encode("latin-1")) for name, value in kept.items()]
            await send({"type": "http.response.start", "status": told.status, "headers": pairs})
            await send({"type": "http.response.body", "body": told.body})

    with hosting.running(hosting.Settings(build=Altered)) as url:
        yield url


def _scope(scope: Message, request: Asked, meant: Asked) -> Message:
    if meant == request:
        return scope
    return {
        **scope,
        "query_string": urlencode(meant.query, safe=",").encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in meant.headers.items()],
    }

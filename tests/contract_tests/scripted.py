"""A session whose server is a script and whose clock stands still until it is waited on: no socket, no time."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter

from contract_tests.harness.line import Line
from contract_tests.harness.results import Results
from contract_tests.harness.session import Session
from contract_tests.harness.target import Target
from generated.contract import PROBLEMS, RATE_LIMIT_REQUESTS, Header, ProblemCode
from tests.contract_tests.exchanges import NOW, document

URL = "http://127.0.0.1:4010"
KEY, SECOND, OTHER = "csk_live_scripted", "csk_live_scripted__2", "csk_live_scripted_other"


class StillClock:
    """Shows NOW until somebody waits; remembers for how long."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.moment = NOW

    def now(self) -> float:
        return self.moment

    def at(self, local: float) -> float:
        return self.moment

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.moment += seconds

    def observe(self, headers: Mapping[str, str], sent_at: float, received_at: float) -> None:
        pass


@dataclass(frozen=True)
class Asked:
    """What arrived at the server."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def key(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")


@dataclass
class Server:
    """What arrived, and what is answered."""

    answer: Callable[[Asked], requests.Response | Exception]
    asked: list[Asked] = field(default_factory=list)


def answer(
    status: int = 200,
    body: Any = None,
    *,
    remaining: int | str | None = RATE_LIMIT_REQUESTS - 1,
    reset: float | str | None = NOW + 60,
    retry_after: int | str | None = None,
) -> requests.Response:
    """A response with these rate headers; None leaves one out."""
    told = {
        Header.RATE_LIMIT_LIMIT: RATE_LIMIT_REQUESTS,
        Header.RATE_LIMIT_REMAINING: remaining,
        Header.RATE_LIMIT_RESET: int(reset) if isinstance(reset, float) else reset,
        Header.RETRY_AFTER: retry_after,
        "Content-Type": "application/json" if status < 400 else "application/problem+json",
    }
    response = requests.Response()
    response.status_code = status
    response._content = b"" if body is None else json.dumps(body).encode()
    told["Content-Length"] = len(response._content)
    response.headers.update({name: str(value) for name, value in told.items() if value is not None})
    return response


def refusal(**headers: Any) -> requests.Response:
    """The answer to one request too many."""
    kind = PROBLEMS[ProblemCode.RATE_LIMIT_EXCEEDED]
    body = {"type": kind.code, "title": kind.title, "status": kind.status}
    return answer(kind.status, body, **({"remaining": 0, "retry_after": 7} | headers))


@contextmanager
def scripted(
    script: Sequence[requests.Response | Exception] | Callable[[Asked], requests.Response | Exception],
) -> Iterator[tuple[Session, Server, StillClock]]:
    """A session on a server that answers by a function, or with these answers in turn and the last one for ever."""
    given = list(script) if not callable(script) else []

    def in_turn(_: Asked) -> requests.Response | Exception:
        return given.pop(0) if len(given) > 1 else given[0]

    server, clock = Server(script if callable(script) else in_turn), StillClock()

    def send(_: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        asked = Asked(str(request.method), str(request.url), dict(request.headers), body)
        server.asked.append(asked)
        told = server.answer(asked)
        if isinstance(told, Exception):
            raise told
        told.request = request
        length = {"Content-Length": str(len(told.content))}
        told.raw = urllib3.HTTPResponse(io.BytesIO(told.content), headers=length, preload_content=False)
        return told

    target = Target(URL, clock, KEY, key_second=SECOND, key_other_org=OTHER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HTTPAdapter, "send", send)
        patch.setattr(Line, "pauses", (0.0,) * len(Line.pauses))
        yield Session(target, document(), Results(), timeout_seconds=1, verify=True), server, clock

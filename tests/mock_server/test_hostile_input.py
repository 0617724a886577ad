"""Whatever is sent, the answer is one that the document has, and never a failure: 20,000 requests show it.

Most go through the whole server but its sockets, which they would only slow down; some go over real ones.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

import pytest

from generated.contract import OPERATIONS, Header
from mock_server import asgi, wire
from mock_server.application import Application
from mock_server.clock import Clock
from tests.mock_server import documented, hostile
from tests.mock_server.raw_http import Answer, read_answer, send
from tests.mock_server.without_sockets import answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

BODIES, QUERIES, TARGETS, SPOILT, OVER_SOCKETS, DRAWN_EACH = 7500, 4000, 4500, 2000, 800, 25
COVERING_AT_LEAST = 900
"""How many requests cover every constraint depends on the document."""

KEY_REQUESTS = 40
"""With how many requests a key is used up: few enough for its window and its runs."""
BETWEEN_KEYS_SECONDS = 30
"""How far the clock is moved then."""
START = 1_800_000_000.0
MAX_TARGET_BYTES = 2**16
MANY_REFUSED = 0.05
"""The share of 429s from which on nothing much would have been tested."""


@dataclass
class Exchange:
    """What the application was asked on one connection and what came back."""

    asked: list[tuple[str, bytes]] = field(default_factory=list)
    written: bytes = b""
    refused: bool = False
    """Whether something was no request."""


class Server:
    """A mock behind connections without sockets."""

    def __init__(self) -> None:
        self.application = Application(clock=Clock(lambda: START))
        self.seen: Counter[tuple[str | None, int]] = Counter()
        self._numbers = itertools.count()
        self._exchange = Exchange()

    async def key(self) -> bytes:
        """A good key; every third one's organization has runs, a template and webhooks."""
        requests = next(self._numbers)
        if requests % KEY_REQUESTS == 0:
            await self.application.advance(BETWEEN_KEYS_SECONDS)
        number = requests // KEY_REQUESTS
        return b"csk_live_%b_%d" % (b"full" if number % 3 == 0 else b"hostile", number)

    async def recorded(self, scope: asgi.Message, receive: asgi.Receive, send: asgi.Send) -> None:
        asked = self._exchange.asked
        asked.append((scope["method"], scope["raw_path"]))
        try:
            await self.application(scope, receive, send)
        except asgi.ClientGoneError:  # the rest of its body made it no request
            asked.remove((scope["method"], scope["raw_path"]))
            raise

    def expect(self) -> Exchange:
        """What the next connection is recorded in."""
        self._exchange = Exchange()
        return self._exchange

    async def exchange(self, data: bytes) -> Exchange:
        """Send bytes on a connection of their own, and nothing more."""
        exchange = self.expect()
        exchange.written = await answers(self.recorded, [data], self.application.now)
        return exchange

    def check(self, exchange: Exchange, data: bytes) -> None:
        """Every request has its answer, one that the document has; what is no request is refused, last of all."""
        rest = exchange.written
        for method, raw_path in exchange.asked:
            answer, rest = next_answer(rest, has_body=method != "HEAD")
            self.seen[check_answer(method, raw_path, answer), answer.status] += 1
        if rest:
            refusal, rest = next_answer(rest)
            check_refusal(refusal)
            self.seen[None, refusal.status] += 1
            exchange.refused = True
        assert exchange.written, f"no answer to {data[:300]!r}"
        assert not rest, f"answers without requests: {rest[:300]!r}"


def next_answer(data: bytes, *, has_body: bool = True) -> tuple[Answer, bytes]:
    """The next final answer."""
    answer, rest = read_answer(data, has_body=has_body)
    return next_answer(rest, has_body=has_body) if answer.status == 100 else (answer, rest)


def check_answer(method: str, raw_path: bytes, answer: Answer) -> str | None:
    """Fails unless the document has the answer; gives the operation's id."""
    assert answer.status < 500, f"{method} {raw_path[:300]!r}: {answer}"
    path = quote(raw_path, safe="/%:@!$&'()*+,;=~-._[]|")
    if method == "HEAD":
        assert answer.status in {401, 404, 429}
        assert all(name.lower() in answer.headers for name in documented.RATE_HEADERS)
        return None
    documented.check(documented.Response(method, path, answer.status, answer.headers, answer.body))
    operation = documented.operation_of(method, path)
    return operation.operation_id if operation else None


def check_refusal(answer: Answer) -> None:
    """What the wire says to what is no request."""
    assert (answer.status, answer.json()["type"], answer.json()["status"]) == (400, "BAD_REQUEST", 400), answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert all(answer.headers[name.lower()].isdigit() for name in documented.RATE_HEADERS)
    assert Header.RETRY_AFTER.lower() not in answer.headers


def is_target(target: bytes) -> bool:
    """Whether a request may ask for it; the wire refuses what it may not."""
    path = re.fullmatch(rb"(?:https?://mock)?(/[\x21-\x7e]*)|\*", target)
    return path is not None and len(target) < MAX_TARGET_BYTES


class Message(Protocol):
    """Whatever can be sent with a key."""

    def encode(self, key: bytes) -> bytes:
        """As it is on the wire."""


def send_all(messages: Iterable[Message]) -> Server:
    """Send each message and check what comes back."""

    async def scenario() -> Server:
        server = Server()
        for message in messages:
            data = message.encode(await server.key())
            exchange = await server.exchange(data)
            server.check(exchange, data)
            if isinstance(message, hostile.Hostile) and is_target(message.target):
                assert (len(exchange.asked), exchange.refused) == (1, False), f"a request: {data[:300]!r}"
        return server

    return asyncio.run(scenario())


REQUESTS: dict[str, tuple[Callable[[], Iterator[hostile.Hostile]], int]] = {
    "every constraint from both sides": (hostile.covering, COVERING_AT_LEAST),
    "drawn from the schemas": (lambda: hostile.drawn(DRAWN_EACH), len(OPERATIONS) * DRAWN_EACH),
    "odd bodies": (lambda: hostile.bodies(BODIES), BODIES),
    "odd queries": (lambda: hostile.queries(QUERIES), QUERIES),
    "odd methods, paths and headers": (lambda: hostile.targets(TARGETS), TARGETS),
}


def test_they_are_twenty_thousand() -> None:
    assert sum(at_least for _, at_least in REQUESTS.values()) + SPOILT + OVER_SOCKETS >= 20_000


@pytest.mark.parametrize(("requests", "at_least"), REQUESTS.values(), ids=REQUESTS)
def test_every_request_gets_an_answer_that_the_document_has(
    requests: Callable[[], Iterator[hostile.Hostile]], at_least: int
) -> None:
    by_status = Counter[int]()
    for (_, status), count in send_all(requests()).seen.items():
        by_status[status] += count
    assert by_status.total() >= at_least
    assert by_status[200] + by_status[201] + by_status[204] > 0.05 * at_least, by_status
    assert by_status[429] < MANY_REFUSED * by_status.total(), by_status


def test_bytes_that_are_hardly_requests_get_answers_that_the_document_has() -> None:
    seen = send_all(hostile.spoilt(SPOILT)).seen
    assert seen.total() >= SPOILT
    assert 0.1 * SPOILT < seen[None, 400] < SPOILT, "some are requests still"


def test_real_sockets_change_nothing() -> None:
    listener = wire.bind("127.0.0.1", 0)
    loop, stop, server = asyncio.new_event_loop(), asyncio.Event(), Server()
    thread = threading.Thread(target=loop.run_until_complete, args=[wire.serve(server.recorded, listener, stop)])
    thread.start()
    try:
        port = listener.getsockname()[1]
        each = OVER_SOCKETS // 4
        odd: list[Iterator[Message]] = [make(each) for make in (hostile.bodies, hostile.queries, hostile.targets)]
        for number, message in enumerate(itertools.chain(*odd, hostile.spoilt(each))):
            data = message.encode(b"csk_live_socket_%d" % (number // KEY_REQUESTS))
            exchange = server.expect()
            exchange.written = send(port, data)
            server.check(exchange, data)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()

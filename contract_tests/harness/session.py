"""Sending: one paced way to the server, on which every response is recorded and held to the rules on every response.

The session steers by the rate headers that it receives: it never sends into an empty window on purpose, waits on the
target's clock, and sends again what was refused with 429 by surprise. A server whose headers cannot be true is not
steered by.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from contract_tests.harness.board import Board
from contract_tests.harness.checks import Seen, check_response
from contract_tests.harness.document import Document
from contract_tests.harness.events import Answered, Waiting
from contract_tests.harness.exchange import Exchange, Query, Request, Response
from contract_tests.harness.journal import Journal
from contract_tests.harness.line import Line, LineError
from contract_tests.harness.permission import Guard
from contract_tests.harness.plain_requests import PlainRequests
from contract_tests.harness.results import Pause, Results
from contract_tests.harness.rules import Break, Rule
from contract_tests.harness.target import Target
from generated.contract import OPERATIONS, RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS, Header, ProblemCode

SKEW_SECONDS = 5
"""How far two clocks may be apart."""
_REFUSALS_ENDURED = 3
PATIENCE_SECONDS = 300.0
"""How long a run waits unless told for what is refused by surprise: a server without rate headers refuses so, too."""


class _Nothing:
    """No body."""


NOTHING = _Nothing()


@dataclass
class _Window:
    """What a key's last response said of its window, by the target's clock."""

    limit: int
    remaining: int
    reset: float


class Session:
    """Sends requests to the target."""

    def __init__(
        self,
        target: Target,
        document: Document,
        results: Results,
        *,
        timeout_seconds: float,
        verify: str | bool,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """`patience_seconds`: how long to wait in all for what is refused with 429 by surprise."""
        self.target = target
        self.document = document
        self.results = results
        self.file = ""
        """The test file that requests are counted for."""
        self.test = ""
        """The test that is under way, as pytest names it."""
        self.greeting: Exchange | None = None
        """The answer to the first request, which asked for the main key."""
        self.exchanges: list[Exchange] = []
        """What the current test sent, in order of arrival."""
        self.breaks: list[Break] = []
        """The rules on every response that broke in the current test."""
        self.before_send: Callable[[], None] | None = None
        """Called before each request that is sent in its turn."""
        self.board: Board | None = None
        """Where this session and those of the other workers tell each other what they have spent; None: there are none.
        """
        self.guard: Guard | None = None
        """Who says what may be sent; nobody where everything may."""
        self.journal: Journal | None = None
        """Where it is written down what is to be made, before it is."""
        self.gates: list[Callable[[Sequence[Request]], None]] = []
        """Called with what leaves together, before it does: an exception keeps all of it back."""
        self.judges = True
        """Whether responses are held to the rules; what serves the suite alone is not."""
        self.observers: list[Callable[[Exchange], None]] = []
        """Who else learns of every exchange."""
        self._seen = Seen(document, PlainRequests(document), secrets={*target.keys.values(), *target.listed})
        self._windows: dict[str, _Window] = {}
        self._distrusted: set[str] = set()
        self._patience = patience_seconds
        self._waited_out = 0.0
        self.line = Line(target.base_url, timeout_seconds=timeout_seconds, verify=verify)
        self.line.tell = lambda seconds, why: target.tell(Waiting(seconds, f"on the line ({why})"))
        self._lock = threading.Lock()

    # Building

    def build(
        self,
        operation_id: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Query | None = None,
        body: Any = NOTHING,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        """Make a request of an operation. Without a key it is the main one's. `headers`: further ones."""
        operation = OPERATIONS[operation_id]
        filled = operation.path
        for name, value in (path or {}).items():
            filled = filled.replace(f"{{{name}}}", quote(value, safe=""))
        if "{" in filled:
            raise ValueError(f"{operation_id} needs a value for each parameter of {filled}")
        return Request(
            method=operation.method,
            path=filled,
            operation_id=operation_id,
            query=query or {},
            body=None if body is NOTHING else body,
            has_body=body is not NOTHING,
            authorization=f"Bearer {key or self.target.key}",
            headers=headers or {},
        )

    def call(self, operation_id: str, **parts: Any) -> Exchange:
        """Build and send a request of an operation; the parts are those of `build`."""
        return self.send(self.build(operation_id, **parts))

    # What is permitted

    def may(self, request: Request | str) -> bool:
        """Whether a request, or any of an operation, is permitted."""
        if self.guard is None:
            return True
        return self.guard.why_not(_any_of(request)) is None

    def demand(self, request: Request | str, count: int = 1) -> None:
        """End the test unless a request, or any of an operation, is permitted so many times."""
        if self.guard is not None:
            self.guard.demand(_any_of(request), count)

    # Sending

    def send(self, request: Request, *, planned_refusal: bool = False) -> Exchange:
        """Send a request and return its exchange, once it was not refused by surprise.

        With `planned_refusal` the request is sent at once, into an empty window too. Raises LineError when no answer
        comes.
        """
        self.demand(request)
        key = request.authorization or ""
        if planned_refusal:
            return self._exchange(request)
        if self.before_send is not None:
            self.before_send()
        self._pace(key)
        exchange = self._exchange(request)
        for _ in range(_REFUSALS_ENDURED):
            if exchange.code != ProblemCode.RATE_LIMIT_EXCEEDED:
                break
            self.results.unplanned_429s += 1
            self._wait_out(exchange)
            exchange = self._exchange(request)
        return exchange

    def endure(self, seconds: float) -> None:
        """Wait so much longer for what is refused by surprise."""
        self._patience += seconds

    def judge(self, rule: Rule, seen: Sequence[str], exchange: Exchange | None = None) -> None:
        """Book what was seen against a rule in the current test; nothing seen means that it held."""
        self.results.of(rule).tests.add(self.test)
        self.breaks += [Break(rule, message, exchange, self.results.requests) for message in seen]
        if not seen:
            self.results.held(rule)

    def send_together(self, requests_: Sequence[Request], *, planned_refusal: bool = True) -> list[Exchange]:
        """Send requests at the same time, each on a connection of its own, and return their exchanges in their order.

        Raises LineError when one gets no answer.
        """
        if not planned_refusal and requests_:
            self.ensure(len(requests_), requests_[0].authorization or "")
        self._pass_gates(requests_)
        with ThreadPoolExecutor(max_workers=len(requests_)) as pool:
            return list(pool.map(self._exchange_passed, requests_))

    def ensure(self, count: int, authorization: str | None = None) -> None:
        """Wait for the next window of a key unless the current one has room for so many more requests."""
        key = authorization or f"Bearer {self.target.key}"
        window = self._windows.get(key)
        if window is not None and key not in self._distrusted and window.remaining < count:
            self._wait_for_next(window, key)
            self._windows.pop(key, None)

    def remaining(self, key: str | None = None) -> int | None:
        """How many requests a key has left in its window, as far as is known."""
        window = self._windows.get(f"Bearer {key or self.target.key}")
        return None if window is None or window.reset <= self.target.now() else window.remaining

    def _pace(self, key: str) -> None:
        window = self._windows.get(key)
        if window is None or window.remaining > 0 or key in self._distrusted:
            return
        if window.reset > self.target.now():
            self._wait_for_next(window, key)
            window.remaining = -1  # what the next response says of an empty window tells whether to trust it

    def _wait_for_next(self, window: _Window, key: str) -> None:
        seconds = window.reset - self.target.now()
        if 0 < seconds <= RATE_LIMIT_WINDOW_SECONDS + SKEW_SECONDS:
            pause = Pause(window.limit - max(0, window.remaining), window.limit, seconds)
            self.results.pauses.append(pause)
            used = f"({pause.used} of {pause.allowed} requests used)"
            why = f"for the next window of {self._shown(key)} {used}"
            self.target.wait(seconds + (0 if self.target.moves_its_clock else 0.5), why)

    def _wait_out(self, exchange: Exchange) -> None:
        text = exchange.response.headers.get(Header.RETRY_AFTER.lower(), "")
        seconds = min(max(int(text) if text.isdigit() else RATE_LIMIT_WINDOW_SECONDS, 1), RATE_LIMIT_WINDOW_SECONDS)
        if self._waited_out + seconds > self._patience:
            raise LineError(
                f"{self.results.unplanned_429s} requests were refused with 429 by surprise, and waiting for them has "
                f"taken {self._waited_out:.0f} seconds: no more is waited for"
            )
        self._waited_out += seconds
        shown = self._shown(exchange.request.authorization or "")
        self.target.wait(seconds, f"because a request of {shown} was refused with 429 by surprise")

    def _pass_gates(self, requests_: Sequence[Request]) -> None:
        for gate in self.gates:
            gate(requests_)

    def _exchange(self, request: Request) -> Exchange:
        self._pass_gates([request])
        return self._exchange_passed(request)

    def _exchange_passed(self, request: Request) -> Exchange:
        answered = self.results.requests
        response, sent_at, received_at = self._transmit(request)
        with self._lock:
            self.results.requests += 1
            self.results.requests_by_file[self.file] += 1
            number, lost = self.results.requests, self.line.lost
            exchange = Exchange(number, request, response, sent_at, received_at, lost, answered)
            self.exchanges.append(exchange)
            self.results.see(exchange)
            self._learn(exchange)
            self._tell_of(exchange)
            for observer in self.observers:
                observer(exchange)
            for rule, breaks in check_response(exchange, self._seen) if self.judges else ():
                self.breaks += breaks
                if not breaks:
                    self.results.held(rule)
        return exchange

    def _learn(self, exchange: Exchange) -> None:
        headers, key = exchange.response.headers, exchange.request.authorization or ""
        try:
            limit = int(headers.get(Header.RATE_LIMIT_LIMIT.lower(), RATE_LIMIT_REQUESTS))
            remaining = int(headers[Header.RATE_LIMIT_REMAINING.lower()])
            reset = float(headers[Header.RATE_LIMIT_RESET.lower()])
        except (KeyError, ValueError):
            return
        before = self._windows.get(key)
        ahead = reset - self.target.now()
        if before is not None and before.remaining == -1 and remaining <= 0 and exchange.status != 429:
            self._distrusted.add(key)  # a new window that is empty again
        if ahead > RATE_LIMIT_WINDOW_SECONDS + SKEW_SECONDS:
            self._distrusted.add(key)
        self._windows[key] = _Window(limit, remaining, reset)

    def _tell_of(self, exchange: Exchange) -> None:
        key = exchange.request.authorization or ""
        shown, window = self._shown(key), self._windows.get(key)
        told = Answered(self.results.requests, shown)
        if window is not None:
            ahead = window.reset - self.target.now()
            told = Answered(self.results.requests, shown, window.limit, max(0, window.remaining), ahead)
        self.target.tell(told)

    def _shown(self, authorization: str) -> str:
        key = authorization.removeprefix("Bearer ")
        return self.target.shown_key(key) if key else ""

    def _transmit(self, request: Request) -> tuple[Response, float, float]:
        headers = {"Accept": "application/json, application/problem+json", "Accept-Encoding": "gzip, deflate"}
        headers |= {"User-Agent": "cospec-contract-tests", **request.headers}
        if request.authorization is not None:
            headers["Authorization"] = request.authorization
        if request.has_body:
            headers["Content-Type"] = request.content_type
        answer = self.line.carry(request, headers)
        self.target.clock.observe(answer.headers, answer.sent_at, answer.received_at)
        response = Response(answer.status, answer.headers, answer.body, answer.received_at - answer.sent_at)
        return response, self.target.clock.at(answer.sent_at), self.target.clock.at(answer.received_at)


def _any_of(request: Request | str) -> Request:
    """A request, or one that stands for all of an operation."""
    if isinstance(request, Request):
        return request
    operation = OPERATIONS[request]
    return Request(operation.method, operation.path, request)

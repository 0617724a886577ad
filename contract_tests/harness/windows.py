"""What a run has seen of the rate windows: every response's headers, and what happens in an empty window.

Nothing is sent to count down a window: the log of all responses shows that. The one thing that must be provoked, an
empty window, is looked into once, when the other tests have all but emptied one anyway.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from contract_tests.harness.exchange import Exchange, Request
from contract_tests.harness.session import NOTHING
from contract_tests.harness.world import PROMPT, World
from generated.contract import OPERATIONS, RATE_LIMIT_WINDOW_SECONDS, Header, ProblemCode

ALMOST_EMPTY = 3
"""With so few requests left the window is emptied on purpose."""
BEYOND = 3
"""How many more requests than remain are sent at once."""
_A_MOMENT_SECONDS = 3
PATIENCE = 3
"""How many seconds later than told a window may open."""
SLACK_SECONDS = 3
"""How much longer a window must last than it takes to empty it."""
RATE_LIMIT_FILE = "test_rate_limit.py"


@dataclass(frozen=True)
class Reading:
    """The rate headers of one response, with the times of request and response by the target's clock."""

    exchange: Exchange
    limit: int
    remaining: int
    reset: int

    @property
    def key(self) -> str:
        return self.exchange.request.authorization or ""

    @property
    def refused(self) -> bool:
        return self.exchange.code == ProblemCode.RATE_LIMIT_EXCEEDED


def reading(exchange: Exchange) -> Reading | None:
    """Read the rate headers of a response, None when they are no whole numbers."""
    names = (Header.RATE_LIMIT_LIMIT, Header.RATE_LIMIT_REMAINING, Header.RATE_LIMIT_RESET)
    try:
        return Reading(exchange, *(int(exchange.response.headers[name.lower()]) for name in names))
    except (KeyError, ValueError):
        return None


@dataclass(frozen=True)
class EmptyWindow:
    """What was seen when a window was emptied: `left` requests remained, `together` were sent at once."""

    left: int
    together: list[Exchange]
    plain: dict[str, Exchange]
    """One request each of operations that would have succeeded, sent into the empty window one after another."""
    faulty: dict[str, Exchange]
    """The same of requests that would have been refused for what they ask; by what they were."""
    keyless: Exchange
    names: dict[str, str]
    """What the refused creates would have made."""
    reopened: list[Exchange]
    """What was sent after the time that Retry-After told, until one was not refused."""
    disturbed: bool
    """Whether the window ended while it was looked into, or a request that counts got no answer, which voids it."""

    @property
    def refused(self) -> list[Exchange]:
        """What was refused for the window."""
        sent = (*self.plain.values(), *self.faulty.values())
        return [exchange for exchange in sent if exchange.code == ProblemCode.RATE_LIMIT_EXCEEDED]


@dataclass
class WindowLog:
    """Every reading of the run, and the empty window once it was looked into."""

    world: World
    wanted: bool = True
    """Whether anybody wants to know what happens in an empty window."""
    readings: list[Reading] = field(default_factory=list)
    empty: EmptyWindow | None = None
    emptied_in_vain: bool = False
    """Whether it was tried to empty one, and it did not come to its end."""
    _busy: bool = False

    def __post_init__(self) -> None:
        self.session = self.world.session
        self.session.observers.append(self.note)
        self.session.before_send = self.before_send

    def note(self, exchange: Exchange) -> None:
        found = reading(exchange)
        if found is not None:
            self.readings.append(found)

    def of(self, key: str) -> list[Reading]:
        return [found for found in self.readings if found.key == f"Bearer {key}"]

    def pairs(self, key: str) -> list[tuple[Reading, Reading]]:
        """Readings of a key that follow one another, with no other request of ours under way or lost in between."""
        readings, found = self.of(key), []
        answered = float("inf")
        for one, other in reversed(list(pairwise(readings))):
            apart = one.exchange.number <= other.exchange.answered and other.exchange.number <= answered
            if apart and one.exchange.lost == other.exchange.lost:
                found.append((one, other))
            answered = min(answered, other.exchange.answered)
        return found[::-1]

    def saw_apart(self, key: str, other: str | None) -> bool:
        """Whether a request of another key (None: of no valid one) was seen to take nothing from a key's window."""
        others = [found.exchange for found in self.readings if self._is_of(found, other)]
        for one, two in self.pairs(key):
            between = any(one.exchange.number < exchange.number < two.exchange.number for exchange in others)
            if between and one.reset == two.reset and one.remaining - two.remaining == 1:
                return True
        return False

    @staticmethod
    def _is_of(found: Reading, key: str | None) -> bool:
        return found.exchange.status == 401 if key is None else found.key == f"Bearer {key}"

    def await_room(self) -> None:
        """Wait for the next window unless there is time to empty this one: what was sent in vain is sent once more."""
        self.session.call("getCurrentApiKey")
        found = self.of(self.session.target.key)[-1:]
        for seen in found:
            seconds = seen.reset - seen.exchange.received_at
            if 0 < seconds < SLACK_SECONDS + seen.limit * seen.exchange.response.seconds:
                self.session.target.wait(seconds)

    def before_send(self) -> None:
        """Look into the window when it is all but empty and nobody has yet."""
        if self._busy or self.empty is not None or not self.wanted:
            return
        left = self.session.remaining()
        if left is not None and 0 < left <= ALMOST_EMPTY:
            self.look_into(left)

    def look_into(self, left: int) -> None:
        """Empty the main key's window, in which so many requests are left, and see what comes then."""
        session, self._busy = self.session, True
        file, session.file = session.file, RATE_LIMIT_FILE
        try:
            found = self._empty(left)
            if not found.disturbed:
                self.empty = found
        finally:
            self._busy = False
            session.file = file

    def _empty(self, left: int) -> EmptyWindow:
        session, world = self.session, self.world
        before = self.of(session.target.key)[-1]
        ask = session.build("getCurrentApiKey")
        together = session.send_together([ask] * (left + BEYOND))
        # A refusal that moved the reset would not show within the second in which the window began.
        moments = 2 if session.target.moves_its_clock else 5  # which what follows takes at the most
        if before.reset - session.target.now() > moments * _A_MOMENT_SECONDS:
            session.target.wait(_A_MOMENT_SECONDS)
        names = {"createTemplate": world.fresh_name(), "createRun": world.fresh_name()}
        plain = self._send_all(self._plain(names))
        faulty = self._send_all(self._faulty(plain))
        keyless = session.send(replace(ask, authorization=None), planned_refusal=True)
        closed_early = session.target.now() >= before.reset - 1
        reopened = self._reopen(ask, [*plain.values(), *faulty.values()])
        lost_at_once = max(exchange.lost for exchange in together) != before.exchange.lost
        disturbed = closed_early or lost_at_once or reopened[-1].lost != keyless.lost
        return EmptyWindow(left, together, plain, faulty, keyless, names, reopened, disturbed)

    def _send_all(self, requests: Mapping[str, Request]) -> dict[str, Exchange]:
        """Send what is permitted of these requests."""
        permitted = {words: request for words, request in requests.items() if self.session.may(request)}
        return {words: self.session.send(request, planned_refusal=True) for words, request in permitted.items()}

    def _plain(self, names: Mapping[str, str]) -> dict[str, Request]:
        """A request of every operation that needs nothing that is there; creates make what `names` says."""
        session, world = self.session, self.world
        found = {
            operation_id: session.build(operation_id)
            for operation_id, operation in OPERATIONS.items()
            if "{" not in operation.path and session.document.request_body(operation_id) is None
        }
        name = names["createTemplate"]
        body: dict[str, Any] = {"slug": name, "name": name, "baseImage": "node-22"}
        found["createTemplate"] = session.build("createTemplate", body=body)
        found["createWebhook"] = session.build(
            "createWebhook", body={"url": world.fresh_url(), "events": ["run.completed"]}
        )
        if world.is_settled and session.may("createRun"):
            body = world.run_body(prompt=f"{PROMPT} {names['createRun']}")
            found["createRun"] = session.build("createRun", body=body)
        return found

    def _faulty(self, plain: Collection[str]) -> dict[str, Request]:
        """Of all other operations requests for what is not there, a create that breaks its schema, and what is no
        operation.
        """
        session, found = self.session, {}
        for operation_id, operation in OPERATIONS.items():
            if operation_id not in plain and "{" in operation.path:
                names = [part.strip("{}") for part in operation.path.split("/") if part.startswith("{")]
                body: Any = {} if session.document.request_body(operation_id) is not None else NOTHING
                path = dict.fromkeys(names, self.world.fresh_name())
                found[f"{operation_id} of what is not there"] = session.build(operation_id, path=path, body=body)
        found["createTemplate with a body that breaks its schema"] = session.build("createTemplate", body={})
        authorization = f"Bearer {session.target.key}"
        found["a path that the API lacks"] = Request("GET", "/v1/no-such-path", authorization=authorization)
        return found

    def _reopen(self, ask: Request, refused: list[Exchange]) -> list[Exchange]:
        last = [exchange for exchange in refused if exchange.code == ProblemCode.RATE_LIMIT_EXCEEDED][-1:]
        text = last[0].response.headers.get(Header.RETRY_AFTER.lower(), "") if last else ""
        seconds = min(int(text) if text.isdigit() else 0, RATE_LIMIT_WINDOW_SECONDS)
        self.session.target.wait(seconds, "for the window that was emptied on purpose to open again")
        sent = [self.session.send(ask, planned_refusal=True)]
        while sent[-1].code == ProblemCode.RATE_LIMIT_EXCEEDED and len(sent) <= PATIENCE:
            self.session.target.wait(1, "for the window that was emptied on purpose to open again")
            sent.append(self.session.send(ask, planned_refusal=True))
        return sent

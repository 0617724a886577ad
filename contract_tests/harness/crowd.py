"""What happens when an organization's places for active runs are all taken: filled at once, freed, and filled again.

How many runs are active is counted in the list of runs, those of others included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lifecycle import ACTIVE
from contract_tests.harness.reading import items, members
from contract_tests.harness.rules import hindered, not_checked
from contract_tests.harness.session import Session
from contract_tests.harness.world import PROMPT, World
from generated.contract import CONCURRENT_RUNS, RATE_LIMIT_WINDOW_SECONDS, ProblemCode

AT_ONCE = CONCURRENT_RUNS + 2
"""How many runs are asked for at once."""
TRIES = 3
"""How often a create is tried that others may have spoiled."""
_APART_SECONDS = 2
_ROOM_FOR_REQUESTS = 60
_LONGEST_PAGE = 100
_REAL_STEPS_SECONDS = (3, 5, 10, 15, 15, 20, 20)
_MOVED_STEPS_SECONDS = (RATE_LIMIT_WINDOW_SECONDS + 5, 600)
"""On a clock that is moved a new window begins meanwhile: one that was waited in is over soon after it was emptied."""
_STOP_STEPS_SECONDS = (3, 5, 10, 20, 20)


@dataclass(frozen=True)
class Snapshot:
    """The active runs of the organization at a time, as one answer of listRuns has them."""

    exchange: Exchange
    active: frozenset[str]
    active_count: Any
    """What `meta` says."""


@dataclass(frozen=True)
class Attempt:
    """A create, with the number of active runs before it, and after it where its answer is not as expected."""

    exchange: Exchange
    before: int
    after: int | None = None

    @property
    def is_refused(self) -> bool:
        """Whether it was refused because too many runs are active."""
        return self.exchange.code == ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED

    @property
    def refused_in_vain(self) -> bool:
        """Whether it was refused although places were free before it and after it."""
        return self.is_refused and max(self.before, self.after or 0) < CONCURRENT_RUNS

    @property
    def exceeded(self) -> bool:
        """Whether it was accepted and left more runs active than the limit allows."""
        return self.exchange.succeeded and self.after is not None and self.after > CONCURRENT_RUNS


@dataclass(frozen=True)
class Burst:
    """As many creates at once as are two too many, and the active runs right after."""

    answers: list[Exchange]
    after: Snapshot


@dataclass(frozen=True)
class Refill:
    """What came when one place was free again, and when none was."""

    freed: list[Attempt]
    """Creates with a place free after a run was cancelled; all but the last were refused."""
    filling: list[list[Attempt]]
    """The same for what other places were free."""
    full: list[Attempt]
    """Creates with no place free; all but the last were accepted, other runs having ended meanwhile."""
    second_key: Attempt | None
    other_organization: Attempt | None
    """A create in another organization meanwhile, with the active runs there."""
    invalid: Exchange
    """A create that breaks its schema, with no place free."""
    hasty: Attempt | None
    """A create as soon as one of the ten was asked to stop."""
    snapshots: list[Snapshot]


class Crowd:
    """Asks for more runs than may be active, and keeps what was answered."""

    def __init__(self, session: Session, world: World) -> None:
        self._session, self._world = session, world
        self.word = f"crowd{world.tag}"
        self._ours: dict[str, Exchange] = {}
        self._count = 0

    # What is asked

    def _body(self) -> dict[str, Any]:
        self._count += 1
        return self._world.run_body(prompt=f"{PROMPT} It is number {self._count} of {self.word}, no more.")

    def _note(self, answer: Exchange) -> None:
        run_id = members(answer.json).get("id")
        if answer.succeeded and isinstance(run_id, str):
            self._ours[run_id] = answer

    def _snapshot(self, key: str | None = None) -> Snapshot:
        query = {"status": ",".join(ACTIVE), "limit": _LONGEST_PAGE}
        exchange = self._session.call("listRuns", query=query, key=key)
        if not exchange.succeeded:
            hindered(f"because the active runs cannot be listed: {exchange.summary()[:200]}")
        active = frozenset(str(item.get("id")) for item in items(exchange) if item.get("status") in ACTIVE)
        for run_id in self._ours.keys() - active:
            self._world.ledger.runs.discard(run_id)
        count = members(members(exchange.json).get("meta")).get("activeCount")
        return Snapshot(exchange, active, count)

    def _attempt(self, before: int, *, expected: bool, key: str | None = None) -> Attempt:
        """Ask for a run; look at what is active when the answer is not as expected."""
        request = self._session.build("createRun", body=self._body(), key=key)
        answer = self._session.send(request, planned_refusal=True)
        self._note(answer)
        after = None if answer.succeeded is expected else len(self._snapshot().active)
        return Attempt(answer, before, after)

    # What happens

    @gathered
    def burst(self) -> Burst:
        """Ask for two runs too many at once."""
        self._session.demand("createRun", AT_ONCE)
        self._world.make_room(wanted=1)
        self._world.run_body()
        self._session.ensure(_ROOM_FOR_REQUESTS)
        bodies = [self._body() for _ in range(AT_ONCE)]
        # Who asks for the same twice wants two runs.
        requests = [self._session.build("createRun", body=body) for body in [bodies[0], *bodies[:-1]]]
        answers = self._session.send_together(requests)
        for answer in answers:
            self._note(answer)
        limit = ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED
        if not any(answer.succeeded or answer.code == limit for answer in answers):
            hindered(f"because no run could be started: {answers[0].summary()[:200]}")
        return Burst(answers, self._snapshot())

    @gathered
    def refill(self) -> Refill:
        """Free a place, take it again, and ask for one more."""
        snapshots = [self.burst().after]
        snapshots.append(self._with_a_place_free(snapshots[0]))
        freed = self._until_accepted(len(snapshots[-1].active))
        active, filling = freed[-1].before + 1, [freed]
        while filling[-1][-1].exchange.succeeded and active < CONCURRENT_RUNS:
            filling.append(self._until_accepted(active))
            active = filling[-1][-1].before + 1
        full = [self._attempt(CONCURRENT_RUNS, expected=False)]
        while full[-1].exchange.succeeded and not full[-1].exceeded and len(full) < TRIES:
            full.append(self._attempt(CONCURRENT_RUNS, expected=False))
        key = self._session.target.key_second
        second_key = self._attempt(CONCURRENT_RUNS, expected=False, key=key) if key else None
        invalid = self._session.call("createRun", body={**self._body(), "prompt": ""})
        elsewhere = self._elsewhere()
        return Refill(freed, filling[1:], full, second_key, elsewhere, invalid, self._hasty(), snapshots)

    def _elsewhere(self) -> Attempt | None:
        """Ask for a run in the other organization, on a template that every organization has, and stop it."""
        session, key = self._session, self._session.target.key_other_org
        try:
            template = self._world.system_slug() if key is not None else None
        except pytest.skip.Exception:
            template = None
        if template is None:
            return None
        answer = session.call("createRun", body={**self._body(), "template": template}, key=key)
        if not answer.succeeded:
            return Attempt(answer, 0, len(self._snapshot(key).active))
        run_id = members(answer.json).get("id")
        if isinstance(run_id, str) and session.call("cancelRun", path={"id": run_id}, key=key).succeeded:
            self._world.ledger.runs.discard(run_id)
        return Attempt(answer, 0)

    def _hasty(self) -> Attempt | None:
        """Ask one of our runs to stop, and for another before it can have stopped."""
        for run_id in sorted(self._ours.keys() & self._world.ledger.runs)[:1]:
            self._session.call("cancelRun", path={"id": run_id})
            return self._attempt(CONCURRENT_RUNS, expected=False)
        return None

    def _with_a_place_free(self, now: Snapshot) -> Snapshot:
        """Cancel as many of our runs as it takes. Ends in `not_checked` when they do not stop."""
        too_many = len(now.active) - CONCURRENT_RUNS + 1
        for run_id in sorted(now.active & self._ours.keys())[: max(0, too_many)]:
            self._session.call("cancelRun", path={"id": run_id})
        for seconds in _STOP_STEPS_SECONDS if too_many > 0 else ():
            self._session.target.wait(seconds, "for cancelled runs to stop", sum(_STOP_STEPS_SECONDS))
            now = self._snapshot()
            if len(now.active) < CONCURRENT_RUNS:
                return now
        return now if too_many <= 0 else not_checked("because no run could be cancelled in time")

    @gathered
    def after_an_end(self) -> list[Attempt]:
        """Wait until a run has come to its end by itself, and ask for another."""
        if not any(attempt.is_refused for attempt in self.refill().full):
            not_checked("because the places could not be filled")
        moved = self._session.target.moves_its_clock
        waited_for = set(self._snapshot().active) if not moved else set()
        steps = _MOVED_STEPS_SECONDS if moved else _REAL_STEPS_SECONDS
        for seconds in steps:
            self._session.target.wait(seconds, "for one of ten runs to end", sum(steps))
            now = self._snapshot()
            ended = len(now.active) < CONCURRENT_RUNS and not (waited_for and waited_for <= now.active)
            if ended:
                break
        else:
            not_checked("because no run came to its end in time")
        return self._until_accepted(len(now.active))

    def _until_accepted(self, active: int) -> list[Attempt]:
        """Ask for a run until it is accepted, a few times at the most."""
        attempts = [self._attempt(active, expected=True)]
        while not attempts[-1].exchange.succeeded and len(attempts) < TRIES:
            self._session.target.wait(_APART_SECONDS)
            attempts.append(self._attempt(attempts[-1].after or 0, expected=True))
        return attempts

    @gathered
    def made(self) -> tuple[Exchange, list[Mapping[str, Any]]]:
        """Cancel what is still active, and list what all those creates made: the answer, and what was refused."""
        for run_id in sorted(self._ours.keys() & self._world.ledger.runs):
            self._session.call("cancelRun", path={"id": run_id})
        self._session.target.wait(_STOP_STEPS_SECONDS[0], "for cancelled runs to stop")
        exchange = self._session.call("listRuns", query={"search": self.word, "limit": _LONGEST_PAGE})
        found = [item for item in items(exchange) if self.word in str(item.get("prompt"))]
        for item in found:
            if item.get("status") not in ACTIVE:
                self._world.ledger.runs.discard(str(item.get("id")))
        if not self._ours.keys() & {item.get("id") for item in found}:
            not_checked("because the list does not show the runs that were created")
        return exchange, [item for item in found if item.get("id") not in self._ours]

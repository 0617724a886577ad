"""Runs of the suite's own, followed through their lives: what was asked, and every answer that showed them since.

What the answers should have been is for the rules to say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lifecycle import ENDED
from contract_tests.harness.reading import members
from contract_tests.harness.rules import hindered
from contract_tests.harness.session import Session
from contract_tests.harness.world import World

_REAL_STEPS_SECONDS = (3, 8, 8, 10, 10, 15, 15, 15)
_MOVED_STEPS_SECONDS = (3, 20, 60, 600)
"""How long to wait before each look at a run that is to end: on a real clock no rule is worth more than 90 seconds."""
_STARTING_STEPS_SECONDS = (3, 3, 3, 3, 3)
"""The same of one that is to start."""


def status_of(exchange: Exchange) -> str:
    """The state of the run that an answer shows."""
    return str(members(exchange.json).get("status"))


def outputs_of(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a run has made, as it is shown."""
    outputs = run.get("outputs")
    return [members(output) for output in outputs] if isinstance(outputs, list) else []


@dataclass(eq=False)
class Life:
    """One run, from the body that asked for it to the last answer that showed it."""

    name: str
    """What a message calls it."""
    id: str
    asked: Mapping[str, Any]
    template: Mapping[str, Any]
    """What was asked of its template, with the id that it got."""
    created: Exchange
    readings: list[Exchange] = field(default_factory=list)
    """The successful answers of getRun."""
    unread: list[Exchange] = field(default_factory=list)
    """The others."""
    cancels: list[Exchange] = field(default_factory=list)

    @property
    def answers(self) -> list[Exchange]:
        """Every successful answer that showed the run, in order."""
        answers = [self.created, *self.readings, *(cancel for cancel in self.cancels if cancel.succeeded)]
        return sorted(answers, key=lambda exchange: exchange.number)

    @property
    def shown(self) -> list[tuple[Exchange, Mapping[str, Any]]]:
        """Each successful reading with the run that it showed."""
        return [(reading, members(reading.json)) for reading in self.readings]

    @property
    def run(self) -> Mapping[str, Any]:
        """The run as it was read last; empty when it never was."""
        return members(self.readings[-1].json) if self.readings else {}

    @property
    def sandbox(self) -> Mapping[str, Any]:
        """What its sandbox used, as far as that was shown last."""
        return members(members(self.run.get("usage")).get("sandbox"))

    @property
    def ended(self) -> list[Exchange]:
        """The readings from the first one on that showed it ended."""
        first = next((index for index, reading in enumerate(self.readings) if status_of(reading) in ENDED), None)
        return [] if first is None else self.readings[first:]

    @property
    def ended_by_itself(self) -> bool:
        """Whether it ended before anybody of us asked it to stop."""
        return bool(self.ended) and all(cancel.number > self.ended[0].number for cancel in self.cancels)

    @property
    def cancels_before_the_end(self) -> list[Exchange]:
        return [cancel for cancel in self.cancels if not self.ended or cancel.number < self.ended[0].number]

    @property
    def cancels_after_the_end(self) -> list[Exchange]:
        return [cancel for cancel in self.cancels if self.ended and cancel.number > self.ended[0].number]

    @property
    def was_stopped(self) -> Exchange | None:
        """The first answer that accepted to stop it before its end."""
        return next((cancel for cancel in self.cancels_before_the_end if cancel.succeeded), None)

    def seen_after(self, exchange: Exchange) -> Exchange | None:
        """The first reading after an exchange."""
        return next((reading for reading in self.readings if reading.number > exchange.number), None)


class Lives:
    """Starts, reads and cancels runs, and keeps what was answered."""

    def __init__(self, session: Session, world: World) -> None:
        self._session, self._world = session, world

    def start(self, name: str, template: Mapping[str, Any], body: Mapping[str, Any]) -> Life:
        """Start a run of a template. Ends in `hindered` when the server does not."""
        asked = {"repo": self._world.repositories()[0], "template": template["slug"], **body}
        created = self._world.create_run(asked)
        run_id = members(created.json).get("id")
        if not created.succeeded or not isinstance(run_id, str):
            hindered(f"because no run could be started: {created.summary()[:200]}")
        return Life(name, run_id, asked, template, created)

    def read(self, life: Life) -> None:
        answer = self._session.call("getRun", path={"id": life.id})
        (life.readings if answer.succeeded else life.unread).append(answer)

    def cancel(self, life: Life) -> None:
        life.cancels.append(self._session.call("cancelRun", path={"id": life.id}))

    def read_until_it_runs(self, life: Life) -> None:
        """Wait and read until the run is running or has ended, or patience runs out."""
        self._read_until(life, ("running", *ENDED), _STARTING_STEPS_SECONDS, f"for {life.name} to be running")

    def read_to_the_end(self, life: Life) -> None:
        """Wait and read until the run has ended, or patience runs out."""
        steps = _MOVED_STEPS_SECONDS if self._session.target.moves_its_clock else _REAL_STEPS_SECONDS
        self._read_until(life, ENDED, steps, f"for {life.name} to end")

    def _read_until(self, life: Life, statuses: Collection[str], steps: Sequence[float], why: str) -> None:
        for seconds in steps:
            if status_of(life.answers[-1]) in statuses:
                break
            self._session.target.wait(seconds, why, sum(steps))
            self.read(life)
        if not life.readings or life.answers[-1].number != life.readings[-1].number:
            self.read(life)

"""What is delivered when the suite's runs end (`own_runs.py`): all that arrived at its webhooks and callbacks.

What the rules make of it is in `test_deliveries.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from contract_tests.harness.audience import Audience, Subscriber, Subscribers
from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lifecycle import ENDED
from contract_tests.harness.lives import status_of
from contract_tests.harness.own_runs import FAILED_CALLBACK, RECEIVED_CALLBACK, REFUSED_CALLBACK, OwnRuns
from contract_tests.harness.reading import items, members
from contract_tests.harness.receiver import Delivery
from contract_tests.harness.session import Session
from contract_tests.harness.sink import Sink
from contract_tests.harness.world import World

_PATIENCE_SECONDS = 90
_SHORT_PATIENCE_SECONDS = 5
_QUIET_SECONDS = {True: 1200, False: 30}
"""How long to wait for what should not come, on a clock that is moved and on a real one."""
_STEP_SECONDS = 3
_MOST_STEPS = 10
"""In so many steps a wait is made at the most."""
_UNDER_WAY_SECONDS = 3
"""So long after a webhook was deleted a delivery may still have been under way."""


@dataclass
class Story:
    """What happened."""

    subscribers: Subscribers
    runs: Mapping[str, Exchange]
    """The answer that first showed each run ended, by the run's id."""
    callbacks: Mapping[str, str]
    """The id of the run of each callback, by the callback's name."""
    later: dict[str, Exchange] = field(default_factory=dict)
    """The runs with a callback as they were read last, by the name of the callback."""
    deleted_at: float = 0
    stubborn_deleted_at: float = 0
    strange_run: str | None = None
    """The id of a run of another organization that was stopped meanwhile."""
    health: Exchange | None = None
    received_by_then: tuple[int, int] = (0, 0)
    """How many deliveries the faithful webhook had received at least and at most when the health was told."""

    def runs_that(self, event: str) -> dict[str, Exchange]:
        """The runs that ended with an event."""
        return {run_id: one for run_id, one in self.runs.items() if f"run.{status_of(one)}" == event}


def run_of(delivery: Delivery) -> Mapping[str, Any]:
    return members(members(delivery.json).get("run"))


class Deliveries:
    """Gathers what arrives when the suite's runs end."""

    def __init__(
        self, session: Session, world: World, sink: Sink, audience: Audience, own_runs: OwnRuns, *, is_brief: bool
    ) -> None:
        """`is_brief`: nothing is started or waited for that takes more than a few seconds or requests."""
        self._session, self._world, self.sink = session, world, sink
        self._audience, self._own_runs, self._is_brief = audience, own_runs, is_brief

    @property
    def is_hurried(self) -> bool:
        """Whether what has not arrived may still be on its way."""
        return self._is_brief and not self._session.target.moves_its_clock

    @property
    def _patience_seconds(self) -> int:
        return _SHORT_PATIENCE_SECONDS if self.is_hurried else _PATIENCE_SECONDS

    def at(self, subscriber: Subscriber) -> list[Delivery]:
        """What arrived at a webhook, of our runs and of others'."""
        return self.sink.at(subscriber.url)

    def about(self, subscriber: Subscriber, run_id: str) -> list[Delivery]:
        """What arrived at a webhook about a run."""
        return [delivery for delivery in self.at(subscriber) if run_of(delivery).get("id") == run_id]

    def at_callback(self, which: str) -> list[Delivery]:
        return self.sink.at(self._audience.callback(which))

    # The story

    @gathered
    def story(self) -> Story:
        """Let the runs end, and wait for what arrives. Ends in `not_checked` when there is nowhere to deliver to."""
        self.sink.demand()
        runs = self._own_runs.story()
        ended = {life.id: life.ended[0] for life in runs.lives if life.ended}
        callbacks = {RECEIVED_CALLBACK: runs.whole.id, REFUSED_CALLBACK: runs.brief.id}
        story = Story(self._audience.subscribers(), ended, callbacks, deleted_at=self._audience.lost_at)
        if not self._is_brief:
            self._add_a_failed_run(ended, callbacks)
            story.strange_run = self._stranger()
        self._await(lambda: self._have_told(story), "for deliveries")
        self._wait(_STEP_SECONDS)
        received = "for a delivery that was refused to be tried again"
        self._await(lambda: any(one.was_received for one in self.at(story.subscribers.hesitant)), received)
        self._look_at_health(story)
        story.stubborn_deleted_at = self._delete(story.subscribers.stubborn)
        if not self.is_hurried:
            quiet_seconds = _QUIET_SECONDS[self._session.target.moves_its_clock]
            self._wait(quiet_seconds, "to see that nothing more is delivered")
        self._look_again(story)
        return story

    def _add_a_failed_run(self, ended: dict[str, Exchange], callbacks: dict[str, str]) -> None:
        failed = self._own_runs.made_to_fail()
        shown = members(failed.json) if failed is not None else {}
        if failed is not None and shown.get("callbackUrl") == self._audience.callback(FAILED_CALLBACK):
            callbacks[FAILED_CALLBACK] = str(shown["id"])
            if status_of(failed) in ENDED:
                ended[str(shown["id"])] = failed

    def _stranger(self) -> str | None:
        """Start and stop a run of another organization, on a template that every organization has. Returns its id."""
        session, world, key = self._session, self._world, self._session.target.key_other_org
        try:
            template = world.system_slug() if key is not None else None
        except pytest.skip.Exception:
            template = None
        if template is None:
            return None
        created = session.call("createRun", body=world.run_body(template=template), key=key)
        run_id = members(created.json).get("id")
        if not created.succeeded or not isinstance(run_id, str):
            return None
        stopped = session.call("cancelRun", path={"id": run_id}, key=key)
        return run_id if stopped.succeeded else None

    def _delete(self, subscriber: Subscriber) -> float:
        """Delete a webhook. Returns when it was gone, by the clock of this machine; never when it is not."""
        answer = self._session.call("deleteWebhook", path={"id": subscriber.id})
        return time.time() if answer.succeeded else float("inf")

    def _have_told(self, story: Story) -> bool:
        """Whether every webhook has been told of every run that it subscribes to, if only once."""
        live = (story.subscribers.faithful, story.subscribers.stubborn, story.subscribers.hesitant)
        return all(
            self.about(subscriber, run_id)
            for subscriber in live
            for event in subscriber.events
            for run_id in story.runs_that(event)
        ) and all(self.at_callback(which) for which, run_id in story.callbacks.items() if run_id in story.runs)

    def _look_at_health(self, story: Story) -> None:
        """Read the list of webhooks until it knows of what the faithful one received, or patience runs out."""
        faithful = story.subscribers.faithful

        def knows() -> bool:
            before = len({one.id or number for number, one in enumerate(self.at(faithful))})
            story.health = self._session.call("listWebhooks") if story.health else self._audience.listed()
            story.received_by_then = before, len(self.at(faithful))
            return not before or bool(health_of(story.health, faithful).get("successCount"))

        self._await(knows, "for the list of webhooks to tell of its deliveries", step_seconds=15)

    def _look_again(self, story: Story) -> None:
        """Read the runs with a callback again."""
        with suppress(pytest.skip.Exception):  # the run that was to end by itself may not have
            self._own_runs.later()
        whole, brief, *_ = self._own_runs.story().lives
        for which, life in ((RECEIVED_CALLBACK, whole), (REFUSED_CALLBACK, brief)):
            if life.readings:
                story.later[which] = life.readings[-1]

    # Waiting

    def _wait(self, seconds: float, why: str = "for deliveries", longest_seconds: float | None = None) -> None:
        """Wait in steps, so that it is known how far apart two deliveries arrived."""
        target, longest_step = self._session.target, max(_STEP_SECONDS, seconds / _MOST_STEPS)
        until = target.now() + seconds
        while (left := until - target.now()) > 0:
            target.wait(min(left, longest_step), why, longest_seconds or seconds)

    def _await(self, condition: Callable[[], bool], why: str, step_seconds: float = _STEP_SECONDS) -> None:
        """Wait until a condition holds or patience runs out."""
        deadline = self._session.target.now() + self._patience_seconds
        while not condition() and self._session.target.now() < deadline:
            self._wait(step_seconds, why, self._patience_seconds)

    # What is known of a delivery

    def arrived_within(self, delivery: Delivery) -> tuple[float, float]:
        """Between which moments a delivery arrived, by the target's clock."""
        target = self._session.target
        for wait in target.waits:
            if wait.began <= delivery.received_at <= wait.ended:
                return wait.target_began, wait.target_ended
        before = [wait.target_ended for wait in target.waits if wait.ended < delivery.received_at]
        after = [wait.target_began for wait in target.waits if wait.began > delivery.received_at]
        latest = min(after, default=target.now())
        return max(before, default=latest - _PATIENCE_SECONDS), latest

    def came_after(self, delivery: Delivery, deleted_at: float) -> bool:
        """Whether a delivery was sent after its webhook was deleted."""
        grace = 0 if self._session.target.moves_its_clock else _UNDER_WAY_SECONDS
        return delivery.received_at > deleted_at + grace


def health_of(listing: Exchange, subscriber: Subscriber) -> Mapping[str, Any]:
    """What a list of webhooks says of the health of one."""
    found = [item for item in items(listing) if item.get("id") == subscriber.id]
    return members(found[0].get("health")) if found else {}

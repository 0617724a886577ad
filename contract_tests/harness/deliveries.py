"""What is delivered when runs end: webhooks with different wishes, runs with different ends, and all that arrived.

What the rules make of it is in `test_deliveries.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import requests

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lifecycle import ENDED
from contract_tests.harness.reading import items, members
from contract_tests.harness.receiver import RECEIVED, Delivery, Receiver
from contract_tests.harness.rules import not_checked
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings
from contract_tests.harness.world import ODD_TEXT, World

COMPLETED, CANCELLED, FAILED = EVENTS = ("run.completed", "run.cancelled", "run.failed")
REFUSED = 500
_REQUESTS = 40
"""For how many requests the window must have room while runs are at work."""
_PATIENCE_SECONDS = 90
_QUIET_SECONDS = {True: 1200, False: 30}
"""How long to wait for what should not come, on a clock that is moved and on a real one."""
_STEP_SECONDS = 3
_LONG_SECONDS = 120
"""A wait that is longer is made in ten steps of its own."""
_UNDER_WAY_SECONDS = 3
"""So long after a webhook was deleted a delivery may still have been under way."""


@dataclass(frozen=True)
class Subscriber:
    """A webhook of the suite's own."""

    name: str
    """The last segment of its URL."""
    events: tuple[str, ...]
    webhook: Mapping[str, Any]

    @property
    def secret(self) -> str:
        return str(self.webhook.get("secret"))


@dataclass(frozen=True)
class Wait:
    """A wait: when it began and ended, by the clock of this machine and by the target's."""

    began: float
    ended: float
    target_began: float
    target_ended: float


@dataclass
class Story:
    """What happened."""

    faithful: Subscriber
    """Subscribes to completed runs and receives everything."""
    stubborn: Subscriber
    """Subscribes to cancelled runs, refuses everything, and is deleted in the end."""
    hesitant: Subscriber
    """Subscribes to everything, refuses what comes first and then receives."""
    deleted: Subscriber
    """Subscribed to everything, but was deleted while the first run was at work."""
    deleted_at: float = 0
    stubborn_deleted_at: float = 0
    runs: dict[str, Exchange] = field(default_factory=dict)
    """The answer that showed each run ended, by the run's id."""
    later: dict[str, Exchange] = field(default_factory=dict)
    """The runs with a callback as they were read last, by the name of the callback."""
    callbacks: dict[str, str] = field(default_factory=dict)
    """The id of the run of each callback, by the callback's name."""
    strange_run: str | None = None
    """The id of a run of another organization that was stopped meanwhile."""
    health: Exchange | None = None
    received_by_then: tuple[int, int] = (0, 0)
    """How many deliveries the faithful webhook had received at least and at most when the health was told."""
    waits: list[Wait] = field(default_factory=list)

    @property
    def subscribers(self) -> tuple[Subscriber, ...]:
        return self.faithful, self.stubborn, self.hesitant, self.deleted

    def runs_that(self, event: str) -> dict[str, Exchange]:
        """The runs that ended with an event."""
        return {run_id: one for run_id, one in self.runs.items() if f"run.{members(one.json).get('status')}" == event}


RECEIVED_CALLBACK, REFUSED_CALLBACK, FAILED_CALLBACK = "received", "refused", "of a failed run"
_TELLING: Mapping[str, Any] = {"env": {"CT_ODD": ODD_TEXT}, "metadata": {"odd": ODD_TEXT}}
"""What the runs are given so that it shows when a delivery leaves it out."""


def run_of(delivery: Delivery) -> Mapping[str, Any]:
    return members(members(delivery.json).get("run"))


class Deliveries:
    """Lets runs end and gathers what arrives."""

    def __init__(self, session: Session, world: World, settings: Settings, receiver: Receiver | str) -> None:
        """`receiver`: a sentence in its place says why there is none."""
        self._session, self._world, self._settings = session, world, settings
        self._receiver = receiver
        self._waits: list[Wait] = []

    @property
    def receiver(self) -> Receiver:
        return self._receiver if isinstance(self._receiver, Receiver) else not_checked(self._receiver)

    def at(self, subscriber: Subscriber) -> list[Delivery]:
        """What arrived at a webhook, of our runs and of others'."""
        return self.receiver.at(subscriber.name)

    def about(self, subscriber: Subscriber, run_id: str) -> list[Delivery]:
        """What arrived at a webhook about a run."""
        return [delivery for delivery in self.at(subscriber) if run_of(delivery).get("id") == run_id]

    def at_callback(self, which: str) -> list[Delivery]:
        return self.receiver.at(self._name(which))

    # The story

    @gathered
    def story(self) -> Story:
        session, world, receiver = self._session, self._world, self.receiver
        session.demand("createRun")
        world.make_room(wanted=1)
        session.ensure(_REQUESTS)
        refusals = 3 if session.target.moves_its_clock else 1
        story = Story(
            faithful=self._subscribe((COMPLETED,)),
            stubborn=self._subscribe((CANCELLED,), REFUSED),
            hesitant=self._subscribe(EVENTS, *[REFUSED] * refusals, RECEIVED),
            deleted=self._subscribe(EVENTS),
        )
        receiver.announce(self._name(RECEIVED_CALLBACK))
        receiver.announce(self._name(REFUSED_CALLBACK), REFUSED)
        receiver.announce(self._name(FAILED_CALLBACK))
        finished = self._start(RECEIVED_CALLBACK)
        story.deleted_at = self._delete(story.deleted)
        cancelled = self._start(REFUSED_CALLBACK)
        session.call("cancelRun", path={"id": cancelled})
        story.callbacks = {RECEIVED_CALLBACK: finished, REFUSED_CALLBACK: cancelled}
        story.strange_run = self._stranger()
        provoked = self._settings.provocations.runs.get("failed")
        if provoked is not None:
            story.callbacks[FAILED_CALLBACK] = self._start(FAILED_CALLBACK, **provoked.body)
        for run_id in sorted(story.callbacks.values(), key=lambda run_id: run_id != cancelled):
            self._await_end(story, run_id)
        self._await(lambda: self._have_told(story), "for deliveries")
        self._wait(_STEP_SECONDS)
        received = "for a delivery that was refused to be tried again"
        self._await(lambda: any(delivery.was_received for delivery in self.at(story.hesitant)), received)
        self._look_at_health(story)
        story.stubborn_deleted_at = self._delete(story.stubborn)
        self._wait(_QUIET_SECONDS[session.target.moves_its_clock], "to see that nothing more is delivered")
        for which in (RECEIVED_CALLBACK, REFUSED_CALLBACK):
            run_id = story.callbacks[which]
            story.later[which] = session.call("getRun", path={"id": run_id})
        story.waits = self._waits
        return story

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

    def _start(self, which: str, **given: Any) -> str:
        """Start a run with a callback. Returns its id."""
        return self._world.new_run(**{**_TELLING, "callbackUrl": self._url(self._name(which)), **given})

    def _name(self, which: str) -> str:
        return f"ct-{self._world.tag}-callback-{which.replace(' ', '-')}"

    def _url(self, name: str) -> str:
        return f"{self._settings.webhook_sink_url}/{name}"

    def _subscribe(self, events: tuple[str, ...], *statuses: int) -> Subscriber:
        name = self._world.fresh_name()
        self.receiver.announce(name, *statuses)
        return Subscriber(name, events, self._world.new_webhook(url=self._url(name), events=list(events)))

    def _delete(self, subscriber: Subscriber) -> float:
        """Delete a webhook. Returns when it was gone, by the clock of this machine; never when it is not."""
        answer = self._session.call("deleteWebhook", path={"id": str(subscriber.webhook["id"])})
        return time.time() if answer.succeeded else float("inf")

    def _await_end(self, story: Story, run_id: str) -> None:
        wait = partial(self._wait, why="for a run to end", longest_seconds=_PATIENCE_SECONDS)
        answer = self._world.await_end(run_id, wait)
        if members(answer.json).get("status") in ENDED:
            story.runs[run_id] = answer

    def _have_told(self, story: Story) -> bool:
        """Whether every webhook has been told of every run that it subscribes to, if only once."""
        return all(
            self.about(subscriber, run_id)
            for subscriber in (story.faithful, story.stubborn, story.hesitant)
            for event in subscriber.events
            for run_id in story.runs_that(event)
        ) and all(self.at_callback(which) for which, run_id in story.callbacks.items() if run_id in story.runs)

    def _look_at_health(self, story: Story) -> None:
        """Read the list of webhooks until it knows of what the faithful one received, or patience runs out."""

        def knows() -> bool:
            before = len({one.id or number for number, one in enumerate(self.at(story.faithful))})
            story.health = self._session.call("listWebhooks")
            story.received_by_then = before, len(self.at(story.faithful))
            return not before or bool(health_of(story.health, story.faithful).get("successCount"))

        self._await(knows, "for the list of webhooks to tell of its deliveries", step_seconds=15)

    # Waiting

    def _wait(self, seconds: float, why: str = "for deliveries", longest_seconds: float | None = None) -> None:
        """Wait in steps, so that it is known how far apart two deliveries arrived."""
        target = self._session.target
        until = target.now() + seconds
        while (left := until - target.now()) > 0:
            began, target_began = time.time(), target.now()
            step = min(left, _STEP_SECONDS if left < _LONG_SECONDS else left / 10)
            target.wait(step, why, longest_seconds or seconds)
            self._waits.append(Wait(began, time.time(), target_began, target.now()))

    def _await(self, condition: Callable[[], bool], why: str, step_seconds: float = _STEP_SECONDS) -> None:
        """Wait until a condition holds or patience runs out."""
        deadline = self._session.target.now() + _PATIENCE_SECONDS
        while not condition() and self._session.target.now() < deadline:
            self._wait(step_seconds, why, _PATIENCE_SECONDS)

    # What is known of a delivery

    def arrived_within(self, delivery: Delivery) -> tuple[float, float]:
        """Between which moments a delivery arrived, by the target's clock."""
        for wait in self._waits:
            if wait.began <= delivery.received_at <= wait.ended:
                return wait.target_began, wait.target_ended
        before = [wait.target_ended for wait in self._waits if wait.ended < delivery.received_at]
        after = [wait.target_began for wait in self._waits if wait.began > delivery.received_at]
        latest = min(after, default=self._session.target.now())
        return max(before, default=latest - _PATIENCE_SECONDS), latest

    def came_after(self, delivery: Delivery, deleted_at: float) -> bool:
        """Whether a delivery was sent after its webhook was deleted."""
        grace = 0 if self._session.target.moves_its_clock else _UNDER_WAY_SECONDS
        return delivery.received_at > deleted_at + grace

    def line_is_open(self) -> bool:
        """Whether the sink's URL leads to the receiver, as far as can be told from here.

        A clock that is moved is the mock server's, which is told where the sink is when it is started.
        """
        if self._session.target.moves_its_clock:
            return True
        name = self._world.fresh_name()
        self.receiver.announce(name)
        try:
            requests.post(self._url(name), json={}, timeout=self._settings.timeout_seconds)
        except requests.RequestException:
            return False
        return bool(self.receiver.at(name))


def health_of(listing: Exchange, subscriber: Subscriber) -> Mapping[str, Any]:
    """What a list of webhooks says of the health of one."""
    found = [item for item in items(listing) if item.get("id") == subscriber.webhook["id"]]
    return members(found[0].get("health")) if found else {}

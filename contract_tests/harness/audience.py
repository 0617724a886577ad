"""Who is to be told of the ends of the suite's runs: webhooks with different wishes, and callbacks, all at the sink.

They are there before the first run is started. What they are told is in `deliveries.py`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.receiver import RECEIVED
from contract_tests.harness.session import Session
from contract_tests.harness.sink import Sink
from contract_tests.harness.webhook_shelf import Registered, Shelf
from contract_tests.harness.world import World

COMPLETED, CANCELLED, FAILED = EVENTS = ("run.completed", "run.cancelled", "run.failed")
REFUSED = 500


@dataclass(frozen=True)
class Subscriber:
    """A webhook of the suite's own."""

    url: str
    events: tuple[str, ...]
    webhook: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.webhook.get("id"))

    @property
    def secret(self) -> str:
        return str(self.webhook.get("secret"))


@dataclass(frozen=True)
class Subscribers:
    """Four webhooks that differ in all that a rule could ask for."""

    faithful: Subscriber
    """Subscribes to completed runs and receives everything."""
    stubborn: Subscriber
    """Subscribes to other runs, refuses everything, and is deleted in the end."""
    hesitant: Subscriber
    """Subscribes to everything, refuses what it is told of a run first and then receives it."""
    deleted: Subscriber
    """Is deleted while the first run is at work."""

    @property
    def all(self) -> tuple[Subscriber, ...]:
        return self.faithful, self.stubborn, self.hesitant, self.deleted


class Audience:
    """The webhooks and the callbacks. Three of the webhooks are the shelf's, of which one is deleted there anyway."""

    def __init__(self, session: Session, world: World, sink: Sink, shelf: Shelf) -> None:
        self._session, self._world, self._sink, self._shelf = session, world, sink, shelf
        self._callbacks: dict[str, str] = {}
        self.lost_at = float("inf")
        """When the one that is to be deleted was gone, by the clock of this machine; never unless it was."""

    @gathered
    def subscribers(self) -> Subscribers:
        """Register the webhooks. Ends in `not_checked` when there is nowhere to deliver to."""
        self._sink.demand()
        faithful = self._subscribe(COMPLETED)
        deleted, stubborn, hesitant = map(_subscriber, self._shelf.first())
        self._sink.answer(deleted.url)
        self._sink.answer(stubborn.url, REFUSED)
        self._sink.answer(hesitant.url, REFUSED, RECEIVED)
        return Subscribers(
            faithful=faithful,
            stubborn=stubborn,
            hesitant=hesitant,
            deleted=deleted,
        )

    def _subscribe(self, *events: str) -> Subscriber:
        url = self._sink.fresh_url()
        return Subscriber(url, events, self._world.new_webhook(url=url, events=list(events)))

    def assemble(self) -> None:
        """Register them where that can be: runs may be followed without anyone being told."""
        with suppress(pytest.skip.Exception):
            self.subscribers()

    def lose_one(self) -> None:
        """Delete the one that is to be deleted."""
        with suppress(pytest.skip.Exception):
            self.subscribers()
            if self._shelf.deletion()[0].succeeded:
                self.lost_at = time.time()

    def listed(self) -> Exchange:
        """The list of webhooks when one of them was deleted."""
        return self._shelf.few().listing

    def callback(self, which: str, *statuses: int) -> str:
        """The URL of a callback, always the same. What comes there is answered with these statuses in turn."""
        if which not in self._callbacks:
            self._callbacks[which] = self._sink.fresh_url(*statuses)
        return self._callbacks[which]


def _subscriber(registered: Registered) -> Subscriber:
    asked = registered.asked
    return Subscriber(str(asked["url"]), tuple(asked["events"]), registered.answer)

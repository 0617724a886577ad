"""The organization's webhooks, from what was there to as many as there may be, and what is refused on the way.

What the rules make of it is in `test_webhooks.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.extremes import LEAST
from contract_tests.harness.reading import items, members
from contract_tests.harness.rules import hindered, not_checked
from contract_tests.harness.session import Session
from contract_tests.harness.sink import Sink
from contract_tests.harness.world import World, as_long_as
from generated.contract import WEBHOOKS_PER_ORGANIZATION, ProblemCode

WISHES = (["run.completed"], ["run.failed", "run.cancelled"], ["run.completed", "run.failed", "run.cancelled"])
"""What the first webhooks subscribe to."""
_TRIES = 3


@dataclass(frozen=True)
class Registered:
    """A webhook that was registered: what was asked for and the answer."""

    asked: Mapping[str, Any]
    exchange: Exchange

    @property
    def answer(self) -> Mapping[str, Any]:
        return members(self.exchange.json)

    @property
    def id(self) -> str:
        return str(self.answer.get("id"))


@dataclass(frozen=True)
class Look:
    """The shelf at a time."""

    registered: tuple[Registered, ...]
    """What was registered until then and not deleted."""
    listing: Exchange
    """The list."""
    count: int
    """How many webhooks there were, listed or not."""
    last: Registered
    """The last create: on the full shelf the one too many, or one that was refused before."""


@dataclass(frozen=True)
class Exchanged:
    """A webhook that was deleted from the full shelf, and the create with its URL after that."""

    before: Registered
    deletion: Exchange
    again: Registered


class Shelf:
    """Registers and deletes webhooks. What comes later asks for what comes before it."""

    def __init__(self, session: Session, world: World, sink: Sink) -> None:
        self._session, self._world, self._sink = session, world, sink

    def _register(self, events: list[str], url: str | None = None, key: str | None = None) -> Registered:
        asked = {"url": url or self._world.fresh_url(), "events": events}
        return Registered(asked, self._session.call("createWebhook", body=asked, key=key))

    def _with_the_longest_url(self) -> Registered:
        """A webhook with the longest URL that there may be, where the server takes that."""
        longest = self._world.extremes.take_body("createWebhook", LEAST)["url"]
        url = self._sink.fresh_url()
        one = self._register(WISHES[2], as_long_as(longest, url))
        return self._register(WISHES[2], url) if one.exchange.status == 400 else one

    def _delete(self, webhook: Registered) -> Exchange:
        return self._session.call("deleteWebhook", path={"id": webhook.id})

    @gathered
    def before(self) -> Exchange:
        """The list before anything was registered here, when there is room for it."""
        listing = self._session.call("listWebhooks")
        if self._count(listing) + len(WISHES) < WEBHOOKS_PER_ORGANIZATION:
            return listing
        self._world.remove_spare_webhooks()
        return self._session.call("listWebhooks")

    def _count(self, listing: Exchange) -> int:
        """How many webhooks there are: those of a list, and those of our own that it does not show."""
        return len({item.get("id") for item in items(listing)} | self._world.ledger.webhooks)

    @gathered
    def first(self) -> tuple[Registered, ...]:
        """One webhook for each of WISHES."""
        if self._count(self.before()) + len(WISHES) >= WEBHOOKS_PER_ORGANIZATION:
            not_checked("because the organization has no room for more webhooks")
        similar = self.similar()
        second = similar if similar.exchange.succeeded else self._register(WISHES[1], self._sink.fresh_url())
        found = (self._pair()[0], second, self._with_the_longest_url())
        for one in found:
            if not isinstance(one.answer.get("id"), str) or not one.exchange.succeeded:
                hindered(f"because no webhook could be registered: {one.exchange.summary()[:200]}")
        return found

    @gathered
    def _pair(self) -> tuple[Registered, Exchange]:
        """Two creates with one URL at once: what came of the one that succeeded, and the answer to the other."""
        url = self._sink.fresh_url()
        wishes: list[dict[str, Any]] = [{"url": url, "events": events} for events in WISHES[:2]]
        answers = self._session.send_together(
            [self._session.build("createWebhook", body=wish) for wish in wishes], planned_refusal=False
        )
        first = next((number for number, answer in enumerate(answers) if answer.succeeded), 0)
        return Registered(wishes[first], answers[first]), answers[1 - first]

    @gathered
    def similar(self) -> Registered:
        """A create with a URL that differs from the first webhook's in its query alone."""
        return self._register(WISHES[1], f"{self._pair()[0].asked['url']}&more=1")

    def twin(self) -> Exchange:
        """The answer to the other create with the first webhook's URL."""
        self.first()
        return self._pair()[1]

    @gathered
    def deletion(self) -> tuple[Exchange, Exchange]:
        """The answers to two deletions of the first webhook."""
        self.twin()
        first = self.first()[0]
        return self._delete(first), self._delete(first)

    @gathered
    def few(self) -> Look:
        """The shelf with few webhooks on it, one of them deleted."""
        self.deletion()
        listing, registered = self._session.call("listWebhooks"), self.first()[1:]
        return Look(registered, listing, self._count(listing), registered[-1])

    @gathered
    def full(self) -> Look:
        """Register webhooks until there are as many as there may be, and one more."""
        self.deletion()
        # Own ones may have had to make room for what other rules needed.
        registered = [one for one in self.first()[1:] if one.id in self._world.ledger.webhooks]
        refusals = 0
        listing = self.before()
        count = self._count(listing)
        while True:
            # The places are the organization's: another of its keys finds none either.
            key = self._session.target.key_second if count >= WEBHOOKS_PER_ORGANIZATION else None
            one = self._register(WISHES[len(registered) % len(WISHES)], key=key)
            if one.exchange.succeeded:
                registered.append(one)
                count += 1
                if count <= WEBHOOKS_PER_ORGANIZATION:
                    continue
            listing = self._session.call("listWebhooks")
            count, refusals = self._count(listing), refusals + 1
            # Others may have deleted some: then there is room for another try.
            decided = count > WEBHOOKS_PER_ORGANIZATION or (
                count == WEBHOOKS_PER_ORGANIZATION and not one.exchange.succeeded
            )
            if decided or refusals == _TRIES:
                return Look(tuple(registered), listing, count, one)

    @gathered
    def exchange_of_one(self) -> Exchanged:
        """From the full shelf one webhook is deleted, and its URL registered again; another when others were faster."""
        for before in self.full().registered[:_TRIES]:
            deletion, again = self._delete(before), self._register(WISHES[2], before.asked["url"])
            refused = again.exchange.code == ProblemCode.WEBHOOK_LIMIT_EXCEEDED
            if not refused or self._count(self._session.call("listWebhooks")) < WEBHOOKS_PER_ORGANIZATION:
                return Exchanged(before, deletion, again)
        return not_checked("because others took each place that was freed")

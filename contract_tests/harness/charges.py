"""What an organization's credits, usage and usage records say before and after a run that was charged for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange, Query
from contract_tests.harness.lives import Life, Lives
from contract_tests.harness.money import amount, rounding
from contract_tests.harness.reading import instant, items, members
from contract_tests.harness.rules import not_checked
from contract_tests.harness.session import Session
from contract_tests.harness.world import LEAST_GUARDRAILS, PROMPT, World

Record = Mapping[str, Any]
LONGEST_PAGE = 100
TRIES = 3
_APART_SECONDS = 5
_CLEAR_SECONDS = 2
"""How far a date that is asked for is from every record, so that nobody needs to know whether it is included."""
CREDITS = ("creditsUsd", "usedUsd", "remainingUsd")


@dataclass(frozen=True)
class Account:
    """Credits, usage and the newest records, asked for one after another."""

    credits: Exchange
    usage: Exchange
    logs: Exchange

    @property
    def of_credits(self) -> Mapping[str, Any]:
        return members(self.credits.json) if self.credits.succeeded else {}

    @property
    def of_usage(self) -> Mapping[str, Any]:
        return members(members(self.usage.json).get("organization")) if self.usage.succeeded else {}

    @property
    def month(self) -> Mapping[str, Any]:
        return members(members(self.usage.json).get("currentMonth")) if self.usage.succeeded else {}

    @property
    def records(self) -> list[Record]:
        """As they are listed."""
        return items(self.logs)

    @property
    def agrees(self) -> bool:
        """Whether credits and usage say the same."""
        return all(amount(self.of_credits.get(name)) == amount(self.of_usage.get(name)) for name in CREDITS)

    @property
    def rounding(self) -> float:
        """By how much each amount may be off."""
        names = ("costUsd", "balanceBeforeUsd", "balanceAfterUsd")
        of_records = [record.get(name) for record in self.records for name in names]
        return rounding(
            [*of_records, *(shows.get(name) for shows in (self.of_credits, self.of_usage) for name in CREDITS)]
        )


@dataclass(frozen=True)
class Filtered:
    """A list of records with filters, and which records they select."""

    words: str
    exchange: Exchange
    selects: Callable[[Record], bool]


class Charges:
    """Lets a run be charged for, and keeps what was answered."""

    def __init__(self, session: Session, world: World) -> None:
        self._session, self._world = session, world

    @gathered
    def before(self) -> Exchange:
        return self._session.call("getUsage")

    @gathered
    def run(self) -> Life:
        """A run that came to its end, on a template of the default size. Ends in `not_checked` when it did not."""
        self.before()
        template = self._world.template()
        body = {"prompt": PROMPT, "guardrails": dict(LEAST_GUARDRAILS)}
        life = Lives(self._session, self._world).start("the run", template, body)
        life.readings.append(self._world.await_end(life.id))
        if not life.ended:
            not_checked("because the run did not come to its end in time")
        return life

    @property
    def sandbox(self) -> Mapping[str, Any]:
        """What the run's sandbox used, as far as it is shown."""
        return members(members(self.run().run.get("usage")).get("sandbox"))

    @gathered
    def accounts(self) -> list[Account]:
        """The account, the last that was read the first; read again as long as something is amiss that may settle."""
        run, found = self.run(), [self._account()]
        while not self._is_settled(found[0], run) and len(found) < TRIES:
            self._session.target.wait(_APART_SECONDS)
            found.insert(0, self._account())
        return found

    @property
    def account(self) -> Account:
        return self.accounts()[0]

    def _account(self) -> Account:
        call = self._session.call
        return Account(call("getCredits"), call("getUsage"), call("listUsageLogs", query={"limit": LONGEST_PAGE}))

    def _is_settled(self, account: Account, run: Life) -> bool:
        newest = account.records[0] if account.records else {}
        left = amount(newest.get("balanceAfterUsd")) == amount(account.of_credits.get("remainingUsd"))
        return account.agrees and left and bool(self.charges(account)) and account.month != self.month_before

    def charges(self, account: Account) -> list[Record]:
        """The records of the run."""
        return [record for record in account.records if record.get("runId") == self.run().id]

    @property
    def month_before(self) -> Mapping[str, Any]:
        return members(members(self.before().json).get("currentMonth"))

    # Lists

    def _list(self, words: str, selects: Callable[[Record], bool], **query: str) -> Filtered:
        parameters: Query = {"limit": LONGEST_PAGE, **query}
        return Filtered(words, self._session.call("listUsageLogs", query=parameters), selects)

    def known(self) -> list[Record]:
        records = self.account.records
        return records or not_checked("because there are no usage records")

    @gathered
    def by_type(self) -> list[Filtered]:
        def has(kind: str) -> Callable[[Record], bool]:
            return lambda record: record.get("resourceType") == kind

        self.known()
        kinds = ("sandbox", "credit_grant")
        return [self._list(f"resourceType={kind}", has(kind), resourceType=kind) for kind in kinds]

    def _cuts(self) -> list[datetime]:
        """Moments far from every record with records on both sides, the one in the widest gap first."""
        moments = sorted({moment for moment in (instant(record.get("createdAt")) for record in self.known()) if moment})
        gaps = [(later - earlier, earlier) for earlier, later in pairwise(moments)]
        wide = sorted((gap for gap in gaps if gap[0] >= timedelta(seconds=2 * _CLEAR_SECONDS)), reverse=True)
        return [earlier + gap / 2 for gap, earlier in wide] or not_checked("because the records lie too close together")

    @gathered
    def by_date(self) -> list[Filtered]:
        cut = self._cuts()[0]
        return [
            self._list(f"startDate={_text(cut)}", lambda record: _at(record) > cut, startDate=_text(cut)),
            self._list(f"endDate={_text(cut)}", lambda record: _at(record) < cut, endDate=_text(cut)),
        ]

    @gathered
    def together(self) -> list[Filtered]:
        """Sandbox records between two dates that leave out some on both sides where there are as many gaps."""
        cuts = sorted(self._cuts()[:2])
        start, end = (
            cuts[0],
            cuts[1] if len(cuts) > 1 else datetime.fromtimestamp(self._session.target.now() + 3600, UTC),
        )
        return [
            self._list(
                f"resourceType=sandbox, startDate={_text(start)} and endDate={_text(end)}",
                lambda record: record.get("resourceType") == "sandbox" and start < _at(record) < end,
                resourceType="sandbox",
                startDate=_text(start),
                endDate=_text(end),
            )
        ]


def _at(record: Record) -> datetime:
    return instant(record.get("createdAt")) or datetime.min.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

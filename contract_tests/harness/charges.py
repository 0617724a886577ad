"""What an organization's credits, usage and usage records say once runs of our own were charged for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange, Query
from contract_tests.harness.lives import Life
from contract_tests.harness.money import amount, rounding, same
from contract_tests.harness.own_runs import OwnRuns
from contract_tests.harness.reading import instant, items, members
from contract_tests.harness.rules import not_checked
from contract_tests.harness.session import Session

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
        ones, others = ([shows.get(name) for name in CREDITS] for shows in (self.of_credits, self.of_usage))
        pairs = [(amount(one), amount(other)) for one, other in zip(ones, others, strict=True)]
        return all(
            one == other or (one is not None and other is not None and same(one, other, ones, others))
            for one, other in pairs
        )

    # By how much an amount may be off. Each kind is rounded in its own way.

    @property
    def rounding_of_costs(self) -> float:
        return rounding(record.get("costUsd") for record in self.records)

    @property
    def rounding_of_balances(self) -> float:
        names = ("balanceBeforeUsd", "balanceAfterUsd")
        return rounding(record.get(name) for record in self.records for name in names)

    @property
    def rounding_of_credits(self) -> float:
        """Of the coarser of the two that tell them."""
        shows = (self.of_credits, self.of_usage)
        return max(rounding(one.get(name) for name in CREDITS) for one in shows)


@dataclass(frozen=True)
class Filtered:
    """A list of records with filters, and which records they select."""

    words: str
    exchange: Exchange
    selects: Callable[[Record], bool]


class Charges:
    """Asks what the own runs were charged, and keeps what was answered."""

    def __init__(self, session: Session, own_runs: OwnRuns) -> None:
        self._session, self._runs = session, own_runs

    def charged_for(self) -> list[Life]:
        """The runs whose sandbox was up. Ends in `not_checked` when none shows that it was."""
        return self._runs.charged_for() or not_checked("because no ended run shows how long its sandbox was up")

    @property
    def usage_before(self) -> Exchange:
        """The usage before the first of the runs."""
        return self._runs.story().usage_before

    @property
    def is_counted_later(self) -> bool:
        """Whether getUsage still says what it said before the runs, as one does that is counted now and then."""
        return self.usage_before.succeeded and self.account.usage.json == self.usage_before.json

    @gathered
    def accounts(self) -> list[Account]:
        """The account, the last that was read the first; read again as long as something is amiss that may settle."""
        charged, found = self._runs.charged_for(), [self._account()]
        while not self._is_settled(found[0], charged) and len(found) < TRIES:
            self._session.target.wait(_APART_SECONDS)
            found.insert(0, self._account())
        return found

    @property
    def account(self) -> Account:
        return self.accounts()[0]

    def _account(self) -> Account:
        call = self._session.call
        return Account(call("getCredits"), call("getUsage"), call("listUsageLogs"))

    def _is_settled(self, account: Account, charged: Sequence[Life]) -> bool:
        newest = account.records[0] if account.records else {}
        after, remaining = amount(newest.get("balanceAfterUsd")), amount(account.of_credits.get("remainingUsd"))
        slack = account.rounding_of_balances + account.rounding_of_credits + 1e-9
        left = after == remaining or (after is not None and remaining is not None and abs(after - remaining) <= slack)
        named = [record for record in account.records if record.get("runId") is not None]
        nameless = not named and any(record.get("resourceType") == "sandbox" for record in account.records)
        return account.agrees and left and (nameless or all(self.records_of(life, account) for life in charged))

    def records_of(self, life: Life, account: Account | None = None) -> list[Record]:
        """The records of a run."""
        records = (account or self.account).records
        return [record for record in records if record.get("runId") == life.id]

    # Lists

    def _list(self, words: str, selects: Callable[[Record], bool], **query: str) -> Filtered:
        parameters: Query = {"limit": LONGEST_PAGE, **query}
        return Filtered(words, self._session.call("listUsageLogs", query=parameters), selects)

    def known(self) -> list[Record]:
        records = self.account.records
        return records or not_checked("because there are no usage records")

    def _cuts(self) -> list[datetime]:
        """Moments far from every record with records on both sides, the one in the widest gap first."""
        moments = sorted({moment for moment in (instant(record.get("createdAt")) for record in self.known()) if moment})
        gaps = [(later - earlier, earlier) for earlier, later in pairwise(moments)]
        wide = sorted((gap for gap in gaps if gap[0] >= timedelta(seconds=2 * _CLEAR_SECONDS)), reverse=True)
        return [earlier + gap / 2 for gap, earlier in wide] or not_checked("because the records lie too close together")

    @gathered
    def by_type(self) -> Filtered:
        self.known()
        return self._list("resourceType=sandbox", lambda record: _type(record) == "sandbox", resourceType="sandbox")

    @gathered
    def by_date(self) -> Filtered:
        """The records between two dates, with some before and some after them, where there are such."""
        start, *others = sorted(self._cuts()[:2])
        end = others[0] if others else datetime.fromtimestamp(self._session.target.now() + 3600, UTC)
        return self._list(
            f"startDate={_text(start)} and endDate={_text(end)}",
            lambda record: start < _at(record) < end,
            startDate=_text(start),
            endDate=_text(end),
        )

    @gathered
    def after(self) -> Filtered:
        """The records after a date."""
        start = self._cuts()[0]
        return self._list(f"startDate={_text(start)}", lambda record: _at(record) > start, startDate=_text(start))

    @gathered
    def together(self) -> Filtered:
        """Grants before a date, among as many others as there are."""
        end = max(self._cuts())
        return self._list(
            f"resourceType=credit_grant and endDate={_text(end)}",
            lambda record: _type(record) == "credit_grant" and _at(record) < end,
            resourceType="credit_grant",
            endDate=_text(end),
        )


def _type(record: Record) -> Any:
    return record.get("resourceType")


def _at(record: Record) -> datetime:
    return instant(record.get("createdAt")) or datetime.min.replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

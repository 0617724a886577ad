"""Usage: credits, what runs cost, and the records behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from contract_tests.harness.charges import CREDITS, LONGEST_PAGE, Account, Charges, Filtered, Record
from contract_tests.harness.document import Document
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.money import amount, charged
from contract_tests.harness.reading import instant, items, members, seconds_between, shown
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.session import Session
from contract_tests.harness.world import World
from generated.contract import SANDBOX_RATES_PER_MINUTE_USD


@pytest.fixture(name="charges", scope="module")
def _charges(session: Session, world: World) -> Charges:
    return Charges(session, world)


@pytest.fixture(name="rate")
def _rate(document: Document) -> float:
    """What a minute of the run's sandbox costs; its template names no size."""
    size = document.at(("components", "schemas", "TemplateCreate", "properties", "size", "default"))
    return SANDBOX_RATES_PER_MINUTE_USD[size]


def of(record: Record, *names: str) -> list[float]:
    """The amounts of a record by name; none when one of them is no number."""
    found = [amount(record.get(name)) for name in names]
    return [value for value in found if value is not None] if None not in found else []


# Credits


@rule("usage/remaining-is-credits-less-used", source="assumed")
def test_remaining_is_credits_less_used(charges: Charges) -> None:
    """What remains of the credits is what there are less what is used."""
    account = charges.account
    for shows, exchange in ((account.of_credits, account.credits), (account.of_usage, account.usage)):
        values = of(shows, *CREDITS)
        if values:
            credits_, used, remaining = values
            seen = f"of {credits_:g} credits {used:g} are used, and {remaining:g} remain"
            require(abs(credits_ - used - remaining) <= 3 * account.rounding + 1e-9, seen, exchange)


@rule("usage/credits-agree", source="guide")
def test_credits_agree(charges: Charges) -> None:
    """What getCredits and getUsage say of the organization's credits is the same."""
    accounts = charges.accounts()
    if not of(accounts[0].of_credits, *CREDITS) or not of(accounts[0].of_usage, *CREDITS):
        not_checked("because getCredits or getUsage does not show the credits as assumed")
    if any(account.agrees for account in accounts):
        return
    if any(one.credits.json != other.credits.json for one, other in pairwise(accounts)):
        not_checked("because others use credits meanwhile")
    one, other = accounts[0].of_credits, accounts[0].of_usage
    wrong = [f"{name} {one.get(name)} and {other.get(name)}" for name in CREDITS if one.get(name) != other.get(name)]
    require(False, f"getCredits and getUsage say {'; '.join(wrong)}", accounts[0].usage)


@rule("usage/last-balance-remains", source="assumed")
def test_the_last_balance_remains(charges: Charges) -> None:
    """What remains of the credits is the balance after the newest usage record."""
    seen: list[tuple[str, Account]] = []
    for account in charges.accounts():
        left, balance = of(account.of_credits, "remainingUsd"), of(newest(account), "balanceAfterUsd")
        if not left or not balance:
            not_checked("because there is no balance or no remaining credit to compare")
        if abs(left[0] - balance[0]) <= 2 * account.rounding + 1e-9:
            return
        seen.append((f"{left[0]:g} credits remain, the balance after the newest record is {balance[0]:g}", account))
    if any(one.logs.json != other.logs.json for one, other in pairwise(charges.accounts())):
        not_checked("because others use credits meanwhile")
    require(False, seen[0][0], seen[0][1].logs)


def newest(account: Account) -> Record:
    return max(account.records, key=lambda record: str(instant(record.get("createdAt"))), default={})


@rule("usage/charge-uses-credits", source="assumed")
def test_a_charge_uses_credits(charges: Charges) -> None:
    """A run that was charged for uses as many credits, which then do not remain."""
    account, cost = charges.account, charged_for(charges)
    before = of(members(members(charges.before().json).get("organization")), *CREDITS)
    after = of(account.of_usage, *CREDITS)
    if not before or not after:
        not_checked("because getUsage does not show the credits")
    seen = f"the run cost {cost:g}, but usedUsd went from {before[1]:g} to {after[1]:g}"
    require(after[1] - before[1] >= cost - 3 * account.rounding - 1e-9, seen, account.usage)


@rule("usage/month-counts-the-run", source="assumed")
def test_the_month_counts_the_run(charges: Charges) -> None:
    """The current month counts a run that has ended, with its sandbox's time and cost."""
    account, cost = charges.account, charged_for(charges)
    before, after = charges.month_before, account.month
    months = {datetime.fromtimestamp(e.sent_at, UTC).month for e in (charges.before(), account.usage)}
    if len(months) > 1:
        not_checked("because a new month began meanwhile")
    grown = [("runsCount", 1.0, 0.0), ("sandboxCostUsd", cost, 3 * account.rounding)]
    seconds = amount(charges.sandbox.get("durationSeconds"))
    if seconds is not None:
        grown.append(("sandboxSeconds", seconds, 1.0))
    for name, by, slack in grown:
        one, other = amount(before.get(name)), amount(after.get(name))
        if one is None or other is None:
            continue
        seen = f"a run with {name} {by:g} has ended, but {name} went from {one:g} to {other:g}"
        require(other - one >= by - slack - 1e-9, seen, account.usage)


# Records


def charged_for(charges: Charges) -> float:
    """What the records say that the run cost. Ends in `not_checked` when there are none."""
    costs = [amount(record.get("costUsd")) for record in charges.charges(charges.account)]
    if not costs or None in costs:
        not_checked("because no usage record shows what the run cost")
    return sum(cost for cost in costs if cost is not None)


@rule("usage/run-is-recorded", source="assumed")
def test_the_run_is_recorded(charges: Charges) -> None:
    """A run that has ended after its sandbox was up has a usage record of its own."""
    account = charges.account
    if not any(record.get("runId") is not None for record in account.records):
        named = [record for record in account.records if record.get("resourceType") == "sandbox"]
        if named:
            not_checked("because usage records do not name their runs")
    if amount(charges.sandbox.get("durationSeconds")) in (None, 0.0):
        not_checked("because the run does not show how long its sandbox was up")
    recorded = bool(charges.charges(account))
    require(
        recorded or len(account.records) >= LONGEST_PAGE, "the run has ended, but has no usage record", account.logs
    )


@rule("usage/charge-follows-time-and-size", source="guide")
def test_the_charge_follows_time_and_size(charges: Charges, rate: float) -> None:
    """A run is charged once for its sandbox's time at the documented rate of its size, to the second at the least and
    by minutes begun at the most.
    """
    account, cost = charges.account, charged_for(charges)
    records = charges.charges(account)
    seconds = amount(charges.sandbox.get("durationSeconds"))
    run = charges.run().run
    if seconds is None:
        seconds = seconds_between(run.get("startedAt"), run.get("completedAt"))
    if seconds is None or any(record.get("waived") is True for record in records):
        not_checked("because the run does not show how long its sandbox was up, or its cost was waived")
    least, most = charged(seconds, rate)
    seen = f"the sandbox was up {seconds:g} seconds at {rate} a minute; {len(records)} record(s) charge {cost:g} for it"
    require(least - account.rounding <= cost <= most + account.rounding, seen, account.logs)


@rule("usage/charge-agrees-with-the-run", source="reference")
def test_the_charge_agrees_with_the_run(charges: Charges) -> None:
    """The usage records of a run charge what the run itself says that its sandbox cost."""
    account, cost = charges.account, charged_for(charges)
    of_run = amount(charges.sandbox.get("costUsd"))
    if of_run is None or charges.sandbox.get("waived") is True:
        not_checked("because the run does not show what its sandbox cost, or the cost was waived")
    records = charges.charges(account)
    seen = f"the run says that its sandbox cost {of_run:g}; {len(records)} record(s) charge {cost:g} for it"
    require(abs(cost - of_run) <= (1 + len(records)) * account.rounding + 1e-9, seen, account.logs)


@rule("usage/record-describes-the-run", source="reference")
def test_the_record_describes_the_run(charges: Charges, rate: float) -> None:
    """Where the usage record of a run shows a rate and a template, they are those of the run."""
    account, run = charges.account, charges.run().run
    for record in charges.charges(account) or not_checked("because no usage record names the run"):
        metadata = members(record.get("metadata"))
        for name in ("templateId", "templateSlug"):
            seen = f"the record has {name} {shown(metadata.get(name))}, the run {shown(run.get(name))}"
            require(metadata.get(name) in (None, run.get(name)), seen, account.logs)
        value = amount(record.get("ratePerMinuteUsd"))
        require(value is None or abs(value - rate) < 1e-9, f"the rate is {value}, not {rate}", account.logs)


@rule("usage/cost-is-quantity-times-rate", source="assumed")
def test_the_cost_is_quantity_times_rate(charges: Charges) -> None:
    """Each charge is its quantity, in minutes or seconds, at its rate, or the minutes begun; all records count in the
    same unit.
    """
    account = charges.account
    fitting: set[float] | None = None
    for record in account.records:
        values = of(record, "quantity", "ratePerMinuteUsd", "costUsd")
        if record.get("resourceType") != "sandbox" or record.get("waived") is True or not values:
            continue
        quantity, rate, cost = values
        # A quantity in few decimals cannot tell its cost any better.
        slack = account.rounding + rate / 60 + 1e-9
        units = {
            unit
            for unit in (1.0, 60.0)
            for minutes in (quantity / unit, math.ceil(quantity / unit))
            if abs(minutes * rate - cost) <= slack
        }
        seen = f"{quantity:g} at {rate:g} a minute cost {cost:g}, which is so neither for minutes nor for seconds"
        require(units, seen, account.logs)
        fitting = units if fitting is None else fitting & units
        require(fitting, "some records count in minutes and others in seconds", account.logs)
    if fitting is None:
        not_checked("because no usage record shows a quantity and a rate")


@rule("usage/charge-lowers-the-balance", source="reference")
def test_a_charge_lowers_the_balance(charges: Charges) -> None:
    """The balance after a sandbox record is the one before it less the cost; a waived cost leaves it as it is."""
    account = charges.account
    checked = False
    for record in account.records:
        values = of(record, "balanceBeforeUsd", "balanceAfterUsd", "costUsd")
        if record.get("resourceType") != "sandbox" or not values:
            continue
        checked = True
        before, after, cost = values
        right = before if record.get("waived") is True else before - cost
        seen = f"the cost is {cost:g}, the balance goes from {before:g} to {after:g}"
        require(abs(right - after) <= 3 * account.rounding + 1e-9, seen, account.logs)
    if not checked:
        not_checked("because there are no sandbox records")


@rule("usage/balances-chain", source="reference")
def test_balances_chain(charges: Charges) -> None:
    """Each usage record begins with the balance that the record before it has left."""
    account = charges.account
    slack = 2 * account.rounding + 1e-9
    records = [record for record in account.records if of(record, "balanceBeforeUsd", "balanceAfterUsd")]
    if len(records) < 2:
        not_checked("because there are fewer than two usage records")
    groups: dict[Any, list[Record]] = {}
    for record in sorted(records, key=lambda record: str(instant(record.get("createdAt"))), reverse=True):
        groups.setdefault(instant(record.get("createdAt")), []).append(record)
    left: float | None = None
    for group in groups.values():
        left = begins_with(group, left, slack, account.logs)


def begins_with(group: list[Record], left: float | None, slack: float, exchange: Exchange) -> float:
    """Hold the current rule to records of the same time, in whatever order, that lead up to what the next begins with.

    Returns what the first of them begins with.
    """
    group = list(group)
    while group:
        if left is None:
            begins = [amount(record.get("balanceBeforeUsd")) for record in group]
            last = [record for record in group if amount(record.get("balanceAfterUsd")) not in begins]
            found = (last or group)[0]
        else:
            fits = [r for r in group if abs((amount(r.get("balanceAfterUsd")) or 0.0) - left) <= slack]
            idle = [r for r in fits if abs((amount(r.get("balanceBeforeUsd")) or 0.0) - left) <= slack]
            seen = f"a record leaves {group[0].get('balanceAfterUsd')}, the next one begins with {left:g}"
            require(fits, seen, exchange)
            found = (idle or fits)[0]
        group.remove(found)
        left = amount(found.get("balanceBeforeUsd")) or 0.0
    return left or 0.0


@rule("usage/newest-first", source="assumed")
def test_newest_first(charges: Charges) -> None:
    """Usage records come in the order of their time, the newest first."""
    account = charges.account
    for one, other in pairwise(charges.known()):
        apart = seconds_between(other.get("createdAt"), one.get("createdAt"))
        seen = f"{other.get('createdAt')} comes after {one.get('createdAt')}"
        require(apart is None or apart >= 0, seen, account.logs)


# Filters


def selects(charges: Charges, lists: Sequence[Filtered]) -> None:
    """Hold the current rule to lists that hold what their filters select, and nothing else."""
    for filtered in lists:
        found, words = items(filtered.exchange), filtered.words
        require(filtered.exchange.succeeded, f"{words}: the list answers {filtered.exchange.status}", filtered.exchange)
        strange = [record for record in found if not filtered.selects(record)]
        require(not strange, f"{words}: {len(strange)} of {len(found)} records are not of these", filtered.exchange)
        right = [record for record in charges.known() if filtered.selects(record)]
        there = [record.get("id") for record in found]
        missing = [record for record in right if record.get("id") not in there]
        full = len(found) >= LONGEST_PAGE
        seen = f"{words}: {len(missing)} of {len(right)} records are missing"
        require(full or not missing, seen, filtered.exchange)


@rule("usage/filter-resource-type", source="reference")
def test_filter_by_resource_type(charges: Charges) -> None:
    """Filtered by resourceType, the records are those of the type and no others."""
    selects(charges, charges.by_type())


@rule("usage/filter-dates", source="reference")
def test_filter_by_dates(charges: Charges) -> None:
    """Filtered by startDate or endDate, the records are those after or before it and no others."""
    selects(charges, charges.by_date())


@rule("usage/filters-together", source="reference")
def test_filters_together(charges: Charges) -> None:
    """Several filters leave the records that each of them selects."""
    selects(charges, charges.together())


@rule("usage/total-follows-filters", source="overview")
def test_the_total_follows_filters(charges: Charges) -> None:
    """pagination.total counts the records that the filters leave."""
    for filtered in [*charges.by_type(), *charges.by_date(), *charges.together()]:
        total = members(members(filtered.exchange.json).get("pagination")).get("total")
        found = len(items(filtered.exchange))
        right = total == found or (found >= LONGEST_PAGE and isinstance(total, int) and total >= found)
        seen = f"{filtered.words}: the list holds {found} records, the total is {shown(total)}"
        require(right, seen, filtered.exchange)

"""Usage: credits, what runs cost, and the records behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from contract_tests.harness.charges import CREDITS, LONGEST_PAGE, Account, Charges, Filtered, Record
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lives import Life
from contract_tests.harness.money import amount, is_charge, rounding
from contract_tests.harness.own_runs import OwnRuns
from contract_tests.harness.reading import differences, instant, items, members, seconds_between, shown, total
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.session import Session
from generated.contract import SANDBOX_RATES_PER_MINUTE_USD

COUNTED_LATER = "because what is used is counted later"
SLACK_SECONDS = 60
"""How far a server's clock may be from what is known of it."""


@pytest.fixture(name="charges", scope="session")
def _charges(session: Session, own_runs: OwnRuns) -> Charges:
    return Charges(session, own_runs)


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
            require(abs(credits_ - used - remaining) <= 3 * account.rounding_of_credits + 1e-9, seen, exchange)


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
    before = members(members(charges.usage_before.json).get("organization"))
    if any(not differences(shows, before, CREDITS) for shows in (accounts[0].of_credits, accounts[0].of_usage)):
        not_checked(COUNTED_LATER)
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
        if abs(left[0] - balance[0]) <= account.rounding_of_credits + account.rounding_of_balances + 1e-9:
            return
        seen.append((f"{left[0]:g} credits remain, the balance after the newest record is {balance[0]:g}", account))
    if any(one.logs.json != other.logs.json for one, other in pairwise(charges.accounts())):
        not_checked("because others use credits meanwhile")
    require(False, seen[0][0], seen[0][1].logs)


def newest(account: Account) -> Record:
    return max(account.records, key=_moment, default={})


def _moment(record: Record) -> datetime:
    return instant(record.get("createdAt")) or datetime.min.replace(tzinfo=UTC)


@rule("usage/charge-uses-credits", source="assumed")
def test_charges_use_credits(charges: Charges) -> None:
    """What runs are charged is used of the credits, and does not remain."""
    account, cost = charges.account, sum(paid(charges))
    before = of(members(members(charges.usage_before.json).get("organization")), *CREDITS)
    after = of(account.of_usage, *CREDITS)
    if not before or not after:
        not_checked("because getUsage does not show the credits")
    if charges.is_counted_later:
        not_checked(COUNTED_LATER)
    seen = f"runs were charged {cost:g}, but usedUsd went from {before[1]:g} to {after[1]:g}"
    slack = 2 * account.rounding_of_credits + len(recorded(charges)) * account.rounding_of_costs
    require(after[1] - before[1] >= cost - slack - 1e-9, seen, account.usage)


@rule("usage/month-counts-runs", source="assumed")
def test_the_month_counts_runs(charges: Charges) -> None:
    """The current month counts the runs that have ended, with their sandboxes' time and cost."""
    account, found = charges.account, recorded(charges)
    before, after = members(members(charges.usage_before.json).get("currentMonth")), account.month
    if len({datetime.fromtimestamp(e.sent_at, UTC).month for e in (charges.usage_before, account.usage)}) > 1:
        not_checked("because a new month began meanwhile")
    if charges.is_counted_later:
        not_checked(COUNTED_LATER)
    seconds = sum(amount(life.sandbox.get("durationSeconds")) or 0 for life, _, _ in found)
    cost = sum(paid(charges))
    grown = [("runsCount", float(len(found)), 0.0), ("sandboxSeconds", seconds, len(found))]
    told = rounding(month.get("sandboxCostUsd") for month in (before, after))
    grown.append(("sandboxCostUsd", cost, 2 * len(found) * account.rounding_of_costs + 2 * told))
    for name, by, slack in grown:
        one, other = amount(before.get(name)), amount(after.get(name))
        if one is None or other is None:
            continue
        seen = f"{len(found)} runs have ended, but {name} went from {one:g} to {other:g} instead of by {by:g} more"
        require(other - one >= by - slack - 1e-9, seen, account.usage)


# Records


def recorded(charges: Charges) -> list[tuple[Life, list[Record], float]]:
    """The own runs that have usage records, with these and what they charge. Ends in `not_checked` without any."""
    found = []
    for life in charges.charged_for():
        records = charges.records_of(life)
        costs = [amount(record.get("costUsd")) for record in records]
        if records and None not in costs:
            found.append((life, records, sum(cost for cost in costs if cost is not None)))
    return found or not_checked("because no usage record names a run that it charges for")


def paid(charges: Charges) -> list[float]:
    """What the own runs were charged, but for what was waived."""
    return [cost for life, records, cost in recorded(charges) if not is_waived(life, records)]


def is_waived(life: Life, records: Sequence[Record]) -> bool:
    return life.sandbox.get("waived") is True or any(record.get("waived") is True for record in records)


@rule("usage/run-is-recorded", source="assumed")
def test_a_run_is_recorded(charges: Charges, session: Session) -> None:
    """A run that has ended after its sandbox was up has a usage record of its own."""
    account = charges.account
    of_sandboxes = [record for record in account.records if record.get("resourceType") == "sandbox"]
    if of_sandboxes and all(record.get("runId") is None for record in of_sandboxes):
        not_checked("because usage records do not name their runs")
    for life in charges.charged_for():
        there = bool(charges.records_of(life)) or total(account.logs) != len(account.records)
        if not there and not session.target.moves_its_clock:
            not_checked("because no usage record came while the suite waited")
        require(there, f"{life.name} has ended after its sandbox was up, but has no usage record", account.logs)


@rule("usage/charge-follows-time-and-size", source="guide")
def test_a_charge_follows_time_and_size(charges: Charges) -> None:
    """A run is charged once for its sandbox's time at the documented rate of its size, to the second at the least and
    by minutes begun at the most.
    """
    account = charges.account
    for life, records, cost in recorded(charges):
        seconds = amount(life.sandbox.get("durationSeconds")) or 0.0
        rate = SANDBOX_RATES_PER_MINUTE_USD[life.template["size"]]
        seen = f"the sandbox of {life.name} was up {seconds:g} seconds at {rate} a minute; charged are {cost:g}"
        right = is_waived(life, records) or is_charge(cost, seconds, rate, len(records) * account.rounding_of_costs)
        require(right, seen, account.logs)


@rule("usage/charge-agrees-with-the-run", source="reference")
def test_a_charge_agrees_with_its_run(charges: Charges) -> None:
    """The usage records of a run charge what the run itself says that its sandbox cost."""
    account = charges.account
    of_runs = rounding(life.sandbox.get("costUsd") for life, _, _ in recorded(charges))
    for life, records, cost in recorded(charges):
        of_run = amount(life.sandbox.get("costUsd"))
        if of_run is None or is_waived(life, records):
            continue
        seen = f"{life.name} says that its sandbox cost {of_run:g}; {len(records)} record(s) charge {cost:g} for it"
        slack = of_runs + len(records) * account.rounding_of_costs
        require(abs(cost - of_run) <= slack + 1e-9, seen, account.logs)


@rule("usage/record-describes-its-run", source="reference")
def test_a_record_describes_its_run(charges: Charges) -> None:
    """Where the usage record of a run shows a rate and a template, they are those of the run."""
    account = charges.account
    for life, records, _ in recorded(charges):
        rate = SANDBOX_RATES_PER_MINUTE_USD[life.template["size"]]
        for record in records:
            metadata = members(record.get("metadata"))
            for name, right in (("templateId", life.template["id"]), ("templateSlug", life.template["slug"])):
                seen = f"the record of {life.name} has {name} {shown(metadata.get(name))}, not {right}"
                require(metadata.get(name) in (None, right), seen, account.logs)
            value = amount(record.get("ratePerMinuteUsd"))
            seen = f"the record of {life.name}, of size {life.template['size']}, has the rate {value}, not {rate}"
            require(value is None or abs(value - rate) < 1e-9, seen, account.logs)


@rule("usage/record-is-of-its-time", source="reference")
def test_a_record_is_of_its_time(charges: Charges) -> None:
    """The usage record of a run was made after the run began, and not in the time to come."""
    account = charges.account
    for life, records, _ in recorded(charges):
        for record in records:
            made = instant(record.get("createdAt"))
            if made is None:
                continue  # the schema speaks of that
            after = life.created.sent_at - SLACK_SECONDS <= made.timestamp()
            before = made.timestamp() <= account.logs.received_at + SLACK_SECONDS
            seen = f"the record of {life.name} says createdAt {shown(record.get('createdAt'))}"
            require(after and before, f"{seen}, which is not between the run's begin and now", account.logs)


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
        slack = account.rounding_of_costs + rate / 60 + 1e-9
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
        slack = 2 * account.rounding_of_balances + account.rounding_of_costs
        require(abs(right - after) <= slack + 1e-9, seen, account.logs)
    if not checked:
        not_checked("because there are no sandbox records")


@rule("usage/balances-chain", source="reference")
def test_balances_chain(charges: Charges) -> None:
    """Each usage record begins with the balance that the record before it has left."""
    account = charges.account
    slack = 2 * account.rounding_of_balances + 1e-9
    records = [record for record in account.records if of(record, "balanceBeforeUsd", "balanceAfterUsd")]
    if len(records) < 2:
        not_checked("because there are fewer than two usage records")
    groups: dict[Any, list[Record]] = {}
    for record in sorted(records, key=_moment, reverse=True):
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


def selects(charges: Charges, filtered: Filtered) -> None:
    """Hold the current rule to a list that holds what its filters select, and nothing else."""
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


@pytest.mark.parametrize("both", [True, False], ids=["both", "alone"])
@rule("usage/filter-dates", source="reference")
def test_filter_by_dates(charges: Charges, both: bool) -> None:
    """Filtered by startDate or endDate, the records are those after the one and before the other and no others."""
    selects(charges, charges.by_date() if both else charges.after())


@rule("usage/filters-together", source="reference")
def test_filters_together(charges: Charges) -> None:
    """Several filters leave the records that each of them selects."""
    selects(charges, charges.together())


@pytest.mark.parametrize("together", [True, False], ids=["with others", "alone"])
@rule("usage/filter-resource-type", source="reference")
def test_filter_by_resource_type(charges: Charges, together: bool) -> None:
    """Filtered by resourceType, the records are those of the type and no others."""
    selects(charges, charges.together() if together else charges.by_type())


@rule("usage/total-follows-filters", source="overview")
def test_the_total_follows_filters(charges: Charges) -> None:
    """pagination.total counts the records that the filters leave."""
    for filtered in (charges.by_date(), charges.together()):
        count, found = total(filtered.exchange), len(items(filtered.exchange))
        right = count == found or (found >= LONGEST_PAGE and isinstance(count, int) and count >= found)
        seen = f"{filtered.words}: the list holds {found} records, the total is {shown(count)}"
        require(right, seen, filtered.exchange)

"""The logs of a run: what is in them, in what order, and how they are filtered.

How they are paged is for `test_pagination.py` too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from contract_tests.harness.own_runs import MOST_LOGS, PART, PART_OF_CATEGORY, Logs, OwnRuns
from contract_tests.harness.reading import alike, answered, instant, items, seconds_between
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.run_lists import total

Record = Mapping[str, Any]
SLACK_SECONDS = 60
"""How far a server's clock may be from what is known of it."""


def records(logs: Logs) -> list[Record]:
    """All records of the run. Ends in `not_checked` when there are none, or too many for one page."""
    found = items(logs.all)
    if not found:
        not_checked("because the run has no log records")
    count = total(logs.all)
    if isinstance(count, int) and count > MOST_LOGS:
        not_checked(f"because the run has more than {MOST_LOGS} log records")
    return found


def same(one: Sequence[Record], other: Sequence[Record]) -> bool:
    return len(one) == len(other) and all(map(alike, one, other))


@rule("runs/logs-tell-of-the-run", source="assumed")
def test_logs_tell_of_the_run(own_runs: OwnRuns) -> None:
    """A run that came to its end has log records, each of them once."""
    logs = own_runs.logs()
    require(logs.all.succeeded, f"the logs cannot be read: {answered(logs.all)}", logs.all)
    found = [str(record.get("id")) for record in items(logs.all)]
    require(found, "the run has ended, but has no log records", logs.all)
    twice = sorted({name for name in found if found.count(name) > 1})
    require(not twice, f"in the logs more than once: {', '.join(twice[:3])}", logs.all)


@rule("runs/logs-are-of-their-time", source="reference")
def test_logs_are_of_their_time(own_runs: OwnRuns) -> None:
    """A log record is of a time between the creation of its run and now."""
    logs, life = own_runs.logs(), own_runs.followed()
    for record in records(logs):
        moment = instant(record.get("timestamp"))
        if moment is not None:
            after = life.created.sent_at - SLACK_SECONDS <= moment.timestamp()
            before = moment.timestamp() <= logs.all.received_at + SLACK_SECONDS
            seen = f"a record says {record.get('timestamp')}, which is not between the run's creation and now"
            require(after and before, seen, logs.all)


@rule("runs/logs-only-grow", source="assumed")
def test_logs_only_grow(own_runs: OwnRuns) -> None:
    """What the logs showed while the run was active is still there after its end, in its place; new records follow."""
    early, late = items(own_runs.story().early_logs), records(own_runs.logs())
    if not early:
        not_checked("because the run had no log records before its end")
    seen = f"{len(early)} records before the end are not the first of {len(late)} after it"
    require(same(early, late[: len(early)]), seen, own_runs.logs().all)


@rule("runs/logs-oldest-first", source="assumed")
def test_logs_are_oldest_first(own_runs: OwnRuns) -> None:
    """The records of the logs come in the order of their timestamps, the oldest first."""
    logs = own_runs.logs()
    for one, other in pairwise(records(logs)):
        apart = seconds_between(one.get("timestamp"), other.get("timestamp"))
        seen = f"{other.get('timestamp')} comes after {one.get('timestamp')}"
        require(apart is None or apart >= 0, seen, logs.all)


@rule("runs/logs-of-a-category", source="reference")
def test_logs_of_a_category(own_runs: OwnRuns) -> None:
    """Filtered by category, the logs hold the records of that category, all of them and no others, and total counts
    them; of a category that no record has, none.
    """
    logs = own_runs.logs()
    everything = records(logs)
    for exchange, category in ((logs.of_category, logs.category), (logs.of_other_category, logs.other_category)):
        right = [record for record in everything if record.get("category") == category]
        seen = f"of category {category} there are {len(right)} records, the filter leaves {len(items(exchange))}"
        require(exchange.succeeded and same(items(exchange), right), seen, exchange)
        seen = f"of category {category} there are {len(right)} records, the total is {total(exchange)}"
        require(total(exchange) == len(right), seen, exchange)


@rule("runs/logs-filter-before-they-page", source="reference")
def test_logs_are_filtered_before_they_are_paged(own_runs: OwnRuns) -> None:
    """Limit and offset count the records that the filter leaves."""
    logs = own_runs.logs()
    everything, exchange = records(logs), logs.part_of_category
    right = [record for record in everything if record.get("category") == logs.category]
    start, limit = PART_OF_CATEGORY["offset"], PART_OF_CATEGORY["limit"]
    seen = f"{limit} records of category {logs.category} after the first {start} are not those of the whole list"
    require(same(items(exchange), right[start : start + limit]), seen, exchange)
    require(total(exchange) == len(right), f"the total is {total(exchange)}, not {len(right)}", exchange)


@rule("runs/logs-page-by-offset", source="reference")
def test_logs_are_paged_by_offset(own_runs: OwnRuns) -> None:
    """A page of the logs holds the records from its offset on, and the total of all."""
    logs = own_runs.logs()
    everything, exchange = records(logs), logs.part
    start, limit = PART["offset"], PART["limit"]
    seen = f"{limit} records after the first {start} are not those of the whole list"
    require(same(items(exchange), everything[start : start + limit]), seen, exchange)
    require(total(exchange) == len(everything), f"the total is {total(exchange)}, not {len(everything)}", exchange)


@rule("runs/logs-are-its-own", source="reference")
def test_logs_are_of_one_run(own_runs: OwnRuns) -> None:
    """The logs of a run hold no record of another run, and each run has its own, however it ended."""
    logs = own_runs.logs()
    require(logs.other_run.succeeded, f"a run's logs are answered {answered(logs.other_run)}", logs.other_run)
    other = items(logs.other_run)
    shared = [record for record in records(logs) if any(alike(record, one) for one in other)]
    require(not shared, f"{len(shared)} records are in the logs of two runs", logs.other_run)

"""The logs of a run: what is in them, in what order, and how they are filtered.

How they are paged is for `test_pagination.py` too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.own_runs import MOST_LOGS, Logs, OwnRuns
from contract_tests.harness.reading import alike, answered, instant, items, seconds_between, shown, total
from contract_tests.harness.rules import not_checked, require, rule

Record = Mapping[str, Any]
SLACK_SECONDS = 60
"""How far a server's clock may be from what is known of it."""
OF_ALL_PARTS = pytest.mark.parametrize("parts", ["few", "many"], indirect=True)


@pytest.fixture(name="parts")
def _parts(own_runs: OwnRuns, request: pytest.FixtureRequest) -> Sequence[Exchange]:
    """Parts of the logs: what tells most, and later all."""
    few = [own_runs.logs().part_of_category]
    if request.param == "few":
        return few
    more = own_runs.more_logs()
    return [*few, more.part, more.of_category, more.of_other_category]


def records(logs: Logs) -> list[Record]:
    """All records of the run. Ends in `not_checked` when there are none, or too many for one page."""
    found, count = items(logs.all), total(logs.all)
    if not found:
        not_checked("because the run has no log records")
    if isinstance(count, int) and count > len(found):
        not_checked(f"because the run has more than {len(found)} log records")
    return found


def same(one: Sequence[Record], other: Sequence[Record]) -> bool:
    return len(one) == len(other) and all(map(alike, one, other))


@rule("runs/logs-tell-of-the-run", source="assumed")
def test_logs_tell_of_the_run(own_runs: OwnRuns) -> None:
    """A run that came to its end has log records."""
    logs = own_runs.logs()
    require(logs.all.succeeded, f"the logs cannot be read: {answered(logs.all)}", logs.all)
    require(items(logs.all), "the run has ended, but has no log records", logs.all)


@rule("runs/log-ids-differ", source="reference")
def test_log_ids_differ(own_runs: OwnRuns) -> None:
    """Each log record of a run has an id of its own, and is in the logs once."""
    logs = own_runs.logs()
    found = [str(record.get("id")) for record in records(logs)]
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
    before, late = own_runs.story().early_logs, records(own_runs.logs())
    early = items(before) if before is not None else []
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


def selected(own_runs: OwnRuns, part: Exchange) -> list[Record]:
    """The records that a part is of, as its category leaves them."""
    category = part.request.query.get("category")
    return [record for record in records(own_runs.logs()) if category in (None, record.get("category"))]


def holds(own_runs: OwnRuns, part: Exchange) -> None:
    """Hold the current rule to a part of the logs that holds what was asked for, and counts what it is of."""
    query, of = part.request.query, selected(own_runs, part)
    asked = " and ".join(f"{name}={value}" for name, value in query.items())
    start = int(query.get("offset", 0))
    right = of[start : start + int(query.get("limit", len(of)))]
    seen = f"{asked}: {len(items(part))} records, which are not the {len(right)} that the whole logs show there"
    require(part.succeeded and same(items(part), right), seen, part)
    require(total(part) == len(of), f"{asked}: of {len(of)} records, the total is {shown(total(part))}", part)


@OF_ALL_PARTS
@rule("runs/logs-of-a-category", source="reference")
def test_logs_of_a_category(own_runs: OwnRuns, parts: Sequence[Exchange]) -> None:
    """Filtered by category, the logs hold the records of that category, all of them and no others, and total counts
    them; of a category that no record has, none.
    """
    for part in parts:
        if "category" in part.request.query:
            holds(own_runs, part)


@OF_ALL_PARTS
@rule("runs/logs-page-by-offset", source="reference")
def test_logs_are_paged_by_offset(own_runs: OwnRuns, parts: Sequence[Exchange]) -> None:
    """A page of the logs holds the records from its offset on, as many as its limit, of those that the filter leaves,
    and the total of these.
    """
    logs = own_runs.logs().all
    held, count = len(items(logs)), total(logs)
    right = not isinstance(count, int) or held == min(count, MOST_LOGS)
    require(right, f"of {shown(count)} records the page of {MOST_LOGS} holds {held}", logs)
    for part in parts:
        if "offset" in part.request.query:
            holds(own_runs, part)


@rule("runs/logs-are-its-own", source="reference")
def test_logs_are_of_one_run(own_runs: OwnRuns) -> None:
    """The logs of a run hold no record of another run, and each run has its own, however it ended."""
    logs = own_runs.more_logs()
    require(logs.other_run.succeeded, f"a run's logs are answered {answered(logs.other_run)}", logs.other_run)
    other = items(logs.other_run)
    shared = [record for record in records(own_runs.logs()) if any(alike(record, one) for one in other)]
    require(not shared, f"{len(shared)} records are in the logs of two runs", logs.other_run)

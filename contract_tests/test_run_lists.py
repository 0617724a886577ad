"""Lists of runs: that they show the runs as they are, and that filters and sorts do what they say.

How lists are paged is for `test_pagination.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lifecycle import ACTIVE, ENDED
from contract_tests.harness.lives import outputs_of
from contract_tests.harness.money import amount, same
from contract_tests.harness.own_runs import LONGEST_PAGE, OwnRuns
from contract_tests.harness.reading import differences, instant, items, listed, members, shown, total
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.run_lists import Lists, Run, Selection, names

ALWAYS_SHOWN = ("id", "repo", "prompt", "model", "status", "templateSlug", "createdAt")
WHERE_SHOWN = ("branch", "failReason", "completedAt")


@pytest.fixture(name="lists", params=["few", "many"])
def _lists(own_runs: OwnRuns, request: pytest.FixtureRequest) -> Lists:
    """The lists that tell most, and later all of them."""
    return Lists(own_runs, is_brief=request.param == "few")


def selects(lists: Lists, selections: Sequence[Selection]) -> None:
    """Hold the current rule to lists that hold what their filters select, and nothing else."""
    for selection in selections:
        exchange, words = selection.exchange, selection.words
        require(exchange.succeeded, f"{words}: the list answers {exchange.status}", exchange)
        found = items(exchange)
        strange = [item for item in found if not selection.selects(item)]
        require(not strange, f"{words}: {len(strange)} of {len(found)} runs are not of these", exchange)
        right = [run for run in lists.ours() if selection.selects(run)]
        missing = [run for run in right if run.get("id") not in names(found)]
        full = selection.is_full and (selection.limit < LONGEST_PAGE or not selection.is_of_ours)
        require(full or not missing, f"{words}: {len(missing)} of {len(right)} runs are missing", exchange)
        if selection.is_of_ours:
            twice = len(found) - min(len(right), selection.limit)
            require(not twice, f"{words}: the list holds {len(found)} runs, not {len(right)}", exchange)
            seen = f"{words}: {len(right)} runs are of these, the total is {shown(total(exchange))}"
            require(total(exchange) == len(right), seen, exchange)


# What lists show


@rule("runs/list-agrees-with-reading", source="reference")
def test_the_list_agrees_with_reading(lists: Lists) -> None:
    """A list shows each run as it is read alone, in every member that it shows."""
    exchange = lists.of_ours()
    costs = [[cost(shows) for shows in runs] for runs in (items(exchange), lists.ours())]
    for run in lists.ours():
        item = next((item for item in items(exchange) if item.get("id") == run.get("id")), None)
        require(item is not None, f"{run.get('id')} can be read, but is not in the list", exchange)
        found = differences(item or {}, run, ALWAYS_SHOWN)
        found += differences(item or {}, run, [name for name in WHERE_SHOWN if (item or {}).get(name) is not None])
        require(not found, f"the list and getRun disagree on {run.get('id')}: {listed(found)}", exchange)
        one, other = cost(item or {}), cost(run)
        seen = f"the list says that {run.get('id')} cost {shown(one)}, getRun says {shown(other)}"
        agree = one is None or (other is not None and same(one, other, *costs))
        require(agree, seen, exchange)


def shows_the_outputs(lists: Lists, exchange: Exchange) -> None:
    """Hold the current rule to a list that shows the outputs of our runs as reading shows them."""
    for item in items(exchange):
        run = next((run for run in lists.ours() if run.get("id") == item.get("id")), None)
        if run is None:
            continue
        one, other = outputs_of(item), outputs_of(run)
        seen = f"the list shows {len(one)} outputs of {run.get('id')}, getRun {len(other)}"
        require(len(one) == len(other), seen, exchange)
        for short, whole in zip(one, other, strict=True):
            found = differences(short, whole, sorted({*short, *whole} - {"content"}))
            require(not found, f"the list and getRun disagree on an output: {listed(found)}", exchange)


@rule("runs/list-shows-the-outputs", source="reference")
def test_the_list_shows_the_outputs(lists: Lists) -> None:
    """A list shows the outputs of a run that reading it alone shows, all members but the content of texts."""
    shows_the_outputs(lists, lists.of_ours())


@rule("runs/filtered-list-shows-the-outputs", source="reference")
def test_filtered_lists_show_the_outputs(lists: Lists) -> None:
    """So does a list with filters: it selects runs, and shows all outputs of each."""
    for selection in lists.all_selections():
        shows_the_outputs(lists, selection.exchange)


@rule("runs/list-leaves-out-content", source="reference")
def test_lists_leave_out_content(lists: Lists) -> None:
    """Lists show text outputs without their content."""
    texts = [
        (selection.exchange, output)
        for selection in lists.all_selections()
        for item in items(selection.exchange)
        for output in outputs_of(item)
        if output.get("type") == "text"
    ]
    if not texts:
        not_checked("because no run in the lists has written a text")
    for exchange, output in texts:
        require("content" not in output, "a list shows the content of a text output", exchange)


@rule("runs/active-count", source="reference")
def test_the_active_count(own_runs: OwnRuns) -> None:
    """meta.activeCount counts the runs that are pending or running, those that were asked to stop among them."""
    exchange = own_runs.story().active
    count = members(members(exchange.json).get("meta")).get("activeCount")
    active = [item for item in items(exchange) if item.get("status") in ACTIVE]
    if len(active) >= LONGEST_PAGE:
        not_checked("because too many runs are active")
    seen = f"{len(active)} runs are pending or running, activeCount is {shown(count)}"
    require(count == len(active), seen, exchange)


@rule("runs/meta-is-of-all-runs", source="reference")
def test_meta_is_of_all_runs(own_runs: OwnRuns) -> None:
    """The meta of a list speaks of all runs of the organization, whatever the filters leave of the list."""
    story = own_runs.story()
    wide, narrow = (members(members(exchange.json).get("meta")) for exchange in (story.active, story.narrowed))
    one, other = wide.get("activeCount"), narrow.get("activeCount")
    require(one == other, f"filters make activeCount {shown(other)} of {shown(one)}", story.narrowed)
    require(narrow.get("hasEverRun") is True, "filters that leave no run make hasEverRun false", story.narrowed)


@rule("runs/has-ever-run", source="reference")
def test_has_ever_run(own_runs: OwnRuns) -> None:
    """meta.hasEverRun is true of an organization that has had a run, and false of one that never had."""
    story = own_runs.story()
    for exchange in (story.active, own_runs.list_of_ours()):
        has = members(members(exchange.json).get("meta")).get("hasEverRun")
        require(has is True, "the organization has runs, but hasEverRun is not true", exchange)
    others = story.of_others
    count = total(others) if others is not None else None
    if others is not None and isinstance(count, int):
        has = members(members(others.json).get("meta")).get("hasEverRun")
        require(has is (count > 0), f"an organization with {count} runs has hasEverRun {shown(has)}", others)


# Filters


@rule("runs/filter-status", source="reference")
def test_filter_by_status(lists: Lists) -> None:
    """Filtered by status, a list holds all runs in one of the states and no others."""
    selects(lists, lists.by_status())


@rule("runs/filter-search", source="reference")
def test_filter_by_search(lists: Lists) -> None:
    """Filtered by search, a list holds all runs whose prompt has the text in it and no others."""
    selects(lists, lists.by_search())


@rule("runs/filter-template", source="reference")
def test_filter_by_template(lists: Lists) -> None:
    """Filtered by template, a list holds all runs of the template with this slug and no others."""
    selects(lists, lists.by_template())


@rule("runs/filter-model", source="reference")
def test_filter_by_model(lists: Lists) -> None:
    """Filtered by model, a list holds all runs of the model and no others."""
    selects(lists, lists.by_model())


@rule("runs/filter-output-types", source="reference")
def test_filter_by_output_types(lists: Lists) -> None:
    """Filtered by outputTypes, a list holds all runs with an output of one of the types and no others."""
    selects(lists, lists.by_output_types())


@rule("runs/filters-together", source="reference")
def test_filters_together(lists: Lists, own_runs: OwnRuns) -> None:
    """Several filters leave the runs that each of them selects."""
    selects(lists, lists.together())
    narrowed = own_runs.story().narrowed
    require(not items(narrowed), f"{len(items(narrowed))} runs fit filters that none does", narrowed)


@rule("runs/total-follows-filters", source="overview")
def test_the_total_follows_filters(lists: Lists) -> None:
    """pagination.total counts the runs that the filters leave."""
    for selection in lists.all_selections():
        count, found = total(selection.exchange), len(items(selection.exchange))
        right = count == found or (selection.is_full and isinstance(count, int) and count >= found)
        require(
            right, f"{selection.words}: the list holds {found} runs, the total is {shown(count)}", selection.exchange
        )


# Sorts


def follow(runs: Sequence[Run], member: Callable[[Run], Any], *, descending: bool) -> str | None:
    """What is out of order, if anything; runs without the value may stand anywhere."""
    values = [value for value in map(member, runs) if value is not None]
    for one, other in pairwise(values):
        if one < other if descending else one > other:
            return f"{other} comes after {one}"
    return None


def created(run: Run) -> Any:
    return instant(run.get("createdAt"))


def cost(run: Run) -> float | None:
    return amount(members(run.get("usage")).get("totalCostUsd"))


def is_the_top(lists: Lists, exchange: Exchange, member: Callable[[Run], Any], *, descending: bool) -> None:
    """Hold the current rule to a short page that holds the first of our runs: none that it leaves out comes before."""
    found = names(items(exchange))
    on_page = [member(run) for run in lists.ours() if run.get("id") in found and member(run) is not None]
    left_out = [member(run) for run in lists.ours() if run.get("id") not in found and member(run) is not None]
    for value in left_out:
        before = [other for other in on_page if (other < value if descending else other > value)]
        require(not before, f"the first page holds {before[0] if before else ''}, but not {value}", exchange)


def distinct(lists: Lists, member: Callable[[Run], Any], what: str) -> None:
    values = {member(run) for run in lists.ours() if member(run) is not None}
    if len(values) < 2:
        not_checked(f"because the runs do not differ in {what}")


@rule("runs/newest-first", source="reference")
def test_newest_first(lists: Lists, own_runs: OwnRuns) -> None:
    """A list that is not told otherwise shows the newest runs first."""
    distinct(lists, created, "their time of creation")
    seen = [own_runs.story().active, *(selection.exchange for selection in lists.all_selections())]
    for exchange in (one for one in seen if not {"sortBy", "order"} & one.request.query.keys()):
        wrong = follow(items(exchange), created, descending=True)
        require(wrong is None, f"not told how to sort, {wrong}", exchange)


@rule("runs/sort-by-created-at", source="reference")
def test_sort_by_created_at(lists: Lists) -> None:
    """Sorted by createdAt, runs come from the newest to the oldest or, ascending, from the oldest to the newest."""
    distinct(lists, created, "their time of creation")
    ascending = lists.of_ours()
    require(set(names(items(ascending))) == set(names(lists.ours())), "sorted, the list holds other runs", ascending)
    wrong = follow(items(ascending), created, descending=False)
    require(wrong is None, f"ascending: {wrong}", ascending)
    for order in lists.orders:
        short = lists.with_word(status=",".join(ENDED), sortBy="createdAt", order=order, limit=2)
        wrong = follow(items(short), created, descending=order == "desc")
        require(wrong is None, f"{order}: {wrong}", short)
        is_the_top(lists, short, created, descending=order == "desc")


@rule("runs/sort-by-cost", source="reference")
def test_sort_by_cost(lists: Lists) -> None:
    """Sorted by costUsd, runs come from the dearest to the cheapest or, ascending, from the cheapest to the dearest."""
    distinct(lists, cost, "their cost")
    ours = {str(run.get("id")): run for run in lists.ours()}

    def follows(exchange: Exchange, *, descending: bool) -> None:
        wrong = follow([ours[name] for name in names(items(exchange)) if name in ours], cost, descending=descending)
        require(wrong is None, f"{'descending' if descending else 'ascending'}: {wrong}", exchange)

    for selection in lists.by_model():
        if selection.query.get("sortBy") == "costUsd":
            follows(selection.exchange, descending=True)  # as by default
    for order in lists.orders:
        short = lists.with_word(status=",".join(ENDED), sortBy="costUsd", order=order, limit=2)
        follows(short, descending=order == "desc")
        is_the_top(lists, short, cost, descending=order == "desc")

"""What can go wrong with the list of runs: its filters, its order, its meta, what it shows of each run?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from mock_server import runs
from mock_server.altered import Alteration, Bench, Exchange, current, drop_member, map_member, set_member
from mock_server.calls import Answer, Call, Handler
from mock_server.faults.registry import add, fault
from mock_server.runs import Run

FILTERS = {
    "status": "runs/filter-status",
    "search": "runs/filter-search",
    "template": "runs/filter-template",
    "model": "runs/filter-model",
    "outputTypes": "runs/filter-output-types",
}
"""The filters of listRuns and the suite's rules of them."""


def _asking(mock: Bench, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The list is asked for with another query."""
    mock.handle("listRuns", lambda call, inner: inner(replace(call, query={**call.query, **change(dict(call.query))})))


def _ignoring(name: str) -> Alteration:
    return lambda mock: _asking(mock, lambda query: {name: None})


for _name, _rule in FILTERS.items():
    add(
        f"{_name.lower()}-filter-is-ignored",
        f"listRuns: {_name} selects runs.",
        _ignoring(_name),
        (_rule,),
        "reference",
    )


@fault("runs/filter-status", source="reference")
def only_the_first_status_is_filtered_by(mock: Bench) -> None:
    """listRuns: status may be several, separated by commas: each of them selects."""
    _asking(mock, lambda query: {"status": query["status"] and query["status"][:1]})


@fault("runs/filter-output-types", source="reference")
def several_output_types_select_nothing(mock: Bench) -> None:
    """listRuns: outputTypes may be several, separated by commas: each of them selects."""

    def handle(call: Call, inner: Handler) -> Answer:
        several = len(call.query["outputTypes"] or ()) > 1
        return inner(replace(call, organization=replace(call.organization, runs={})) if several else call)

    mock.handle("listRuns", handle)


@fault("runs/filter-search", source="reference")
def searches_find_only_beginnings(mock: Bench) -> None:
    """listRuns: search finds its text anywhere in the prompt."""

    def handle(call: Call, inner: Handler) -> Answer:
        text = call.query["search"]
        kept = dict(call.organization.runs)
        for run in list(kept.values()):
            if text is not None and not run.prompt.startswith(text):
                del kept[run.id]
        return inner(replace(call, organization=replace(call.organization, runs=kept)))

    mock.handle("listRuns", handle)


@fault("runs/filters-together", source="reference")
def filters_are_alternatives(mock: Bench) -> None:
    """listRuns: several filters select the runs that each of them selects."""

    def handle(call: Call, inner: Handler) -> Answer:
        given = [name for name in FILTERS if call.query[name] is not None]
        if len(given) < 2:
            return inner(call)
        kept = {}
        for name in given:
            query = {**call.query, **dict.fromkeys(FILTERS), name: call.query[name], "page": 1, "limit": 10**6}
            for item in orjson.loads(orjson.dumps(inner(replace(call, query=query)).body["data"])):
                kept[item["id"]] = call.organization.runs[item["id"]]
        return inner(
            replace(
                call,
                organization=replace(call.organization, runs=kept),
                query={**call.query, **dict.fromkeys(FILTERS)},
            )
        )

    mock.handle("listRuns", handle)


@fault("runs/newest-first", source="reference")
def runs_are_listed_oldest_first(mock: Bench) -> None:
    """listRuns: order is desc by default: the newest run comes first."""
    mock.own_parameter_schema("listRuns", "order")["default"] = "asc"


@fault("runs/sort-by-created-at", source="reference")
def order_is_ignored(mock: Bench) -> None:
    """listRuns: order asc shows the oldest first."""
    _asking(mock, lambda query: {"order": "desc"})


@fault("runs/sort-by-cost", source="reference")
def sort_by_cost_is_ignored(mock: Bench) -> None:
    """listRuns: sortBy costUsd sorts by cost."""
    _asking(mock, lambda query: {"sortBy": "createdAt"})


@fault("runs/sort-by-cost", source="reference")
def costs_are_always_ascending(mock: Bench) -> None:
    """listRuns: order holds for sortBy costUsd too."""
    _asking(mock, lambda query: {"order": "asc"} if query["sortBy"] == "costUsd" else {})


def _meta(mock: Bench, member: str, change: Callable[[Call, Any], Any]) -> None:
    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        meta = answer.body["meta"]
        return Answer(200, {**answer.body, "meta": {**meta, member: change(call, meta[member])}})

    mock.handle("listRuns", handle)


@fault("runs/active-count", "concurrency/active-count-agrees", source="reference")
def active_count_is_of_running_runs(mock: Bench) -> None:
    """meta.activeCount counts pending runs too."""
    _meta(
        mock,
        "activeCount",
        lambda call, count: sum(run.status == "running" for run in call.organization.active_runs.values()),
    )


@fault("runs/active-count", "concurrency/active-count-agrees", source="reference")
def active_count_is_of_all_runs(mock: Bench) -> None:
    """meta.activeCount counts no run that has ended."""
    _meta(mock, "activeCount", lambda call, count: len(call.organization.runs))


@fault("runs/meta-is-of-all-runs", source="reference")
def active_count_follows_the_filters(mock: Bench) -> None:
    """meta speaks of all runs of the organization, whatever the filters leave."""

    def count(call: Call, count: int) -> int:
        query = {**call.query, "page": 1, "limit": 10**6}
        listed = orjson.loads(orjson.dumps(runs.list_runs(replace(call, query=query)).body["data"]))
        return sum(run["status"] in ("pending", "running") for run in listed)

    _meta(mock, "activeCount", count)


@fault("runs/has-ever-run", source="reference")
def has_ever_run_is_always_true(mock: Bench) -> None:
    """meta.hasEverRun is false before the first run."""
    _meta(mock, "hasEverRun", lambda call, has: True)


@fault("runs/has-ever-run", "runs/meta-is-of-all-runs", source="reference")
def has_ever_run_means_active(mock: Bench) -> None:
    """meta.hasEverRun is true for good once there was a run."""
    _meta(mock, "hasEverRun", lambda call, has: bool(call.organization.active_runs))


@fault("runs/list-agrees-with-reading", source="reference")
def listed_runs_are_stale(mock: Bench) -> None:
    """A list shows a run in the state that reading it shows."""
    mock.after(
        map_member("data.*.status", lambda status: "running" if status == "completed" else status), ["listRuns"], [200]
    )


@fault("runs/list-agrees-with-reading", source="reference")
def listed_runs_cost_only_their_agent(mock: Bench) -> None:
    """A listed run's totalCostUsd is the one that reading it shows."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        items = orjson.loads(orjson.dumps(answer.body["data"]))
        for item in items:
            usage = call.organization.runs[item["id"]].usage
            if usage is not None:
                item["usage"]["totalCostUsd"] = usage["agent"]["costUsd"]
        return Answer(200, {**answer.body, "data": items})

    mock.handle("listRuns", handle)


@fault("runs/list-shows-the-outputs", source="reference")
def outputs_are_left_out_of_lists(mock: Bench) -> None:
    """A listed run has its outputs, links and names too."""
    mock.after(set_member("data.*.outputs", []), ["listRuns"], [200])


@fault("runs/list-shows-the-outputs", source="reference")
def listed_texts_are_left_out(mock: Bench) -> None:
    """A listed run's text outputs are there, but for their content."""
    mock.after(
        map_member("data.*.outputs", lambda outputs: [each for each in outputs if each["type"] != "text"]),
        ["listRuns"],
        [200],
    )


@fault("responses/body-fits-its-schema", source="reference")
def listed_runs_have_no_template(mock: Bench) -> None:
    """A listed run names its template."""
    mock.after(drop_member("data.*.templateSlug"), ["listRuns"], [200])


@fault("runs/list-agrees-with-reading", "runs/is-what-was-asked", source="reference")
def listed_prompts_are_cut(mock: Bench) -> None:
    """A listed run has its whole prompt."""
    mock.after(map_member("data.*.prompt", lambda prompt: prompt[:20]), ["listRuns"], [200])


@fault("responses/no-server-error", source="reference")
def filters_with_quotes_fail(mock: Bench) -> None:
    """A search may be any text."""

    def change(exchange: Exchange) -> None:
        if set(exchange.parameters.get("search", "")) & set("'%\\"):
            exchange.status, exchange.body = 500, {"type": "INTERNAL_ERROR", "title": "Error", "status": 500}

    mock.after(change, ["listRuns"], [200])


@fault("runs/filter-status", "runs/list-agrees-with-reading", source="reference")
def cancelled_runs_are_not_listed(mock: Bench) -> None:
    """listRuns lists every run, also those that were cancelled."""

    def handle(call: Call, inner: Handler) -> Answer:
        kept = {run.id: run for run in call.organization.runs.values() if run.status != "cancelled"}
        return inner(replace(call, organization=replace(call.organization, runs=kept)))

    mock.handle("listRuns", handle)


def _leaving_out(mock: Bench, one: str, other: str) -> None:
    """With one filter there, another is ignored."""

    def handle(call: Call, inner: Handler) -> Answer:
        both = call.query[one] is not None and call.query[other] is not None
        return inner(replace(call, query={**call.query, other: None}) if both else call)

    mock.handle("listRuns", handle)


@fault("runs/filters-together", source="reference")
def template_is_ignored_with_status(mock: Bench) -> None:
    """listRuns: template selects runs of a status too."""
    _leaving_out(mock, "status", "template")


@fault("runs/filters-together", source="reference")
def output_types_are_ignored_with_model(mock: Bench) -> None:
    """listRuns: outputTypes selects runs of a model too."""
    _leaving_out(mock, "model", "outputTypes")


def _finding(mock: Bench, parameter: str, finds: Callable[[str, Run], bool]) -> None:
    """A filter finds other runs than it should."""

    def handle(call: Call, inner: Handler) -> Answer:
        wanted = call.query[parameter]
        if wanted is None:
            return inner(call)
        found = replace(call.organization)
        found.runs = {name: run for name, run in call.organization.runs.items() if finds(wanted, run)}
        return inner(replace(call, organization=found, query={**call.query, parameter: None}))

    mock.handle("listRuns", handle)


@fault("runs/filter-template", source="reference")
def template_finds_longer_slugs(mock: Bench) -> None:
    """listRuns: template selects the template with this slug, not those whose slugs begin with it."""
    _finding(mock, "template", lambda slug, run: run.template_slug.startswith(slug))


@fault("runs/filter-search", source="reference")
def searches_take_wildcards(mock: Bench) -> None:
    """listRuns: a search is text: _ and % stand for themselves."""

    def finds(search: str, run: Run) -> bool:
        pattern = re.escape(search).replace("%", ".*").replace("_", ".")
        return re.search(pattern, run.prompt, re.IGNORECASE) is not None

    _finding(mock, "search", finds)


@fault("runs/filter-search", source="reference")
def searches_find_any_of_their_words(mock: Bench) -> None:
    """listRuns: a search finds its text as a whole, not any word of it."""
    _finding(
        mock, "search", lambda search, run: any(word in run.prompt.casefold() for word in search.casefold().split())
    )


@fault("runs/filter-status", "runs/filter-output-types", "runs/filters-together", source="reference")
def filters_come_after_paging(mock: Bench) -> None:
    """listRuns: a page is one of the runs that the filters leave."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        if call.query["status"] is None:
            return answer
        unfiltered = inner(replace(call, query={**call.query, "status": None}))
        runs_of_page = [orjson.loads(orjson.dumps(run)) for run in unfiltered.body["data"]]
        left = [run for run in runs_of_page if run["status"] in call.query["status"]]
        return Answer(answer.status, {**answer.body, "data": left})

    mock.handle("listRuns", handle)


@fault("runs/active-count", source="reference")
def active_count_leaves_out_what_is_stopping(mock: Bench) -> None:
    """meta.activeCount counts runs that were asked to stop and have not ended."""

    def handle(call: Call, inner: Handler) -> Answer:
        going = replace(call.organization)
        going.active_runs = {
            name: run for name, run in call.organization.active_runs.items() if run.cancel_requested_at is None
        }
        return inner(replace(call, organization=going))

    mock.handle("listRuns", handle)


def _finding_nothing(mock: Bench, parameter: str, value: str) -> None:
    """A value of a filter selects no run."""

    def handle(call: Call, inner: Handler) -> Answer:
        wanted = call.query[parameter]
        if wanted is None or value not in wanted:
            return inner(call)
        return inner(replace(call, query={**call.query, parameter: [one for one in wanted if one != value]}))

    mock.handle("listRuns", handle)


@fault("runs/filter-status", "runs/active-count", source="reference")
def running_runs_are_not_found(mock: Bench) -> None:
    """listRuns: status running selects running runs."""
    _finding_nothing(mock, "status", "running")


@fault("runs/filter-output-types", source="reference")
def pull_requests_are_not_found(mock: Bench) -> None:
    """listRuns: outputTypes pr selects runs that have opened a pull request."""
    _finding_nothing(mock, "outputTypes", "pr")


@fault("runs/filter-output-types", source="reference")
def branches_are_not_found(mock: Bench) -> None:
    """listRuns: outputTypes branch selects runs that have pushed a branch."""
    _finding_nothing(mock, "outputTypes", "branch")


@fault("runs/filtered-list-shows-the-outputs", source="reference")
def filtered_lists_show_only_some_outputs(mock: Bench) -> None:
    """listRuns: outputTypes selects runs, which are shown with all their outputs."""

    def after(exchange: Exchange) -> None:
        wanted = exchange.parameters.get("outputTypes")
        for run in exchange.items if wanted else ():
            run["outputs"] = [output for output in run["outputs"] if output["type"] in str(wanted).split(",")]

    mock.after(after, ["listRuns"], [200])


@fault("runs/sort-by-cost", source="reference")
def costs_are_ascending_unless_told(mock: Bench) -> None:
    """listRuns: order is desc by default for sortBy costUsd, too."""

    def handle(call: Call, inner: Handler) -> Answer:
        untold = call.query["sortBy"] == "costUsd" and "order" not in current.get().parameters
        return inner(replace(call, query={**call.query, "order": "asc"}) if untold else call)

    mock.handle("listRuns", handle)


@fault("runs/sort-by-created-at", "runs/sort-by-cost", source="reference")
def order_is_ignored_with_status(mock: Bench) -> None:
    """listRuns: order holds for lists with a filter, too."""

    def handle(call: Call, inner: Handler) -> Answer:
        filtered = call.query["status"] is not None
        return inner(replace(call, query={**call.query, "order": "desc"}) if filtered else call)

    mock.handle("listRuns", handle)


@fault("runs/filter-search", source="reference")
def searches_find_repositories(mock: Bench) -> None:
    """listRuns: a search is for text in the prompt, and nowhere else."""
    _finding(mock, "search", lambda search, run: search.casefold() in f"{run.prompt}\n{run.repo}".casefold())


@fault("runs/filter-search", source="reference")
def searches_end_after_a_thousand_characters(mock: Bench) -> None:
    """listRuns: a search looks at the whole prompt."""
    _finding(mock, "search", lambda search, run: search.casefold() in run.prompt.casefold()[:1000])

"""What can go wrong with pages: their arithmetic, their items, their order, the bounds of page, limit and offset?"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from mock_server.altered import Alteration, Bench, Exchange
from mock_server.calls import Answer, Call, Handler
from mock_server.faults.registry import add, fault

PAGED = {
    "listRuns": "runs",
    "listTemplates": "templates",
    "listUsageLogs": "usage-logs",
    "listRepositories": "repositories",
}
"""The lists that are paged by number, and what the suite calls them."""

_EVERYTHING = 10**6


def _page(call: Call, inner: Handler, **query: Any) -> Answer:
    """The page of another query."""
    return inner(replace(call, query={**call.query, **query}))


def _all_items(call: Call, inner: Handler) -> list[Any]:
    return list(_page(call, inner, page=1, limit=_EVERYTHING).body["data"])


def _with_items(answer: Answer, items: Any) -> Answer:
    return Answer(answer.status, {**answer.body, "data": items})


def _with_pagination(answer: Answer, **members: Any) -> Answer:
    return Answer(answer.status, {**answer.body, "pagination": {**answer.body["pagination"], **members}})


def _page_is_ignored(call: Call, inner: Handler) -> Answer:
    answer = _page(call, inner, page=1)
    return _with_pagination(answer, page=call.query["page"])


def _limit_is_ignored(call: Call, inner: Handler) -> Answer:
    answer = _page(call, inner, limit=20)
    total = answer.body["pagination"]["total"]
    return _with_pagination(answer, limit=call.query["limit"], totalPages=-(-total // call.query["limit"]))


def _total_is_of_the_page(call: Call, inner: Handler) -> Answer:
    answer = inner(call)
    return _with_pagination(answer, total=len(answer.body["data"]))


def _total_pages_is_rounded_down(call: Call, inner: Handler) -> Answer:
    answer = inner(call)
    return _with_pagination(answer, totalPages=answer.body["pagination"]["total"] // call.query["limit"])


def _pages_overlap(call: Call, inner: Handler) -> Answer:
    start = (call.query["page"] - 1) * call.query["limit"]
    first = max(0, start - 1)
    return _with_items(inner(call), _all_items(call, inner)[first : first + call.query["limit"]])


def _pages_leave_gaps(call: Call, inner: Handler) -> Answer:
    start = (call.query["page"] - 1) * (call.query["limit"] + 1)
    return _with_items(inner(call), _all_items(call, inner)[start : start + call.query["limit"]])


def _last_page_is_short(call: Call, inner: Handler) -> Answer:
    answer = inner(call)
    whole = answer.body["pagination"]
    is_last = whole["page"] == whole["totalPages"] > 1
    return _with_items(answer, answer.body["data"][:-1] if is_last else answer.body["data"])


def _past_the_end_is_the_last_page(call: Call, inner: Handler) -> Answer:
    answer = inner(call)
    last = answer.body["pagination"]["totalPages"]
    return (
        _with_items(answer, _page(call, inner, page=max(1, last)).body["data"]) if call.query["page"] > last else answer
    )


def _past_the_end_is_not_found(call: Call, inner: Handler) -> Answer:
    answer = inner(call)
    if call.query["page"] > max(1, answer.body["pagination"]["totalPages"]):
        return Answer(404, {"type": "NOT_FOUND", "title": "Resource not found", "status": 404})
    return answer


def _order_is_unstable(mock: Bench, operation_id: str) -> None:
    """Every second answer has two neighbours swapped, as an OFFSET over an unstable order may."""
    numbers = itertools.count()

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        items = list(answer.body["data"])
        if next(numbers) % 2 and len(items) > 1:
            items[0], items[1] = items[1], items[0]
        return _with_items(answer, items)

    mock.handle(operation_id, handle)


def _order_depends_on_limit(call: Call, inner: Handler) -> Answer:
    items = _all_items(call, inner)
    items = Random(call.query["limit"]).sample(items, len(items))
    start = (call.query["page"] - 1) * call.query["limit"]
    return _with_items(inner(call), items[start : start + call.query["limit"]])


_CHANGES: tuple[tuple[str, str, Callable[[Call, Handler], Answer], str], ...] = (
    ("page-is-ignored-for", "A page is the one that was asked for.", _page_is_ignored, "pages-partition-the-list"),
    ("limit-is-ignored-for", "A page holds as many items as limit says.", _limit_is_ignored, "pages-are-full"),
    ("total-is-of-the-page-for", "total counts the whole list.", _total_is_of_the_page, "total-counts-the-list"),
    ("total-pages-rounded-down-for", "totalPages is ceil(total / limit).", _total_pages_is_rounded_down, ""),
    ("pages-overlap-for", "No item is on two pages.", _pages_overlap, "pages-partition-the-list"),
    ("pages-leave-gaps-for", "The pages together hold every item.", _pages_leave_gaps, "pages-partition-the-list"),
    ("last-page-short-for", "The last page holds the rest.", _last_page_is_short, "pages-are-full"),
    (
        "order-depends-on-limit-for",
        "The order is the same whatever the limit.",
        _order_depends_on_limit,
        "order-is-stable",
    ),
)
"""Name, promise, what goes wrong, and what the list's rule is called; none: the one of every page."""


def _handling(operation_id: str, change: Callable[[Call, Handler], Answer]) -> Alteration:
    return lambda mock: mock.handle(operation_id, change)


for _name, _promise, _change, _rule in _CHANGES:
    for _operation_id, _list in PAGED.items():
        add(
            f"{_name}-{_list}",
            f"{_operation_id}: {_promise[0].lower()}{_promise[1:]}",
            _handling(_operation_id, _change),
            (f"pagination/{_list}-{_rule}" if _rule else "pagination/page-agrees-with-itself",),
        )


@fault("pagination/runs-order-is-stable", source="reference")
def order_of_runs_is_unstable(mock: Bench) -> None:
    """listRuns: the same page asked for twice has the same order."""
    _order_is_unstable(mock, "listRuns")


@fault("pagination/repositories-order-is-stable")
def order_of_repositories_is_unstable(mock: Bench) -> None:
    """listRepositories: the same page asked for twice has the same order."""
    _order_is_unstable(mock, "listRepositories")


@fault("pagination/runs-past-the-end-is-empty", source="assumed")
def past_the_end_is_the_last_page(mock: Bench) -> None:
    """A page past the end is empty."""
    for operation_id in PAGED:
        mock.handle(operation_id, _past_the_end_is_the_last_page)


@fault("pagination/runs-past-the-end-is-empty", source="assumed")
def past_the_end_is_not_found(mock: Bench) -> None:
    """A page past the end is a 200."""
    for operation_id in PAGED:
        mock.handle(operation_id, _past_the_end_is_not_found)


@fault("pagination/page-says-what-was-asked-for")
def pages_are_counted_from_zero(mock: Bench) -> None:
    """pagination.page is the page that was asked for."""

    def change(exchange: Exchange) -> None:
        exchange.body["pagination"]["page"] -= 1

    mock.after(change, ["listRuns"], [200])


@fault("pagination/templates-and-repositories-take-page-and-limit", source="assumed")
def limit_comes_back_as_the_default(mock: Bench) -> None:
    """pagination.limit is the limit that was asked for."""

    def change(exchange: Exchange) -> None:
        counts = exchange.body["pagination"]
        counts |= {"limit": 20, "totalPages": -(-counts["total"] // 20)}
        del exchange.items[20:]

    mock.after(change, ["listTemplates"], [200])


@fault("pagination/page-agrees-with-itself")
def pages_have_one_item_too_many(mock: Bench) -> None:
    """A page holds no more items than limit."""

    def handle(call: Call, inner: Handler) -> Answer:
        start = (call.query["page"] - 1) * call.query["limit"]
        return _with_items(inner(call), _all_items(call, inner)[start : start + call.query["limit"] + 1])

    mock.handle("listUsageLogs", handle)


@fault("runs/total-follows-filters", source="reference")
def total_ignores_the_filter(mock: Bench) -> None:
    """listRuns: total counts what the filters select."""
    filters = ("status", "search", "template", "model", "outputTypes")

    def handle(call: Call, inner: Handler) -> Answer:
        everything = _page(call, inner, **dict.fromkeys(filters)).body["pagination"]
        return _with_pagination(inner(call), total=everything["total"], totalPages=everything["totalPages"])

    mock.handle("listRuns", handle)


@fault("usage/total-follows-filters", source="reference")
def total_of_usage_logs_ignores_the_filter(mock: Bench) -> None:
    """listUsageLogs: total counts what the filters select."""

    def handle(call: Call, inner: Handler) -> Answer:
        everything = _page(call, inner, resourceType=None, startDate=None, endDate=None).body["pagination"]
        return _with_pagination(inner(call), total=everything["total"], totalPages=everything["totalPages"])

    mock.handle("listUsageLogs", handle)


@fault("responses/body-fits-its-schema")
def repositories_without_pagination(mock: Bench) -> None:
    """A list's answer has its pagination."""
    mock.after(lambda exchange: exchange.body.pop("pagination"), ["listRepositories"], [200])


@fault("responses/body-fits-its-schema")
def total_pages_missing(mock: Bench) -> None:
    """pagination tells totalPages."""
    mock.after(lambda exchange: exchange.body["pagination"].pop("totalPages"), ["listUsageLogs"], [200])


@fault("webhooks/pagination-is-right-if-there", source="reference")
def webhooks_with_a_wrong_pagination(mock: Bench) -> None:
    """listWebhooks needs no pagination, but one that it has is right."""

    def change(exchange: Exchange) -> None:
        exchange.body["pagination"] = {"page": 1, "limit": 20, "total": 0, "totalPages": 0}

    mock.after(change, ["listWebhooks"], [200])


@fault("webhooks/listed-once-as-created", source="reference")
def webhooks_are_cut_at_ten(mock: Bench) -> None:
    """listWebhooks lists all webhooks."""

    def change(exchange: Exchange) -> None:
        del exchange.body["data"][10:]

    mock.after(change, ["listWebhooks"], [200])


@fault("pagination/run-logs-pages-partition-the-list", "runs/logs-page-by-offset", source="reference")
def log_offset_is_ignored(mock: Bench) -> None:
    """listRunLogs starts at offset."""

    def handle(call: Call, inner: Handler) -> Answer:
        return _with_pagination(_page(call, inner, offset=0), offset=call.query["offset"])

    mock.handle("listRunLogs", handle)


@fault("pagination/run-logs-pages-partition-the-list", "runs/logs-page-by-offset", source="reference")
def log_offset_counts_pages(mock: Bench) -> None:
    """listRunLogs: offset counts records, not pages."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = _page(call, inner, offset=call.query["offset"] * call.query["limit"])
        return _with_pagination(answer, offset=call.query["offset"])

    mock.handle("listRunLogs", handle)


@fault("pagination/run-logs-pages-are-full", "runs/logs-page-by-offset", source="reference")
def log_limit_is_at_most_50(mock: Bench) -> None:
    """listRunLogs: a page holds up to 250 records when asked to."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        return _with_items(answer, answer.body["data"][:50])

    mock.handle("listRunLogs", handle)


@fault("pagination/run-logs-total-counts-the-list", "runs/logs-page-by-offset", source="reference")
def log_total_is_of_the_page(mock: Bench) -> None:
    """listRunLogs: total counts the whole list."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        return _with_pagination(answer, total=len(answer.body["data"]))

    mock.handle("listRunLogs", handle)


@fault("responses/body-fits-its-schema", source="reference")
def logs_are_paged_by_number(mock: Bench) -> None:
    """listRunLogs: pagination has limit, offset and total."""

    def change(exchange: Exchange) -> None:
        exchange.body["pagination"] = {"page": 1, "limit": 50, "total": 1, "totalPages": 1}

    mock.after(change, ["listRunLogs"], [200])


def _lenient_number(mock: Bench, operation_id: str, name: str) -> None:
    """What is no number is taken as if it were not there."""

    def before(exchange: Exchange) -> None:
        parts = exchange.query.split("&")
        exchange.query = "&".join(
            part for part in parts if not part.startswith(f"{name}=") or part.partition("=")[2].lstrip("-").isdigit()
        )

    mock.before(before, [operation_id])


def _clamp(mock: Bench, operation_id: str, given: str, taken: str) -> None:
    """A value out of bounds is taken for the nearest that is allowed."""

    def before(exchange: Exchange) -> None:
        exchange.query = "&".join(taken if part == given else part for part in exchange.query.split("&"))

    mock.before(before, [operation_id])


@fault("requests/assumed-bound-is-kept", source="assumed")
def limit_0_accepted(mock: Bench) -> None:
    """listRuns: limit is at least 1."""
    _clamp(mock, "listRuns", "limit=0", "limit=1")


@fault("requests/assumed-bound-is-kept", source="assumed")
def page_0_of_runs_accepted(mock: Bench) -> None:
    """listRuns: page is at least 1."""
    _clamp(mock, "listRuns", "page=0", "page=1")


@fault("requests/assumed-bound-is-kept", source="assumed")
def page_0_of_templates_accepted(mock: Bench) -> None:
    """listTemplates: page is at least 1."""
    _clamp(mock, "listTemplates", "page=0", "page=1")


@fault("requests/assumed-bound-is-kept", source="assumed")
def log_limit_0_accepted(mock: Bench) -> None:
    """listRunLogs: limit is at least 1."""
    _clamp(mock, "listRunLogs", "limit=0", "limit=1")


@fault("requests/assumed-bound-is-kept", source="assumed")
def log_offset_negative_accepted(mock: Bench) -> None:
    """listRunLogs: offset is at least 0."""
    _clamp(mock, "listRunLogs", "offset=-1", "offset=0")


@fault("requests/assumed-bound-is-kept", source="assumed")
def limit_that_is_no_number_is_ignored(mock: Bench) -> None:
    """listRuns: a limit that is no number is refused."""
    _lenient_number(mock, "listRuns", "limit")


@fault("requests/assumed-bound-is-kept", source="assumed")
def page_that_is_no_number_is_ignored(mock: Bench) -> None:
    """listUsageLogs: a page that is no number is refused."""
    _lenient_number(mock, "listUsageLogs", "page")


@fault("requests/assumed-bound-is-kept", source="assumed")
def large_limits_are_cut(mock: Bench) -> None:
    """listTemplates: a limit beyond the bound is refused, not cut to it."""

    def before(exchange: Exchange) -> None:
        limit = exchange.parameters.get("limit", "")
        if limit.isdigit() and int(limit) > 100:
            exchange.query = exchange.query.replace(f"limit={limit}", "limit=100")

    mock.before(before, ["listTemplates"])


@fault("responses/no-server-error")
def negative_pages_fail(mock: Bench) -> None:
    """A page out of bounds is the client's mistake, not the server's."""

    def after(exchange: Exchange) -> None:
        page = exchange.parameters.get("page", "1")
        if page == "0" or page.startswith("-"):
            exchange.status = exchange.body["status"] = 500
            exchange.body |= {"type": "INTERNAL_ERROR", "title": "An unexpected error occurred"}
            exchange.body.pop("errors", None)

    mock.after(after, ["listRuns", "listTemplates"], [400])

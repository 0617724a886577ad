"""How else may a list be ordered and paged? Its order, its bounds, its end, whether it is paged at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from generated.contract import ProblemCode
from mock_server.altered import Bench, Exchange
from mock_server.calls import Answer, Call, Handler
from mock_server.pagination import offset_page_of, page_of
from mock_server.problems import FieldError, Refusal
from mock_server.variants.registry import variant

_PAGED = ("listRuns", "listTemplates", "listUsageLogs", "listRepositories")
_PAGING = {**dict.fromkeys(_PAGED, ("page", "limit")), "listRunLogs": ("offset", "limit")}
_EVERYTHING = 10**6


@variant
def run_logs_begin_with_the_newest(mock: Bench) -> None:
    """A run's log records come newest first."""

    def handle(call: Call, inner: Handler) -> Answer:
        records = inner(replace(call, query={**call.query, "offset": 0, "limit": _EVERYTHING})).body["data"]
        data, counts = offset_page_of(records[::-1], call.query)
        return Answer(200, {"data": data, "pagination": counts})

    mock.handle("listRunLogs", handle)


@variant
def usage_records_begin_with_the_oldest(mock: Bench) -> None:
    """Usage records come oldest first."""

    def handle(call: Call, inner: Handler) -> Answer:
        records = inner(replace(call, query={**call.query, "page": 1, "limit": _EVERYTHING})).body["data"]
        data, counts = page_of(records[::-1], call.query)
        return Answer(200, {"data": data, "pagination": counts})

    mock.handle("listUsageLogs", handle)


@variant
def pages_out_of_bounds_are_the_nearest(mock: Bench) -> None:
    """A page, limit or offset out of bounds is taken for the nearest that there may be, and told as that."""

    def nearest(call: Call, inner: Handler, bounds: dict[str, tuple[int, int]]) -> Answer:
        query = {name: min(max(call.query[name], least), most) for name, (least, most) in bounds.items()}
        return inner(replace(call, query={**call.query, **query}))

    def handling(bounds: dict[str, tuple[int, int]]) -> Callable[[Call, Handler], Answer]:
        return lambda call, inner: nearest(call, inner, bounds)

    for operation_id, names in _PAGING.items():
        bounds = {}
        for name in names:
            schema = mock.own_parameter_schema(operation_id, name)
            bounds[name] = (schema.pop("minimum"), schema.pop("maximum"))
        mock.handle(operation_id, handling(bounds))


def _past_the_end(mock: Bench, refusal: Callable[[str], Refusal]) -> None:
    def by_page(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        if call.query["page"] > max(1, answer.body["pagination"]["totalPages"]):
            raise refusal("page")
        return answer

    def by_offset(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        if call.query["offset"] > answer.body["pagination"]["total"]:
            raise refusal("offset")
        return answer

    for operation_id in _PAGED:
        mock.handle(operation_id, by_page)
    mock.handle("listRunLogs", by_offset)


@variant
def pages_past_the_end_are_invalid(mock: Bench) -> None:
    """A page past the end is refused with 400."""

    def refusal(name: str) -> Refusal:
        return Refusal(ProblemCode.VALIDATION_FAILED, "Past the end.", (FieldError(name, "Past the end", "too_big"),))

    _past_the_end(mock, refusal)


@variant
def pages_past_the_end_are_not_there(mock: Bench) -> None:
    """A page past the end is answered 404."""
    _past_the_end(mock, lambda name: Refusal(ProblemCode.NOT_FOUND, f"There is no such {name}."))


def _list_all_templates(call: Call, inner: Handler) -> Answer:
    answer = inner(replace(call, query={**call.query, "page": 1, "limit": _EVERYTHING}))
    total = len(answer.body["data"])
    counts = {"page": 1, "limit": max(100, total), "total": total, "totalPages": 1}
    return Answer(200, {**answer.body, "pagination": counts})


@variant
def templates_ignore_page_and_limit(mock: Bench) -> None:
    """The list of templates knows neither page nor limit: it shows all of them."""

    def before(exchange: Exchange) -> None:
        exchange.query = ""

    mock.before(before, ["listTemplates"])
    mock.handle("listTemplates", _list_all_templates)


@variant
def templates_refuse_page_and_limit(mock: Bench) -> None:
    """The list of templates refuses page and limit, which it does not know, and shows all of them."""

    def after(exchange: Exchange) -> None:
        unknown: list[Any] = [
            {"field": name, "message": "Unknown parameter", "code": "unrecognized_keys"} for name in exchange.parameters
        ]
        if unknown:
            exchange.refuse(ProblemCode.VALIDATION_FAILED)
            exchange.body["errors"] = unknown

    mock.handle("listTemplates", _list_all_templates)
    mock.after(after, ["listTemplates"], [200, 400])

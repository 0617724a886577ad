"""What a paged list says of itself, and the rules on every page whatever else is true of the list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.harness.checks import Seen, check
from contract_tests.harness.document import Document
from contract_tests.harness.exchange import Exchange


@dataclass(frozen=True)
class PagedList:
    """A list that is read page by page: by page number, or by offset."""

    operation_id: str
    source: str
    """The source of the sentence that the list is paged."""
    key: str = "id"
    """The member that names an item."""
    by_offset: bool = False
    parameters_are_assumed: bool = False
    """Whether nothing published tells that the list takes page and limit."""


LISTS = {
    "runs": PagedList("listRuns", "overview"),
    "templates": PagedList("listTemplates", "overview", parameters_are_assumed=True),
    "repositories": PagedList("listRepositories", "overview", key="fullName", parameters_are_assumed=True),
    "usage-logs": PagedList("listUsageLogs", "overview"),
    "run-logs": PagedList("listRunLogs", "reference", by_offset=True),
}
BY_OPERATION = {paged.operation_id: paged for paged in LISTS.values()}


@dataclass(frozen=True)
class Page:
    """One page as the server gave it. Members that are missing or of another type are None."""

    exchange: Exchange
    names: tuple[str, ...]
    """What names the items, in their order."""
    pagination: Mapping[str, Any]

    def number(self, member: str) -> int | None:
        value = self.pagination.get(member)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


def page_of(exchange: Exchange, paged: PagedList) -> Page | None:
    """Read a page, None when the answer is none."""
    body = exchange.json
    if not exchange.succeeded or not isinstance(body, dict):
        return None
    data, pagination = body.get("data"), body.get("pagination")
    if not isinstance(data, list) or not isinstance(pagination, dict):
        return None
    names = tuple(str(item.get(paged.key)) if isinstance(item, dict) else "?" for item in data)
    return Page(exchange, names, pagination)


def paging_schemas(document: Document, operation_id: str) -> dict[str, Mapping[str, Any]]:
    """What the document says of the operation's paging parameters."""
    return {
        parameter.name: parameter.schema
        for parameter in document.parameters(operation_id)
        if parameter.name in ("page", "limit", "offset")
    }


def _asked(schema: Mapping[str, Any], given: str | int | None) -> int | None:
    """What a page has to give back: what was asked for, else the default; None for what should have been refused."""
    if given is None:
        return int(schema["default"])
    text = str(given)
    is_number = text.isascii() and text.isdigit()
    return int(text) if is_number and schema["minimum"] <= int(text) <= schema["maximum"] else None


def _page(exchange: Exchange, _: Seen) -> Page | None:
    paged = BY_OPERATION.get(exchange.request.operation_id or "")
    return page_of(exchange, paged) if paged is not None else None


def _is_page(exchange: Exchange, seen: Seen) -> bool:
    return _page(exchange, seen) is not None


def _takes_parameters(exchange: Exchange, seen: Seen) -> bool:
    return _is_page(exchange, seen) and not BY_OPERATION[exchange.request.operation_id or ""].parameters_are_assumed


def _may_take_parameters(exchange: Exchange, seen: Seen) -> bool:
    return _is_page(exchange, seen) and BY_OPERATION[exchange.request.operation_id or ""].parameters_are_assumed


@check(
    "pagination/page-agrees-with-itself",
    "A page holds no more items than its limit, and totalPages is total divided by limit, rounded up.",
    when=_is_page,
)
def _arithmetic(exchange: Exchange, seen: Seen) -> Iterator[str]:
    page = _page(exchange, seen)
    if page is None:
        return
    limit, total, pages = page.number("limit"), page.number("total"), page.number("totalPages")
    if limit and len(page.names) > limit:
        yield f"the page has {len(page.names)} items, more than its limit of {limit}"
    if limit and total is not None and pages is not None:
        right = {-(-total // limit)} if total else {0, 1}
        if pages not in right:
            yield f"with total {total} and limit {limit} there are {min(right)} pages, not {pages}"


def differing_echo(exchange: Exchange, seen: Seen) -> Iterator[str]:
    """Where a page does not say what was asked for, or the documented default."""
    page = _page(exchange, seen)
    if page is None:
        return
    for name, schema in paging_schemas(seen.document, exchange.request.operation_id or "").items():
        asked = _asked(schema, exchange.request.query.get(name))
        if asked is not None and page.number(name) not in (asked, None):
            yield f"asked for {name} {asked}, the page says {name} {page.number(name)}"


@check(
    "pagination/page-says-what-was-asked-for",
    "A page gives back the page, limit or offset that was asked for, and the documented default where none was.",
    source="reference",
    when=_takes_parameters,
)
def _echo(exchange: Exchange, seen: Seen) -> Iterator[str]:
    return differing_echo(exchange, seen)


@check(
    "pagination/templates-and-repositories-take-page-and-limit",
    "Templates and repositories are asked for page by page as the other lists are.",
    source="assumed",
    when=_may_take_parameters,
)
def _assumed_echo(exchange: Exchange, seen: Seen) -> Iterator[str]:
    return differing_echo(exchange, seen)

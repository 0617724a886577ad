"""What a paged list says of itself, and the rules on every page whatever else is true of the list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.harness.checks import Seen, check
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


LISTS = {
    "runs": PagedList("listRuns", "overview"),
    "templates": PagedList("listTemplates", "assumed"),
    "repositories": PagedList("listRepositories", "assumed", key="fullName"),
    "usage-logs": PagedList("listUsageLogs", "overview"),
    "run-logs": PagedList("listRunLogs", "reference", by_offset=True),
}
_BY_OPERATION = {paged.operation_id: paged for paged in LISTS.values()}


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


def defaults(seen: Seen, operation_id: str) -> dict[str, int]:
    """What the document says of the paging parameters that are left out."""
    return {
        parameter.name: parameter.schema["default"]
        for parameter in seen.document.parameters(operation_id)
        if parameter.name in ("page", "limit", "offset")
    }


def _paged(exchange: Exchange, _: Seen) -> bool:
    paged = _BY_OPERATION.get(exchange.request.operation_id or "")
    return paged is not None and paged.source != "assumed" and page_of(exchange, paged) is not None


def _assumed_paged(exchange: Exchange, _: Seen) -> bool:
    paged = _BY_OPERATION.get(exchange.request.operation_id or "")
    return paged is not None and paged.source == "assumed" and page_of(exchange, paged) is not None


def _wrong(exchange: Exchange, seen: Seen) -> Iterator[str]:
    """What a page says of itself that cannot be true."""
    operation_id = exchange.request.operation_id or ""
    page = page_of(exchange, _BY_OPERATION[operation_id])
    if page is None:
        return
    for name, default in defaults(seen, operation_id).items():
        asked = int(exchange.request.query.get(name, default))
        if page.number(name) not in (asked, None):
            yield f"asked for {name} {asked}, the page says {name} {page.number(name)}"
    limit, total, pages = page.number("limit"), page.number("total"), page.number("totalPages")
    if limit and len(page.names) > limit:
        yield f"the page has {len(page.names)} items, more than its limit of {limit}"
    if limit and total is not None and pages is not None:
        right = {-(-total // limit)} if total else {0, 1}
        if pages not in right:
            yield f"with total {total} and limit {limit} there are {min(right)} pages, not {pages}"


@check(
    "pagination/page-agrees-with-itself",
    "A page gives back the page, limit or offset that was asked for, or the documented default; holds no more items "
    "than its limit; and totalPages is total divided by limit, rounded up.",
    when=_paged,
)
def _page(exchange: Exchange, seen: Seen) -> Iterator[str]:
    return _wrong(exchange, seen)


@check(
    "pagination/assumed-page-agrees-with-itself",
    "Templates and repositories are paged as the other lists are: each page agrees with what was asked for.",
    source="assumed",
    when=_assumed_paged,
)
def _assumed_page(exchange: Exchange, seen: Seen) -> Iterator[str]:
    return _wrong(exchange, seen)

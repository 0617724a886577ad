"""Lists that the suite has read whole and done nothing to since: nobody has to read them again."""

from __future__ import annotations

from collections.abc import Collection

from contract_tests.harness.exchange import Exchange, Query
from contract_tests.harness.pages import BY_OPERATION, Page, page_of
from generated.contract import OPERATIONS

_CHANGED_BY = {"usage": ("usage", "runs")}
"""What changes a list beside what has its name."""


class KnownLists:
    """Learns from every exchange with a key of one organization: of lists by page number that do not change by
    themselves. Others may have changed one meanwhile.
    """

    def __init__(self, keys: Collection[str]) -> None:
        """`keys`: of the organization."""
        self._authorizations = {f"Bearer {key}" for key in keys}
        self._pages: dict[tuple[str, frozenset[tuple[str, str | int]]], Page] = {}

    def note(self, exchange: Exchange) -> None:
        """Learn from an exchange."""
        operation_id = exchange.request.operation_id
        if operation_id is None or not exchange.succeeded:
            return
        if exchange.request.method != "GET":
            written = _resource(operation_id)
            for one in [one for one in self._pages if _changes(written, _resource(one[0]))]:
                del self._pages[one]
        elif (
            operation_id in BY_OPERATION
            and "status" not in exchange.request.query
            and exchange.request.authorization in self._authorizations
        ):
            paged = BY_OPERATION[operation_id]
            page = None if paged.by_offset else page_of(exchange, paged)
            if page is not None and page.number("total") == len(page.names):
                self._pages[_key(operation_id, exchange.request.query)] = page

    def longest(self, operation_id: str) -> Page | None:
        """The one with most items of the lists that an operation gives, filtered or not."""
        found = [page for (known, _), page in self._pages.items() if known == operation_id]
        return max(found, key=lambda page: len(page.names), default=None)

    def whole(self, operation_id: str, query: Query) -> Page | None:
        """The list that a query gives, if it is known and has room on a single page."""
        return self._pages.get(_key(operation_id, query))


def _key(operation_id: str, query: Query) -> tuple[str, frozenset[tuple[str, str | int]]]:
    return operation_id, frozenset((name, value) for name, value in query.items() if name != "limit")


def _changes(written: str, listed: str) -> bool:
    return written in _CHANGED_BY.get(listed, (listed,))


def _resource(operation_id: str) -> str:
    """What an operation is about: what its path begins with."""
    return OPERATIONS[operation_id].path.split("/")[2]

"""Everything that a paged list holds, read page by page, for rules that look for something in it.

How lists are paged is for `test_pagination.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.harness.exchange import Exchange, Query
from contract_tests.harness.reading import items, members
from contract_tests.harness.session import Session

_LIMIT = 100
_MOST_PAGES = 20


@dataclass(frozen=True)
class Listing:
    """The items of a list and the exchanges that showed them."""

    items: tuple[Mapping[str, Any], ...]
    exchanges: tuple[Exchange, ...]

    @property
    def first(self) -> Exchange:
        return self.exchanges[0]

    @property
    def succeeded(self) -> bool:
        return all(exchange.succeeded for exchange in self.exchanges)

    def having(self, member: str, value: Any) -> list[Mapping[str, Any]]:
        """The items whose member has this value."""
        return [item for item in self.items if item.get(member) == value]


def everything(session: Session, operation_id: str, *, key: str | None = None, query: Query | None = None) -> Listing:
    """Read a list from its first page to its last."""
    found: list[Mapping[str, Any]] = []
    exchanges: list[Exchange] = []
    for page in range(1, _MOST_PAGES + 1):
        paging: dict[str, str | int] = {"limit": _LIMIT} if page == 1 else {"page": page, "limit": _LIMIT}
        exchange = session.call(operation_id, query={**(query or {}), **paging}, key=key)
        if page == 1 and exchange.status == 400:
            exchange = session.call(operation_id, query=query, key=key)  # a list that is not paged as is assumed
        exchanges.append(exchange)
        on_page = items(exchange)
        found += on_page
        total = members(members(exchange.json).get("pagination")).get("total")
        if not on_page or not isinstance(total, int) or len(found) >= total:
            break
    return Listing(tuple(found), tuple(exchanges))

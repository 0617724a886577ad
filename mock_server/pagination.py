"""Which items stand on the page that was asked for? The arithmetic of both kinds of pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")


def page_of(items: Sequence[Item], query: Mapping[str, Any]) -> tuple[Sequence[Item], dict[str, int]]:
    """The items of a page by `page` and `limit`, and its `pagination`. A page past the end is empty."""
    page, limit, total = query["page"], query["limit"], len(items)
    start = (page - 1) * limit
    return items[start : start + limit], {
        "page": page,
        "limit": limit,
        "total": total,
        "totalPages": -(-total // limit),
    }


def offset_page_of(items: Sequence[Item], query: Mapping[str, Any]) -> tuple[Sequence[Item], dict[str, int]]:
    """The items of a page by `offset` and `limit`, and its `pagination`."""
    limit, offset = query["limit"], query["offset"]
    return items[offset : offset + limit], {"limit": limit, "offset": offset, "total": len(items)}

"""The pages together hold every item once, whatever the limit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mock_server.pagination import offset_page_of, page_of


@given(st.integers(0, 120), st.integers(1, 100))
def test_pages_divide_the_list(total: int, limit: int) -> None:
    items = range(total)
    _, first = page_of(items, {"page": 1, "limit": limit})
    pages = [page_of(items, {"page": page, "limit": limit})[0] for page in range(1, first["totalPages"] + 1)]
    assert [item for page in pages for item in page] == list(items)
    assert all(len(page) == limit for page in pages[:-1])
    assert list(page_of(items, {"page": first["totalPages"] + 1, "limit": limit})[0]) == []
    assert (first["total"], first["page"], first["limit"]) == (total, 1, limit)


@given(st.integers(0, 120), st.integers(1, 250), st.integers(0, 130))
def test_an_offset_page_is_a_slice(total: int, limit: int, offset: int) -> None:
    page, pagination = offset_page_of(range(total), {"limit": limit, "offset": offset})
    assert list(page) == [item for item in range(total) if offset <= item < offset + limit]
    assert pagination == {"limit": limit, "offset": offset, "total": total}

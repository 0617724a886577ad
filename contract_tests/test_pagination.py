"""Lists that are read page by page: the pages together are the list, whatever the limit.

What a single page says of itself is held to the rules in `harness/pages.py`. Each list is looked at twice: first at
what follows its first page, beside what other tests have read of it already, later whole.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import pytest

from contract_tests.harness.exchange import Exchange, Query
from contract_tests.harness.pages import LISTS, Page, PagedList, page_of, paging_schemas
from contract_tests.harness.reading import answered, items
from contract_tests.harness.rules import Rule, not_checked, require
from contract_tests.harness.session import Session
from contract_tests.harness.world import World

Test = Callable[..., None]

PARTS = {"listRuns": 3}
FEWEST_PARTS = 2
"""In how many pages a list is read beside the one that holds it all: runs in three, so that one lies in between."""
MOST_PAGES = 4
"""How many pages of the greatest limit are read of a long list."""
REST, WHOLE = "rest", "whole"
TRIES = {REST: 2, WHOLE: 3}
SEEN_BEFORE = ("runs", "templates", "repositories", "usage-logs")
"""The lists of which other tests have read the whole, so that the rest of its pages tells much."""


def on_each_list(promise: str, *, source: str | None = None, reads: bool = True) -> Callable[[Test], Test]:
    """Make a test the rule `pagination/LIST-promise` of every paged list. Its source is the list's unless given.

    `reads`: the test is given a reading, first of the rest and then of all.
    """

    def mark(function: Test) -> Test:
        sentence = " ".join((inspect.getdoc(function) or "").split())
        cases = []
        for name, paged in LISTS.items():
            rule = Rule(f"pagination/{name}-{promise}", source or paged.source, sentence)
            parts = [part for part in (REST, WHOLE) if name in SEEN_BEFORE or part == WHOLE]
            values = [(name, part) for part in parts] if reads else [(name,)]
            cases += [pytest.param(*one, id="-".join(one), marks=pytest.mark.rule(rule)) for one in values]
        marked: Test = pytest.mark.parametrize(("name", "part") if reads else ("name",), cases)(function)
        return marked

    return mark


@dataclass(frozen=True)
class Reading:
    """One list, read whole at several limits; nothing changed meanwhile."""

    whole: list[Page]
    """Its pages at the greatest limit, or the first one as it comes where that has room for all; the last of them is
    the list's last unless it `is_cut`.
    """
    is_cut: bool
    default: Page
    part: int
    """A smaller limit."""
    parts: list[Page]
    """Its pages at that, or those after the first."""
    again: list[Page]
    """The whole once more, where another limit showed something else: nobody can have changed the list otherwise."""
    before_parts: int = 0
    """How many items come before those pages."""

    @property
    def names(self) -> list[str]:
        return _names(self.whole)

    @property
    def names_of_parts(self) -> list[str]:
        """What those pages should hold."""
        return self.names[self.before_parts :]

    @property
    def pages(self) -> list[Page]:
        """Every page that was read."""
        return [*self.whole, self.default, *self.parts, *self.again]

    def is_right(self, total: int | None) -> bool:
        """Whether a total is that of the list."""
        count = len(self.names)
        return total is not None and (total == count or (self.is_cut and total >= count))

    @property
    def agrees(self) -> bool:
        """Whether all pages show the same list."""
        start = self.names[: len(self.default.names)]
        same = self.names_of_parts == _names(self.parts) and list(self.default.names) == start
        return same and all(self.is_right(page.number("total")) for page in self.pages)

    @property
    def is_settled(self) -> bool:
        """Whether the whole was still the same when it was read again."""
        return sorted(self.names) == sorted(_names(self.again))

    @property
    def differs_in_order_alone(self) -> bool:
        """Whether all pages together show the same items in another order, which nobody else can have done."""
        same = self.is_settled and sorted(self.names_of_parts) == sorted(_names(self.parts))
        return same and all(self.is_right(page.number("total")) for page in self.pages)


def _part(paged: PagedList, count: int, greatest: int) -> int:
    """How many items a page holds when a list is read in its parts: fewer than when it is read whole."""
    parts = PARTS.get(paged.operation_id, FEWEST_PARTS)
    while -(-count // parts) >= greatest > 1:
        parts += 1
    return max(1, -(-count // parts))


def _names(pages: list[Page]) -> list[str]:
    return [name for page in pages for name in page.names]


class Reader:
    """Reads lists and keeps what was read."""

    def __init__(self, session: Session, world: World) -> None:
        self._session, self._world = session, world
        self.of = cache(self._of)
        """A reading of what follows the first page of a list, or of the whole."""
        self.past_the_end = cache(self._past_the_end)
        """The answer to the greatest page of a list."""

    def _of(self, name: str, part: str) -> Reading:
        paged = LISTS[name]
        path = self._path(paged)
        base: Query = {}
        if name in ("templates", "runs") and part == WHOLE:
            if self._session.may("createTemplate"):
                self._world.template()
            if self._session.may("createRun"):
                self._world.a_run()
        known = self._world.lists.longest(paged.operation_id) if part == REST else None
        if known is not None:
            query = known.exchange.request.query
            base = {filter_: value for filter_, value in query.items() if filter_ not in ("page", "limit")}
        last = None
        for _ in range(TRIES[part]):
            reading = self._read(paged, path, base, part, known)
            if reading.agrees or reading.differs_in_order_alone:
                return reading
            last = reading if reading.is_settled else last
            known = reading.again[0] if part == REST and len(reading.again) == 1 else None
        # Others may spoil one reading, not every one.
        return last or not_checked("because others changed the list while it was read")

    def _ended_run(self) -> str:
        run_id = self._world.run_to_read()
        self._world.make_room(wanted=1)
        return run_id

    def _page(self, paged: PagedList, path: dict[str, str], query: Query) -> Page:
        return self._page_of(self._session.call(paged.operation_id, path=path, query=query), paged)

    @staticmethod
    def _page_of(exchange: Exchange, paged: PagedList) -> Page:
        page = page_of(exchange, paged)
        if page is None:
            not_checked(f"because {paged.operation_id} gives no page: {exchange.summary()[:200]}")
        return page

    def _whole(self, paged: PagedList, path: dict[str, str], base: Query, default: Page) -> list[Page]:
        if default.number("total") == len(default.names):
            return [default]
        limit = self._greatest(paged)
        pages = [self._page(paged, path, {**base, **self._query(paged, 0, limit)})]
        total = pages[0].number("total") or 0
        while len(pages) < MOST_PAGES and len(pages) * limit < total:
            pages.append(self._page(paged, path, {**base, **self._query(paged, len(pages), limit)}))
        return pages

    def _greatest(self, paged: PagedList, parameter: str = "limit") -> int:
        return int(paging_schemas(self._session.document, paged.operation_id)[parameter]["maximum"])

    def _past_the_end(self, name: str) -> Exchange:
        paged = LISTS[name]
        place = "offset" if paged.by_offset else "page"
        query: Query = {place: self._greatest(paged, place), "limit": self._greatest(paged)}
        request = self._session.build(paged.operation_id, path=self._path(paged), query=query)
        return self._session.send(replace(request, on_the_line=True))

    def _path(self, paged: PagedList) -> dict[str, str]:
        return {"id": self._ended_run()} if paged.by_offset else {}

    @staticmethod
    def _query(paged: PagedList, index: int, limit: int) -> Query:
        return {"offset": index * limit, "limit": limit} if paged.by_offset else {"page": index + 1, "limit": limit}

    def _read(self, paged: PagedList, path: dict[str, str], base: Query, part: str, known: Page | None) -> Reading:
        first: Query = {**base, "limit": self._greatest(paged)} if part == REST else base
        default = known or self._page(paged, path, first)
        whole = self._whole(paged, path, base, default)
        count = sum(len(page.names) for page in whole)
        limit = _part(paged, count, self._greatest(paged))
        pages = range(max(1, -(-count // limit)))
        if part == REST:
            pages = pages[1:] or pages
        parts = [self._page(paged, path, {**base, **self._query(paged, index, limit)}) for index in pages]
        if paged.parameters_are_assumed and parts[0].number("limit") != limit:
            not_checked(f"because {paged.operation_id} does not take page and limit, which nothing published tells")
        total = whole[0].number("total") or 0
        reading = Reading(whole, count < total, default, limit, parts, whole, before_parts=pages[0] * limit)
        if reading.agrees:
            return reading
        return replace(reading, again=self._whole(paged, path, base, self._page(paged, path, first)))


@pytest.fixture(name="reader", scope="session")
def _reader(session: Session, world: World) -> Reader:
    return Reader(session, world)


@pytest.fixture(name="read", scope="session")
def _read(reader: Reader) -> Callable[[str, str], Reading]:
    return reader.of


@on_each_list("total-counts-the-list")
def test_total_counts_the_list(name: str, part: str, read: Callable[[str, str], Reading]) -> None:
    """The total counts the items of the whole list, on every page and whatever the limit."""
    reading = read(name, part)
    for page in reading.pages:
        total = page.number("total")
        seen = f"the list has {len(reading.names)} items, the page says total {total}"
        require(reading.is_right(total), seen, page.exchange)


@on_each_list("pages-are-full")
def test_pages_are_full(name: str, part: str, read: Callable[[str, str], Reading]) -> None:
    """A page holds as many items as its limit; only the last may hold fewer, which are the rest."""
    reading = read(name, part)
    left = len(reading.names_of_parts)
    for page in reading.parts:
        expected = min(reading.part, left)
        require(len(page.names) == expected, f"the page holds {len(page.names)} items, not {expected}", page.exchange)
        left -= expected
    limit = reading.default.number("limit") or 0
    expected = min(limit, len(reading.names))
    seen = f"the first page of {limit} holds {len(reading.default.names)} of {len(reading.names)} items"
    require(len(reading.default.names) == expected, seen, reading.default.exchange)


@on_each_list("pages-partition-the-list")
def test_pages_partition_the_list(name: str, part: str, read: Callable[[str, str], Reading]) -> None:
    """The pages together hold every item of the list once, whatever the limit."""
    reading = read(name, part)
    whole, parts = reading.names, _names(reading.parts)
    before, after = whole[: reading.before_parts], reading.names_of_parts
    twice = sorted({item for items in (before + parts, whole) for item in items if items.count(item) > 1})
    require(not twice, f"on more than one page: {', '.join(twice[:3])}", reading.parts[-1].exchange)
    missing = sorted(set(after) - set(parts))
    require(not missing, f"on no page of the smaller limit: {', '.join(missing[:3])}", reading.parts[-1].exchange)
    strange = sorted(set(parts) - set(whole))
    require(not strange, f"on no page of the greatest limit: {', '.join(strange[:3])}", reading.parts[-1].exchange)


@on_each_list("order-is-stable")
def test_order_is_stable(name: str, part: str, read: Callable[[str, str], Reading]) -> None:
    """The items come in the same order each time and at every limit."""
    reading = read(name, part)
    again = _names(reading.again)
    require(again == reading.names, "the same page twice shows another order", reading.again[0].exchange)
    parts = _names(reading.parts)
    # Where a part comes of the whole it holds other items, if the order is another.
    if sorted(parts) == sorted(reading.names_of_parts) or (reading.before_parts and set(parts) <= set(reading.names)):
        require(parts == reading.names_of_parts, "another limit shows another order", reading.parts[-1].exchange)
    same = reading.default.names == tuple(reading.names[: len(reading.default.names)])
    if set(reading.default.names) <= set(reading.names):
        require(same, "the default limit shows another order", reading.default.exchange)


@on_each_list("past-the-end-is-empty", source="assumed", reads=False)
def test_past_the_end_is_empty(name: str, reader: Reader) -> None:
    """A page past the end of the list is empty, not an error and not the last page again."""
    beyond = reader.past_the_end(name)
    require(beyond.succeeded, f"a page past the end is answered {answered(beyond)}", beyond)
    count = len(items(beyond))
    require(not count, f"a page past the end holds {count} items", beyond)

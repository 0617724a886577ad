"""A list is read from its first page to its last, and no further."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from contract_tests.harness.listing import everything
from contract_tests.harness.pages import LISTS, page_of
from generated.contract import OPERATIONS, ProblemCode
from tests.contract_tests.exchanges import document, exchange, problem, success
from tests.contract_tests.scripted import Asked, answer, scripted


def serving(total: int, told: int | None = None) -> Callable[[Asked], requests.Response]:
    """A server with a list of so many runs, that tells of as many or of another total."""

    def serve(asked: Asked) -> requests.Response:
        query = parse_qs(urlsplit(asked.url).query)
        page, limit = int(query.get("page", ["1"])[0]), int(query["limit"][0])
        numbers = range(total)[(page - 1) * limit : page * limit]
        pagination = {"page": page, "limit": limit, "total": total if told is None else told, "totalPages": 1}
        return answer(200, {"data": [{"id": f"run_{number}"} for number in numbers], "pagination": pagination})

    return serve


@pytest.mark.parametrize(("total", "requests_"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_every_item_is_read_with_as_few_requests_as_can_be(total: int, requests_: int) -> None:
    with scripted(serving(total)) as (session, server, _):
        found = everything(session, "listRuns", query={"status": "completed"})
    assert [item["id"] for item in found.items] == [f"run_{number}" for number in range(total)]
    assert len(server.asked) == requests_
    assert all("status=completed" in asked.url for asked in server.asked)
    assert found.succeeded
    assert found.having("id", "run_0") == ([{"id": "run_0"}] if total else [])


def test_a_total_that_is_never_reached_does_not_keep_anybody_reading() -> None:
    with scripted(serving(150, told=1_000_000)) as (session, server, _):
        assert len(everything(session, "listRuns").items) == 150
    assert len(server.asked) == 3


def test_a_list_without_end_is_given_up() -> None:
    with scripted(serving(100_000)) as (session, server, _):
        everything(session, "listRuns")
    assert len(server.asked) == 20


def test_a_refusal_is_no_list() -> None:
    with scripted([answer(404, {"type": "NOT_FOUND", "title": "x", "status": 404})]) as (session, *_):
        found = everything(session, "listRuns")
    assert (found.items, found.succeeded) == ((), False)


# What a page says


@pytest.mark.parametrize("name", LISTS)
def test_every_paged_list_is_one_of_the_documents(name: str) -> None:
    paged = LISTS[name]
    page = page_of(success(paged.operation_id), paged)
    assert page is not None
    assert page.names
    assert "None" not in page.names
    wanted = {"limit", "offset"} if paged.by_offset else {"limit", "page"}
    assert all(page.number(member) is not None for member in wanted)


def test_every_list_of_the_document_that_has_pages_is_known() -> None:
    with_pages = set()
    for operation_id in OPERATIONS:
        if any(parameter.name == "limit" for parameter in document().parameters(operation_id)):
            with_pages.add(operation_id)
    assert {paged.operation_id for paged in LISTS.values()} == with_pages


@pytest.mark.parametrize("body", [[], {}, {"data": []}, {"data": {}, "pagination": {}}, {"data": [], "pagination": []}])
def test_what_is_no_page_is_none(body: object) -> None:
    assert page_of(exchange("listRuns", 200, body), LISTS["runs"]) is None


def test_odd_pages_are_read_as_far_as_can_be() -> None:
    body = {"data": [7, {}, {"id": "a"}], "pagination": {"page": True, "limit": "20", "total": 3}}
    page = page_of(exchange("listRuns", 200, body), LISTS["runs"])
    assert page is not None
    assert page.names == ("?", "None", "a")
    assert [page.number(member) for member in ("page", "limit", "total", "totalPages")] == [None, None, 3, None]


def test_a_problem_is_no_page() -> None:
    assert page_of(problem("listRuns", ProblemCode.VALIDATION_FAILED), LISTS["runs"]) is None

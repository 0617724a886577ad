"""200 requests a window for each key, exact, also when requests come at once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.contract import RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS
from mock_server.rate_limit import Window, own_window
from tests.mock_server.documented import Response
from tests.mock_server.in_process import START, Client, Mock


def drain(client: Client, count: int) -> list[Response]:
    return [client.get("/v1/usage/credits") for _ in range(count)]


def test_remaining_counts_down_by_one_and_the_next_request_is_refused(client: Client) -> None:
    responses = drain(client, RATE_LIMIT_REQUESTS + 3)
    assert [response.remaining for response in responses[:-3]] == list(range(RATE_LIMIT_REQUESTS - 1, -1, -1))
    assert {response.status for response in responses[:-3]} == {200}
    assert [(response.status, response.remaining) for response in responses[-3:]] == [(429, 0)] * 3
    assert len({response.reset for response in responses}) == 1


def test_the_window_ends_at_its_reset_and_retry_after_says_so(client: Client, mock: Mock) -> None:
    refused = drain(client, RATE_LIMIT_REQUESTS + 1)[-1]
    wait = int(refused.headers["retry-after"])
    assert START < refused.reset <= START + RATE_LIMIT_WINDOW_SECONDS
    assert 0 <= START + wait - refused.reset < 1
    mock.wait(wait - 1)
    assert client.get("/v1/runs").status == 429
    mock.wait(1)
    response = client.get("/v1/runs")
    assert (response.status, response.remaining) == (200, RATE_LIMIT_REQUESTS - 1)


def test_a_refused_create_creates_nothing(client: Client, mock: Mock) -> None:
    drain(client, RATE_LIMIT_REQUESTS)
    body = {"url": "https://a.example/", "events": ["run.failed"]}
    assert client.post("/v1/webhooks", body).code == "RATE_LIMIT_EXCEEDED"
    mock.wait(60)
    assert client.get("/v1/webhooks").body["data"] == []


def test_keys_of_one_organization_have_windows_of_their_own(mock: Mock) -> None:
    first, second = mock.client("twokeys"), mock.client("twokeys__2")
    drain(first, 5)
    assert second.get("/v1/runs").remaining == RATE_LIMIT_REQUESTS - 1


@pytest.mark.parametrize("authorization", [None, "Basic abc", "Bearer nonsense", "Bearer csk_live_revoked_1"])
def test_requests_without_a_valid_key_are_never_refused_for_their_number(mock: Mock, authorization: str | None) -> None:
    client = Client(mock, authorization)
    responses = drain(client, RATE_LIMIT_REQUESTS + 10)
    assert {response.status for response in responses} == {401}


def test_exactly_as_many_pass_when_all_come_at_once(client: Client, mock: Mock) -> None:
    async def all_at_once() -> list[Response]:
        return await asyncio.gather(*(client.sending("PATCH", "/v1/templates/none", {}) for _ in range(230)))

    responses = mock.run(all_at_once())
    assert Counter(response.status for response in responses) == {404: RATE_LIMIT_REQUESTS, 429: 30}
    remaining = sorted(response.remaining for response in responses if response.status == 404)
    assert remaining == list(range(RATE_LIMIT_REQUESTS))


@given(st.lists(st.floats(0, 30), min_size=1, max_size=700))
def test_no_window_lets_more_pass_and_none_is_longer(pauses: list[float]) -> None:
    window, now, passed = Window(), START, Counter[int]()
    for pause in pauses:
        now += pause / 10
        allowance = window.take(now)
        assert now < allowance.reset <= now + RATE_LIMIT_WINDOW_SECONDS
        assert allowance.retry_after_seconds(now) >= allowance.reset - now
        passed[allowance.reset] += allowance.allowed
        assert allowance.remaining == RATE_LIMIT_REQUESTS - passed[allowance.reset]
        assert allowance.allowed or allowance.remaining == 0
    assert max(passed.values()) <= RATE_LIMIT_REQUESTS


def test_an_own_window_is_always_new() -> None:
    assert own_window(START) == own_window(START)
    assert own_window(START).remaining == RATE_LIMIT_REQUESTS - 1

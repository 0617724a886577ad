"""Limits are exact over real connections, when requests of many clients come at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import mock_server
from generated.contract import CONCURRENT_RUNS, RATE_LIMIT_REQUESTS, WEBHOOKS_PER_ORGANIZATION
from tests.mock_server import documented
from tests.mock_server.documented import Response

CONNECTIONS = 40


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with mock_server.running() as url:
        yield url


def all_at_once(url: str, key: str, method: str, path: str, bodies: list[Any]) -> list[Response]:
    """Sends a request for each body over many connections; checks and gives the responses."""

    async def send() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=CONNECTIONS)
        headers = {"Authorization": f"Bearer csk_live_{key}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, trust_env=False) as client:
            return await asyncio.gather(*(client.request(method, path, json=body) for body in bodies))

    responses = [
        Response(method, path, response.status_code, dict(response.headers), response.content)
        for response in asyncio.run(send())
    ]
    for response in responses:
        documented.check(response)
    return responses


def test_200_of_230_requests_pass(url: str) -> None:
    responses = all_at_once(url, "many_requests", "GET", "/v1/usage/credits", [None] * 230)
    assert Counter(response.status for response in responses) == {200: RATE_LIMIT_REQUESTS, 429: 30}
    passed = [response.remaining for response in responses if response.status == 200]
    assert sorted(passed) == list(range(RATE_LIMIT_REQUESTS))


def test_ten_of_twelve_runs_start(url: str) -> None:
    body = {"repo": "acme/storefront", "prompt": "Go. [mock:stuck-pending]", "template": "node-default"}
    responses = all_at_once(url, "many_runs", "POST", "/v1/runs", [body] * 12)
    assert Counter(response.status for response in responses) == {201: CONCURRENT_RUNS, 429: 2}
    assert {response.code for response in responses if response.status == 429} == {"CONCURRENT_RUN_LIMIT_EXCEEDED"}
    (listed,) = all_at_once(url, "many_runs", "GET", "/v1/runs", [None])
    assert listed.body["meta"]["activeCount"] == listed.body["pagination"]["total"] == CONCURRENT_RUNS


def test_25_of_30_webhooks_and_one_of_a_url_are_registered(url: str) -> None:
    bodies = [{"url": f"https://hooks.example/{number}", "events": ["run.failed"]} for number in range(30)]
    responses = all_at_once(url, "many_hooks", "POST", "/v1/webhooks", bodies)
    assert Counter(response.status for response in responses) == {201: WEBHOOKS_PER_ORGANIZATION, 409: 5}
    responses = all_at_once(url, "one_hook", "POST", "/v1/webhooks", bodies[:1] * 10)
    assert Counter(response.status for response in responses) == {201: 1, 409: 9}


def test_one_of_ten_templates_gets_the_slug(url: str) -> None:
    body = {"slug": "wanted", "name": "Wanted", "baseImage": "node-22"}
    responses = all_at_once(url, "one_slug", "POST", "/v1/templates", [body] * 10)
    assert Counter(response.status for response in responses) == {201: 1, 409: 9}

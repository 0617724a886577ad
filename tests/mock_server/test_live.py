"""Is a live mock what a server in use is to those who only have keys: nothing to steer it by, and a past?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from generated.contract import RATE_LIMIT_WINDOW_SECONDS, Header
from mock_server.altered import altered
from mock_server.clock import Clock
from mock_server.live import RUNS, TEMPLATES, WEBHOOKS, live
from mock_server.scenarios import MAGIC_REPOSITORIES, WORDS
from tests.mock_server.in_process import START, Client, Mock

KEYS = ["csk_live_demo", "csk_live_demo__2", "csk_live_no_credits_demo"]


@pytest.fixture(name="mock")
def _mock() -> Iterator[Mock]:
    mock = Mock(control=False)
    mock.application = altered([live(KEYS)], mock.receivers, control=False, clock=Clock(lambda: START))
    yield mock
    mock.close()


@pytest.fixture(name="client")
def _client(mock: Mock) -> Client:
    return mock.client("demo")


def test_an_organization_has_been_at_work(client: Client) -> None:
    assert client.get("/v1/runs").body["pagination"]["total"] == RUNS
    assert client.get("/v1/templates").body["pagination"]["total"] == TEMPLATES
    assert len(client.get("/v1/webhooks").body["data"]) == WEBHOOKS


def test_its_balances_chain_from_the_first_grant_on(client: Client) -> None:
    records = client.get("/v1/usage/logs", limit=100).body["data"]
    assert records[-1]["resourceType"] == "credit_grant"
    assert all(later["balanceBeforeUsd"] == earlier["balanceAfterUsd"] for later, earlier in pairwise(records))
    times = [record["createdAt"] for record in records]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("name", ["demo__3", "another", "unknown0000", "no_credits"])
def test_a_key_that_it_was_not_given_is_invalid(mock: Mock, name: str) -> None:
    response = mock.client(name).get("/v1/runs")
    assert (response.status, response.body["type"]) == (401, "API_KEY_INVALID")


def test_without_a_key_nothing_is_told(mock: Mock) -> None:
    response = Client(mock, None).get("/v1/runs")
    assert (response.status, response.body["type"]) == (401, "AUTH_UNAUTHORIZED")


def test_an_organization_in_a_special_state_is_there_when_its_key_was_given(mock: Mock) -> None:
    body = {"repo": "acme/storefront", "prompt": "Fix it.", "template": "node-default"}
    assert mock.client("no_credits_demo").post("/v1/runs", body).status == 402


@pytest.mark.parametrize("word", WORDS)
def test_no_word_in_a_prompt_steers_a_run(client: Client, word: str) -> None:
    run = client.ended_run(f"Fix it. [mock:{word}]")
    assert run["status"] == "completed"
    assert [output["type"] for output in run["outputs"]] == ["text"]


@pytest.mark.parametrize("repository", MAGIC_REPOSITORIES)
def test_no_repository_is_magic(client: Client, repository: str) -> None:
    body = {"repo": repository, "prompt": "Fix it.", "template": "node-default"}
    assert client.post("/v1/runs", body).body["type"] == "REPOSITORY_NOT_FOUND"


def test_there_is_no_control_interface(client: Client) -> None:
    assert client.mock.run(client.mock.request("GET", "/_control", [])).status == 401


def test_a_window_ends_with_the_minute(client: Client) -> None:
    reset = int(client.get("/v1/runs").headers[Header.RATE_LIMIT_RESET.lower()])
    assert reset % RATE_LIMIT_WINDOW_SECONDS == 0
    assert 0 < reset - START <= RATE_LIMIT_WINDOW_SECONDS

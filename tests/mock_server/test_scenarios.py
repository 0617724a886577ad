"""Keys put organizations in special states; the table says which."""

from __future__ import annotations

import pytest

from mock_server.scenarios import MAGIC_REPOSITORIES, SCENARIOS, WORDS, Scenario, Word, scenario_of, words_of
from tests.mock_server.in_process import Client, Mock

RUN = {"repo": "acme/storefront", "prompt": "Go.", "template": "node-default"}


def test_the_tables_are_whole() -> None:
    assert SCENARIOS.keys() == set(Scenario)
    assert WORDS.keys() == set(Word)
    assert all(name.startswith("mock/") for name in MAGIC_REPOSITORIES)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("no_credits", 402, "USAGE_INSUFFICIENT_CREDITS"),
        ("no_anthropic", 400, "RUN_API_KEY_REQUIRED"),
        ("no_github_app", 400, "RUN_GITHUB_APP_NOT_INSTALLED"),
        ("no_git_provider", 400, "RUN_GIT_PROVIDER_NOT_INSTALLED"),
    ],
)
@pytest.mark.parametrize("suffix", ["", "_1", "-x", "__2"])
def test_a_run_is_refused_and_all_else_is_as_usual(mock: Mock, name: str, suffix: str, status: int, code: str) -> None:
    client = mock.client(name + suffix)
    response = client.post("/v1/runs", RUN)
    assert (response.status, response.code) == (status, code)
    assert client.get("/v1/runs").body["meta"] == {"activeCount": 0, "hasEverRun": False}
    assert client.post("/v1/runs", {**RUN, "template": "none"}).code == "RUN_TEMPLATE_NOT_FOUND"
    client.create_template()


def test_without_the_github_app_runs_on_gitlab_start(mock: Mock) -> None:
    mock.client("no_github_app").start_run(repo="acme-data/tools")


def test_without_credits_there_is_nothing_left(mock: Mock) -> None:
    assert mock.client("no_credits").get("/v1/usage/credits").body["remainingUsd"] == 0


@pytest.fixture
def full(mock: Mock) -> Client:
    return mock.client("full")


def test_the_full_organization_is_one_request_away_from_every_limit(full: Client) -> None:
    assert full.get("/v1/runs").body["meta"]["activeCount"] == 10
    assert full.post("/v1/runs", RUN).code == "CONCURRENT_RUN_LIMIT_EXCEEDED"
    hook = {"url": "https://hooks.full.example/26", "events": ["run.failed"]}
    assert full.post("/v1/webhooks", hook).code == "WEBHOOK_LIMIT_EXCEEDED"
    hook["url"] = "https://hooks.full.example/1"
    assert full.post("/v1/webhooks", hook).code == "WEBHOOK_URL_DUPLICATE"
    assert full.delete("/v1/templates/in-use").code == "TEMPLATE_HAS_RUNNING_SANDBOXES"
    template = {"slug": "in-use", "name": "In use", "baseImage": "node-22"}
    assert full.post("/v1/templates", template).code == "TEMPLATE_SLUG_EXISTS"
    assert full.post("/v1/runs/run_full_ended/cancel").code == "CONFLICT"
    assert full.delete("/v1/webhooks/wh_full_25").status == 204


def test_the_full_organization_stays_full(full: Client, mock: Mock) -> None:
    full.get("/v1/runs")
    mock.wait(100_000)
    assert full.get("/v1/runs").body["meta"]["activeCount"] == 10
    full.post("/v1/runs/run_full_active_1/cancel")
    mock.wait(2)
    full.start_run()


@pytest.mark.parametrize(("name", "scenario"), [("acme", None), ("full_7", Scenario.FULL), ("a_full", None)])
def test_what_a_name_starts_with_decides(name: str, scenario: Scenario | None) -> None:
    assert scenario_of(name) is scenario


def test_words_are_found_anywhere_and_together() -> None:
    assert words_of("a[mock:fail]b [mock:slow][mock:other] [MOCK:issue] mock:branch") == {Word.FAIL, Word.SLOW}

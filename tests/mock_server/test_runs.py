"""What createRun accepts and refuses, what lists and reads show, and how runs are cancelled."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from generated.contract import CONCURRENT_RUNS, RUN_DEFAULTS
from mock_server.runs import resolve_guardrails
from tests.mock_server.documented import Response
from tests.mock_server.in_process import Client, Mock

BODY = {"repo": "acme/storefront", "prompt": "Fix the failing test.", "template": "node-default"}


def test_a_run_is_born_pending_with_what_it_was_given(client: Client) -> None:
    given = {
        "branch": "develop",
        "model": "opus",
        "guardrails": {"maxTurns": 40, "maxCostUsd": 2.5, "timeoutSeconds": 900},
        "env": {"NODE_ENV": "test"},
        "callbackUrl": "https://ci.acme.example/hooks",
        "metadata": {"ticket": "SHOP-1312"},
    }
    created = client.post("/v1/runs", {**BODY, **given})
    assert (created.status, created.body["status"]) == (201, "pending")
    run = client.read_run(created.body["id"])
    env = given.pop("env")
    expected = {
        **BODY,
        **given,
        "envVars": env,
        "templateSlug": BODY["template"],
        "createdAt": created.body["createdAt"],
    }
    del expected["template"]
    assert {name: run[name] for name in expected} == expected
    assert run["organizationId"] == f"org_{client.organization}"
    assert (run["startedAt"], run["completedAt"], run["cancelRequestedAt"]) == (None, None, None)
    assert run["callbackStatus"] == "pending"


def test_what_is_left_out_has_its_default(client: Client) -> None:
    run = client.read_run(client.start_run())
    assert run["model"] == "sonnet"
    assert run["guardrails"] == {
        "maxTurns": RUN_DEFAULTS.max_turns,
        "maxCostUsd": RUN_DEFAULTS.max_cost_usd,
        "timeoutSeconds": RUN_DEFAULTS.timeout_seconds,
    }
    assert (run["envVars"], run["metadata"], run["branch"], run["callbackStatus"]) == ({}, None, None, None)


def test_the_runs_own_guardrails_and_env_win_over_the_templates(client: Client) -> None:
    client.create_template(
        "limits", guardrails={"maxTurns": 7, "timeoutMinutes": 3}, envVars={"A": "template", "B": "template"}
    )
    run = client.read_run(client.start_run(template="limits", guardrails={"maxTurns": 5}, env={"B": "run", "C": "run"}))
    assert run["guardrails"] == {"maxTurns": 5, "maxCostUsd": RUN_DEFAULTS.max_cost_usd, "timeoutSeconds": 180}
    assert run["envVars"] == {"A": "template", "B": "run", "C": "run"}


def test_whole_numbers_are_written_as_such() -> None:
    guardrails = resolve_guardrails({"maxTurns": 5.0}, {"timeoutMinutes": 2.0})
    assert isinstance(guardrails.max_turns, int)
    assert (guardrails.max_turns, guardrails.timeout_seconds) == (5, 120)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"template": "none"}, 400, "RUN_TEMPLATE_NOT_FOUND"),
        ({"template": "tpl_system_node"}, 400, "RUN_TEMPLATE_NOT_FOUND"),
        ({"repo": "no repository"}, 404, "REPOSITORY_NOT_FOUND"),
        ({"repo": "storefront"}, 404, "REPOSITORY_NOT_FOUND"),
        ({"repo": "mock/missing"}, 404, "REPOSITORY_NOT_FOUND"),
        ({"repo": "https://github.com/mock/missing"}, 404, "REPOSITORY_NOT_FOUND"),
        ({"repo": "mock/anything"}, 404, "REPOSITORY_NOT_FOUND"),
        ({"repo": "mock/orchestrator-error"}, 502, "RUN_ORCHESTRATOR_ERROR"),
        ({"repo": "mock/internal-error"}, 500, "INTERNAL_ERROR"),
        ({"repo": "mock/unavailable"}, 503, "SANDBOX_UNAVAILABLE"),
        ({"prompt": ""}, 400, "VALIDATION_FAILED"),
        ({"metadata": {"big": "x" * 4097}}, 400, "VALIDATION_FAILED"),
        ({"metadata": {str(number): "" for number in range(51)}}, 400, "VALIDATION_FAILED"),
    ],
)
def test_what_is_refused_creates_nothing(client: Client, change: dict[str, Any], status: int, code: str) -> None:
    response = client.post("/v1/runs", {**BODY, **change})
    assert (response.status, response.code) == (status, code)
    assert client.get("/v1/runs").body["meta"] == {"activeCount": 0, "hasEverRun": False}


@pytest.mark.parametrize(
    "repo",
    [
        "someone/else",
        "https://github.com/acme/storefront",
        "https://gitlab.com/group/sub/project.git",
        "http://git/a/b/",
    ],
)
def test_any_repository_of_a_git_host_will_do_and_comes_back_as_given(client: Client, repo: str) -> None:
    assert client.read_run(client.start_run(repo=repo))["repo"] == repo


def test_ten_may_be_active_and_the_next_is_refused_until_one_ends(client: Client, mock: Mock) -> None:
    ids = [client.start_run() for _ in range(CONCURRENT_RUNS)]
    refused = client.post("/v1/runs", BODY)
    assert (refused.status, refused.code) == (429, "CONCURRENT_RUN_LIMIT_EXCEEDED")
    assert client.get("/v1/runs").body["meta"]["activeCount"] == CONCURRENT_RUNS
    client.post(f"/v1/runs/{ids[0]}/cancel")
    assert client.post("/v1/runs", BODY).status == 429, "cancelling is not instant"
    mock.wait(2)
    assert client.post("/v1/runs", BODY).status == 201
    assert client.get("/v1/runs").body["pagination"]["total"] == CONCURRENT_RUNS + 1


@pytest.mark.parametrize("cancelled", [False, True])
def test_after_the_seconds_of_retry_after_a_create_passes(client: Client, mock: Mock, cancelled: bool) -> None:
    ids = [client.start_run("[mock:slow]" if cancelled else "Go.") for _ in range(CONCURRENT_RUNS)]
    mock.wait(5)
    if cancelled:
        client.post(f"/v1/runs/{ids[0]}/cancel")
    wait = int(client.post("/v1/runs", BODY).headers["retry-after"])
    assert wait <= (2 if cancelled else 30)
    mock.wait(wait)
    assert client.post("/v1/runs", BODY).status == 201


def test_ten_pass_when_twelve_come_at_once(client: Client, mock: Mock) -> None:
    async def all_at_once() -> list[Response]:
        return await asyncio.gather(*(client.sending("POST", "/v1/runs", BODY) for _ in range(12)))

    assert Counter(response.status for response in mock.run(all_at_once())) == {201: CONCURRENT_RUNS, 429: 2}
    assert client.get("/v1/runs").body["pagination"]["total"] == CONCURRENT_RUNS


def test_a_cancelled_run_ends_soon_and_tells_when_it_was_asked(client: Client, mock: Mock) -> None:
    run_id = client.start_run()
    mock.wait(3)
    asked = client.post(f"/v1/runs/{run_id}/cancel").body
    assert asked["status"] == "running"
    mock.wait(0.9)
    again = client.post(f"/v1/runs/{run_id}/cancel")
    assert (again.status, again.body) == (200, asked)
    mock.wait(1.1)
    ended = client.read_run(run_id)
    assert ended["status"] == "cancelled"
    assert ended["cancelRequestedAt"] == asked["cancelRequestedAt"]
    assert ended["createdAt"] < ended["startedAt"] < ended["cancelRequestedAt"] < ended["completedAt"]
    assert client.post(f"/v1/runs/{run_id}/cancel").code == "CONFLICT"


def test_a_pending_run_is_cancelled_without_having_started(client: Client, mock: Mock) -> None:
    run_id = client.start_run()
    assert client.post(f"/v1/runs/{run_id}/cancel").body["status"] == "pending"
    mock.wait(60)
    run = client.read_run(run_id)
    assert (run["status"], run["startedAt"], run["usage"]) == ("cancelled", None, None)
    assert client.get("/v1/usage/credits").body["usedUsd"] == 0


@pytest.fixture
def history(client: Client, mock: Mock) -> Client:
    """A client with 23 ended runs of all kinds, two seconds apart, and a pending one."""
    kinds = [
        {"prompt": "Write the README [mock:pull-request]"},
        {"prompt": "write tests [mock:fail]", "model": "haiku"},
        {"prompt": "Größe ändern [mock:branch][mock:issue]", "template": "python-default"},
        {"prompt": "Refactor", "model": "opus"},
    ]
    for number in range(23):
        client.start_run(**kinds[number % len(kinds)])
        mock.wait(2 if number % 5 else 60)
    mock.wait(60)
    client.start_run("Still pending")
    return client


def summaries(client: Client, **query: Any) -> list[dict[str, Any]]:
    return list(client.get("/v1/runs", limit=100, **query).body["data"])


def test_the_newest_run_comes_first(history: Client) -> None:
    runs = summaries(history)
    assert len(runs) == 24
    assert runs == sorted(runs, key=lambda run: run["createdAt"], reverse=True)
    assert summaries(history, order="asc") == runs[::-1]


@pytest.mark.parametrize("sort_by", ["createdAt", "costUsd"])
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 5, 24, 100])
def test_pages_hold_every_run_once_in_the_same_order(history: Client, sort_by: str, order: str, limit: int) -> None:
    pages, page = [], 1
    while (response := history.get("/v1/runs", page=page, limit=limit, sortBy=sort_by, order=order)).body["data"]:
        assert response.body["pagination"] == {"page": page, "limit": limit, "total": 24, "totalPages": -(-24 // limit)}
        pages += response.body["data"]
        page += 1
    assert pages == summaries(history, sortBy=sort_by, order=order)
    costs = [(run["usage"] or {"totalCostUsd": 0})["totalCostUsd"] for run in pages]
    assert sort_by == "createdAt" or costs == sorted(costs, reverse=order == "desc")


@pytest.mark.parametrize(
    ("query", "selects"),
    [
        ({"status": "failed"}, lambda run: run["status"] == "failed"),
        ({"status": "failed,pending"}, lambda run: run["status"] in ("failed", "pending")),
        ({"search": "WRITE"}, lambda run: "write" in run["prompt"].lower()),
        ({"search": "größe ÄNDERN"}, lambda run: "Größe" in run["prompt"]),
        ({"template": "python-default"}, lambda run: run["templateSlug"] == "python-default"),
        ({"template": "none"}, lambda run: False),
        ({"model": "haiku"}, lambda run: run["model"] == "haiku"),
        ({"outputTypes": "pr,branch"}, lambda run: {"pr", "branch"} & {output["type"] for output in run["outputs"]}),
        (
            {"search": "write", "status": "completed", "outputTypes": "pr", "model": "sonnet"},
            lambda run: "README" in run["prompt"],
        ),
    ],
)
def test_filters_select_exactly(history: Client, query: dict[str, str], selects: Any) -> None:
    selected = history.get("/v1/runs", limit=100, **query).body
    assert selected["data"] == [run for run in summaries(history) if selects(run)]
    assert selected["pagination"]["total"] == len(selected["data"])
    assert selected["meta"] == {"activeCount": 1, "hasEverRun": True}


def test_lists_and_reads_agree_but_for_the_content_of_texts(history: Client) -> None:
    for summary in summaries(history):
        run = history.read_run(summary["id"])
        for output in run["outputs"]:
            output.pop("content", None)
        if run["usage"] is not None:
            run["usage"] = {"totalCostUsd": run["usage"]["totalCostUsd"]}
        assert summary == {name: run[name] for name in summary}


def test_a_page_past_the_end_is_empty(history: Client) -> None:
    response = history.get("/v1/runs", page=10000, limit=100)
    assert (response.status, response.body["data"]) == (200, [])

"""How runs go: forward only, within their guardrails, or to the end that their prompt asks for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.contract import SANDBOX_RATES_PER_MINUTE_USD
from mock_server.run_life import Guardrails, cancelling_seconds, plan_run, usage
from mock_server.scenarios import Word
from tests.mock_server.in_process import Client, Mock

ENDS = ("completed", "failed", "cancelled")
STATES = ["pending", "running", *ENDS]

guardrails = st.builds(Guardrails, st.integers(1, 1000), st.floats(0.01, 1000), st.integers(30, 3600))
rates = st.sampled_from(list(SANDBOX_RATES_PER_MINUTE_USD.values()))
ids, models = st.text(max_size=8), st.sampled_from(["sonnet", "opus", "haiku"])


@given(ids, models, guardrails, rates)
def test_an_ordinary_run_completes_within_its_guardrails(
    run_id: str, model: str, limits: Guardrails, rate: float
) -> None:
    plan = plan_run(run_id, model, frozenset(), limits, rate)
    used = usage(run_id, plan, plan.running_seconds, rate)
    assert (plan.status, plan.fail_reason, plan.error) == ("completed", None, None)
    assert 0 < plan.running_seconds <= min(30, limits.timeout_seconds)
    assert used["totalCostUsd"] <= limits.max_cost_usd
    assert 1 <= used["agent"]["numTurns"] <= limits.max_turns


@given(ids, models, st.sets(st.sampled_from(list(Word))), guardrails, rates)
def test_the_plan_of_a_run_is_always_the_same_and_fits_together(
    run_id: str, model: str, words: set[Word], limits: Guardrails, rate: float
) -> None:
    plan = plan_run(run_id, model, words, limits, rate)
    assert plan == plan_run(run_id, model, words, limits, rate)
    assert plan.running_seconds <= limits.timeout_seconds
    assert (plan.status == "failed") == (plan.fail_reason is not None) == (plan.error is not None)
    assert plan.agent_cost_usd >= 0
    assert plan.turns <= limits.max_turns
    assert 1 <= cancelling_seconds(run_id) <= 2


@given(ids, st.sets(st.sampled_from(list(Word))), guardrails, rates, st.floats(0, 1))
def test_usage_adds_up_whenever_a_run_ends(
    run_id: str, words: set[Word], limits: Guardrails, rate: float, share: float
) -> None:
    plan = plan_run(run_id, "sonnet", words, limits, rate)
    seconds = round(plan.running_seconds * share, 3)
    used = usage(run_id, plan, seconds, rate)
    sandbox, agent = used["sandbox"], used["agent"]
    assert used["totalCostUsd"] == pytest.approx(agent["costUsd"] + sandbox["costUsd"], abs=1e-9)
    assert sandbox["costUsd"] == pytest.approx(0 if sandbox["waived"] else seconds / 60 * rate, abs=1e-6)
    assert agent["durationSeconds"] <= sandbox["durationSeconds"] == seconds
    assert all(value >= 0 for value in agent.values())


def test_states_only_move_forward_and_an_ended_run_never_changes(client: Client, mock: Mock) -> None:
    run_id = client.start_run()
    seen: list[dict[str, Any]] = []
    for _ in range(80):
        seen.append(client.read_run(run_id))
        mock.wait(0.5)
    states = [run["status"] for run in seen]
    assert states == sorted(states, key=STATES.index)
    assert states[0] == "pending"
    assert 4 <= states.count("pending") <= 6, "pending takes about 2 seconds"
    assert 20 <= states.count("running") <= 61, "running takes 10 to 30 seconds"
    ended = [run for run in seen if run["status"] in ENDS]
    assert ended
    assert all(run == ended[0] for run in ended)
    assert all((run["completedAt"] is not None) == (run["status"] in ENDS) for run in seen)
    assert all((run["startedAt"] is not None) == (run["status"] != "pending") for run in seen)
    assert ended[0]["createdAt"] < ended[0]["startedAt"] < ended[0]["completedAt"]


@pytest.mark.parametrize(
    ("prompt", "status", "reason", "error"),
    [
        ("Go.", "completed", None, None),
        ("[mock:nonsense]", "completed", None, None),
        ("Go [mock:fail] now", "failed", "error", "RUN_RESOURCE_LIMIT_EXCEEDED"),
        ("[mock:platform_failure]", "failed", "error", "SANDBOX_LOST"),
        ("[mock:max_turns]", "failed", "max_turns", "RUN_TURN_LIMIT_REACHED"),
        ("[mock:max_cost]", "failed", "max_cost", "RUN_COST_LIMIT_REACHED"),
        ("[mock:timeout]", "failed", "timeout", "RUN_TIMED_OUT"),
    ],
)
def test_words_in_the_prompt_decide_the_end(
    client: Client, prompt: str, status: str, reason: str | None, error: str | None
) -> None:
    run = client.ended_run(prompt, guardrails={"maxTurns": 50, "maxCostUsd": 1.5, "timeoutSeconds": 300})
    assert (run["status"], run["failReason"]) == (status, reason)
    assert (run["error"] or {"code": None})["code"] == error
    assert bool(run["outputs"]) == (status == "completed")
    used = run["usage"]
    assert (used["agent"]["numTurns"] == 50) == (reason == "max_turns")
    assert (used["totalCostUsd"] == 1.5) == (reason == "max_cost")
    assert (used["sandbox"]["durationSeconds"] == 300) == (reason == "timeout")
    assert used["sandbox"]["waived"] == ("platform" in prompt)
    assert (used["sandbox"]["costUsd"] == 0) == ("platform" in prompt)


def test_a_slow_run_takes_an_hour(client: Client, mock: Mock) -> None:
    run_id = client.start_run("[mock:slow]", guardrails={"timeoutSeconds": 3600})
    mock.wait(3590)
    assert client.read_run(run_id)["status"] == "running"
    mock.wait(20)
    assert client.read_run(run_id)["status"] == "completed"


@pytest.mark.parametrize(
    ("guardrails", "reason"), [({"timeoutSeconds": 60}, "timeout"), ({"maxCostUsd": 0.01}, "max_cost")]
)
def test_a_slow_run_meets_its_guardrails(client: Client, guardrails: dict[str, float], reason: str) -> None:
    assert client.ended_run("[mock:slow]", guardrails=guardrails)["failReason"] == reason


def test_a_stuck_run_stays_pending_until_it_is_cancelled(client: Client, mock: Mock) -> None:
    run_id = client.start_run("[mock:stuck-pending]")
    mock.wait(100_000)
    assert client.read_run(run_id)["status"] == "pending"
    client.post(f"/v1/runs/{run_id}/cancel")
    mock.wait(2)
    assert client.read_run(run_id)["status"] == "cancelled"


@pytest.mark.parametrize(
    ("repo", "start"),
    [
        ("acme/storefront", "https://github.com/acme/storefront/"),
        ("acme-data/tools", "https://gitlab.com/acme-data/tools/-/"),
        ("https://git.example/group/sub/project.git", "https://git.example/group/sub/project/"),
    ],
)
def test_outputs_are_what_the_prompt_asks_for(client: Client, repo: str, start: str) -> None:
    run = client.ended_run("[mock:branch] [mock:issue] [mock:pull-request]", repo=repo)
    outputs = {output["type"]: output for output in run["outputs"]}
    assert list(outputs) == ["text", "pr", "issue", "branch"]
    assert outputs["pr"]["url"].startswith(start)
    assert outputs["issue"]["url"].startswith(start)
    assert outputs["text"]["content"]

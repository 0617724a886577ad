"""How will a run go? Its whole life from its id, its prompt and its guardrails, before it has begun. Pure.

An ordinary run keeps within its guardrails, whatever they are. Words in the prompt (`scenarios.Word`) change that.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from random import Random
from typing import Any

from mock_server.repositories import RepositoryAddress
from mock_server.scenarios import Word
from mock_server.usage import money

SLOW_SECONDS = 3600.0
CONTEXT_WINDOW_TOKENS = 200_000

_MODEL_FACTORS = {"haiku": 0.3, "sonnet": 1.0, "opus": 2.5}


@dataclass(frozen=True, slots=True)
class Guardrails:
    """Resolved guardrails."""

    max_turns: int
    max_cost_usd: float
    timeout_seconds: int


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run's life if nobody interferes."""

    pending_seconds: float | None
    """None: it never starts."""
    running_seconds: float
    status: str
    """The end that it comes to."""
    fail_reason: str | None
    error: dict[str, str] | None
    waived: bool
    """Whether the sandbox costs nothing, as when the platform failed."""
    turns: int
    agent_cost_usd: float


def sandbox_cost_usd(seconds: float, rate_per_minute_usd: float) -> float:
    """What sandbox time costs."""
    return money(seconds / 60 * rate_per_minute_usd)


def plan_run(
    run_id: str, model: str, words: AbstractSet[Word], guardrails: Guardrails, rate_per_minute_usd: float
) -> RunPlan:
    """The plan of a run; the same for the same id."""
    chance = Random(run_id)
    pending = round(chance.uniform(1.5, 2.5), 3)
    limit = guardrails.max_cost_usd
    # Half of what the run may cost is left to the agent.
    affordable = limit / 2 / rate_per_minute_usd * 60
    running = _milliseconds(min(chance.uniform(10, 30), guardrails.timeout_seconds * 0.8, affordable))
    agent_cost = money(min(chance.uniform(0.05, 0.4) * _MODEL_FACTORS[model], limit * 0.4))
    turns = min(chance.randint(4, 24), guardrails.max_turns)
    status, reason, error = "failed", None, None

    if Word.PLATFORM_FAILURE in words:
        reason, error = "error", _error("SANDBOX_LOST", "The sandbox was lost; its time is not charged.")
    elif Word.FAIL in words:
        reason, error = "error", _error("RUN_RESOURCE_LIMIT_EXCEEDED", "The sandbox ran out of memory.")
    elif Word.MAX_TURNS in words:
        reason, turns = "max_turns", guardrails.max_turns
    elif Word.MAX_COST in words:
        reason = "max_cost"
    elif Word.TIMEOUT in words:
        reason = "timeout"
    else:
        status = "completed"

    if reason == "timeout":
        running = float(guardrails.timeout_seconds)
    elif Word.SLOW in words:
        bankrupt = _milliseconds(limit * 0.9 / rate_per_minute_usd * 60)
        running = min(SLOW_SECONDS, guardrails.timeout_seconds, bankrupt)
        agent_cost = min(agent_cost, money(limit * 0.1))
        if running < SLOW_SECONDS:
            status, reason = "failed", "max_cost" if running == bankrupt else "timeout"
            error = None
    if reason == "max_cost":
        agent_cost = money(limit - sandbox_cost_usd(running, rate_per_minute_usd))

    return RunPlan(
        pending_seconds=None if Word.STUCK_PENDING in words else pending,
        running_seconds=running,
        status=status,
        fail_reason=reason,
        error=error or _guardrail_error(reason, guardrails),
        waived=Word.PLATFORM_FAILURE in words,
        turns=turns,
        agent_cost_usd=agent_cost,
    )


def cancelling_seconds(run_id: str) -> float:
    """How long the run takes to end once it was asked to: 1 to 2 seconds."""
    return round(Random(f"{run_id} cancelled").uniform(1, 2), 3)


def usage(run_id: str, plan: RunPlan, ran_seconds: float, rate_per_minute_usd: float) -> dict[str, Any]:
    """The document's RunUsage of a run that ended after `ran_seconds`, which are fewer than planned if cancelled."""
    chance = Random(f"{run_id} usage")
    share = min(1.0, ran_seconds / plan.running_seconds)
    agent_cost = money(plan.agent_cost_usd * share)
    sandbox_cost = 0.0 if plan.waived else sandbox_cost_usd(ran_seconds, rate_per_minute_usd)
    turns = int(plan.turns * share)
    return {
        "totalCostUsd": money(agent_cost + sandbox_cost),
        "agent": {
            "costUsd": agent_cost,
            "numTurns": turns,
            "durationSeconds": round(ran_seconds * 0.9, 3),
            "inputTokens": turns * chance.randint(800, 2500),
            "outputTokens": turns * chance.randint(100, 600),
            "cacheReadTokens": turns * chance.randint(5_000, 20_000),
            "cacheCreationTokens": turns * chance.randint(500, 1500),
            "contextWindowSize": CONTEXT_WINDOW_TOKENS,
            "effectiveContextTokens": min(CONTEXT_WINDOW_TOKENS, turns * chance.randint(1500, 4000)),
        },
        "sandbox": {
            "costUsd": sandbox_cost,
            "durationSeconds": ran_seconds,
            "ratePerMinuteUsd": rate_per_minute_usd,
            "waived": plan.waived,
        },
    }


def outputs(run_id: str, words: AbstractSet[Word], repository: RepositoryAddress) -> list[dict[str, Any]]:
    """The document's outputs of a completed run: a text always, the rest when the prompt asks for it."""
    chance = Random(f"{run_id} outputs")
    number = chance.randint(1, 900)
    pulls, issues = ("pull", "issues") if repository.provider == "github" else ("-/merge_requests", "-/issues")
    made: list[dict[str, Any]] = [
        {"type": "text", "eventId": f"evt_{run_id}_1", "content": "Done: the change is made and the tests pass."}
    ]
    if Word.PULL_REQUEST in words:
        made.append(_linked("pr", f"evt_{run_id}_2", repository, pulls, "Make the change", number))
    if Word.ISSUE in words:
        made.append(_linked("issue", f"evt_{run_id}_3", repository, issues, "Something to look at later", number + 1))
    if Word.BRANCH in words:
        made.append({"type": "branch", "eventId": f"evt_{run_id}_4", "name": f"cospec/change-{number}"})
    return made


def _linked(
    kind: str, event_id: str, repository: RepositoryAddress, place: str, title: str, number: int
) -> dict[str, Any]:
    return {
        "type": kind,
        "eventId": event_id,
        "url": f"{repository.url}/{place}/{number}",
        "title": title,
        "number": number,
    }


def _error(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}


def _guardrail_error(reason: str | None, guardrails: Guardrails) -> dict[str, str] | None:
    match reason:
        case "max_turns":
            return _error("RUN_TURN_LIMIT_REACHED", f"The agent stopped after {guardrails.max_turns} turns.")
        case "max_cost":
            return _error("RUN_COST_LIMIT_REACHED", f"The run stopped at {guardrails.max_cost_usd:g} USD.")
        case "timeout":
            return _error("RUN_TIMED_OUT", f"The run stopped after {guardrails.timeout_seconds} seconds.")
        case _:
            return None


def _milliseconds(seconds: float) -> float:
    return int(seconds * 1000) / 1000

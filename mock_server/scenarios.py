"""Which keys, repositories and words put the mock in a special state? The one table, for people and for the code.

What each of them leads to is done where the resource is; this module only names them and tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from generated.contract import ProblemCode


class Scenario(StrEnum):
    """The state of an organization, by what its name starts with: `csk_live_no_credits_7` is without credits."""

    NO_CREDITS = "no_credits"
    NO_ANTHROPIC_KEY = "no_anthropic"
    NO_GITHUB_APP = "no_github_app"
    NO_GIT_PROVIDER = "no_git_provider"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    INTERNAL_ERROR = "internal_error"
    RATE_LIMITED = "rate_limited"
    FULL = "full"


SCENARIOS: Mapping[Scenario, str] = {
    Scenario.NO_CREDITS: "createRun is refused with USAGE_INSUFFICIENT_CREDITS",
    Scenario.NO_ANTHROPIC_KEY: "createRun is refused with RUN_API_KEY_REQUIRED",
    Scenario.NO_GITHUB_APP: "createRun is refused with RUN_GITHUB_APP_NOT_INSTALLED, but for repositories on GitLab",
    Scenario.NO_GIT_PROVIDER: "createRun is refused with RUN_GIT_PROVIDER_NOT_INSTALLED",
    Scenario.REVOKED: "every request is refused with API_KEY_INVALID",
    Scenario.UNKNOWN: "every request is refused with API_KEY_INVALID",
    Scenario.INTERNAL_ERROR: "every operation is answered INTERNAL_ERROR",
    Scenario.RATE_LIMITED: "every request is refused with RATE_LIMIT_EXCEEDED",
    Scenario.FULL: (
        "ten pending runs run_full_active_1 … run_full_active_10 that stay so until they are cancelled, an ended run "
        "run_full_ended, a template in-use with active runs, 25 webhooks https://hooks.full.example/1 … /25 with the "
        "ids wh_full_1 … wh_full_25"
    ),
}

INVALID_KEY_SCENARIOS = frozenset({Scenario.REVOKED, Scenario.UNKNOWN})


def scenario_of(organization_name: str) -> Scenario | None:
    """The scenario that an organization of this name is in."""
    return next((scenario for scenario in Scenario if organization_name.startswith(scenario.value)), None)


MAGIC_OWNER = "mock"
"""Repositories of this owner exist only as far as this table has them; of any other owner all exist."""

MAGIC_REPOSITORIES: Mapping[str, tuple[ProblemCode | None, str]] = {
    "mock/orchestrator-error": (ProblemCode.RUN_ORCHESTRATOR_ERROR, "createRun is answered RUN_ORCHESTRATOR_ERROR"),
    "mock/unavailable": (None, "createRun is answered with status 503"),
    "mock/internal-error": (ProblemCode.INTERNAL_ERROR, "createRun is answered INTERNAL_ERROR"),
    "mock/missing": (ProblemCode.REPOSITORY_NOT_FOUND, "createRun is refused with REPOSITORY_NOT_FOUND"),
}
"""What createRun answers for a repository; None is the status without a listed code."""


class Word(StrEnum):
    """A word that steers a run, written `[mock:WORD]` anywhere in its prompt. Words can be combined."""

    FAIL = "fail"
    MAX_TURNS = "max_turns"
    MAX_COST = "max_cost"
    TIMEOUT = "timeout"
    PLATFORM_FAILURE = "platform_failure"
    SLOW = "slow"
    STUCK_PENDING = "stuck-pending"
    PULL_REQUEST = "pull-request"
    ISSUE = "issue"
    BRANCH = "branch"


WORDS: Mapping[Word, str] = {
    Word.FAIL: "the run fails with failReason error and error.code RUN_RESOURCE_LIMIT_EXCEEDED",
    Word.MAX_TURNS: "the run fails at its maxTurns",
    Word.MAX_COST: "the run fails at its maxCostUsd",
    Word.TIMEOUT: "the run fails at its timeoutSeconds",
    Word.PLATFORM_FAILURE: "the run fails with failReason error and its sandbox costs nothing (waived)",
    Word.SLOW: "the run takes an hour, or fails at its timeoutSeconds or maxCostUsd when that comes first",
    Word.STUCK_PENDING: "the run stays pending until it is cancelled",
    Word.PULL_REQUEST: "the completed run has a pr among its outputs",
    Word.ISSUE: "the completed run has an issue among its outputs",
    Word.BRANCH: "the completed run has a branch among its outputs",
}

_WORD = re.compile(r"\[mock:([a-z_-]{1,32})\]")


def words_of(prompt: str) -> frozenset[Word]:
    """The words that steer a run with this prompt; unknown ones are left out."""
    known = {word.value: word for word in Word}
    return frozenset(known[text] for text in _WORD.findall(prompt) if text in known)

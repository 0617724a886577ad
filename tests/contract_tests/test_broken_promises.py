"""A server that breaks a promise fails the run, and the report names the rule, the answer and a command.

A few promises of different kinds, each broken on the way to or from a right server.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from contract_tests.harness import checks
from contract_tests.harness.checks import CHECKS
from generated.contract import PROBLEMS, Header, ProblemCode
from tests.contract_tests.altered_mock import Answer, Asked, altered
from tests.contract_tests.suite import KEY, ROOT, run_here

OF_CHECK = {function: rule.id.partition("/")[2] for rule, _, function in CHECKS}


def no_reset_on_problems(answer: Answer) -> Answer:
    return answer.without(Header.RATE_LIMIT_RESET) if answer.status == 404 else answer


def not_found_for_templates(answer: Answer) -> Answer:
    if answer.status != 404 or "/templates/" not in answer.asked.path:
        return answer
    kind = PROBLEMS[ProblemCode.NOT_FOUND]
    return answer.having(answer.json | {"type": kind.code, "title": kind.title})


def no_created_at(answer: Answer) -> Answer:
    if answer.status != 200 or not answer.asked.path.startswith("/v1/runs/") or "id" not in answer.json:
        return answer
    return answer.having({name: value for name, value in answer.json.items() if name != "createdAt"})


def total_of_the_page(answer: Answer) -> Answer:
    if answer.status != 200 or answer.asked.path != "/v1/templates" or answer.asked.method != "GET":
        return answer
    pagination = answer.json["pagination"] | {"total": len(answer.json["data"])}
    return answer.having(answer.json | {"pagination": pagination})


def any_limit(asked: Asked) -> Asked:
    limit = asked.query.get("limit", "")
    return replace(asked, query=asked.query | {"limit": "100"}) if limit.isdigit() and int(limit) > 100 else asked


def no_key_for_repositories(asked: Asked) -> Asked:
    if asked.path != "/v1/repositories":
        return asked
    return replace(asked, headers=asked.headers | {"authorization": f"Bearer {KEY}"})


def _nothing_asked(asked: Asked) -> Asked:
    return asked


def _nothing_answered(answer: Answer) -> Answer:
    return answer


@dataclass(frozen=True)
class Breach:
    """How a promise is broken, where the suite looks, which rule says so (less its subject), and what it tells."""

    file: str
    rule: str
    told: str
    operation_id: str | None
    answer: Callable[[Answer], Answer] = _nothing_answered
    asked: Callable[[Asked], Asked] = _nothing_asked


BREACHES = {
    "a header is missing on errors": Breach(
        "test_problems.py",
        OF_CHECK[checks._rate_headers],
        f"404 has no {Header.RATE_LIMIT_RESET}",
        "getTemplate",
        answer=no_reset_on_problems,
    ),
    "a code is another's": Breach(
        "test_problems.py",
        "unknown-is-not-found",
        "is answered 404 NOT_FOUND",
        "getTemplate",
        answer=not_found_for_templates,
    ),
    "a required member is missing": Breach(
        "test_run_logs.py", OF_CHECK[checks._body], '"createdAt" is a required property', "getRun", answer=no_created_at
    ),
    "a total is that of the page": Breach(
        "test_pagination.py",
        "templates-total-counts-the-list",
        "items, the page says total",
        "listTemplates",
        answer=total_of_the_page,
    ),
    "a bound is ignored": Breach(
        "test_operations.py", "assumed-bound-is-kept", "limit is at most 100", "listRuns", asked=any_limit
    ),
    "a key is not asked for": Breach(
        "test_authentication.py",
        "every-operation-needs-a-key",
        "no header: the answer is 200, not 401",
        "listRepositories",
        asked=no_key_for_repositories,
    ),
}


@pytest.mark.parametrize("words", BREACHES)
def test_a_broken_promise_fails_the_run_and_is_named(tmp_path: Path, words: str) -> None:
    breach = BREACHES[words]
    with altered(breach.answer, breach.asked) as url:
        run = run_here(tmp_path, ROOT / "contract_tests" / breach.file, base_url=url, api_key=KEY, strict="1", seed="1")
    assert run.status == 1, run.output
    assert breach.rule in run.broken
    found = run.broken[breach.rule]
    evidence = [one for one in found["evidence"] if one["operationId"] == breach.operation_id]
    assert any(breach.told in one["seen"] for one in evidence), found["evidence"]
    assert any(part.startswith(f"{url}/v1/") for part in shlex.split(evidence[0]["curl"]))
    failures = run.output.partition("FAILURES")[2]
    assert found["id"] in failures
    assert found["sentence"] in failures
    assert breach.told in failures


def test_a_server_that_keeps_these_promises_passes(tmp_path: Path) -> None:
    """What goes through the alteration unaltered is the mock as it is."""
    files = sorted({ROOT / "contract_tests" / breach.file for breach in BREACHES.values()})
    with altered() as url:
        run = run_here(tmp_path, *files, base_url=url, api_key=KEY, strict="1", seed="1")
    assert (run.status, run.report["verdict"]["outcome"]) == (0, "conforms"), run.output


def test_what_no_encoding_can_write_is_told_all_the_same(tmp_path: Path) -> None:
    """JSON may hold half of a surrogate pair, which is no character."""
    half = "\ud800"

    def halved(answer: Answer) -> Answer:
        if answer.status != 404:
            return answer
        return answer.having(answer.json | dict.fromkeys(("type", "title", "instance", "requestId"), half))

    with altered(halved) as url:
        run = run_here(tmp_path, ROOT / "contract_tests" / "test_problems.py", base_url=url, api_key=KEY)
    assert run.status == 1
    assert r"the code \ud800 is not in the catalogue" in run.output
    assert run.broken[OF_CHECK[checks._catalogue]]["evidence"][0]["seen"] == r"the code \ud800 is not in the catalogue"


def test_an_organization_that_can_take_no_more_is_not_held_against_the_server(tmp_path: Path, mock_url: str) -> None:
    """Others have all of its places for runs and webhooks."""
    file = ROOT / "contract_tests" / "test_operations.py"
    run = run_here(tmp_path, file, base_url=mock_url, api_key="csk_live_full_of_others", seed="1")
    assert run.broken == {}, run.output
    assert run.status == 2, run.output

"""What does the whole suite say of the mock, what has it seen by then, and what has it cost?"""

from __future__ import annotations

import pytest

from contract_tests.harness.profiles import PLANS
from contract_tests.harness.report_data import Report
from generated.contract import OPERATIONS
from scripts.trial import Trial, carry_out

FEWEST_RULES = 90


@pytest.fixture(scope="module", params=[1, 2])
def report(request: pytest.FixtureRequest) -> Report:
    """The report of a run with a seed."""
    found = carry_out(Trial(seed=request.param))
    assert isinstance(found, Report), found
    return found


def test_the_mock_conforms(report: Report) -> None:
    assert report.verdict.outcome == "conforms", report.verdict.reasons
    assert not report.verdict.partial


def test_every_rule_held(report: Report) -> None:
    assert len(report.rules) >= FEWEST_RULES
    assert [(rule.id, rule.outcome, rule.reasons) for rule in report.rules if rule.outcome != "held"] == []


def test_every_documented_answer_was_seen(report: Report) -> None:
    """Each operation with each status and code; where a status has no listed code, with any."""
    seen = {(one.operation_id, one.status, one.code) for one in report.observations}
    statuses = {(operation_id, status) for operation_id, status, _ in seen}
    missing: list[tuple[str, int, str | None]] = [
        (operation.operation_id, status, code)
        for operation in OPERATIONS.values()
        for status, codes in operation.problem_codes.items()
        for code in codes
        if (operation.operation_id, status, code) not in seen
    ]
    missing += [
        (operation.operation_id, status, None)
        for operation in OPERATIONS.values()
        for status in (operation.success_status, *operation.problem_codes)
        if (operation.operation_id, status) not in statuses
    ]
    assert missing == []


def test_nothing_undocumented_was_seen(report: Report) -> None:
    assert [one for one in report.observations if one.operation_id and not one.documented and one.status != 503] == []


def test_it_keeps_to_its_plan(report: Report) -> None:
    assert report.requests.total <= PLANS["standard"].requests == report.requests.planned
    assert 0 < report.permission.started <= PLANS["standard"].runs
    assert report.requests.unplanned_refusals == 0
    assert sum(report.requests.by_file.values()) == report.requests.total


def test_smoke_keeps_to_its_plan_and_says_so_of_a_right_server() -> None:
    found = carry_out(Trial(profile="smoke"))
    assert isinstance(found, Report), found
    assert found.verdict.outcome == "conforms", found.verdict.reasons
    assert found.requests.total <= PLANS["smoke"].requests == found.requests.planned
    assert 0 < found.permission.started <= PLANS["smoke"].runs
    assert {rule.outcome for rule in found.rules} == {"held", "not checked"}
    assert any(rule.reasons == ["because PROFILE=smoke leaves it out"] for rule in found.rules)


def test_another_client_at_work_raises_no_alarm() -> None:
    found = carry_out(Trial(colleague=True))
    assert isinstance(found, Report), found
    assert [rule.evidence for rule in found.rules if rule.broken] == []
    assert found.verdict.outcome == "conforms", found.verdict.reasons

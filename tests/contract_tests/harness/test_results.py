"""What became of the rules is counted right, and it makes the verdict and its words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest

from contract_tests.harness import report
from contract_tests.harness.report_data import SCHEMA_PATH, Report, make_report, make_verdict, schema_text
from contract_tests.harness.results import UNPLANNED_429_SHARE, Results, Seen
from contract_tests.harness.rules import Break, Rule
from contract_tests.harness.settings import Settings
from generated.contract import OPERATIONS, Header, ProblemCode
from tests.contract_tests.exchanges import problem, success
from tests.contract_tests.scripted import KEY, answer, scripted

MUST = Rule("own/must", "overview", "It must hold.")
SHOULD = Rule("own/should", "assumed", "It should hold.")
OTHER = Rule("own/other", "reference", "It must hold too.")


def everything_seen(**members: Any) -> Results:
    """Results of a run that has seen each operation succeed."""
    results = Results(**members)
    for operation_id in OPERATIONS:
        results.seen[operation_id, 200, None] = Seen()
    return results


def settings() -> Settings:
    return Settings(base_url="http://127.0.0.1:4010", api_key=KEY, seed=7)


# Rules


def test_a_rule_is_what_it_came_to() -> None:
    results = Results()
    results.was_not_checked(MUST, "because of this")
    results.was_not_checked(MUST, "because of this")
    results.was_not_checked(MUST, "because of that")
    assert results.of(MUST).outcome == "not checked"
    assert results.of(MUST).reasons == ["because of this", "because of that"]
    results.held(MUST)
    assert results.of(MUST).outcome == "held"
    results.broke(Break(MUST, "once"))
    results.held(MUST)
    assert results.of(MUST).outcome == "broken"
    assert (results.of(MUST).held, len(results.of(MUST).breaks)) == (2, 1)


def test_two_rules_cannot_share_an_id() -> None:
    results = Results()
    results.held(MUST)
    with pytest.raises(ValueError, match="own/must"):
        results.held(replace(MUST, sentence="Something else."))


@pytest.mark.parametrize(("strict", "failures", "warnings"), [(False, 1, 1), (True, 2, 0)])
def test_a_broken_assumption_fails_only_a_strict_run(strict: bool, failures: int, warnings: int) -> None:
    results = Results(strict=strict)
    results.broke(Break(MUST, "seen"))
    results.broke(Break(SHOULD, "seen"))
    assert (len(results.failures), len(results.warnings)) == (failures, warnings)


def test_the_level_of_a_rule_is_that_of_its_source() -> None:
    assert [rule.level for rule in (MUST, SHOULD, OTHER)] == ["must", "should", "must"]
    assert MUST.subject == "own"


# What was seen


def test_what_was_seen_is_counted_by_operation_status_and_code_with_the_headers_of_all() -> None:
    results = Results()
    results.see(success("getRun"))
    results.see(success("getRun", without=(Header.RATE_LIMIT_RESET,)))
    results.see(problem("getRun", ProblemCode.NOT_FOUND))
    results.see(problem(None, ProblemCode.NOT_FOUND))
    assert {key: seen.count for key, seen in results.seen.items()} == {
        ("getRun", 200, None): 2,
        ("getRun", 404, "NOT_FOUND"): 1,
        (None, 404, "NOT_FOUND"): 1,
    }
    assert results.seen["getRun", 200, None].headers == {Header.RATE_LIMIT_LIMIT, Header.RATE_LIMIT_REMAINING}
    assert results.has_succeeded("getRun")
    assert not results.has_succeeded("listRuns")


def test_only_operations_that_are_published_must_be_seen_to_succeed() -> None:
    missing = Results().operations_without_success()
    assert set(missing) == {name for name, operation in OPERATIONS.items() if operation.source != "assumed"}
    assert everything_seen().operations_without_success() == []


def test_a_refusal_is_no_success() -> None:
    results = Results()
    results.see(problem("getRun", ProblemCode.NOT_FOUND))
    assert "getRun" in results.operations_without_success()


def test_a_run_of_smoke_holds_an_operation_to_success_only_where_it_asked_for_one() -> None:
    results = Results(is_smoke=True)
    assert results.operations_without_success() == []
    results.see(problem("createWebhook", ProblemCode.VALIDATION_FAILED))
    assert results.operations_without_success() == []
    results.see(problem("getRun", ProblemCode.NOT_FOUND))
    assert results.operations_without_success() == ["getRun"]


# Verdicts


def _broken(level: Rule, **members: Any) -> Results:
    results = everything_seen(**members)
    results.broke(Break(level, "seen"))
    return results


def _silent(**members: Any) -> Results:
    results = everything_seen(**members)
    del results.seen["getRun", 200, None]
    return results


def _refused(count: int, **members: Any) -> Results:
    return everything_seen(requests=1000, unplanned_429s=count, **members)


MOST = int(UNPLANNED_429_SHARE * 1000)
VERDICTS = {
    "all held": (everything_seen(), 0, "keeps the contract."),
    "a part held": (everything_seen(partial=True), 0, "only a part of the contract was."),
    "a must broke": (_broken(MUST), 1, "1 rule(s) broken."),
    "a must broke in a part": (_broken(MUST, partial=True), 1, "1 rule(s) broken."),
    "a must broke before an error of the suite": (_broken(MUST, suite_errors=["oops"]), 1, "1 rule(s) broken."),
    "a should broke": (_broken(SHOULD), 0, "keeps the contract."),
    "a should broke and the run is strict": (_broken(SHOULD, strict=True), 1, "1 rule(s) broken."),
    "an error of the suite": (everything_seen(suite_errors=["oops"]), 2, "nothing can be said"),
    "an error of the suite in a part": (everything_seen(partial=True, suite_errors=["oops"]), 2, "oops."),
    "an operation never succeeded": (_silent(), 2, "no success was seen of getRun."),
    "it is not in the part that was chosen": (_silent(partial=True), 0, "only a part of the contract was."),
    "a few refusals by surprise": (_refused(MOST), 0, "keeps the contract."),
    "too many refusals by surprise": (_refused(MOST + 1), 2, f"{MOST + 1} of 1000 requests were refused"),
}


@pytest.mark.parametrize("words", VERDICTS)
def test_the_verdict_its_words_and_its_exit_status_agree(words: str) -> None:
    results, status, told = VERDICTS[words]
    verdict = make_verdict(results)
    assert verdict.exit_status == status
    assert verdict.outcome == ["conforms", "does not conform", "nothing can be said"][status]
    assert bool(verdict.reasons) == (status == 2)
    text = report.verdict(results, settings())
    assert text.startswith("VERDICT: ")
    assert told in text
    assert ("keeps" in text) == (status == 0)
    assert ("does not keep" in text) == (status == 1)


def test_the_reasons_of_a_verdict_hold_no_key() -> None:
    results = everything_seen(suite_errors=[f"died with {KEY}"])
    assert KEY not in make_verdict(results).model_dump_json()
    assert KEY not in report.verdict(results, settings())


# The report as data


def _report() -> Report:
    """The report of a small run in which a rule held, broke and was not checked."""
    with scripted([answer(200, {}), answer(418, {"type": "TEAPOT", "title": "x", "status": 418})]) as (session, *_):
        first, second = session.call("getCredits"), session.call("getRun", path={"id": "one"})
        for found in session.breaks:
            session.results.broke(found)
        session.results.held(MUST)
        session.results.was_not_checked(SHOULD, f"because of {KEY}")
        for number in range(9):
            session.results.broke(Break(OTHER, f"seen {number} with {KEY}", second if number else first))
        return make_report(session.results, session, settings(), 1.5)


def test_the_schema_of_the_report_is_in_step() -> None:
    assert SCHEMA_PATH.read_text(encoding="utf-8") == schema_text(), "type python -m contract_tests.harness.report_data"


def test_a_report_fits_its_schema() -> None:
    schema = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
    data = json.loads(_report().model_dump_json(by_alias=True))
    validator = jsonschema_rs.validator_for(schema)
    assert list(validator.iter_errors(data)) == []
    for name in ("verdict", "rules", "target"):
        assert not validator.is_valid({key: value for key, value in data.items() if key != name})
    assert not validator.is_valid(data | {"more": 1})


def test_a_report_tells_what_was_seen() -> None:
    found = _report()
    rules = {rule.id: rule for rule in found.rules}
    assert [rule.id for rule in found.rules] == sorted(rules)
    assert (rules["own/must"].outcome, rules["own/must"].held) == ("held", 1)
    assert rules["own/should"].reasons == ["because of csk_live_…scri"]
    assert KEY not in found.model_dump_json()
    other = rules["own/other"]
    assert (other.outcome, other.broken, other.fails_the_run, len(other.evidence)) == ("broken", 9, True, 5)
    assert other.evidence[0].operation_id == "getCredits"
    assert str(other.evidence[1].response).startswith("418 ")
    assert found.verdict.exit_status == 1
    assert found.seed == 7
    assert found.target.clock == "real"
    assert found.requests.total == 2
    seen = {(row.operation_id, row.status, row.code): row.documented for row in found.observations}
    assert seen == {("getCredits", 200, None): True, ("getRun", 418, "TEAPOT"): False}

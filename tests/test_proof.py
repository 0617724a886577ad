"""Is a fault called caught only when the right rule breaks, and are the sums right? Two real runs show the whole."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mock_server.faults import FAULTS
from mock_server.variants import VARIANTS
from scripts import proof, prove, trial
from scripts.proof import Caught, Passed, Proof, as_markdown, percent, try_fault, try_variant
from scripts.trial import Trial, carry_out

FAULT = FAULTS["limit-header-missing"]
RULE = "headers/rate-limit-on-every-response"


def caught(name: str = "one", requests: int | None = 60, **changes: Any) -> Caught:
    """A fault that was caught, after so many requests."""
    row = Caught(name, "It is so.", "overview", 1, RULE, requests, 1.5, [], None)
    return replace(row, **changes)


PASSED = Passed("same", "It does it so.", 1, True, 600, 3.0, [], ["usage/newest-first"], [])


def test_a_fault_is_caught_by_the_rule_that_states_its_promise() -> None:
    row = try_fault(FAULT, 1, tests_of={})
    assert (row.name, row.rule, row.error) == (FAULT.name, RULE, None)
    assert row.requests == 1


def test_what_another_rule_finds_is_an_accident() -> None:
    row = try_fault(replace(FAULT, rules=("headers/retry-after-only-on-429",)), 1, tests_of={})
    assert row.rule is None
    assert f"{RULE} (must)" in row.accidents


def test_a_published_promise_needs_a_rule_that_fails_the_run() -> None:
    fault = FAULTS["title-is-the-status"]
    assert try_fault(fault, 1, tests_of={}).rule == "problems/title-of-its-code"
    assert try_fault(replace(fault, source="overview"), 1, tests_of={}).rule is None


def test_an_assumed_promise_may_cost_no_more_than_a_warning() -> None:
    fault = replace(FAULTS["unknown-runs-are-400"], source="assumed", breaks_too={})
    more = proof.more_than_warnings([fault], 1)[fault.name]
    assert "problems/unknown-is-not-found (must)" in more
    failing = [rule.partition(" ")[0] for rule in more]
    excused = replace(fault, breaks_too=dict.fromkeys(failing, "It is a part of it."))
    assert proof.more_than_warnings([excused], 1)[fault.name] == []


def test_assumed_faults_that_fail_the_run_together_are_tried_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "carry_out", lambda trial: " ".join(trial.faults))
    one, other = FAULTS["unknown-runs-are-400"], FAULT
    assert proof.more_than_warnings([one, other], 1) == {one.name: [one.name], other.name: [other.name]}


def test_what_fails_the_run_for_an_assumption_is_not_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    assumed = FAULTS["title-is-the-status"]
    monkeypatch.setattr(proof, "try_fault", lambda fault, seed, **_: caught(fault.name, seed=seed))
    monkeypatch.setattr(proof, "carry_out", lambda trial: "It fails.")
    tried = proof.prove([assumed, FAULT], [], [1, 2], fast=False, jobs=1, progress=lambda *_: None)
    assert [(row.name, row.accidents) for row in tried.uncaught] == [(assumed.name, ["It fails."])] * 2


def test_a_run_leaves_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even one that is given up while it is under way."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(trial, "LONGEST_SECONDS", 1.0)
    assert "longer than 1 seconds" in str(carry_out(Trial()))
    assert list(tmp_path.iterdir()) == []


def test_smoke_looks_at_less() -> None:
    fault = FAULTS["limit-header-missing"]
    assert try_fault(fault, 1, profile="smoke").rule == RULE
    late = try_fault(FAULTS["twenty-six-webhooks"], 1, profile="smoke")
    assert (late.rule, late.error) == (None, None)


def test_in_the_fast_way_only_the_tests_of_its_rules_are_run(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Trial] = []

    def carry_out(trial: Trial) -> str:
        tried.append(trial)
        return "There is none."

    monkeypatch.setattr(proof, "carry_out", carry_out)
    tests_of = {rule: ["contract_tests/test_usage.py::test_newest_first"] for rule in FAULT.rules}
    try_fault(FAULT, 1, tests_of=tests_of)
    assert [bool(trial.tests) for trial in tried] == [True, False], "and all of them where that shows nothing"
    assert all(trial.stop_at == FAULT.rules for trial in tried)


def test_which_tests_look_at_a_rule_is_what_a_run_tells() -> None:
    tests_of = proof.tests_of_rules(1)
    assert tests_of["usage/newest-first"] == ["contract_tests/test_usage.py::test_newest_first"]
    assert len(tests_of["requests/invalid-is-refused"]) > 1
    assert tests_of[RULE] == []


def test_variants_that_do_not_go_together_are_tried_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def together(trial: Trial) -> str:
        tried.append(len(trial.variants))
        return "They do not."

    monkeypatch.setattr(proof, "carry_out", together)
    rows = proof.try_variants([VARIANTS["ids-are-uuids"], VARIANTS["ids-are-numbers"]], 1)
    assert tried == [2, 1, 1]
    assert [row.name for row in rows] == ["ids-are-uuids", "ids-are-numbers"]
    assert not any(row.passed for row in rows)


def test_a_variant_passes_when_it_conforms() -> None:
    row = try_variant(VARIANTS["problems-are-minimal"], 1)
    assert (row.passed, row.broken, row.reasons) == (True, [], [])


def test_the_curve_counts_what_was_caught_by_then() -> None:
    rows = [caught(requests=50), caught(requests=51), caught(requests=600), caught(rule=None, requests=None)]
    tried = Proof([1], 1.0, rows, [])
    assert [tried.share_caught_after(count) for count in (49, 50, 100, 600)] == [0, 0.25, 0.5, 0.75]
    assert tried.uncaught == rows[3:]


def test_all_means_all() -> None:
    assert [percent(share) for share in (1.0, 0.999, 0.0)] == ["100 %", "99 %", "0 %"]


def test_the_table_has_a_row_for_each_fault_and_variant() -> None:
    rows = [caught(), caught(seed=2, requests=80), caught("two", rule=None, requests=None, seconds=None)]
    smoke = [caught(requests=40), caught("two", rule=None, requests=None)]
    tried = Proof([1, 2], 1.0, rows, [PASSED, replace(PASSED, seed=2, passed=False)], smoke)
    lines = as_markdown(tried).splitlines()
    assert "| smoke | 100 | 50 % |" in lines
    assert "| standard | 600 | 66 % |" in lines
    assert f"| one | It is so. | {RULE} | 70 | 1.5 | 40 |" in lines
    assert "| two | It is so. | **not caught** | |  |  |" in lines
    assert "| same | It does it so. | **fails** | usage/newest-first |" in lines


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the proof is written."""
    monkeypatch.setattr(prove, "REPORTS", tmp_path)
    return tmp_path


def test_the_proof_is_written_and_told(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(proof, "try_fault", lambda fault, seed, **_: caught(fault.name, seed=seed))
    monkeypatch.setattr(proof, "try_variants", lambda variants, seed: [PASSED] * len(variants))
    monkeypatch.setattr(proof, "more_than_warnings", lambda faults, seed: {})
    assert prove.main(["--seeds", "1,2", "--jobs", "1"]) == 0
    written = json.loads((reports / "proof.json").read_text(encoding="utf-8"))
    assert len(written["faults"]) == 2 * len(FAULTS)
    assert written["curve"]["100"] == 1.0
    assert (reports / "proof.md").read_text(encoding="utf-8").startswith("# ")
    assert f"{2 * len(FAULTS)} of {2 * len(FAULTS)} faults caught" in capsys.readouterr().out


def test_what_is_not_caught_and_false_alarms_are_told(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del reports
    monkeypatch.setattr(proof, "try_fault", lambda fault, seed, **_: caught(fault.name, rule=None, requests=None))
    monkeypatch.setattr(
        proof,
        "try_variants",
        lambda variants, seed: [replace(PASSED, passed=False, broken=["runs/starts: never"])],
    )
    assert prove.main([FAULT.name, "ids-are-uuids"]) == 1
    told = capsys.readouterr().out
    assert f"not caught (seed 1): {FAULT.name}: " in told
    assert "false alarm (seed 1): same: It does it so. runs/starts: never" in told


def test_an_unknown_name_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert prove.main(["no-such-fault"]) == 2
    assert capsys.readouterr().err == "there is no fault and no variant no-such-fault\n"

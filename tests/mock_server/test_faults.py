"""Is every fault told of, and does it name rules of the suite? That they catch it is for `scripts.prove`."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from contract_tests.harness.rules import RULES
from mock_server import faults
from mock_server.faults import FAULTS
from mock_server.faults.registry import add

ROOT = Path(__file__).resolve().parents[2]
LEAST = 120
"""How many faults there are at the least."""


@pytest.fixture(scope="module", autouse=True)
def rules() -> None:
    """Every rule of the suite is known."""
    import_module("contract_tests.harness.plugin")
    for file in sorted((ROOT / "contract_tests").glob("test_*.py")):
        import_module(f"contract_tests.{file.stem}")


def test_there_are_enough_faults() -> None:
    assert len(FAULTS) >= LEAST


def test_a_fault_tells_its_promise_in_a_sentence() -> None:
    assert not [fault.name for fault in FAULTS.values() if not fault.promise.endswith(".") or len(fault.promise) > 160]


def test_a_fault_names_rules_of_the_suite() -> None:
    assert not [fault.name for fault in FAULTS.values() if not fault.rules]
    assert not {rule_id for fault in FAULTS.values() for rule_id in fault.rules} - set(RULES)


def test_a_published_promise_is_stated_by_a_rule_that_fails_the_run() -> None:
    published = [fault for fault in FAULTS.values() if not fault.is_assumed]
    assert not [fault.name for fault in published if all(RULES[rule].level == "should" for rule in fault.rules)]


def test_only_a_broken_assumption_may_break_published_promises_too_and_says_why() -> None:
    excused = [fault for fault in FAULTS.values() if fault.breaks_too]
    assert all(fault.is_assumed for fault in excused)
    assert {RULES[rule].level for fault in excused for rule in fault.breaks_too} <= {"must"}
    assert all(reason.endswith(".") for fault in excused for reason in fault.breaks_too.values())


def test_no_two_faults_break_the_same_promise_in_the_same_words() -> None:
    twice = [promise for promise, count in Counter(fault.promise for fault in FAULTS.values()).items() if count > 1]
    assert not twice


def test_a_name_is_given_once() -> None:
    name = next(iter(FAULTS))
    with pytest.raises(ValueError, match=f"two faults are named {name}"):
        add(name, "Again.", lambda mock: None, ())


def test_every_module_of_faults_has_some() -> None:
    modules = {file.stem for file in Path(faults.__file__).parent.glob("*.py")} - {"__init__", "registry"}
    assert modules == {fault.alter.__module__.rpartition(".")[2] for fault in FAULTS.values()}


def test_the_conforming_mock_loads_neither_faults_nor_variants() -> None:
    program = (
        "import sys, mock_server.hosting, mock_server.__main__;"
        "print([name for name in sys.modules if name.startswith('mock_server.') and ("
        "'altered' in name or 'faults' in name or 'variants' in name)])"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"

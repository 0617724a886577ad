"""A rule is a promise with an id, a source and a sentence, and every rule of the suite is a right one."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from contract_tests.harness.checks import CHECKS
from contract_tests.harness.rules import Broken, Rule, not_checked, require, rule
from generated.contract import SOURCES
from tests.contract_tests.exchanges import success
from tests.contract_tests.suite import ROOT

LIST = """
import sys, pytest
class Gather:
    def pytest_collection_modifyitems(self, items):
        for item in items:
            for mark in item.iter_markers("rule"):
                one = mark.args[0]
                print("RULE", one.id, one.source, one.sentence, sep="\\t")
sys.exit(pytest.main(["contract_tests", "--collect-only", "-qq", "-p", "no:cacheprovider"], plugins=[Gather()]))
"""


@pytest.fixture(name="rules", scope="module")
def _rules() -> list[Rule]:
    """Every rule that is a test, or is held to every response."""
    done = subprocess.run([sys.executable, "-c", LIST], cwd=ROOT, capture_output=True, text=True, check=True)
    rows = [line.split("\t")[1:] for line in done.stdout.splitlines() if line.startswith("RULE\t")]
    return [Rule(*row) for row in rows] + [found for found, _, _ in CHECKS]


def test_every_rule_has_an_id_of_its_own_a_known_source_and_a_sentence(rules: list[Rule]) -> None:
    assert len(rules) > 150
    sentences: dict[str, str] = {}
    for found in rules:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*/[a-z0-9]+(-[a-z0-9]+)*", found.id)
        assert found.source in SOURCES
        assert found.sentence.endswith(".")
        assert sentences.setdefault(found.id, found.sentence) == found.sentence


def test_the_docstring_of_a_test_is_its_promise() -> None:
    @rule("own/promise", source="guide")
    def test_something() -> None:
        """It holds
        whatever the server does.
        """

    (mark,) = test_something.pytestmark  # type: ignore[attr-defined]
    assert mark.args == (Rule("own/promise", "guide", "It holds whatever the server does."),)


def test_a_rule_without_a_promise_is_none() -> None:
    with pytest.raises(ValueError, match="own/silent"):

        @rule("own/silent", source="guide")
        def test_something() -> None:
            pass


def test_what_is_required_holds_or_is_told_with_its_exchange() -> None:
    exchange = success("getCredits")
    require(True, "nothing", exchange)
    with pytest.raises(Broken, match="seen so") as broken:
        require([], "seen so", exchange)
    assert broken.value.exchange is exchange


def test_what_is_not_checked_says_why_without_a_key() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"because of csk_live_…some$"):
        not_checked("because of csk_live_somebody")

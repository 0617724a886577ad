"""Can a person look at a few rules only, and stop when one of them is broken?"""

from __future__ import annotations

from pathlib import Path

from contract_tests.harness import plugin
from generated.contract import Header
from tests.contract_tests.altered_mock import Answer, altered
from tests.contract_tests.suite import run_here

KEY = "csk_live_rule_options"
ON_EVERY_RESPONSE = "headers/rate-limit-on-every-response"


def test_only_the_rules_that_are_asked_for_are_looked_at(tmp_path: Path, mock_url: str) -> None:
    run = run_here(tmp_path, plugin.SUITE, "--rules=webhooks/secrets-differ", base_url=mock_url, api_key=KEY)
    assert run.status == 0
    marked = {rule["id"] for rule in run.report["rules"] if rule["subject"] == "webhooks"}
    assert marked == {"webhooks/secrets-differ"}
    assert run.report["verdict"]["partial"]


def test_an_unknown_rule_is_told(tmp_path: Path, mock_url: str) -> None:
    run = run_here(tmp_path, plugin.SUITE, "--rules=webhooks/none", base_url=mock_url, api_key=KEY)
    assert run.status not in (0, 1)
    assert "there is no rule webhooks/none" in run.output


def test_a_run_stops_at_a_broken_rule(tmp_path: Path) -> None:
    with altered(lambda answer: answer.without(Header.RATE_LIMIT_RESET)) as url:
        run = run_here(tmp_path, plugin.SUITE, f"--stop-at={ON_EVERY_RESPONSE}", base_url=url, api_key=KEY)
    assert run.status == 1
    assert run.report["requests"]["total"] < 50
    (found,) = [rule for rule in run.report["rules"] if rule["id"] == ON_EVERY_RESPONSE]
    assert found["evidence"][0]["afterRequests"] == 1
    assert 0 < found["evidence"][0]["afterSeconds"] < run.report["seconds"]


def _other_title(answer: Answer) -> Answer:
    return answer.having({**answer.json, "title": "It did not work"}) if answer.status >= 400 else answer


def test_a_run_that_stopped_at_a_warning_does_not_say_that_the_server_conforms(tmp_path: Path) -> None:
    with altered(_other_title) as url:
        run = run_here(tmp_path, plugin.SUITE, "--stop-at=problems/title-of-its-code", base_url=url, api_key=KEY)
    assert run.status == 2
    assert run.report["verdict"]["outcome"] == "nothing can be said"

"""No key and no webhook's secret leaves a run: neither on the terminal nor in its reports, even when all goes wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from contract_tests.harness.exchange import redact
from contract_tests.harness.settings import PREFIX
from tests.contract_tests.altered_mock import Answer, altered
from tests.contract_tests.suite import ROOT, Run, own_suite, run_here

KEYS = {
    "api_key": "csk_live_owner_of_a_secret",
    "api_key_second": "csk_live_owner_of_a_secret__2",
    "api_key_other_org": "csk_live_somebody_else",
    "api_key_no_credits": "csk_live_no_credits_of_a_secret",
    "api_key_no_anthropic": "csk_live_no_anthropic_of_a_secret",
    "api_key_no_github_app": "csk_live_no_github_app_of_a_secret",
    "api_key_no_git_provider": "csk_live_no_git_provider_of_a_secret",
}
SHOWN = re.compile(r"csk_live_(?!…)[A-Za-z0-9_]{5,}|whsec_(?!…)[A-Za-z0-9+/=]+")
FILES = ("test_webhooks.py", "test_isolation.py", "test_authentication.py", "test_problems.py")


class Telling:
    """Answers every request with the key that came with it and the secrets that it has given away."""

    def __init__(self) -> None:
        self.secrets: list[str] = []

    def answer(self, answer: Answer) -> Answer:
        if not answer.body:
            return answer
        body = answer.json
        if isinstance(body, dict) and str(body.get("secret", "")).startswith("whsec_"):
            self.secrets.append(body["secret"])
        told = f"{answer.asked.headers.get('authorization')} {self.secrets[-1:]}"
        if "type" in body:
            body["type"] = told[7:]
        return answer.having({"told": told, **body, "status": told, "title": told, "instance": told[7:], "name": told})


@pytest.fixture(scope="module", name="run")
def _run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, list[str]]:
    """A run that fails everywhere, on a server that tells all that it knows."""
    telling = Telling()
    paths = [ROOT / "contract_tests" / file for file in FILES]
    with altered(telling.answer) as url:
        run = run_here(tmp_path_factory.mktemp("run"), *paths, base_url=url, **KEYS)
    return run, telling.secrets


def test_the_run_fails_and_has_secrets_to_tell(run: tuple[Run, list[str]]) -> None:
    done, secrets = run
    assert done.status == 1
    assert len(secrets) > 5
    assert len(done.report["rules"]) > 30
    assert "csk_live_…owne" in done.output


@pytest.mark.parametrize("where", ["the terminal", "report.json", "junit.xml"])
def test_no_secret_is_told(run: tuple[Run, list[str]], where: str) -> None:
    done, secrets = run
    text = {
        "the terminal": lambda: done.output,
        "report.json": lambda: json.dumps(done.report, ensure_ascii=False),
        "junit.xml": lambda: (done.directory / "reports" / "junit.xml").read_text(encoding="utf-8"),
    }[where]()
    assert "FAIL" in text or "broken" in text or "failure" in text
    assert [key for key in KEYS.values() if key in text] == []
    assert [secret for secret in secrets if secret.removeprefix("whsec_") in text] == []
    assert SHOWN.findall(text) == []


def test_the_report_names_the_keys_of_the_run_by_their_first_characters(run: tuple[Run, list[str]]) -> None:
    assert run[0].report["target"]["keys"] == {name: redact(key) for name, key in KEYS.items()}
    assert all(len(shown) <= len("csk_live_…") + 4 for shown in run[0].report["target"]["keys"].values())


def test_an_error_of_the_suite_tells_no_secret(tmp_path: Path, mock_url: str) -> None:
    secret = "whsec_b25lIHNlY3JldA"
    suite = own_suite(
        tmp_path,
        f"""
        def test_dies(session):
            raise RuntimeError(session.target.key + " {secret}")

        @rule("own/unchecked", source="overview")
        def test_unchecked(session):
            'Nobody looked.'
            not_checked(f"because of {{session.target.key}} {secret}")

        @rule("own/assumed", source="assumed")
        def test_assumed(session):
            'It is assumed.'
            require(False, f"it is {{session.target.key}} {secret}")
    """,
    )
    run = run_here(tmp_path, suite, base_url=mock_url, **KEYS)
    junit = (tmp_path / "reports" / "junit.xml").read_text(encoding="utf-8")
    assert run.status == 2
    assert "csk_live_…owne whsec_…" in run.verdict
    for text in (run.output, json.dumps(run.report, ensure_ascii=False), junit):
        assert SHOWN.findall(text) == []


def test_a_key_of_another_form_is_not_shown_at_all(tmp_path: Path, mock_url: str) -> None:
    run = run_here(tmp_path, ROOT / "contract_tests", base_url=mock_url, api_key="hunter2")
    assert run.status == 2
    assert "hunter2" not in run.output
    assert f"{PREFIX}API_KEY" in run.output

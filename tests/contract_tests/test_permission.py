"""A run that may not do everything does nothing else, and says of a right server that what was checked is kept."""

from __future__ import annotations

from pathlib import Path

from contract_tests.harness import plugin
from generated.contract import Header
from mock_server import hosting
from tests.contract_tests.altered_mock import Answer, altered
from tests.contract_tests.suite import ROOT, Run, run_here

KEYS = {
    "api_key": "csk_live_permitted",
    "api_key_second": "csk_live_permitted__2",
    "api_key_other_org": "csk_live_permitted_other",
    "api_key_no_credits": "csk_live_no_credits_permitted",
    "provoke": str(ROOT / "mock_server" / "provoke.yaml"),
}
NO_RUNS = "because no run may be started unless COSPEC_ALLOW_RUNS=1"


def run_with(directory: Path, *arguments: str, **settings: str) -> tuple[Run, list[Answer]]:
    """A run of the suite on a mock with these settings, and all that it was answered."""
    answers: list[Answer] = []

    def note(answer: Answer) -> Answer:
        answers.append(answer)
        return answer

    with altered(note) as url:
        run = run_here(directory, plugin.SUITE, *arguments, base_url=url, **KEYS, **settings)
    return run, answers


def says_that_a_part_is_kept(run: Run, reason: str) -> bool:
    verdict = run.report["verdict"]
    return (
        run.status == 0
        and run.verdict.endswith(f"keeps what was checked; only a part of the contract was, {reason}.")
        and verdict == {"outcome": "conforms", "exitStatus": 0, "partial": True, "reasons": []}
        and run.report["permission"]["withheld"] == [reason]
    )


def test_a_run_that_may_only_read_sends_nothing_else(tmp_path: Path) -> None:
    run, answers = run_with(tmp_path, read_only="1")
    assert {answer.asked.method for answer in answers} == {"GET"}
    assert says_that_a_part_is_kept(run, "because COSPEC_READ_ONLY is set"), run.output
    outcomes = {rule["id"]: rule["outcome"] for rule in run.report["rules"]}
    assert "broken" not in outcomes.values()
    assert outcomes["templates/created-is-echoed"] == outcomes["runs/born-pending"] == "not checked"
    assert outcomes["pagination/templates-pages-are-full"] == outcomes["repositories/listed-once"] == "held"
    assert list(tmp_path.rglob("*.jsonl")) == []


def test_a_run_that_may_start_no_run_asks_for_none(tmp_path: Path) -> None:
    run, answers = run_with(tmp_path, allow_runs="0")
    asked = {(answer.asked.method, answer.asked.path) for answer in answers}
    assert ("POST", "/v1/runs") not in asked
    assert ("POST", "/v1/templates") in asked
    assert says_that_a_part_is_kept(run, NO_RUNS), run.output
    assert ", of which 0 start runs" in run.output
    outcomes = {rule["id"]: rule["outcome"] for rule in run.report["rules"]}
    assert "broken" not in outcomes.values()
    assert outcomes["templates/deletion-is-final"] == outcomes["webhooks/as-many-as-documented"] == "held"
    assert outcomes["templates/in-use-cannot-be-deleted"] == "not checked"
    assert run.report["permission"] == {"writes": True, "runs": 0, "started": 0, "withheld": [NO_RUNS]}


def test_no_more_runs_are_started_than_told(tmp_path: Path) -> None:
    most = 6
    rules = "runs/born-pending,concurrency/never-more-than-ten,problems/credits-are-needed"
    run, answers = run_with(tmp_path, f"--rules={rules}", max_runs=str(most))
    creates = [answer for answer in answers if (answer.asked.method, answer.asked.path) == ("POST", "/v1/runs")]
    started = [answer for answer in creates if answer.status == 201]
    assert 0 < len(started) <= most
    assert says_that_a_part_is_kept(run, f"because no more than COSPEC_MAX_RUNS={most} runs may be started"), run.output
    assert run.report["permission"]["started"] <= most
    assert f"runs started: {run.report['permission']['started']}, {most} at the most" in run.output


def test_on_what_is_no_mock_no_run_is_started_unless_told(tmp_path: Path) -> None:
    rules = "repositories/listed-can-be-worked-on,templates/created-is-echoed"
    with hosting.running(hosting.Settings(control=False)) as url:
        for number, (told, started) in enumerate([({}, 0), ({"allow_runs": "1"}, 1)]):
            settings = {"base_url": url, "api_key": f"csk_live_plain_{number}", **told}
            run = run_here(tmp_path, plugin.SUITE, f"--rules={rules}", **settings)
            assert run.status == 0, run.output
            assert run.report["permission"]["started"] == started
            assert ("starts no run" in run.output) is not bool(told)


def as_no_mock(url: str) -> dict[str, str]:
    """Settings for a mock that is not recognized as one, because its control interface has another address."""
    return {"base_url": url.replace("127.0.0.1", "localhost"), "control_url": f"{url}/_control"}


def test_a_right_server_passes_without_runs_and_is_told_how_to_permit_them(tmp_path: Path) -> None:
    with hosting.running() as url:
        run = run_here(tmp_path, plugin.SUITE, **as_no_mock(url), api_key="csk_live_empty_organization", seed="1")
    assert says_that_a_part_is_kept(run, NO_RUNS), run.output
    heading = run.output[: run.output.index("plan: ")].splitlines()
    assert heading[-2].endswith(NO_RUNS)
    assert heading[-1].startswith("not checked for that: what needs runs of one's own")
    assert run.report["permission"]["started"] == 0
    assert run.report["requests"]["total"] > 500, "random requests fill what the runs would have needed"


def test_what_shows_without_runs_fails_without_them(tmp_path: Path) -> None:
    def unlimited(answer: Answer) -> Answer:
        return answer.without(Header.RATE_LIMIT_LIMIT)

    with altered(unlimited) as url:
        run = run_here(tmp_path, plugin.SUITE, **as_no_mock(url), api_key="csk_live_no_limit_told", seed="1")
    assert run.status == 1
    assert run.report["permission"]["started"] == 0
    assert run.report["verdict"]["partial"]


def test_the_journal_of_a_run_that_ends_well_is_gone(tmp_path: Path) -> None:
    run, _ = run_with(tmp_path, "--rules=webhooks/created-is-echoed", journal="kept/here")
    assert run.status == 0
    assert (tmp_path / "kept" / "here").is_dir()
    assert list(tmp_path.rglob("*.jsonl")) == []

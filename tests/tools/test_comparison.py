"""Are the runs judged fairly, kept for later, and told as they were?"""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import compare_tools
from scripts.tools import tool as tools
from scripts.tools.comparison import (
    CONFORMING,
    FAULT,
    VARIANT,
    Journal,
    Task,
    as_table,
    carry_out,
    carry_out_all,
    judge,
    tasks,
)
from scripts.tools.ground import REQUESTS_BEFORE_A_WINDOW, ground
from scripts.tools.suite import SUITE
from scripts.tools.table import TOOLS
from scripts.tools.tool import NothingSaid, Run, Said, run_command

PLANNED = tasks(["one"], ["broken", "hidden", "lost"], ["legal"], seed=1, baselines=2)


def said(*findings: str, error: str | None = None, requests: int = 10) -> Said:
    """What a tool said."""
    return Said(frozenset(findings), requests, 2.0, error)


SAID = {
    Task("one", CONFORMING, CONFORMING, 1): said("405"),
    Task("one", CONFORMING, CONFORMING, 2): said("405", "template", requests=20),
    Task("one", VARIANT, "legal", 1): said("405", "id"),
    Task("one", FAULT, "broken", 1): said("header"),
    Task("one", FAULT, "hidden", 1): said("405", "template"),
    Task("one", FAULT, "lost", 1): said(error="It took longer than 1 seconds."),
}


def test_only_what_is_not_held_against_the_conforming_mock_counts() -> None:
    row = judge("one", PLANNED, SAID)
    assert (row.caught, row.faults) == (["broken"], 3)
    assert (row.alarmed, row.variants) == (["legal"], 1)
    assert row.conforming == ["405", "template"]
    assert row.silent == ["lost"]
    assert (row.requests, row.seconds) == (15, 2.0)


def test_the_conforming_mock_is_tried_with_several_seeds() -> None:
    assert [task.seed for task in PLANNED if task.kind == CONFORMING] == [1, 2]
    assert {task.seed for task in PLANNED if task.kind != CONFORMING} == {1}


def test_the_table_tells_all_of_it() -> None:
    assert "| One 1.0 | 1 of 3 | 1 of 1 | 2 | 15 | 2 |" in as_table([judge("one", PLANNED, SAID)], {"one": "One 1.0"})


def test_a_comparison_goes_on_where_it_was(tmp_path: Path) -> None:
    file, asked = tmp_path / "journal", []
    first = Journal(file, resume=False)
    first.add(PLANNED[0], SAID[PLANNED[0]])

    def ask(task: Task) -> Said:
        asked.append(task)
        return SAID[task]

    carry_out_all(PLANNED, ask, Journal(file, resume=True), 1, lambda line: None)
    assert asked == PLANNED[1:]
    assert Journal(file, resume=True).said == SAID
    assert Journal(file, resume=False).said == {}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of a tool that is bounded shortly."""
    return Run((), None, None, 1, "sh", tmp_path, longest_seconds=0.3)


def test_a_run_is_bounded_in_time(run: Run) -> None:
    with pytest.raises(NothingSaid, match=r"longer than 0\.3 seconds"):
        run_command(["sh", "-c", "sleep 60 & wait"], run)


def test_what_a_command_says_is_kept(run: Run) -> None:
    assert run_command(["sh", "-c", "echo $WORD; echo bad >&2; exit 3"], run, {"WORD": "good"}) == (3, "good\nbad\n")


def test_the_ground_counts_and_never_refuses() -> None:
    import httpx

    with ground(()) as place, httpx.Client(base_url=place.url, headers={"Authorization": "Bearer csk_live_many"}) as c:
        assert set(place.created) == {"createRun", "createTemplate", "createWebhook"}
        statuses = {c.get("/v1/usage/credits").status_code for _ in range(2 * REQUESTS_BEFORE_A_WINDOW)}
        assert statuses == {200}
        assert place.requests == 2 * REQUESTS_BEFORE_A_WINDOW


def test_our_own_suite_is_measured_as_the_others_are() -> None:
    command = SUITE.found(None)
    assert command is not None
    caught = carry_out(Task("suite", FAULT, "limit-header-missing", 1), SUITE, command, 120)
    passed = carry_out(Task("suite", VARIANT, "problems-are-minimal", 1), SUITE, command, 120)
    assert caught.findings == {"headers/rate-limit-on-every-response"}
    assert passed.findings == frozenset()
    assert passed.requests > 0


def test_a_tool_that_is_missing_is_told_with_how_to_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare_tools.main(["dredd", "--command", "dredd=no-such-command"]) == 2
    output = capsys.readouterr()
    assert TOOLS["dredd"].get in output.out
    assert output.err == "compare_tools: no tool is there\n"


def test_an_unknown_tool_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare_tools.main(["newman"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "version"), [("dredd v14.1.0 (Linux; x64)", "14.1.0"), ("Specmatic Version: v2.55.1(01b2)", "2.55.1")]
)
def test_the_version_is_found_in_what_the_command_says(tmp_path: Path, words: str, version: str) -> None:
    command = tmp_path / "tool"
    command.write_text(f"#!/bin/sh\necho '{words}'\n", encoding="utf-8")
    command.chmod(0o755)
    assert tools.version_of(str(command)) == version

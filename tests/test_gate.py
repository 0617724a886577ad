"""Does the gate take every step, keep apart what is apart, and let nothing through by silence?"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from scripts import gate
from scripts.document import ROOT
from scripts.gate import FAILED, NOTHING_SAID, PASSED, Result, Step, as_markdown, exit_status, steps, take

SETTINGS = {"COSPEC_API_KEY": "csk_live_preview", "COSPEC_STRICT": "1", "COSPEC_BASE_URL": "http://127.0.0.1:1"}


def ending(status: int, name: str = "a step") -> Step:
    """A step that ends with this status."""
    return Step(name, ("-c", f"raise SystemExit({status})"))


def result(status: int) -> Result:
    """What became of such a step."""
    return Result(ending(status), status, 0.1)


def test_the_steps_are_those_of_the_issue() -> None:
    """The preview is one only where there is one."""
    own = steps("origin/main", "", SETTINGS)
    assert [step.arguments[-1] for step in own] == [
        "scripts.check_document",
        "--check",
        "origin/main",
        "scripts/verdict.py",
    ]
    (preview,) = steps("origin/main", "https://preview.example", SETTINGS)[len(own) :]
    assert preview.environment == SETTINGS | {"COSPEC_BASE_URL": "https://preview.example"}
    assert all(not step.environment for step in own)


def test_every_command_of_a_step_is_there() -> None:
    """A module or a script that was moved would look like a change that breaks."""
    for step in steps("origin/main", "https://preview.example", SETTINGS):
        name = step.arguments[1] if step.arguments[0] == "-m" else step.arguments[0].removesuffix(".py")
        assert (ROOT / f"{name.replace('.', '/')}.py").is_file()


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([PASSED, PASSED], PASSED),
        ([PASSED, FAILED], FAILED),
        ([NOTHING_SAID, PASSED], NOTHING_SAID),
        ([NOTHING_SAID, FAILED, PASSED], FAILED),
        ([], NOTHING_SAID),
    ],
)
def test_a_failure_weighs_most_and_silence_is_no_pass(statuses: list[int], expected: int) -> None:
    assert exit_status([result(status) for status in statuses]) == expected


@pytest.mark.parametrize(("status", "expected"), [(0, PASSED), (1, FAILED), (2, NOTHING_SAID), (101, NOTHING_SAID)])
def test_a_step_is_what_its_command_says(tmp_path: Path, status: int, expected: int) -> None:
    assert take(ending(status), tmp_path).status == expected


def test_a_step_has_no_settings_but_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite on the mock must not be led to the preview by what is exported for it."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    seen = tmp_path / "seen"
    command = ("-c", f"import os, pathlib; pathlib.Path({str(seen)!r}).write_text(repr(sorted(os.environ)))")
    take(Step("a step", command, {"COSPEC_SEED": "7"}), tmp_path)
    names = seen.read_text(encoding="utf-8")
    assert "COSPEC_SEED" in names
    assert not any(name in names for name in SETTINGS)
    assert "PATH" in os.environ


def test_reports_of_one_run_are_kept_from_the_next(tmp_path: Path) -> None:
    """And an old report is not taken for that of a run that wrote none."""
    writes = f"import pathlib; pathlib.Path({str(tmp_path / 'report.json')!r}).write_text('new')"
    (tmp_path / "junit.xml").write_text("old", encoding="utf-8")
    take(Step("the mock", ("-c", writes), reports="mock"), tmp_path)
    assert (tmp_path / "mock" / "report.json").read_text(encoding="utf-8") == "new"
    assert not (tmp_path / "mock" / "junit.xml").exists()
    take(Step("the mock", ("-c", "pass"), reports="mock"), tmp_path)
    assert not (tmp_path / "mock" / "report.json").exists()


def test_the_page_has_every_step_and_what_it_told(tmp_path: Path) -> None:
    (tmp_path / "compatibility.md").write_text("## The change is compatible\n", encoding="utf-8")
    results = [
        Result(Step("the change is compatible", (), markdown="compatibility.md"), PASSED, 2.0),
        Result(Step("the suite passes on the mock", (), reports="mock"), NOTHING_SAID, 3.0),
    ]
    text = as_markdown(results, tmp_path)
    assert text.startswith("# The gate cannot say\n")
    assert "| the change is compatible | passed | 2 |" in text
    assert "| the suite passes on the mock | nothing said | 3 |" in text
    assert "## The change is compatible" in text
    assert "report.json: No such file or directory" in text


def test_every_step_is_taken_and_told_of(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after one has failed."""
    chosen = [ending(1, "first"), ending(0, "second"), ending(2, "third")]
    monkeypatch.setattr(gate, "steps", lambda *arguments: chosen)
    monkeypatch.setattr(gate, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(sys, "argv", ["gate"])
    assert gate.main([]) == FAILED
    lines = capfd.readouterr().out.splitlines()
    assert lines[-5:] == [
        "failed       first",
        "passed       second",
        "nothing said third",
        "left out     the preview keeps the contract: there is no PREVIEW_URL",
        "gate: failed",
    ]
    assert (tmp_path / "reports" / "gate.md").read_text(encoding="utf-8").startswith("# The gate is shut\n")

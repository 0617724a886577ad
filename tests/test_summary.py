"""Does the page of CI say what the report says, and does nothing that a server sends become markup?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract_tests.harness.report_data import Report
from scripts import summary

HOSTILE = "```\n<script>alert(1)</script> | ``` :: \r\n::error::no"


def rule(name: str, outcome: str = "held", **members: Any) -> dict[str, Any]:
    """A rule of a report as JSON."""
    return {
        "id": name,
        "subject": name.partition("/")[0],
        "level": "must",
        "source": "overview",
        "sourceTitle": "the published API overview",
        "sentence": f"The promise {name} holds.",
        "outcome": outcome,
        "held": 3,
        "broken": int(outcome == "broken"),
        "failsTheRun": False,
        "reasons": [],
        "tests": [],
        "evidence": [],
    } | members


def report(*rules: dict[str, Any], outcome: str = "conforms", **members: Any) -> Report:
    """A report with these rules."""
    exit_status = {"conforms": 0, "does not conform": 1, "nothing can be said": 2}[outcome]
    value: dict[str, Any] = {
        "tool": {"schemathesis": "4", "hypothesis": "6"},
        "target": {"baseUrl": "https://api.example", "keys": {}, "clock": "real"},
        "profile": "standard",
        "seed": 7,
        "strict": False,
        "seconds": 61.4,
        "requests": {"total": 12, "byFile": {}, "unplannedRefusals": 0, "planned": 600, "pauses": []},
        "permission": {"writes": True, "runs": None, "started": 0, "withheld": []},
        "rules": rules,
        "observations": [],
        "verdict": {"outcome": outcome, "exitStatus": exit_status, "partial": False, "reasons": []},
    }
    return Report.model_validate(value | members)


def evidence(seen: str) -> dict[str, Any]:
    """What was seen once."""
    return {
        "seen": seen,
        "operationId": "listRuns",
        "response": "200 {}",
        "curl": "curl -i https://api.example",
        "afterRequests": 5,
        "afterSeconds": 0.5,
    }


BROKEN = rule("pages/total", "broken", failsTheRun=True, evidence=[evidence("total was 3, items were 4")])
WARNED = rule("pages/empty", "broken", level="should", evidence=[evidence("404 instead of an empty page")])
UNCHECKED = rule("runs/cost", "not checked", reasons=["there is no key without credits"])
FAILURE = report(rule("headers/limit"), BROKEN, WARNED, UNCHECKED, outcome="does not conform")


@pytest.mark.parametrize(
    ("value", "title"),
    [
        (report(rule("headers/limit")), "## The server keeps the contract"),
        (FAILURE, "## The server does not keep the contract"),
        (report(outcome="nothing can be said"), "## Nothing can be said of the server"),
        (
            report(verdict={"outcome": "conforms", "exitStatus": 0, "partial": True, "reasons": []}),
            "## The server keeps what was checked; only a part of the contract was",
        ),
    ],
)
def test_the_page_starts_with_the_verdict(value: Report, title: str) -> None:
    assert summary.as_markdown(value).splitlines()[0] == title


def test_the_table_counts_by_subject() -> None:
    lines = summary.as_markdown(FAILURE).splitlines()
    assert len([line for line in lines if line.startswith("| ")]) == 2 + 3
    assert "| headers | 1 | 0 | 0 | 0 |" in lines
    assert "| pages | 0 | 1 | 1 | 0 |" in lines
    assert "| runs | 0 | 0 | 0 | 1 |" in lines


def test_a_broken_promise_is_told_with_what_was_seen_and_how_to_repeat_it() -> None:
    text = summary.as_markdown(FAILURE)
    broken, warned = text.index("### Broken promises"), text.index("### Assumptions that do not hold here")
    assert broken < text.index("The promise pages/total holds.") < text.index("total was 3, items were 4") < warned
    assert warned < text.index("The promise pages/empty holds.") < text.index("Not checked: 1")
    assert "curl -i https://api.example" in text
    assert "there is no key without credits" in text


def test_annotations_are_errors_and_warnings() -> None:
    assert list(summary.as_annotations(FAILURE)) == [
        "::error title=pages/total::The promise pages/total holds. Seen: total was 3, items were 4",
        "::warning title=pages/empty::The promise pages/empty holds. Seen: 404 instead of an empty page",
    ]
    nothing = {"outcome": "nothing can be said", "exitStatus": 2, "partial": False, "reasons": ["refused", "late"]}
    assert list(summary.as_annotations(report(verdict=nothing))) == ["::error title=nothing can be said::refused; late"]


def test_what_a_server_sends_is_shown_as_it_is() -> None:
    """No fence ends early, no tag is one outside of a fence, and no command starts a line of the log."""
    value = report(
        rule("pages/total", "broken", sentence=HOSTILE, failsTheRun=True, evidence=[evidence(HOSTILE)]),
        rule("pages/last", "not checked", reasons=[HOSTILE]),
        outcome="does not conform",
    )
    fence = ""
    for line in summary.as_markdown(value).splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line
        else:
            assert "<script>" not in line
    assert fence == ""
    (annotation,) = summary.as_annotations(value)
    assert "\n" not in annotation
    assert "\r" not in annotation


def test_long_evidence_is_cut() -> None:
    value = report(rule("a/b", "broken", evidence=[evidence("x" * 10_000)] * 5), outcome="does not conform")
    assert len(summary.as_markdown(value)) < summary.EVIDENCE_AT_MOST * (summary.CHARACTERS_AT_MOST + 500)


def test_the_page_is_appended_to_what_is_there(tmp_path: Path) -> None:
    """Other steps write to the same summary."""
    file, page = tmp_path / "report.json", tmp_path / "summary.md"
    file.write_text(FAILURE.model_dump_json(by_alias=True), encoding="utf-8")
    page.write_text("before\n", encoding="utf-8")
    assert summary.main([str(file), f"--markdown={page}"]) == 0
    assert page.read_text(encoding="utf-8") == "before\n" + summary.as_markdown(FAILURE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "report.json: No such file or directory; the suite ended before it wrote its report"),
        ("", "report.json is no report: "),
        (FAILURE.model_dump_json(by_alias=True)[:-20], "report.json is no report: "),
        (FAILURE.model_dump_json(by_alias=True, exclude={"verdict"}), "report.json is no report: Field required"),
    ],
)
def test_a_report_without_its_end_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, words: str
) -> None:
    """It is told as nothing said, on the page too, and never as success."""
    file = tmp_path / "report.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    assert summary.main([str(file), "--annotations"]) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"summary: {words}")
    assert err.count("\n") == 1
    assert out.startswith("## Nothing can be said of the server\n")
    assert f"::error::{words}"[:40] in out

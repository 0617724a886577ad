"""Is everything that was found told, and does it survive tables, annotations and odd characters?"""

from __future__ import annotations

from datetime import date

import pytest

from scripts.compatibility.accepted import AcceptedBreak
from scripts.compatibility.changes import Change, Level, grouped
from scripts.compatibility.telling import PLACES_AT_MOST, ROWS_AT_MOST, as_annotations, as_markdown, as_text
from scripts.compatibility.verdict import Verdict, verdict_of

PLACES = [f"GET /v1/{name}" for name in "abcdef"]
SHARED = [Change("header-removed", Level.BREAKING, place, "the header `X-A` was removed") for place in PLACES]
ODD = Change("pattern-changed", Level.BREAKING, "GET /v1/runs", "`a|b` to\n`<script>`, 100%", 12)
WARNING = Change("code-added", Level.WARNING, "GET /v1/runs", "may be answered 409 `CONFLICT`")
INFO = Change("endpoint-added", Level.INFO, "GET /v1/ping", "endpoint added", 40)
ACCEPTED = AcceptedBreak(
    change="pattern-changed", where="GET /v1/runs", reason="Nobody | uses it.", lapses=date(2030, 2, 1)
)


def judge(*changes: Change, accepted: tuple[AcceptedBreak, ...] = (), later: str = "1.0.0") -> Verdict:
    """The verdict on changes since version 1.0.0."""
    return verdict_of(changes, base="origin/main", versions=("1.0.0", later), accepted=accepted, today=date(2030, 1, 1))


EVERYTHING = judge(*SHARED, ODD, WARNING, INFO, accepted=(ACCEPTED,), later="1.1.0")


def test_the_same_change_in_many_places_is_told_once() -> None:
    groups = list(grouped([*SHARED, ODD]))
    assert [(group.first.id, len(group.places)) for group in groups] == [("header-removed", 6), ("pattern-changed", 1)]
    assert as_text(judge(*SHARED)).count("header-removed") == 1
    assert f"GET /v1/d and {len(PLACES) - PLACES_AT_MOST} more" in as_markdown(judge(*SHARED))


def test_the_text_ends_with_the_verdict_and_what_to_do() -> None:
    lines = as_text(EVERYTHING).splitlines()
    assert lines[-2] == (
        "compat: breaking: 1 breaking, 1 accepted, 1 warnings, 1 other changes since origin/main (1.0.0 to 1.1.0)"
    )
    assert "openapi/accepted-breaks.yaml" in lines[-1]
    assert "accepted until 2030-02-01: Nobody | uses it." in lines


def test_the_text_of_no_change_is_one_line() -> None:
    assert as_text(judge()) == "compat: no change: nothing since origin/main (1.0.0)\n"


def test_markdown_tells_every_change_the_loud_ones_first() -> None:
    text = as_markdown(EVERYTHING)
    positions = [text.index(change.id) for change in (SHARED[0], WARNING, ODD, INFO)]
    assert positions == sorted(positions)
    assert text.startswith("## The change breaks those who rely on the contract\n")
    assert text.index("<details>") < text.index(INFO.id) < text.index("</details>")


@pytest.mark.parametrize(
    ("verdict", "title"),
    [
        (judge(), "## The contract did not change"),
        (judge(INFO), "## The change is compatible"),
        (judge(ODD), "## The change breaks those who rely on the contract"),
        (judge(ODD, later="2.0.0"), "## The change breaks, and the version announces it"),
        (judge(ODD, accepted=(ACCEPTED,)), "## The change is compatible"),
    ],
)
def test_markdown_starts_with_the_verdict(verdict: Verdict, title: str) -> None:
    assert as_markdown(verdict).splitlines()[0] == title


def test_a_cell_stays_in_its_table() -> None:
    """Every row of every table has the columns of its head, whatever characters a document holds."""
    columns = 0
    for line in as_markdown(judge(ODD, WARNING)).splitlines():
        if not line.startswith("|"):
            columns = 0
            continue
        count = line.replace("\\|", "").count("|")
        columns = columns or count
        assert count == columns, line
        assert "<script>" not in line


def test_a_long_list_is_cut_and_says_so() -> None:
    many = [Change("endpoint-added", Level.INFO, "GET /v1", f"number {number}") for number in range(ROWS_AT_MOST + 7)]
    text = as_markdown(judge(*many))
    assert "and 7 more" in text
    assert text.count("endpoint-added") == ROWS_AT_MOST


def test_annotations_name_file_line_and_kind() -> None:
    assert list(as_annotations(judge(ODD, WARNING, INFO), "openapi/cospec.yaml")) == [
        "::error file=openapi/cospec.yaml,title=pattern-changed,line=12::GET /v1/runs: `a|b` to%0A`<script>`, 100%25",
        "::warning file=openapi/cospec.yaml,title=code-added::GET /v1/runs: may be answered 409 `CONFLICT`",
    ]

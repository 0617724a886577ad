"""Do the version and the accepted breaks decide rightly whether a change passes?"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from scripts.compatibility.accepted import FILE, AcceptedBreak, AcceptedError, accepted_breaks
from scripts.compatibility.changes import Change, Level
from scripts.compatibility.verdict import Outcome, Verdict, announces_breaks, verdict_of

TODAY = date(2030, 1, 31)
BREAK = Change("limit-lowered", Level.BREAKING, "x-limits", "`webhooks` was lowered from `25` to `10`")
ANSWERED = Change("required-response-header-removed", Level.BREAKING, "GET /v1/runs (200)", "the header `a` is gone")
WARNING = Change("operation-code-added", Level.WARNING, "GET /v1/runs", "may be answered 409 `CONFLICT`")
INFO = Change("endpoint-added", Level.INFO, "GET /v1/ping", "endpoint added")


def judge(*changes: Change, accepted: tuple[AcceptedBreak, ...] = (), later: str = "1.1.0") -> Verdict:
    """The verdict on changes since version 1.0.0."""
    return verdict_of(changes, base="main", versions=("1.0.0", later), accepted=accepted, today=TODAY)


def entry(**members: object) -> AcceptedBreak:
    """An accepted break of the limit, with other members where they are given."""
    return AcceptedBreak.model_validate(
        {"change": "limit-lowered", "where": "x-limits", "reason": "Nobody has 11.", "lapses": "2030-02-01"} | members
    )


@pytest.mark.parametrize(
    ("changes", "outcome", "passes"),
    [
        ([], Outcome.UNCHANGED, True),
        ([INFO], Outcome.COMPATIBLE, True),
        ([WARNING, INFO], Outcome.COMPATIBLE, True),
        ([BREAK], Outcome.BREAKING, False),
        ([BREAK, WARNING, INFO], Outcome.BREAKING, False),
    ],
)
def test_one_breaking_change_is_enough(changes: list[Change], outcome: Outcome, passes: bool) -> None:
    verdict = judge(*changes)
    assert (verdict.outcome, verdict.passes) == (outcome, passes)


@pytest.mark.parametrize(
    ("earlier", "later", "announced"),
    [
        ("1.0.0", "2.0.0", True),
        ("1.9.9", "10.0.0", True),
        ("9.0.0", "10.0.0-rc.1", True),
        ("1.0.0", "1.1.0", False),
        ("1.0.0", "1.0.1", False),
        ("2.0.0", "1.0.0", False),
        ("0.9.0", "0.10.0", False),
        ("1.0.0", "two", False),
        ("none", "2.0.0", False),
    ],
)
def test_only_a_higher_major_version_announces(earlier: str, later: str, announced: bool) -> None:
    assert announces_breaks(earlier, later) is announced


def test_an_announced_break_passes_and_is_still_listed() -> None:
    verdict = judge(BREAK, later="2.0.0")
    assert (verdict.outcome, verdict.passes, verdict.breaking) == (Outcome.ANNOUNCED, True, (BREAK,))


def test_an_accepted_break_passes_until_it_lapses() -> None:
    """The last day is the day before."""
    in_force, over = entry(lapses="2030-02-01"), entry(lapses="2030-01-31")
    assert judge(BREAK, accepted=(in_force,)).outcome is Outcome.COMPATIBLE
    verdict = judge(BREAK, accepted=(over,))
    assert verdict.outcome is Outcome.BREAKING
    assert verdict.notes == ("the acceptance of limit-lowered, x-limits lapsed on 2030-01-31",)
    assert judge(BREAK, accepted=(over, in_force)).passes


@pytest.mark.parametrize(
    ("members", "covered"),
    [
        ({}, True),
        ({"text": "`webhooks`"}, True),
        ({"where": None, "text": "from `25` to `10`"}, True),
        ({"text": "`concurrentRuns`"}, False),
        ({"where": "x-run-defaults"}, False),
        ({"change": "limit-removed"}, False),
    ],
)
def test_an_acceptance_means_no_other_change(members: dict[str, object], covered: bool) -> None:
    assert judge(BREAK, accepted=(entry(**members),)).passes is covered


@pytest.mark.parametrize(
    ("where", "covered"), [("GET /v1/runs", True), ("GET /v1/runs (200)", True), ("GET /v1", False)]
)
def test_an_acceptance_of_an_operation_means_its_answers_too(where: str, covered: bool) -> None:
    assert entry(change=ANSWERED.id, where=where).covers(ANSWERED) is covered


def test_an_acceptance_of_nothing_is_told() -> None:
    """Whoever reads it later would believe that there is a break."""
    assert judge(INFO, accepted=(entry(),)).notes == (
        "limit-lowered, x-limits is accepted, but there is no such break: remove it",
    )


def test_the_projects_own_file_is_right() -> None:
    """Each entry can be used; none has lapsed by the day on which the check runs is for `make compat` to say."""
    assert FILE.is_file()
    assert isinstance(accepted_breaks(), list)


def test_without_a_file_nothing_is_accepted(tmp_path: Path) -> None:
    assert accepted_breaks(tmp_path / "none.yaml") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("accepted: [", "expected the node content"),
        ("breaks: []", "accepted: Field required"),
        ("accepted: [{change: a, where: b, lapses: '2030-01-01'}]", "accepted.0.reason: Field required"),
        ("accepted: [{change: a, where: b, reason: ' ', lapses: '2030-01-01'}]", "accepted.0.reason"),
        ("accepted: [{change: a, where: b, reason: c}]", "accepted.0.lapses: Field required"),
        ("accepted: [{change: a, where: b, reason: c, lapses: soon}]", "accepted.0.lapses"),
        ("accepted: [{change: a, reason: c, lapses: '2030-01-01'}]", "says neither where nor which text"),
        ("accepted: [{change: a, were: b, reason: c, lapses: '2030-01-01'}]", "accepted.0.were"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "accepted-breaks.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(AcceptedError, match=r"^[^\n]+$") as error:
        accepted_breaks(file)
    assert words in str(error.value)

"""Is told of several keys what all have sent, what each does or waits for, and no more than there is room for?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract_tests.harness.progress import State, Window
from contract_tests.harness.progress_of_all import ProgressOfAll

NOW = 1000.0
NAMES = ("API_KEY", "API_KEYS[1]", "API_KEYS[2]")
WIDE = 400
RUNS = State(began=NOW - 20, words="four runs from their creation to their end", requests=40)
WAITS = State(
    began=NOW - 20, words="who is told", requests=20, why="for deliveries", wait_ends_at=NOW + 2.5, waited_seconds=20
)
QUICK = State(began=NOW - 20, words="other lists", requests=100, window=Window(200, 57, NOW + 40))


def progress(*states: State | None, planned: int = 600, spent: int = 3) -> ProgressOfAll:
    return ProgressOfAll(planned, NAMES[: len(states)], lambda: states, spent=spent, now=lambda: NOW)


def test_requests_are_those_of_all_with_what_was_sent_before() -> None:
    assert progress(RUNS, WAITS, QUICK).status(WIDE).startswith("163 of 600 requests, about ")


def test_each_key_says_what_it_does_or_waits_for() -> None:
    told = progress(RUNS, WAITS, QUICK).status(WIDE).split("; ")[1:]
    assert told == [
        "API_KEY four runs from their creation to their end",
        "API_KEYS[1] waits 3 s for deliveries",
        "API_KEYS[2] other lists, 57 left in the window",
    ]


def test_a_key_that_has_not_begun_and_one_that_is_done_say_so() -> None:
    told = progress(None, replace(QUICK, is_done=True)).status(WIDE)
    assert told.split("; ")[1:] == ["API_KEY begins", "API_KEYS[1] is done"]


def test_of_what_each_does_is_told_as_much_as_fits() -> None:
    status = progress(RUNS, WAITS, QUICK).status(130)
    assert len(status) <= 130
    assert all(name in status for name in NAMES)
    assert "API_KEYS[1] waits 3 s" in status
    assert "…" in status


def test_where_that_does_not_fit_only_waits_are_told() -> None:
    assert progress(RUNS, WAITS, QUICK).status(75).endswith(" left; waiting -, 3 s, -")
    assert progress(RUNS, QUICK, QUICK).status(75).endswith(" left")


@pytest.mark.parametrize("width", [*range(160), 500])
@pytest.mark.parametrize("states", [(RUNS, WAITS, QUICK), (None, None), (WAITS, WAITS), (QUICK, None)])
def test_it_is_no_longer_than_there_is_room(states: tuple[State | None, ...], width: int) -> None:
    status = progress(*states).status(width)
    assert len(status) <= width
    if width > 30:
        assert " of 600 requests" in status


def test_the_end_is_that_of_the_key_that_takes_longest() -> None:
    alone = progress(QUICK, planned=153).status(WIDE)
    both = progress(QUICK, replace(QUICK, wait_ends_at=NOW + 50, waited_seconds=60), planned=263).status(WIDE)
    assert "about 10 s left" in alone  # 50 requests at 5 a second
    assert "about 55 s left" in both  # 50 s of waiting, and 30 of 60 requests


def test_a_key_that_is_done_sends_nothing_more() -> None:
    done = replace(QUICK, wait_ends_at=NOW + 500, is_done=True)
    assert "about 5 s left" in progress(QUICK, done, planned=223).status(WIDE)


def test_nothing_is_said_of_an_end_that_is_not_known() -> None:
    assert "about" not in progress(State(NOW), None).status(WIDE)
    assert "about" not in progress(RUNS, WAITS, planned=50).status(WIDE)


def test_a_wait_that_is_worth_a_line_is_told_once_with_its_key() -> None:
    told = State(NOW - 60, requests=10, line="waiting 26 s for the window", lines=1)
    states: list[State | None] = [None, told]
    progress_ = ProgressOfAll(600, NAMES[:2], lambda: states, now=lambda: NOW)
    assert progress_.lines() == ["API_KEYS[1]: waiting 26 s for the window; 10 of 600 planned requests sent"]
    assert progress_.lines() == []
    states[1] = replace(told, lines=2)
    assert len(progress_.lines()) == 1

"""Do the workers of a run keep within what all of them may spend, and do they stop together?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.harness.board import Board, Note, level, read_notes
from contract_tests.harness.exchange import Request
from contract_tests.harness.permission import Guard, NotPermitted, Permission
from contract_tests.harness.results import Results
from generated.contract import OPERATIONS

CREATE = Request(OPERATIONS["createRun"].method, OPERATIONS["createRun"].path, "createRun", body={}, has_body=True)


def boards(directory: Path, count: int, *, spent: int = 0) -> list[Board]:
    return [Board(directory, worker, count, spent=spent) for worker in range(count)]


# What is left of the requests


def test_those_who_have_spent_less_fill_up_first() -> None:
    assert level([300, 100, 100], 600) == 150
    assert level([100, 100, 100], 600) == 200
    assert level([100], 600) == 600


@given(st.lists(st.integers(0, 500), min_size=1, max_size=6), st.integers(0, 6000))
def test_together_they_never_send_more_than_they_may(spent: list[int], most: int) -> None:
    height = level(spent, most)
    total = sum(max(one, height) for one in spent)
    assert total <= max(most, sum(spent))
    assert total > most - len(spent)


def test_all_wait_for_one_another_and_share_what_is_left(tmp_path: Path) -> None:
    one, two = boards(tmp_path, 2, spent=10)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(one.allowance, 310, 600)
        assert not first.done()
        assert two.allowance(100, 600) == 280
        assert first.result() == 310


def test_what_a_dead_worker_has_sent_is_gone_and_nobody_waits_for_it(tmp_path: Path) -> None:
    one, two = boards(tmp_path, 2)
    two.tell_requests(50)
    two.close()
    assert one.allowance(100, 600) == 550


def test_nobody_waits_for_the_others_once_all_are_to_stop(tmp_path: Path) -> None:
    one, two = boards(tmp_path, 2)
    assert one.stopped is None
    two.stop("a rule is broken")
    two.stop("another one")
    assert one.stopped == two.stopped == "a rule is broken"
    assert one.allowance(100, 600) == 600


# What a person sees


def test_the_notes_of_those_that_have_begun_are_there_to_read(tmp_path: Path) -> None:
    board = Board(tmp_path, 1, 3)
    board.tell_requests(7)
    board.tell_state({"words": "other lists"})
    assert read_notes(tmp_path, 3) == {1: Note(requests=7, state={"words": "other lists"})}


def test_what_several_threads_note_at_once_is_all_there(tmp_path: Path) -> None:
    board = Board(tmp_path, 0, 1)
    with ThreadPoolExecutor() as pool:
        for number in range(50):
            pool.submit(board.tell_state, {"requests": number})
            pool.submit(board.tell_runs, 3)
    assert read_notes(tmp_path, 1)[0].runs == 3
    assert read_notes(tmp_path, 1)[0].state


# Runs


def test_the_workers_together_start_no_more_runs_than_they_may(tmp_path: Path) -> None:
    guards = [Guard(Permission(most_runs=3), Results()) for _ in range(2)]
    for guard, board in zip(guards, boards(tmp_path, 2), strict=True):
        guard.board = board
    guards[0].let_pass([CREATE, CREATE])
    guards[1].let_pass([CREATE])
    for guard in guards:
        with pytest.raises(NotPermitted, match="MAX_RUNS=3"):
            guard.let_pass([CREATE])
    assert [guard.started for guard in guards] == [2, 1]

"""Is told how far a run is, what it waits for and when it will end, and no more than is known?"""

from __future__ import annotations

import dataclasses
import json

import pytest

from contract_tests.harness.events import Answered, Event, Waiting
from contract_tests.harness.progress import Progress, State, Window, seconds_left, state_of
from contract_tests.harness.target import MovedClock, RealClock, Target
from generated.contract import RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS
from tests.contract_tests.exchanges import NOW
from tests.contract_tests.scripted import KEY, SECOND, answer, refusal, scripted

MAIN = Target("http://127.0.0.1:1", RealClock(), KEY).shown_key(KEY)
WIDE = 200


class Hands:
    """A clock that shows what it is set to."""

    def __init__(self) -> None:
        self.moment = 1000.0

    def __call__(self) -> float:
        return self.moment


@pytest.fixture(name="hands")
def _hands() -> Hands:
    return Hands()


@pytest.fixture(name="progress")
def _progress(hands: Hands) -> Progress:
    return Progress(600, MAIN, now=hands)


def answered(requests: int, remaining: int, reset_seconds: float = 30.0, key: str = MAIN) -> Answered:
    return Answered(requests, key, RATE_LIMIT_REQUESTS, remaining, reset_seconds)


# When it will end


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (50, 5),
        (100, 10),
        (101, 30 + 0.1),
        (300, 30 + 20),
        (301, 30 + RATE_LIMIT_WINDOW_SECONDS + 0.1),
        (0, 0),
    ],
)
def test_what_a_window_does_not_hold_takes_until_the_next_ones(count: int, expected: float) -> None:
    window = Window(limit=200, remaining=100, ends_at=1030)
    assert seconds_left(count, 0.1, window, 1000) == pytest.approx(expected)


def test_a_window_that_is_over_is_full_again() -> None:
    assert seconds_left(200, 0.1, Window(200, 0, ends_at=990), 1000) == pytest.approx(20)


def test_without_a_window_only_the_pace_counts() -> None:
    assert seconds_left(100, 0.5, None, 1000) == 50


def test_nothing_is_said_of_the_end_before_the_pace_shows(progress: Progress, hands: Hands) -> None:
    hands.moment += 3
    progress.hear(answered(19, 181))
    assert "left in the window" in progress.status(WIDE)
    assert "about" not in progress.status(WIDE)
    progress.hear(answered(20, 180))
    assert "about" in progress.status(WIDE)


def test_the_end_counts_the_windows_that_are_still_needed(progress: Progress, hands: Hands) -> None:
    hands.moment += 20
    progress.hear(answered(200, 0, reset_seconds=40))
    assert "200 of 600 requests, about 2 min left" in progress.status(WIDE)  # 40 s, a window, and 200 requests' time


def test_what_was_waited_does_not_make_the_server_slow(progress: Progress, hands: Hands) -> None:
    for _ in range(5):
        progress.hear(Waiting(100, "for a run to end"))
        hands.moment += 100
    hands.moment += 10
    progress.hear(answered(500, 150))
    assert "about 5 s left" in progress.status(WIDE)  # 100 requests at 50 a second, not at one


def test_where_headers_tell_nothing_no_more_are_sent_than_the_contract_allows(progress: Progress, hands: Hands) -> None:
    hands.moment += 3
    progress.hear(Answered(30, MAIN))
    assert progress.status(WIDE) == "30 of 600 requests, about 3 min left"  # 570 at 200 a minute, not at 10 a second


@pytest.mark.parametrize("reset", [1e12, 66.0])
def test_a_window_that_cannot_be_is_none(progress: Progress, reset: float) -> None:
    progress.hear(answered(30, 5, reset_seconds=reset))
    assert "left in the window" not in progress.status(WIDE)


def test_more_than_planned_has_no_end_that_is_known(progress: Progress) -> None:
    progress.hear(answered(700, 10))
    assert progress.status(WIDE) == "700 of 600 requests, 10 left in the window"


# What is shown in place


def test_the_line_says_what_is_looked_at_and_what_is_left(progress: Progress) -> None:
    progress.turn_to("a new template")
    progress.hear(answered(7, 193))
    assert progress.status(WIDE) == "a new template: 7 of 600 requests, 193 left in the window"


def test_a_wait_counts_down_and_is_over(progress: Progress, hands: Hands) -> None:
    progress.hear(answered(7, 193))
    progress.hear(Waiting(43, "for the next window"))
    assert progress.status(WIDE).endswith("waiting 43 s for the next window")
    hands.moment += 10.5
    assert progress.status(WIDE).endswith("waiting 33 s for the next window")
    hands.moment += 33
    assert "waiting" not in progress.status(WIDE)


def test_an_answer_ends_a_wait(progress: Progress) -> None:
    progress.hear(Waiting(43, "for the next window"))
    progress.hear(answered(7, 193))
    assert "waiting" not in progress.status(WIDE)


def test_only_the_main_keys_window_is_shown(progress: Progress) -> None:
    progress.hear(answered(7, 193))
    progress.hear(answered(8, 2, key=f"{MAIN} (API_KEY_SECOND)"))
    assert progress.status(WIDE) == "8 of 600 requests, 193 left in the window"


def test_a_window_that_nobody_waits_for_is_not_shown(hands: Hands) -> None:
    progress = Progress(600, MAIN, moves_its_clock=True, now=hands)
    hands.moment += 10
    progress.hear(answered(300, 5))
    assert progress.status(WIDE) == "300 of 600 requests, about 10 s left"


@pytest.mark.parametrize("width", [*range(130), 500])
def test_it_is_no_longer_than_there_is_room(progress: Progress, width: int) -> None:
    progress.turn_to("four runs from their creation to their end")
    progress.hear(answered(7, 193))
    progress.hear(Waiting(43, f"for the next window of {MAIN} (200 of 200 requests used)"))
    status = progress.status(width)
    assert len(status) <= width
    if width > 40:
        assert "7 of 600 requests" in status


# What is worth a line


def test_a_long_wait_is_worth_a_line(progress: Progress, hands: Hands) -> None:
    hands.moment += 30
    progress.hear(answered(312, 0, reset_seconds=43))
    line = progress.hear(Waiting(43.5, f"for the next window of {MAIN} (200 of 200 requests used)"))
    assert line == (
        f"waiting 44 s for the next window of {MAIN} (200 of 200 requests used); "
        "312 of 600 planned requests sent, about 2 min left"
    )


@pytest.mark.parametrize("event", [Waiting(5.9, "for a run"), answered(7, 193)])
def test_what_is_short_is_not(progress: Progress, event: Event) -> None:
    assert progress.hear(event) is None


def test_waits_for_the_same_thing_are_worth_one_line(progress: Progress) -> None:
    lines = [progress.hear(Waiting(2, "for deliveries", 90)) for _ in range(45)]
    assert [line for line in lines if line] == ["waiting up to 90 s for deliveries; 0 of 600 planned requests sent"]
    assert lines[:2] == [None, None]
    assert [progress.hear(Waiting(5, "between two requests")) for _ in range(3)] == [None] * 3
    progress.turn_to("something else")
    lines = [progress.hear(Waiting(2, "for deliveries", 90)) for _ in range(3)]
    assert lines[-1]


def test_each_window_is_worth_a_line(progress: Progress) -> None:
    assert progress.hear(Waiting(43, "for the next window"))
    assert progress.hear(Waiting(43, "for the next window"))


# What another process is told


def test_each_change_is_told_as_plain_data(progress: Progress, hands: Hands) -> None:
    states: list[State] = []
    progress.tell = states.append
    progress.turn_to("a new template")
    progress.hear(answered(7, 193))
    progress.hear(Waiting(43, "for the next window"))
    progress.end()
    assert [state.requests for state in states] == [0, 7, 7, 7]
    assert states[-1] == State(
        began=hands.moment,
        words="a new template",
        requests=7,
        window=Window(RATE_LIMIT_REQUESTS, 193, hands.moment + 30),
        why="for the next window",
        wait_ends_at=hands.moment + 43,
        waited_seconds=43,
        line="waiting 43 s for the next window",
        lines=1,
        is_done=True,
    )
    for state in states:
        assert state_of(json.loads(json.dumps(dataclasses.asdict(state)))) == state


def test_only_what_is_worth_a_line_is_counted_as_one(progress: Progress) -> None:
    states: list[State] = []
    progress.tell = states.append
    for seconds in (2, 30, 3, 40):
        progress.hear(Waiting(seconds, "for the next window"))
    assert [state.lines for state in states] == [0, 1, 1, 2]


# Where events come from


def heard(script: list[object], *calls: str) -> list[Event]:
    events: list[Event] = []
    with scripted(script) as (session, _, _clock):  # type: ignore[arg-type]
        session.target.listeners.append(events.append)
        for operation_id in calls:
            session.call(operation_id)
    return events


def test_the_session_tells_of_answers_and_of_the_window_that_it_waits_for() -> None:
    events = heard([answer(body={}, remaining=0, reset=NOW + 40), answer(body={})], "getUsage", "getUsage")
    first, wait, second = events
    assert first == Answered(1, MAIN, RATE_LIMIT_REQUESTS, 0, 40.0)
    assert isinstance(wait, Waiting)
    assert wait == Waiting(40.5, f"for the next window of {MAIN} (200 of 200 requests used)")
    assert isinstance(second, Answered)
    assert second.requests == 2


def test_it_tells_of_a_refusal_by_surprise() -> None:
    _, wait, _ = heard([refusal(retry_after=7), answer(body={})], "getUsage")
    assert wait == Waiting(7, f"because a request of {MAIN} was refused with 429 by surprise")


def test_it_tells_of_a_broken_line() -> None:
    wait = heard([ConnectionResetError(), answer(body={})], "getUsage")[0]
    assert isinstance(wait, Waiting)
    assert wait.why.startswith("on the line (GET /v1/usage/detailed: ")


def test_a_clock_that_is_moved_keeps_nobody_waiting(mock_url: str) -> None:
    events: list[Event] = []
    target = Target(mock_url, MovedClock(f"{mock_url}/_control"), KEY, listeners=[events.append])
    target.wait(1, "for a run to end")
    assert events == []


def test_no_event_holds_a_key() -> None:
    target = Target("http://127.0.0.1:1", RealClock(), KEY, key_second=SECOND)
    assert KEY not in target.shown_key(KEY)
    assert SECOND not in target.shown_key(SECOND)
    assert target.shown_key(SECOND) != target.shown_key(KEY)


@pytest.mark.parametrize("event", [answered(7, 193), Waiting(3, "for a run to end", 90)])
def test_events_are_plain_data(event: Event) -> None:
    """So that another process can be told of them."""
    assert type(event)(**json.loads(json.dumps(dataclasses.asdict(event)))) == event

"""Things happen in order, each at its own time, however the clock is moved."""

from __future__ import annotations

import asyncio
import itertools

from hypothesis import given
from hypothesis import strategies as st

from mock_server.clock import LATEST, Clock, month_of, timestamp


async def nothing() -> None:
    """There is nothing to wait for."""


@given(st.lists(st.integers(1, 100_000).map(lambda number: number / 1000)), st.lists(st.floats(0, 40)))
def test_each_thing_happens_once_in_order_at_its_time(delays: list[float], moves: list[float]) -> None:
    clock = Clock(lambda: 1000.0)
    happened: list[tuple[float, float]] = []
    for delay in delays:
        clock.schedule(1000 + delay, None, lambda due: happened.append((due, clock.now())))

    async def move() -> None:
        for seconds in moves:
            await clock.advance(seconds, nothing)

    asyncio.run(move())
    assert [due for due, _ in happened] == sorted(1000 + delay for delay in delays if 1000 + delay <= clock.now())
    assert all(due == now for due, now in happened)
    assert abs(clock.now() - 1000 - sum(moves)) < 0.01


def test_what_an_event_schedules_within_the_move_happens_in_it() -> None:
    clock = Clock(lambda: 0.0)
    happened: list[float] = []

    def again(due: float) -> None:
        happened.append(due)
        clock.schedule(due + 10, None, again)

    clock.schedule(5, None, again)
    asyncio.run(clock.advance(30, nothing))
    assert happened == [5, 15, 25]


def test_time_goes_on_by_itself_and_never_back() -> None:
    readings = iter([10.0, 11.5, 9.0, 12.0])
    clock = Clock(lambda: next(readings))
    assert [clock.now() for _ in range(4)] == [10.0, 11.5, 11.5, 12.0]


def test_a_clock_that_stands_still_shows_another_time_only_when_it_is_moved() -> None:
    async def nothing() -> None: ...

    readings = itertools.count(1000.0, 7.0)
    clock = Clock(lambda: next(readings), stands_still=True)
    assert [clock.now(), clock.now()] == [1000.0, 1000.0]
    assert asyncio.run(clock.advance(2.5, nothing)) == 1002.5
    assert clock.now() == 1002.5


def test_what_is_due_happens_without_a_request() -> None:
    async def wait() -> list[float]:
        clock, happened = Clock(), asyncio.Queue[float]()
        clock.schedule(clock.now() + 0.02, None, happened.put_nowait)
        clock.schedule(clock.now() + 0.01, None, happened.put_nowait)
        return [await asyncio.wait_for(happened.get(), 5) for _ in range(2)]

    first, second = asyncio.run(wait())
    assert first < second


def test_what_belongs_to_a_forgotten_owner_does_not_happen() -> None:
    clock = Clock(lambda: 0.0)
    happened: list[str] = []
    kept, forgotten = object(), object()
    clock.schedule(1, forgotten, lambda _: happened.append("forgotten"))
    clock.schedule(2, kept, lambda _: happened.append("kept"))
    clock.forget(forgotten)
    asyncio.run(clock.advance(5, nothing))
    assert happened == ["kept"]


def test_the_clock_stops_at_its_latest() -> None:
    clock = Clock(lambda: 1000.0)
    assert asyncio.run(clock.advance(1e12, nothing)) == LATEST


def test_moments_are_written_in_utc_with_milliseconds() -> None:
    assert timestamp(1_772_366_400.25) == "2026-03-01T12:00:00.250Z"
    assert timestamp(1_772_366_400) == "2026-03-01T12:00:00.000Z"
    assert month_of(1_772_366_400) == (2026, 3)
    assert month_of(1_772_323_199.999) == (2026, 2)


def test_what_a_move_brought_near_happens_without_a_request() -> None:
    async def wait() -> float:
        clock, happened = Clock(), asyncio.Queue[float]()
        due = clock.now() + 100.05
        clock.schedule(due, None, happened.put_nowait)
        await clock.advance(100, nothing)
        return await asyncio.wait_for(happened.get(), 5) - due

    assert asyncio.run(wait()) == 0

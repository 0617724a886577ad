"""How far is the run, what does it wait for, and when will it end? Made of the events alone, in words for a person."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contract_tests.harness.events import Answered, Event, Waiting
from generated.contract import RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS

WORTH_TELLING_SECONDS = 6
"""A wait that is shorter is not worth a line."""
ENOUGH_REQUESTS = 20
"""So many requests show how fast the server is."""
_SKEW_SECONDS = 5
_LEAST_WORDS = 12
"""With less room for them, the words on what is looked at are left out."""


@dataclass(frozen=True)
class Window:
    """What the headers last said of the main key's window, and when it ends by the clock of this machine."""

    limit: int
    remaining: int
    ends_at: float


def seconds_left(count: int, pace: float, window: Window | None, now: float) -> float:
    """How long so many more requests take when each takes `pace` seconds and no more are sent than windows allow."""
    if window is None:
        return count * pace
    remaining = window.remaining if now < window.ends_at else window.limit
    beyond = count - remaining
    if beyond <= 0:
        return count * pace
    further = math.ceil(beyond / window.limit)
    until_next = max(window.ends_at - now, remaining * pace)
    return until_next + (further - 1) * RATE_LIMIT_WINDOW_SECONDS + (beyond - (further - 1) * window.limit) * pace


@dataclass(frozen=True)
class State:
    """How far the requests of one key are, as plain data: another process may show it.

    Moments are those of `time.monotonic`, which all processes of a machine share.
    """

    began: float
    words: str = ""
    """What is looked at."""
    requests: int = 0
    window: Window | None = None
    why: str = ""
    """What was last waited for."""
    wait_ends_at: float = 0.0
    waited_seconds: float = 0.0
    """How long was waited by then, the last wait to its end included."""
    line: str = ""
    """The last wait that was worth a line."""
    lines: int = 0
    """How many were."""
    is_done: bool = False

    def wait_left(self, now: float) -> float:
        return max(0.0, self.wait_ends_at - now)

    def left_in_window(self, now: float) -> int | None:
        """How many requests are left in the window; None where that is unknown."""
        return None if self.window is None or now >= self.window.ends_at else self.window.remaining

    def seconds_left(self, count: int, now: float) -> float:
        """How long so many more requests take."""
        wait_left = self.wait_left(now)
        pace = max(0.0, now - self.began - self.waited_seconds + wait_left) / max(1, self.requests)
        if self.window is None:  # as fast as the contract allows, at the most
            pace = max(pace, RATE_LIMIT_WINDOW_SECONDS / RATE_LIMIT_REQUESTS)
        return max(seconds_left(count, pace, self.window, now), wait_left + count * pace)


def state_of(told: Mapping[str, Any]) -> State:
    """The state that was made plain by `dataclasses.asdict`."""
    window = told["window"]
    return State(**{**told, "window": None if window is None else Window(**window)})


class Progress:
    """Hears events and keeps what a person wants to know of them. Events may come from several threads."""

    def __init__(
        self,
        planned: int,
        key: str,
        *,
        moves_its_clock: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`planned`: how many requests the run sends at the most. `key`: the main key as events show it."""
        self._planned, self._key, self._moved, self._now = planned, key, moves_its_clock, now
        self.tell: Callable[[State], None] = lambda _: None
        """Called with each new state."""
        self._lock = threading.RLock()
        self._state = State(began=now())
        self._told: set[str] = set()
        self._untold: dict[str, float] = {}

    def _turn(self, **members: Any) -> None:
        self._state = replace(self._state, **members)
        self.tell(self._state)

    def turn_to(self, words: str) -> None:
        """Note what is looked at from now on."""
        with self._lock:
            if words != self._state.words:
                self._told, self._untold = set(), {}
                self._turn(words=words)

    def end(self) -> None:
        """Note that nothing more is sent."""
        with self._lock:
            self._turn(is_done=True)

    def hear(self, event: Event) -> str | None:
        """Learn from an event. Returns the line that it is worth where nobody sees a line that is kept up to date."""
        with self._lock:
            if isinstance(event, Answered):
                self._note(event)
                return None
            waited = self._state.waited_seconds + event.seconds
            line = self._line_of(event)
            told = {} if line is None else {"line": line, "lines": self._state.lines + 1}
            self._turn(why=event.why, wait_ends_at=self._now() + event.seconds, waited_seconds=waited, **told)
            if line is None:
                return None
            return f"{line}; {self._state.requests} of {self._planned} planned requests sent{self._end()}"

    def _note(self, answered: Answered) -> None:
        requests, window = max(self._state.requests, answered.requests), self._state.window
        if answered.key == self._key:
            window = None
            limit, remaining, ahead = answered.limit, answered.remaining, answered.reset_seconds
            most = RATE_LIMIT_WINDOW_SECONDS + _SKEW_SECONDS
            if limit is not None and remaining is not None and ahead is not None and limit > 0 and ahead <= most:
                window = Window(limit, remaining, self._now() + ahead)
        self._turn(requests=requests, window=window, why="", wait_ends_at=0.0)

    def _line_of(self, wait: Waiting) -> str | None:
        longest, seconds = wait.longest_seconds, wait.seconds
        if longest is not None:
            seconds = self._untold[wait.why] = self._untold.get(wait.why, 0) + seconds
        if seconds < WORTH_TELLING_SECONDS or wait.why in self._told:
            return None
        if longest is not None:
            self._told.add(wait.why)
        how_long = f"{seconds:.0f} s" if longest is None else f"up to {longest:.0f} s"
        return f"waiting {how_long} {wait.why}"

    def status(self, width: int) -> str:
        """All of it in a line of at most so many characters."""
        with self._lock:
            state, now = self._state, self._now()
            parts = [f"{state.requests} of {self._planned} requests{self._end()}"]
            left, wait_left = state.left_in_window(now), state.wait_left(now)
            if wait_left > 0:
                parts.append(f"waiting {math.ceil(wait_left)} s {state.why}")
            elif left is not None and not self._moved:
                parts.append(f"{left} left in the window")
            return _fitted(state.words, ", ".join(parts), width)

    def _end(self) -> str:
        """When it will end, as far as that can be told."""
        state, now = self._state, self._now()
        count = self._planned - state.requests
        if state.requests < ENOUGH_REQUESTS or count <= 0:
            return ""
        if self._moved:
            return end_in(count * (now - state.began) / state.requests)
        return end_in(state.seconds_left(count, now))


def end_in(seconds: float) -> str:
    """The words that follow the number of requests where it is known about when they end."""
    return f", about {_rounded(seconds)} left"


def _rounded(seconds: float) -> str:
    """A time that is not known exactly, rounded up."""
    return f"{max(5, math.ceil(seconds / 5) * 5)} s" if seconds <= 55 else f"{math.ceil(seconds / 60)} min"


def _fitted(words: str, rest: str, width: int) -> str:
    """Words and what follows them in so many characters: the words are shortened first."""
    room = width - len(rest) - 2
    if words and room >= min(len(words), _LEAST_WORDS):
        return f"{shortened(words, room)}: {rest}"
    return shortened(rest, width)


def shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"[: max(0, width)]

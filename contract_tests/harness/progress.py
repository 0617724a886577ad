"""How far is the run, what does it wait for, and when will it end? Made of the events alone, in words for a person."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from contract_tests.harness.events import Answered, Event, Waiting
from generated.contract import RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS

WORTH_TELLING_SECONDS = 6
"""A wait that is shorter is not worth a line."""
_ENOUGH_REQUESTS = 20
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


class Progress:
    """Hears events and keeps what a person wants to know of them. Events may come from several threads."""

    def __init__(
        self, planned: int, key: str, *, moves_its_clock: bool = False, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`planned`: how many requests the run sends at the most. `key`: the main key as events show it."""
        self._planned, self._key, self._moved, self._now = planned, key, moves_its_clock, now
        self._lock = threading.RLock()
        self._began = now()
        self._words = ""
        self._requests = 0
        self._window: Window | None = None
        self._wait: Waiting | None = None
        self._wait_ends_at = self._began
        self._waited = 0.0
        self._told: set[str] = set()
        self._untold: dict[str, float] = {}

    def turn_to(self, words: str) -> None:
        """Note what is looked at from now on."""
        with self._lock:
            if words != self._words:
                self._words = words
                self._told, self._untold = set(), {}

    def hear(self, event: Event) -> str | None:
        """Learn from an event. Returns the line that it is worth where nobody sees a line that is kept up to date."""
        with self._lock:
            if isinstance(event, Answered):
                self._note(event)
                return None
            self._wait, self._wait_ends_at = event, self._now() + event.seconds
            self._waited += event.seconds
            return self._line_of(event)

    def _note(self, answered: Answered) -> None:
        self._requests, self._wait = max(self._requests, answered.requests), None
        if answered.key != self._key:
            return
        limit, remaining, ahead = answered.limit, answered.remaining, answered.reset_seconds
        self._window = None
        if limit is not None and remaining is not None and ahead is not None and limit > 0:
            ends_at = self._now() + ahead
            if ahead <= RATE_LIMIT_WINDOW_SECONDS + _SKEW_SECONDS:
                self._window = Window(limit, remaining, ends_at)

    def _line_of(self, wait: Waiting) -> str | None:
        longest, seconds = wait.longest_seconds, wait.seconds
        if longest is not None:
            seconds = self._untold[wait.why] = self._untold.get(wait.why, 0) + seconds
        if seconds < WORTH_TELLING_SECONDS or wait.why in self._told:
            return None
        if longest is not None:
            self._told.add(wait.why)
        how_long = f"{seconds:.0f} s" if longest is None else f"up to {longest:.0f} s"
        return f"waiting {how_long} {wait.why}; {self._requests} of {self._planned} planned requests sent{self._end()}"

    def status(self, width: int) -> str:
        """All of it in a line of at most so many characters."""
        with self._lock:
            parts = [f"{self._requests} of {self._planned} requests{self._end()}"]
            left, wait_left = self._left_in_window(), self._wait_left()
            if wait_left > 0 and self._wait is not None:
                parts.append(f"waiting {math.ceil(wait_left)} s {self._wait.why}")
            elif left is not None:
                parts.append(f"{left} left in the window")
            return _fitted(self._words, ", ".join(parts), width)

    def _left_in_window(self) -> int | None:
        """How many requests are left in the window; None where that is unknown or keeps nobody waiting."""
        if self._window is None or self._moved or self._now() >= self._window.ends_at:
            return None
        return self._window.remaining

    def _wait_left(self) -> float:
        return max(0.0, self._wait_ends_at - self._now()) if self._wait is not None else 0.0

    def _end(self) -> str:
        """When it will end, as far as that can be told."""
        seconds = self._seconds_left()
        if seconds is None:
            return ""
        return f", about {_rounded(seconds)} left"

    def _seconds_left(self) -> float | None:
        count = self._planned - self._requests
        if self._requests < _ENOUGH_REQUESTS or count <= 0:
            return None
        now, wait_left = self._now(), self._wait_left()
        elapsed = now - self._began
        busy = max(0.0, elapsed - self._waited + wait_left)
        pace = busy / self._requests
        if self._moved:
            return count * elapsed / self._requests
        if self._window is None:  # as fast as the contract allows, at the most
            pace = max(pace, RATE_LIMIT_WINDOW_SECONDS / RATE_LIMIT_REQUESTS)
        return max(seconds_left(count, pace, self._window, now), wait_left + count * pace)


def _rounded(seconds: float) -> str:
    """A time that is not known exactly, rounded up."""
    return f"{max(5, math.ceil(seconds / 5) * 5)} s" if seconds <= 55 else f"{math.ceil(seconds / 60)} min"


def _fitted(words: str, rest: str, width: int) -> str:
    """Words and what follows them in so many characters: the words are shortened first."""
    room = width - len(rest) - 2
    if words and room >= min(len(words), _LEAST_WORDS):
        return f"{_shortened(words, room)}: {rest}"
    return _shortened(rest, width)


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"[: max(0, width)]

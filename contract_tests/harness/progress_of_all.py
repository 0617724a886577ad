"""How far is a run of several keys? Made of what each worker says of itself, in words for a person."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from contract_tests.harness.progress import ENOUGH_REQUESTS, State, end_in, shortened

_LEAST_WORDS = 12
"""With less room for what each key does, only waits are told."""
_APART = "; "
States = Callable[[], Sequence[State | None]]


class ProgressOfAll:
    """Looks at the states of the workers whenever it is asked."""

    def __init__(
        self,
        planned: int,
        names: Sequence[str],
        states: States,
        *,
        spent: int = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`planned`: how many requests all together send at the most. `names`: what the keys are called.

        `states`: how far each is, None for one that has not begun. `spent`: how many requests were sent before.
        """
        self._planned, self._names, self._states, self._spent, self._now = planned, names, states, spent, now
        self._lines = [0] * len(names)

    def status(self, width: int) -> str:
        """All of it in a line of at most so many characters, in the fullest form that there is room for."""
        states, now = self._states(), self._now()
        total = self._total(states, "requests")
        doings = [f"{name} {_doing(state, now)}" for name, state in zip(self._names, states, strict=True)]
        room = _level([len(doing) for doing in doings], width - len(total) - len(doings) * len(_APART))
        least = max(map(len, self._names)) + 1 + _LEAST_WORDS
        if room >= min(least, max(map(len, doings))):
            return _APART.join([total, *(shortened(doing, room) for doing in doings)])
        waits = ", ".join(_wait(state, now) or "-" for state in states)
        if any(_wait(state, now) for state in states):
            told = f"{total}{_APART}waiting {waits}"
            if len(told) <= width:
                return told
        return shortened(total, width)

    def lines(self) -> list[str]:
        """The waits that are worth a line each and that were not told yet."""
        states, told = self._states(), []
        for number, state in enumerate(states):
            if state is not None and state.lines > self._lines[number]:
                self._lines[number] = state.lines
                total = self._total(states, "planned requests sent")
                told.append(f"{self._names[number]}: {state.line}{_APART}{total}")
        return told

    def _total(self, states: Sequence[State | None], what: str) -> str:
        known = [state for state in states if state is not None]
        sent, now = self._spent + sum(state.requests for state in known), self._now()
        told, left = f"{sent} of {self._planned} {what}", self._planned - sent
        at_work = [state for state in known if not state.is_done]
        if left <= 0 or sent < ENOUGH_REQUESTS or not at_work:
            return told
        return told + end_in(max(state.seconds_left(math.ceil(left / len(at_work)), now) for state in at_work))


def _doing(state: State | None, now: float) -> str:
    """What a key is used for, or waits for."""
    if state is None:
        return "begins"
    if state.is_done:
        return "is done"
    if wait := _wait(state, now):
        return f"waits {wait} {state.why}"
    left = state.left_in_window(now)
    return state.words if left is None else f"{state.words}, {left} left in the window"


def _wait(state: State | None, now: float) -> str:
    """How long a key still waits; empty when it does not."""
    left = 0.0 if state is None else state.wait_left(now)
    return f"{math.ceil(left)} s" if left > 0 else ""


def _level(lengths: Sequence[int], room: int) -> int:
    """How many characters each may have at the most, that all together have no more than there is room for."""
    left = sorted(lengths)
    while left:
        share = room // len(left)
        if left[0] > share:
            return share
        room -= left.pop(0)
    return max(lengths)

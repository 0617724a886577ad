"""What time is it on the mock, and what is due? Real time plus whatever the clock was moved by, and an agenda.

A clock that stands still shows the time of its making plus what it was moved by.

What is due happens in order, each thing at its own time, even when the clock is moved past many of them at once.
Time is Unix seconds, rounded to milliseconds, and never goes back.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

Action = Callable[[float], None]
"""Something that happens; it is told when, which is when it was due."""

LATEST = 4_102_444_800.0
"""The clock cannot be moved past this: the start of the year 2100."""


@dataclass(order=True, slots=True)
class _Entry:
    due: float
    number: int
    owner: object = field(compare=False)
    action: Action = field(compare=False)


class Clock:
    """The time and the agenda. `read` gives real time in Unix seconds; it is read once by a clock that stands still."""

    def __init__(self, read: Callable[[], float] = time.time, *, stands_still: bool = False) -> None:
        self.stands_still = stands_still
        self._read = partial(float, read()) if stands_still else read
        self._offset = 0.0
        self._latest = 0.0
        self._agenda: list[_Entry] = []
        self._numbers = itertools.count()
        self._alarm: asyncio.TimerHandle | None = None
        self._moving = asyncio.Lock()

    def now(self) -> float:
        """The time, in Unix seconds."""
        self._latest = max(self._latest, round(self._read() + self._offset, 3))
        return self._latest

    def schedule(self, due: float, owner: object, action: Action) -> None:
        """Puts `action` on the agenda for `due`. `owner` is whom `forget` speaks of."""
        heapq.heappush(self._agenda, _Entry(due, next(self._numbers), owner, action))
        self._set_alarm()

    def forget(self, owner: object) -> None:
        """Takes off the agenda whatever is the owner's."""
        self._agenda = [entry for entry in self._agenda if entry.owner is not owner]
        heapq.heapify(self._agenda)

    def settle(self) -> float:
        """Lets everything happen that is due by now, in order. Returns the time."""
        now = self.now()
        while self._agenda and self._agenda[0].due <= now:
            entry = heapq.heappop(self._agenda)
            entry.action(entry.due)
        return now

    async def advance(self, seconds: float, wait: Callable[[], Awaitable[None]]) -> float:
        """Moves the clock by `seconds`, stopping wherever something is due. Returns the time.

        `wait` is awaited at each stop: it lets end what was started there and decides what comes next (deliveries
        and their retries). Two advances at once happen one after the other.
        """
        async with self._moving:
            target = min(self.now() + seconds, LATEST)
            self.settle()
            await wait()
            while self._agenda and (due := self._agenda[0].due) <= target:
                self._jump(due)
                self.settle()
                await wait()
            self._jump(target)
            now = self.settle()
            # What is still to come is nearer now than it was when the alarm was set.
            self._set_alarm()
            return now

    def stop(self) -> None:
        """Lets nothing happen any more by itself."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _jump(self, to: float) -> None:
        self._offset += max(0.0, to - self.now())
        # What `now` rounds off must not leave it short of the time that was jumped to.
        self._latest = max(self._latest, to)

    def _set_alarm(self) -> None:
        """Wakes the agenda up when its first entry is due, if an event loop runs; else the next request does."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self.stop()
        if self._agenda:
            self._alarm = loop.call_later(max(0.0, self._agenda[0].due - self.now()), self._wake)

    def _wake(self) -> None:
        self._alarm = None
        self.settle()
        self._set_alarm()


def timestamp(moment: float) -> str:
    """The moment as the API writes it: RFC 3339 with milliseconds and Z."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def month_of(moment: float) -> tuple[int, int]:
    """Year and month of the moment, in UTC."""
    date = datetime.fromtimestamp(moment, UTC)
    return date.year, date.month

"""May this key send one more request now? Fixed windows, one for each key, exact.

A window opens with the first request, at its whole second, so that the reset, which is told in whole seconds, is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from generated.contract import RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a request finds: whether it passes, how many more do in its window, when that ends (Unix seconds)."""

    allowed: bool
    remaining: int
    reset: int

    def retry_after_seconds(self, now: float) -> int:
        """Whole seconds until the window ends, at least 1."""
        return max(1, math.ceil(self.reset - now))


@dataclass(slots=True)
class Window:
    """The window of one key: when it ends, in Unix seconds, and how many requests have passed in it."""

    reset: int = 0
    passed: int = 0

    def take(self, now: float) -> Allowance:
        """Counts a request at `now` if it passes; a refused one is not counted."""
        if now >= self.reset:
            self.reset = math.floor(now) + RATE_LIMIT_WINDOW_SECONDS
            self.passed = 0
        if self.passed >= RATE_LIMIT_REQUESTS:
            return Allowance(False, 0, self.reset)
        self.passed += 1
        return Allowance(True, RATE_LIMIT_REQUESTS - self.passed, self.reset)

    def exhaust(self, now: float) -> Allowance:
        """Refuses a request at `now` whatever has passed, as if all of the window were used."""
        allowance = self.take(now)
        self.passed = RATE_LIMIT_REQUESTS
        return Allowance(False, 0, allowance.reset)


def own_window(now: float) -> Allowance:
    """What a request without a valid key finds: a window that is its alone, so that it uses up nobody's."""
    return Window().take(now)

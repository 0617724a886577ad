"""What happens while the suite runs, as plain data: session and target tell of it and know nobody who listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Answered:
    """A request was answered. The numbers of the window are those of its headers, None where they do not tell."""

    requests: int
    """How many requests the run has sent by now."""
    key: str
    """Whose request it was, in a form that may be shown; empty without a key."""
    limit: int | None = None
    remaining: int | None = None
    reset_seconds: float | None = None
    """In how many seconds the window ends."""


@dataclass(frozen=True)
class Waiting:
    """A wait begins, and is over when its seconds are."""

    seconds: float
    why: str
    """What for: the words after `waiting 5 s`."""
    longest_seconds: float | None = None
    """How long it may go on, this wait included, where it is one of several for the same thing."""


Event = Answered | Waiting
Listener = Callable[[Event], None]

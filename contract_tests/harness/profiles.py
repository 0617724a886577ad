"""How much does a run look at? What each profile may spend, and what the tests may spend of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from generated.contract import RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS

Profile = Literal["smoke", "standard", "deep"]
_SECONDS_A_MINUTE = 60
_PATIENCE_SECONDS_A_MINUTE = 80
_WINDOWS_A_MINUTE = _SECONDS_A_MINUTE / RATE_LIMIT_WINDOW_SECONDS


@dataclass(frozen=True)
class Plan:
    """What a run may spend. Numbers of requests hold on a server that keeps the contract; a broken one costs more."""

    requests: int
    """How many requests it sends at the most, clean-up included; random ones fill what the rules leave of them."""
    runs: int
    """How many runs it starts at the most."""
    extremes: int
    """How many requests hold the valid extremes of an operation at the most."""
    steps: int
    """How many steps a walk over the links takes."""
    samples: int
    """How many random requests of a kind are drawn at a time."""
    is_brief: bool = False
    """Whether of what is much alike one is looked at, nothing is waited for that takes more than seconds, and no more
    requests are sent whatever the server does.
    """
    one_by_one: bool = False
    """Whether violations come in a request each, though a refusal may name several."""

    @property
    def minutes(self) -> float:
        """How long that takes on a server whose clock is waited for: the first window is open already."""
        return max(1.0, self.requests / RATE_LIMIT_REQUESTS / _WINDOWS_A_MINUTE)

    @property
    def patience_seconds(self) -> float:
        """How long it waits in all for what is refused by surprise: a third longer than it plans to take."""
        return self.minutes * _PATIENCE_SECONDS_A_MINUTE


PLANS: Mapping[Profile, Plan] = {
    "smoke": Plan(requests=100, runs=12, extremes=0, steps=0, samples=0, is_brief=True),
    "standard": Plan(requests=600, runs=60, extremes=3, steps=10, samples=2),
    "deep": Plan(requests=6000, runs=600, extremes=100, steps=600, samples=60, one_by_one=True),
}

"""How exact an amount of money can be taken: servers round, and nothing published says to how many places."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

_FINEST, _COARSEST = 6, 2
"""Decimal places."""
_CENT = 0.01


def amount(value: Any) -> float | None:
    """A JSON number as such, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def rounding(values: Iterable[Any]) -> float:
    """By how much one of these amounts may be off, judged by the most decimal places that any of them has."""
    places = [_places(value) for value in map(amount, values) if value is not None]
    return 0.5 * 10.0 ** -min(max(places, default=_COARSEST), _FINEST)


def same(one: float, other: float, ones: Iterable[Any], others: Iterable[Any]) -> bool:
    """Whether two amounts are one, each of them rounded as the others that are told beside it are."""
    slack = (rounding(ones), rounding(others))
    return abs(one - other) <= (0.0 if slack[0] == slack[1] else sum(slack)) + 1e-9


def _places(value: float) -> int:
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(_COARSEST, -exponent) if isinstance(exponent, int) else _COARSEST


def is_charge(cost: float, seconds: float, rate_per_minute: float, slack: float) -> bool:
    """Whether a cost fits a time at a rate, counted to the second at the least and by minutes begun at the most."""
    least, most = max(0.0, seconds - 1) / 60 * rate_per_minute, math.ceil((seconds + 1) / 60) * rate_per_minute
    # Whoever rounds to cents still sees the first whole one.
    is_free = cost == 0 and seconds / 60 * rate_per_minute >= _CENT - 1e-9
    return least - slack <= cost <= most + slack and not is_free

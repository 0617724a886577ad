"""What a body says, whatever a server makes of it: shapes that are not as documented read as nothing.

That a shape is wrong is for the rules on every response to say. Null and left out are the same; times are instants,
each as exact as it is written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from contract_tests.harness.exchange import Exchange

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_LONGEST_SHOWN = 120
_NOISE = 1e-6
"""How far two numbers may be apart that were one before they were stored or added up."""
_MOST_DIGITS = 5
"""So many of a second are told apart where others are cut off: moments are read to the microsecond."""


def members(value: Any) -> Mapping[str, Any]:
    """The members of a JSON object; none when it is no object."""
    return value if isinstance(value, dict) else {}


def items(exchange: Exchange) -> list[Mapping[str, Any]]:
    """The objects that a list's answer holds."""
    data = members(exchange.json).get("data") if exchange.succeeded else None
    return [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []


def total(exchange: Exchange) -> Any:
    """How many items the whole list has, as its page says."""
    return members(members(exchange.json).get("pagination")).get("total")


def answered(exchange: Exchange) -> str:
    """Status and code of an answer, in a few characters."""
    return f"{exchange.status} {exchange.code or ''}".rstrip()


def instant(value: Any) -> datetime | None:
    """The moment that an RFC 3339 text names, None for anything else."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    # What is finer than a microsecond is cut off.
    text = re.sub(r"(\.\d{6})\d+", r"\1", value.upper().replace("Z", "+00:00"))
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def seconds_between(earlier: Any, later: Any) -> float | None:
    """How many seconds lie between two RFC 3339 texts, None when one is none."""
    one, other = instant(earlier), instant(later)
    return None if one is None or other is None else (other - one).total_seconds()


def exactness(one: Any, other: Any) -> float:
    """By how many seconds two RFC 3339 texts of one moment may be apart: by less than the last digit of the shorter,
    by nothing when both have as many.
    """
    matches = [_TIME.fullmatch(text) if isinstance(text, str) else None for text in (one, other)]
    digits = [0 if match is None or match[1] is None else len(match[1]) - 1 for match in matches]
    return 0.0 if digits[0] == digits[1] else 10.0 ** -min(*digits, _MOST_DIGITS)


def _same_moment(one: str, other: str) -> bool:
    apart = seconds_between(one, other)
    return apart is not None and (apart == 0 or abs(apart) < exactness(one, other))


def alike(one: Any, other: Any) -> bool:
    """Whether two JSON values say the same: null members as left out, numbers by value, times as instants."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = {name for value in (one, other) for name in value}
        return all(alike(one.get(name), other.get(name)) for name in names)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_NOISE)
    if isinstance(one, str) and isinstance(other, str) and one != other:
        return _same_moment(one, other)
    return bool(one == other)


def differences(one: Mapping[str, Any], other: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """The members of these names that differ, as sentences: `name is 1, not 2` (the first has 1, the second 2)."""
    return [
        f"{name} is {shown(one.get(name))}, not {shown(other.get(name))}"
        for name in names
        if not alike(one.get(name), other.get(name))
    ]


def shown(value: Any) -> str:
    """A value in few characters."""
    text = "null or left out" if value is None else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def listed(found: Sequence[str]) -> str:
    """The first few of many findings."""
    return "; ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")

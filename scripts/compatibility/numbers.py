"""Are the limits, defaults and rates of the document's extensions still at least as good for a client?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scripts.compatibility.changes import Change, Level


@dataclass(frozen=True)
class Numbers:
    """An extension that holds numbers by name, and what a change of one of them is."""

    extension: str
    what: str
    """What one number is called in the id of a change."""
    lowered: Level
    raised: Level
    added: Level
    removed: Level


NUMBERS = (
    Numbers("x-limits", "limit", Level.BREAKING, Level.INFO, Level.BREAKING, Level.BREAKING),
    Numbers("x-run-defaults", "run-default", Level.BREAKING, Level.WARNING, Level.BREAKING, Level.BREAKING),
    Numbers("x-sandbox-rates", "sandbox-rate", Level.INFO, Level.BREAKING, Level.INFO, Level.BREAKING),
)


def number_changes(base: dict[str, Any], revision: dict[str, Any]) -> Iterator[Change]:
    """What is allowed must not become less, and what costs money not more."""
    yield from _rate_limit_changes(base, revision)
    yield from _byte_bound_changes(_schemas(base), _schemas(revision), "components/schemas")
    for numbers in NUMBERS:
        before, after = _numbers(base, numbers.extension), _numbers(revision, numbers.extension)
        for name in dict.fromkeys([*before, *after]):
            yield from _number_changes(numbers, name, before.get(name), after.get(name))


def _number_changes(numbers: Numbers, name: str, before: float | None, after: float | None) -> Iterator[Change]:
    def change(verb: str, level: Level, text: str) -> Change:
        return Change(f"{numbers.what}-{verb}", level, numbers.extension, f"`{name}` was {text}")

    if before is None:
        yield change("added", numbers.added, f"added: `{after}`")
    elif after is None:
        yield change("removed", numbers.removed, f"removed; it was `{before}`")
    elif after < before:
        yield change("lowered", numbers.lowered, f"lowered from `{before}` to `{after}`")
    elif after > before:
        yield change("raised", numbers.raised, f"raised from `{before}` to `{after}`")


def _rate_limit_changes(base: dict[str, Any], revision: dict[str, Any]) -> Iterator[Change]:
    """Fewer requests at once or fewer in the long run break a client that sends as many as it might."""
    where = "x-rate-limit"
    before, after = _numbers(base, where), _numbers(revision, where)
    if before == after:
        return
    if not before or not after:
        verb, level = ("removed", Level.WARNING) if before else ("added", Level.BREAKING)
        yield Change(f"rate-limit-{verb}", level, where, f"the rate limit was {verb}")
        return
    names = ("requests", "windowSeconds")
    told = " to ".join(
        f"`{numbers.get('requests')}` requests in `{numbers.get('windowSeconds')}` seconds"
        for numbers in (before, after)
    )
    if any(name not in numbers for numbers in (before, after) for name in names):
        yield Change("rate-limit-unclear", Level.BREAKING, where, f"the rate limit went from {told}")
        return
    fewer = after["requests"] < before["requests"]
    slower = after["requests"] * before["windowSeconds"] < before["requests"] * after["windowSeconds"]
    verb, level = ("lowered", Level.BREAKING) if fewer or slower else ("raised", Level.INFO)
    yield Change(f"rate-limit-{verb}", level, where, f"the rate limit was {verb} from {told}")


def _byte_bound_changes(before: Any, after: Any, where: str) -> Iterator[Change]:
    """`x-max-json-bytes`, wherever a schema of the components has it."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    bounds = Numbers(where, "byte-bound", Level.BREAKING, Level.INFO, Level.BREAKING, Level.INFO)
    name = "x-max-json-bytes"
    if name in before or name in after:
        yield from _number_changes(bounds, name, before.get(name), after.get(name))
    for key in before.keys() & after.keys():
        yield from _byte_bound_changes(before[key], after[key], f"{where}/{key}")


def _schemas(document: dict[str, Any]) -> Any:
    return (document.get("components") or {}).get("schemas")


def _numbers(document: dict[str, Any], extension: str) -> dict[str, float]:
    value = document.get(extension)
    if not isinstance(value, dict):
        return {}
    return {
        name: number
        for name, number in value.items()
        if isinstance(number, int | float) and not isinstance(number, bool)
    }

"""Which facts changed their source: what was assumed and is published now, and what is only assumed any more?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.compatibility.changes import Change, Level

SOURCES = "x-sources"
_VALUES = ("value", "example", "examples", "default", "enum", "const")
"""Members that hold values of the API, not facts about it."""


def source_changes(base: dict[str, Any], revision: dict[str, Any]) -> Iterator[Change]:
    """A promise that a server may break from now on is withdrawn; one that it must keep from now on is confirmed."""
    levels = (_levels(base), _levels(revision))
    for name in sorted(levels[0].keys() & levels[1].keys()):
        yield from _level_change(levels, (name, name), f"{SOURCES}/{name}")
    yield from _walk(base, revision, levels, (), {})


def _walk(
    base: Any,
    revision: Any,
    levels: tuple[Mapping[str, str], Mapping[str, str]],
    location: tuple[str, ...],
    above: Mapping[str, tuple[str | None, str | None]],
) -> Iterator[Change]:
    """Compare what stands at the same place; a change that was told of an element is not told of what is in it."""
    if isinstance(base, dict) and isinstance(revision, dict):
        here = dict(above)
        for member in ("x-source", "x-refusal-source"):
            inherited = above.get(member, (None, None))
            if member in base or member in revision:
                fallback = here.get("x-source", (None, None)) if member == "x-refusal-source" else inherited
                here[member] = (base.get(member, fallback[0]), revision.get(member, fallback[1]))
                if here[member] != inherited:
                    yield from _source_change(levels, here[member], _told(location), member)
        here.pop("x-refusal-source", None)
        for key in base:
            if key in revision and key not in _VALUES and key != SOURCES:
                yield from _walk(base[key], revision[key], levels, (*location, key), here)
    elif isinstance(base, list) and isinstance(revision, list):
        others = dict(_named(revision))
        for name, item in _named(base):
            if name in others:
                yield from _walk(item, others[name], levels, (*location, name), above)


def _source_change(
    levels: tuple[Mapping[str, str], Mapping[str, str]], pair: tuple[str | None, str | None], where: str, member: str
) -> Iterator[Change]:
    before, after = pair
    if before is None or after is None or before == after:
        return
    named = f"the source of its refusal (`{member}`)" if member == "x-refusal-source" else "its source"
    text = f"{named} was changed from `{before}` to `{after}`"
    was, is_now = levels[0].get(before), levels[1].get(after)
    if (was, is_now) == ("must", "should"):
        yield Change("promise-withdrawn", Level.BREAKING, where, f"{text}: a server may differ from now on")
    elif (was, is_now) == ("should", "must"):
        yield Change("assumption-confirmed", Level.INFO, where, f"{text}: a server must keep it from now on")
    else:
        yield Change("source-changed", Level.INFO, where, text)


def _level_change(
    levels: tuple[Mapping[str, str], Mapping[str, str]], pair: tuple[str, str], where: str
) -> Iterator[Change]:
    before, after = levels[0][pair[0]], levels[1][pair[1]]
    text = f"what this source says went from `{before}` to `{after}`"
    if (before, after) == ("must", "should"):
        yield Change("source-weakened", Level.BREAKING, where, text)
    elif before != after:
        yield Change("source-strengthened", Level.INFO, where, text)


def _told(location: tuple[str, ...]) -> str:
    """A place in the document; an operation as other changes name it."""
    if location[:1] == ("paths",) and len(location) > 2:
        _, path, method, *rest = location
        return f"{method.upper()} {path}" + (f" ({'/'.join(rest)})" if rest else "")
    return "/".join(location)


def _levels(document: dict[str, Any]) -> dict[str, str]:
    sources = document.get(SOURCES)
    if not isinstance(sources, dict):
        return {}
    return {name: str(source.get("level")) for name, source in sources.items() if isinstance(source, dict)}


def _named(items: list[Any]) -> Iterator[tuple[str, Any]]:
    """The items of a list with a name that stays when the list is reordered, where they have one."""
    for index, item in enumerate(items):
        name = (item.get("name") or item.get("$ref")) if isinstance(item, dict) else None
        yield str(name or index).rpartition("/")[2], item

"""What is a change of the contract, and which changes are told as one?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum


class Level(IntEnum):
    """How much a change matters to those who rely on the earlier document; the numbers are oasdiff's."""

    INFO = 1
    WARNING = 2
    BREAKING = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Change:
    """One difference between two versions of the document."""

    id: str
    """What kind of change it is; oasdiff's own where oasdiff found it."""
    level: Level
    where: str
    """An operation (`GET /v1/runs`), a delivery (`webhook run.failed`) or a place in the document (`x-limits`)."""
    text: str
    line: int | None = field(default=None, compare=False)
    """In the later document, where it is known."""


@dataclass(frozen=True)
class Group:
    """Changes that differ only in where they are: one change of a component that many operations use."""

    first: Change
    places: tuple[str, ...]


def grouped(changes: Iterable[Change]) -> Iterator[Group]:
    """Put together what is the same change in several places, in the order of the first of them."""
    groups: dict[tuple[Level, str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.level, change.id, change.text), []).append(change)
    for group in groups.values():
        yield Group(group[0], tuple(dict.fromkeys(change.where for change in group)))

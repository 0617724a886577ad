"""Does a change of the contract pass? Weighs the changes against the version and the accepted breaks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from scripts.compatibility.accepted import AcceptedBreak
from scripts.compatibility.changes import Change, Level


class Outcome(StrEnum):
    """What may be said of a change of the contract."""

    UNCHANGED = "no change"
    COMPATIBLE = "compatible"
    ANNOUNCED = "breaking, as the version announces"
    BREAKING = "breaking"


@dataclass(frozen=True)
class Verdict:
    """The changes, and what is to be said of them."""

    base: str
    """What it was compared with, as the person named it."""
    versions: tuple[str, str]
    breaking: tuple[Change, ...]
    """The breaking ones that nobody accepted."""
    accepted: tuple[tuple[Change, AcceptedBreak], ...]
    others: tuple[Change, ...]
    """Warnings and the rest."""
    notes: tuple[str, ...] = ()
    """What is to be said of the accepted breaks."""

    @property
    def outcome(self) -> Outcome:
        """The verdict in a word."""
        if self.breaking:
            return Outcome.ANNOUNCED if announces_breaks(*self.versions) else Outcome.BREAKING
        return Outcome.COMPATIBLE if self.accepted or self.others else Outcome.UNCHANGED

    @property
    def passes(self) -> bool:
        """Whether the change may go through."""
        return self.outcome is not Outcome.BREAKING

    def of_level(self, level: Level) -> list[Change]:
        """The changes of a level that are not accepted."""
        return [change for change in (*self.breaking, *self.others) if change.level is level]


def verdict_of(
    changes: Sequence[Change],
    *,
    base: str,
    versions: tuple[str, str],
    accepted: Sequence[AcceptedBreak],
    today: date,
) -> Verdict:
    """Weigh the changes."""
    breaking: list[Change] = []
    passed: list[tuple[Change, AcceptedBreak]] = []
    lapsed: dict[AcceptedBreak, None] = {}
    for change in changes:
        if change.level is not Level.BREAKING:
            continue
        covering = [entry for entry in accepted if entry.covers(change)]
        in_force = [entry for entry in covering if not entry.has_lapsed(today)]
        if in_force:
            passed.append((change, in_force[0]))
        else:
            breaking.append(change)
            lapsed.update(dict.fromkeys(covering))
    used = {entry for _, entry in passed} | lapsed.keys()
    notes = [f"the acceptance of {entry} lapsed on {entry.lapses}" for entry in lapsed]
    notes += [f"{entry} is accepted, but there is no such break: remove it" for entry in accepted if entry not in used]
    others = tuple(change for change in changes if change.level is not Level.BREAKING)
    return Verdict(base, versions, tuple(breaking), tuple(passed), others, tuple(notes))


def version_of(document: dict[str, Any]) -> str:
    """What a document says of its version."""
    info = document.get("info")
    return str(info.get("version", "none")) if isinstance(info, dict) else "none"


def announces_breaks(earlier: str, later: str) -> bool:
    """Whether the major version went up."""
    before, after = (re.match(r"(\d+)\.\d+\.\d+", version) for version in (earlier, later))
    return before is not None and after is not None and int(after[1]) > int(before[1])

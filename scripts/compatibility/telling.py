"""How is the verdict on a change told: on a terminal, as Markdown for a pull request, as annotations of its lines?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scripts.compatibility.accepted import AcceptedBreak
from scripts.compatibility.changes import Change, Group, Level, grouped
from scripts.compatibility.verdict import Outcome, Verdict
from scripts.markup import annotation, cell, code

PLACES_AT_MOST = 4
ROWS_AT_MOST = 200
ANNOTATIONS_AT_MOST = 40

_TITLES = {
    Outcome.UNCHANGED: "The contract did not change",
    Outcome.COMPATIBLE: "The change is compatible",
    Outcome.ANNOUNCED: "The change breaks, and the version announces it",
    Outcome.BREAKING: "The change breaks those who rely on the contract",
}
_WHAT_TO_DO = (
    "Mend it, raise the major version of the document (`info.version`), or list it in `openapi/accepted-breaks.yaml`."
)
_COMMANDS = {Level.BREAKING: "error", Level.WARNING: "warning"}


def as_text(verdict: Verdict) -> str:
    """What a person reads on a terminal."""
    lines: list[str] = []
    for group in grouped(_all(verdict)):
        lines += [f"{group.first.level}: {group.first.text} [{group.first.id}]", f"    {_places(group.places)}"]
    for entry, changes in _by_acceptance(verdict):
        lines += [f"accepted until {entry.lapses}: {entry.reason}"]
        lines += [f"    {group.first.text} [{group.first.id}], {_places(group.places)}" for group in grouped(changes)]
    lines += [f"note: {note}" for note in verdict.notes]
    lines.append(f"compat: {verdict.outcome}: {_counts(verdict)} since {verdict.base} ({_versions(verdict)})")
    if not verdict.passes:
        lines.append(f"compat: {_WHAT_TO_DO.replace('`', '')}")
    return "\n".join(lines) + "\n"


def as_markdown(verdict: Verdict) -> str:
    """What a pull request shows."""
    lines = [
        f"## {_TITLES[verdict.outcome]}",
        "",
        f"Compared with {code(verdict.base)}, version {_versions(verdict)}: {_counts(verdict)}.",
    ]
    if not verdict.passes:
        lines += ["", _WHAT_TO_DO]
    loud = [change for change in _all(verdict) if change.level is not Level.INFO]
    if loud:
        lines += ["", *_table(grouped(loud))]
    if verdict.accepted:
        lines += ["", "### Accepted breaks", "", "| until | reason | change | where |", "| --- | --- | --- | --- |"]
        for entry, changes in _by_acceptance(verdict):
            for group in grouped(changes):
                lines.append(
                    f"| {entry.lapses} | {cell(entry.reason)} | {cell(group.first.text)} ({code(group.first.id)}) "
                    f"| {cell(_places(group.places))} |"
                )
    if verdict.notes:
        lines += ["", *(f"- Note: {cell(note)}" for note in verdict.notes)]
    quiet = [change for change in verdict.others if change.level is Level.INFO]
    if quiet:
        lines += ["", "<details><summary>What else changed</summary>", "", *_table(grouped(quiet)), "", "</details>"]
    return "\n".join(lines) + "\n"


def as_annotations(verdict: Verdict, file: str) -> Iterator[str]:
    """GitHub's workflow commands, one for each change that matters; it shows them at the lines of `file`."""
    groups = [group for group in grouped(_all(verdict)) if group.first.level in _COMMANDS]
    for group in groups[:ANNOTATIONS_AT_MOST]:
        change = group.first
        line = {"line": str(change.line)} if change.line else {}
        message = f"{_places(group.places)}: {change.text}"
        yield annotation(_COMMANDS[change.level], message, file=file, title=change.id, **line)


def _all(verdict: Verdict) -> list[Change]:
    return [*verdict.breaking, *sorted(verdict.others, key=lambda change: -change.level)]


def _by_acceptance(verdict: Verdict) -> list[tuple[AcceptedBreak, list[Change]]]:
    changes: dict[AcceptedBreak, list[Change]] = {}
    for change, entry in verdict.accepted:
        changes.setdefault(entry, []).append(change)
    return list(changes.items())


def _table(groups: Iterable[Group]) -> Iterator[str]:
    yield "| level | change | where | id |"
    yield "| --- | --- | --- | --- |"
    rows = list(groups)
    for group in rows[:ROWS_AT_MOST]:
        change = group.first
        level = f"**{change.level}**" if change.level is Level.BREAKING else str(change.level)
        yield f"| {level} | {cell(change.text)} | {cell(_places(group.places))} | {code(change.id)} |"
    if len(rows) > ROWS_AT_MOST:
        yield f"| | and {len(rows) - ROWS_AT_MOST} more | | |"


def _places(places: Sequence[str]) -> str:
    told = ", ".join(places[:PLACES_AT_MOST])
    return told if len(places) <= PLACES_AT_MOST else f"{told} and {len(places) - PLACES_AT_MOST} more"


def _counts(verdict: Verdict) -> str:
    counts = {
        "breaking": len(list(grouped(verdict.breaking))),
        "accepted": len(list(grouped(change for change, _ in verdict.accepted))),
        "warnings": len(list(grouped(verdict.of_level(Level.WARNING)))),
        "other changes": len(list(grouped(verdict.of_level(Level.INFO)))),
    }
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing"


def _versions(verdict: Verdict) -> str:
    earlier, later = verdict.versions
    return earlier if earlier == later else f"{earlier} to {later}"

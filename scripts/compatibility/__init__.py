"""What changed between two versions of the document, and what of it breaks those who rely on the earlier one?

oasdiff compares operations and schemas; the comparisons of this package look at what it does not see: webhooks and
callbacks, codes of problems, limits and rates, sources, and how values are written. `scripts.compat` is the command.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.compatibility.changes import Change
from scripts.compatibility.numbers import number_changes
from scripts.compatibility.oasdiff import operation_changes
from scripts.compatibility.outgoing import delivery_changes, outgoing_changes
from scripts.compatibility.problems import problem_changes
from scripts.compatibility.sources import source_changes
from scripts.compatibility.writing import writing_changes

OWN_COMPARISONS = (problem_changes, number_changes, outgoing_changes, writing_changes, source_changes)
"""The comparisons that need no tool."""


class ComparisonError(Exception):
    """A document is not made as this project's is; the message is one line."""


def own_changes(base: dict[str, Any], revision: dict[str, Any]) -> Iterator[Change]:
    """What changed of all that oasdiff does not look at, but for the bodies and headers of deliveries."""
    for comparison in OWN_COMPARISONS:
        yield from comparison(base, revision)


def all_changes(base: dict[str, Any], revision: dict[str, Any], command: Path, file: Path | None) -> list[Change]:
    """Every change, the breaking ones first; `file` is where the revision stands, so that lines can be told.

    Raises `OasdiffError`, `ComparisonError`.
    """
    changes = set(operation_changes(base, revision, command, file))
    try:
        changes |= {*delivery_changes(base, revision, command), *own_changes(base, revision)}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ComparisonError(f"one of the documents is not sound ({error}); `make check` says more") from error
    return sorted(changes, key=lambda change: (-change.level, change.where, change.id, change.text))

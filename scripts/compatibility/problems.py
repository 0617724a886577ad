"""Which codes of problems came, went or mean something else, in the catalogue and in each operation's answers?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scripts import document as doc
from scripts.compatibility.changes import Change, Level

CATALOGUE = "x-problem-catalogue"


def problem_changes(base: dict[str, Any], revision: dict[str, Any]) -> Iterator[Change]:
    """A code that is gone, or comes with another status, breaks those who look for it; a new one is worth a look."""
    yield from _catalogue_changes(base.get(CATALOGUE) or {}, revision.get(CATALOGUE) or {})
    later = {(operation.path, operation.method): operation for operation in doc.operations(revision)}
    for operation in doc.operations(base):
        other = later.get((operation.path, operation.method))
        if other is None:
            continue
        where = f"{operation.method.upper()} {operation.path}"
        before, after = _codes(base, operation), _codes(revision, other)
        for status, code in before:
            if (status, code) not in after:
                yield Change(
                    "operation-code-removed", Level.BREAKING, where, f"is not answered {status} `{code}` any more"
                )
        for status, code in after:
            if (status, code) not in before:
                yield Change("operation-code-added", Level.WARNING, where, f"may be answered {status} `{code}`")


def _catalogue_changes(base: Mapping[str, Any], revision: Mapping[str, Any]) -> Iterator[Change]:
    for code, kind in base.items():
        other = revision.get(code)
        if other is None:
            yield Change("problem-code-removed", Level.BREAKING, CATALOGUE, f"the code `{code}` was removed")
            continue
        for member, level in (("status", Level.BREAKING), ("title", Level.WARNING)):
            if kind.get(member) != other.get(member):
                yield Change(
                    f"problem-code-{member}-changed",
                    level,
                    CATALOGUE,
                    f"the {member} of `{code}` was changed from `{kind.get(member)}` to `{other.get(member)}`",
                )
    for code in revision:
        if code not in base:
            yield Change("problem-code-added", Level.INFO, CATALOGUE, f"the code `{code}` was added")


def _codes(document: dict[str, Any], operation: doc.OperationAt) -> list[tuple[str, str]]:
    """The statuses and codes of an operation's problems, none twice, in the order of the document."""
    found: dict[tuple[str, str], None] = {}
    for status, response in operation.value.get("responses", {}).items():
        try:
            codes = doc.problem_codes(document, doc.resolved(document, response))
        except KeyError:
            continue
        found.update({(str(status), code): None for code in codes})
    return list(found)

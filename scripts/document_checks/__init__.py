"""What is wrong with the document? A table of small checks, each a function of the document in a file by subject.

Every function named `check_...` in these files belongs to the table: it takes the `Contract`, yields a `Finding` for
each defect, and says in its docstring what holds when it finds none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from scripts.document_checks import examples, links, problems, responses, schemas, sources, structure
from scripts.document_checks.contract import Contract, Finding

Check = Callable[[Contract], Iterator[Finding]]

CHECKS: Mapping[str, Check] = {
    name: function
    for module in (structure, schemas, examples, responses, problems, sources, links)
    for name, function in vars(module).items()
    if name.startswith("check_")
}


def findings(document: Mapping[str, Any]) -> list[Finding]:
    """Every defect that the checks find, in the order of the table; none in a document that holds."""
    contract = Contract(document)
    return [finding for name, check in CHECKS.items() for finding in _run(name, check, contract)]


def _run(name: str, check: Check, contract: Contract) -> Iterator[Finding]:
    """A check that another defect brings to a halt has a finding too: what it did not see counts as no proof."""
    try:
        for finding in check(contract):
            yield replace(finding, check=name)
    except Exception as error:  # noqa: BLE001
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        yield Finding((), f"the check came to a halt: {reason}", name)

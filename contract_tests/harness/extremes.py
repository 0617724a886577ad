"""The plainly valid extremes of each operation's input: who sends which, so that each is sent once.

What is sent for a rule anyway holds them where it can; `test_operations.py` sends what is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from contract_tests.harness.exchange import Query
from contract_tests.harness.trials import Trials

SMALLEST, LEAST, GREATEST = 0, 1, 2
"""The first bodies of an operation: what is required and no more, each value at one end, each at another."""


class Extremes:
    """The valid extremes of the operations, and which of them were sent."""

    def __init__(self, trials: Trials, pinned: Sequence[str]) -> None:
        """`pinned`: members whose values are not for the document to say."""
        self._trials, self._pinned = trials, pinned
        self._taken: defaultdict[str, set[int]] = defaultdict(set)

    def body(self, operation_id: str, number: int) -> dict[str, Any]:
        """One of an operation's bodies, less what is pinned."""
        body: Mapping[str, Any] = self._bodies(operation_id)[number]
        return {name: value for name, value in body.items() if name not in self._pinned}

    def take_body(self, operation_id: str, number: int) -> dict[str, Any]:
        """The same for one who sends every extreme in it, so that nobody else has to."""
        self._taken[operation_id].add(number)
        return self.body(operation_id, number)

    def take_query(self, operation_id: str, number: int) -> dict[str, str | int]:
        """One of an operation's queries, for one who sends every extreme in it."""
        self._taken[operation_id].add(number)
        return dict(self._trials.valid_queries(operation_id)[number])

    def bodies_left(self, operation_id: str, most: int) -> list[Any]:
        """Those of the first bodies that nobody has taken."""
        return self._left(operation_id, self._bodies(operation_id)[:most])

    def queries_left(self, operation_id: str, most: int) -> list[Query]:
        """Those of the first queries that nobody has taken."""
        return self._left(operation_id, self._trials.valid_queries(operation_id)[:most])

    def _bodies(self, operation_id: str) -> list[Any]:
        return self._trials.valid_bodies(operation_id, self._pinned)

    def _left(self, operation_id: str, all_of_them: Sequence[Any]) -> list[Any]:
        return [one for number, one in enumerate(all_of_them) if number not in self._taken[operation_id]]

"""Random requests by schemathesis, kept clear of the lines that nothing published draws.

What schemathesis calls positive or negative is not taken on trust: the document judges each body again after it was
fitted to what is on the server.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Unsatisfiable
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation

from contract_tests.harness.document import Document
from contract_tests.harness.trials import Trials, plainly_breaks
from generated.contract import OPERATIONS

_DRAWS_FOR_ONE = 3
"""How many cases are drawn for each that is sent: many are alike, or on a line."""
_LONGEST_MAP = 20
_ON_A_LINE = ("callbackUrl", "egressDomains")
"""Members of which nobody knows what a right server takes beyond the usual."""


class _Provider(HypothesisProvider):
    """Draws as Hypothesis does, but for the constants that it picks out of whatever code happens to be loaded.

    With them a seed would draw something else once another file is selected or a line of the suite changes.
    """

    def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
        return None


_BACKEND = "cospec"
AVAILABLE_PROVIDERS[_BACKEND] = f"{_Provider.__module__}.{_Provider.__qualname__}"


class Sampler:
    """Draws requests of the document's operations."""

    def __init__(self, document: Document, seed: int) -> None:
        self._document = document
        self._trials = Trials(document)
        self._seed = seed
        logging.getLogger("schemathesis").setLevel(logging.ERROR)
        schema = schemathesis.openapi.from_dict(document.closed().raw)
        schema.config.generation.update(with_security_parameters=False, allow_x00=False, codec="utf-8")
        self._schema = schema

    def operation(self, operation_id: str) -> APIOperation[Any, Any, Any, Any]:
        operation = OPERATIONS[operation_id]
        return self._schema[operation.path][operation.method]

    def bodies(self, operation_id: str, count: int, *, valid: bool) -> Iterator[Any]:
        """Bodies that are plainly valid, but for what must agree with the server; or plainly invalid."""
        pointer = self._document.request_body(operation_id)
        if pointer is None or not count:
            return
        sent = 0
        for case in self._draw(operation_id, count * _DRAWS_FOR_ONE, valid=valid):
            if sent == count:
                return
            body = self._plain(operation_id, case.body) if valid else case.body
            if isinstance(body, bytes) or not isinstance(body, dict | list | str | int | float | bool | None):
                continue
            errors = self._document.errors(pointer, body)
            if (not errors) if valid else plainly_breaks(errors):
                sent += 1
                yield body

    def queries(self, operation_id: str, count: int) -> Iterator[dict[str, str]]:
        """Plainly valid queries."""
        if not count:
            return
        sent = 0
        for case in self._draw(operation_id, count * _DRAWS_FOR_ONE, valid=True):
            if sent == count:
                return
            query = {name: _query_text(value) for name, value in (case.query or {}).items()}
            if all(text and text.isprintable() and text.isascii() and _is_near(text) for text in query.values()):
                sent += 1
                yield {name: str(text) for name, text in query.items()}

    def _draw(self, operation_id: str, count: int, *, valid: bool) -> list[Any]:
        strategy = self.operation(operation_id).as_strategy(
            generation_mode=GenerationMode.POSITIVE if valid else GenerationMode.NEGATIVE
        )
        drawn: dict[int, Any] = {}

        @hypothesis.seed(self._seed)
        @hypothesis.settings(
            max_examples=count,
            backend=_BACKEND,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=strategy)
        def draw(case: Any) -> None:
            drawn.setdefault(hash(case), case)

        try:
            draw()
        except Unsatisfiable:
            return []
        return list(drawn.values())

    def _plain(self, operation_id: str, body: Any) -> Any:
        """A valid body with plain text in it, and values from the document's example where most are on a line."""
        if not isinstance(body, dict):
            return body
        example = self._trials.fullest_example(operation_id)
        return {
            name: example[name] if name in _ON_A_LINE and name in example else _plain_value(value)
            for name, value in body.items()
        }


def _plain_value(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, list):
        return once_each([_plain_value(item) for item in value])
    if isinstance(value, dict):
        few = list(value.items())[:_LONGEST_MAP]
        return {_plain_name(name): _plain_value(item) for name, item in few}
    return value


def once_each(items: list[Any]) -> list[Any]:
    """The items without those that were there before: nothing published tells whether one may be given twice."""
    return [item for place, item in enumerate(items) if item not in items[:place]]


def plain_text(text: str) -> str:
    """Text without control characters and halves of pairs, of the same length."""
    return "".join("x" if unicodedata.category(char) in ("Cc", "Cs", "Cn", "Co", "Zl", "Zp") else char for char in text)


def _plain_name(name: str) -> str:
    kept = "".join(char for char in name if char.isascii() and (char.isalnum() or char == "_"))
    return kept if kept and not kept[0].isdigit() else f"N{kept}"


_DATE_TIME = re.compile(r"(\d{4})-\d\d-\d\d[Tt ]")
_NEAR_YEARS = range(2000, 2100)


def _is_near(text: str) -> bool:
    """Whether a text is no date, or one of years that every calendar has."""
    match = _DATE_TIME.match(text)
    return match is None or int(match[1]) in _NEAR_YEARS


def _query_text(value: Any) -> str | None:
    if isinstance(value, list):
        return ",".join(once_each([str(item) for item in value]))
    return None if value is None else str(value)

"""Which requests has every server to take for valid? Those that keep the document's schemas and stay clear of the lines
that nothing published draws: no member that the document does not name, nothing twice in a list, numbers in digits,
dates in order.
"""

from __future__ import annotations

from typing import Any

from contract_tests.harness.document import Document, Parameter
from contract_tests.harness.exchange import Request
from generated.contract import OPERATIONS

_ASSUMED = "assumed"
_MANY_DIGITS = 10


class PlainRequests:
    """Tells requests that are plainly valid from others."""

    def __init__(self, document: Document) -> None:
        self._document = document.closed()

    def holds(self, request: Request) -> bool:
        """Whether a request is plainly valid, whatever it names."""
        if request.operation_id is None or request.on_the_line or request.provokes is not None:
            return False
        return self._is_body(request) and self._is_query(request)

    def is_assumed(self, request: Request) -> bool:
        """Whether only an assumption says that the request is valid: its operation, a parameter or a member of it."""
        operation_id = request.operation_id or ""
        body = self._document.request_body(operation_id)
        named = (parameter for parameter in self._document.parameters(operation_id) if parameter.name in request.query)
        return (
            OPERATIONS[operation_id].source == _ASSUMED
            or any(parameter.source == _ASSUMED for parameter in named)
            or (body is not None and self._has_assumed(body, request.body))
        )

    def _has_assumed(self, schema: tuple[str, ...], value: Any) -> bool:
        """Whether an object has a member, however deep, that is assumed."""
        schema = self._document.resolve(schema)
        properties = self._document.at(schema).get("properties", {})
        return any(
            properties[name].get("x-source") == _ASSUMED or self._has_assumed((*schema, "properties", name), inner)
            for name, inner in (value.items() if isinstance(value, dict) else ())
            if name in properties
        )

    def _is_body(self, request: Request) -> bool:
        schema = self._document.request_body(request.operation_id or "")
        if schema is None or not request.has_body:
            return schema is None and not request.has_body
        is_json = request.content_type == "application/json" and not isinstance(request.body, bytes)
        return is_json and self._document.fits(schema, request.body) and not _has_twins(request.body)

    def _is_query(self, request: Request) -> bool:
        known = {
            parameter.name: parameter
            for parameter in self._document.parameters(request.operation_id or "")
            if parameter.location == "query"
        }
        if not request.query.keys() <= known.keys():
            return False
        start, end = (str(request.query.get(name, "")) for name in ("startDate", "endDate"))
        in_order = not (start and end) or start < end
        return in_order and all(self._is_value(known[name], value) for name, value in request.query.items())

    def _is_value(self, parameter: Parameter, given: str | int) -> bool:
        text, value = str(given), given
        if parameter.schema.get("type") == "integer":
            if not (text.isascii() and text.isdigit() and len(text) < _MANY_DIGITS):
                return False
            value = int(text)
        typed: Any = text.split(",") if parameter.is_list else value
        return self._document.fits(parameter.pointer, typed) and not _has_twins(typed)


def _has_twins(value: Any) -> bool:
    """Whether a list in the value holds something twice."""
    if isinstance(value, dict):
        return any(map(_has_twins, value.values()))
    if isinstance(value, list):
        return any(item in value[:place] or _has_twins(item) for place, item in enumerate(value))
    return False

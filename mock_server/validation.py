"""Does a request fit the document? Body and query against its JSON Schemas.

Every bound, pattern and enum is the document's; what it cannot say (existence, conflicts) is for the resources,
and faults are put in words by `mock_server.field_errors`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema_rs
import orjson

from generated.contract import OPERATIONS, ProblemCode
from mock_server import document
from mock_server.document import RequestShape
from mock_server.field_errors import field_errors
from mock_server.problems import FieldError, Refusal

_INTEGER = re.compile(r"-?[0-9]+")
_LONGEST_INTEGER = 18
"""Digits that a number may have before it is beyond every bound anyway."""


class _MaxJsonBytes:
    """The document's keyword `x-max-json-bytes`: how long the value's UTF-8 JSON text may be."""

    def __init__(self, parent: Mapping[str, Any], value: int, path: list[str | int]) -> None:
        self._value = value

    def validate(self, instance: Any) -> None:
        if len(orjson.dumps(instance)) > self._value:
            raise ValueError(f"JSON text must be at most {self._value} bytes long")


def validator_of(
    schema: Mapping[str, Any], contract: Mapping[str, Any] | None = None
) -> jsonschema_rs.Draft202012Validator:
    """A validator for a schema of the document, whose references lead into the document. Formats are checked."""
    whole = {**schema, "components": (contract or document.load())["components"]}
    return jsonschema_rs.Draft202012Validator(
        whole, validate_formats=True, keywords={"x-max-json-bytes": _MaxJsonBytes}
    )


class RequestRules:
    """What the requests of one operation must fit."""

    def __init__(self, shape: RequestShape, contract: Mapping[str, Any]) -> None:
        self.takes_body = shape.body is not None
        self._body = validator_of(shape.body, contract) if shape.body is not None else None
        self._parameters = {parameter.name: parameter for parameter in shape.query}
        self._schemas = {
            name: document.resolve(parameter.schema, contract) for name, parameter in self._parameters.items()
        }
        self._query = validator_of(
            {
                "type": "object",
                "properties": {parameter.name: parameter.schema for parameter in shape.query},
                "required": [parameter.name for parameter in shape.query if parameter.required],
            },
            contract,
        )
        self._defaults = {name: schema.get("default") for name, schema in self._schemas.items()}
        self.query = lru_cache(maxsize=512)(self._parse_query)
        """The parameters of a raw query string, typed, each one there: else its default, else None. Do not change it.

        Raises the Refusal VALIDATION_FAILED.
        """

    def body(self, raw: bytes, content_type: str | None) -> Mapping[str, Any]:
        """The body of a request, as the document wants it. Raises BAD_REQUEST or VALIDATION_FAILED."""
        if content_type is not None and not _is_json(content_type):
            raise Refusal(ProblemCode.BAD_REQUEST, "Send the body as application/json.")
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise Refusal(ProblemCode.BAD_REQUEST, "The body is not valid JSON.") from None
        if not isinstance(value, dict):
            raise Refusal(ProblemCode.BAD_REQUEST, "The body is not a JSON object.")
        if self._body is not None and (errors := field_errors(self._body.iter_errors(value), whole_path=True)):
            raise Refusal(ProblemCode.VALIDATION_FAILED, "Invalid request body", errors)
        return value

    def _parse_query(self, raw: bytes) -> Mapping[str, Any]:
        values: dict[str, Any] = {}
        repeated: list[FieldError] = []
        for name, text in _pairs(raw):
            parameter = self._parameters.get(name)
            if parameter is None:
                continue
            if name in values:
                repeated.append(FieldError(name, "Parameter must be given once", "invalid_type"))
            values[name] = _typed(text, self._schemas[name], explode=parameter.explode)
        errors = (*repeated, *field_errors(self._query.iter_errors(values), whole_path=False))
        if errors:
            raise Refusal(ProblemCode.VALIDATION_FAILED, "Invalid query parameters", errors)
        return {**self._defaults, **values}


@cache
def request_rules() -> Mapping[str, RequestRules]:
    """The rules of every operation, by operationId."""
    return rules_of(document.load())


def rules_of(contract: Mapping[str, Any]) -> Mapping[str, RequestRules]:
    """The rules that a document has for every operation, by operationId."""
    shapes = document.request_shapes(contract)
    return {operation_id: RequestRules(shapes[operation_id], contract) for operation_id in OPERATIONS}


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _pairs(raw: bytes) -> Iterator[tuple[str, str]]:
    for part in raw.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            yield _decode(name), _decode(value)


def _decode(text: bytes) -> str:
    return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8", "replace")


def _typed(text: str, schema: Mapping[str, Any], *, explode: bool) -> Any:
    """The value that the text is by the parameter's schema; the text itself when it is none, so that it is refused."""
    if schema.get("type") == "array" and not explode:
        return text.split(",")
    if schema.get("type") == "integer" and _INTEGER.fullmatch(text):
        sign = -1 if text.startswith("-") else 1
        digits = text.lstrip("-").lstrip("0")
        return sign * (int(digits or "0") if len(digits) <= _LONGEST_INTEGER else 10**_LONGEST_INTEGER)
    return text

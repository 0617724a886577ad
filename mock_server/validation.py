"""Does a request fit the document? Body and query against its JSON Schemas, and what is wrong, field by field.

Every bound, pattern and enum is the document's; what it cannot say (existence, conflicts) is for the resources.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema_rs
import orjson

from generated.contract import OPERATIONS, ProblemCode
from mock_server import document
from mock_server.document import QueryParameter
from mock_server.problems import FieldError, Refusal

MOST_ERRORS = 50
"""So many faults of one request are told at the most."""

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


def validator_of(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """A validator for a schema of the document, whose references lead into the document. Formats are checked."""
    whole = {**schema, "components": document.load()["components"]}
    return jsonschema_rs.Draft202012Validator(
        whole, validate_formats=True, keywords={"x-max-json-bytes": _MaxJsonBytes}
    )


class RequestRules:
    """What the requests of one operation must fit."""

    def __init__(self, operation_id: str) -> None:
        shape = document.request_shapes()[operation_id]
        self.takes_body = shape.body is not None
        self._body = validator_of(shape.body) if shape.body is not None else None
        self._parameters = {parameter.name: parameter for parameter in shape.query}
        self._query = validator_of(
            {
                "type": "object",
                "properties": {parameter.name: parameter.schema for parameter in shape.query},
                "required": [parameter.name for parameter in shape.query if parameter.required],
            }
        )
        self._defaults = {
            parameter.name: document.resolve(parameter.schema).get("default") for parameter in shape.query
        }
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
        if self._body is not None and not self._body.is_valid(value):
            raise _refusal("Invalid request body", _field_errors(self._body.iter_errors(value), whole_path=True))
        return value

    def _parse_query(self, raw: bytes) -> Mapping[str, Any]:
        values: dict[str, Any] = {}
        repeated = []
        for name, text in _pairs(raw):
            parameter = self._parameters.get(name)
            if parameter is None:
                continue
            if name in values:
                repeated.append(FieldError(name, "Parameter must be given once", "invalid_type"))
            values[name] = _typed(text, parameter)
        if repeated:
            raise _refusal("Invalid query parameters", repeated)
        if not self._query.is_valid(values):
            raise _refusal("Invalid query parameters", _field_errors(self._query.iter_errors(values), whole_path=False))
        return {**self._defaults, **values}


def request_rules() -> Mapping[str, RequestRules]:
    """The rules of every operation, by operationId."""
    return {operation_id: RequestRules(operation_id) for operation_id in OPERATIONS}


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


def _typed(text: str, parameter: QueryParameter) -> Any:
    """The value that the text is by the parameter's schema; the text itself when it is none, so that it is refused."""
    schema = document.resolve(parameter.schema)
    if schema.get("type") == "array" and not parameter.explode:
        return text.split(",")
    if schema.get("type") == "integer" and _INTEGER.fullmatch(text):
        sign = -1 if text.startswith("-") else 1
        digits = text.lstrip("-").lstrip("0")
        return sign * (int(digits or "0") if len(digits) <= _LONGEST_INTEGER else 10**_LONGEST_INTEGER)
    return text


def _refusal(detail: str, errors: Iterable[FieldError]) -> Refusal:
    return Refusal(ProblemCode.VALIDATION_FAILED, detail, tuple(errors))


def _field_errors(errors: Iterable[jsonschema_rs.ValidationError], *, whole_path: bool) -> Iterator[FieldError]:
    return (_field_error(_cause(error), whole_path=whole_path) for error in islice(errors, MOST_ERRORS))


def _cause(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """Of a failed `oneOf` or `anyOf`, what is wrong with the branch that the value was meant for."""
    context = getattr(error.kind, "context", None)
    while context:
        depth = len(error.instance_path)
        meant = [branch for branch in context if not any(_is_other_type(inner, depth) for inner in branch)]
        if len(meant) != 1 or not meant[0]:
            break
        error = meant[0][0]
        context = getattr(error.kind, "context", None)
    return error


def _is_other_type(error: jsonschema_rs.ValidationError, depth: int) -> bool:
    return error.kind.name == "type" and len(error.instance_path) == depth


def _field_error(error: jsonschema_rs.ValidationError, *, whole_path: bool) -> FieldError:
    kind = error.kind
    path = [str(part) for part in error.instance_path]
    if kind.name == "required":
        path.append(kind.property)
    message, code = _explain(error)
    return FieldError(".".join(path) if whole_path else path[0], message, code)


def _explain(error: jsonschema_rs.ValidationError) -> tuple[str, str]:
    """Message and code of an error. The value itself is not told: it may be a secret."""
    kind = error.kind
    match kind.name:
        case "required":
            return "Required", "required"
        case "type":
            return f"Expected {' or '.join(kind.types)}", "invalid_type"
        case "enum":
            return f"Expected one of {', '.join(map(str, kind.options))}", "invalid_enum_value"
        case "minLength":
            return f"String must contain at least {kind.limit} character(s)", "too_small"
        case "maxLength":
            return f"String must contain at most {kind.limit} character(s)", "too_big"
        case "minItems":
            return f"Array must contain at least {kind.limit} element(s)", "too_small"
        case "maxItems":
            return f"Array must contain at most {kind.limit} element(s)", "too_big"
        case "maxProperties":
            return f"Object must contain at most {kind.limit} member(s)", "too_big"
        case "minimum":
            return f"Number must be greater than or equal to {kind.limit}", "too_small"
        case "maximum":
            return f"Number must be less than or equal to {kind.limit}", "too_big"
        case "format":
            return f"Invalid {kind.format}", "invalid_string"
        case "pattern":
            return f"String must match {kind.pattern}", "invalid_string"
        case "not":
            return "String is not allowed", "invalid_string"
        case "x-max-json-bytes" | "custom":
            return error.message, "too_big"
        case _:
            return "Invalid value", "invalid_value"

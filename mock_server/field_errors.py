"""What is wrong with a value, field by field, in words? From a validator's errors to the `errors` of a problem.

Fields and codes follow the published example; the value itself is never told, since it may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from jsonschema_rs import ValidationError, ValidationErrorKind

from mock_server.problems import FieldError

MOST_ERRORS = 50
"""So many faults of one request are told at the most."""

_EXPLANATIONS: Mapping[str, tuple[str, str]] = {
    "required": ("required", "Required"),
    "type": ("invalid_type", "Expected {types}"),
    "enum": ("invalid_enum_value", "Expected one of: {options}"),
    "minLength": ("too_small", "String must contain at least {limit} character(s)"),
    "maxLength": ("too_big", "String must contain at most {limit} character(s)"),
    "minItems": ("too_small", "Array must contain at least {limit} element(s)"),
    "maxItems": ("too_big", "Array must contain at most {limit} element(s)"),
    "maxProperties": ("too_big", "Object must contain at most {limit} member(s)"),
    "minimum": ("too_small", "Number must be greater than or equal to {limit}"),
    "maximum": ("too_big", "Number must be less than or equal to {limit}"),
    "format": ("invalid_string", "Invalid {format}"),
    "pattern": ("invalid_string", "String must match {pattern}"),
    "not": ("invalid_string", "String is one of those that are refused"),
    "x-max-json-bytes": ("too_big", "{message}"),
}
"""Code and message by the keyword that failed; the message's words are the validator's."""

_UNEXPLAINED = ("invalid_value", "Invalid value")


def field_errors(errors: Iterable[ValidationError], *, whole_path: bool) -> tuple[FieldError, ...]:
    """The errors in the document's form. `whole_path`: a dotted path into the body, else the parameter's name alone."""
    return tuple(_field_error(_cause(error), whole_path=whole_path) for error in islice(errors, MOST_ERRORS))


def _field_error(error: ValidationError, *, whole_path: bool) -> FieldError:
    details = error.kind.as_dict()
    path = [str(part) for part in error.instance_path]
    if error.kind.name == "required":
        path.append(details["property"])
    code, message = _EXPLANATIONS.get(error.kind.name, _UNEXPLAINED)
    words = {name: ", ".join(map(str, value)) if isinstance(value, list) else value for name, value in details.items()}
    return FieldError(".".join(path) if whole_path else path[0], message.format(**words), code)


def _cause(error: ValidationError) -> ValidationError:
    """Of a failed `oneOf` or `anyOf`, what is wrong with the one branch whose type the value has."""
    while isinstance(error.kind, ValidationErrorKind.OneOfNotValid | ValidationErrorKind.AnyOf):
        depth = len(error.instance_path)
        meant = [branch for branch in error.kind.context if not any(_is_type_at(inner, depth) for inner in branch)]
        if len(meant) != 1 or not meant[0]:
            break
        error = meant[0][0]
    return error


def _is_type_at(error: ValidationError, depth: int) -> bool:
    return error.kind.name == "type" and len(error.instance_path) == depth

"""Are values still written as they were? What oasdiff does not look at in parameters, headers and maps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from scripts import document as doc
from scripts.compatibility.changes import Change, Level

SERIALIZATION = ("style", "explode")
HEADER_KEYWORDS = ("const", "enum", "pattern")
_IN_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}


def writing_changes(base: dict[str, Any], revision: dict[str, Any]) -> Iterator[Change]:
    """How parameters are written, what headers may say, and which objects are open to other members."""
    limits = [(document.get("x-rate-limit") or {}).get("requests") for document in (base, revision)]
    later = {(operation.path, operation.method): operation for operation in doc.operations(revision)}
    for operation in doc.operations(base):
        other = later.get((operation.path, operation.method))
        if other is not None:
            where = f"{operation.method.upper()} {operation.path}"
            yield from _parameter_changes(_parameters(base, operation), _parameters(revision, other), where)
            yield from _header_changes(_headers(base, operation, limits), _headers(revision, other, limits), where)
    before, after = ((document.get("components") or {}).get("schemas") for document in (base, revision))
    yield from _map_changes(before, after, "components/schemas")


def _parameter_changes(before: Mapping[str, Any], after: Mapping[str, Any], where: str) -> Iterator[Change]:
    for name in before.keys() & after.keys():
        for member, old, new in zip(SERIALIZATION, before[name], after[name], strict=True):
            if old != new:
                yield Change(
                    f"request-parameter-{member}-changed",
                    Level.BREAKING,
                    where,
                    f"the `{member}` of the parameter `{name}` was changed from `{_told(old)}` to `{_told(new)}`",
                )


def _header_changes(before: Mapping[str, Any], after: Mapping[str, Any], where: str) -> Iterator[Change]:
    for name in before.keys() & after.keys():
        for keyword in HEADER_KEYWORDS:
            old, new = before[name].get(keyword), after[name].get(keyword)
            if old != new:
                level = Level.BREAKING if old is not None else Level.INFO
                text = (
                    f"the `{keyword}` of the response header `{name}` was changed from `{_told(old)}` to `{_told(new)}`"
                )
                yield Change(f"response-header-{keyword}-changed", level, where, text)


def _map_changes(before: Any, after: Any, where: str) -> Iterator[Change]:
    member = "additionalProperties"
    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    old, new = before.get(member, True), after.get(member, True)
    if old != new and not (isinstance(old, dict) and isinstance(new, dict)):
        text = f"what members it may have that it does not name was changed from `{_told(old)}` to `{_told(new)}`"
        yield Change("additional-properties-changed", Level.INFO if old is False else Level.BREAKING, where, text)
    for key in before.keys() & after.keys():
        yield from _map_changes(before[key], after[key], f"{where}/{key}")


def _told(value: Any) -> str:
    """A value as the document writes it."""
    return "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)


def _parameters(document: dict[str, Any], operation: doc.OperationAt) -> dict[str, tuple[str, bool]]:
    """Style and explode of each parameter, with the defaults of the specification."""
    item = document["paths"][operation.path]
    found = {}
    for named in [*item.get("parameters", []), *operation.value.get("parameters", [])]:
        parameter = doc.resolved(document, named)
        style = parameter.get("style", _IN_STYLES.get(parameter.get("in"), "simple"))
        found[f"{parameter.get('name')}"] = (style, parameter.get("explode", style == "form"))
    return found


def _headers(document: dict[str, Any], operation: doc.OperationAt, limits: list[Any]) -> dict[str, dict[str, Any]]:
    """The schema of each header, once for the operation; without the number that x-rate-limit says as well."""
    found: dict[str, dict[str, Any]] = {}
    for response in operation.value.get("responses", {}).values():
        for name, header in doc.resolved(document, response).get("headers", {}).items():
            schema = doc.resolved(document, doc.resolved(document, header).get("schema", {}))
            found.setdefault(
                name, {key: value for key, value in schema.items() if key != "const" or value not in limits}
            )
    return found

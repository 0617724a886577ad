"""What does the contract's document say about an operation's request? Reads it once; judges nothing.

Codes, limits and header names come from `generated.contract`; whether a request fits is for `mock_server.validation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DOCUMENT = Path(__file__).resolve().parent.parent / "openapi" / "cospec.yaml"

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """A query parameter: its name and its schema; `explode` says how a list is written."""

    name: str
    schema: Mapping[str, Any]
    required: bool
    explode: bool


@dataclass(frozen=True, slots=True)
class RequestShape:
    """What the document says of an operation's request. `body` is a schema, None when the operation takes no body."""

    query: tuple[QueryParameter, ...]
    body: Mapping[str, Any] | None


@cache
def load() -> Mapping[str, Any]:
    """The document as plain data, its references unresolved."""
    with DOCUMENT.open("rb") as file:
        # The C loader is as safe and ten times as fast; it is missing where PyYAML was built without libyaml.
        document: Mapping[str, Any] = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return document


def resolve(node: Mapping[str, Any], document: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """What the node says, its own `$ref` followed; references deeper inside stay."""
    while "$ref" in node:
        target: Any = document or load()
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def request_shapes(document: Mapping[str, Any] | None = None) -> Mapping[str, RequestShape]:
    """The request of every operation, by operationId."""
    document = document or load()
    return {
        operation["operationId"]: RequestShape(_query(item, operation, document), _body(operation, document))
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in _METHODS
    }


def _query(
    item: Mapping[str, Any], operation: Mapping[str, Any], document: Mapping[str, Any]
) -> tuple[QueryParameter, ...]:
    nodes = (*item.get("parameters", ()), *operation.get("parameters", ()))
    parameters = [resolve(node, document) for node in nodes]
    return tuple(
        QueryParameter(node["name"], node["schema"], node.get("required", False), node.get("explode", True))
        for node in parameters
        if node["in"] == "query"
    )


def _body(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if "requestBody" not in operation:
        return None
    schema: Mapping[str, Any] = resolve(operation["requestBody"], document)["content"]["application/json"]["schema"]
    return schema

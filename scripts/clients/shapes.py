"""What can a generator not make of the document as it is? A shape is a document in, a document out, nothing lost.

The document itself is left as it is: a shape speaks of one generator's ways, not of the API.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
Shape = Callable[[Document], dict[str, Any]]

UNKNOWN = "Unknown"
"""What the name of a union's further alternative starts with."""


def shaped(document: Document, shapes: tuple[Shape, ...]) -> dict[str, Any]:
    """A copy of the document that every shape has been applied to."""
    result = copy.deepcopy(dict(document))
    for shape in shapes:
        result = shape(result)
    return result


def without_extensions(document: Document) -> dict[str, Any]:
    """Leave our `x-` members out.

    OpenAPI Generator reads a reference with a member beside it as a schema of its own, of which it knows nothing.
    """
    result: dict[str, Any] = _without_extensions(document)
    return result


def _without_extensions(value: Any, *, names: bool = False) -> Any:
    if isinstance(value, list):
        return [_without_extensions(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: _without_extensions(item, names=not names and key in _MAPS)
        for key, item in value.items()
        if names or not key.startswith("x-")
    }


_MAPS = ("properties", "headers", "schemas", "value")
"""Below these, keys are names, and `x-` is nothing special."""


def open_unions(document: Document) -> dict[str, Any]:
    """Give every union a last alternative for kinds that the document does not know yet.

    Without it, a client that reads into one of the alternatives fails on a new kind, and the whole answer with it.
    """
    result = dict(document)
    schemas = dict(document["components"]["schemas"])
    for name, schema in _unions(document):
        member = schema["discriminator"]["propertyName"]
        schemas[UNKNOWN + name] = {
            "type": "object",
            "description": f"A kind of {name} that this client does not know.",
            "required": [member],
            "properties": {member: {"type": "string", "description": "Which kind."}},
            "additionalProperties": True,
        }
        alternative = {"$ref": f"#/components/schemas/{UNKNOWN}{name}"}
        schemas[name] = {**schema, "oneOf": [*schema["oneOf"], alternative]}
    result["components"] = {**document["components"], "schemas": schemas}
    return result


def without_discriminators(document: Document) -> dict[str, Any]:
    """Leave it to the alternatives' constants which one fits.

    serde takes the discriminating member away before an alternative is read, which then misses it.
    """
    result = dict(document)
    schemas = dict(document["components"]["schemas"])
    for name, schema in _unions(document):
        schemas[name] = {key: value for key, value in schema.items() if key != "discriminator"}
    result["components"] = {**document["components"], "schemas": schemas}
    return result


def with_plain_discriminators(document: Document) -> dict[str, Any]:
    """Make the discriminating member a string in every alternative, as the interface of a union has it in Java."""
    result = dict(document)
    schemas = dict(document["components"]["schemas"])
    for _, union in _unions(document):
        member = union["discriminator"]["propertyName"]
        for alternative in union["oneOf"]:
            name = alternative["$ref"].rpartition("/")[2]
            properties = dict(schemas[name]["properties"])
            properties[member] = {key: value for key, value in properties[member].items() if key != "const"}
            schemas[name] = {**schemas[name], "properties": properties}
    result["components"] = {**document["components"], "schemas": schemas}
    return result


def _unions(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in document["components"]["schemas"].items():
        if "discriminator" in schema:
            yield name, schema

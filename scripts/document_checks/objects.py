"""Which objects is an OpenAPI 3.1 document made of, and where does each of them stand?

The table says of each kind of object which fields it may have and what stands in them; the walk follows it. Leaves
what the fields should hold to the checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Location = tuple[str | int, ...]
Shape = Literal["one", "list", "map"]

ANY = None
"""A field whose value is no object of OpenAPI's, or one that is the document's own (an example's value)."""


@dataclass(frozen=True)
class Field:
    """A field that holds objects: one, a list of them, or a map of names to them."""

    kind: str
    shape: Shape = "one"


def _list(kind: str) -> Field:
    return Field(kind, "list")


def _map(kind: str) -> Field:
    return Field(kind, "map")


_SCHEMA = Field("Schema")
_PARAMETER_LIKE: dict[str, Field | None] = {
    "description": ANY, "required": ANY, "deprecated": ANY, "style": ANY, "explode": ANY, "schema": _SCHEMA,
    "example": ANY, "examples": _map("Example"), "content": _map("MediaType"),
}  # fmt: skip
_METHODS: dict[str, Field | None] = dict.fromkeys(
    ("get", "put", "post", "delete", "options", "head", "patch", "trace"), Field("Operation")
)

OBJECTS: Mapping[str, Mapping[str, Field | None]] = {
    "OpenAPI": {
        "openapi": ANY, "info": Field("Info"), "jsonSchemaDialect": ANY, "servers": _list("Server"),
        "paths": _map("PathItem"), "webhooks": _map("PathItem"), "components": Field("Components"), "security": ANY,
        "tags": _list("Tag"), "externalDocs": Field("ExternalDocs"),
    },
    "Info": {
        "title": ANY, "summary": ANY, "description": ANY, "termsOfService": ANY, "contact": Field("Contact"),
        "license": Field("License"), "version": ANY,
    },
    "Contact": {"name": ANY, "url": ANY, "email": ANY},
    "License": {"name": ANY, "identifier": ANY, "url": ANY},
    "Server": {"url": ANY, "description": ANY, "variables": _map("ServerVariable")},
    "ServerVariable": {"enum": ANY, "default": ANY, "description": ANY},
    "Tag": {"name": ANY, "description": ANY, "externalDocs": Field("ExternalDocs")},
    "ExternalDocs": {"url": ANY, "description": ANY},
    "Components": {
        "schemas": _map("Schema"), "responses": _map("Response"), "parameters": _map("Parameter"),
        "examples": _map("Example"), "requestBodies": _map("RequestBody"), "headers": _map("Header"),
        "securitySchemes": _map("SecurityScheme"), "links": _map("Link"), "callbacks": _map("Callback"),
        "pathItems": _map("PathItem"),
    },
    "PathItem": {
        "$ref": ANY, "summary": ANY, "description": ANY, "servers": _list("Server"), "parameters": _list("Parameter"),
        **_METHODS,
    },
    "Operation": {
        "tags": ANY, "summary": ANY, "description": ANY, "externalDocs": Field("ExternalDocs"), "operationId": ANY,
        "parameters": _list("Parameter"), "requestBody": Field("RequestBody"), "responses": _map("Response"),
        "callbacks": _map("Callback"), "deprecated": ANY, "security": ANY, "servers": _list("Server"),
    },
    "Parameter": {"name": ANY, "in": ANY, "allowEmptyValue": ANY, "allowReserved": ANY, **_PARAMETER_LIKE},
    "Header": _PARAMETER_LIKE,
    "RequestBody": {"description": ANY, "content": _map("MediaType"), "required": ANY},
    "MediaType": {"schema": _SCHEMA, "example": ANY, "examples": _map("Example"), "encoding": _map("Encoding")},
    "Encoding": {
        "contentType": ANY, "headers": _map("Header"), "style": ANY, "explode": ANY, "allowReserved": ANY,
    },
    "Response": {
        "description": ANY, "headers": _map("Header"), "content": _map("MediaType"), "links": _map("Link"),
    },
    "Link": {
        "operationRef": ANY, "operationId": ANY, "parameters": ANY, "requestBody": ANY, "description": ANY,
        "server": Field("Server"),
    },
    "Example": {"summary": ANY, "description": ANY, "value": ANY, "externalValue": ANY},
    "SecurityScheme": {
        "type": ANY, "description": ANY, "name": ANY, "in": ANY, "scheme": ANY, "bearerFormat": ANY, "flows": ANY,
        "openIdConnectUrl": ANY,
    },
    "Discriminator": {"propertyName": ANY, "mapping": ANY},
    "Xml": {"name": ANY, "namespace": ANY, "prefix": ANY, "attribute": ANY, "wrapped": ANY},
    "Reference": {"$ref": ANY, "summary": ANY, "description": ANY},
    "Schema": {
        **dict.fromkeys((
            "$id", "$schema", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$comment",
            "type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
            "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains", "minContains",
            "maxProperties", "minProperties", "required", "dependentRequired", "format", "contentEncoding",
            "contentMediaType", "title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples",
            "example",
        ), ANY),
        **dict.fromkeys(("$defs", "properties", "patternProperties", "dependentSchemas"), _map("Schema")),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _list("Schema")),
        **dict.fromkeys((
            "not", "if", "then", "else", "items", "contains", "additionalProperties", "propertyNames",
            "unevaluatedItems", "unevaluatedProperties", "contentSchema",
        ), _SCHEMA),
        "discriminator": Field("Discriminator"), "xml": Field("Xml"), "externalDocs": Field("ExternalDocs"),
    },
}  # fmt: skip
"""The fixed fields of each kind of object (OpenAPI 3.1.0, section 4.8) and the keywords of its schemas (2020-12)."""

COMPONENT_KINDS: Mapping[str, str] = {
    name: field.kind for name, field in OBJECTS["Components"].items() if field is not None
}
"""The kind of object in each map of components."""


@dataclass(frozen=True)
class Node:
    """An object of the document: its kind, where it stands and what it holds."""

    kind: str
    location: Location
    value: Any
    target: str = ""
    """Of a Reference: the kind that it must lead to."""


def walk(document: Mapping[str, Any]) -> Iterator[Node]:
    """Every object of the document, each place once, containers first. References are not followed."""
    yield from _walk("OpenAPI", (), document)


def _walk(kind: str, location: Location, value: Any) -> Iterator[Node]:
    if isinstance(value, dict) and "$ref" in value and kind not in ("Schema", "PathItem"):
        yield Node("Reference", location, value, kind)
        return
    yield Node(kind, location, value)
    if not isinstance(value, dict):
        return
    if kind == "Callback":
        for expression, item in value.items():
            if not expression.startswith("x-"):
                yield from _walk("PathItem", (*location, expression), item)
        return
    for name, field in OBJECTS[kind].items():
        if field is not None and name in value:
            yield from _walk_field(field, (*location, name), value[name])


def _walk_field(field: Field, location: Location, value: Any) -> Iterator[Node]:
    if field.shape == "one":
        yield from _walk(field.kind, location, value)
    elif field.shape == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(field.kind, (*location, index), item)
    elif field.shape == "map" and isinstance(value, dict):
        for key, item in value.items():
            if field.kind in ("Schema", "Header", "Example") or not key.startswith("x-"):
                yield from _walk(field.kind, (*location, key), item)

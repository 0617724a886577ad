"""Can every schema be met, and does every keyword in it do something?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.document_checks.contract import Contract, Finding, is_refinement
from scripts.document_checks.objects import Location

RANGES = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
)

KEYWORD_TYPES: Mapping[str, frozenset[str]] = {
    keyword: frozenset(types)
    for types, keywords in (
        (("integer", "number"), ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
        (("string",), ("minLength", "maxLength", "pattern", "format")),
        (("array",), ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains")),
        (
            ("object",),
            ("properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"),
        ),
    )
    for keyword in keywords
}
"""Which types a keyword says something about."""

FORMATS = frozenset(
    ("date-time", "date", "time", "duration", "uri", "uri-reference", "email", "hostname", "ipv4", "ipv6", "uuid")
)


def check_bounds(contract: Contract) -> Iterator[Finding]:
    """No lower bound lies above its upper one, references and allOf taken together."""
    for node in contract.of_kind("Schema"):
        parts = contract.applied(node.value)
        for low, high in RANGES:
            lowest = max((p[low] for p in parts if _is_number(p.get(low))), default=None)
            highest = min((p[high] for p in parts if _is_number(p.get(high))), default=None)
            if lowest is not None and highest is not None and lowest > highest:
                yield Finding(node.location, f"{low} {lowest} is above {high} {highest}")
        above = max((p["exclusiveMinimum"] for p in parts if _is_number(p.get("exclusiveMinimum"))), default=None)
        below = min((p["exclusiveMaximum"] for p in parts if _is_number(p.get("exclusiveMaximum"))), default=None)
        highest = min((p["maximum"] for p in parts if _is_number(p.get("maximum"))), default=None)
        lowest = max((p["minimum"] for p in parts if _is_number(p.get("minimum"))), default=None)
        if above is not None and any(bound is not None and above >= bound for bound in (highest, below)):
            yield Finding(node.location, f"exclusiveMinimum {above} leaves nothing below the upper bound")
        if below is not None and lowest is not None and lowest >= below:
            yield Finding(node.location, f"minimum {lowest} leaves nothing below exclusiveMaximum {below}")


def check_lengths(contract: Contract) -> Iterator[Finding]:
    """Lengths and counts are whole numbers from 0 on."""
    for node in contract.of_kind("Schema"):
        for keyword in (keyword for pair in RANGES[1:] for keyword in pair):
            value = node.value.get(keyword, 0)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                yield Finding((*node.location, keyword), f"{value!r} is no length")


def check_types(contract: Contract) -> Iterator[Finding]:
    """Every keyword has a type beside it that it says something about."""
    for node in contract.of_kind("Schema"):
        if is_refinement(node.location) and "type" not in node.value:
            continue
        parts = contract.context(node.location)
        declared = [_types(part) for part in parts if "type" in part]
        for keyword in node.value.keys() & KEYWORD_TYPES.keys():
            if not declared:
                yield Finding(node.location, f"has {keyword} but no type")
            elif any(not types & KEYWORD_TYPES[keyword] for types in declared):
                yield Finding((*node.location, keyword), f"says nothing about the type {node.value.get('type')!r}")


def check_said(contract: Contract) -> Iterator[Finding]:
    """No schema is empty, so that everything fits it, or a mere boolean without need."""
    for node in contract.nodes:
        if node.kind != "Schema" or node.location[-1] in ("additionalProperties", "unevaluatedProperties"):
            continue
        keywords = {"type", "$ref", "allOf", "oneOf", "anyOf", "enum", "const"}
        if is_refinement(node.location):
            continue
        if not isinstance(node.value, dict) or not keywords & node.value.keys():
            yield Finding(node.location, "says no type: anything fits it")


def check_arrays(contract: Contract) -> Iterator[Finding]:
    """Every array says what its items are."""
    for node in contract.of_kind("Schema"):
        has_items = any("items" in part or "prefixItems" in part for part in contract.applied(node.value))
        if "array" in _types(node.value) and not has_items and not is_refinement(node.location):
            yield Finding(node.location, "is an array without items")


def check_required(contract: Contract) -> Iterator[Finding]:
    """Every required member is a property of the schema, and required once."""
    for node in contract.of_kind("Schema"):
        required = node.value.get("required")
        if not isinstance(required, list) or "not" in node.location:
            continue
        named: dict[str, Any] = {}
        for part in contract.context(node.location):
            named |= contract.properties(part)
        for name in required:
            if name not in named:
                yield Finding((*node.location, "required"), f"{name!r} is required but not a property")
        if len(set(required)) != len(required):
            yield Finding((*node.location, "required"), "names a member twice")


def check_forbidden(contract: Contract) -> Iterator[Finding]:
    """A member that `not: {required: [...]}` forbids is no property."""
    for node in contract.of_kind("Schema"):
        forbidden = node.value.get("not")
        if isinstance(forbidden, dict):
            for name in forbidden.get("required", []):
                if name in contract.properties(node.value) and len(forbidden["required"]) == 1:
                    yield Finding((*node.location, "properties", name), "is forbidden by `not`")


def check_defaults(contract: Contract) -> Iterator[Finding]:
    """Every default fits its schema."""
    for node in contract.of_kind("Schema"):
        if "default" in node.value:
            for error in contract.validator(node.location).iter_errors(node.value["default"]):
                yield Finding((*node.location, "default"), error.message)


def check_enums(contract: Contract) -> Iterator[Finding]:
    """Every value of an enum and every const fits the rest of its schema; no enum is empty or repeats itself."""
    for node in contract.of_kind("Schema"):
        values = node.value.get("enum", [])
        if "enum" in node.value and (not isinstance(values, list) or not values):
            yield Finding((*node.location, "enum"), "is empty")
            continue
        if len({repr(value) for value in values}) != len(values):
            yield Finding((*node.location, "enum"), "names a value twice")
        for value in [*values, *([node.value["const"]] if "const" in node.value else [])]:
            for error in contract.validator(node.location).iter_errors(value):
                yield Finding(node.location, f"its own value: {error.message}")
        if values and "null" in _types(node.value) and None not in values:
            yield Finding((*node.location, "enum"), "lacks the null that the type allows")


def check_null_unions(contract: Contract) -> Iterator[Finding]:
    """In `oneOf` with null exactly one branch takes null; otherwise null would never fit."""
    for node in contract.of_kind("Schema"):
        branches = node.value.get("oneOf", [])
        if {"type": "null"} in branches:
            taking = [
                index
                for index in range(len(branches))
                if contract.validator((*node.location, "oneOf", index)).is_valid(None)
            ]
            if len(taking) != 1:
                yield Finding((*node.location, "oneOf"), f"{len(taking)} branches take null")


def check_patterns(contract: Contract) -> Iterator[Finding]:
    """Every pattern is a regular expression, to Python too."""
    for node in contract.of_kind("Schema"):
        if "pattern" in node.value:
            try:
                re.compile(node.value["pattern"])
            except (re.error, TypeError) as error:
                yield Finding((*node.location, "pattern"), f"no regular expression: {error}")


def check_formats(contract: Contract) -> Iterator[Finding]:
    """Every format is one that validators know."""
    for node in contract.of_kind("Schema"):
        if "format" in node.value and node.value["format"] not in FORMATS:
            yield Finding((*node.location, "format"), f"{node.value['format']!r} is no known format")


def check_timestamps(contract: Contract) -> Iterator[Finding]:
    """A member named like a time (`createdAt`, `timestamp`, `startDate`) has the format date-time."""
    named = [
        (*n.location, "properties", name) for n in contract.of_kind("Schema") for name in n.value.get("properties", {})
    ]
    for location in named:
        parts = contract.applied(contract.at(location))
        if re.search(r"(At|Date)$|^timestamp$", str(location[-1])) and not any(
            p.get("format") == "date-time" for p in parts
        ):
            yield Finding(location, "is named like a time but has not the format date-time")


def check_query_bounds(contract: Contract) -> Iterator[Finding]:
    """Integer parameters of queries are bounded on both sides."""
    for node in contract.of_kind("Parameter"):
        parts = contract.applied(node.value.get("schema"))
        if node.value.get("in") == "query" and any("integer" in _types(part) for part in parts):
            for keyword in ("minimum", "maximum"):
                if not any(keyword in part for part in parts):
                    yield Finding((*node.location, "schema"), f"has no {keyword}")


def check_discriminators(contract: Contract) -> Iterator[Finding]:
    """A discriminator maps the value of each branch to that branch, and no other."""
    for node in contract.of_kind("Schema"):
        discriminator = node.value.get("discriminator")
        if isinstance(discriminator, dict):
            yield from _check_discriminator(contract, node.location, node.value, discriminator)


def _check_discriminator(
    contract: Contract, location: Location, schema: Mapping[str, Any], discriminator: Mapping[str, Any]
) -> Iterator[Finding]:
    name, mapping = discriminator.get("propertyName"), dict(discriminator.get("mapping", {}))
    where = (*location, "discriminator")
    for branch in schema.get("oneOf", []):
        parts = contract.applied(branch)
        tags = [p["properties"][name] for p in parts if name in p.get("properties", {})]
        values = {value for tag in tags for value in tag.get("enum", [tag.get("const")])}
        if not any(name in part.get("required", []) for part in parts):
            yield Finding(where, f"{branch.get('$ref')} does not require {name!r}")
        mapped = {value for value, ref in mapping.items() if ref == branch.get("$ref")}
        if values != mapped:
            yield Finding(
                where, f"{branch.get('$ref')} has {sorted(map(str, values))} but is mapped from {sorted(mapped)}"
            )
    for value, ref in mapping.items():
        if {"$ref": ref} not in schema.get("oneOf", []):
            yield Finding((*where, "mapping", value), f"{ref} is no branch")


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    types = schema.get("type", [])
    return frozenset([types] if isinstance(types, str) else types)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

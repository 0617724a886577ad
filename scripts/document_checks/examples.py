"""Does every body and every parameter have an example, and does each example fit?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts import document as doc
from scripts.document_checks.contract import Contract, Finding
from scripts.document_checks.objects import Location


def check_examples(contract: Contract) -> Iterator[Finding]:
    """Every example of a body, a parameter, a header and a schema fits the schema."""
    for schema_at, example_at, value in _examples(contract):
        for error in contract.validator(schema_at).iter_errors(value):
            place = "".join(f"/{part}" for part in error.instance_path)
            yield Finding(example_at, f"{place or 'the example'}: {error.message}")


def check_example_members(contract: Contract) -> Iterator[Finding]:
    """No example has a member that its schema does not name."""
    for schema_at, example_at, value in _examples(contract):
        for place in _unnamed(contract, contract.at(schema_at), value, ""):
            yield Finding(example_at, f"{place}: the schema names no such member")


def check_refused_values(contract: Contract) -> Iterator[Finding]:
    """The values of x-refused do not fit their schema."""
    for node in contract.of_kind("Schema"):
        values = node.value.get("x-refused", [])
        if "x-refused" in node.value and (not isinstance(values, list) or not values):
            yield Finding((*node.location, "x-refused"), "is no list of values")
            continue
        for index, value in enumerate(values):
            if contract.validator(node.location).is_valid(value):
                yield Finding((*node.location, "x-refused", index), f"{value!r} fits the schema")


def check_parameter_examples(contract: Contract) -> Iterator[Finding]:
    """Every parameter and every header has an example."""
    for kind in ("Parameter", "Header"):
        for node in contract.of_kind(kind):
            if not {"example", "examples"} & node.value.keys():
                yield Finding(node.location, "has no example")


def check_one_kind_of_example(contract: Contract) -> Iterator[Finding]:
    """Nothing has both `example` and `examples`, and bodies have named examples."""
    for kind in ("Parameter", "Header", "MediaType"):
        for node in contract.of_kind(kind):
            if "example" in node.value and ("examples" in node.value or kind == "MediaType"):
                yield Finding((*node.location, "example"), "stands where named examples belong, or beside them")


def check_request_examples(contract: Contract) -> Iterator[Finding]:
    """Every body of a request has an example, those of webhooks and callbacks too."""
    for node in contract.of_kind("RequestBody"):
        for media_type, value in node.value.get("content", {}).items():
            if not value.get("examples"):
                yield Finding((*node.location, "content", media_type), "has no example")


def check_success_examples(contract: Contract) -> Iterator[Finding]:
    """Every body of a success has an example."""
    for response in contract.responses:
        if response.is_success:
            for media_type, value in response.value.get("content", {}).items():
                if not value.get("examples"):
                    yield Finding((*response.location, "content", media_type), "has no example")


def check_problem_codes_shown(contract: Contract) -> Iterator[Finding]:
    """A problem response shows an example of each code that it may carry, under the code's name."""
    for response in contract.responses:
        if response.is_success:
            continue
        shown: set[str] = set()
        for value in response.value.get("content", {}).values():
            shown |= value.get("examples", {}).keys()
        codes = doc.problem_codes(contract.value, response.value)
        for code in codes:
            if code not in shown:
                yield Finding(response.location, f"has no example of {code}")
        if not shown:
            yield Finding(response.location, "has no example")


def _examples(contract: Contract) -> Iterator[tuple[Location, Location, Any]]:
    """Each example: where its schema is, where it is, and its value."""
    for kind in ("MediaType", "Parameter", "Header"):
        for node in contract.of_kind(kind):
            schema_at = (*node.location, "schema")
            if "example" in node.value:
                yield schema_at, (*node.location, "example"), node.value["example"]
            for name, example in node.value.get("examples", {}).items():
                yield schema_at, (*node.location, "examples", name), contract.resolved(example).get("value")
    for node in contract.of_kind("Schema"):
        for index, value in enumerate(node.value.get("examples", [])):
            yield node.location, (*node.location, "examples", index), value


def _unnamed(contract: Contract, schema: Any, value: Any, place: str) -> Iterator[str]:
    """The places of members that the schema does not name, in the branch of a oneOf that names the most."""
    parts = contract.applied(schema)
    branches = [branch for part in parts for branch in part.get("oneOf", []) if branch != {"type": "null"}]
    if branches:
        found = [sorted(_unnamed(contract, branch, value, place)) for branch in branches]
        yield from min(found, key=len)
    elif isinstance(value, list):
        for item_schema in (part["items"] for part in parts if "items" in part):
            for index, item in enumerate(value):
                yield from _unnamed(contract, item_schema, item, f"{place}/{index}")
    elif isinstance(value, dict):
        named = contract.properties(schema)
        is_map = any("additionalProperties" in part for part in parts)
        for name, member in value.items():
            for member_schema in (p["properties"][name] for p in parts if name in p.get("properties", {})):
                yield from _unnamed(contract, member_schema, member, f"{place}/{name}")
            if name not in named and not is_map:
                yield f"{place}/{name}"

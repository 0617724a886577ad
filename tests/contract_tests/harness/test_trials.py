"""Every constraint that the document puts on a request is tried from both sides.

The constraints are gathered here afresh, by another way than the suite's: a walk over the schemas' keywords.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from contract_tests.harness.document import Parameter
from contract_tests.harness.trials import REMOVED, Path, Trials, Violation, altered, plainly_breaks, put, side_by_side
from contract_tests.harness.world import World
from generated.contract import OPERATIONS, SOURCES
from tests.contract_tests.exchanges import document

TRIALS = Trials(document())
WITH_BODY = [operation_id for operation_id in OPERATIONS if document().request_body(operation_id) is not None]
WITH_QUERY = [
    operation_id
    for operation_id in OPERATIONS
    if any(parameter.location == "query" for parameter in document().parameters(operation_id))
]
EDGES = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties")
KEYWORDS = (
    *EDGES,
    "type",
    "enum",
    "pattern",
    "format",
    "not",
    "null",
    "required",
    "additionalProperties",
    "x-max-json-bytes",
)
"""What draws a line. A keyword that is not here fails `test_no_schema_of_a_request_has_a_keyword_that_is_not_tried`."""
NO_LINES = {
    "$ref", "allOf", "oneOf", "properties", "items", "title", "description", "default", "example", "examples",
}  # fmt: skip


def keywords(node: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, str, Any]]:
    """Every keyword of a schema with the path of the values that it speaks of."""
    if "$ref" in node:
        yield from keywords(document().at(tuple(node["$ref"].removeprefix("#/").split("/"))), path)
    if "null" in node.get("type", ()):
        yield path, "null", True
    for choice in (*node.get("allOf", ()), *node.get("oneOf", ())):
        yield from [(path, "null", True)] if choice.get("type") == "null" else keywords(choice, path)
    for name, inner in node.get("properties", {}).items():
        yield from keywords(inner, (*path, name))
    if "items" in node:
        yield from keywords(node["items"], (*path, 0))
    for name in node.get("required", ()):
        yield (*path, name), "required", True
    for keyword, value in node.items():
        if keyword != "required" and keyword not in NO_LINES and (not keyword.startswith("x-") or keyword in KEYWORDS):
            yield path, keyword, value


def of_body(operation_id: str) -> list[tuple[Path, str, Any]]:
    pointer = document().request_body(operation_id)
    assert pointer is not None
    return list(keywords(document().at(pointer)))


def errors(operation_id: str, body: Any) -> list[tuple[Path, str]]:
    """Where a body breaks its schema, and the keyword that says so."""
    pointer = document().request_body(operation_id)
    assert pointer is not None
    return [(error.where, error.keyword) for error in document().errors(pointer, body)]


def body_violations(operation_id: str) -> list[Violation]:
    return [violation for violation in TRIALS.violations(operation_id) if violation.constraint.location == "body"]


def value_at(body: Any, path: Path) -> Any:
    """The value at a path, REMOVED when there is none."""
    for step in path:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return REMOVED
    return body


def test_there_is_something_to_try() -> None:
    assert {"createRun", "createTemplate", "updateTemplate", "createWebhook"} == set(WITH_BODY)
    assert {"listRuns", "listRunLogs", "listUsageLogs"} <= set(WITH_QUERY)


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_no_schema_of_a_request_has_a_keyword_that_is_not_tried(operation_id: str) -> None:
    assert {keyword for _, keyword, _ in of_body(operation_id)} <= set(KEYWORDS)


# The invalid side of bodies


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_every_violation_breaks_the_schema_at_its_place_and_nowhere_else(operation_id: str) -> None:
    example = TRIALS.fullest_example(operation_id)
    assert errors(operation_id, example) == []
    for violation in body_violations(operation_id):
        path = violation.constraint.path
        found = errors(operation_id, altered(example, path, violation.value))
        if violation.constraint.words.endswith("bytes"):
            assert len(json.dumps(violation.value)) > 4096
            continue
        places = {where for where, _ in found}
        assert places, violation
        allowed = {path[:-1]} if violation.value is REMOVED else {path}
        assert places <= allowed, (violation, found)


def _of_any_item(path: Path) -> Path:
    """A path with the first item of a list in place of whichever it names."""
    return tuple(0 if isinstance(step, int) else step for step in path)


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_wrong_items_share_a_request(operation_id: str) -> None:
    items = [one for one in body_violations(operation_id) if any(isinstance(step, int) for step in one.constraint.path)]
    body = TRIALS.fullest_example(operation_id)
    for one in items:
        body = altered(body, one.constraint.path, one.value)
    wrong = {where for where, _ in errors(operation_id, body)}
    assert {one.constraint.path for one in items} <= wrong


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_every_constraint_on_a_body_is_broken_by_a_violation(operation_id: str) -> None:
    example = TRIALS.fullest_example(operation_id)
    broken: set[tuple[Path, str]] = set()
    for violation in body_violations(operation_id):
        path = violation.constraint.path
        for where, keyword in errors(operation_id, altered(example, path, violation.value)):
            broken.add((_of_any_item(path if keyword == "required" else where), keyword))
    missing = []
    for path, keyword, value in of_body(operation_id):
        if keyword == "x-max-json-bytes":
            right = any(
                violation.constraint.path == path and len(json.dumps(violation.value)) > value
                for violation in body_violations(operation_id)
            )
        elif keyword == "null":
            right = True  # what it draws is no line
        elif keyword == "additionalProperties":
            right = isinstance(value, bool) or ((*path, "WRONG"), "type") in broken
        elif keyword == "type":
            right = bool({(path, "type"), (path, "enum"), (path, "oneOf")} & broken)
        elif keyword in ("pattern", "format", "not"):
            # Several sentences on the form of one value are broken together: what matters is that one is.
            right = bool({(path, "pattern"), (path, "format"), (path, "not")} & broken)
        else:
            right = (path, keyword) in broken
        if not right:
            missing.append((path, keyword))
    assert missing == []


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_null_in_place_of_what_is_required_is_tried_unless_it_is_allowed(operation_id: str) -> None:
    allowed = {path for path, keyword, _ in of_body(operation_id) if keyword == "null"}
    needed = {path for path, keyword, _ in of_body(operation_id) if keyword == "required"}
    tried = {violation.constraint.path for violation in body_violations(operation_id) if violation.value is None}
    assert tried == needed - allowed


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_violations_of_bounds_are_just_outside(operation_id: str) -> None:
    just = {"minimum": -1, "maximum": 1, "minLength": -1, "maxLength": 1, "minItems": -1, "maxItems": 1}
    tried = [(_of_any_item(one.constraint.path), one.value) for one in body_violations(operation_id)]
    for path, keyword, bound in of_body(operation_id):
        if keyword not in just or (keyword == "minItems" and not bound):
            continue
        values = [value for where, value in tried if where == path]
        if keyword in ("minimum", "maximum"):
            sizes = [value for value in values if isinstance(value, (int, float))]
        else:
            sizes = [len(value) for value in values if isinstance(value, (str, list))]
        step = just[keyword] if keyword not in ("minimum", "maximum") or float(bound).is_integer() else 0.01
        near = [size for size in sizes if 0 < (size - bound) * just[keyword] <= abs(step)]
        assert near, (path, keyword, bound, sizes)


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_the_strength_of_a_violation_is_that_of_the_sentence_that_it_breaks(operation_id: str) -> None:
    pointer = document().request_body(operation_id)
    assert pointer is not None
    example = TRIALS.fullest_example(operation_id)
    for violation in body_violations(operation_id):
        found = document().errors(pointer, altered(example, violation.constraint.path, violation.value))
        if found:
            assert violation.constraint.level in {SOURCES[error.source].level for error in found}, violation


# The valid side of bodies


def test_what_tells_most_takes_few_requests() -> None:
    """Of each operation the forms and lists of values come before bounds, and no mere type among them."""
    telling = [violation for operation_id in OPERATIONS for violation in TRIALS.telling_violations(operation_id)]
    assert all(len(side_by_side(TRIALS.telling_violations(operation_id))) <= 3 for operation_id in OPERATIONS)
    assert not any(one.constraint.words.startswith("is of type") for one in telling)
    lists = {one.constraint.path for one in telling if one.constraint.words.startswith("is one of")}
    assert lists >= {("status",), ("size",), ("baseImage",), ("category",), ("resourceType",), ("events", 0)}
    every = [violation for operation_id in OPERATIONS for violation in TRIALS.violations(operation_id)]
    assert 0 < len(telling) < len(every)


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_violations_side_by_side_break_what_each_breaks_alone(operation_id: str) -> None:
    violations = [one for one in TRIALS.violations(operation_id) if one.constraint.location == "body"]
    groups = side_by_side(violations)
    assert sorted(map(repr, violations)) == sorted(repr(one) for group in groups for one in group)
    assert len(groups) < len(violations)
    pointer = document().request_body(operation_id)
    assert pointer is not None

    def broken(*chosen: Violation) -> set[tuple[Path, str, str]]:
        body = TRIALS.fullest_example(operation_id)
        for one in chosen:
            body = altered(body, one.constraint.path, one.value)
        return {(error.where, error.keyword, error.message) for error in document().errors(pointer, body)}

    for group in groups:
        assert broken(*group) == set().union(*(broken(one) for one in group))


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_every_valid_body_is_valid(operation_id: str) -> None:
    bodies = TRIALS.valid_bodies(operation_id, World.PINNED)
    assert len(bodies) >= 2
    for body in bodies:
        assert errors(operation_id, body) == []
        for path, keyword, most in of_body(operation_id):
            if keyword == "x-max-json-bytes" and value_at(body, path) is not REMOVED:
                assert len(json.dumps(value_at(body, path)).encode()) <= most


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_the_first_valid_body_is_the_smallest(operation_id: str) -> None:
    needed = {path[0] for path, keyword, _ in of_body(operation_id) if keyword == "required" and len(path) == 1}
    smallest = TRIALS.valid_bodies(operation_id, World.PINNED)[0]
    # What is assumed comes with it.
    assert needed <= set(smallest) <= needed | {"guardrails"}
    assert set(smallest.get("guardrails", {})) <= {"timeoutMinutes"}


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_every_edge_and_every_choice_is_in_a_valid_body(operation_id: str) -> None:
    bodies = TRIALS.valid_bodies(operation_id, World.PINNED)
    missing = []
    for path, keyword, bound in of_body(operation_id):
        if (path and path[0] in World.PINNED) or (0 in path and keyword != "enum"):
            continue  # of the items of a list only the choices are tried
        values = [value for value in (value_at(body, path) for body in bodies) if value is not REMOVED]
        if keyword in ("minimum", "maximum"):
            right = bound in values
        elif keyword in EDGES:
            right = bound in [len(value) for value in values if value is not None]
        elif keyword == "enum" and 0 not in path:
            right = set(bound) <= {value for value in values if isinstance(value, str)}
        elif keyword == "null":
            right = None in values
        else:
            continue
        if not right:
            missing.append((path, keyword, bound))
    assert missing == []


def test_pinned_members_stay_as_the_example_has_them() -> None:
    example = TRIALS.fullest_example("createRun")
    for body in TRIALS.valid_bodies("createRun", World.PINNED):
        assert {name: body[name] for name in World.PINNED if name in body}.items() <= example.items()


# Queries


def query_parameters(operation_id: str) -> Iterator[tuple[Parameter, dict[str, Any]]]:
    """The query parameters and the schema of one of their values."""
    for parameter in document().parameters(operation_id):
        if parameter.location == "query":
            schema = parameter.schema["items"] if parameter.is_list else parameter.schema
            while "$ref" in schema:
                schema = document().at(tuple(schema["$ref"].removeprefix("#/").split("/")))
            yield parameter, schema


def query_violations(operation_id: str, name: str) -> list[Any]:
    return [
        violation.value
        for violation in TRIALS.violations(operation_id)
        if violation.constraint.location == "query" and violation.constraint.path == (name,)
    ]


@pytest.mark.parametrize("operation_id", WITH_QUERY)
def test_every_constraint_on_a_query_is_broken_just_outside(operation_id: str) -> None:
    for parameter, schema in query_parameters(operation_id):
        tried = query_violations(operation_id, parameter.name)
        if schema.get("type") == "integer":
            assert [value for value in tried if not isinstance(value, int)], parameter.name
        if "minimum" in schema:
            assert schema["minimum"] - 1 in tried
        if "maximum" in schema:
            assert schema["maximum"] + 1 in tried
        if "maxLength" in schema:
            assert schema["maxLength"] + 1 in [len(value) for value in tried if isinstance(value, str)]
        if "enum" in schema:
            assert [value for value in tried if value not in schema["enum"]]
        if "format" in schema or "pattern" in schema:
            assert tried
        assert not [value for value in tried if _fits(schema, value)], parameter.name


def _fits(schema: dict[str, Any], value: Any) -> bool:
    whole = {**schema, "components": document().raw["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True).is_valid(value)


@pytest.mark.parametrize("operation_id", WITH_QUERY)
def test_every_valid_query_is_valid_and_holds_every_choice_and_edge(operation_id: str) -> None:
    queries = TRIALS.valid_queries(operation_id)
    for parameter, schema in query_parameters(operation_id):
        values: list[Any] = [query[parameter.name] for query in queries if parameter.name in query]
        assert values, parameter.name
        parts = [part for value in values for part in (str(value).split(",") if parameter.is_list else [value])]
        assert all(_fits(schema, part) for part in parts), (parameter.name, parts)
        assert set(schema.get("enum", ())) <= set(parts)
        if "minimum" in schema:
            assert schema["minimum"] in parts
        if parameter.is_list:
            assert any("," in str(value) for value in values)


# Small things


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("name",), "new", {"name": "new", "list": [1, 2], "in": {"side": 1}}),
        (("name",), REMOVED, {"list": [1, 2], "in": {"side": 1}}),
        (("list", 1), 5, {"name": "old", "list": [1, 5], "in": {"side": 1}}),
        (("in", "side"), None, {"name": "old", "list": [1, 2], "in": {"side": None}}),
        (
            ("made", "on", "the way"),
            1,
            {"name": "old", "list": [1, 2], "in": {"side": 1}, "made": {"on": {"the way": 1}}},
        ),
        ((), 7, 7),
    ],
)
def test_a_value_is_put_at_its_path_and_the_original_stays(path: Path, value: Any, expected: Any) -> None:
    body = {"name": "old", "list": [1, 2], "in": {"side": 1}}
    assert altered(body, path, value) == expected
    assert body == {"name": "old", "list": [1, 2], "in": {"side": 1}}
    if path:
        put(body, path, value)
        assert body == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"slug": "a", "name": "a"}, True),
        ({"slug": "a", "name": "", "baseImage": "node-22"}, True),
        ({"slug": "a", "name": "a", "baseImage": "cobol"}, True),
        ({"slug": "a", "name": {}, "baseImage": "node-22"}, True),
        ({"slug": "a", "name": 5, "baseImage": "node-22"}, False),
        ({"slug": "a", "name": "a", "baseImage": "node-22", "description": None}, False),
        ({"slug": "A_b", "name": "a", "baseImage": "node-22"}, False),
        ({"slug": "a", "name": "a", "baseImage": "node-22"}, False),
    ],
)
def test_only_what_every_server_refuses_is_plainly_wrong(body: Any, expected: bool) -> None:
    pointer = document().request_body("createTemplate")
    assert pointer is not None
    assert plainly_breaks(document().errors(pointer, body)) is expected

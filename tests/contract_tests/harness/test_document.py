"""The document is read as it is written: what it says of requests and answers, and which source each sentence has."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.harness.document import Document, dotted
from generated.contract import OPERATIONS, SOURCES, Header
from tests.contract_tests.exchanges import document, example

SMALL: dict[str, Any] = {
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "x-source": "reference",
                "required": ["id", "guess"],
                "properties": {
                    "id": {"type": "string"},
                    "guess": {"type": "integer", "x-source": "assumed"},
                    "guided": {"type": "string", "x-source": "guide", "enum": ["a"]},
                    "part": {"$ref": "#/components/schemas/Part"},
                    "assumed part": {"$ref": "#/components/schemas/Part", "x-source": "assumed"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                    "nested": {"type": "object", "properties": {"deep": {"type": "integer"}}},
                    "nested guess": {
                        "type": "object",
                        "x-source": "assumed",
                        "properties": {"deep": {"type": "integer"}},
                    },
                    "maybe": {"oneOf": [{"$ref": "#/components/schemas/Part"}, {"type": "null"}]},
                    "named": {"type": "object", "additionalProperties": {"type": "string"}},
                    "maybe named": {
                        "oneOf": [{"type": "object", "additionalProperties": {"type": "string"}}, {"type": "null"}]
                    },
                    "either": {
                        "oneOf": [
                            {
                                "properties": {"type": {"const": "one"}, "size": {"type": "integer"}},
                                "required": ["size"],
                            },
                            {
                                "properties": {"type": {"const": "two"}, "name": {"type": "string"}},
                                "required": ["name"],
                            },
                        ]
                    },
                    "when": {"type": "string", "format": "date-time"},
                    "a/b~c": {"type": "string"},
                },
            },
            "Part": {
                "type": "object",
                "x-source": "overview",
                "required": ["size"],
                "properties": {"size": {"type": "integer"}},
            },
            "Unsaid": {"type": "string"},
        },
    }
}
THING = ("components", "schemas", "Thing")
RIGHT = {"id": "one", "guess": 1}


@pytest.fixture(scope="module", name="small")
def _small() -> Document:
    return Document(SMALL)


def broken(small: Document, value: Any) -> list[tuple[str, str, str]]:
    """Place, keyword and source of everything that is wrong."""
    return [(dotted(error.where), error.keyword, error.source) for error in small.errors(THING, value)]


# Sources


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, []),
        ({"id": 1}, [("id", "type", "reference")]),
        ({"guess": "x"}, [("guess", "type", "assumed")]),
        ({"guided": "b"}, [("guided", "enum", "guide")]),
        ({"part": {"size": "x"}}, [("part.size", "type", "overview")]),
        ({"part": {}}, [("part", "required", "overview")]),
        ({"assumed part": {"size": "x"}}, [("assumed part.size", "type", "assumed")]),
        ({"parts": [{"size": 1}, {"size": "x"}]}, [("parts.1.size", "type", "overview")]),
        ({"nested": {"deep": "x"}}, [("nested.deep", "type", "reference")]),
        ({"nested guess": {"deep": "x"}}, [("nested guess.deep", "type", "assumed")]),
        ({"maybe": None}, []),
        ({"maybe": {"size": 1}}, []),
        ({"maybe": {"size": "x"}}, [("maybe.size", "type", "overview")]),
        ({"maybe": 7}, [("maybe", "oneOf", "reference")]),
        ({"maybe named": {"one": 1}}, [("maybe named.one", "type", "reference")]),
        ({"either": {"type": "one", "size": "x"}}, [("either.size", "type", "reference")]),
        ({"either": {"type": "two"}}, [("either", "required", "reference")]),
        ({"when": "yesterday"}, [("when", "format", "reference")]),
        ({"when": "2026-03-01T00:00:00Z"}, []),
        ({"a/b~c": 1}, [("a/b~c", "type", "reference")]),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_its_source(
    small: Document, members: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    assert broken(small, RIGHT | members) == expected


def test_a_missing_member_is_missed_from_its_own_source(small: Document) -> None:
    assert sorted(broken(small, {})) == [("", "required", "assumed"), ("", "required", "reference")]


def test_everything_that_is_wrong_is_told(small: Document) -> None:
    found = broken(small, RIGHT | {"id": 1, "guess": "x", "parts": [{}]})
    assert {where for where, _, _ in found} == {"id", "guess", "parts.0"}


def test_half_a_surrogate_pair_is_wrong_and_no_accident(small: Document) -> None:
    assert broken(small, RIGHT | {"guided": "\ud800"}) == [("", "encoding", "overview")]


def test_what_says_no_source_is_from_the_overview(small: Document) -> None:
    assert small.source_at(("components", "schemas", "Unsaid")) == "overview"


def test_long_values_are_cut_where_they_are_told(small: Document) -> None:
    (error,) = small.errors(THING, RIGHT | {"guess": "x" * 5000})
    assert len(str(error)) < 400


def test_every_source_of_the_document_is_known() -> None:
    sources: set[str] = set()

    def gather(node: Any) -> None:
        if isinstance(node, dict):
            sources.update({node[name] for name in ("x-source", "x-refusal-source") if name in node})
            for inner in node.values():
                gather(inner)
        elif isinstance(node, list):
            for inner in node:
                gather(inner)

    gather(document().raw["paths"])
    gather(document().raw["components"])
    assert sources == set(SOURCES)


# Operations


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_every_answer_of_an_operation_is_found_and_no_other(operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    for status in (operation.success_status, *operation.problem_codes):
        place = document().response(operation_id, status)
        assert place is not None
        assert "$ref" not in document().at(place)
    assert document().response(operation_id, 418) is None


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_every_parameter_is_found_with_its_schema_and_its_sources(operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    raw = document().at(("paths", operation.path, operation.method.lower())).get("parameters", ())
    found = document().parameters(operation_id)
    assert len(found) == len(raw)
    in_path = {part.strip("{}") for part in operation.path.split("/") if part.startswith("{")}
    assert {parameter.name for parameter in found if parameter.location == "path"} == in_path
    for parameter in found:
        assert parameter.required == (parameter.location == "path")
        assert "$ref" not in parameter.schema
        assert parameter.source in SOURCES
        assert parameter.refusal_source in SOURCES


def test_a_parameter_that_is_sure_may_have_a_bound_that_is_not() -> None:
    (limit,) = (parameter for parameter in document().parameters("listRuns") if parameter.name == "limit")
    assert SOURCES[limit.source].level == "must"
    assert SOURCES[limit.refusal_source].level == "should"
    (assumed,) = (parameter for parameter in document().parameters("listTemplates") if parameter.name == "limit")
    assert SOURCES[assumed.source].level == "should"


def test_lists_in_a_query_are_known_as_such() -> None:
    found = {parameter.name for parameter in document().parameters("listRuns") if parameter.is_list}
    assert found == {"status", "outputTypes"}


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_what_the_document_shows_fits_its_own_schemas(operation_id: str) -> None:
    body = document().request_body(operation_id)
    if body is not None:
        for shown in document().request_examples(operation_id).values():
            assert document().errors(body, shown) == []
    response = document().response(operation_id, OPERATIONS[operation_id].success_status)
    assert response is not None
    if example(operation_id) is not None:
        schema = (*response, "content", "application/json", "schema")
        assert document().errors(schema, example(operation_id)) == []


def test_every_header_has_a_schema() -> None:
    assert set(document().headers) == set(Header)
    for name in Header:
        schema = document().headers[name]
        assert document().errors(schema, "text") != []
        assert document().errors(schema, -1) != []


def test_references_are_followed_to_where_they_lead() -> None:
    place = document().resolve(("paths", "/v1/runs", "get", "parameters", "0"))
    assert place == ("components", "parameters", "Page")
    assert document().resolve(("paths", "/v1/runs", "get")) == ("paths", "/v1/runs", "get")

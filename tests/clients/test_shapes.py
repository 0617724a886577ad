"""Does a shape change only what it says, and leave a document?"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from scripts import document as doc
from scripts.clients.shapes import (
    Shape,
    open_unions,
    shaped,
    with_plain_discriminators,
    without_discriminators,
    without_extensions,
)

DOCUMENT = doc.load()
SCHEMAS = DOCUMENT["components"]["schemas"]
UNIONS = {name for name, schema in SCHEMAS.items() if "discriminator" in schema}


def fits(document: dict[str, Any], name: str, value: Any) -> bool:
    return Draft202012Validator({**document, "$ref": f"#/components/schemas/{name}"}).is_valid(value)


@pytest.mark.parametrize("shape", [open_unions, without_discriminators, with_plain_discriminators])
def test_a_shape_leaves_its_input_and_gives_a_document(shape: Shape) -> None:
    before = copy.deepcopy(DOCUMENT)
    result = shape(DOCUMENT)
    assert before == DOCUMENT
    assert result != DOCUMENT
    assert list(OpenAPIV31SpecValidator(result).iter_errors()) == []
    assert result["paths"] == DOCUMENT["paths"]


def test_extensions_are_left_out_and_nothing_else() -> None:
    result = without_extensions(DOCUMENT)
    assert list(OpenAPIV31SpecValidator(result).iter_errors()) == []
    kept, left_out = dict(leaves(result)), dict(leaves(DOCUMENT))
    assert {place: left_out[place] for place in kept} == kept
    for place in left_out.keys() - kept.keys():
        assert any(str(key).startswith("x-") for key in place), place
    assert not any(key == "x-source" for place in kept for key in place)


def test_a_name_that_begins_like_an_extension_stays() -> None:
    document = {"x-own": 1, "schemas": {"x-a": {"x-b": 1, "properties": {"x-c": {"type": "null"}}}}}
    assert without_extensions(document) == {"schemas": {"x-a": {"properties": {"x-c": {"type": "null"}}}}}


def leaves(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not items:
        yield place, value
    for key, item in items:
        yield from leaves(item, (*place, key))


def test_no_shape_is_no_change() -> None:
    assert shaped(DOCUMENT, ()) == DOCUMENT


def test_an_open_union_takes_kinds_that_the_document_does_not_know() -> None:
    assert {"RunOutput", "RunSummaryOutput", "RunEvent"} == UNIONS
    result = open_unions(DOCUMENT)
    added = set(result["components"]["schemas"]) - set(SCHEMAS)
    assert added == {f"Unknown{name}" for name in UNIONS}
    later = {"type": "later-kind", "anything": 1}
    assert not fits(DOCUMENT, "RunOutput", later)
    assert fits(result, "RunOutput", later)
    assert not fits(result, "RunOutput", {"anything": 1})


def test_the_alternatives_stay_and_the_new_one_is_the_last() -> None:
    result = open_unions(DOCUMENT)["components"]["schemas"]
    for name in UNIONS:
        assert result[name]["oneOf"][:-1] == SCHEMAS[name]["oneOf"]
        assert result[name]["discriminator"] == SCHEMAS[name]["discriminator"]


def test_without_discriminators_values_fit_as_before() -> None:
    result = without_discriminators(DOCUMENT)
    assert not any("discriminator" in schema for schema in result["components"]["schemas"].values())
    text = {"type": "text", "eventId": "evt_1", "content": "Done."}
    for value in (text, text | {"type": "pr"}, text | {"type": "later-kind"}):
        assert fits(result, "RunOutput", value) == fits(DOCUMENT, "RunOutput", value)


def test_a_plain_discriminator_is_a_string() -> None:
    result = with_plain_discriminators(DOCUMENT)["components"]["schemas"]
    for name in UNIONS:
        member = SCHEMAS[name]["discriminator"]["propertyName"]
        for alternative in SCHEMAS[name]["oneOf"]:
            told = doc.lookup({"components": {"schemas": result}}, alternative["$ref"])
            assert told["properties"][member] == {"type": "string"}
            assert member in told["required"]

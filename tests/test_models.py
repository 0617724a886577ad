"""Are the generated files up to date, do the models give every example back, and do they agree with the schemas?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from pydantic import BaseModel, TypeAdapter, ValidationError

from generated import models
from scripts import document as doc
from scripts import generate
from scripts.document_checks.contract import Contract
from tests.instances import ODD_VALUES, Instances, places, replaced, snake_case, without
from tests.model_differences import LAXER, STRICTER, Laxer, SchemaError, Stricter

CONTRACT = Contract(doc.load())
INSTANCES = Instances(CONTRACT)
ADAPTERS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(getattr(models, name)) for name in CONTRACT.components("schemas")
}
"""By the component's name, which is the model's."""
OBJECTS = [
    name
    for name in ADAPTERS
    if any("properties" in part for part in CONTRACT.applied(CONTRACT.components("schemas")[name]))
    or "discriminator" in CONTRACT.components("schemas")[name]
]


def examples() -> Iterator[tuple[str, str, Any]]:
    """Every example of a body: the component that the document names for it, where it stands, its value."""
    for node in CONTRACT.of_kind("MediaType"):
        for name, example in node.value.get("examples", {}).items():
            where = doc.pointer((*node.location, "examples", name))
            yield node.value["schema"]["$ref"].rpartition("/")[2], where, CONTRACT.resolved(example)["value"]


EXAMPLES = list(examples())


def test_the_generated_files_are_what_the_document_gives() -> None:
    """`make generate` would change nothing."""
    assert generate.outdated(generate.generated_files()) == []


def test_a_changed_file_is_noticed(tmp_path: Any) -> None:
    """Another text, a missing file and a file too many each count as outdated."""
    files = {"a.py": "a\n", "b.py": "b\n", "c.py": "c\n"}
    for name, text in {"a.py": "a\n", "b.py": "edited\n", "d.py": "d\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert generate.outdated(files, tmp_path) == ["b.py", "c.py", "d.py"]


def test_the_document_has_examples_of_every_operation() -> None:
    """The round trip below is about something: requests, successes, problems and events."""
    assert len(EXAMPLES) >= 40
    assert {name for name, _, _ in EXAMPLES} >= {
        "RunCreate",
        "RunPage",
        "RunEvent",
        "RunCompletedEvent",
        "UsageLogPage",
    }


@pytest.mark.parametrize(("name", "where", "value"), EXAMPLES, ids=[where for _, where, _ in EXAMPLES])
def test_an_example_comes_back_unchanged(name: str, where: str, value: Any) -> None:
    """Read from JSON text by its model and written again, the example is what it was."""
    adapter = ADAPTERS[name]
    read = adapter.validate_json(json.dumps(value))
    assert adapter.dump_python(read, mode="json", by_alias=True, exclude_unset=True) == value, where
    assert json.loads(adapter.dump_json(read, by_alias=True, exclude_unset=True)) == value, where


@pytest.mark.parametrize(("name", "where", "value"), EXAMPLES, ids=[where for _, where, _ in EXAMPLES])
def test_every_breakage_of_an_example_is_judged_alike(name: str, where: str, value: Any) -> None:
    """Each odd value at each place of the example, and each member left out or renamed: model and schema agree."""
    for path in places(value):
        for odd in ODD_VALUES:
            agree(name, replaced(value, path, odd))
        if path:
            agree(name, without(value, path))
        if path and isinstance(path[-1], str):
            agree(name, replaced(without(value, path), (*path[:-1], snake_case(path[-1])), None))


@pytest.mark.parametrize("name", OBJECTS)
def test_models_and_schemas_take_the_same_bodies(name: str) -> None:
    """Of drawn instances, fitting and broken, the model takes those that the schema takes, listed differences aside."""
    taken = set()

    @settings(max_examples=40)
    @given(INSTANCES.any_of({"$ref": f"#/components/schemas/{name}"}))
    def compare(instance: Any) -> None:
        taken.add(agree(name, instance))

    compare()
    assert taken == {True, False}, "all instances were judged alike: nothing was compared"


@pytest.mark.parametrize("difference", LAXER, ids=lambda difference: difference.what)
def test_a_laxer_model_is_still_laxer(difference: Laxer) -> None:
    """The model takes the body that is listed, the schema refuses it, and the entry explains why."""
    body = json.loads(difference.body)
    errors = list(schema_errors(difference.model, body))
    assert errors
    assert [error for error in errors if not explained(error, (difference,))] == []
    assert model_errors(difference.model, body) == []


@pytest.mark.parametrize("difference", STRICTER, ids=lambda difference: difference.what)
def test_a_stricter_model_is_still_stricter(difference: Stricter) -> None:
    """The model refuses the body that is listed for the reason that is listed, the schema takes it."""
    body = json.loads(difference.body)
    assert list(schema_errors(difference.model, body)) == []
    errors = model_errors(difference.model, body)
    assert errors
    assert all(difference.explains(kind, value) for kind, value in errors)


def test_unknown_members_are_ignored() -> None:
    """An answer may carry members that the document does not name."""
    for name, where, value in EXAMPLES:
        if isinstance(value, dict):
            read = ADAPTERS[name].validate_python(value | {"aMemberOfTomorrow": 1})
            assert ADAPTERS[name].dump_python(read, mode="json", by_alias=True, exclude_unset=True) == value, where


def test_every_schema_has_its_model_with_its_description() -> None:
    """Names are the document's, and the docstrings its descriptions."""
    for name in OBJECTS:
        model = getattr(models, name)
        schema = CONTRACT.components("schemas")[name]
        if isinstance(model, type) and issubclass(model, BaseModel):
            assert " ".join((model.__doc__ or "").split()) == " ".join(schema["description"].split())


def agree(name: str, instance: Any) -> bool:
    """Whether the schema takes the instance. Fails when the model says otherwise and no listed difference tells why."""
    refusals, errors = list(schema_errors(name, instance)), model_errors(name, instance)
    text = json.dumps(instance)[:2000]
    if refusals and not errors:
        unexplained = [error for error in refusals if not explained(error, LAXER)]
        assert not unexplained, f"the model {name} takes {text}, the schema does not: {unexplained}"
    if errors and not refusals:
        unlisted = [error for error in errors if not any(entry.explains(*error) for entry in STRICTER)]
        assert not unlisted, f"the model {name} refuses {text}, the schema takes it: {unlisted}"
    return not refusals


def schema_errors(name: str, instance: Any) -> Iterator[jsonschema_rs.ValidationError]:
    """The schema's reasons against the instance, formats included."""
    return CONTRACT.validator(("components", "schemas", name)).iter_errors(instance)


def model_errors(name: str, instance: Any) -> list[tuple[str, Any]]:
    """The model's reasons against the instance, as it comes in JSON text: pydantic's type of error and its input."""
    try:
        ADAPTERS[name].validate_json(json.dumps(instance))
    except ValidationError as error:
        return [
            ("by name" if any("_" in str(key) for key in item["loc"]) else item["type"], item["input"])
            for item in error.errors(include_url=False)
        ]
    return []


def explained(error: jsonschema_rs.ValidationError, differences: tuple[Laxer, ...]) -> bool:
    """Whether a listed difference accounts for the schema's reason; of `oneOf`, for all reasons of one branch."""
    if error.kind.name == "oneOf" and hasattr(error.kind, "context"):
        return any(all(explained(inner, differences) for inner in branch) for branch in error.kind.context)
    path = tuple(error.schema_path)
    schema = CONTRACT.at(path[:-1])
    value = error.kind.as_dict()["property"] if error.kind.name == "required" else schema[path[-1]]
    seen = SchemaError(error.kind.name, error.instance, value, schema, tuple(error.evaluation_path))
    return any(difference.explains(seen) for difference in differences)

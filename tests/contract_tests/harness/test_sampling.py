"""Random requests are what they are called, valid or invalid, and the same for the same seed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from contract_tests.harness.sampling import Sampler, plain_text
from contract_tests.harness.trials import plainly_breaks
from generated.contract import OPERATIONS
from tests.contract_tests.exchanges import document
from tests.contract_tests.suite import ROOT

WITH_BODY = [operation_id for operation_id in OPERATIONS if document().request_body(operation_id) is not None]
WITH_QUERY = ["listRuns", "listRunLogs", "listTemplates", "listUsageLogs", "listRepositories"]
COUNT = 3
DRAW = """
import json
from contract_tests.harness.document import Document
from contract_tests.harness.sampling import Sampler
sampler = Sampler(Document(), 5)
print(json.dumps([list(sampler.bodies("createRun", 3, valid=valid)) for valid in (True, False)]))
"""


def sampler(seed: int = 5) -> Sampler:
    return Sampler(document(), seed)


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_valid_bodies_are_valid_and_name_nothing_that_the_document_lacks(operation_id: str) -> None:
    pointer = document().request_body(operation_id)
    assert pointer is not None
    bodies = list(sampler().bodies(operation_id, COUNT, valid=True))
    assert 1 < len(bodies) <= COUNT
    named = set(document().at(document().resolve(pointer))["properties"])
    for body in bodies:
        assert document().errors(pointer, body) == []
        assert set(body) <= named
        json.dumps(body, ensure_ascii=False).encode()


@pytest.mark.parametrize("operation_id", WITH_BODY)
def test_invalid_bodies_are_plainly_invalid(operation_id: str) -> None:
    pointer = document().request_body(operation_id)
    assert pointer is not None
    bodies = list(sampler().bodies(operation_id, COUNT, valid=False))
    assert 1 < len(bodies) <= COUNT
    assert all(plainly_breaks(document().errors(pointer, body)) for body in bodies)


@pytest.mark.parametrize("operation_id", WITH_QUERY)
def test_queries_are_of_the_documents_parameters_and_their_values_are_valid(operation_id: str) -> None:
    parameters = {one.name: one for one in document().parameters(operation_id) if one.location == "query"}
    queries = list(sampler().queries(operation_id, COUNT))
    assert 1 < len(queries) <= COUNT
    for query in queries:
        for name, text in query.items():
            schema = parameters[name].schema
            if schema.get("type") == "integer":
                assert schema["minimum"] <= int(text) <= schema["maximum"]
            if "enum" in schema:
                assert text in schema["enum"]
            if "maxLength" in schema:
                assert len(text) <= schema["maxLength"]


def test_another_seed_draws_something_else() -> None:
    one, other = (list(sampler(seed).queries("listRuns", COUNT)) for seed in (5, 6))
    assert one != other


def test_the_same_seed_draws_the_same_in_a_process_that_has_loaded_something_else() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DRAW],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == [list(sampler().bodies("createRun", 3, valid=valid)) for valid in (True, False)]


class Mistaken(Sampler):
    """Takes one for the other."""

    def _draw(self, operation_id: str, count: int, *, valid: bool) -> list[Any]:
        right = {"slug": "a", "name": "a", "baseImage": "node-22"}
        bodies = [right | {"slug": "Not-A-Slug"}, right, right | {"name": 7}, right | {"name": {}}, b"bytes"]
        return [SimpleNamespace(body=body) for body in bodies]


def test_what_was_drawn_is_judged_by_the_document_and_not_by_what_it_was_drawn_as() -> None:
    drawn = Mistaken(document(), 5)
    assert [body["slug"] for body in drawn.bodies("createTemplate", 9, valid=True)] == ["a"]
    assert [body["name"] for body in drawn.bodies("createTemplate", 9, valid=False)] == [{}]


def test_what_has_no_body_has_no_samples_of_one() -> None:
    assert list(sampler().bodies("listRuns", COUNT, valid=True)) == []
    assert list(sampler().bodies("createTemplate", 0, valid=True)) == []
    assert list(sampler().queries("listRuns", 0)) == []


@pytest.mark.parametrize(
    ("text", "plain"), [("a\0b\nc", "axbxc"), ("\ud800x", "xx"), ("\u2028", "x"), ("ü 漢 😀", "ü 漢 😀"), ("", "")]
)
def test_text_is_plain_and_as_long_as_it_was(text: str, plain: str) -> None:
    assert plain_text(text) == plain

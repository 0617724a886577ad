"""Is oasdiff asked rightly, is what it says read rightly, and is its failure told in one line?"""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path

import pytest

from scripts import document as doc
from scripts.compatibility import writing
from scripts.compatibility.changes import Level
from scripts.compatibility.oasdiff import LEVELS, OasdiffError, compared, operation_changes, without_response
from scripts.compatibility.outgoing import deliveries, lifted
from tests.document_defects import RUNS, put

BASE = doc.load()


def command(path: Path, script: str) -> Path:
    """An executable that stands where oasdiff would."""
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_each_level_of_ours_is_of_a_check_that_oasdiff_has(oasdiff: Path) -> None:
    """A misspelled id would change nothing, silently."""
    result = subprocess.run(
        [oasdiff, "checks", "changelog", "--format=json"], capture_output=True, text=True, check=True
    )
    assert LEVELS.keys() <= {check["id"] for check in json.loads(result.stdout)}


def test_the_line_of_a_change_is_told(oasdiff: Path, tmp_path: Path) -> None:
    """For annotations, from the file as it stands."""
    text = doc.DOCUMENT.read_text(encoding="utf-8")
    file = tmp_path / "cospec.yaml"
    file.write_text(text.replace("maxLength: 200", "maxLength: 100", 1), encoding="utf-8")
    (change,) = operation_changes(BASE, doc.load(file), oasdiff, file)
    assert change.line is not None
    assert file.read_text(encoding="utf-8").splitlines()[change.line - 1].strip() == "maxLength: 100"


def test_a_document_that_leads_nowhere_is_told_in_one_line(oasdiff: Path) -> None:
    revision = copy.deepcopy(BASE)
    put(f"{RUNS}/get/responses/401/$ref", "#/components/responses/Gone")(revision)
    with pytest.raises(OasdiffError, match=r"^oasdiff cannot compare: failed to load .*the later document[^\n]*$"):
        compared(BASE, revision, oasdiff)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'Error: no' >&2; exit 102", "oasdiff cannot compare: no"),
        ("exit 3", "oasdiff cannot compare: exit status 3"),
        ("echo '{'", "oasdiff answered what is no JSON"),
    ],
)
def test_a_failure_is_told_in_one_line(tmp_path: Path, script: str, words: str) -> None:
    with pytest.raises(OasdiffError, match=r"^[^\n]+$") as error:
        compared(BASE, BASE, command(tmp_path / "oasdiff", script))
    assert words in str(error.value)


def test_a_persons_settings_of_oasdiff_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its environment variables nor a file in the directory where make runs."""
    monkeypatch.setenv("OASDIFF_CONFIG", "/etc/passwd")
    seen = tmp_path / "seen"
    compared(BASE, BASE, command(tmp_path / "oasdiff", f"env > {seen}; pwd >> {seen}; echo '[]'"))
    assert "OASDIFF_" not in seen.read_text(encoding="utf-8")
    assert str(Path.cwd()) != seen.read_text(encoding="utf-8").splitlines()[-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "added the new `a` enum value to the `b` response property for the response status `401` (media type: x/y)",
            ("added the new `a` enum value to the `b` response property", "401"),
        ),
        (
            "the response property `a` became optional for the status `2XX`",
            ("the response property `a` became optional", "2XX"),
        ),
        (
            "removed the required property `a` from the response with the `200` status",
            ("removed the required property `a` from the response", "200"),
        ),
        (
            "removed the success response with the status `201`",
            ("removed the success response with the status `201`", None),
        ),
    ],
)
def test_the_response_is_told_apart_from_the_sentence(text: str, expected: tuple[str, str | None]) -> None:
    assert without_response(text) == expected


def test_values_of_problems_are_left_to_the_codes(tmp_path: Path) -> None:
    """Other enums are not, even where a value looks like a code."""

    def said(value: str, name: str) -> dict[str, object]:
        text = f"removed the `{value}` enum value from the `{name}` response property for the response status `401`"
        kind = "response-property-enum-value-removed"
        return {"id": kind, "text": text, "level": 1, "fingerprint": "0", "operation": "GET", "path": "/v1/runs"}

    found = [said("CONFLICT", "type"), said("401.00", "status"), said("CONFLICT", "reason"), said("OTHER", "type")]
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(found), encoding="utf-8")
    changes = list(operation_changes(BASE, BASE, command(tmp_path / "oasdiff", f"cat {answer}")))
    assert [change.text.split("`")[1::2] for change in changes] == [["CONFLICT", "reason"], ["OTHER", "type"]]
    assert {change.where for change in changes} == {"GET /v1/runs (401)"}


def test_every_delivery_of_the_document_is_compared() -> None:
    """Each webhook and the callback, with every header that is sent and the body."""
    own = deliveries(BASE)
    assert {label.split()[1] for label in own} == {*BASE["webhooks"], "runEnded"}
    paths = lifted(BASE, list(own))["paths"]
    for delivery, item in zip(own.values(), paths.values(), strict=True):
        (media_type,) = item["post"]["responses"]["200"]["content"].values()
        members = media_type["schema"]["properties"]
        sent = {parameter["name"] for parameter in delivery.operation.get("parameters", [])}
        assert set(members["headers"]["properties"]) == sent
        assert members["body"] == delivery.operation["requestBody"]["content"]["application/json"]["schema"]


@pytest.mark.parametrize(
    ("old", "new", "level"), [(7, 8, Level.BREAKING), (7, None, Level.BREAKING), (None, 7, Level.INFO)]
)
def test_a_header_that_says_something_else_breaks(old: int | None, new: int | None, level: Level) -> None:
    """One that says something narrower than before does not."""

    def document(value: int | None) -> dict[str, object]:
        schema = {"type": "integer"} | ({"const": value} if value else {})
        responses = {"200": {"description": "Yes.", "headers": {"X-A": {"schema": schema}}}}
        return {"paths": {"/a": {"get": {"responses": responses}}}}

    (change,) = writing.writing_changes(document(old), document(new))
    assert (change.id, change.level) == ("response-header-const-changed", level)

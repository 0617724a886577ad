"""Does the reference show codes, headers, limits and assumptions, all of them, and does its page stand alone?"""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from scripts import document as doc
from scripts import reference
from scripts.reference import PageError, installed_redocly, page_of, redocly
from scripts.reference_document import assumptions, reference_document

DOCUMENT = doc.load()
TOLD = reference_document(DOCUMENT)
FRONT = str(TOLD["info"]["description"])


def section(title: str) -> str:
    """What stands under a heading of the front page."""
    return FRONT.partition(f"# {title}\n")[2].partition("\n# ")[0]


def test_the_document_itself_stays_as_it_is() -> None:
    before = copy.deepcopy(DOCUMENT)
    reference_document(DOCUMENT)
    assert before == DOCUMENT


def test_what_is_told_is_still_a_document() -> None:
    assert list(OpenAPIV31SpecValidator(TOLD).iter_errors()) == []


def test_every_code_is_told_with_status_title_and_operations() -> None:
    for code, kind in DOCUMENT["x-problem-catalogue"].items():
        (row,) = [line for line in section("Problems").splitlines() if line.startswith(f"| `{code}` |")]
        assert f"| {kind['status']} | {kind['title']} |" in row
        assert "none by itself" not in row


def test_every_operation_tells_its_codes() -> None:
    for operation in doc.operations(DOCUMENT):
        said = doc.lookup(TOLD, doc.pointer(operation.location))["description"]
        assert said.startswith(operation.value["description"].rstrip())
        for status, response in operation.value["responses"].items():
            for code in doc.problem_codes(DOCUMENT, doc.resolved(DOCUMENT, response)):
                assert f"| {status} | `{code}` |" in said


@pytest.mark.parametrize("extension", ["x-rate-limit", "x-limits", "x-run-defaults", "x-sandbox-rates"])
def test_every_limit_is_told_with_its_source(extension: str) -> None:
    numbers = DOCUMENT[extension]
    title = DOCUMENT["x-sources"][numbers["x-source"]]["title"]
    prefix = f"| {extension.removeprefix('x-').replace('-', ' ')}: "
    rows = [line for line in section("Limits").splitlines() if line.startswith(prefix)]
    told = [f"{number} | {title} |" for name, number in numbers.items() if name != "x-source"]
    assert [row.partition(" | ")[2] for row in rows] == told


def test_an_assumed_limit_is_told_as_such() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["x-limits"]["x-source"] = "assumed"
    assert reference_document(document)["info"]["description"].count("(**assumed**)") == len(DOCUMENT["x-limits"]) - 1


def test_every_header_is_told() -> None:
    names = {
        name
        for operation in doc.operations(DOCUMENT)
        for response in operation.value["responses"].values()
        for name in doc.resolved(DOCUMENT, response).get("headers", {})
    }
    assert set(re.findall(r"^\| `([^`]+)` \|", section("Headers"), re.MULTILINE)) == names
    assert "| `X-RateLimit-Limit` | every response |" in section("Headers")
    assert "| `Retry-After` | 429 |" in section("Headers")


def test_every_assumption_is_told_where_it_is() -> None:
    """At the element itself, at the response of a body, and once in the list."""
    found = list(assumptions(DOCUMENT))
    assert len(found) == sum(
        line.strip() in ("x-source: assumed", "x-refusal-source: assumed")
        for line in doc.DOCUMENT.read_text(encoding="utf-8").splitlines()
    )
    for location, _ in found:
        place = location[:-2] if location[-2] == "content" else location
        assert "**Assumed**" in doc.lookup(TOLD, doc.pointer(place))["description"], place
    listed = [line for line in section("Assumptions").splitlines() if line.startswith("- ")]
    assert len(listed) == len(set(listed)) == len(found)


def test_only_assumptions_are_told_as_such() -> None:
    """Neither a published element nor one beside it."""

    def count(value: object) -> int:
        if isinstance(value, dict):
            own = str(value.get("description", "")).count("**Assumed**") if "openapi" not in value else 0
            return own + sum(count(item) for key, item in value.items() if key != "info")
        return sum(map(count, value)) if isinstance(value, list) else 0

    places = {
        (location[:-2], "body") if location[-2] == "content" else (location, member)
        for location, member in assumptions(DOCUMENT)
    }
    assert count(TOLD) == len(places)


def test_an_assumed_operation_has_a_badge() -> None:
    badges = {
        operation.value["operationId"]
        for operation in doc.operations(TOLD)
        if operation.value.get("x-badges") == [{"name": "Assumed"}]
    }
    assumed = {
        operation.value["operationId"]
        for operation in doc.operations(DOCUMENT)
        if operation.value["x-source"] == "assumed"
    }
    assert badges == assumed != set()


def test_redocly_is_pinned_with_a_checksum_and_no_host() -> None:
    """Everything that npm would install: one version, one checksum each, from wherever npm is told to look."""
    text = (reference.LOCKED / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: value for name, value in json.loads(text)["packages"].items() if name}
    assert packages
    for value in packages.values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", value["version"])
        assert value["integrity"].startswith("sha512-")
    assert "://" not in text
    asked = json.loads((reference.LOCKED / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert asked == {"@redocly/cli": packages["node_modules/@redocly/cli"]["version"]}


def test_without_node_it_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PageError, match=r"^Redocly runs on Node\.js, and there is no node with npm: install [^\n]+$"):
        installed_redocly(tmp_path)
    monkeypatch.setattr(reference, "installed_redocly", lambda: installed_redocly(tmp_path))
    assert reference.main([f"--output={tmp_path / 'page.html'}"]) == 2
    assert capsys.readouterr().err.startswith("reference: Redocly runs on Node.js")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'Something failed' >&2; exit 1", "Redocly cannot make the page: Something failed"),
        ("exit 0", "Redocly cannot make the page: no reason given"),
        ('echo plain > "${4#--output=}"', "Redocly made no HTML page"),
    ],
)
def test_a_failure_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PageError, match=f"^{words}$"):
        page_of({}, tmp_path / "cli.js")


def test_the_page_shows_it_all_and_loads_nothing() -> None:
    command = redocly()
    if not command.is_file():
        pytest.skip("Redocly is not installed: `make docs` installs it, where Node.js is")
    page = page_of(TOLD, command)
    assert f'content="{reference.POLICY}"' in page
    assert page.index("Content-Security-Policy") < page.index("<script")
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=[\"']?https?:", page)
    assert '"disableTelemetry":true' in page
    for code in DOCUMENT["x-problem-catalogue"]:
        assert code in page
    for title in ("Limits", "Problems", "Headers", "Sources", "Assumptions"):
        assert f">{title}<" in page

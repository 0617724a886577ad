"""Does the document hold, and would the gate notice if it did not?

Every check of `scripts.document_checks` is shown to find at least one seeded defect, and what it says of it.
"""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from scripts import check_document
from scripts import document as doc
from scripts.document_checks import CHECKS, findings
from scripts.document_checks.contract import Contract
from tests.document_defects import DEFECTS, Defect

DOCUMENT = doc.load()


def test_the_document_holds() -> None:
    """No check has a finding."""
    assert [str(finding) for finding in findings(DOCUMENT)] == []


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect.check}-{defect.what}".replace(" ", "-"))
def test_a_seeded_defect_is_found(defect: Defect) -> None:
    """The check that is meant finds the defect, not merely by coming to a halt, and names a place that is there."""
    document = copy.deepcopy(DOCUMENT)
    defect.change(document)
    assert document != DOCUMENT, "the change changes nothing"
    found = list(CHECKS[defect.check](Contract(document)))
    assert found, f"{defect.check} does not find {defect.what}"
    for finding in found:
        assert finding.message, finding
        assert "\n" not in finding.message


def test_every_check_is_shown_to_find_something() -> None:
    """No check is without a seeded defect."""
    assert CHECKS.keys() == {defect.check for defect in DEFECTS}


def test_a_check_that_comes_to_a_halt_counts_as_a_finding() -> None:
    """A document that is mangled beyond what the checks expect is never found to hold."""
    for mangled in ({}, {"openapi": "3.1.0"}, {"openapi": "3.1.0", "paths": [], "components": 5}):
        assert findings(mangled)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", ":2:1: the key 'a' stands there twice"),
        ("a: [1\n", "expected ',' or ']'"),
        ("a:\n\tb: 1\n", ":2:1: found character '\\t'"),
        ("- 1\n", ": not a mapping"),
        ("", ": not a mapping"),
        ("paths:\n  200: {}\n", ":2:3: the key 200 is not a string"),
        ("a: *b\n", "found undefined alias"),
        ("a: \x00", "special characters are not allowed"),
    ],
)
def test_broken_yaml_is_told_in_one_line(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file, the line and the reason; exit status 2."""
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    assert check_document.main([str(path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"check_document: {path}")
    assert message in error
    assert error.count("\n") == 1


def test_a_missing_file_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for a file that is not there, or is no file, or no text."""
    (tmp_path / "bytes.yaml").write_bytes(b"a: \xff")
    for name, message in (("none.yaml", "No such file"), ("", "Is a directory"), ("bytes.yaml", "not UTF-8")):
        assert check_document.main([str(tmp_path / name)]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


def test_the_command_prints_each_finding_with_its_pointer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each finding, then their number; exit status 1, and 0 when there is none."""
    path = tmp_path / "document.yaml"
    path.write_text(
        doc.DOCUMENT.read_text(encoding="utf-8").replace("maxLength: 50000", "maxLenght: 50000"), encoding="utf-8"
    )
    assert check_document.main([str(path)]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines == [
        "#/components/schemas/RunCreate/properties/prompt/maxLenght: 'maxLenght' is no key of a Schema [check_keywords]"
    ]
    assert last.endswith("1 findings")
    assert check_document.main([]) == 0
    assert "holds" in capsys.readouterr().out

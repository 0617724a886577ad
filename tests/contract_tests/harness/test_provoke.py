"""A file of provocations is read as it is meant, and what is wrong in it is told in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract_tests.harness.provoke import BEYOND_REACH, documenting, read_provocations
from generated.contract import OPERATIONS, PROBLEMS, ProblemCode
from tests.contract_tests.suite import ROOT


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    return tmp_path / "provoke.yaml"


def test_what_stands_in_the_file_is_read(file: Path) -> None:
    file.write_text(
        """
        problems:
          INTERNAL_ERROR: {key: csk_live_failing}
          503: {headers: {X-Fault: unavailable}, body: {repo: acme/broken}}
        runs:
          failed: {body: {prompt: Fail.}}
        """,
        encoding="utf-8",
    )
    found = read_provocations(file)
    key = found.problems["INTERNAL_ERROR"].key
    assert key is not None
    assert key.get_secret_value() == "csk_live_failing"
    assert "failing" not in repr(found)
    assert found.problems["503"].headers == {"X-Fault": "unavailable"}
    assert found.problems["503"].body == {"repo": "acme/broken"}
    assert found.runs["failed"].body == {"prompt": "Fail."}


def test_an_empty_file_provokes_nothing(file: Path) -> None:
    file.write_text("", encoding="utf-8")
    found = read_provocations(file)
    assert (found.problems, found.runs) == ({}, {})


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("problems: {TEAPOT: {}}", "TEAPOT"),
        ("problems: {NOT_FOUND: {}}", "must be one of"),
        ("problems: {500: {}}", "must be one of"),
        ("problems: {INTERNAL_ERROR: {keys: x}}", "problems.INTERNAL_ERROR.keys"),
        ("problems: {INTERNAL_ERROR: {key: secret-thing}}", "problems.INTERNAL_ERROR.key"),
        ("runs: {cancelled: {}}", "runs.cancelled"),
        ("else: {}", "else"),
        ("- a list", ""),
        ("problems: [", "is no YAML"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_with_the_file_and_the_place(file: Path, text: str, named: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"provoke\.yaml") as wrong:
        read_provocations(file)
    assert str(wrong.value).startswith(str(file))
    assert named in str(wrong.value)
    assert "\n" not in str(wrong.value)
    assert "secret-thing" not in str(wrong.value)


def test_bytes_that_are_no_text_are_told_too(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is no YAML"):
        read_provocations(file)


def test_what_the_mock_can_be_provoked_to_is_all_that_there_is() -> None:
    found = read_provocations(ROOT / "mock_server" / "provoke.yaml")
    assert set(found.problems) == set(BEYOND_REACH)
    assert set(found.runs) == {"completed", "failed"}


def test_beyond_reach_is_every_failure_of_a_server() -> None:
    failures = {str(code) for code, kind in PROBLEMS.items() if kind.status >= 500}
    assert failures < set(BEYOND_REACH)
    assert "503" in BEYOND_REACH


@pytest.mark.parametrize("name", BEYOND_REACH)
def test_every_provocation_has_operations_that_document_it(name: str) -> None:
    found = {operation.operation_id: status for operation, status in documenting(name)}
    assert found
    for operation_id, status in found.items():
        codes = OPERATIONS[operation_id].problem_codes[status]
        assert (name in codes) if name in ProblemCode.__members__ else (codes == () and status == int(name))
    others = [operation for operation_id, operation in OPERATIONS.items() if operation_id not in found]
    for operation in others:
        assert all(name not in codes for codes in operation.problem_codes.values())

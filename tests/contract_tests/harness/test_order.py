"""Does every test have its place, and does what the profiles look at first come first?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contract_tests.harness.order import ORDER, is_smoke, place
from contract_tests.harness.plugin import SUITE


class Names:
    """Notes the names of the tests in the order in which they would run."""

    def __init__(self) -> None:
        self.names: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.names = [item.nodeid for item in session.items]


@pytest.fixture(name="names", scope="module")
def _names() -> list[str]:
    noted = Names()
    assert pytest.main(["--collect-only", "-q", str(SUITE), "-pno:cacheprovider"], plugins=[noted]) == 0
    return noted.names


def test_every_test_has_a_place(names: list[str]) -> None:
    assert [name for name in names if place(name) == len(ORDER)] == []


def test_every_group_has_a_test(names: list[str]) -> None:
    assert {place(name) for name in names} == set(range(len(ORDER)))


def test_they_run_in_that_order(names: list[str]) -> None:
    places = [place(name) for name in names]
    assert places == sorted(places)


def test_within_a_group_they_run_as_their_files_have_them(names: list[str]) -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in Path(SUITE).glob("test_*.py")}
    for group in range(len(ORDER)):
        inside = [re.match(r".*?(test_\w+\.py)::(\w+)", name) for name in names if place(name) == group]
        lines = [(match[1], texts[match[1]].index(f"def {match[2]}(")) for match in inside if match]
        assert lines == sorted(lines)


def test_smoke_is_a_part_that_comes_first_where_it_can(names: list[str]) -> None:
    smoke = [name for name in names if is_smoke(name)]
    assert smoke
    assert smoke[0] == names[0]
    assert len(smoke) < len(names)
    assert not is_smoke("tests/test_of_another_suite.py::test_it")

"""Evidence is gathered once, when it is asked for, and who could not be shown it hears the same reason."""

from __future__ import annotations

import pytest

from contract_tests.harness.evidence import gathered, is_gathered
from contract_tests.harness.rules import not_checked


class Shelf:
    def __init__(self) -> None:
        self.gathered = 0

    @gathered
    def books(self) -> list[str]:
        self.gathered += 1
        return [f"book {self.gathered}"]

    @gathered
    def maps(self) -> list[str]:
        self.gathered += 1
        not_checked(f"because of {self.gathered}")


def test_evidence_is_gathered_once_for_each_owner() -> None:
    one, other = Shelf(), Shelf()
    assert not is_gathered(one, Shelf.books)
    assert one.books() is one.books()
    assert other.books() is not one.books()
    assert (one.gathered, other.gathered) == (1, 1)
    assert is_gathered(one, Shelf.books)
    assert not is_gathered(one, Shelf.maps)


def test_what_could_not_be_gathered_is_not_tried_again() -> None:
    shelf = Shelf()
    for _ in range(3):
        with pytest.raises(pytest.skip.Exception, match="because of 1"):
            shelf.maps()
    assert shelf.gathered == 1

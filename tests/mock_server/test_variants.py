"""Does every variant make the mock another one, and is it told what it does? That all pass is for `scripts.prove`."""

from __future__ import annotations

import pytest

from mock_server.faults import FAULTS
from mock_server.variants import VARIANTS, Variant
from mock_server.variants.registry import variant
from tests.mock_server import tour

LEAST = 20
"""How many variants there are at the least."""

every_variant = pytest.mark.parametrize("chosen", VARIANTS.values(), ids=list(VARIANTS))


def test_there_are_enough_variants() -> None:
    assert len(VARIANTS) >= LEAST


@every_variant
def test_a_variant_tells_its_choice_in_a_sentence(chosen: Variant) -> None:
    assert chosen.choice.endswith(".")
    assert len(chosen.choice) <= 160
    assert "_" not in chosen.name


def test_the_conforming_mock_answers_the_same_each_time() -> None:
    assert tour.take() == tour.take()


@every_variant
def test_a_variant_answers_otherwise_than_the_conforming_mock(chosen: Variant) -> None:
    assert tour.take([chosen.alter]) != tour.take()


def test_no_variant_has_the_name_of_a_fault() -> None:
    assert not FAULTS.keys() & VARIANTS.keys()


def test_a_name_is_given_once() -> None:
    chosen = next(iter(VARIANTS.values()))
    with pytest.raises(ValueError, match=f"two variants are named {chosen.name}"):
        variant(chosen.alter)

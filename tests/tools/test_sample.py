"""The sample gives each subject its share, is the same for the same seed, and grows without forgetting."""

from __future__ import annotations

from collections import Counter

import pytest

from mock_server.faults import FAULTS
from mock_server.variants import VARIANTS
from scripts.tools.sample import sample, subject


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("size", [20, 60, 200])
def test_each_subject_has_its_share(size: int, seed: int) -> None:
    population = Counter(map(subject, FAULTS.values()))
    drawn = Counter(map(subject, sample(FAULTS.values(), size, seed)))
    assert sum(drawn.values()) == size
    for name, count in population.items():
        assert abs(drawn[name] - count * size / len(FAULTS)) <= 2, name


def test_a_greater_sample_holds_the_smaller_one() -> None:
    assert sample(FAULTS.values(), 60, 1)[:20] == sample(FAULTS.values(), 20, 1)


def test_the_seed_decides() -> None:
    assert sample(VARIANTS.values(), 10, 1) == sample(VARIANTS.values(), 10, 1)
    assert sample(VARIANTS.values(), 10, 1) != sample(VARIANTS.values(), 10, 2)


def test_all_are_all_of_them_once() -> None:
    drawn = sample(FAULTS.values(), len(FAULTS), 1)
    assert {fault.name for fault in drawn} == set(FAULTS)
    assert len(drawn) == len(FAULTS)

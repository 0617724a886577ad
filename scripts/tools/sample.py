"""Which faults or variants are tried when all would take too long? A sample with every subject's share, from a seed."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import TypeVar

from mock_server.faults import Fault
from mock_server.variants import Variant

Altering = TypeVar("Altering", Fault, Variant)


def subject(altering: Fault | Variant) -> str:
    """What it is about: the module that it is written in."""
    return altering.alter.__module__.rpartition(".")[2]


def sample(population: Iterable[Altering], size: int, seed: int) -> list[Altering]:
    """So many of them, each subject with its share. A greater sample of the same seed holds the smaller one."""
    subjects: dict[str, list[Altering]] = {}
    for each in population:
        subjects.setdefault(subject(each), []).append(each)
    placed: list[tuple[float, str, Altering]] = []
    for name, members in subjects.items():
        random = Random(f"{seed} {name}")
        random.shuffle(members)
        offset = random.random()
        placed += [((index + offset) / len(members), name, each) for index, each in enumerate(members)]
    placed.sort(key=lambda place: place[:2])
    return [each for _, _, each in placed[:size]]

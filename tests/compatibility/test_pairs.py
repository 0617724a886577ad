"""Is each known change found, with its level, and nothing else? With oasdiff where it is installed, else without."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path

import pytest

from scripts import document as doc
from scripts.compatibility import all_changes, own_changes
from scripts.compatibility.changes import Change, Level
from tests.compatibility.pairs import OWN_IDS, PAIRS, Pair

BASE = doc.load()

each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.what.replace(" ", "-"))


def found(changes: Iterable[Change]) -> dict[Level, set[str]]:
    """The ids of changes by their level."""
    ids: dict[Level, set[str]] = {level: set() for level in Level}
    for change in changes:
        ids[change.level].add(change.id)
        assert change.where, change
        assert change.text, change
        assert "\n" not in change.text
    return ids


def expected(pair: Pair) -> dict[Level, set[str]]:
    """What a pair says of the levels."""
    return {Level.BREAKING: set(pair.breaking), Level.WARNING: set(pair.warning), Level.INFO: set(pair.info)}


@each_pair
def test_what_oasdiff_does_not_look_at_is_found(pair: Pair) -> None:
    """The own comparisons find what is theirs and stay silent where oasdiff speaks."""
    revision = copy.deepcopy(BASE)
    pair.edit(revision)
    own = {level: ids & OWN_IDS for level, ids in expected(pair).items()}
    assert found(own_changes(BASE, revision)) == own


@each_pair
def test_a_known_change_is_found_with_its_level(pair: Pair, oasdiff: Path) -> None:
    """No id more and none less, at the level that the table says."""
    revision = copy.deepcopy(BASE)
    pair.edit(revision)
    assert found(all_changes(BASE, revision, oasdiff, None)) == expected(pair)


def test_there_are_enough_pairs_of_both_kinds() -> None:
    """At least sixty, each with a name of its own; a third or more of them pass."""
    assert len(PAIRS) >= 60
    assert len({pair.what for pair in PAIRS}) > len(PAIRS) * 0.9
    assert sum(not pair.breaking for pair in PAIRS) > len(PAIRS) / 3
    assert sum(bool(pair.breaking) for pair in PAIRS) > len(PAIRS) / 3


def test_every_own_id_is_in_a_pair() -> None:
    """No comparison of our own is without a known change."""
    assert frozenset().union(*(pair.breaking | pair.warning | pair.info for pair in PAIRS)) >= OWN_IDS

"""Each extreme is sent once: by whoever takes it, else by who asks what is left."""

from __future__ import annotations

import pytest

from contract_tests.harness.extremes import GREATEST, LEAST, SMALLEST, Extremes
from contract_tests.harness.trials import Trials
from contract_tests.harness.world import World
from tests.contract_tests.exchanges import document

TRIALS = Trials(document())


@pytest.fixture(name="extremes")
def _extremes() -> Extremes:
    return Extremes(TRIALS, World.PINNED)


def test_nobody_else_sends_what_somebody_takes(extremes: Extremes) -> None:
    bodies = TRIALS.valid_bodies("createTemplate", World.PINNED)
    assert extremes.bodies_left("createTemplate", 3) == bodies[:3]
    assert extremes.take_body("createTemplate", LEAST) == bodies[LEAST]
    assert extremes.bodies_left("createTemplate", 3) == [bodies[SMALLEST], bodies[GREATEST]]
    assert extremes.bodies_left("updateTemplate", 3) == TRIALS.valid_bodies("updateTemplate", World.PINNED)[:3]


def test_who_only_looks_takes_nothing(extremes: Extremes) -> None:
    longest = extremes.body("createTemplate", GREATEST)["name"]
    assert len(longest) == 100
    assert len(extremes.bodies_left("createTemplate", 3)) == 3


def test_what_is_pinned_is_left_to_others(extremes: Extremes) -> None:
    body = extremes.take_body("createRun", GREATEST)
    assert not set(World.PINNED) & body.keys()
    assert body["guardrails"]


def test_queries_are_taken_like_bodies(extremes: Extremes) -> None:
    queries = TRIALS.valid_queries("listRuns")
    assert extremes.take_query("listRuns", 0) == queries[0]
    assert extremes.queries_left("listRuns", 100) == queries[1:]

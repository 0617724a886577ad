"""The walk knows the document's links, follows what responses name, and is the same for the same seed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from contract_tests.harness.sampling import Sampler
from contract_tests.harness.session import Session
from contract_tests.harness.walk import Link, Step, Walk, links
from contract_tests.harness.world import World
from generated.contract import OPERATIONS
from tests.contract_tests.exchanges import document, example

LINKS = links(document())


def test_every_link_of_a_success_is_known() -> None:
    count = 0
    for operation in OPERATIONS.values():
        raw = document().at(("paths", operation.path, operation.method.lower(), "responses"))
        for response in raw.values():
            count += len(response.get("links", {}))
    assert len(LINKS) == count > 10


@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.source}-{link.name}")
def test_a_link_leads_from_what_a_response_names_to_a_parameter(link: Link) -> None:
    named = {parameter.name for parameter in document().parameters(link.operation_id) if parameter.location == "path"}
    assert set(link.parameters) == named
    for pointer in link.parameters.values():
        value: Any = example(link.source)
        for token in pointer:
            value = value[int(token)] if isinstance(value, list) else value[token]
        assert isinstance(value, str)


class Examples(Sampler):
    """Draws nothing, so that the document's examples are sent: what is drawn is for `test_sampling.py`."""

    def __init__(self) -> None:
        pass

    def bodies(self, operation_id: str, count: int, *, valid: bool) -> Iterator[Any]:
        return iter(())


def walked(session: Session, seed: int, count: int) -> tuple[World, list[Step]]:
    world = World(session)
    walk = Walk(session, world, Examples(), seed)
    return world, list(itertools.islice(walk.steps(), count))


@pytest.fixture(name="steps", scope="module")
def _steps(lasting_session: Session) -> Iterator[list[Step]]:
    world, steps = walked(lasting_session, seed=3, count=60)
    yield steps
    assert world.clean() == []


def test_a_walk_follows_what_it_was_told(steps: list[Step]) -> None:
    seen: list[int] = []
    for step in steps:
        if step.link is None:
            assert step.origin is None
            assert "{" not in OPERATIONS[step.exchange.request.operation_id or ""].path
        else:
            assert step.origin is not None
            assert step.origin.number in seen
            assert step.exchange.request.operation_id == step.link.operation_id
            assert step.origin.request.operation_id == step.link.source
            (named,) = step.parameters.values()
            assert named in step.origin.response.body.decode()
            assert named in step.exchange.request.path
        seen.append(step.exchange.number)
    assert len({step.link.operation_id for step in steps if step.link is not None}) >= 6


def test_what_was_deleted_is_asked_for_next(steps: list[Step]) -> None:
    deleted = 0
    for step, after in itertools.pairwise(steps):
        if OPERATIONS[step.exchange.request.operation_id or ""].method == "DELETE" and step.exchange.succeeded:
            deleted += 1
            assert after.link is not None
            assert set(after.parameters.values()) == set(step.parameters.values())
            assert after.exchange.status == 404
    assert deleted > 0


def test_the_same_seed_walks_the_same_way_and_another_another(session: Session) -> None:
    ways = []
    for seed in (3, 3, 4):
        world, steps = walked(session, seed=seed, count=15)
        ways.append([(step.exchange.request.operation_id, step.link.name if step.link else None) for step in steps])
        world.clean()
    assert ways[0] == ways[1]
    assert ways[0] != ways[2]


@pytest.mark.parametrize("seed", range(8))
def test_in_a_hurry_it_deletes_something_and_comes_back(lasting_session: Session, seed: int) -> None:
    world = World(lasting_session)
    walk = Walk(lasting_session, world, Examples(), seed)
    walk.hurries = True
    start, deletion, back = itertools.islice(walk.steps(), 3)
    assert start.link is None
    assert start.exchange.succeeded
    assert OPERATIONS[deletion.exchange.request.operation_id or ""].method == "DELETE"
    assert deletion.exchange.succeeded
    assert set(back.parameters.values()) & {*deletion.parameters.values()}
    assert back.exchange.status == 404
    world.clean()

"""A seeded walk over the document's links: from what one response holds to the operation that a link names.

Hypothesis' state machines replay what they did and take a server that remembers for a flaky test; on a live server a
replay is paid for as well. The walk sends each request once, draws everything from the seed, and so repeats itself on
a server that answers the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.harness.document import Document
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.sampling import Sampler
from contract_tests.harness.session import NOTHING, Session
from contract_tests.harness.world import World
from generated.contract import OPERATIONS

_BODY = "$response.body#/"
_BODIES_DRAWN = 8
_CHANCE_OF_A_START = 0.3


@dataclass(frozen=True)
class Link:
    """One way from a response to another operation; `parameters` hold the pointers into the response's body."""

    source: str
    name: str
    operation_id: str
    parameters: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Step:
    """What the walk did: the exchange, the link that it followed if any, and the values that the link gave."""

    exchange: Exchange
    link: Link | None
    parameters: Mapping[str, str]
    origin: Exchange | None


def links(document: Document) -> list[Link]:
    """Every link of a successful response in the document."""
    found = []
    for operation in OPERATIONS.values():
        response = document.response(operation.operation_id, operation.success_status)
        node = document.at(response) if response else {}
        for name in node.get("links", {}):
            link = document.at(document.resolve((*(response or ()), "links", name)))
            parameters = {
                parameter: tuple(expression.removeprefix(_BODY).split("/"))
                for parameter, expression in link["parameters"].items()
            }
            found.append(Link(operation.operation_id, name, link["operationId"], parameters))
    return found


class Walk:
    """Walks over the links of the document on a session."""

    def __init__(self, session: Session, world: World, sampler: Sampler, seed: int) -> None:
        self._session, self._world, self._sampler = session, world, sampler
        self._random = random.Random(seed)
        self._links = links(session.document)
        self._taken: dict[str, int] = {link.name + link.source: 0 for link in self._links}
        self._sources: list[tuple[Link, Exchange]] = []
        self._bodies: dict[str, list[Any]] = {}
        self._starts = sorted({link.source for link in self._links if "{" not in OPERATIONS[link.source].path})

    def steps(self, count: int) -> Iterator[Step]:
        """Take so many steps; each step's request is sent when the step is asked for."""
        for _ in range(count):
            yield self._step()

    def _step(self) -> Step:
        if not self._sources or self._random.random() < _CHANCE_OF_A_START:
            exchange = self._send(self._random.choice(self._starts), {})
            return self._arrive(Step(exchange, None, {}, None))
        # The link that was taken least is the one that tells most.
        fewest = min(self._taken[link.name + link.source] for link, _ in self._sources)
        choices = [(link, at) for link, at in self._sources if self._taken[link.name + link.source] == fewest]
        link, origin = self._random.choice(choices)
        self._taken[link.name + link.source] += 1
        parameters = {name: str(_value(origin.json, pointer)) for name, pointer in link.parameters.items()}
        exchange = self._send(link.operation_id, parameters)
        return self._arrive(Step(exchange, link, parameters, origin))

    def _arrive(self, step: Step) -> Step:
        if step.exchange.succeeded:
            for link in self._links:
                values = [_value(step.exchange.json, pointer) for pointer in link.parameters.values()]
                if link.source == step.exchange.request.operation_id and all(isinstance(v, str) and v for v in values):
                    self._sources.append((link, step.exchange))
        return step

    def _send(self, operation_id: str, path: Mapping[str, str]) -> Exchange:
        body = self._body(operation_id)
        if operation_id == "createRun":
            return self._world.create_run(body)
        return self._session.call(operation_id, path=path, body=body)

    def _body(self, operation_id: str) -> Any:
        if self._session.document.request_body(operation_id) is None:
            return NOTHING
        if operation_id not in self._bodies:
            drawn = list(self._sampler.bodies(operation_id, _BODIES_DRAWN, valid=True))
            self._bodies[operation_id] = drawn or [self._world.trials.fullest_example(operation_id)]
        return self._world.fitted(operation_id, self._random.choice(self._bodies[operation_id]))


def _value(body: Any, pointer: tuple[str, ...]) -> Any:
    for token in pointer:
        try:
            body = body[int(token)] if isinstance(body, list) else body[token]
        except (KeyError, IndexError, TypeError):
            return None
    return body

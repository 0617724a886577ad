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
_BODIES_DRAWN = 3
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
        self._gone: str | None = None
        self._deleted: set[str] = set()
        self.hurries = False
        """Whether the next thing to do is to delete something and to come back for it."""
        self._starts = sorted({link.source for link in self._links if "{" not in OPERATIONS[link.source].path})

    def steps(self) -> Iterator[Step]:
        """Walk on and on; each step's request is sent when the step is asked for."""
        while True:
            yield self._step()

    def _step(self) -> Step:
        if self._gone is None and (self.hurries or self._random.random() < _CHANCE_OF_A_START or not self._sources):
            deletions = self._deletions() if self.hurries else []
            if deletions:
                return self._follow(*deletions[0])
            leading = {link.source for link in self._links if _deletes(link)}
            starts = [start for start in self._starts if start in leading] if self.hurries else self._starts
            return self._arrive(Step(self._send(self._random.choice(starts), {}), None, {}, None))
        return self._follow(*self._random.choice(self._choices()))

    def _follow(self, link: Link, origin: Exchange) -> Step:
        self._taken[link.name + link.source] += 1
        parameters = {name: str(_value(origin.json, pointer)) for name, pointer in link.parameters.items()}
        exchange = self._send(link.operation_id, parameters)
        return self._arrive(Step(exchange, link, parameters, origin))

    def _deletions(self) -> list[tuple[Link, Exchange]]:
        """The ways to delete what has not been deleted yet."""
        return [
            (link, at)
            for link, at in self._sources
            if _deletes(link) and not self._deleted.intersection(map(str, _values(link, at)))
        ]

    def _choices(self) -> list[tuple[Link, Exchange]]:
        """The ways that tell most: back to what was deleted just now, else those that were taken least."""
        gone, self._gone = self._gone, None
        back = [(link, at) for link, at in self._sources if gone is not None and gone in _values(link, at)]
        fewest = min(self._taken[link.name + link.source] for link, _ in self._sources)
        return back or [(link, at) for link, at in self._sources if self._taken[link.name + link.source] == fewest]

    def _arrive(self, step: Step) -> Step:
        if step.exchange.succeeded:
            for link in self._links:
                if link.source == step.exchange.request.operation_id and all(
                    isinstance(value, str) and value for value in _values(link, step.exchange)
                ):
                    self._sources.append((link, step.exchange))
            if step.link is not None and _deletes(step.link):
                (self._gone,) = step.parameters.values()
                self._deleted.add(self._gone)
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


def _deletes(link: Link) -> bool:
    return OPERATIONS[link.operation_id].method == "DELETE"


def _values(link: Link, exchange: Exchange) -> list[Any]:
    """What a link's parameters are by the response that it comes from."""
    return [_value(exchange.json, pointer) for pointer in link.parameters.values()]


def _value(body: Any, pointer: tuple[str, ...]) -> Any:
    for token in pointer:
        try:
            body = body[int(token)] if isinstance(body, list) else body[token]
        except (KeyError, IndexError, TypeError):
            return None
    return body

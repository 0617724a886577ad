"""Random requests of every operation, for what the other files have left of the profile's requests; they come last.

What the document tells to try has been tried by then (`test_operations.py`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

from contract_tests.harness.permission import NotPermitted
from contract_tests.harness.refusals import refused
from contract_tests.harness.sampling import Sampler
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings
from contract_tests.harness.trials import Constraint, source_of_break
from contract_tests.harness.world import World
from generated.contract import OPERATIONS

ONE_MORE = 7
"""How many requests one more of them may need, the removal of what it makes included."""
Kind = Callable[[str], Iterator[None]]


class Draws:
    """Sends random requests, one whenever it is asked for the next."""

    def __init__(self, session: Session, world: World, *, samples: int, seed: int) -> None:
        self._session, self._world = session, world
        self._most = samples
        self._sampler = Sampler(session.document, seed)

    def valid_queries(self, operation_id: str) -> Iterator[None]:
        for query in self._sampler.queries(operation_id, self._most):
            path = self._world.path_parameters(operation_id)
            request = self._session.build(operation_id, path=path, query=query)
            deep = any(int(query.get(name, first)) > first for name, first in (("page", 1), ("offset", 0)))
            # What lies past the end is answered as nothing published tells.
            self._session.send(replace(request, on_the_line=deep))
            yield

    def valid_bodies(self, operation_id: str) -> Iterator[None]:
        for body in self._sampler.bodies(operation_id, self._most, valid=True):
            path = self._world.path_parameters(operation_id)
            self._world.send_body(operation_id, path, body)
            yield

    def invalid_bodies(self, operation_id: str) -> Iterator[None]:
        document = self._session.document
        pointer = document.request_body(operation_id) or ()
        for body in self._sampler.bodies(operation_id, self._most, valid=False):
            source = source_of_break(document.errors(pointer, body))
            constraint = Constraint(operation_id, "body", (), "fits its schema", source)
            path = self._world.path_parameters(operation_id)
            sent = self._world.harmless(body) if operation_id == "createRun" else body
            exchange = self._world.send_invalid(operation_id, path, sent)
            refused(self._session, exchange, constraint, no_object=True)
            yield

    def kinds(self, operation_id: str) -> list[Kind]:
        """What there is to draw for an operation."""
        if self._session.document.request_body(operation_id) is not None:
            return [self.valid_bodies, self.invalid_bodies]
        parameters = self._session.document.parameters(operation_id)
        return [self.valid_queries] if any(one.location == "query" for one in parameters) else []


def _drawn(session: Session, world: World, settings: Settings) -> Iterator[None]:
    """Send a random request whenever the next is asked for: of each kind that is permitted in turn, on and on."""
    for turn in count():
        draws = Draws(session, world, samples=settings.plan.samples, seed=settings.seed + turn)
        left: list[Any] = [kind(operation_id) for operation_id in OPERATIONS for kind in draws.kinds(operation_id)]
        random.Random(settings.seed + turn).shuffle(left)
        drawn_any = False
        while left:
            drawn = left.pop(0)
            with suppress(NotPermitted):
                for _ in drawn:
                    left.append(drawn)
                    drawn_any = True
                    yield
                    break
        if not drawn_any:
            return


def test_random_requests(session: Session, world: World, settings: Settings) -> None:
    """What a random request is answered does not depend on how it came about: valid is accepted, invalid refused."""
    most = settings.plan.requests
    if session.board is not None:
        most = session.board.allowance(session.results.requests + world.requests_to_leave, most)
    for _ in _drawn(session, world, settings):
        if session.results.requests + world.requests_to_leave + ONE_MORE > most:
            return

"""What the suite may do on a target: write, start runs, and how many of them.

Every request that leaves passes the guard (`session.py`), so that no rule can forget to ask. What is not permitted ends
the rule that wanted it as *not checked*; nothing is held against the server for it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import IntEnum

import pytest

from contract_tests.harness.board import Board
from contract_tests.harness.document import Document, host_of
from contract_tests.harness.exchange import Exchange, Request
from contract_tests.harness.profiles import PLANS
from contract_tests.harness.results import Results
from contract_tests.harness.settings import PREFIX, Settings
from contract_tests.harness.target import Target
from generated.contract import OPERATIONS

MOST_RUNS = PLANS["standard"].runs
"""How many runs are started at the most unless told: twice what the rules need on a right server that nobody else uses.
"""
_CREATE_RUN = OPERATIONS["createRun"]
_READS = ("GET", "HEAD", "OPTIONS")


class Effect(IntEnum):
    """What a request can do to an organization, as far as a server can be wrong about it."""

    READ = 0
    WRITE = 1
    START = 2
    """It may start a run, which costs money: valid or not, with a valid key or without."""


def effect_of(request: Request) -> Effect:
    """What a request can do, by its method and path."""
    if request.method in _READS:
        return Effect.READ
    path = "/".join(["", *filter(None, request.path.split("/"))])
    starts = request.method == _CREATE_RUN.method and path == _CREATE_RUN.path
    return Effect.START if starts else Effect.WRITE


class NotPermitted(pytest.skip.Exception):  # type: ignore[name-defined,misc]
    """Ends a test that wanted to send what is not permitted."""


@dataclass(frozen=True)
class Permission:
    """What is permitted on a target. A sentence says why something is not."""

    no_writes: str | None = None
    no_runs: str | None = None
    most_runs: int | None = None
    """How many runs may be started; None: as many as there is need for."""

    def why_not(self, effect: Effect) -> str | None:
        """Why nothing of this effect may be sent, None when it may."""
        if effect is Effect.READ or self.no_writes is not None:
            return self.no_writes if effect else None
        return self.no_runs if effect is Effect.START else None

    def runs_of(self, planned: int) -> int:
        """How many of so many runs may be started."""
        if self.why_not(Effect.START) is not None:
            return 0
        return planned if self.most_runs is None else min(self.most_runs, planned)

    def __str__(self) -> str:
        if self.no_writes is not None:
            return f"only reads, {self.no_writes}"
        if self.no_runs is not None:
            return f"reads and writes, but starts no run, {self.no_runs}"
        return "reads, writes and starts runs" + ("" if self.most_runs is None else f", {self.most_runs} at the most")

    @property
    def leaves_out(self) -> str | None:
        """What is not checked for want of permission, None when nothing is."""
        if self.no_writes is not None:
            return "what comes of creating, changing and deleting, runs included"
        if self.no_runs is not None:
            return "what needs runs of one's own: their lives, logs, costs and deliveries, and how many may be active"
        return None


def permission(settings: Settings, target: Target, document: Document) -> Permission:
    """What the settings permit on a target.

    Unless they say otherwise, that is everything on a mock server, only reads where the API itself is, and no runs
    anywhere else: they cost money. A mock server is one whose control interface was found.
    """
    host = host_of(target.base_url)
    production = host in document.hosts
    mock = target.is_mock and not production
    no_writes = no_runs = None
    if settings.read_only:
        no_writes = f"because {PREFIX}READ_ONLY is set"
    elif production and settings.allow_writes != host:
        no_writes = f"because nothing is written to {host} unless {PREFIX}ALLOW_WRITES={host}"
    runs_allowed = mock if settings.allow_runs is None else settings.allow_runs
    if not runs_allowed:
        no_runs = f"because no run may be started unless {PREFIX}ALLOW_RUNS=1"
    most = settings.max_runs if settings.max_runs is not None or mock else MOST_RUNS
    return Permission(no_writes, no_runs, most)


class Guard:
    """Lets pass what is permitted, and counts the runs that may have been started."""

    def __init__(self, permission: Permission, results: Results) -> None:
        self.permission, self._results = permission, results
        self.board: Board | None = None
        """Where the workers of a run tell each other how many runs they have started."""
        self.started = 0
        """How many runs were started, or may have been: a create counts unless it was refused."""
        self._lock = threading.Lock()

    def why_not(self, request: Request, count: int = 1) -> str | None:
        """Why a request may not be sent so many times, None when it may."""
        effect = effect_of(request)
        reason, most = self.permission.why_not(effect), self.permission.most_runs
        if reason is None and effect is Effect.START and most is not None and self._started_by_all + count > most:
            return f"because no more than {PREFIX}MAX_RUNS={most} runs may be started"
        return reason

    @property
    def _started_by_all(self) -> int:
        return self.started + (0 if self.board is None else self.board.runs_elsewhere)

    def demand(self, request: Request, count: int = 1) -> None:
        """End the test unless a request may be sent so many times."""
        reason = self.why_not(request, count)
        if reason is not None:
            self._results.withhold(reason, _kin(request))
            raise NotPermitted(reason)

    def let_pass(self, requests_: Sequence[Request]) -> None:
        """Let requests leave together, or none of them. Raises NotPermitted."""
        starts = [request for request in requests_ if effect_of(request) is Effect.START]
        with self._lock, self.board.turn() if starts and self.board is not None else nullcontext():
            for request in requests_:
                self.demand(request, max(1, len(starts)))
            self._start(len(starts))

    def note(self, exchange: Exchange) -> None:
        """Learn from an answer that no run was started."""
        if effect_of(exchange.request) is Effect.START and 400 <= exchange.status < 500:
            with self._lock:
                self._start(-1)

    def _start(self, count: int) -> None:
        self.started += count
        if count and self.board is not None:
            self.board.tell_runs(self.started)


def _kin(request: Request) -> set[str]:
    """The operations that cannot be seen to succeed without a request: its own and, of a create, all that need what it
    makes.
    """
    if request.operation_id is None:
        return set()
    collection = OPERATIONS[request.operation_id].path
    below = (name for name, one in OPERATIONS.items() if one.path.startswith(f"{collection}/{{"))
    return {request.operation_id, *(below if request.method == "POST" else ())}

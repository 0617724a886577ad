"""How are the tests spread over several keys? pytest-xdist starts a worker for each, which paces itself by its own key.

The controller speaks with the server for each key, removes what dead runs have left, and sends no test; a worker sends
those of its share (`shares.py`) in the usual order and hands over what it found (`merging.py`). With one key there is
neither.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from contract_tests.harness.board import Board, Note, read_notes, stop
from contract_tests.harness.exchange import redact
from contract_tests.harness.merging import Findings, merge, pack, unpack
from contract_tests.harness.progress import State, state_of
from contract_tests.harness.session import Session
from contract_tests.harness.settings import PREFIX, Settings, SettingsError, read_settings
from contract_tests.harness.shares import MAIN, workers_of

_TOLD = "cospec"
"""Where what controller and worker tell each other stands in what pytest-xdist carries."""
_STEP_SECONDS = 0.1
INTERRUPTED = "the run was interrupted"


@dataclass(frozen=True)
class Part:
    """What a worker is told when it starts. No key: each reads its own from the settings."""

    worker: int
    workers: int
    seed: int
    organization: str | None
    board: str
    spent: int
    """How many requests the controller has sent."""


def part_of(config: pytest.Config) -> Part | None:
    """The part of this process if it is a worker, else None."""
    told = getattr(config, "workerinput", {}).get(_TOLD)
    return None if told is None else Part(**told)


def name_of_key(settings: Settings, worker: int) -> str:
    """The setting that a worker's key comes from."""
    listed = [key.get_secret_value() for key in settings.api_keys]
    key = settings.keys[worker]
    return f"API_KEYS[{listed.index(key) + 1}]" if key in listed else "API_KEY"


def told_key(settings: Settings, worker: int) -> str:
    """A worker's key as a person knows it."""
    return f"{PREFIX}{name_of_key(settings, worker)} ({redact(settings.keys[worker])})"


def prepare(config: pytest.Config) -> Controller | None:
    """Have pytest-xdist start a worker for each key where there are several. Raises pytest.UsageError."""
    option = config.option
    if part_of(config) is not None or option.collectonly:
        return None
    if getattr(option, "tx", None) or getattr(option, "numprocesses", None):
        raise pytest.UsageError(f"-n, -d and --tx are for others: a worker is started for each key of {PREFIX}API_KEYS")
    try:
        count = len(read_settings().keys)
    except SettingsError:
        return None  # told when the run starts
    if count == 1:
        return None
    if not config.pluginmanager.has_plugin("xdist"):
        raise pytest.UsageError(f"{PREFIX}API_KEYS names several keys, which takes pytest-xdist")
    option.tx, option.dist, option.maxworkerrestart = ["popen"] * count, "each", "0"
    return Controller(count)


@dataclass(eq=False)
class Controller:
    """What the controller does beside pytest-xdist: tell each worker its part, wait for all, add up what they found."""

    workers: int
    organizations: list[str | None] = field(default_factory=list)
    session: Session | None = None
    settings: Settings | None = None
    was_interrupted: bool = False
    dead: list[str] = field(default_factory=list)
    """What died without handing over what it found."""
    told: list[str] = field(default_factory=list)
    """What a person has to know beside the results."""
    _nodes: list[Any] = field(default_factory=list)
    _board: Path | None = None
    _collected: int = 0
    _crashed_at: dict[str, str] = field(default_factory=dict)

    def open(
        self, config: pytest.Config, session: Session, settings: Settings, organizations: list[str | None]
    ) -> None:
        """Get ready for the workers to start. `organizations`: those of the keys."""
        self.session, self.settings, self.organizations = session, settings, organizations
        board = self._board = Path(mkdtemp(prefix="cospec-board-"))
        config.add_cleanup(lambda: shutil.rmtree(board, ignore_errors=True))

    def states(self) -> list[State | None]:
        """How far each worker is."""
        notes = {} if self._board is None else read_notes(self._board, self.workers)
        return [_state_of(notes.get(worker), notes.values()) for worker in range(self.workers)]

    # What pytest and pytest-xdist call

    @pytest.hookimpl
    def pytest_configure_node(self, node: Any) -> None:
        assert self.session is not None
        assert self.settings is not None
        worker, spent = len(self._nodes), self.session.results.requests
        part = Part(worker, self.workers, self.settings.seed, self.organizations[worker], str(self._board), spent)
        node.workerinput[_TOLD] = vars(part)
        self._nodes.append(node)

    @pytest.hookimpl
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self._collected += len(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        assert self.session is not None
        self._pytest_session.testscollected = self._collected  # for pytest-xdist it is one worker's

    @pytest.hookimpl
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._pytest_session = session

    @pytest.hookimpl
    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport) -> None:
        node = getattr(report, "node", None)
        if node is not None:
            self._crashed_at[node.gateway.id] = crashitem

    @pytest.hookimpl
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        # pytest-xdist ends a run by an exception of its own when a worker has stopped.
        self.was_interrupted |= excinfo.type is KeyboardInterrupt

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Add up what the workers have found, before pytest-xdist puts an end to those that are still at work."""
        if self.session is None or not self._nodes:
            return
        try:
            self._await_workers()
        except KeyboardInterrupt:
            self.was_interrupted = True
        for worker, node in enumerate(self._nodes):
            self._take_over(worker, node)

    def _await_workers(self) -> None:
        """Wait until all workers have removed what they made; when that is before their time, tell them to."""
        at_work = [node for node in self._nodes if not _is_down(node)]
        if at_work and self._board is not None:
            stop(self._board, INTERRUPTED)
            for node in at_work:
                node.shutdown()
        while any(not _is_down(node) for node in at_work):
            time.sleep(_STEP_SECONDS)

    def _take_over(self, worker: int, node: Any) -> None:
        assert self.session is not None
        assert self.settings is not None
        results = self.session.results
        packed = getattr(node, "workeroutput", {}).get(_TOLD)
        key = told_key(self.settings, worker)
        if packed is None:
            crashed_at = self._crashed_at.get(node.gateway.id)
            during = "" if crashed_at is None else f" during {crashed_at}"
            self.dead.append(f"the worker with {key} died{during}, and what it had found is lost")
            return
        found = unpack(packed)
        merge(results, found.results)
        results.requests_by_key[name_of_key(self.settings, worker)] += found.results.requests
        if self.session.guard is not None:
            self.session.guard.started += found.started
        self.told += [f"{key}: {sentence}" for sentence in found.told]


def _state_of(note: Note | None, notes: Iterable[Note]) -> State | None:
    """What a worker's note says of it, with what it waits for when that is the others."""
    if note is None or not note.state:
        return None
    state = state_of(note.state)
    if note.is_through and not all(other.is_through for other in notes):
        return replace(state, words="waits for the other keys")
    return state


def _is_down(node: Any) -> bool:
    """Whether a worker has handed over what it found, or cannot any more."""
    channel = getattr(node, "channel", None)
    if hasattr(node, "workeroutput") or channel is None:
        return True
    try:
        channel.waitclose(timeout=0)
    except channel.TimeoutError:
        return False
    except (EOFError, OSError, channel.RemoteError):
        pass
    return True


@dataclass(eq=False)
class Worker:
    """What a worker does beside running tests: choose its own, stop with the others, hand over what it found."""

    part: Part
    session: Session
    board: Board
    told: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, part: Part, session: Session) -> Worker:
        """Put a worker's session in touch with those of the others."""
        board = Board(Path(part.board), part.worker, part.workers, spent=part.spent)
        session.board = board
        if session.guard is not None:
            session.guard.board = board
        return cls(part, session, board)

    @property
    def has_main_key(self) -> bool:
        return self.part.worker == MAIN

    def tell(self, state: State) -> None:
        """Let the controller show what is done."""
        self.board.tell_state(asdict(state))

    def choose(self, items: list[pytest.Item]) -> None:
        """Keep the tests of this worker."""
        chosen = workers_of([item.nodeid for item in items], self.part.workers)
        items[:] = [item for item, workers in zip(items, chosen, strict=True) if self.part.worker in workers]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        try:
            result = yield
        except KeyboardInterrupt:
            self.board.stop(INTERRUPTED)
            raise
        self.board.tell_requests(self.session.results.requests)
        session, why = item.session, self.board.stopped
        if session.shouldfail or session.shouldstop:
            self.board.stop(str(session.shouldfail or session.shouldstop))
        elif why is not None:
            session.shouldstop = why
        return result

    def hand_over(self, config: pytest.Config) -> None:
        """Give pytest-xdist what was found, for the controller."""
        line = self.session
        self.board.tell_requests(line.results.requests)
        self.board.close()
        started = 0 if line.guard is None else line.guard.started
        findings = Findings(line.results, started, self.told)
        config.workeroutput[_TOLD] = pack(findings, line.target.curl)  # type: ignore[attr-defined]

"""What the workers of one run tell each other: how much they have spent of what all together may, and when to stop.

A directory that lives as long as the run holds a note of each worker, which the controller reads as well, to show how
far the run is. A lock shows that a worker is alive, so that nobody waits for a dead one. Nothing of what was seen
stands there, and no key whole.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

_STEP_SECONDS = 0.2
_NOTE, _STOP, _TURN = "note", "stop", "turn"


@dataclass(frozen=True)
class Note:
    """What a worker says of itself."""

    runs: int = 0
    """How many runs it has started, or may have."""
    requests: int = 0
    """How many requests it has sent, and will have once it has removed what it made."""
    is_through: bool = False
    """Whether only random requests are left to it."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """What it does at the moment (`progress.py`), for a person; nothing as long as it has not said."""


class Board:
    """The board as one of the workers sees it."""

    def __init__(self, directory: Path, worker: int, workers: int, *, spent: int = 0) -> None:
        """`spent`: how many requests were sent before the workers began."""
        self._directory, self._worker, self._workers, self._spent = directory, worker, workers, spent
        self._note, self._lock = Note(), threading.Lock()
        self._alive = os.open(self._path(worker, "alive"), os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        self._tell()

    # Runs

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep the others from starting runs for a moment."""
        with self._path(None, _TURN).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @property
    def runs_elsewhere(self) -> int:
        """How many runs the others have started, or may have."""
        return sum(note.runs for note in self._others().values())

    def tell_runs(self, runs: int) -> None:
        self._tell(runs=runs)

    # Requests

    def tell_requests(self, requests: int) -> None:
        self._tell(requests=requests)

    @property
    def requests_elsewhere(self) -> int:
        """How many requests the others have sent, as far as they have said, and were sent before the workers began."""
        return self._spent + sum(note.requests for note in self._others().values())

    def allowance(self, requests: int, most: int) -> int:
        """How many requests this worker may have sent in the end, once the others have sent what they must.

        `requests`: what it has sent and will send to clean up. `most`: what all together may send.
        """
        self._tell(requests=requests, is_through=True)
        while self._at_work() and self.stopped is None:
            time.sleep(_STEP_SECONDS)
        others = self._others()
        gone = sum(note.requests for note in others.values() if not note.is_through)
        through = [note.requests for note in others.values() if note.is_through]
        return max(requests, level([requests, *through], most - self._spent - gone))

    def _at_work(self) -> list[int]:
        """The other workers that are alive and have more to send than random requests."""
        return [worker for worker, note in self._others().items() if not note.is_through and self._is_alive(worker)]

    def _is_alive(self, worker: int) -> bool:
        with self._path(worker, "alive").open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    # The end

    def stop(self, reason: str) -> None:
        """Tell the others to stop after the test that they are at."""
        if self.stopped is None:
            stop(self._directory, reason)

    @property
    def stopped(self) -> str | None:
        """Why everybody is to stop; None as long as nobody is."""
        try:
            return self._path(None, _STOP).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def close(self) -> None:
        """Leave the others alone."""
        if self._alive >= 0:
            os.close(self._alive)
            self._alive = -1

    # What a person sees

    def tell_state(self, state: Mapping[str, Any]) -> None:
        self._tell(state=state)

    # Files

    def _path(self, worker: int | None, name: str) -> Path:
        return _path(self._directory, worker, name)

    def _tell(self, **members: Any) -> None:
        """Change this worker's note. May be called from several threads."""
        with self._lock:
            self._note = replace(self._note, **members)
            unborn = self._path(self._worker, "new")
            unborn.write_text(json.dumps(asdict(self._note)), encoding="utf-8")
            unborn.rename(self._path(self._worker, _NOTE))

    def _others(self) -> dict[int, Note]:
        notes = read_notes(self._directory, self._workers)
        return {worker: note for worker, note in notes.items() if worker != self._worker}


def _path(directory: Path, worker: int | None, name: str) -> Path:
    return directory / (name if worker is None else f"{worker}.{name}")


def read_notes(directory: Path, workers: int) -> dict[int, Note]:
    """The notes of those workers that have begun."""
    paths = {worker: _path(directory, worker, _NOTE) for worker in range(workers)}
    return {
        worker: Note(**json.loads(path.read_text(encoding="utf-8"))) for worker, path in paths.items() if path.exists()
    }


def stop(directory: Path, reason: str) -> None:
    """Tell all workers to stop after the test that they are at."""
    unborn = directory / f"{os.getpid()}.{_STOP}"
    unborn.write_text(reason, encoding="utf-8")
    unborn.rename(directory / _STOP)


def level(spent: Sequence[int], most: int) -> int:
    """How high those fill up who have spent so much, each until all are level, when together they may reach `most`."""
    ordered = sorted(spent)
    for count in range(len(ordered), 0, -1):
        height = (most - sum(ordered[count:])) // count
        if height >= ordered[count - 1]:
            return height
    return ordered[0]

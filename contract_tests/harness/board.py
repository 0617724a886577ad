"""What the workers of one run tell each other: how much they have spent of what all together may, and when to stop.

A directory that lives as long as the run holds a note of each worker. A lock shows that a worker is alive, so that
nobody waits for a dead one. Nothing of what was seen stands there, and no key.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

_STEP_SECONDS = 0.2
_STOP, _TURN = "stop", "turn"


@dataclass(frozen=True)
class Note:
    """What a worker says of itself."""

    runs: int = 0
    """How many runs it has started, or may have."""
    requests: int = 0
    """How many requests it has sent, and will have once it has removed what it made."""
    is_through: bool = False
    """Whether only random requests are left to it."""


class Board:
    """The board as one of the workers sees it."""

    def __init__(self, directory: Path, worker: int, workers: int, *, spent: int = 0) -> None:
        """`spent`: how many requests were sent before the workers began."""
        self._directory, self._worker, self._workers, self._spent = directory, worker, workers, spent
        self._note = Note()
        self._alive = os.open(self._path(worker, "alive"), os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        self._write(self._note)

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
        self._write(replace(self._note, runs=runs))

    # Requests

    def tell_requests(self, requests: int) -> None:
        self._write(replace(self._note, requests=requests))

    def allowance(self, requests: int, most: int) -> int:
        """How many requests this worker may have sent in the end, once the others have sent what they must.

        `requests`: what it has sent and will send to clean up. `most`: what all together may send.
        """
        self._write(replace(self._note, requests=requests, is_through=True))
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

    # Files

    def _path(self, worker: int | None, name: str) -> Path:
        return self._directory / (name if worker is None else f"{worker}.{name}")

    def _write(self, note: Note) -> None:
        if note != self._note or not self._path(self._worker, "note").exists():
            self._note = note
            unborn = self._path(self._worker, "new")
            unborn.write_text(json.dumps(asdict(note)), encoding="utf-8")
            unborn.rename(self._path(self._worker, "note"))

    def _others(self) -> dict[int, Note]:
        found = {}
        for worker in range(self._workers):
            path = self._path(worker, "note")
            if worker != self._worker and path.exists():
                found[worker] = Note(**json.loads(path.read_text(encoding="utf-8")))
        return found


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

"""What the suite has asked a target to make and not yet seen gone, on disk before each request is sent.

Every run of the suite has a file of its own, below a directory of the target and the organization. Its lines are JSON:
first whose journal it is; then, by number, what is about to be asked for, with the words in it that bear the run's tag;
the id of what was made; and how that ended. The run holds a lock on it while it is alive. What a dead run has left
behind another run, or `make clean-target`, finds there and removes (`removal.py`).

No key is written: only the setting that it came from.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import string
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contract_tests.harness.exchange import Exchange, Request
from contract_tests.harness.ledger import Ledger, made_by
from contract_tests.harness.reading import members
from generated.contract import OPERATIONS

ENDING = ".jsonl"
_FORMAT = 1
_TAG_LENGTH = 6
_NAMED_IN = ("slug", "name", "description", "url", "prompt")
"""The members of a body that may hold a name of the suite's."""
_OTHERWISE_NAMED_IN = ("template",)
"""The same where those hold none: a run of a template that is our own is our own."""
_CREATES = {name for name, operation in OPERATIONS.items() if operation.method == "POST" and "{" not in operation.path}


def new_tag() -> str:
    """Characters that differ from run to run."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(_TAG_LENGTH))


def print_of(tag: str, key: str) -> str:
    """What tells a key from another and tells nothing of it."""
    return hashlib.sha256(f"{tag} {key}".encode()).hexdigest()[:8]


def words_of(tag: str, *values: Any) -> frozenset[str]:
    """The words in some texts that bear a tag."""
    texts = [value for value in values if isinstance(value, str)]
    return frozenset(word for text in texts for word in re.findall(r"[A-Za-z0-9-]+", text) if tag in word)


@dataclass(frozen=True)
class Head:
    """Whose journal it is."""

    base_url: str
    organization: str | None
    tag: str
    keys: Mapping[str, str]
    """What tells the keys of the run from others, by the names of their settings (`print_of`)."""
    pid: int
    format: int = _FORMAT


@dataclass(frozen=True)
class Entry:
    """Something that was asked for, and what is known of it."""

    number: int
    operation_id: str
    setting: str | None
    """The setting whose key it was asked for with; None: no known key."""
    words: tuple[str, ...]
    """What names it, should its id never become known."""
    sent_at: float
    """In Unix seconds, by the clock of this machine."""
    id: str | None = None
    over: str | None = None
    """How it ended: refused, gone, never made. None while it may be there."""


class Journal:
    """The journal of one run, open and locked."""

    def __init__(self, path: Path, file: int, head: Head, entries: Mapping[int, Entry]) -> None:
        self.path, self.head = path, head
        self.settings: Mapping[str, str] = {}
        """The names of the settings by the key that they hold."""
        self.outlives_the_machine = True
        """Whether its lines are there even after a failure of power; after this process they are in any case."""
        self._file = file
        self._entries = dict(entries)
        self._under_way: list[tuple[Request, int]] = []
        self._ledger: Ledger | None = None

    @property
    def tag(self) -> str:
        return self.head.tag

    @property
    def open(self) -> list[Entry]:
        """What may still be there."""
        return [entry for entry in self._entries.values() if entry.over is None]

    # Writing

    def intend(self, requests_: Sequence[Request]) -> None:
        """Write down what requests that are about to leave may make."""
        lines = []
        for request in requests_:
            if request.operation_id not in _CREATES:
                continue
            body = members(request.body)
            words = words_of(self.tag, *(body.get(name) for name in _NAMED_IN))
            words = words or words_of(self.tag, *(body.get(name) for name in _OTHERWISE_NAMED_IN))
            setting = self.settings.get((request.authorization or "").removeprefix("Bearer "))
            number = len(self._entries) + 1
            entry = Entry(number, request.operation_id, setting, tuple(sorted(words)), round(time.time(), 3))
            self._entries[number] = entry
            self._under_way.append((request, number))
            lines.append({name: value for name, value in asdict(entry).items() if name not in ("id", "over")})
        self._write(lines)

    def follow(self, ledger: Ledger) -> None:
        """Learn what is gone from a ledger that is kept all the while."""
        self._ledger = ledger

    def note(self, exchange: Exchange) -> None:
        """Learn from an answer what was made or refused, and what is gone."""
        found = next((pair for pair in self._under_way if pair[0] is exchange.request), None)
        if found is not None:
            self._under_way.remove(found)
            number, made = found[1], made_by(exchange)
            if made is not None:
                self.made(number, made)
            elif 400 <= exchange.status < 500 or exchange.status == exchange.request.provokes:
                self.end(number, "refused")
        self.compare()

    def compare(self) -> None:
        """Note as gone what the ledger has crossed out."""
        if self._ledger is not None:
            there = self._ledger.ids
            for entry in self.open:
                if entry.id is not None and entry.id not in there:
                    self.end(entry.number, "gone")

    def made(self, number: int, made: str) -> None:
        self._entries[number] = replace(self._entries[number], id=made)
        self._write([{"number": number, "id": made}])

    def end(self, number: int, how: str) -> None:
        self._entries[number] = replace(self._entries[number], over=how)
        self._write([{"number": number, "over": how}], at_once=False)

    def _write(self, lines: Sequence[Mapping[str, Any]], *, at_once: bool = True) -> None:
        """Append lines; `at_once`: now they have to be on the disk, if they are to outlive the machine."""
        if lines:
            _append(self._file, lines)
            if at_once and self.outlives_the_machine:
                os.fsync(self._file)

    def close(self) -> None:
        """Let go of the file; remove it when nothing is left to do."""
        if self._file < 0:
            return
        self.compare()
        if not self.open:
            self.path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = -1


def _append(file: int, lines: Sequence[Mapping[str, Any]]) -> None:
    os.write(file, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())


def directory_of(root: Path, base_url: str, organization: str | None) -> Path:
    """Where the journals of a target are: its host and port, and what tells URL and organization from others."""
    parts = urlsplit(base_url)
    place = "_".join(re.sub(r"[^a-z0-9.-]", "", str(part).lower()) for part in (parts.hostname, parts.port) if part)
    digest = hashlib.sha256(json.dumps([base_url.lower(), organization]).encode()).hexdigest()
    return root / f"{place}-{digest[:8]}"


def start(
    root: Path,
    base_url: str,
    organization: str | None,
    keys: Mapping[str, str],
    *,
    outlives_the_machine: bool = True,
) -> Journal:
    """Begin the journal of this run. `keys`: by the names of their settings."""
    directory, tag = directory_of(root, base_url, organization), new_tag()
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{time.strftime('%Y%m%dT%H%M%S')}-{tag}{ENDING}"
    prints = {name: print_of(tag, key) for name, key in keys.items()}
    head = Head(base_url, organization, tag, prints, os.getpid())
    unborn = path.with_suffix(".new")  # nobody may find it before it is locked
    file = os.open(unborn, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    _append(file, [asdict(head)])
    if outlives_the_machine:
        os.fsync(file)
    unborn.rename(path)
    if outlives_the_machine:
        above = os.open(directory, os.O_RDONLY)
        os.fsync(above)
        os.close(above)
    journal = Journal(path, file, head, {})
    journal.outlives_the_machine = outlives_the_machine
    journal.settings = {key: name for name, key in keys.items()}
    return journal


def abandoned(root: Path, base_url: str, organization: str | None) -> Iterator[Journal]:
    """The journals of a target's dead runs, each locked; what cannot be read as one is left where it is."""
    for path in sorted(directory_of(root, base_url, organization).glob(f"*{ENDING}")):
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            continue
        try:
            yield _read(path, file)
        except (OSError, KeyError, TypeError):
            os.close(file)


def _read(path: Path, file: int) -> Journal:
    text = path.read_bytes()
    lines = [line for line in map(_parse, text.splitlines()) if line]
    if not lines or lines[0].get("format") != _FORMAT:
        raise KeyError("format")
    if not text.endswith(b"\n"):
        os.write(file, b"\n")  # a line that was cut short
    entries: dict[int, Entry] = {}
    for line in lines[1:]:
        number = line["number"]
        if "operation_id" in line:
            entries[number] = Entry(**{**line, "words": tuple(line["words"])})
        elif number in entries:
            entries[number] = replace(entries[number], **line)
    return Journal(path, file, Head(**lines[0]), entries)


def _parse(line: bytes) -> dict[str, Any]:
    """A line of a journal; nothing when it was cut short."""
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}

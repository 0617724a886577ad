"""What is a tool, and what does one run of it say? Commands are bounded in time and end with all that they started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mock_server.altered import Alteration


class NothingSaid(Exception):
    """Why a run of a tool says nothing; a sentence."""


@dataclass(frozen=True)
class Said:
    """What a tool said of one mock."""

    findings: frozenset[str]
    """What it holds against the mock, without anything that differs from run to run."""
    requests: int
    seconds: float
    error: str | None = None
    """Why it said nothing."""


@dataclass(frozen=True)
class Run:
    """One run of a tool: what it is run against and how."""

    alterations: tuple[Alteration, ...]
    fault: str | None
    """The name of the fault that is among the alterations."""
    variant: str | None
    seed: int
    command: str
    """The tool's command, as it was found."""
    directory: Path
    """A directory of its own, to be thrown away."""
    longest_seconds: float


def version_of(command: str) -> str:
    """What the command says of its version: the first word with a number in it."""
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=False, timeout=60).stdout
    words = [word.strip(",:()") for word in said.split() if any(letter.isdigit() for letter in word)]
    return words[0].removeprefix("v").partition("(")[0] if words else "?"


@dataclass(frozen=True)
class Tool:
    """A tool and how it is pointed at the mock."""

    name: str
    title: str
    command: str
    """The command that is looked for on the path."""
    get: str
    """How to get it."""
    how: str
    """How it is run, for the reader of the table."""
    ask: Callable[[Run], tuple[frozenset[str], int]]
    """Runs it once; gives its findings and how many requests it sent. NothingSaid when there is no result."""
    version: Callable[[str], str] = version_of

    def found(self, given: str | None) -> str | None:
        """The command that is there: the given one, else the one on the path."""
        return shutil.which(given or self.command)


def try_tool(
    tool: Tool,
    command: str,
    *,
    alterations: Collection[Alteration] = (),
    fault: str | None = None,
    variant: str | None = None,
    seed: int,
    longest_seconds: float,
) -> Said:
    """Run the tool once."""
    start = time.monotonic()
    with TemporaryDirectory(prefix="cospec-tool-") as directory:
        run = Run(tuple(alterations), fault, variant, seed, command, Path(directory), longest_seconds)
        try:
            findings, requests = tool.ask(run)
        except NothingSaid as reason:
            return Said(frozenset(), 0, time.monotonic() - start, str(reason))
    return Said(findings, requests, time.monotonic() - start)


def run_command(
    command: Sequence[str | Path], run: Run, environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a command in the run's directory; its exit status and what it said. NothingSaid when it takes too long."""
    output = run.directory / "said.txt"
    with output.open("wb") as file, started(command, run.directory, file.fileno(), environment) as process:
        try:
            status = process.wait(run.longest_seconds)
        except subprocess.TimeoutExpired:
            raise NothingSaid(f"It took longer than {run.longest_seconds:g} seconds.") from None
    return status, output.read_text(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def started(
    command: Sequence[str | Path], directory: Path, output: int, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process with all that it starts, ended when the block is left. It is not told of the suite's own settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COSPEC_")}
    process = subprocess.Popen(
        command,
        cwd=directory,
        env={**inherited, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        process_group=0,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

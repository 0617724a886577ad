"""Does the mock server answer `GET /v1/runs` at least three times as fast as Prism mocking the same document?

Starts both on this machine and loads them in turns with the same requests. Every key first starts two runs, so that
the lists are not empty, and is used for one window only. Prism comes from npm: `npm install @stoplight/prism-cli`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from generated.contract import OPERATIONS, RATE_LIMIT_REQUESTS
from mock_server.hosting import new_event_loop
from scripts.load import Load, Shot, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "openapi" / "cospec.yaml"
REQUIRED_RATIO = 3.0
MAX_SECONDS = 5.0
START_SECONDS = 60.0
HOST = "127.0.0.1"
RUNS = 2


class BenchmarkError(Exception):
    """Why nothing can be said; a sentence."""


def shots(connection: str) -> Iterator[Shot]:
    """One connection's requests: with each fresh key, runs are started and then listed until its window is used."""
    run = json.dumps(
        {"repo": "acme/storefront", "prompt": "Fix the failing test.", "template": "node-default"}
    ).encode()
    for number in itertools.count():
        key = f"csk_live_{connection}-{number}"
        head = f"{OPERATIONS['listRuns'].path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {key}\r\n"
        create = f"POST {head}Content-Type: application/json\r\nContent-Length: {len(run)}\r\n\r\n".encode() + run
        yield from itertools.repeat(Shot(create, counts=False), RUNS)
        yield from itertools.repeat(Shot(f"GET {head}\r\n".encode(), counts=True), RATE_LIMIT_REQUESTS - RUNS)


@contextlib.contextmanager
def process(command: Sequence[str | Path], port: int) -> Iterator[int]:
    """A server that listens at `port` within `START_SECONDS`, and is ended afterwards."""
    server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            if server.poll() is not None:
                raise BenchmarkError(f"{Path(command[0]).name} ended at once, with status {server.returncode}.")
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
                break
            if time.monotonic() > deadline:
                raise BenchmarkError(f"{Path(command[0]).name} did not start within {START_SECONDS:g} seconds.")
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def measure(name: str, port: int, seconds: float, connections: int) -> float:
    """Requests a second. BenchmarkError when an answer was not the expected one."""
    streams = [shots(f"bench-{time.time_ns():x}-{number}") for number in range(connections)]
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        result = runner.run(load(HOST, port, seconds, streams))
    _check(name, result)
    return result.per_second


def _check(name: str, result: Load) -> None:
    expected = {OPERATIONS["listRuns"].success_status}, {OPERATIONS["createRun"].success_status}
    if result.lost_connections or set(result.counted) != expected[0] or not set(result.others) <= expected[1]:
        statuses = dict(result.counted + result.others)
        raise BenchmarkError(
            f"{name} did not answer every request as it should: {statuses}, {result.lost_connections} connections lost."
        )


def compare(prism: str, rounds: int, seconds: float, connections: int) -> float:
    """Print the figures of both, and return how many times as fast as Prism the mock is."""
    version = subprocess.run([prism, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    ours, theirs = free_port(), free_port()
    command = [sys.executable, "-m", "mock_server", "--host", HOST, "--port", str(ours), "--no-control"]
    prism_command = [prism, "mock", "--verboseLevel", "silent", "--host", HOST, "--port", str(theirs), str(DOCUMENT)]
    names = {"coSPEC mock": ours, f"Prism {version}": theirs}
    figures: dict[str, list[float]] = {name: [] for name in names}
    with process(command, ours), process(prism_command, theirs):
        for turn, (name, port) in itertools.product(range(rounds + 1), names.items()):
            figure = measure(name, port, seconds, connections)
            if turn > 0:  # the first round is for the just-in-time compiler of Prism's runtime
                figures[name].append(figure)
    print(f"GET {OPERATIONS['listRuns'].path}, {connections} connections, {rounds} rounds of {seconds:g} s, in turns")
    medians = [statistics.median(values) for values in figures.values()]
    for (name, values), median in zip(figures.items(), medians, strict=True):
        print(f"{name:14} {median:9,.0f} requests/s   rounds {', '.join(f'{value:,.0f}' for value in values)}")
    return medians[0] / medians[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 fast enough, 1 not, 2 nothing could be said."""
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmark_mock", description=__doc__.partition("\n")[0])
    parser.add_argument("--prism", help="the prism command (default: the one on PATH)")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=float, default=3.0, help=f"of each round, at most {MAX_SECONDS:g} (default: %(default)s)"
    )
    parser.add_argument("--connections", type=int, default=64, help="default: %(default)s")
    options = parser.parse_args(arguments)
    if not 0 < options.seconds <= MAX_SECONDS or options.rounds < 1 or options.connections < 1:
        parser.error(f"--seconds is at most {MAX_SECONDS:g}, --rounds and --connections are at least 1")
    prism = shutil.which(options.prism or "prism")
    if prism is None:
        return _nothing_said(
            "Prism is not there. Get it with `npm install @stoplight/prism-cli` and give --prism PATH."
        )
    try:
        ratio = compare(prism, options.rounds, options.seconds, options.connections)
    except BenchmarkError as error:
        return _nothing_said(str(error))
    print(f"ratio {ratio:.1f}: {'enough' if ratio >= REQUIRED_RATIO else 'too little'}, {REQUIRED_RATIO:g} is required")
    return 0 if ratio >= REQUIRED_RATIO else 1


def _nothing_said(reason: str) -> int:
    print(f"benchmark_mock: {reason}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())

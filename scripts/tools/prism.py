"""What does Prism's validation proxy hold against a mock's answers? Our own suite's requests pass through it.

It notes what it finds and passes the answer on, so that the suite can go on asking; with `--errors` it would replace
the answer. What it says of requests does not count: the suite sends wrong ones on purpose.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from contextlib import suppress

from scripts.tools.ground import ground
from scripts.tools.tool import NothingSaid, Run, Tool, run_command, started
from scripts.verdict import MOCK_KEYS, PROVOKE, ROOT, webhook_sink

DOCUMENT = ROOT / "openapi" / "cospec.yaml"
START_SECONDS = 60.0
PATIENCE_SECONDS = 3
"""There are requests that the proxy never answers."""
MOST_RUNS = 1000
"""No limit: behind the proxy the suite does not take the mock for one."""


def ask(run: Run) -> tuple[frozenset[str], int]:
    """Let the suite ask through the proxy."""
    log = run.directory / "prism.txt"
    with webhook_sink() as sink, ground(run.alterations, sink) as place, log.open("wb") as file:
        port = _free_port()
        command = [run.command, "proxy", str(DOCUMENT), place.url, "--port", str(port), "--verboseLevel", "error"]
        with started(command, run.directory, file.fileno(), {"NO_COLOR": "1", "FORCE_COLOR": "0"}) as prism:
            _wait_for(prism, port)
            run_command(
                [
                    sys.executable,
                    "-m",
                    "pytest",
                    str(ROOT / "contract_tests"),
                    "-q",
                    f"--rootdir={ROOT}",
                    "-pno:cacheprovider",
                ],
                run,
                {
                    **MOCK_KEYS,
                    **sink.environment,
                    "PYTHONPATH": str(ROOT),
                    "COSPEC_BASE_URL": f"http://127.0.0.1:{port}",
                    "COSPEC_CONTROL_URL": f"{place.url}/_control",
                    "COSPEC_PROVOKE": str(PROVOKE),
                    "COSPEC_ALLOW_RUNS": "1",
                    "COSPEC_MAX_RUNS": str(MOST_RUNS),
                    "COSPEC_TIMEOUT_SECONDS": str(PATIENCE_SECONDS),
                    "COSPEC_SEED": str(run.seed),
                    "COSPEC_REPORTS": str(run.directory),
                    "COSPEC_JOURNAL": str(run.directory),
                },
            )
            return findings(log.read_text(encoding="utf-8", errors="replace")), place.requests


def findings(log: str) -> frozenset[str]:
    """Each violation by an answer, whatever the place in a list."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", log)
    violations = re.findall(r"Violation: (response\S*) (.*)", plain)
    return frozenset(f"{re.sub(r'[.][0-9]+(?=[.]|$)', '.*', where)}: {what.strip()}" for where, what in violations)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait_for(prism: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while prism.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise NothingSaid("The proxy did not start.")


PRISM = Tool(
    name="prism",
    title="Prism's proxy",
    command="prism",
    get="npm install @stoplight/prism-cli@5.16.0",
    how="`prism proxy` between this suite, which sends the requests, and the mock; only what it says of answers counts",
    ask=ask,
)

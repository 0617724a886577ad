"""Does a client work? Builds it with its language's own compiler and runs its scenario against the mock.

The scenarios are tests/clients/NAME/: the same steps in each language, each with its assertions. A second server
answers as the API may one day: with members, values and kinds that today's document does not name.
"""

from __future__ import annotations

import copy
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from scripts.clients.generators import GO_MODULE
from scripts.clients.making import CLIENTS_FOLDER
from scripts.clients.table import Client
from scripts.clients.tools import LOCK, ClientError, install_npm, require, run
from scripts.document import ROOT
from scripts.go_tools import TOOLS
from scripts.verdict import mock_server

SCENARIOS = ROOT / "tests" / "clients"
PROBLEMS = (
    "VALIDATION_FAILED",
    "RUN_TEMPLATE_NOT_FOUND",
    "API_KEY_INVALID",
    "USAGE_INSUFFICIENT_CREDITS",
    "TEMPLATE_SYSTEM_READONLY",
    "TEMPLATE_NOT_FOUND",
    "TEMPLATE_SLUG_EXISTS",
    "RATE_LIMIT_EXCEEDED",
    "INTERNAL_ERROR",
    "RUN_ORCHESTRATOR_ERROR",
    "SANDBOX_UNAVAILABLE",
)
"""One code at least of each status that a problem comes with; the last is in no catalogue."""
STEPS = (
    "who am I",
    "create a template",
    "update it with null",
    "start a run",
    "poll it to the end",
    "read outputs of every kind",
    "cancel a run",
    "page through a list",
    *(f"problem {code}" for code in PROBLEMS),
    "wait as a refused request says",
    "delete",
    "unknown members, values and kinds",
)
HELD = "holds: "


class TrialError(Exception):
    """A client does not work; the message is one line."""


@dataclass(frozen=True)
class Targets:
    """The servers that a scenario asks."""

    mock: str
    later: str


@dataclass(frozen=True)
class Built:
    """How a built scenario is started."""

    command: tuple[str | Path, ...]
    cwd: Path


def later_run(document: Mapping[str, Any]) -> dict[str, Any]:
    """A run as a later version of the API may tell it, made of the document's example."""
    result: dict[str, Any] = copy.deepcopy(document["components"]["examples"]["CompletedRun"]["value"])
    result |= {"status": "paused", "model": "later-model", "laterMember": {"deep": [1, None]}}
    result["usage"]["laterMember"] = 1
    for output in result["outputs"]:
        output["laterMember"] = True
    result["outputs"].append({"type": "later-kind", "eventId": "evt_99", "laterMember": "a kind of its own"})
    return result


def later_problem() -> dict[str, Any]:
    """A problem with a code that this version's operation does not list."""
    return {
        "type": "TEMPLATE_ARCHIVED",
        "title": "Template archived",
        "status": 404,
        "instance": "/v1/templates/archived",
        "laterMember": [],
    }


@contextmanager
def later_server(document: Mapping[str, Any]) -> Iterator[str]:
    """A server that answers every request for a run with `later_run`, and all others with `later_problem`."""
    found, missing = json.dumps(later_run(document)).encode(), json.dumps(later_problem()).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            is_run = self.path.startswith("/v1/runs/")
            body = found if is_run else missing
            self.send_response(200 if is_run else 404)
            self.send_header("Content-Type", "application/json" if is_run else "application/problem+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def servers(document: Mapping[str, Any]) -> Iterator[Targets]:
    """A fresh mock and the server of a later day, both on free ports."""
    with mock_server() as mock, later_server(document) as later:
        yield Targets(mock, later)


def _workplace(client: Client) -> Path:
    """A folder with the scenario's files. What compilers have left there before stays: it makes them quick."""
    folder = TOOLS / "client-scenarios" / client.name
    shutil.copytree(SCENARIOS / client.name, folder, dirs_exist_ok=True)
    return folder


def _build_python(client: Path, work: Path) -> Built:
    uv = (sys.executable, "-m", "uv", "--quiet")
    python = work / "venv" / "bin" / "python"
    run([*uv, "venv", "--clear", "--python", sys.executable, work / "venv"], work, "making a virtual environment")
    run([*uv, "pip", "install", "--python", python, "--constraint", LOCK, client], work, "uv pip install", show=True)
    mypy: list[str | Path] = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--python-executable",
        python,
        "scenario.py",
    ]
    run(mypy, work, "mypy", show=True)
    return Built((python, "scenario.py"), work)


def _build_typescript(client: Path, work: Path) -> Built:
    install_npm(client)
    run(["npm", "run", "build"], client, "npm run build", show=True)
    modules = work / "node_modules"
    (modules / "@cospec").mkdir(parents=True, exist_ok=True)
    for name, target in {"@cospec/client": client, "@types": client / "node_modules" / "@types"}.items():
        (modules / name).unlink(missing_ok=True)
        (modules / name).symlink_to(target, target_is_directory=True)
    run([client / "node_modules" / ".bin" / "tsc"], work, "tsc", show=True)
    return Built(("node", "out/scenario.js"), work)


def _build_go(client: Path, work: Path) -> Built:
    (work / "go.mod").unlink(missing_ok=True)
    run(["go", "mod", "init", "scenario"], work, "go mod init")
    run(["go", "mod", "edit", f"-replace={GO_MODULE}={client}"], work, "go mod edit")
    run(["go", "mod", "tidy"], work, "go mod tidy")
    run(["go", "vet", "./..."], client, "go vet", show=True)
    run(["go", "vet", "./..."], work, "go vet", show=True)
    run(["go", "build", "-o", "scenario", "."], work, "go build", show=True)
    return Built((work / "scenario",), work)


def _build_java(client: Path, work: Path) -> Built:
    maven = ["mvn", "--quiet", "--batch-mode", "-DskipTests", "-Dmaven.javadoc.skip", "-Dmaven.source.skip", "package"]
    run(maven, client, "mvn package", show=True)
    classpath = f"{client / 'target' / 'classes'}:{client / 'target' / 'lib'}/*"
    run(["javac", "-Xlint:all", "-Werror", "-cp", classpath, "-d", work, "Scenario.java"], work, "javac", show=True)
    return Built(("java", "-cp", f"{classpath}:{work}", "Scenario"), work)


def _build_rust(client: Path, work: Path) -> Built:
    link = work / "client"
    link.unlink(missing_ok=True)
    link.symlink_to(client, target_is_directory=True)
    run(["cargo", "build", "--quiet"], work, "cargo build", show=True)
    return Built((work / "target" / "debug" / "scenario",), work)


BUILDERS: Mapping[str, Callable[[Path, Path], Built]] = {
    "go": _build_go,
    "java": _build_java,
    "python": _build_python,
    "rust": _build_rust,
    "typescript": _build_typescript,
}


def tried(client: Client, targets: Targets, clients: Path = CLIENTS_FOLDER) -> int:
    """Build the client and run its scenario; the number of steps that hold.

    Raises `TrialError` for a client that does not work, and `ClientError` when that cannot be tried.
    """
    require(client.builds_with or (), f"building the {client.language} client")
    work = _workplace(client)
    try:
        built = BUILDERS[client.name](clients / client.name, work)
        environment = {"COSPEC_URL": targets.mock, "COSPEC_LATER_URL": targets.later}
        printed = run(built.command, built.cwd, "the scenario", environment, show=True)
    except ClientError as error:
        raise TrialError(str(error)) from error
    held = tuple(line.removeprefix(HELD) for line in printed.splitlines() if line.startswith(HELD))
    if held != STEPS:
        missing = next((step for step in STEPS if step not in held), "the order of its steps")
        raise TrialError(f"the scenario ended well and left out {missing!r}")
    return len(held)

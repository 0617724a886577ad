"""Does each step's shell do what its name says? Every one is run as a runner runs it, without GitHub."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from scripts.document import ROOT
from scripts.verdict import mock_server
from tests.workflows.github import ACTION, Runner, Step, read, run_steps

KEY = "csk_live_workflow_steps"
STEPS = list(run_steps())
MAKE_STEPS = {"Check": "check", "Check the gate": "check-gate", "Ask the gate": "gate", "Write the reference": "docs"}


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """A mock server of our own."""
    with mock_server() as url:
        yield url


@pytest.fixture
def stranger() -> Iterator[str]:
    """A server that answers everything 200 and an empty object."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: object) -> None:
            pass

    for method in ("GET", "POST", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a runner has of the contract: the files that git has, and an environment that is already made."""
    directory = tmp_path / "a checkout"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
    for name in ("requirements.lock", "scripts/setup.sh"):
        os.utime(directory / name, (0, 0))
    (directory / ".venv").symlink_to((ROOT / ".venv").resolve())
    return directory


def runner_of_action(tmp_path: Path, checkout: Path, **inputs: str) -> Runner:
    """A runner that was given inputs, and for the others has the defaults of the action."""
    folder = tmp_path / "runner"
    folder.mkdir()
    given = {name: value.get("default", "") for name, value in read(ACTION)["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    values = {f"inputs.{name}": value for name, value in given.items()}
    return Runner(folder, checkout, values | {"github.action_path": str(checkout)})


def take_all(runner: Runner) -> list[tuple[str, subprocess.CompletedProcess[str]]]:
    """Go through the steps of the action, as a runner does: after a failure only what is always done."""
    taken: list[tuple[str, subprocess.CompletedProcess[str]]] = []
    for step in read(ACTION)["runs"]["steps"]:
        failed = any(result.returncode for _, result in taken)
        if "run" in step and runner.is_on(step) and not (failed and "if" not in step):
            taken.append((step["name"], runner.take(step)))
    return taken


def test_the_action_says_that_a_server_conforms(tmp_path: Path, checkout: Path, mock: str) -> None:
    """Every step passes; the summary has the verdict, the reports are where the upload looks for them."""
    runner = runner_of_action(tmp_path, checkout, base_url=mock, api_key=KEY, arguments="-k authentication", seed="7")
    taken = take_all(runner)
    assert [name for name, _ in taken] == ["Ask the server", "Tell what was found", "Say whether the server conforms"]
    assert [result.returncode for _, result in taken] == [0, 0, 0], taken
    assert runner.values["steps.suite.outputs.exit-status"] == "0"
    assert runner.summary.startswith("## The server keeps what was checked; only a part of the contract was\n")
    assert "| authentication | " in runner.summary
    assert "seed 7" in runner.summary
    reports = Path(runner.values["steps.suite.outputs.reports"])
    assert json.loads((reports / "report.json").read_text(encoding="utf-8"))["verdict"]["outcome"] == "conforms"
    assert (reports / "junit.xml").is_file()
    assert all(KEY not in result.stdout + result.stderr for _, result in taken)


def test_the_action_says_that_a_server_does_not_conform(tmp_path: Path, checkout: Path, stranger: str) -> None:
    """Broken promises are annotations and in the summary, and the last step fails with the suite's status."""
    runner = runner_of_action(tmp_path, checkout, base_url=stranger, api_key=KEY, arguments="-k authentication")
    taken = dict(take_all(runner))
    assert taken["Ask the server"].returncode == 0, taken
    assert taken["Say whether the server conforms"].returncode == 1
    assert runner.summary.startswith("## The server does not keep the contract\n")
    assert "### Broken promises" in runner.summary
    assert "::error title=authentication/" in taken["Tell what was found"].stdout
    assert KEY not in runner.summary


def test_the_action_says_that_a_server_is_not_there(tmp_path: Path, checkout: Path) -> None:
    """That is no verdict on the server, and no success."""
    runner = runner_of_action(tmp_path, checkout, base_url="http://127.0.0.1:1", api_key=KEY)
    taken = dict(take_all(runner))
    assert taken["Say whether the server conforms"].returncode == 2
    assert runner.summary.startswith("## Nothing can be said of the server\n")
    assert "::error" in taken["Tell what was found"].stdout


@pytest.mark.parametrize("missing", ["base_url", "api_key"])
def test_the_action_says_what_it_was_not_given(tmp_path: Path, checkout: Path, missing: str) -> None:
    """Instead of testing the embedded mock, which would always pass."""
    given = {"base_url": "http://127.0.0.1:1", "api_key": KEY} | {missing: ""}
    runner = runner_of_action(tmp_path, checkout, **given)
    ((name, result),) = take_all(runner)
    assert (name, result.returncode) == ("Ask the server", 2)
    assert result.stdout.startswith("::error::base-url and api-key are needed")


def fake_make(folder: Path, status: int) -> str:
    """A search path on which make writes down what it is asked and ends with a status."""
    make = folder / "bin" / "make"
    make.parent.mkdir(parents=True)
    make.write_text(f'#!/bin/sh\necho "$* BASE=$BASE PREVIEW_URL=$PREVIEW_URL"\nexit {status}\n', encoding="utf-8")
    make.chmod(0o755)
    return f"{make.parent}:{os.environ['PATH']}"


@pytest.mark.parametrize("status", [0, 2])
@pytest.mark.parametrize(
    "step", [step for step in STEPS if step.name in MAKE_STEPS], ids=lambda step: step.name.replace(" ", "-")
)
def test_a_step_that_runs_make_ends_as_make_does(tmp_path: Path, step: Step, status: int) -> None:
    """With what the event has chosen as variables."""
    expressions = {
        "github.event_name == 'pull_request' && format('origin/{0}', github.base_ref) || 'HEAD~1'": "origin/main",
        "secrets.COSPEC_API_KEY != '' && vars.PREVIEW_URL || ''": "https://preview.example",
        "secrets.COSPEC_API_KEY": KEY,
        "vars.PREVIEW_ALLOW_RUNS": "",
    }
    runner = Runner(tmp_path, tmp_path, expressions, fake_make(tmp_path, status))
    result = runner.take(step.value)
    assert result.returncode == status
    settings = ("origin/main", "https://preview.example") if step.name == "Ask the gate" else ("", "")
    expected = f"--no-print-directory {MAKE_STEPS[step.name]} BASE={settings[0]} PREVIEW_URL={settings[1]}\n"
    assert result.stdout == expected


@pytest.mark.parametrize("text", ["# The gate is shut\n", None])
def test_the_gates_words_are_added_to_the_summary_where_there_are_any(tmp_path: Path, text: str | None) -> None:
    """A gate that ended before it wrote any does not make this step fail too."""
    (step,) = [step for step in STEPS if step.name == "Tell what the gate found"]
    if text is not None:
        (tmp_path / "reports").mkdir()
        (tmp_path / "reports" / "gate.md").write_text(text, encoding="utf-8")
    runner = Runner(tmp_path, tmp_path, {})
    assert runner.take(step.value).returncode == 0
    assert runner.summary == (text or "")


def test_every_step_of_every_file_is_run_here() -> None:
    """A step that is new needs a test."""
    of_action = {"Ask the server", "Tell what was found", "Say whether the server conforms"}
    known = {("action.yml", name) for name in of_action}
    known |= {("contract.yml", name) for name in (*MAKE_STEPS, "Tell what the gate found")}
    assert {(step.file, step.name) for step in STEPS} == known

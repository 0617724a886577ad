"""Does a client pass only when its scenario ran whole, and is the server of a later day strange enough?"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator

from scripts import document as doc
from scripts.clients import __main__ as command
from scripts.clients import trial
from scripts.clients.table import CLIENTS, Client
from scripts.clients.tools import ClientError, Toolchain
from scripts.clients.trial import STEPS, Built, Targets, TrialError, later_problem, later_run, later_server, tried

DOCUMENT = doc.load()
CLIENT = CLIENTS["python"]
TARGETS = Targets("http://mock.example", "http://later.example")


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets the scenario be these lines of Python."""
    monkeypatch.setattr(trial, "TOOLS", tmp_path)

    def let_it_be(program: str) -> None:
        built = Built((sys.executable, "-c", program), tmp_path)
        monkeypatch.setattr(trial, "BUILDERS", {"python": lambda client, work: built})

    return let_it_be


def printing(steps: tuple[str, ...]) -> str:
    return f"for step in {steps!r}: print('holds:', step)"


def test_a_scenario_that_runs_whole_passes(scenario: Callable[[str], None]) -> None:
    scenario(printing(STEPS))
    assert tried(CLIENT, TARGETS) == len(STEPS)


def test_a_scenario_is_told_where_the_servers_are(scenario: Callable[[str], None]) -> None:
    scenario(
        "import os\n"
        "assert os.environ['COSPEC_URL'] == 'http://mock.example'\n"
        "assert os.environ['COSPEC_LATER_URL'] == 'http://later.example'\n" + printing(STEPS)
    )
    assert tried(CLIENT, TARGETS) == len(STEPS)


@pytest.mark.parametrize("left_out", [STEPS[0], STEPS[8], STEPS[-1]])
def test_a_scenario_that_leaves_a_step_out_does_not(scenario: Callable[[str], None], left_out: str) -> None:
    scenario(printing(tuple(step for step in STEPS if step != left_out)))
    with pytest.raises(TrialError, match=f"left out '{left_out}'$"):
        tried(CLIENT, TARGETS)


def test_a_scenario_that_fails_does_not(scenario: Callable[[str], None]) -> None:
    scenario(printing(STEPS) + "\nraise SystemExit('error: not so')")
    with pytest.raises(TrialError, match=r"^the scenario failed: error: not so$"):
        tried(CLIENT, TARGETS)


def test_a_missing_compiler_is_no_verdict(scenario: Callable[[str], None]) -> None:
    compiler = Toolchain("Python 9", ("python9",), "wait for it")
    with pytest.raises(ClientError, match=r"building the Python client needs Python 9, .* no python9: wait for it"):
        tried(replace(CLIENT, builds_with=(compiler,)), TARGETS)


def test_the_worst_outcome_is_the_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A client that does not work weighs more than one that cannot be tried; to try none is no success."""
    outcomes = {"python": TrialError("the scenario failed"), "go": ClientError("there is no go")}

    def pretend(client: Client, targets: Targets) -> int:
        if client.name in outcomes:
            raise outcomes[client.name]
        return len(STEPS)

    monkeypatch.setattr(command, "make", lambda client, document: None)
    monkeypatch.setattr(command, "servers", lambda document: nullcontext(TARGETS))
    monkeypatch.setattr(command, "tried", pretend)
    for names, status in ((["java"], 0), (["java", "go"], 2), (["python", "go"], 1), (["csharp"], 2), ([], 1)):
        assert command.main(["test", *names]) == status, names
    told = capsys.readouterr()
    assert f"clients: Java: {len(STEPS)} steps hold\n" in told.out
    assert "clients: Python: the scenario failed\n" in told.err
    assert "clients: there is no go\n" in told.err


def test_a_later_run_is_one_that_the_document_does_not_know() -> None:
    """By its status, its model and an output; and its members go beyond the document's."""
    validator = Draft202012Validator({**DOCUMENT, "$ref": "#/components/schemas/Run"})
    run = later_run(DOCUMENT)
    wrong = {str(error.instance_path[0]) for error in validator.iter_errors(run)}
    assert wrong == {"status", "model", "outputs"}
    assert "laterMember" in run
    example = DOCUMENT["components"]["examples"]["CompletedRun"]["value"]
    assert validator.is_valid(example)


def test_a_later_problem_is_a_problem_with_a_code_of_its_own() -> None:
    assert Draft202012Validator({**DOCUMENT, "$ref": "#/components/schemas/Problem"}).is_valid(later_problem())
    assert later_problem()["type"] not in DOCUMENT["x-problem-catalogue"]


def test_the_later_server_answers_runs_and_problems() -> None:
    with later_server(DOCUMENT) as url:
        with urllib.request.urlopen(f"{url}/v1/runs/run_1") as answer:
            assert json.load(answer) == later_run(DOCUMENT)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{url}/v1/templates/one")
        assert refused.value.code == 404
        assert refused.value.headers["Content-Type"] == "application/problem+json"
        assert json.load(refused.value) == later_problem()

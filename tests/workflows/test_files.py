"""Are the workflows and the action what GitHub takes, and do they take nothing that they did not name exactly?"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.document import ROOT
from scripts.go_tools import ACTIONLINT
from tests.workflows.github import ACTION, WORKFLOWS, read

FILES = [ACTION, *sorted(WORKFLOWS.glob("*.yml"))]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def members(value: Any, name: str) -> Iterator[Any]:
    """Every value of a member of that name, wherever it is."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == name:
                yield item
            yield from members(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from members(item, name)


def test_actionlint_finds_nothing() -> None:
    path = ACTIONLINT.path()
    if not path.is_file():
        pytest.skip(f"{path.parent.name} is not installed: `make check-gate` installs it, where Go is")
    result = subprocess.run([path, "-no-color"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


@each_file
def test_every_action_is_pinned_to_a_commit(path: Path) -> None:
    """With the version beside it for people; the contract's own is in the checkout."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if "uses: " in line]
    for line in lines:
        if not line.endswith(("uses: ./.cospec-contract",)) and not line.startswith("#"):
            assert re.fullmatch(r"(- )?uses: [a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@each_file
def test_the_same_action_is_the_same_commit_everywhere(path: Path) -> None:
    pins = {use.partition("@")[::2] for file in FILES for use in members(read(file), "uses")}
    assert len({name for name, _ in pins}) == len(pins)


@each_file
def test_no_expression_is_in_a_shell(path: Path) -> None:
    """What others chose reaches a shell as a variable, never as text of the script."""
    for script in members(read(path), "run"):
        assert "${{" not in str(script)


@pytest.mark.parametrize("path", FILES[1:], ids=lambda path: path.name)
def test_a_workflow_may_only_read(path: Path) -> None:
    assert read(path)["permissions"] == {"contents": "read"}
    for job in read(path)["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"]


def test_the_reusable_workflow_passes_all_that_it_takes() -> None:
    """Each of its inputs and secrets is one of the action's, or says where the contract is."""
    workflow = read(WORKFLOWS / "conformance.yml")
    call = workflow["on"]["workflow_call"]
    own = {"contract-repository", "contract-ref", "contract-token", "timeout-minutes"}
    (passed,) = [step["with"] for step in workflow["jobs"]["conformance"]["steps"] if step.get("id") == "contract"]
    assert set(passed) == (call["inputs"].keys() | call["secrets"].keys()) - own
    assert set(passed) <= read(ACTION)["inputs"].keys()
    for name, value in passed.items():
        assert value in (f"${{{{ inputs.{name} }}}}", f"${{{{ secrets.{name} }}}}")


@each_file
def test_every_make_target_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    for script in members(read(path), "run"):
        assert set(re.findall(r"^\s*make --no-print-directory ([a-z-]+)", str(script), re.MULTILINE)) <= targets


def test_the_readme_shows_how_a_server_calls_them() -> None:
    """The example is a workflow that gives what is required, and nothing that is unknown."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(name: .+?)```", readme, re.DOTALL)
    (job,) = yaml.safe_load(example)["jobs"].values()
    call = read(WORKFLOWS / "conformance.yml")["on"]["workflow_call"]
    for given, taken in ((job["with"], call["inputs"]), (job["secrets"], call["secrets"])):
        assert set(given) <= set(taken)
        assert {name for name, value in taken.items() if value.get("required")} <= set(given)

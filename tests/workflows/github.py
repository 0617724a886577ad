"""How does a step of a workflow run where GitHub is not? Reads the files and runs a step's shell as a runner does."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scripts.document import ROOT

ACTION = ROOT / "action.yml"
WORKFLOWS = ROOT / ".github" / "workflows"
_EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
_BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")


@dataclass(frozen=True)
class Step:
    """A step with a `run:`: where it stands and what it says."""

    file: str
    name: str
    value: Mapping[str, Any]


def read(path: Path) -> dict[str, Any]:
    """A workflow or an action; `on` is a string here, as it is for GitHub."""
    return yaml.load(path.read_text(encoding="utf-8").replace("\non:\n", "\n'on':\n"), yaml.SafeLoader)  # type: ignore[no-any-return]


def run_steps() -> Iterator[Step]:
    """Every step with a `run:` of the action and of all workflows."""
    for path in (ACTION, *sorted(WORKFLOWS.glob("*.yml"))):
        value = read(path)
        lists = [value["runs"]["steps"]] if "runs" in value else [job["steps"] for job in value["jobs"].values()]
        for steps in lists:
            for step in steps:
                if "run" in step:
                    yield Step(path.name, step["name"], step)


@dataclass
class Runner:
    """What a runner keeps while it goes through the steps of a job."""

    folder: Path
    """Where its own files are: outputs and summary."""
    workspace: Path
    values: dict[str, str]
    """What expressions may name: `inputs.profile`, `github.action_path`."""
    path: str = field(default_factory=lambda: os.environ["PATH"])

    @property
    def summary(self) -> str:
        """The job summary so far."""
        file = self.folder / "summary.md"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def evaluated(self, text: str) -> str:
        """Text with its expressions replaced; only names are known, so that no test says what it did not look at."""
        return _EXPRESSION.sub(lambda found: self.values[found[1]], text)

    def is_on(self, step: Mapping[str, Any]) -> bool:
        """Whether the step's condition holds; of conditions only those that the files have are known."""
        condition = step.get("if", "always()")
        if condition == "always()":
            return True
        found = re.fullmatch(r"always\(\) && (\S+) != ''", condition)
        assert found, f"a condition that no test knows: {condition}"
        return self.values.get(found[1], "") != ""

    def take(self, step: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        """Run a step's shell and keep its outputs."""
        outputs = self.folder / "outputs"
        outputs.write_text("", encoding="utf-8")
        environment = {
            "PATH": self.path,
            "HOME": str(self.folder),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            **{name: self.evaluated(str(value)) for name, value in step.get("env", {}).items()},
        }
        directory = Path(self.evaluated(step.get("working-directory", str(self.workspace))))
        result = subprocess.run(
            [*_BASH, self.evaluated(step["run"])],
            cwd=directory,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        for line in outputs.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            self.values[f"steps.{step.get('id')}.outputs.{name}"] = value
        return result

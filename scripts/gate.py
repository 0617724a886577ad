"""May a change of the API go through? Takes each step of the gate in turn and says what became of it.

`python -m scripts.gate --base REF [--preview-url URL]`; CI runs it as `make gate`. It writes reports/gate.md, and the
reports of each run of the suite to a folder of their own. Exit status: 0 every step passed, 1 a step failed, 2 a step
could not say anything; none is left out because an earlier one failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts import summary
from scripts.document import ROOT
from scripts.markup import cell

REPORTS = ROOT / "reports"
PREFIX = "COSPEC_"
SUITE_REPORTS = ("report.json", "junit.xml")
PASSED, FAILED, NOTHING_SAID = 0, 1, 2
WORDS = {PASSED: "passed", FAILED: "failed"}


@dataclass(frozen=True)
class Step:
    """A part of the gate: what it asks, and the command that answers with its exit status."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it has of the settings of the suite; none of the others reach it."""
    markdown: str | None = None
    """A file below reports/ that tells more."""
    reports: str | None = None
    """The folder below reports/ for what the suite writes."""


@dataclass(frozen=True)
class Result:
    """What became of a step."""

    step: Step
    status: int
    seconds: float

    @property
    def word(self) -> str:
        return WORDS.get(self.status, "nothing said")


def steps(base: str, preview_url: str, settings: Mapping[str, str]) -> list[Step]:
    """The steps for a change since `base`; `settings` are those of the suite for the preview."""
    own = [
        Step("the document is valid and linted, its examples fit", ("-m", "scripts.check_document")),
        Step("what is generated is in step", ("-m", "scripts.generate", "--check")),
        Step("the change is compatible", ("-m", "scripts.compat", "--", base), markdown="compatibility.md"),
        Step("the suite passes on the mock", ("scripts/verdict.py",), reports="mock"),
    ]
    if preview_url:
        environment = {**settings, f"{PREFIX}BASE_URL": preview_url}
        own.append(Step("the preview keeps the contract", ("scripts/verdict.py",), environment, reports="preview"))
    return own


def take(step: Step, reports: Path = REPORTS) -> Result:
    """Run a step's command and put its reports where the next run of the suite does not write."""
    for name in (*SUITE_REPORTS, step.markdown or ""):
        if name:
            (reports / name).unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    start = time.monotonic()
    command = [sys.executable, *step.arguments]
    status = subprocess.run(command, cwd=ROOT, env={**environment, **step.environment}, check=False).returncode
    if step.reports:
        (reports / step.reports).mkdir(parents=True, exist_ok=True)
        for name in SUITE_REPORTS:
            (reports / step.reports / name).unlink(missing_ok=True)
            if (reports / name).exists():
                shutil.move(reports / name, reports / step.reports / name)
    return Result(step, status if status in WORDS else NOTHING_SAID, time.monotonic() - start)


def exit_status(results: list[Result]) -> int:
    """A broken promise weighs more than one of which nothing could be said, and nothing passes by silence."""
    statuses = {result.status for result in results}
    return FAILED if FAILED in statuses else max(statuses, default=NOTHING_SAID)


def as_markdown(results: list[Result], reports: Path = REPORTS) -> str:
    """A table of the steps, and below it what each of them tells."""
    title = {PASSED: "The gate is open", FAILED: "The gate is shut"}.get(exit_status(results), "The gate cannot say")
    lines = [f"# {title}", "", "| step | | seconds |", "| --- | --- | ---: |"]
    lines += [f"| {cell(result.step.name)} | {result.word} | {result.seconds:.0f} |" for result in results]
    for result in results:
        step = result.step
        if step.markdown and (reports / step.markdown).exists():
            lines += ["", (reports / step.markdown).read_text(encoding="utf-8").rstrip()]
        if step.reports:
            report = summary.load(reports / step.reports / SUITE_REPORTS[0])
            lines += ["", report if isinstance(report, str) else summary.as_markdown(report).rstrip()]
    return "\n".join(lines) + "\n"


def _annotations(results: list[Result], reports: Path = REPORTS) -> Iterator[str]:
    """What the runs of the suite found; the comparison has told of its own."""
    for result in results:
        if result.step.reports:
            report = summary.load(reports / result.step.reports / SUITE_REPORTS[0])
            yield from [] if isinstance(report, str) else summary.as_annotations(report)


def main(arguments: list[str] | None = None) -> int:
    """Take the steps, tell of them, and say whether all passed."""
    parser = argparse.ArgumentParser(prog="python -m scripts.gate", description="Say whether a change may go through.")
    parser.add_argument("--base", default="origin/main", help="what the contract is compared with")
    parser.add_argument("--preview-url", default="", help="a deployment of the change; COSPEC_API_KEY is its key")
    options = parser.parse_args(arguments)
    settings = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    results: list[Result] = []
    for step in steps(options.base, options.preview_url, settings):
        print(f"\n--- gate: {step.name}?", flush=True)
        results.append(take(step))
    REPORTS.mkdir(exist_ok=True)
    (REPORTS / "gate.md").write_text(as_markdown(results), encoding="utf-8")
    print("\n--- gate")
    for result in results:
        print(f"{result.word:<13}{result.step.name}")
    if os.environ.get("GITHUB_ACTIONS") == "true":
        print("\n".join(_annotations(results)))
    if not options.preview_url:
        print(f"{'left out':<13}the preview keeps the contract: there is no PREVIEW_URL")
    status = exit_status(results)
    print(f"gate: {WORDS.get(status, 'nothing can be said')}")
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(NOTHING_SAID)

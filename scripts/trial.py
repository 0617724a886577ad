"""What does the suite say of one altered mock? One run of the suite in a process of its own, mock and suite together.

The process is forked from one that has everything imported, which saves most of the time that a run takes.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from contract_tests.harness.report_data import REPORT_NAME, Report
from mock_server.altered import altered
from mock_server.colleague import Colleague
from mock_server.deliveries import Resolution
from mock_server.faults import FAULTS
from mock_server.hosting import Settings, running
from mock_server.variants import VARIANTS
from scripts.verdict import MOCK_KEYS, PROVOKE, ROOT, Sink, webhook_sink

COLLEAGUE_KEYS = [f"{MOCK_KEYS['COSPEC_API_KEY']}__{number}" for number in range(11, 31)]
"""So many that one always has room in its window while the clock stands still."""
COLLEAGUE_PAUSE_SECONDS = 0.02
LONGEST_SECONDS = 120.0
"""A run that takes longer is given up."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["scripts.preload"])


@dataclass(frozen=True)
class Trial:
    """A mock and how the suite is run against it."""

    faults: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    seed: int = 1
    profile: str = "standard"
    colleague: bool = False
    """Whether another client is at work in the organization meanwhile."""
    tests: tuple[str, ...] = ()
    """The only tests that are run, as pytest names them; none: all."""
    stop_at: tuple[str, ...] = ()
    """The run ends when one of these is broken."""


def carry_out(trial: Trial) -> Report | str:
    """The suite's report, or a sentence that says why there is none. Files are left by no run, ended or given up."""
    with TemporaryDirectory(prefix="cospec-trial-") as directory, webhook_sink() as sink:
        return _in_a_process(trial, Path(directory), sink)


def _in_a_process(trial: Trial, directory: Path, sink: Sink) -> Report | str:
    ours, theirs = _context.Pipe(duplex=False)
    process = _context.Process(target=_carry_out, args=(trial, directory, sink, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(LONGEST_SECONDS):
            return f"The run took longer than {LONGEST_SECONDS:g} seconds."
        text: str = ours.recv()
    except EOFError:
        return "The run ended without a report."
    finally:
        process.kill()
        process.join()
        ours.close()
    return Report.model_validate_json(text) if text.startswith("{") else text


def _carry_out(trial: Trial, directory: Path, sink: Sink, answer: Connection) -> None:
    alterations = [FAULTS[name].alter for name in trial.faults] + [VARIANTS[name].alter for name in trial.variants]
    settings = Settings(
        stands_still=True,
        ca=Path(sink.options[1]),
        resolutions=(Resolution.parse(sink.options[3]),),
        build=partial(altered, alterations),
        colleague=Colleague(COLLEAGUE_KEYS, trial.seed, COLLEAGUE_PAUSE_SECONDS) if trial.colleague else None,
    )
    with running(settings) as url:
        for name in [name for name in os.environ if name.startswith("COSPEC_")]:
            del os.environ[name]
        os.environ |= {
            **MOCK_KEYS,
            **sink.environment,
            "COSPEC_BASE_URL": url,
            "COSPEC_CONTROL_URL": f"{url}/_control",
            "COSPEC_PROVOKE": str(PROVOKE),
            "COSPEC_SEED": str(trial.seed),
            "COSPEC_PROFILE": trial.profile,
            "COSPEC_REPORTS": str(directory),
            "COSPEC_JOURNAL": str(directory),
        }
        said = _run_suite(directory / "said.txt", trial)
    report = directory / REPORT_NAME
    answer.send(report.read_text(encoding="utf-8") if report.is_file() else said)


def _run_suite(output: Path, trial: Trial) -> str:
    arguments = [str(ROOT / test) for test in trial.tests or ["contract_tests"]]
    arguments += ["-q", "--assert=plain", f"--rootdir={ROOT}", f"--stop-at={','.join(trial.stop_at)}"]
    arguments += [f"-pno:{name}" for name in ("cacheprovider", "unraisableexception", "threadexception")]
    with output.open("w", encoding="utf-8") as file, contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        pytest.main(arguments)
    return output.read_text(encoding="utf-8")


if __name__ == "__main__":
    print(carry_out(Trial(faults=tuple(sys.argv[1:]))))

"""Does the verdict on a right server depend on chance? Runs the suite against the mock with many seeds.

Prints what any run says but "conforms", and the sums. Exit status: 0 every run conforms, 1 not.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import mean

from scripts.trial import Trial, carry_out

SEEDS = 50


@dataclass(frozen=True)
class Run:
    """What the suite said with one seed."""

    seed: int
    wrong: list[str]
    """Why it does not say that the mock conforms; empty when it does."""
    warnings: list[str]
    """The assumptions that it found not to hold."""
    requests: int
    seconds: float


def try_seed(seed: int, *, colleague: bool = False) -> Run:
    """Run the whole suite against the mock; with a colleague, another client is at work in the same organization."""
    report = carry_out(Trial(seed=seed, colleague=colleague))
    if isinstance(report, str):
        return Run(seed, [report], [], 0, 0)
    broken = [rule for rule in report.rules if rule.broken]
    failing = [f"{rule.id}: {rule.evidence[0].seen}" for rule in broken if rule.fails_the_run]
    conforms = report.verdict.exit_status == 0
    return Run(
        seed,
        [] if conforms else [*failing, *report.verdict.reasons] or [report.verdict.outcome],
        [rule.id for rule in broken if not rule.fails_the_run],
        report.requests.total,
        report.seconds,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the seeds and tell which of them mislead the suite."""
    parser = argparse.ArgumentParser(prog="python -m scripts.flakiness", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=SEEDS, help="how many, with the seeds from 1 on (default: 50)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="at a time (default: %(default)s)")
    parser.add_argument("--colleague", action="store_true", help="while another client works in the organization")
    options = parser.parse_args(arguments)
    with ThreadPoolExecutor(options.jobs) as pool:
        runs = list(pool.map(partial(try_seed, colleague=options.colleague), range(1, options.runs + 1)))
    for run in runs:
        if run.wrong or run.warnings:
            print(f"seed {run.seed}: {'; '.join(run.wrong + [f'warns of {rule}' for rule in run.warnings])}")
    wrong = sum(bool(run.wrong or run.warnings) for run in runs)
    counts = [run.requests for run in runs]
    print(
        f"{len(runs) - wrong} of {len(runs)} runs say that the mock conforms, without a warning; "
        f"{min(counts)} to {max(counts)} requests, {mean(run.seconds for run in runs):.1f} seconds each"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""What does our own suite say of a mock, measured as the others are?"""

from __future__ import annotations

import sys

from mock_server.faults import FAULTS
from scripts.tools.tool import NothingSaid, Run, Tool
from scripts.trial import Trial, carry_out


def ask(run: Run) -> tuple[frozenset[str], int]:
    """Run the whole suite once. Only rules that state the broken promise count, and against variants what fails."""
    faults = () if run.fault is None else (run.fault,)
    variants = () if run.variant is None else (run.variant,)
    report = carry_out(Trial(faults=faults, variants=variants, seed=run.seed))
    if isinstance(report, str):
        raise NothingSaid(report)
    broken = {rule.id for rule in report.rules if rule.broken and (rule.fails_the_run or _is_assumed(run.fault))}
    if run.fault is not None:
        broken &= set(FAULTS[run.fault].rules)
    elif report.verdict.exit_status != 0:
        broken |= set(report.verdict.reasons)
    return frozenset(broken), report.requests.total


def _is_assumed(fault: str | None) -> bool:
    return fault is not None and FAULTS[fault].is_assumed


SUITE = Tool(
    name="suite",
    title="this suite",
    command=sys.executable,
    get="it is part of the project",
    how="the default verdict on the mock; a fault counts only when a rule breaks that states its promise",
    ask=ask,
    version=lambda _: "",
)

"""What a person reads: the heading before the run, the table and the failures after it."""

from __future__ import annotations

import math
import textwrap
import time
from collections.abc import Iterable, Sequence
from itertools import groupby

import pytest

from contract_tests.harness.exchange import Exchange, redact
from contract_tests.harness.results import Results
from contract_tests.harness.rules import Break
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings
from contract_tests.harness.target import Target
from contract_tests.harness.terminal import write
from contract_tests.harness.workers import name_of_key
from generated.contract import OPERATIONS, SOURCES

_SHOWN_OF_A_RULE = 3
_LINE = 110


def heading(config: pytest.Config, settings: Settings, session: Session) -> None:
    """Say what is tested."""
    keys = [redact(key) for key in settings.keys]
    if len(keys) > 1:
        keys = [f"{name_of_key(settings, worker)} {key}" for worker, key in enumerate(keys)]
    write(config, f"testing {settings.base_url} with {'key' if len(keys) == 1 else 'keys'} {', '.join(keys)}")
    moved = session.target.moves_its_clock
    clock = "moved instead of waited for" if moved else "real, so empty windows are waited out"
    write(config, f"profile {settings.profile}, seed {settings.seed}, clock {clock}")
    runs = settings.plan.runs
    if session.guard is not None:
        write(config, f"permission: {session.guard.permission}")
        if session.guard.permission.leaves_out is not None:
            write(config, f"not checked for that: {session.guard.permission.leaves_out}")
        runs = session.guard.permission.runs_of(runs)
    minutes = "" if moved else f" in about {counted(math.ceil(settings.minutes), 'minute')}"
    write(config, f"plan: at most {settings.plan.requests} requests{minutes}, of which {runs} start runs")


def counted(number: int, thing: str) -> str:
    """A number of things in words."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _runs(session: Session) -> str:
    return "" if session.guard is None else f", {counted(session.guard.started, 'run')}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} minutes" if seconds >= 60 else f"{seconds:.0f} seconds"


def brief(breaks: Sequence[Break]) -> str:
    """Name the broken rules of one test in a line each."""
    lines: dict[str, str] = {}
    for found in breaks:
        lines.setdefault(found.rule.id, f"{found.rule.id}: {redact(found.seen)}")
    return "\n".join(lines.values())


def evidence(seen: str, exchange: Exchange | None, target: Target) -> str:
    """Tell what was seen with the response and the command that repeats the request."""
    lines = [redact(seen)]
    if exchange is not None:
        lines += [exchange.summary(), target.curl(exchange.request)]
    return "\n".join(lines)


def summary(config: pytest.Config, session: Session, settings: Settings, seconds: float) -> None:
    """Write the table of subjects, each broken rule with what was seen and a curl line, and the verdict."""
    results = session.results
    _table(config, results)
    _not_checked(config, results)
    _problems(config, "WARNINGS: assumptions that do not hold here", results.warnings, session)
    _problems(config, "FAILURES: promises that the server breaks", results.failures, session)
    operations = {operation_id for operation_id, _, _ in results.seen if operation_id}
    checks = sum(result.held + len(result.breaks) for result in results.rules.values())
    write(config)
    write(
        config,
        f"{len(operations)} of {len(OPERATIONS)} operations, {len(results.rules)} rules, {checks} checks, "
        f"{results.requests} requests, {seconds:.1f} seconds, seed {settings.seed}",
    )
    files = ", ".join(
        f"{name.removeprefix('test_').removesuffix('.py') or 'start'} {count}"
        for name, count in results.requests_by_file.items()
    )
    write(config, f"requests by file: {files}")
    if results.requests_by_key:
        keys = ", ".join(f"{name} {count}" for name, count in results.requests_by_key.items())
        write(config, f"requests by key: {keys}")
    if session.guard is not None and session.guard.permission.most_runs is not None:
        write(config, f"runs started: {session.guard.started}, {session.guard.permission.most_runs} at the most")
    write(config, f"used: {results.requests} requests, {_minutes(seconds)}{_runs(session)}")
    write(config, verdict(results, settings))


def verdict(results: Results, settings: Settings) -> str:
    if results.has_failed:
        broken = len({found.rule.id for found in results.failures})
        return f"VERDICT: {settings.base_url} does not keep the contract: {broken} rule(s) broken."
    reasons = results.too_little_seen()
    if reasons:
        return f"VERDICT: nothing can be said of {settings.base_url}: " + "; ".join(map(redact, reasons[:5])) + "."
    if results.is_smoke and not results.saw_a_part:
        return f"VERDICT: {settings.base_url} keeps what PROFILE=smoke looks at."
    if results.saw_a_part:
        why = "".join(f", {reason}" for reason in results.withheld)
        return f"VERDICT: {settings.base_url} keeps what was checked; only a part of the contract was{why}."
    return f"VERDICT: {settings.base_url} keeps the contract."


def _table(config: pytest.Config, results: Results) -> None:
    write(config)
    write(config, f"{'subject':<18}{'held':>6}{'broken':>8}{'warned':>8}{'not checked':>13}")
    ordered = sorted(results.rules.values(), key=lambda result: result.rule.id)
    for subject, group in groupby(ordered, key=lambda result: result.rule.subject):
        members = list(group)
        broken = [result for result in members if result.outcome == "broken"]
        failed = sum(any(results.fails(found) for found in result.breaks) for result in broken)
        held = sum(result.outcome == "held" for result in members)
        unchecked = sum(result.outcome == "not checked" for result in members)
        write(config, f"{subject:<18}{held:>6}{failed:>8}{len(broken) - failed:>8}{unchecked:>13}")


def _problems(config: pytest.Config, title: str, breaks: Iterable[Break], session: Session) -> None:
    ordered = sorted(breaks, key=lambda found: found.rule.id)
    if not ordered:
        return
    write(config)
    write(config, title)
    for _, group in groupby(ordered, key=lambda found: found.rule.id):
        members = list(group)
        rule = members[0].rule
        write(config)
        write(config, f"  {rule.id}  ({rule.level}; {SOURCES[rule.source].title})")
        write(config, f"    promise: {rule.sentence}")
        shown: dict[tuple[str | None, str], Break] = {}
        for found in members:
            shown.setdefault((found.operation_id, found.seen), found)
        for found in list(shown.values())[:_SHOWN_OF_A_RULE]:
            asked = f"{found.operation_id}: " if found.operation_id and found.operation_id not in found.seen else ""
            write(config, f"    seen:    {asked}{found.seen}")
            if found.exchange is not None:
                write(config, f"             {found.exchange.summary()}")
                write(config, f"    repeat:  {session.target.curl(found.exchange.request)}")
        if len(shown) > _SHOWN_OF_A_RULE:
            write(config, f"    and {len(shown) - _SHOWN_OF_A_RULE} more like this")


def _not_checked(config: pytest.Config, results: Results) -> None:
    rules_by_reason: dict[str, list[str]] = {}
    for result in results.rules.values():
        if result.outcome == "not checked":
            rules_by_reason.setdefault("; ".join(result.reasons), []).append(result.rule.id)
    if not rules_by_reason:
        return
    write(config)
    write(config, "NOT CHECKED: what this target does not offer, or did not show")
    for reason, rule_ids in rules_by_reason.items():
        write(config)
        write(config, f"  {reason} ({len(rule_ids)}):")
        for line in textwrap.wrap(", ".join(rule_ids), _LINE, break_long_words=False, break_on_hyphens=False):
            write(config, f"    {line}")


class Stopwatch:
    """Seconds since the run began."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

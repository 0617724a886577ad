"""What do the suite's runs against faults and variants prove? Each judged; as data and as a table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, TypeVar

from contract_tests.harness.profiles import PLANS, Profile
from contract_tests.harness.report_data import Report
from mock_server.faults import Fault
from mock_server.variants import Variant
from scripts.trial import Trial, carry_out
from scripts.verdict import NOTHING_SAID

_TOGETHER = {False: 4, True: 8}
"""So many variants, or assumed faults, at the most are tried in one server; whether in the fast way."""
MILESTONES = (50, 100, 200, 400, 600)
"""After so many requests the curve tells how many faults were caught."""


@dataclass(frozen=True)
class Caught:
    """What became of one fault with one seed."""

    name: str
    promise: str
    source: str
    seed: int
    rule: str | None
    """The rule that caught it first; None: none that states the promise."""
    requests: int | None
    """How many requests had been sent by then."""
    seconds: float | None
    accidents: list[str]
    """The rules that broke, where none that states the promise did, or where the run fails for an assumption."""
    error: str | None
    """Why there is no report."""


@dataclass(frozen=True)
class Passed:
    """What became of one variant with one seed."""

    name: str
    choice: str
    seed: int
    passed: bool
    requests: int
    seconds: float
    broken: list[str]
    """The rules that fail the run."""
    warnings: list[str]
    """The assumptions that do not hold."""
    reasons: list[str]
    """Why nothing could be said."""


TestsOf = Mapping[str, Sequence[str]]
"""The tests that look at a rule, as pytest names them, by the rule's id."""


def tests_of_rules(seed: int) -> TestsOf:
    """Which tests look at which rule, as a run against the conforming mock tells.

    RuntimeError when it cannot be had or does not say that the mock conforms: nothing can be proved then.
    """
    report = carry_out(Trial(seed=seed))
    if isinstance(report, str):
        raise RuntimeError(report)
    if report.verdict.exit_status:
        broken = [rule.id for rule in report.rules if rule.fails_the_run]
        raise RuntimeError(f"The conforming mock does not pass: {', '.join([*broken, *report.verdict.reasons])}.")
    return {rule.id: rule.tests for rule in report.rules}


def try_fault(fault: Fault, seed: int, *, tests_of: TestsOf | None = None, profile: Profile = "standard") -> Caught:
    """Run the suite against a fault until a rule that states its promise is broken.

    With `tests_of` only the tests of these rules are run first, and all when that shows nothing: some see what other
    tests have done.
    """
    if tests_of is not None and all(tests_of.get(rule) for rule in fault.rules):
        row = _try_fault(fault, seed, [test for rule in fault.rules for test in tests_of[rule]], profile)
        if row.rule is not None:
            return row
    return _try_fault(fault, seed, (), profile)


def _try_fault(fault: Fault, seed: int, tests: Sequence[str], profile: Profile) -> Caught:
    report = carry_out(Trial(faults=(fault.name,), seed=seed, profile=profile, tests=tuple(tests), stop_at=fault.rules))
    told = (fault.name, fault.promise, fault.source, seed)
    if isinstance(report, str):
        return Caught(*told, rule=None, requests=None, seconds=None, accidents=[], error=report)
    broken = [rule for rule in report.rules if rule.broken]
    level = "should" if fault.is_assumed else "must"
    meant = [rule for rule in broken if rule.id in fault.rules and rule.level == level]
    if not meant:
        others = [f"{rule.id} ({rule.level})" for rule in broken]
        error = "; ".join(report.verdict.reasons) or None
        return Caught(*told, rule=None, requests=None, seconds=None, accidents=others, error=error)
    first = min(meant, key=lambda rule: rule.evidence[0].after_requests)
    found = first.evidence[0]
    return Caught(*told, first.id, found.after_requests, found.after_seconds, accidents=[], error=None)


def more_than_warnings(faults: Sequence[Fault], seed: int) -> dict[str, list[str]]:
    """What the whole suite makes of a server that does not share these assumptions: for each, the rules that fail the
    run and the reasons why it can say nothing. There must be none. Where there is one, each fault is tried alone.
    """
    report = carry_out(Trial(faults=tuple(fault.name for fault in faults), seed=seed))
    if isinstance(report, str):
        found = [report]
    else:
        excused = {rule for fault in faults for rule in fault.breaks_too}
        found = [f"{rule.id} ({rule.level})" for rule in report.rules if rule.fails_the_run and rule.id not in excused]
        found += report.verdict.reasons if report.verdict.exit_status == NOTHING_SAID else []
    if found and len(faults) > 1:
        return {name: more for fault in faults for name, more in more_than_warnings([fault], seed).items()}
    return {fault.name: found for fault in faults}


def try_variant(variant: Variant, seed: int) -> Passed:
    """Run the whole suite against a variant."""
    return try_variants([variant], seed)[0]


def try_variants(variants: Sequence[Variant], seed: int) -> list[Passed]:
    """Run the whole suite against a server that makes all these choices; against one for each where that fails, for
    not every choice goes with every other.
    """
    report = carry_out(Trial(variants=tuple(variant.name for variant in variants), seed=seed))
    failed = isinstance(report, str) or report.verdict.exit_status
    if failed and len(variants) > 1:
        return [try_variant(variant, seed) for variant in variants]
    return [_passed(variant, seed, report) for variant in variants]


def _passed(variant: Variant, seed: int, report: Report | str) -> Passed:
    told = (variant.name, variant.choice, seed)
    if isinstance(report, str):
        return Passed(*told, passed=False, requests=0, seconds=0, broken=[], warnings=[], reasons=[report])
    broken = [rule for rule in report.rules if rule.broken]
    return Passed(
        *told,
        passed=report.verdict.exit_status == 0,
        requests=report.requests.total,
        seconds=report.seconds,
        broken=[f"{rule.id}: {rule.evidence[0].seen}" for rule in broken if rule.fails_the_run],
        warnings=[rule.id for rule in broken if not rule.fails_the_run],
        reasons=report.verdict.reasons,
    )


@dataclass(frozen=True)
class Proof:
    """Everything that was tried."""

    seeds: list[int]
    seconds: float
    faults: list[Caught]
    variants: list[Passed]
    smoke: list[Caught] = field(default_factory=list)
    """The same faults with the profile `smoke` and the first seed; empty in the fast way."""

    @property
    def share_caught_by_smoke(self) -> float:
        return sum(caught.rule is not None for caught in self.smoke) / len(self.smoke) if self.smoke else 0.0

    @property
    def uncaught(self) -> list[Caught]:
        return [caught for caught in self.faults if caught.rule is None]

    @property
    def failed(self) -> list[Passed]:
        return [passed for passed in self.variants if not passed.passed]

    def share_caught_after(self, requests: int) -> float:
        """The share of faults, over all seeds, that were caught by then."""
        caught = sum(each.requests is not None and each.requests <= requests for each in self.faults)
        return caught / len(self.faults) if self.faults else 1.0


def prove(
    faults: Sequence[Fault],
    variants: Sequence[Variant],
    seeds: Sequence[int],
    *,
    fast: bool,
    jobs: int,
    progress: Callable[[int, int], object],
) -> Proof:
    """Try everything with every seed, `jobs` at a time. `progress` is told how much of how much is done.

    Each fault until it is caught; variants, and the faults that break an assumption, to the end, some of them together.
    `fast`: each fault against the tests of the rules that should catch it. RuntimeError when the conforming mock does
    not pass.
    """
    start = time.monotonic()
    tests_of = tests_of_rules(seeds[0]) if fast else None
    assumed = [fault for fault in faults if fault.is_assumed]
    with ThreadPoolExecutor(jobs) as pool:
        passed, more = [], []
        for seed in seeds:
            passed += [pool.submit(try_variants, some, seed) for some in _apart(variants, _TOGETHER[fast])]
            more += [(seed, pool.submit(more_than_warnings, some, seed)) for some in _apart(assumed, _TOGETHER[fast])]
        caught = [pool.submit(try_fault, fault, seed, tests_of=tests_of) for seed in seeds for fault in faults]
        smoke = [pool.submit(try_fault, fault, seeds[0], profile="smoke") for fault in faults if not fast]
        under_way: list[Future[Any]] = [*passed, *(each for _, each in more), *caught, *smoke]
        for done, _ in enumerate(as_completed(under_way), start=1):
            progress(done, len(under_way))
    accidents = {(name, seed): found for seed, each in more for name, found in each.result().items() if found}
    return Proof(
        list(seeds),
        round(time.monotonic() - start, 1),
        [_judged(each.result(), accidents) for each in caught],
        [row for each in passed for row in each.result()],
        [each.result() for each in smoke],
    )


def _judged(row: Caught, accidents: Mapping[tuple[str, int], list[str]]) -> Caught:
    """What was caught, unless the run fails for it although it is but assumed."""
    found = accidents.get((row.name, row.seed))
    return row if found is None else replace(row, rule=None, requests=None, seconds=None, accidents=found)


Tried = TypeVar("Tried", Fault, Variant)


def _apart(tried: Sequence[Tried], most: int) -> list[Sequence[Tried]]:
    """In groups of at most so many; neighbours, which often are about the same thing, come apart."""
    count = -(-len(tried) // most)
    return [tried[number::count] for number in range(count)]


def percent(share: float) -> str:
    """The share in whole percent, rounded down, so that 100 % means all."""
    return f"{int(share * 100)} %"


def as_markdown(proof: Proof) -> str:
    """The proof for people: what it comes to, the curve, and a row for each fault and variant."""
    caught, passed = len(proof.faults) - len(proof.uncaught), len(proof.variants) - len(proof.failed)
    seeds = ", ".join(map(str, proof.seeds))
    smoke = {row.name: row for row in proof.smoke}
    lines = [
        "# What the suite catches and what it leaves alone",
        "",
        f"Faults caught by a rule that states their promise: {caught} of {len(proof.faults)}.",
        f"Variants passed: {passed} of {len(proof.variants)}. Seeds: {seeds}.",
        "",
        "| requests | faults caught by then |",
        "| ---: | ---: |",
        *(f"| {count} | {percent(proof.share_caught_after(count))} |" for count in MILESTONES),
        "",
        "| profile | requests at the most | faults caught |",
        "| --- | ---: | ---: |",
        *_profile_rows(proof),
        "",
        "## Faults",
        "",
        "Requests and seconds until caught are medians over the seeds.",
        "",
        "| fault | the promise that it breaks | caught by | requests | seconds | requests with `smoke` |",
        "| --- | --- | --- | ---: | ---: | ---: |",
        *(_fault_row(rows, smoke.get(rows[0].name)) for rows in _by_name(proof.faults)),
        "",
        "## Variants",
        "",
        "| variant | what this server does | verdict | assumptions that it does not share |",
        "| --- | --- | --- | --- |",
        *(_variant_row(rows) for rows in _by_name(proof.variants)),
    ]
    return "\n".join(lines) + "\n"


Row = TypeVar("Row", Caught, Passed)


def _by_name(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each fault or variant together, in the order in which they first come."""
    named: dict[str, list[Row]] = {}
    for row in rows:
        named.setdefault(row.name, []).append(row)
    return list(named.values())


def _profile_rows(proof: Proof) -> list[str]:
    """What each profile that was tried has caught."""
    standard = 1 - len(proof.uncaught) / len(proof.faults) if proof.faults else 1.0
    shares: dict[Profile, float] = {"smoke": proof.share_caught_by_smoke} if proof.smoke else {}
    shares["standard"] = standard
    return [f"| {name} | {PLANS[name].requests} | {percent(share)} |" for name, share in shares.items()]


def _fault_row(rows: Sequence[Caught], smoke: Caught | None) -> str:
    first = rows[0]
    rules = sorted({row.rule or "**not caught**" for row in rows})
    requests = [row.requests for row in rows if row.requests is not None]
    seconds = [row.seconds for row in rows if row.seconds is not None]
    numbers = f"{median(requests):.0f} | {median(seconds):.1f}" if requests and seconds else "| "
    by_smoke = "" if smoke is None or smoke.requests is None else str(smoke.requests)
    return f"| {first.name} | {_cell(first.promise)} | {', '.join(rules)} | {numbers} | {by_smoke} |"


def _variant_row(rows: Sequence[Passed]) -> str:
    first = rows[0]
    verdict = "conforms" if all(row.passed for row in rows) else "**fails**"
    warnings = sorted({rule for row in rows for rule in row.warnings})
    return f"| {first.name} | {_cell(first.choice)} | {verdict} | {', '.join(warnings)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")

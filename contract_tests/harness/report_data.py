"""The report as data: one typed value that `reports/report.json` holds and other views can be drawn from.

Its JSON Schema is `contract_tests/report.schema.json`, written by `python -m contract_tests.harness.report_data`.
"""

from __future__ import annotations

import json
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from contract_tests.harness.exchange import redact
from contract_tests.harness.permission import Effect, Permission
from contract_tests.harness.results import Outcome, Results, RuleResult
from contract_tests.harness.rules import Break, Level
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings
from contract_tests.harness.target import Target
from generated.contract import OPERATIONS, SOURCES

SCHEMA_PATH = Path(__file__).parents[1] / "report.schema.json"
REPORT_NAME = "report.json"
_MOST_EVIDENCE = 5
"""How many breaks of one rule are shown."""


class _Data(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class Tool(_Data):
    """What made the report."""

    name: Literal["cospec-contract"] = "cospec-contract"
    schemathesis: str
    hypothesis: str


class TargetData(_Data):
    """The server under test."""

    base_url: str
    keys: dict[str, str] = Field(description="Which keys the target has, by setting, each shortened.")
    clock: Literal["moved", "real"]


class PauseData(_Data):
    """One wait for the next rate window."""

    used: int = Field(description="How many requests the window before had let pass.")
    allowed: int = Field(description="How many it lets pass.")
    seconds: float


class Requests(_Data):
    """What the run has cost."""

    total: int
    by_file: dict[str, int]
    by_key: dict[str, int] = Field(
        default={}, description="By the setting of the key, where the tests were spread over several."
    )
    unplanned_refusals: int = Field(description="Requests that were refused for the rate limit by surprise.")
    planned: int = Field(description="How many the profile plans at the most, on a server that keeps the contract.")
    pauses: list[PauseData] = Field(description="Each wait for a key's next rate window.")


class PermissionData(_Data):
    """What the run was permitted to do."""

    writes: bool
    runs: int | None = Field(description="How many runs might be started; None: as many as there was need for.")
    started: int = Field(description="How many runs were started, or may have been.")
    withheld: list[str] = Field(description="Why something was not sent that the rules wanted to send.")


class Verdict(_Data):
    """What the run says of the server."""

    outcome: Literal["conforms", "does not conform", "nothing can be said"]
    exit_status: Literal[0, 1, 2]
    partial: bool = Field(
        description="Whether only a part of the contract was looked at: not all was selected, or permitted."
    )
    reasons: list[str] = Field(description="Why nothing can be said; empty otherwise.")


class Evidence(_Data):
    """One thing that was seen against a rule. Keys and secrets are shortened."""

    seen: str
    after_requests: int = Field(description="How many requests had been sent, by its worker, when it was found.")
    after_seconds: float = Field(description="How long the run had lasted by then.")
    operation_id: str | None
    response: str | None = Field(description="Status and body, in one line.")
    curl: str | None = Field(
        description="The command that repeats the request; the keys are in the variables of their settings."
    )


class RuleData(_Data):
    """One promise and what became of it."""

    id: str
    subject: str
    level: Level
    source: str = Field(description="A name of the document's x-sources.")
    source_title: str
    sentence: str
    outcome: Outcome
    held: int = Field(description="How often it was looked at and held.")
    broken: int = Field(description="How often it was looked at and did not.")
    fails_the_run: bool
    reasons: list[str] = Field(description="Why it could not be checked, where it could not.")
    tests: list[str] = Field(
        description="The tests that looked at it, as pytest names them; none for a rule on every response."
    )
    evidence: list[Evidence]


class Observation(_Data):
    """What was seen of an operation with a status and a code: a row of the table of the document's answers."""

    operation_id: str | None = Field(description="None: what the document lacks.")
    status: int
    code: str | None
    headers: list[str] = Field(description="Which of the document's headers every one of these responses had.")
    count: int
    documented: bool


class Report(_Data):
    """Everything that a run has found out. A report without its verdict is none."""

    format: Literal[1] = 1
    tool: Tool
    target: TargetData
    profile: str
    seed: int
    strict: bool
    seconds: float
    requests: Requests
    permission: PermissionData
    rules: list[RuleData]
    observations: list[Observation]
    verdict: Verdict


def make_report(results: Results, session: Session, settings: Settings, seconds: float) -> Report:
    """Make the report of a run."""
    target, start = session.target, time.monotonic() - seconds
    return Report(
        tool=Tool(schemathesis=_version("schemathesis"), hypothesis=_version("hypothesis")),
        target=TargetData(
            base_url=target.base_url,
            keys={name: redact(key) for name, key in {**target.keys, **_listed(target)}.items()},
            clock="moved" if target.moves_its_clock else "real",
        ),
        profile=settings.profile,
        seed=settings.seed,
        strict=settings.strict,
        seconds=round(seconds, 3),
        requests=Requests(
            total=results.requests,
            by_file=dict(results.requests_by_file),
            by_key=dict(results.requests_by_key),
            unplanned_refusals=results.unplanned_429s,
            planned=settings.plan.requests,
            pauses=[
                PauseData(used=pause.used, allowed=pause.allowed, seconds=round(pause.seconds, 3))
                for pause in results.pauses
            ],
        ),
        permission=_permission(results, session),
        rules=[_rule(result, results, target, start) for _, result in sorted(results.rules.items())],
        observations=_observations(results),
        verdict=make_verdict(results),
    )


def _listed(target: Target) -> dict[str, str]:
    return {f"api_keys[{number}]": key for number, key in enumerate(target.listed, 1)}


def _permission(results: Results, session: Session) -> PermissionData:
    guard = session.guard
    permission = guard.permission if guard is not None else Permission()
    return PermissionData(
        writes=permission.no_writes is None,
        runs=permission.most_runs if permission.why_not(Effect.START) is None else 0,
        started=guard.started if guard is not None else 0,
        withheld=results.withheld,
    )


def make_verdict(results: Results) -> Verdict:
    """Say what the results mean for the server."""
    partial = results.saw_a_part
    if results.has_failed:
        return Verdict(outcome="does not conform", exit_status=1, partial=partial, reasons=[])
    reasons = [redact(reason) for reason in results.too_little_seen()]
    if reasons:
        return Verdict(outcome="nothing can be said", exit_status=2, partial=partial, reasons=reasons)
    return Verdict(outcome="conforms", exit_status=0, partial=partial, reasons=[])


def _rule(result: RuleResult, results: Results, target: Target, start: float) -> RuleData:
    rule = result.rule
    return RuleData(
        id=rule.id,
        subject=rule.subject,
        level=rule.level,
        source=rule.source,
        source_title=SOURCES[rule.source].title,
        sentence=rule.sentence,
        outcome=result.outcome,
        held=result.held,
        broken=len(result.breaks),
        fails_the_run=any(results.fails(found) for found in result.breaks),
        reasons=[redact(reason) for reason in result.reasons] if result.outcome == "not checked" else [],
        tests=sorted(result.tests),
        evidence=[_evidence(found, target, start) for found in result.breaks[:_MOST_EVIDENCE]],
    )


def _evidence(found: Break, target: Target, start: float) -> Evidence:
    exchange = found.exchange
    return Evidence(
        seen=redact(found.seen),
        after_requests=found.after_requests,
        after_seconds=round(found.found_at - start, 3),
        operation_id=found.operation_id,
        response=exchange.summary() if exchange else None,
        curl=target.curl(exchange.request) if exchange else None,
    )


def _observations(results: Results) -> list[Observation]:
    rows = []
    for (operation_id, status, code), seen in sorted(results.seen.items(), key=lambda item: str(item[0])):
        operation = OPERATIONS.get(operation_id or "")
        documented = operation is not None and (
            status == operation.success_status
            or (status in operation.problem_codes and (code in operation.problem_codes[status] or status == 503))
        )
        rows.append(
            Observation(
                operation_id=operation_id,
                status=status,
                code=None if code is None else redact(code),
                headers=sorted(seen.headers),
                count=seen.count,
                documented=documented,
            )
        )
    return rows


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def schema_text() -> str:
    """The JSON Schema of a report, as it stands in SCHEMA_PATH."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Report.model_json_schema(by_alias=True)}
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema_text(), encoding="utf-8")

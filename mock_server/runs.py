"""What may be asked of runs? The state of a run, the rules of starting and cancelling it, and the operations.

How its life goes is planned in `mock_server.run_life` and brought about in `mock_server.run_events`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from generated.contract import CONCURRENT_RUNS, RUN_DEFAULTS, SANDBOX_RATES_PER_MINUTE_USD, ProblemCode
from mock_server import run_life, run_logs, templates
from mock_server.calls import Answer, Call
from mock_server.clock import timestamp
from mock_server.identifiers import new_id
from mock_server.organization import Organization, Template, optional_timestamp
from mock_server.pagination import offset_page_of, page_of
from mock_server.problems import Refusal
from mock_server.repositories import RepositoryAddress, address_of
from mock_server.run_life import Guardrails, RunPlan
from mock_server.scenarios import MAGIC_OWNER, MAGIC_REPOSITORIES, Scenario, Word, words_of
from mock_server.usage import remaining_usd

UNFORESEEABLE_SECONDS = 10
"""What a refused create is told to wait when no active run ends by itself."""


@dataclass(eq=False, slots=True)
class Run:
    """A run. Times are Unix seconds. Whoever changes it calls `changed` afterwards."""

    id: str
    organization_id: str
    template_id: str
    template_slug: str
    repo: str
    repository: RepositoryAddress
    branch: str | None
    prompt: str
    words: frozenset[Word]
    model: str
    guardrails: Guardrails
    rate_per_minute_usd: float
    env_vars: dict[str, str]
    callback_url: str | None
    metadata: dict[str, str] | None
    created_at: float
    plan: RunPlan
    status: str = "pending"
    fail_reason: str | None = None
    error: dict[str, str] | None = None
    outputs: list[dict[str, Any]] = field(default_factory=list)
    usage: dict[str, Any] | None = None
    started_at: float | None = None
    completed_at: float | None = None
    cancel_requested_at: float | None = None
    callback_status: str | None = None
    _summary: orjson.Fragment | None = None

    @property
    def is_active(self) -> bool:
        """Whether it is pending or running."""
        return self.completed_at is None

    @property
    def cost_usd(self) -> float:
        """What it has cost so far; 0 until that is known."""
        return 0.0 if self.usage is None else float(self.usage["totalCostUsd"])

    @property
    def expected_end(self) -> float | None:
        """When it will end as things stand, None for never."""
        if self.cancel_requested_at is not None:
            return self.cancel_requested_at + run_life.cancelling_seconds(self.id)
        if self.plan.pending_seconds is None:
            return None
        return self.created_at + self.plan.pending_seconds + self.plan.running_seconds

    def changed(self) -> None:
        """Forgets what was written of the run before it changed."""
        self._summary = None

    def document(self) -> dict[str, Any]:
        """The document's Run."""
        return {
            "id": self.id,
            "organizationId": self.organization_id,
            "templateId": self.template_id,
            "templateSlug": self.template_slug,
            "repo": self.repo,
            "branch": self.branch,
            "prompt": self.prompt,
            "model": self.model,
            "guardrails": {
                "timeoutSeconds": self.guardrails.timeout_seconds,
                "maxTurns": self.guardrails.max_turns,
                "maxCostUsd": self.guardrails.max_cost_usd,
            },
            "envVars": self.env_vars,
            "status": self.status,
            "failReason": self.fail_reason,
            "outputs": self.outputs,
            "usage": self.usage,
            "error": self.error,
            "createdAt": timestamp(self.created_at),
            "startedAt": optional_timestamp(self.started_at),
            "completedAt": optional_timestamp(self.completed_at),
            "cancelRequestedAt": optional_timestamp(self.cancel_requested_at),
            "callbackUrl": self.callback_url,
            "callbackStatus": self.callback_status,
            "metadata": self.metadata,
        }

    def summary(self) -> orjson.Fragment:
        """The document's RunSummary, as JSON that is written once for each state of the run."""
        if self._summary is None:
            self._summary = orjson.Fragment(orjson.dumps(self._summary_document()))
        return self._summary

    def _summary_document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "repo": self.repo,
            "branch": self.branch,
            "prompt": self.prompt,
            "model": self.model,
            "status": self.status,
            "failReason": self.fail_reason,
            "templateSlug": self.template_slug,
            "createdAt": timestamp(self.created_at),
            "completedAt": optional_timestamp(self.completed_at),
            "outputs": [
                {name: value for name, value in output.items() if name != "content"} for output in self.outputs
            ],
            "usage": None if self.usage is None else {"totalCostUsd": self.usage["totalCostUsd"]},
        }


def new_run(
    organization: Organization,
    template: Template,
    repository: RepositoryAddress,
    body: dict[str, Any],
    now: float,
    run_id: str | None = None,
) -> Run:
    """A pending run of the organization, added to it. `body`: the document's RunCreate."""
    run_id = run_id or new_id("run")
    words = words_of(body["prompt"])
    guardrails = resolve_guardrails(body.get("guardrails", {}), template.guardrails)
    rate = SANDBOX_RATES_PER_MINUTE_USD[template.size]
    model = body.get("model", "sonnet")
    run = Run(
        id=run_id,
        organization_id=organization.id,
        template_id=template.id,
        template_slug=template.slug,
        repo=body["repo"],
        repository=repository,
        branch=body.get("branch"),
        prompt=body["prompt"],
        words=words,
        model=model,
        guardrails=guardrails,
        rate_per_minute_usd=rate,
        env_vars={**template.env_vars, **body.get("env", {})},
        callback_url=body.get("callbackUrl"),
        metadata=body.get("metadata"),
        created_at=now,
        plan=run_life.plan_run(run_id, model, words, guardrails, rate),
        callback_status="pending" if "callbackUrl" in body else None,
    )
    organization.runs[run.id] = run
    organization.active_runs[run.id] = run
    return run


def resolve_guardrails(own: dict[str, Any], template: dict[str, Any]) -> Guardrails:
    """The run's own values, else the template's (whose timeout is in minutes), else the defaults of the document."""
    minutes = template.get("timeoutMinutes")
    template_seconds = RUN_DEFAULTS.timeout_seconds if minutes is None else minutes * 60
    return Guardrails(
        max_turns=int(own.get("maxTurns", template.get("maxTurns", RUN_DEFAULTS.max_turns))),
        max_cost_usd=own.get("maxCostUsd", template.get("maxCostUsd", RUN_DEFAULTS.max_cost_usd)),
        timeout_seconds=int(own.get("timeoutSeconds", template_seconds)),
    )


def create_run(call: Call) -> Answer:
    """Operation createRun."""
    organization, body = call.organization, dict(call.body)
    template = templates.by_slug(organization, body["template"])
    if template is None:
        raise Refusal(ProblemCode.RUN_TEMPLATE_NOT_FOUND, "No template has this slug.")
    repository = _repository(body["repo"])
    _check_setup(organization, repository)
    if remaining_usd(organization) <= 0:
        raise Refusal(ProblemCode.USAGE_INSUFFICIENT_CREDITS, "The organization has no credits left.")
    if len(organization.active_runs) >= CONCURRENT_RUNS:
        raise Refusal(
            ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED,
            f"The organization has {len(organization.active_runs)} active runs.",
            retry_after_seconds=_seconds_until_one_ends(organization, call.now),
        )
    if repository.name in MAGIC_REPOSITORIES:
        code, _ = MAGIC_REPOSITORIES[repository.name]
        raise Refusal(code, "The repository asks the mock for this problem.")
    run = new_run(organization, template, repository, body, call.now)
    call.run_events.begin(organization, run)
    return Answer(201, {"id": run.id, "status": run.status, "createdAt": timestamp(run.created_at)})


def _repository(repo: str) -> RepositoryAddress:
    """The repository of a new run. Raises REPOSITORY_NOT_FOUND for what is no address, and for most of `mock/…`."""
    address = address_of(repo)
    if address is not None and address.name.partition("/")[0] == MAGIC_OWNER:
        code, _ = MAGIC_REPOSITORIES.get(address.name, (ProblemCode.REPOSITORY_NOT_FOUND, ""))
        address = None if code is ProblemCode.REPOSITORY_NOT_FOUND else address
    if address is None:
        raise Refusal(ProblemCode.REPOSITORY_NOT_FOUND, "The organization cannot reach this repository.")
    return address


def _check_setup(organization: Organization, repository: RepositoryAddress) -> None:
    """Raises what is missing in the organization's settings."""
    match organization.scenario:
        case Scenario.NO_ANTHROPIC_KEY:
            raise Refusal(ProblemCode.RUN_API_KEY_REQUIRED, "The organization has no Anthropic API key.")
        case Scenario.NO_GITHUB_APP if repository.provider == "github":
            raise Refusal(ProblemCode.RUN_GITHUB_APP_NOT_INSTALLED, "The GitHub App is not installed.")
        case Scenario.NO_GIT_PROVIDER:
            raise Refusal(ProblemCode.RUN_GIT_PROVIDER_NOT_INSTALLED, "No git provider is connected.")


def _seconds_until_one_ends(organization: Organization, now: float) -> int:
    ends = [end for run in organization.active_runs.values() if (end := run.expected_end) is not None]
    return max(1, math.ceil(min(ends) - now)) if ends else UNFORESEEABLE_SECONDS


def list_runs(call: Call) -> Answer:
    """Operation listRuns. Among equal costs the order is that of creation, reversed as the rest."""
    organization, query = call.organization, call.query
    runs: Sequence[Run] = _filtered(list(organization.runs.values()), query)
    if query["sortBy"] == "costUsd":
        runs = sorted(runs, key=lambda run: run.cost_usd)
    if query["order"] == "desc":
        runs = runs[::-1]
    page, pagination = page_of(runs, query)
    return Answer(
        200,
        {
            "data": [run.summary() for run in page],
            "pagination": pagination,
            "meta": {"activeCount": len(organization.active_runs), "hasEverRun": bool(organization.runs)},
        },
    )


def _filtered(runs: list[Run], query: Any) -> list[Run]:
    if (statuses := query["status"]) is not None:
        runs = [run for run in runs if run.status in statuses]
    if (search := query["search"]) is not None:
        text = search.casefold()
        runs = [run for run in runs if text in run.prompt.casefold()]
    if (template := query["template"]) is not None:
        runs = [run for run in runs if run.template_slug == template]
    if (model := query["model"]) is not None:
        runs = [run for run in runs if run.model == model]
    if (types := query["outputTypes"]) is not None:
        runs = [run for run in runs if any(output["type"] in types for output in run.outputs)]
    return runs


def _find(call: Call) -> Run:
    run = call.organization.runs.get(call.path["id"])
    if run is None:
        raise Refusal(ProblemCode.NOT_FOUND, "No run has this id.")
    return run


def get_run(call: Call) -> Answer:
    """Operation getRun."""
    return Answer(200, _find(call).document())


def list_run_logs(call: Call) -> Answer:
    """Operation listRunLogs."""
    records = run_logs.records(_find(call), call.now)
    if (category := call.query["category"]) is not None:
        records = [record for record in records if record["category"] == category]
    data, pagination = offset_page_of(records, call.query)
    return Answer(200, {"data": data, "pagination": pagination})


def cancel_run(call: Call) -> Answer:
    """Operation cancelRun. Asked again before the end it changes nothing."""
    run = _find(call)
    if not run.is_active:
        raise Refusal(ProblemCode.CONFLICT, f"The run has already ended: it is {run.status}.")
    if run.cancel_requested_at is None:
        call.run_events.cancel(call.organization, run, call.now)
    return Answer(200, run.document())

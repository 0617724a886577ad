"""The scenario of every client, in Python. Started by `make test-clients`."""

from __future__ import annotations

import json
import os
import urllib.request
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol, TypeVar

from cospec_client import AuthenticatedClient
from cospec_client.api.api_keys import get_current_api_key
from cospec_client.api.runs import cancel_run, create_run, get_run, list_runs
from cospec_client.api.templates import create_template, delete_template, get_template, update_template
from cospec_client.models import (
    ApiKey,
    BaseImage,
    BranchOutput,
    ConflictProblem,
    InsufficientCreditsProblem,
    InternalErrorProblem,
    InvalidRequestProblem,
    IssueOutput,
    OrchestratorErrorProblem,
    PullRequestOutput,
    Run,
    RunCreate,
    RunCreated,
    RunPage,
    RunRefusedProblem,
    RunStatus,
    RunUsage,
    SandboxUnavailableProblem,
    TemplateCreate,
    TemplateGuardrails,
    TemplateNotFoundProblem,
    TemplateReadonlyProblem,
    TemplateResult,
    TemplateSlugExistsProblem,
    TemplateUpdate,
    TextOutput,
    TooManyRequestsProblem,
    UnauthorizedProblem,
    UnknownRunOutput,
)
from cospec_client.types import UNSET, Response


class Problem(Protocol):
    """What every family of problems has."""

    @property
    def type_(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def status(self) -> int: ...


T = TypeVar("T")
P = TypeVar("P", bound=Problem)
URL = os.environ["COSPEC_URL"]
SLUG = "client-scenario"


def with_key(key: str, url: str = URL) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=url, token=key)


def holds(step: str) -> None:
    print(f"holds: {step}")


def parsed(response: Response[Any], kind: type[T], status: HTTPStatus) -> T:
    assert response.status_code == status, f"{response.status_code}: {response.content!r}"
    assert isinstance(response.parsed, kind), f"not read as {kind.__name__}: {response.content!r}"
    return response.parsed


def problem(response: Response[Any], kind: type[P], status: HTTPStatus, code: str) -> P:
    read = parsed(response, kind, status)
    assert read.type_ == code, read
    assert read.status == status, read
    assert read.title, read
    return read


def advance(seconds: int) -> None:
    body = json.dumps({"advanceSeconds": seconds}).encode()
    with urllib.request.urlopen(f"{URL}/_control/clock", data=body) as answer:
        assert answer.status == HTTPStatus.OK


def run_of(template: str, repo: str = "acme/storefront", prompt: str = "Go.") -> RunCreate:
    return RunCreate(repo=repo, prompt=prompt, template=template)


def main() -> None:
    client = with_key("csk_live_scenario")

    key = parsed(get_current_api_key.sync_detailed(client=client), ApiKey, HTTPStatus.OK)
    assert key.key_prefix.startswith("csk_live_")
    assert key.organization_id
    holds("who am I")

    wanted = TemplateCreate(
        slug=SLUG,
        name="Scenario",
        base_image=BaseImage.PYTHON_3_12,
        description="To be cleared.",
        guardrails=TemplateGuardrails(max_turns=40, max_cost_usd=2.5),
    )
    created = parsed(create_template.sync_detailed(client=client, body=wanted), TemplateResult, HTTPStatus.CREATED)
    assert created.template.slug == SLUG
    assert created.template.description == "To be cleared."
    assert created.template.guardrails.max_turns == 40
    assert created.template.guardrails.max_cost_usd == 2.5
    assert created.template.is_system is False
    holds("create a template")

    left = update_template.sync_detailed(SLUG, client=client, body=TemplateUpdate(name="Renamed"))
    assert parsed(left, TemplateResult, HTTPStatus.OK).template.description == "To be cleared."
    change = TemplateUpdate(description=None)
    assert change.name is UNSET
    cleared = parsed(update_template.sync_detailed(SLUG, client=client, body=change), TemplateResult, HTTPStatus.OK)
    assert cleared.template.description is None
    assert cleared.template.name == "Renamed"
    holds("update it with null")

    prompt = "Do it. [mock:pull-request] [mock:issue] [mock:branch]"
    asked = create_run.sync_detailed(client=client, body=run_of(SLUG, prompt=prompt))
    started = parsed(asked, RunCreated, HTTPStatus.CREATED)
    assert started.status == "pending"
    holds("start a run")

    run = parsed(get_run.sync_detailed(started.id, client=client), Run, HTTPStatus.OK)
    for _ in range(60):
        if run.status not in (RunStatus.PENDING, RunStatus.RUNNING):
            break
        advance(60)
        run = parsed(get_run.sync_detailed(started.id, client=client), Run, HTTPStatus.OK)
    assert run.status is RunStatus.COMPLETED
    assert run.fail_reason in (None, UNSET)
    assert run.guardrails.max_turns == 40
    holds("poll it to the end")

    outputs = {type(output): output for output in run.outputs}
    text, pull, issue, branch = (outputs[kind] for kind in (TextOutput, PullRequestOutput, IssueOutput, BranchOutput))
    assert isinstance(text, TextOutput)
    assert text.content
    assert isinstance(pull, PullRequestOutput)
    assert pull.number >= 1
    assert pull.url.startswith("https://")
    assert isinstance(issue, IssueOutput)
    assert issue.title
    assert isinstance(branch, BranchOutput)
    assert branch.name
    holds("read outputs of every kind")

    slow = parsed(create_run.sync_detailed(client=client, body=run_of(SLUG)), RunCreated, HTTPStatus.CREATED)
    stopped = parsed(cancel_run.sync_detailed(slow.id, client=client), Run, HTTPStatus.OK)
    assert isinstance(stopped.cancel_requested_at, datetime)
    assert stopped.cancel_requested_at >= stopped.created_at
    advance(60)
    late = cancel_run.sync_detailed(slow.id, client=client)
    problem(late, ConflictProblem, HTTPStatus.CONFLICT, "CONFLICT")
    holds("cancel a run")

    full = with_key("csk_live_full_scenario")
    seen: set[str] = set()
    page, pages = 1, 1
    while page <= pages:
        listed = parsed(list_runs.sync_detailed(client=full, page=page, limit=4), RunPage, HTTPStatus.OK)
        assert listed.pagination.page == page
        seen |= {summary.id for summary in listed.data}
        pages = listed.pagination.total_pages
        total = listed.pagination.total
        page += 1
    assert pages > 1
    assert len(seen) == total
    assert listed.meta.active_count == 10
    holds("page through a list")

    wrong = TemplateCreate(slug="Not A Slug", name="", base_image=BaseImage.NODE_22)
    refused = create_template.sync_detailed(client=client, body=wrong)
    invalid = problem(refused, InvalidRequestProblem, HTTPStatus.BAD_REQUEST, "VALIDATION_FAILED")
    assert invalid.errors
    assert {error.field for error in invalid.errors} == {"slug", "name"}
    assert all(error.code and error.message for error in invalid.errors)
    holds("problem VALIDATION_FAILED")

    def create(key: str, template: str = SLUG, repo: str = "acme/storefront") -> Response[Any]:
        return create_run.sync_detailed(client=with_key(key), body=run_of(template, repo))

    own = "csk_live_scenario"
    problem(create(own, "missing"), RunRefusedProblem, HTTPStatus.BAD_REQUEST, "RUN_TEMPLATE_NOT_FOUND")
    holds("problem RUN_TEMPLATE_NOT_FOUND")
    revoked = get_current_api_key.sync_detailed(client=with_key("csk_live_revoked_scenario"))
    problem(revoked, UnauthorizedProblem, HTTPStatus.UNAUTHORIZED, "API_KEY_INVALID")
    holds("problem API_KEY_INVALID")
    poor = create("csk_live_no_credits_scenario", "node-default")
    problem(poor, InsufficientCreditsProblem, HTTPStatus.PAYMENT_REQUIRED, "USAGE_INSUFFICIENT_CREDITS")
    holds("problem USAGE_INSUFFICIENT_CREDITS")
    system = update_template.sync_detailed("node-default", client=client, body=TemplateUpdate(name="Mine"))
    problem(system, TemplateReadonlyProblem, HTTPStatus.FORBIDDEN, "TEMPLATE_SYSTEM_READONLY")
    holds("problem TEMPLATE_SYSTEM_READONLY")
    missing = get_template.sync_detailed("missing", client=client)
    problem(missing, TemplateNotFoundProblem, HTTPStatus.NOT_FOUND, "TEMPLATE_NOT_FOUND")
    holds("problem TEMPLATE_NOT_FOUND")
    again = create_template.sync_detailed(client=client, body=wanted)
    problem(again, TemplateSlugExistsProblem, HTTPStatus.CONFLICT, "TEMPLATE_SLUG_EXISTS")
    holds("problem TEMPLATE_SLUG_EXISTS")
    limited = get_current_api_key.sync_detailed(client=with_key("csk_live_rate_limited_scenario"))
    problem(limited, TooManyRequestsProblem, HTTPStatus.TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED")
    holds("problem RATE_LIMIT_EXCEEDED")
    failed = get_current_api_key.sync_detailed(client=with_key("csk_live_internal_error_scenario"))
    problem(failed, InternalErrorProblem, HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR")
    holds("problem INTERNAL_ERROR")
    broken = create(own, repo="mock/orchestrator-error")
    problem(broken, OrchestratorErrorProblem, HTTPStatus.BAD_GATEWAY, "RUN_ORCHESTRATOR_ERROR")
    holds("problem RUN_ORCHESTRATOR_ERROR")
    away = create(own, repo="mock/unavailable")
    problem(away, SandboxUnavailableProblem, HTTPStatus.SERVICE_UNAVAILABLE, "SANDBOX_UNAVAILABLE")
    holds("problem SANDBOX_UNAVAILABLE")

    assert 0 <= int(limited.headers["Retry-After"]) <= 60
    assert int(limited.headers["X-RateLimit-Limit"]) == 200
    assert int(limited.headers["X-RateLimit-Remaining"]) == 0
    assert int(limited.headers["X-RateLimit-Reset"]) > 1_000_000_000
    holds("wait as a refused request says")

    deleted = delete_template.sync_detailed(SLUG, client=client)
    assert deleted.status_code == HTTPStatus.NO_CONTENT
    gone = get_template.sync_detailed(SLUG, client=client)
    problem(gone, TemplateNotFoundProblem, HTTPStatus.NOT_FOUND, "TEMPLATE_NOT_FOUND")
    holds("delete")

    later = with_key("csk_live_scenario", os.environ["COSPEC_LATER_URL"])
    strange = parsed(get_run.sync_detailed("run_later", client=later), Run, HTTPStatus.OK)
    assert strange.status == "paused"
    assert strange.status not in (RunStatus.PENDING, RunStatus.RUNNING)
    assert strange.model.name == "UNKNOWN"
    assert strange.additional_properties == {"laterMember": {"deep": [1, None]}}
    assert isinstance(strange.usage, RunUsage)
    assert strange.usage.total_cost_usd == 0.9195
    kinds = [type(output) for output in strange.outputs]
    assert kinds == [TextOutput, PullRequestOutput, IssueOutput, BranchOutput, UnknownRunOutput]
    unknown = strange.outputs[-1]
    assert isinstance(unknown, UnknownRunOutput)
    assert unknown.type_ == "later-kind"
    assert unknown.additional_properties["eventId"] == "evt_99"
    archived = get_template.sync_detailed("archived", client=later)
    problem(archived, TemplateNotFoundProblem, HTTPStatus.NOT_FOUND, "TEMPLATE_ARCHIVED")
    holds("unknown members, values and kinds")


if __name__ == "__main__":
    main()

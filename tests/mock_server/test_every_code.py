"""Each problem code and status is one ordinary request away, and so is all that the document says of each operation.

The tables are meant to be read: which key and which request bring about what.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
import requests

import mock_server
from generated.contract import OPERATIONS, PROBLEMS, Operation, ProblemCode
from tests.mock_server import documented

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDINARY, FULL = "ordinary", "full"
RUN = {"repo": "acme/storefront", "prompt": "Fix the failing test.", "template": "node-default"}
TEMPLATE = {"slug": "checkout", "name": "Checkout", "baseImage": "node-22"}
WEBHOOK = {"url": "https://hooks.acme.example/new", "events": ["run.completed"]}

numbers = itertools.count()


@dataclass(frozen=True)
class Ask:
    """A request: who asks (what the key's NAME starts with; None: nobody), and for what."""

    who: str | None
    method: str
    target: str
    body: object = None
    raw_body: bytes | None = None

    def __str__(self) -> str:
        return f"{self.who or 'nobody'} {self.method} {self.target}"


CODES: dict[ProblemCode | None, Ask] = {
    ProblemCode.AUTH_UNAUTHORIZED: Ask(None, "GET", "/v1/runs"),
    ProblemCode.API_KEY_INVALID: Ask("revoked", "GET", "/v1/runs"),
    ProblemCode.RUN_TEMPLATE_NOT_FOUND: Ask(ORDINARY, "POST", "/v1/runs", RUN | {"template": "missing"}),
    ProblemCode.RUN_API_KEY_REQUIRED: Ask("no_anthropic", "POST", "/v1/runs", RUN),
    ProblemCode.RUN_GITHUB_APP_NOT_INSTALLED: Ask("no_github_app", "POST", "/v1/runs", RUN),
    ProblemCode.RUN_GIT_PROVIDER_NOT_INSTALLED: Ask("no_git_provider", "POST", "/v1/runs", RUN),
    ProblemCode.RUN_ORCHESTRATOR_ERROR: Ask(ORDINARY, "POST", "/v1/runs", RUN | {"repo": "mock/orchestrator-error"}),
    ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED: Ask(FULL, "POST", "/v1/runs", RUN),
    ProblemCode.TEMPLATE_NOT_FOUND: Ask(ORDINARY, "GET", "/v1/templates/missing"),
    ProblemCode.TEMPLATE_SLUG_EXISTS: Ask(FULL, "POST", "/v1/templates", TEMPLATE | {"slug": "in-use"}),
    ProblemCode.TEMPLATE_SYSTEM_READONLY: Ask(ORDINARY, "PATCH", "/v1/templates/node-default", {"name": "Mine"}),
    ProblemCode.TEMPLATE_HAS_RUNNING_SANDBOXES: Ask(FULL, "DELETE", "/v1/templates/in-use"),
    ProblemCode.WEBHOOK_NOT_FOUND: Ask(ORDINARY, "DELETE", "/v1/webhooks/wh_missing"),
    ProblemCode.WEBHOOK_LIMIT_EXCEEDED: Ask(FULL, "POST", "/v1/webhooks", WEBHOOK),
    ProblemCode.WEBHOOK_URL_DUPLICATE: Ask(
        FULL, "POST", "/v1/webhooks", WEBHOOK | {"url": "https://hooks.full.example/1"}
    ),
    ProblemCode.REPOSITORY_NOT_FOUND: Ask(ORDINARY, "POST", "/v1/runs", RUN | {"repo": "mock/missing"}),
    ProblemCode.USAGE_INSUFFICIENT_CREDITS: Ask("no_credits", "POST", "/v1/runs", RUN),
    ProblemCode.VALIDATION_FAILED: Ask(ORDINARY, "GET", "/v1/runs?limit=0"),
    ProblemCode.BAD_REQUEST: Ask(ORDINARY, "POST", "/v1/runs", raw_body=b"{"),
    ProblemCode.NOT_FOUND: Ask(ORDINARY, "GET", "/v1/runs/run_missing"),
    ProblemCode.CONFLICT: Ask(FULL, "POST", "/v1/runs/run_full_ended/cancel"),
    ProblemCode.RATE_LIMIT_EXCEEDED: Ask("rate_limited", "GET", "/v1/runs"),
    ProblemCode.INTERNAL_ERROR: Ask("internal_error", "GET", "/v1/runs"),
    None: Ask(ORDINARY, "POST", "/v1/runs", RUN | {"repo": "mock/unavailable"}),
}
"""One request for each code; None is the status that no listed code has."""

SUCCESSES: dict[str, list[Ask]] = {
    "createRun": [Ask(ORDINARY, "POST", "/v1/runs", RUN)],
    "listRuns": [Ask(ORDINARY, "GET", "/v1/runs")],
    "getRun": [Ask(FULL, "GET", "/v1/runs/run_full_ended")],
    "listRunLogs": [Ask(FULL, "GET", "/v1/runs/run_full_ended/logs")],
    "cancelRun": [Ask(FULL, "POST", "/v1/runs/run_full_active_1/cancel")],
    "createTemplate": [Ask(ORDINARY, "POST", "/v1/templates", TEMPLATE)],
    "listTemplates": [Ask(ORDINARY, "GET", "/v1/templates")],
    "getTemplate": [Ask(ORDINARY, "GET", "/v1/templates/node-default")],
    "updateTemplate": [Ask(FULL, "PATCH", "/v1/templates/in-use", {"description": None})],
    "deleteTemplate": [
        Ask(ORDINARY, "POST", "/v1/templates", TEMPLATE),
        Ask(ORDINARY, "DELETE", "/v1/templates/checkout"),
    ],
    "createWebhook": [Ask(ORDINARY, "POST", "/v1/webhooks", WEBHOOK)],
    "listWebhooks": [Ask(FULL, "GET", "/v1/webhooks")],
    "deleteWebhook": [Ask(FULL, "DELETE", "/v1/webhooks/wh_full_1")],
    "getCredits": [Ask(ORDINARY, "GET", "/v1/usage/credits")],
    "getUsage": [Ask(ORDINARY, "GET", "/v1/usage/detailed")],
    "listUsageLogs": [Ask(ORDINARY, "GET", "/v1/usage/logs")],
    "getCurrentApiKey": [Ask(ORDINARY, "GET", "/v1/api-keys/me")],
    "listRepositories": [Ask(ORDINARY, "GET", "/v1/repositories")],
}
"""The requests that lead to each operation's success; the last one is the operation's."""

EVERYWHERE: dict[ProblemCode, str | None] = {
    ProblemCode.AUTH_UNAUTHORIZED: None,
    ProblemCode.API_KEY_INVALID: "revoked",
    ProblemCode.RATE_LIMIT_EXCEEDED: "rate_limited",
    ProblemCode.INTERNAL_ERROR: "internal_error",
}
"""Who is answered so by every operation."""

ELSEWHERE: dict[tuple[str, ProblemCode], Ask] = {
    ("createRun", ProblemCode.VALIDATION_FAILED): Ask(ORDINARY, "POST", "/v1/runs", {}),
    ("listRunLogs", ProblemCode.VALIDATION_FAILED): Ask(FULL, "GET", "/v1/runs/run_full_ended/logs?limit=251"),
    ("listRunLogs", ProblemCode.NOT_FOUND): Ask(ORDINARY, "GET", "/v1/runs/run_missing/logs"),
    ("cancelRun", ProblemCode.NOT_FOUND): Ask(ORDINARY, "POST", "/v1/runs/run_missing/cancel"),
    ("createTemplate", ProblemCode.VALIDATION_FAILED): Ask(ORDINARY, "POST", "/v1/templates", {}),
    ("createTemplate", ProblemCode.BAD_REQUEST): Ask(ORDINARY, "POST", "/v1/templates", raw_body=b"nonsense"),
    ("listTemplates", ProblemCode.VALIDATION_FAILED): Ask(ORDINARY, "GET", "/v1/templates?limit=101"),
    ("updateTemplate", ProblemCode.VALIDATION_FAILED): Ask(FULL, "PATCH", "/v1/templates/in-use", {"name": ""}),
    ("updateTemplate", ProblemCode.BAD_REQUEST): Ask(FULL, "PATCH", "/v1/templates/in-use", raw_body=b""),
    ("updateTemplate", ProblemCode.TEMPLATE_NOT_FOUND): Ask(ORDINARY, "PATCH", "/v1/templates/missing", {}),
    ("deleteTemplate", ProblemCode.TEMPLATE_SYSTEM_READONLY): Ask(ORDINARY, "DELETE", "/v1/templates/node-default"),
    ("deleteTemplate", ProblemCode.TEMPLATE_NOT_FOUND): Ask(ORDINARY, "DELETE", "/v1/templates/missing"),
    ("createWebhook", ProblemCode.VALIDATION_FAILED): Ask(ORDINARY, "POST", "/v1/webhooks", WEBHOOK | {"events": []}),
    ("createWebhook", ProblemCode.BAD_REQUEST): Ask(ORDINARY, "POST", "/v1/webhooks", raw_body=b"[]"),
    ("listUsageLogs", ProblemCode.VALIDATION_FAILED): Ask(ORDINARY, "GET", "/v1/usage/logs?startDate=yesterday"),
    ("listRepositories", ProblemCode.VALIDATION_FAILED): Ask(ORDINARY, "GET", "/v1/repositories?page=x"),
}
"""What `CODES` brings about on one operation, on the others that have it."""


def triples() -> list[tuple[Operation, int, ProblemCode | None]]:
    """Every operation with every problem that the document says of it."""
    return [
        (operation, status, code)
        for operation in OPERATIONS.values()
        for status, codes in operation.problem_codes.items()
        for code in codes or (None,)
    ]


def ask_for(operation: Operation, code: ProblemCode | None) -> Ask:
    """The request that is answered with this code by this operation."""
    if code in EVERYWHERE:
        return replace(SUCCESSES[operation.operation_id][-1], who=EVERYWHERE[code])
    if code is not None and (operation.operation_id, code) in ELSEWHERE:
        return ELSEWHERE[operation.operation_id, code]
    return CODES[code]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with mock_server.running() as url:
        yield url


def send(url: str, ask: Ask, number: int) -> documented.Response:
    """Send a request of the `number`th organization of its kind; the answer is one that the document has."""
    headers = {"Authorization": f"Bearer csk_live_{ask.who}_{number}"} if ask.who else {}
    data = ask.raw_body
    if ask.body is not None:
        data = json.dumps(ask.body).encode()
    if data is not None:
        headers["Content-Type"] = "application/json"
    answer = requests.request(ask.method, url + ask.target, data=data, headers=headers, timeout=10)
    lower = {name.lower(): value for name, value in answer.headers.items()}
    response = documented.Response(ask.method, ask.target, answer.status_code, lower, answer.content)
    documented.check(response)
    return response


def test_the_table_has_every_code() -> None:
    assert set(CODES) == {*ProblemCode, None}
    assert len(ProblemCode) == 23


@pytest.mark.parametrize(("code", "ask"), CODES.items(), ids=str)
def test_each_code_is_one_request_away(url: str, code: ProblemCode | None, ask: Ask) -> None:
    response = send(url, ask, next(numbers))
    if code is None:
        assert response.status == 503
    else:
        assert (response.status, response.code) == (PROBLEMS[code].status, code)


def test_the_codes_bring_about_every_documented_status(url: str) -> None:
    statuses = {send(url, ask, next(numbers)).status for ask in CODES.values()}
    assert statuses == {status for _, status, _ in triples()}
    assert len(statuses) == 10


@pytest.mark.parametrize(
    ("operation", "status", "code"), triples(), ids=lambda value: getattr(value, "operation_id", None)
)
def test_each_problem_of_each_operation_is_one_request_away(
    url: str, operation: Operation, status: int, code: ProblemCode | None
) -> None:
    ask = ask_for(operation, code)
    response = send(url, ask, next(numbers))
    assert documented.operation_of(ask.method, ask.target) == operation
    assert response.status == status
    if code is not None:
        assert response.code == code


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_each_operation_succeeds(url: str, operation_id: str) -> None:
    number = next(numbers)
    responses = [send(url, ask, number) for ask in SUCCESSES[operation_id]]
    assert documented.operation_of(responses[-1].method, responses[-1].path) == OPERATIONS[operation_id]
    assert responses[-1].status == OPERATIONS[operation_id].success_status


def test_no_request_stands_in_the_tables_in_vain() -> None:
    documented_pairs = {(operation.operation_id, code) for operation, _, code in triples()}
    assert set(ELSEWHERE) <= documented_pairs
    for operation_id, code in ELSEWHERE:
        ask = CODES[code]
        assert documented.operation_of(ask.method, ask.target) != OPERATIONS[operation_id], (operation_id, code)

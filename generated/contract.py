"""The tables of the contract that code needs: operations, problem codes, limits, header names.

Generated from openapi/cospec.yaml by `make generate`: do not edit. Request and response bodies are in
`generated.models`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal


class ProblemCode(StrEnum):
    """The codes of problems: the names of `x-problem-catalogue`."""

    AUTH_UNAUTHORIZED = "AUTH_UNAUTHORIZED"
    API_KEY_INVALID = "API_KEY_INVALID"
    RUN_TEMPLATE_NOT_FOUND = "RUN_TEMPLATE_NOT_FOUND"
    RUN_API_KEY_REQUIRED = "RUN_API_KEY_REQUIRED"
    RUN_GITHUB_APP_NOT_INSTALLED = "RUN_GITHUB_APP_NOT_INSTALLED"
    RUN_GIT_PROVIDER_NOT_INSTALLED = "RUN_GIT_PROVIDER_NOT_INSTALLED"
    RUN_ORCHESTRATOR_ERROR = "RUN_ORCHESTRATOR_ERROR"
    CONCURRENT_RUN_LIMIT_EXCEEDED = "CONCURRENT_RUN_LIMIT_EXCEEDED"
    TEMPLATE_NOT_FOUND = "TEMPLATE_NOT_FOUND"
    TEMPLATE_SLUG_EXISTS = "TEMPLATE_SLUG_EXISTS"
    TEMPLATE_SYSTEM_READONLY = "TEMPLATE_SYSTEM_READONLY"
    TEMPLATE_HAS_RUNNING_SANDBOXES = "TEMPLATE_HAS_RUNNING_SANDBOXES"
    WEBHOOK_NOT_FOUND = "WEBHOOK_NOT_FOUND"
    WEBHOOK_LIMIT_EXCEEDED = "WEBHOOK_LIMIT_EXCEEDED"
    WEBHOOK_URL_DUPLICATE = "WEBHOOK_URL_DUPLICATE"
    REPOSITORY_NOT_FOUND = "REPOSITORY_NOT_FOUND"
    USAGE_INSUFFICIENT_CREDITS = "USAGE_INSUFFICIENT_CREDITS"
    VALIDATION_FAILED = "VALIDATION_FAILED"
    BAD_REQUEST = "BAD_REQUEST"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class Header(StrEnum):
    """The names of the headers under `components/headers`."""

    RATE_LIMIT_LIMIT = "X-RateLimit-Limit"
    RATE_LIMIT_REMAINING = "X-RateLimit-Remaining"
    RATE_LIMIT_RESET = "X-RateLimit-Reset"
    RETRY_AFTER = "Retry-After"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact comes from (`x-sources`), and so how much a server that breaks it is to blame."""

    name: str
    """As `x-source` names it."""
    title: str
    level: Literal["must", "should"]
    """`must`: published. `should`: assumed, so a server that differs may be right."""


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One entry of the catalogue of problems (`x-problem-catalogue`)."""

    code: ProblemCode
    """The problem's `type`."""
    status: int
    """The one HTTP status that the code comes with, also the problem's `status`."""
    title: str
    """What the problem's `title` starts with."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document's `paths`."""

    operation_id: str
    method: str
    """Upper case."""
    path: str
    """With its parameters in braces."""
    source: str
    """A name of `SOURCES`: where method and path come from (the operation's `x-source`)."""
    success_status: int
    success_source: str
    """A name of `SOURCES`: where the success status comes from (that response's `x-source`)."""
    problem_codes: Mapping[int, tuple[ProblemCode, ...]] = field(hash=False)
    """The codes of each documented problem status; empty for a status without a listed code."""


@dataclass(frozen=True, slots=True)
class RunDefaults:
    """The guardrails of a run where neither the run nor its template sets them (`x-run-defaults`)."""

    max_turns: int
    max_cost_usd: float
    timeout_seconds: int


SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {
        "overview": Source(name="overview", title="the published API overview", level="must"),
        "reference": Source(name="reference", title="the published API reference page of the operation", level="must"),
        "guide": Source(
            name="guide", title="a published guide (runs, templates, webhooks, billing, keys)", level="must"
        ),
        "node": Source(name="node", title="what the official n8n node sends and reads", level="must"),
        "assumed": Source(name="assumed", title="our assumption where everything published is silent", level="should"),
    }
)
"""The sources of facts, by name (`x-sources`)."""

PROBLEMS: Final[Mapping[ProblemCode, ProblemKind]] = MappingProxyType(
    {
        ProblemCode.AUTH_UNAUTHORIZED: ProblemKind(
            code=ProblemCode.AUTH_UNAUTHORIZED, status=401, title="Authentication required"
        ),
        ProblemCode.API_KEY_INVALID: ProblemKind(code=ProblemCode.API_KEY_INVALID, status=401, title="Invalid API key"),
        ProblemCode.RUN_TEMPLATE_NOT_FOUND: ProblemKind(
            code=ProblemCode.RUN_TEMPLATE_NOT_FOUND, status=400, title="Template not found"
        ),
        ProblemCode.RUN_API_KEY_REQUIRED: ProblemKind(
            code=ProblemCode.RUN_API_KEY_REQUIRED, status=400, title="Anthropic API key required"
        ),
        ProblemCode.RUN_GITHUB_APP_NOT_INSTALLED: ProblemKind(
            code=ProblemCode.RUN_GITHUB_APP_NOT_INSTALLED, status=400, title="GitHub App not installed"
        ),
        ProblemCode.RUN_GIT_PROVIDER_NOT_INSTALLED: ProblemKind(
            code=ProblemCode.RUN_GIT_PROVIDER_NOT_INSTALLED, status=400, title="Git provider not connected"
        ),
        ProblemCode.RUN_ORCHESTRATOR_ERROR: ProblemKind(
            code=ProblemCode.RUN_ORCHESTRATOR_ERROR, status=502, title="Failed to start run"
        ),
        ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED: ProblemKind(
            code=ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED,
            status=429,
            title="Too many active runs — wait for existing runs to complete",
        ),
        ProblemCode.TEMPLATE_NOT_FOUND: ProblemKind(
            code=ProblemCode.TEMPLATE_NOT_FOUND, status=404, title="Template not found"
        ),
        ProblemCode.TEMPLATE_SLUG_EXISTS: ProblemKind(
            code=ProblemCode.TEMPLATE_SLUG_EXISTS, status=409, title="A template with this slug already exists"
        ),
        ProblemCode.TEMPLATE_SYSTEM_READONLY: ProblemKind(
            code=ProblemCode.TEMPLATE_SYSTEM_READONLY, status=403, title="System templates cannot be modified"
        ),
        ProblemCode.TEMPLATE_HAS_RUNNING_SANDBOXES: ProblemKind(
            code=ProblemCode.TEMPLATE_HAS_RUNNING_SANDBOXES,
            status=409,
            title="Cannot delete template with running sandboxes",
        ),
        ProblemCode.WEBHOOK_NOT_FOUND: ProblemKind(
            code=ProblemCode.WEBHOOK_NOT_FOUND, status=404, title="Webhook not found"
        ),
        ProblemCode.WEBHOOK_LIMIT_EXCEEDED: ProblemKind(
            code=ProblemCode.WEBHOOK_LIMIT_EXCEEDED,
            status=409,
            title="Maximum number of webhooks reached (25 per organization)",
        ),
        ProblemCode.WEBHOOK_URL_DUPLICATE: ProblemKind(
            code=ProblemCode.WEBHOOK_URL_DUPLICATE, status=409, title="A webhook with this URL already exists"
        ),
        ProblemCode.REPOSITORY_NOT_FOUND: ProblemKind(
            code=ProblemCode.REPOSITORY_NOT_FOUND, status=404, title="Repository not found"
        ),
        ProblemCode.USAGE_INSUFFICIENT_CREDITS: ProblemKind(
            code=ProblemCode.USAGE_INSUFFICIENT_CREDITS, status=402, title="Insufficient credits to perform this action"
        ),
        ProblemCode.VALIDATION_FAILED: ProblemKind(
            code=ProblemCode.VALIDATION_FAILED, status=400, title="Validation failed"
        ),
        ProblemCode.BAD_REQUEST: ProblemKind(code=ProblemCode.BAD_REQUEST, status=400, title="Bad request"),
        ProblemCode.NOT_FOUND: ProblemKind(code=ProblemCode.NOT_FOUND, status=404, title="Resource not found"),
        ProblemCode.CONFLICT: ProblemKind(code=ProblemCode.CONFLICT, status=409, title="Resource conflict"),
        ProblemCode.RATE_LIMIT_EXCEEDED: ProblemKind(
            code=ProblemCode.RATE_LIMIT_EXCEEDED, status=429, title="Too many requests — back off and retry"
        ),
        ProblemCode.INTERNAL_ERROR: ProblemKind(
            code=ProblemCode.INTERNAL_ERROR, status=500, title="An unexpected error occurred"
        ),
    }
)
"""Each problem's status and title, by code (`x-problem-catalogue`)."""

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType(
    {
        "listRuns": Operation(
            operation_id="listRuns",
            method="GET",
            path="/v1/runs",
            source="reference",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    400: (ProblemCode.VALIDATION_FAILED,),
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "createRun": Operation(
            operation_id="createRun",
            method="POST",
            path="/v1/runs",
            source="reference",
            success_status=201,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    400: (
                        ProblemCode.VALIDATION_FAILED,
                        ProblemCode.BAD_REQUEST,
                        ProblemCode.RUN_TEMPLATE_NOT_FOUND,
                        ProblemCode.RUN_API_KEY_REQUIRED,
                        ProblemCode.RUN_GITHUB_APP_NOT_INSTALLED,
                        ProblemCode.RUN_GIT_PROVIDER_NOT_INSTALLED,
                    ),
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    402: (ProblemCode.USAGE_INSUFFICIENT_CREDITS,),
                    404: (ProblemCode.REPOSITORY_NOT_FOUND,),
                    429: (
                        ProblemCode.RATE_LIMIT_EXCEEDED,
                        ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED,
                    ),
                    500: (ProblemCode.INTERNAL_ERROR,),
                    502: (ProblemCode.RUN_ORCHESTRATOR_ERROR,),
                    503: (),
                }
            ),
        ),
        "getRun": Operation(
            operation_id="getRun",
            method="GET",
            path="/v1/runs/{id}",
            source="reference",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    404: (ProblemCode.NOT_FOUND,),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "listRunLogs": Operation(
            operation_id="listRunLogs",
            method="GET",
            path="/v1/runs/{id}/logs",
            source="reference",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    400: (ProblemCode.VALIDATION_FAILED,),
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    404: (ProblemCode.NOT_FOUND,),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "cancelRun": Operation(
            operation_id="cancelRun",
            method="POST",
            path="/v1/runs/{id}/cancel",
            source="assumed",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    404: (ProblemCode.NOT_FOUND,),
                    409: (ProblemCode.CONFLICT,),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "listTemplates": Operation(
            operation_id="listTemplates",
            method="GET",
            path="/v1/templates",
            source="node",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    400: (ProblemCode.VALIDATION_FAILED,),
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "createTemplate": Operation(
            operation_id="createTemplate",
            method="POST",
            path="/v1/templates",
            source="reference",
            success_status=201,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    400: (
                        ProblemCode.VALIDATION_FAILED,
                        ProblemCode.BAD_REQUEST,
                    ),
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    409: (ProblemCode.TEMPLATE_SLUG_EXISTS,),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "getTemplate": Operation(
            operation_id="getTemplate",
            method="GET",
            path="/v1/templates/{idOrSlug}",
            source="reference",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    404: (ProblemCode.TEMPLATE_NOT_FOUND,),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "deleteTemplate": Operation(
            operation_id="deleteTemplate",
            method="DELETE",
            path="/v1/templates/{idOrSlug}",
            source="guide",
            success_status=204,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    403: (ProblemCode.TEMPLATE_SYSTEM_READONLY,),
                    404: (ProblemCode.TEMPLATE_NOT_FOUND,),
                    409: (ProblemCode.TEMPLATE_HAS_RUNNING_SANDBOXES,),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "updateTemplate": Operation(
            operation_id="updateTemplate",
            method="PATCH",
            path="/v1/templates/{idOrSlug}",
            source="reference",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    400: (
                        ProblemCode.VALIDATION_FAILED,
                        ProblemCode.BAD_REQUEST,
                    ),
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    403: (ProblemCode.TEMPLATE_SYSTEM_READONLY,),
                    404: (ProblemCode.TEMPLATE_NOT_FOUND,),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "listWebhooks": Operation(
            operation_id="listWebhooks",
            method="GET",
            path="/v1/webhooks",
            source="reference",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "createWebhook": Operation(
            operation_id="createWebhook",
            method="POST",
            path="/v1/webhooks",
            source="reference",
            success_status=201,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    400: (
                        ProblemCode.VALIDATION_FAILED,
                        ProblemCode.BAD_REQUEST,
                    ),
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    409: (
                        ProblemCode.WEBHOOK_LIMIT_EXCEEDED,
                        ProblemCode.WEBHOOK_URL_DUPLICATE,
                    ),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "deleteWebhook": Operation(
            operation_id="deleteWebhook",
            method="DELETE",
            path="/v1/webhooks/{id}",
            source="node",
            success_status=204,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    404: (ProblemCode.WEBHOOK_NOT_FOUND,),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "getCredits": Operation(
            operation_id="getCredits",
            method="GET",
            path="/v1/usage/credits",
            source="guide",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "getUsage": Operation(
            operation_id="getUsage",
            method="GET",
            path="/v1/usage/detailed",
            source="reference",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "listUsageLogs": Operation(
            operation_id="listUsageLogs",
            method="GET",
            path="/v1/usage/logs",
            source="reference",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    400: (ProblemCode.VALIDATION_FAILED,),
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "getCurrentApiKey": Operation(
            operation_id="getCurrentApiKey",
            method="GET",
            path="/v1/api-keys/me",
            source="reference",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
        "listRepositories": Operation(
            operation_id="listRepositories",
            method="GET",
            path="/v1/repositories",
            source="node",
            success_status=200,
            success_source="assumed",
            problem_codes=MappingProxyType(
                {
                    400: (ProblemCode.VALIDATION_FAILED,),
                    401: (
                        ProblemCode.AUTH_UNAUTHORIZED,
                        ProblemCode.API_KEY_INVALID,
                    ),
                    429: (ProblemCode.RATE_LIMIT_EXCEEDED,),
                    500: (ProblemCode.INTERNAL_ERROR,),
                }
            ),
        ),
    }
)
"""The operations of `paths`, by operationId, in the document's order."""


RATE_LIMIT_REQUESTS: Final = 200
"""Requests that one API key may send in a window, all operations together (`x-rate-limit`)."""

RATE_LIMIT_WINDOW_SECONDS: Final = 60
"""The length of a window (`x-rate-limit`)."""

CONCURRENT_RUNS: Final = 10
"""Runs of an organization that may be pending or running at a time (`x-limits`)."""

WEBHOOKS_PER_ORGANIZATION: Final = 25
"""Webhooks that an organization may have (`x-limits`)."""

RUN_DEFAULTS: Final = RunDefaults(
    max_turns=100,
    max_cost_usd=5.0,
    timeout_seconds=1800,
)
"""The guardrails of last resort (`x-run-defaults`)."""

SANDBOX_RATES_PER_MINUTE_USD: Final[Mapping[str, float]] = MappingProxyType(
    {
        "s": 0.01,
        "m": 0.03,
        "l": 0.06,
    }
)
"""What a minute of sandbox time costs, in USD, by size (`x-sandbox-rates`)."""

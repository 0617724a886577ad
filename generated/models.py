"""Pydantic models of the bodies of requests, responses and events.

Generated from openapi/cospec.yaml by `make generate`: do not edit.

Read an answer with `Run.model_validate_json(body)`; members that the document does not name are ignored. The unions
`RunOutput`, `RunSummaryOutput` and `RunEvent` are types, not classes: read one alone with
`TypeAdapter(RunEvent).validate_json(body)`. Write a request with
`request.model_dump_json(by_alias=True, exclude_unset=True)`: what was never set stays out, and a null that was set
goes in. Where models and schemas still differ is listed in tests/test_models.py.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime
from pydantic import BaseModel as _BaseModel
from pydantic import ConfigDict, Field, StrictBool, StrictFloat, StrictInt
from typing_extensions import TypeAliasType


class BaseModel(_BaseModel):
    model_config = ConfigDict(
        validate_by_name=True,
        use_attribute_docstrings=True,
    )


class FieldError(BaseModel):
    """What was wrong with one member of the body or one parameter."""

    field: str
    """A dotted path into the body, or the parameter's name."""
    message: str
    """What is wrong, in words."""
    code: str
    """What is wrong, as a code."""


PageNumber = TypeAliasType("PageNumber", Annotated[StrictInt, Field(ge=1, le=10000)])
"""A page, counted from 1."""


PageLimit = TypeAliasType("PageLimit", Annotated[StrictInt, Field(ge=1, le=100)])
"""How many items a page holds at the most."""


class Pagination(BaseModel):
    """Where the page stands in the list."""

    page: Annotated[StrictInt, Field(ge=1)]
    """The page that was asked for."""
    limit: Annotated[StrictInt, Field(ge=1)]
    """The limit that was asked for."""
    total: Annotated[StrictInt, Field(ge=0)]
    """How many items the list has, filters applied."""
    total_pages: Annotated[StrictInt, Field(alias="totalPages", ge=0)]
    """How many pages of this limit the list has."""


class OffsetPagination(BaseModel):
    """Where the page stands in the list of log records."""

    limit: Annotated[StrictInt, Field(ge=1)]
    """The limit that was asked for."""
    offset: Annotated[StrictInt, Field(ge=0)]
    """The offset that was asked for."""
    total: Annotated[StrictInt, Field(ge=0)]
    """How many records the list has, filters applied."""


class Model(StrEnum):
    """The model that the agent uses."""

    SONNET = "sonnet"
    OPUS = "opus"
    HAIKU = "haiku"


class RunStatus(StrEnum):
    """
    The state of a run: from `pending` to `running` to one of the ends `completed`, `failed` and `cancelled`. A
    pending run may end directly; an ended run never changes.

    """

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class OutputType(StrEnum):
    """What kind of thing a run has made."""

    TEXT = "text"
    PR = "pr"
    ISSUE = "issue"
    BRANCH = "branch"


class FailReason(StrEnum):
    """Why a run has failed."""

    ERROR = "error"
    MAX_TURNS = "max_turns"
    MAX_COST = "max_cost"
    TIMEOUT = "timeout"


class LogCategory(StrEnum):
    """What part of a run a log record speaks of."""

    SYSTEM = "system"
    GIT = "git"
    AGENT = "agent"
    FILESYSTEM = "filesystem"
    GITHUB = "github"
    WEB = "web"
    MCP = "mcp"
    ERROR = "error"


StringMap = TypeAliasType("StringMap", dict[str, str])
"""Names and their values."""


RunMetadata = TypeAliasType("RunMetadata", Annotated[dict[str, str], Field(max_length=50)])
"""Names and values of your own, at most 50 and 4 KB of JSON. They come back with the run."""


class RunGuardrails(BaseModel):
    """Where the run is stopped. What is left out comes from the template, and else from the defaults."""

    max_turns: Annotated[StrictInt | None, Field(alias="maxTurns", ge=1, le=1000)] = None
    """How many turns the agent may take."""
    max_cost_usd: Annotated[StrictFloat | None, Field(alias="maxCostUsd", ge=0.01, le=1000.0)] = None
    """What the run may cost, in USD."""
    timeout_seconds: Annotated[StrictInt | None, Field(alias="timeoutSeconds", ge=30, le=3600)] = None
    """How long the run may take, in seconds."""


class ResolvedGuardrails(BaseModel):
    """Where the run is stopped, the template's values and the defaults filled in."""

    timeout_seconds: Annotated[StrictInt, Field(alias="timeoutSeconds", ge=1)]
    """How long the run may take, in seconds."""
    max_turns: Annotated[StrictInt, Field(alias="maxTurns", ge=1)]
    """How many turns the agent may take."""
    max_cost_usd: Annotated[StrictFloat, Field(alias="maxCostUsd", gt=0.0)]
    """What the run may cost, in USD."""


class RunCreated(BaseModel):
    """An accepted run."""

    id: Annotated[str, Field(min_length=1)]
    """The run's id."""
    status: Literal["pending"]
    """Always pending."""
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    """When the run was created."""


class TextOutput(BaseModel):
    """A text that the agent has written."""

    type: Literal["text"]
    event_id: Annotated[str, Field(alias="eventId")]
    """The event that made it."""
    content: str
    """The text."""


class TextOutputSummary(BaseModel):
    """A text that the agent has written, without its content, which `getRun` shows."""

    type: Literal["text"]
    event_id: Annotated[str, Field(alias="eventId")]
    """The event that made it."""


class PullRequestOutput(BaseModel):
    """A pull request that the agent has opened."""

    type: Literal["pr"]
    event_id: Annotated[str | None, Field(alias="eventId")] = None
    """The event that made it."""
    url: str
    """Its page."""
    title: str
    """Its title."""
    number: Annotated[StrictInt, Field(ge=1)]
    """Its number."""


class IssueOutput(BaseModel):
    """An issue that the agent has opened."""

    type: Literal["issue"]
    event_id: Annotated[str | None, Field(alias="eventId")] = None
    """The event that made it."""
    url: str
    """Its page."""
    title: str
    """Its title."""
    number: Annotated[StrictInt, Field(ge=1)]
    """Its number."""


class BranchOutput(BaseModel):
    """A branch that the agent has pushed."""

    type: Literal["branch"]
    event_id: Annotated[str | None, Field(alias="eventId")] = None
    """The event that made it."""
    name: Annotated[str, Field(min_length=1)]
    """Its name."""


class RunSummaryUsage(BaseModel):
    """What a run has cost."""

    total_cost_usd: Annotated[StrictFloat, Field(alias="totalCostUsd", ge=0.0)]
    """All its costs, in USD."""


class AgentUsage(BaseModel):
    """What the agent of a run has used."""

    cost_usd: Annotated[StrictFloat, Field(alias="costUsd", ge=0.0)]
    """What it has cost, in USD."""
    num_turns: Annotated[StrictFloat, Field(alias="numTurns", ge=0.0)]
    """The turns that it took."""
    duration_seconds: Annotated[StrictFloat, Field(alias="durationSeconds", ge=0.0)]
    """How long it worked, in seconds."""
    input_tokens: Annotated[StrictFloat, Field(alias="inputTokens", ge=0.0)]
    """Tokens read."""
    output_tokens: Annotated[StrictFloat, Field(alias="outputTokens", ge=0.0)]
    """Tokens written."""
    cache_read_tokens: Annotated[StrictFloat, Field(alias="cacheReadTokens", ge=0.0)]
    """Tokens read from the cache."""
    cache_creation_tokens: Annotated[StrictFloat, Field(alias="cacheCreationTokens", ge=0.0)]
    """Tokens written to the cache."""
    context_window_size: Annotated[StrictFloat, Field(alias="contextWindowSize", ge=0.0)]
    """How many tokens the model's context holds."""
    effective_context_tokens: Annotated[StrictFloat, Field(alias="effectiveContextTokens", ge=0.0)]
    """How many tokens of it were in use."""


class SandboxUsage(BaseModel):
    """What the sandbox of a run has used."""

    cost_usd: Annotated[StrictFloat, Field(alias="costUsd", ge=0.0)]
    """What it has cost, in USD."""
    duration_seconds: Annotated[StrictFloat, Field(alias="durationSeconds", ge=0.0)]
    """How long it was up, in seconds."""
    rate_per_minute_usd: Annotated[StrictFloat, Field(alias="ratePerMinuteUsd", ge=0.0)]
    """What a minute costs, in USD."""
    waived: StrictBool
    """Whether the cost was waived, as it is when the platform failed."""


class RunError(BaseModel):
    """What went wrong in a run."""

    code: Annotated[str, Field(min_length=1)]
    """What went wrong, as a code, such as RUN_RESOURCE_LIMIT_EXCEEDED."""
    message: str
    """What went wrong, in words."""
    detail: str | None = None
    """More about it."""


class CallbackStatus(StrEnum):
    """What became of a run's callback."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"


class RunPageMeta(BaseModel):
    """The organization's runs as a whole, whatever the filters."""

    active_count: Annotated[StrictInt, Field(alias="activeCount", ge=0)]
    """How many runs are pending or running."""
    has_ever_run: Annotated[StrictBool, Field(alias="hasEverRun")]
    """Whether there was ever a run."""


class RunLog(BaseModel):
    """Something that happened in a run."""

    id: Annotated[str, Field(min_length=1)]
    """The record's id."""
    event_type: Annotated[str, Field(alias="eventType", min_length=1)]
    """What happened."""
    category: LogCategory
    timestamp: AwareDatetime
    """When it happened."""
    data: dict[str, Any]
    """More about it."""


class RunLogPage(BaseModel):
    """One page of log records."""

    data: list[RunLog]
    """The records, the oldest first."""
    pagination: OffsetPagination


TemplateSlug = TypeAliasType(
    "TemplateSlug",
    Annotated[
        str,
        Field(
            max_length=64,
            min_length=1,
            pattern="^[a-z0-9][a-z0-9-]*[a-z0-9]$|^[a-z0-9]$",
        ),
    ],
)
"""The template's name in runs and addresses."""


TemplateName = TypeAliasType("TemplateName", Annotated[str, Field(max_length=100, min_length=1)])
"""The template's name for people."""


class BaseImage(StrEnum):
    """What the sandbox is made from."""

    NODE_22 = "node-22"
    PYTHON_3_12 = "python-3.12"
    PHP_8_3 = "php-8.3"


class SandboxSize(StrEnum):
    """How big the sandbox is. A minute costs 0.01, 0.03 or 0.06 USD for s, m or l."""

    S = "s"
    M = "m"
    L = "l"


EgressDomain = TypeAliasType(
    "EgressDomain",
    Annotated[
        str,
        Field(
            max_length=255,
            pattern="^(\\*\\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
        ),
    ],
)
"""
A host name that the sandbox may reach, or with a leading `*.` all names below it. IP addresses, localhost and
names under `.local` and `.internal` are refused.

"""


EgressDomains = TypeAliasType("EgressDomains", Annotated[list[EgressDomain], Field(max_length=20)])
"""The hosts that the sandbox may reach."""


class TemplateGuardrails(BaseModel):
    """Where the runs of the template are stopped. What is left out comes from the defaults."""

    max_turns: Annotated[StrictInt | None, Field(alias="maxTurns", ge=1, le=1000)] = None
    """How many turns the agent may take."""
    max_cost_usd: Annotated[StrictFloat | None, Field(alias="maxCostUsd", ge=0.01, le=1000.0)] = None
    """What a run may cost, in USD."""
    timeout_minutes: Annotated[StrictInt | None, Field(alias="timeoutMinutes", ge=1, le=60)] = None
    """How long a run may take, in minutes."""


class TemplateCreate(BaseModel):
    """A template to create."""

    slug: TemplateSlug
    name: TemplateName
    base_image: Annotated[BaseImage, Field(alias="baseImage")]
    description: Annotated[str | None, Field(max_length=500)] = None
    """What the template is for."""
    env_vars: Annotated[StringMap | None, Field(alias="envVars")] = None
    """Environment variables of the sandbox."""
    guardrails: TemplateGuardrails | None = None
    egress_domains: Annotated[EgressDomains | None, Field(alias="egressDomains")] = None
    size: SandboxSize = SandboxSize.M


class TemplateUpdate(BaseModel):
    """What to change in a template. A given member replaces the old one whole."""

    name: TemplateName | None = None
    description: Annotated[str | None, Field(max_length=500)] = None
    """What the template is for. Null clears it."""
    env_vars: Annotated[StringMap | None, Field(alias="envVars")] = None
    """Environment variables of the sandbox."""
    guardrails: TemplateGuardrails | None = None
    egress_domains: Annotated[EgressDomains | None, Field(alias="egressDomains")] = None
    size: SandboxSize | None = None


TemplateEgressDomain = TypeAliasType("TemplateEgressDomain", Annotated[str, Field(min_length=1)])


class TemplateGuardrailsSet(BaseModel):
    """Where the runs of the template are stopped, as far as the template sets it."""

    max_turns: Annotated[StrictInt | None, Field(alias="maxTurns", ge=1)] = None
    """How many turns the agent may take."""
    max_cost_usd: Annotated[StrictFloat | None, Field(alias="maxCostUsd", gt=0.0)] = None
    """What a run may cost, in USD."""
    timeout_minutes: Annotated[StrictInt | None, Field(alias="timeoutMinutes", ge=1)] = None
    """How long a run may take, in minutes."""


class WebhookEvent(StrEnum):
    """What a webhook tells of."""

    RUN_COMPLETED = "run.completed"
    RUN_FAILED = "run.failed"
    RUN_CANCELLED = "run.cancelled"


class WebhookCreate(BaseModel):
    """A webhook to register."""

    url: Annotated[str, Field(max_length=2048, pattern="^https://")]
    """Where the deliveries are sent. https only."""
    events: Annotated[list[WebhookEvent], Field(min_length=1)]
    """What is delivered."""


class WebhookCreated(BaseModel):
    """A new webhook with its secret."""

    id: Annotated[str, Field(min_length=1)]
    """The webhook's id."""
    url: str
    """Where the deliveries are sent."""
    events: Annotated[list[WebhookEvent], Field(min_length=1)]
    """What is delivered."""
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    """When it was registered."""
    secret: Annotated[str, Field(pattern="^whsec_[A-Za-z0-9+/]+={0,2}$")]
    """What the deliveries are signed with. Shown only here."""


class DeliveryStatus(StrEnum):
    """What became of a delivery."""

    SUCCESS = "success"
    FAILED = "failed"


DeliveryId = TypeAliasType("DeliveryId", Annotated[str, Field(min_length=1)])
"""The delivery's id, the same each time that it is sent again."""


DeliveryTimestamp = TypeAliasType("DeliveryTimestamp", Annotated[StrictInt, Field(ge=0)])
"""When an attempt was sent, in Unix seconds. Refuse it when it is more than 5 minutes off."""


DeliverySignature = TypeAliasType(
    "DeliverySignature",
    Annotated[str, Field(pattern="^v1,[A-Za-z0-9+/]+={0,2}( v1[a-z]*,[A-Za-z0-9+/]+={0,2})*$")],
)
"""
`v1,` and the base64 of the HMAC-SHA256 over `id.timestamp.body`, keyed with what follows `whsec_` in the
webhook's secret, decoded from base64. Several signatures are separated by blanks.

"""


class Credits(BaseModel):
    """An organization's credits."""

    credits_usd: Annotated[StrictFloat, Field(alias="creditsUsd")]
    """All credits that were granted or bought, in USD."""
    used_usd: Annotated[StrictFloat, Field(alias="usedUsd", ge=0.0)]
    """What was used of them, in USD."""
    remaining_usd: Annotated[StrictFloat, Field(alias="remainingUsd")]
    """What is left of them, in USD."""


class MonthUsage(BaseModel):
    """What an organization used in the current month."""

    sandbox_seconds: Annotated[StrictFloat, Field(alias="sandboxSeconds", ge=0.0)]
    """Sandbox time, in seconds."""
    sandbox_cost_usd: Annotated[StrictFloat, Field(alias="sandboxCostUsd", ge=0.0)]
    """What the sandbox time cost, in USD."""
    runs_count: Annotated[StrictInt, Field(alias="runsCount", ge=0)]
    """How many runs there were."""


class Usage(BaseModel):
    """An organization's credits and usage."""

    organization: Credits
    current_month: Annotated[MonthUsage, Field(alias="currentMonth")]


class ResourceType(StrEnum):
    """What a usage record speaks of."""

    SANDBOX = "sandbox"
    CREDIT_GRANT = "credit_grant"


class UsageLogMetadata(BaseModel):
    """What a usage record says beside the numbers."""

    template_id: Annotated[str | None, Field(alias="templateId")] = None
    """The template of the sandbox."""
    template_slug: Annotated[str | None, Field(alias="templateSlug")] = None
    """The slug of that template."""
    sandbox_name: Annotated[str | None, Field(alias="sandboxName")] = None
    """The sandbox's name."""
    reason: str | None = None
    """Why credits were granted."""
    waive_reason: Annotated[str | None, Field(alias="waiveReason")] = None
    """Why the cost was waived."""
    waived_cost_usd: Annotated[StrictFloat | None, Field(alias="waivedCostUsd", ge=0.0)] = None
    """What it would have cost, in USD."""


class ApiKey(BaseModel):
    """An API key, without the key itself."""

    id: Annotated[str, Field(min_length=1)]
    """The key's id."""
    name: str
    """What its owner calls it."""
    key_prefix: Annotated[str, Field(alias="keyPrefix", pattern="^csk_live_")]
    """How the key begins."""
    organization_id: Annotated[str, Field(alias="organizationId", min_length=1)]
    """Whose key it is."""


class GitProvider(StrEnum):
    """Where a repository is hosted."""

    GITHUB = "github"
    GITLAB = "gitlab"


class Repository(BaseModel):
    """A repository that runs can be started in."""

    full_name: Annotated[str, Field(alias="fullName", pattern="^[^/\\s]+(/[^/\\s]+)+$")]
    """Its name, `owner/repo`."""
    id: str | None = None
    """Its id."""
    provider: GitProvider | None = None
    """Where it is hosted."""
    default_branch: Annotated[str | None, Field(alias="defaultBranch")] = None
    """The branch that runs start from."""
    private: StrictBool | None = None
    """Whether it is private."""


class RepositoryPage(BaseModel):
    """One page of repositories."""

    data: list[Repository]
    """The repositories."""
    pagination: Pagination


class Problem(BaseModel):
    """What went wrong, after RFC 9457."""

    type: Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$")]
    """The code, a bare word."""
    title: Annotated[str, Field(min_length=1)]
    """The code in words, the same for every problem of the code."""
    status: StrictInt
    """The HTTP status."""
    detail: str | None = None
    """What was wrong with this request."""
    instance: str | None = None
    """The path of the request."""
    request_id: Annotated[str | None, Field(alias="requestId")] = None
    """The id to quote to support."""
    errors: list[FieldError] | None = None
    """What was wrong with which field. Always there, and not empty, when the code is VALIDATION_FAILED."""


class InvalidParametersProblem(Problem):
    """A query parameter breaks its schema."""

    type: Literal["VALIDATION_FAILED"]
    """The code, a bare word."""
    status: Literal[400]
    """The HTTP status."""


class InvalidRequestProblem(Problem):
    """The body is not a JSON object or breaks its schema."""

    type: Literal["VALIDATION_FAILED", "BAD_REQUEST"]
    """The code, a bare word."""
    status: Literal[400]
    """The HTTP status."""


class RunRefusedProblem(Problem):
    """The run cannot be started as asked, or the organization is not set up for it."""

    type: Literal[
        "VALIDATION_FAILED",
        "BAD_REQUEST",
        "RUN_TEMPLATE_NOT_FOUND",
        "RUN_API_KEY_REQUIRED",
        "RUN_GITHUB_APP_NOT_INSTALLED",
        "RUN_GIT_PROVIDER_NOT_INSTALLED",
    ]
    """The code, a bare word."""
    status: Literal[400]
    """The HTTP status."""


class UnauthorizedProblem(Problem):
    """No bearer token, or one that is no valid API key."""

    type: Literal["AUTH_UNAUTHORIZED", "API_KEY_INVALID"]
    """The code, a bare word."""
    status: Literal[401]
    """The HTTP status."""


class InsufficientCreditsProblem(Problem):
    """The organization has no credits left for a run."""

    type: Literal["USAGE_INSUFFICIENT_CREDITS"]
    """The code, a bare word."""
    status: Literal[402]
    """The HTTP status."""


class TemplateReadonlyProblem(Problem):
    """The template is one of the system's."""

    type: Literal["TEMPLATE_SYSTEM_READONLY"]
    """The code, a bare word."""
    status: Literal[403]
    """The HTTP status."""


class NotFoundProblem(Problem):
    """Nothing of the organization's has this id, or the API has no such path or method."""

    type: Literal["NOT_FOUND"]
    """The code, a bare word."""
    status: Literal[404]
    """The HTTP status."""


class RepositoryNotFoundProblem(Problem):
    """The organization's git connections do not reach the repository."""

    type: Literal["REPOSITORY_NOT_FOUND"]
    """The code, a bare word."""
    status: Literal[404]
    """The HTTP status."""


class TemplateNotFoundProblem(Problem):
    """Neither the organization nor the system has a template with this id or slug."""

    type: Literal["TEMPLATE_NOT_FOUND"]
    """The code, a bare word."""
    status: Literal[404]
    """The HTTP status."""


class WebhookNotFoundProblem(Problem):
    """No webhook of the organization has this id."""

    type: Literal["WEBHOOK_NOT_FOUND"]
    """The code, a bare word."""
    status: Literal[404]
    """The HTTP status."""


class ConflictProblem(Problem):
    """The resource is not in a state for this."""

    type: Literal["CONFLICT"]
    """The code, a bare word."""
    status: Literal[409]
    """The HTTP status."""


class TemplateSlugExistsProblem(Problem):
    """Another template already has this slug."""

    type: Literal["TEMPLATE_SLUG_EXISTS"]
    """The code, a bare word."""
    status: Literal[409]
    """The HTTP status."""


class TemplateInUseProblem(Problem):
    """Pending or running runs use the template."""

    type: Literal["TEMPLATE_HAS_RUNNING_SANDBOXES"]
    """The code, a bare word."""
    status: Literal[409]
    """The HTTP status."""


class WebhookRefusedProblem(Problem):
    """The organization has a webhook with this URL, or as many webhooks as it may have."""

    type: Literal["WEBHOOK_LIMIT_EXCEEDED", "WEBHOOK_URL_DUPLICATE"]
    """The code, a bare word."""
    status: Literal[409]
    """The HTTP status."""


class TooManyRequestsProblem(Problem):
    """The key has sent all the requests of the current window."""

    type: Literal["RATE_LIMIT_EXCEEDED"]
    """The code, a bare word."""
    status: Literal[429]
    """The HTTP status."""


class TooManyRequestsOrRunsProblem(Problem):
    """The key has sent all the requests of the window, or the organization has its ten active runs."""

    type: Literal["RATE_LIMIT_EXCEEDED", "CONCURRENT_RUN_LIMIT_EXCEEDED"]
    """The code, a bare word."""
    status: Literal[429]
    """The HTTP status."""


class InternalErrorProblem(Problem):
    """The server failed."""

    type: Literal["INTERNAL_ERROR"]
    """The code, a bare word."""
    status: Literal[500]
    """The HTTP status."""


class OrchestratorErrorProblem(Problem):
    """The service behind the runs failed to start this one."""

    type: Literal["RUN_ORCHESTRATOR_ERROR"]
    """The code, a bare word."""
    status: Literal[502]
    """The HTTP status."""


class SandboxUnavailableProblem(Problem):
    """The sandbox failed to start. No code is listed for this status, so any bare word may stand here."""

    status: Literal[503]
    """The HTTP status."""


class RunCreate(BaseModel):
    """A run to start."""

    repo: Annotated[str, Field(min_length=1)]
    """The repository, as `owner/repo` or as a full URL."""
    prompt: Annotated[str, Field(max_length=50000, min_length=1)]
    """What the agent is to do."""
    template: Annotated[str, Field(min_length=1)]
    """The slug of the template that the sandbox is made from."""
    branch: str | None = None
    """The branch to start from. The repository's default branch when left out."""
    model: Model = Model.SONNET
    guardrails: RunGuardrails | None = None
    env: StringMap | None = None
    """Environment variables of the sandbox. They win over the template's."""
    callback_url: Annotated[str | None, Field(alias="callbackUrl", max_length=2048)] = None
    """Where to send the run when it has ended, unsigned."""
    metadata: RunMetadata | None = None
    """Names and values of your own."""


RunOutput = TypeAliasType(
    "RunOutput",
    Annotated[
        TextOutput | PullRequestOutput | IssueOutput | BranchOutput,
        Field(discriminator="type"),
    ],
)
"""Something that a run has made."""


RunSummaryOutput = TypeAliasType(
    "RunSummaryOutput",
    Annotated[
        TextOutputSummary | PullRequestOutput | IssueOutput | BranchOutput,
        Field(discriminator="type"),
    ],
)
"""Something that a run has made, as lists show it."""


class RunUsage(BaseModel):
    """What a run has used."""

    total_cost_usd: Annotated[StrictFloat, Field(alias="totalCostUsd", ge=0.0)]
    """All its costs, in USD."""
    agent: AgentUsage | None = None
    """What the agent has used."""
    sandbox: SandboxUsage | None = None
    """What the sandbox has used."""


class Template(BaseModel):
    """A template."""

    id: Annotated[str, Field(min_length=1)]
    """The template's id."""
    slug: TemplateSlug
    name: Annotated[str, Field(min_length=1)]
    """The template's name for people."""
    description: str | None = None
    """What the template is for."""
    base_image: Annotated[BaseImage, Field(alias="baseImage")]
    env_vars: Annotated[StringMap, Field(alias="envVars")]
    """Environment variables of the sandbox."""
    guardrails: TemplateGuardrailsSet
    egress_domains: Annotated[list[TemplateEgressDomain], Field(alias="egressDomains")]
    """The hosts that the sandbox may reach."""
    size: SandboxSize | None = None
    """How big the sandbox is."""
    is_system: Annotated[StrictBool, Field(alias="isSystem")]
    """Whether it is one of the system's, which everyone has and nobody can change."""
    created_by: Annotated[str | None, Field(alias="createdBy")] = None
    """Who created it."""
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    """When it was created."""
    updated_at: Annotated[AwareDatetime, Field(alias="updatedAt")]
    """When it was last changed."""


class TemplateResult(BaseModel):
    """A template, wrapped."""

    template: Template


class TemplatePage(BaseModel):
    """One page of templates."""

    data: list[Template]
    """The templates."""
    pagination: Pagination


class WebhookHealth(BaseModel):
    """How the recent deliveries of a webhook went."""

    window: str
    """The time that the counts speak of."""
    success_count: Annotated[StrictInt, Field(alias="successCount", ge=0)]
    """Deliveries that were received."""
    failed_count: Annotated[StrictInt, Field(alias="failedCount", ge=0)]
    """Deliveries that were not."""
    total_count: Annotated[StrictInt, Field(alias="totalCount", ge=0)]
    """All deliveries."""
    success_rate: Annotated[StrictFloat | None, Field(alias="successRate", ge=0.0)] = None
    """The share of deliveries that were received."""
    last_delivery_at: Annotated[AwareDatetime | None, Field(alias="lastDeliveryAt")] = None
    """When something was last sent."""
    last_success_at: Annotated[AwareDatetime | None, Field(alias="lastSuccessAt")] = None
    """When a delivery was last received."""
    last_failure_at: Annotated[AwareDatetime | None, Field(alias="lastFailureAt")] = None
    """When a delivery last failed."""
    last_failure_reason: Annotated[str | None, Field(alias="lastFailureReason")] = None
    """Why it failed."""
    last_status: Annotated[DeliveryStatus | None, Field(alias="lastStatus")] = None
    """What became of the last delivery."""


class UsageLog(BaseModel):
    """A charge or a grant of credits."""

    id: Annotated[str, Field(min_length=1)]
    """The record's id."""
    organization_id: Annotated[str, Field(alias="organizationId", min_length=1)]
    """Whose record it is."""
    resource_type: Annotated[ResourceType, Field(alias="resourceType")]
    sandbox_id: Annotated[str | None, Field(alias="sandboxId")] = None
    """The sandbox that was charged."""
    run_id: Annotated[str | None, Field(alias="runId")] = None
    """The run that it belonged to."""
    quantity: StrictFloat
    """How much was used or granted."""
    rate_per_minute_usd: Annotated[StrictFloat | None, Field(alias="ratePerMinuteUsd", ge=0.0)] = None
    """What a minute costs, in USD."""
    cost_usd: Annotated[StrictFloat, Field(alias="costUsd")]
    """What was charged, in USD."""
    balance_before_usd: Annotated[StrictFloat, Field(alias="balanceBeforeUsd")]
    """The credits left before it, in USD."""
    balance_after_usd: Annotated[StrictFloat, Field(alias="balanceAfterUsd")]
    """The credits left after it, in USD."""
    waived: StrictBool
    """Whether the cost was waived, as it is when the platform failed."""
    metadata: UsageLogMetadata | None = None
    """More about it."""
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    """When it was charged or granted."""


class UsageLogPage(BaseModel):
    """One page of usage records."""

    data: list[UsageLog]
    """The records, the newest first."""
    pagination: Pagination


class Run(BaseModel):
    """A run, whole."""

    id: Annotated[str, Field(min_length=1)]
    """The run's id."""
    organization_id: Annotated[str, Field(alias="organizationId", min_length=1)]
    """Whose run it is."""
    template_id: Annotated[str, Field(alias="templateId", min_length=1)]
    """The id of its template."""
    template_slug: Annotated[str, Field(alias="templateSlug", min_length=1)]
    """The slug of its template."""
    repo: Annotated[str, Field(min_length=1)]
    """The repository that it works in."""
    branch: str | None = None
    """The branch that it starts from."""
    prompt: Annotated[str, Field(min_length=1)]
    """What the agent is to do."""
    model: Model
    guardrails: ResolvedGuardrails
    env_vars: Annotated[StringMap | None, Field(alias="envVars")] = None
    """The environment variables of its sandbox, the template's merged with the run's own."""
    status: RunStatus
    fail_reason: Annotated[FailReason | None, Field(alias="failReason")] = None
    """Why it failed. Null unless it did."""
    outputs: list[RunOutput]
    """What it has made so far."""
    usage: RunUsage | None = None
    """What it has used so far."""
    error: RunError | None = None
    """What went wrong."""
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    """When it was created."""
    started_at: Annotated[AwareDatetime | None, Field(alias="startedAt")] = None
    """When its sandbox started."""
    completed_at: Annotated[AwareDatetime | None, Field(alias="completedAt")] = None
    """When it ended, in whichever way."""
    cancel_requested_at: Annotated[AwareDatetime | None, Field(alias="cancelRequestedAt")] = None
    """When it was asked to stop."""
    callback_url: Annotated[str | None, Field(alias="callbackUrl")] = None
    """Where it is sent when it has ended."""
    callback_status: Annotated[CallbackStatus | None, Field(alias="callbackStatus")] = None
    """What became of the callback."""
    metadata: StringMap | None = None
    """Your own names and values."""


class RunSummary(BaseModel):
    """A run as lists show it."""

    id: Annotated[str, Field(min_length=1)]
    """The run's id."""
    repo: Annotated[str, Field(min_length=1)]
    """The repository that it works in."""
    branch: str | None = None
    """The branch that it starts from."""
    prompt: Annotated[str, Field(min_length=1)]
    """What the agent is to do."""
    model: Model
    status: RunStatus
    fail_reason: Annotated[FailReason | None, Field(alias="failReason")] = None
    """Why it failed. Null unless it did."""
    template_slug: Annotated[str, Field(alias="templateSlug", min_length=1)]
    """The slug of its template."""
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    """When it was created."""
    completed_at: Annotated[AwareDatetime | None, Field(alias="completedAt")] = None
    """When it ended, in whichever way."""
    outputs: list[RunSummaryOutput]
    """What it has made so far, texts without their content."""
    usage: RunSummaryUsage | None = None
    """What it has cost so far."""


class RunPage(BaseModel):
    """One page of runs."""

    data: list[RunSummary]
    """The runs."""
    pagination: Pagination
    meta: RunPageMeta


class RunCompletedEvent(BaseModel):
    """A run has ended well."""

    event: Literal["run.completed"]
    timestamp: AwareDatetime
    """When the event happened."""
    run: Run


class RunFailedEvent(BaseModel):
    """A run has ended badly."""

    event: Literal["run.failed"]
    timestamp: AwareDatetime
    """When the event happened."""
    run: Run


class RunCancelledEvent(BaseModel):
    """A cancelled run has ended."""

    event: Literal["run.cancelled"]
    timestamp: AwareDatetime
    """When the event happened."""
    run: Run


class Webhook(BaseModel):
    """A webhook as lists show it, without its secret."""

    id: Annotated[str, Field(min_length=1)]
    """The webhook's id."""
    url: str
    """Where the deliveries are sent."""
    events: Annotated[list[WebhookEvent], Field(min_length=1)]
    """What is delivered."""
    created_at: Annotated[AwareDatetime, Field(alias="createdAt")]
    """When it was registered."""
    health: WebhookHealth


class WebhookList(BaseModel):
    """All webhooks of the organization."""

    data: list[Webhook]
    """The webhooks."""


RunEvent = TypeAliasType(
    "RunEvent",
    Annotated[
        RunCompletedEvent | RunFailedEvent | RunCancelledEvent,
        Field(discriminator="event"),
    ],
)
"""A run has ended."""

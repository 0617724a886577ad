"""What can go wrong with the choice of a problem's code and status? One wrong answer for each right one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from generated.contract import PROBLEMS, ProblemCode
from mock_server.altered import Alteration, Bench, Exchange
from mock_server.faults.registry import add
from mock_server.problems import UNAVAILABLE_CODE


@dataclass(frozen=True, kw_only=True)
class _Swap:
    """The problem `right`, of these operations (all when None), is answered as `wrong` with `status`."""

    name: str
    promise: str
    right: str
    wrong: str
    status: int | None = None
    """None: the status of `wrong` in the catalogue, else that of `right`."""
    operations: Collection[str] | None = None
    source: str = "overview"
    rules: tuple[str, ...]

    def alteration(self) -> Alteration:
        kind = PROBLEMS.get(ProblemCode(self.wrong)) if self.wrong in ProblemCode.__members__ else None

        def change(exchange: Exchange) -> None:
            if exchange.code != self.right:
                return
            status = self.status or (kind.status if kind else exchange.status)
            exchange.body |= {"type": self.wrong, "status": status}
            if kind is not None:
                exchange.body["title"] = kind.title
            if self.wrong != "VALIDATION_FAILED":
                exchange.body.pop("errors", None)
            elif "errors" not in exchange.body:
                exchange.body["errors"] = [{"field": "template", "message": "Invalid value", "code": "invalid_value"}]
            if status != 429:
                exchange.headers.pop("retry-after", None)
            exchange.status = status

        def alter(mock: Bench) -> None:
            mock.after(change, operations=self.operations)

        return alter


_TEMPLATE = ("getTemplate", "updateTemplate", "deleteTemplate")

_SWAPS = (
    _Swap(
        name="invalid-keys-are-403",
        promise="A key that is not valid is answered 401, not 403.",
        rules=("authentication/every-operation-needs-a-key",),
        right="API_KEY_INVALID",
        wrong="API_KEY_INVALID",
        status=403,
    ),
    _Swap(
        name="missing-keys-are-403",
        promise="A request without a key is answered 401, not 403.",
        rules=("authentication/every-operation-needs-a-key",),
        right="AUTH_UNAUTHORIZED",
        wrong="AUTH_UNAUTHORIZED",
        status=403,
    ),
    _Swap(
        name="missing-keys-are-called-invalid",
        promise="A request without a key is answered AUTH_UNAUTHORIZED.",
        rules=("authentication/code-tells-the-fault",),
        right="AUTH_UNAUTHORIZED",
        wrong="API_KEY_INVALID",
        source="assumed",
    ),
    _Swap(
        name="invalid-keys-are-called-missing",
        promise="A Bearer value that is no valid key is answered API_KEY_INVALID.",
        rules=("authentication/code-tells-the-fault",),
        right="API_KEY_INVALID",
        wrong="AUTH_UNAUTHORIZED",
        source="assumed",
    ),
    _Swap(
        name="validation-is-422",
        promise="A body that breaks its schema is answered 400, not 422.",
        rules=(
            "responses/status-is-documented",
            "problems/code-comes-with-its-status",
        ),
        right="VALIDATION_FAILED",
        wrong="VALIDATION_FAILED",
        status=422,
    ),
    _Swap(
        name="validation-of-parameters-is-422",
        promise="A parameter that breaks its schema is answered 400, not 422.",
        rules=(
            "responses/status-is-documented",
            "problems/code-comes-with-its-status",
        ),
        right="VALIDATION_FAILED",
        wrong="VALIDATION_FAILED",
        status=422,
        operations=("listRuns", "listRunLogs", "listTemplates", "listUsageLogs", "listRepositories"),
    ),
    _Swap(
        name="validation-of-parameters-is-bad-request",
        promise="A parameter that breaks its schema is answered VALIDATION_FAILED.",
        rules=(
            "problems/code-is-documented",
            "requests/refusal-is-a-validation-problem",
        ),
        right="VALIDATION_FAILED",
        wrong="BAD_REQUEST",
        operations=("listRuns", "listRunLogs", "listTemplates", "listUsageLogs", "listRepositories"),
    ),
    _Swap(
        name="validation-of-bodies-is-bad-request",
        promise="A body that breaks its schema is answered VALIDATION_FAILED.",
        rules=("requests/refusal-is-a-validation-problem",),
        right="VALIDATION_FAILED",
        wrong="BAD_REQUEST",
        operations=("createRun", "createTemplate", "updateTemplate", "createWebhook"),
        source="assumed",
    ),
    _Swap(
        name="broken-json-is-500",
        promise="A body that is not JSON is the client's mistake, not the server's.",
        rules=("responses/no-server-error",),
        right="BAD_REQUEST",
        wrong="INTERNAL_ERROR",
    ),
    _Swap(
        name="broken-json-is-415",
        promise="A body that is not JSON is answered 400.",
        rules=(
            "responses/status-is-documented",
            "problems/code-comes-with-its-status",
        ),
        right="BAD_REQUEST",
        wrong="BAD_REQUEST",
        status=415,
    ),
    _Swap(
        name="unknown-templates-of-runs-are-404",
        promise="A run in a template that does not exist is refused with 400 RUN_TEMPLATE_NOT_FOUND.",
        rules=("runs/unknown-template",),
        right="RUN_TEMPLATE_NOT_FOUND",
        wrong="TEMPLATE_NOT_FOUND",
    ),
    _Swap(
        name="unknown-templates-of-runs-are-invalid",
        promise="A run in a template that does not exist has a code of its own, RUN_TEMPLATE_NOT_FOUND.",
        rules=("runs/unknown-template",),
        right="RUN_TEMPLATE_NOT_FOUND",
        wrong="VALIDATION_FAILED",
    ),
    _Swap(
        name="missing-anthropic-key-is-bad-request",
        promise="Without an Anthropic key a run is refused with RUN_API_KEY_REQUIRED.",
        rules=("problems/anthropic-key-is-needed",),
        right="RUN_API_KEY_REQUIRED",
        wrong="BAD_REQUEST",
    ),
    _Swap(
        name="missing-anthropic-key-is-401",
        promise="Without an Anthropic key a run is refused with 400: the request's own key is good.",
        rules=("problems/anthropic-key-is-needed",),
        right="RUN_API_KEY_REQUIRED",
        wrong="RUN_API_KEY_REQUIRED",
        status=401,
    ),
    _Swap(
        name="missing-github-app-is-git-provider",
        promise="Without the GitHub App a run is refused with RUN_GITHUB_APP_NOT_INSTALLED.",
        rules=("problems/github-app-is-needed",),
        right="RUN_GITHUB_APP_NOT_INSTALLED",
        wrong="RUN_GIT_PROVIDER_NOT_INSTALLED",
    ),
    _Swap(
        name="missing-git-provider-is-403",
        promise="Without a git provider a run is refused with 400.",
        rules=("problems/git-provider-is-needed",),
        right="RUN_GIT_PROVIDER_NOT_INSTALLED",
        wrong="RUN_GIT_PROVIDER_NOT_INSTALLED",
        status=403,
    ),
    _Swap(
        name="no-credits-is-400",
        promise="Without credits a run is refused with 402.",
        rules=("problems/credits-are-needed",),
        right="USAGE_INSUFFICIENT_CREDITS",
        wrong="USAGE_INSUFFICIENT_CREDITS",
        status=400,
    ),
    _Swap(
        name="no-credits-has-its-own-word",
        promise="Without credits a run is refused with USAGE_INSUFFICIENT_CREDITS.",
        rules=("problems/credits-are-needed",),
        right="USAGE_INSUFFICIENT_CREDITS",
        wrong="INSUFFICIENT_CREDITS",
    ),
    _Swap(
        name="orchestrator-errors-are-500",
        promise="A run that cannot be started is answered 502 RUN_ORCHESTRATOR_ERROR.",
        rules=("problems/run-orchestrator-error-where-documented",),
        right="RUN_ORCHESTRATOR_ERROR",
        wrong="INTERNAL_ERROR",
    ),
    _Swap(
        name="orchestrator-errors-are-503",
        promise="RUN_ORCHESTRATOR_ERROR comes with 502.",
        rules=("problems/run-orchestrator-error-where-documented",),
        right="RUN_ORCHESTRATOR_ERROR",
        wrong="RUN_ORCHESTRATOR_ERROR",
        status=503,
    ),
    _Swap(
        name="unavailable-sandboxes-are-504",
        promise="A sandbox that fails to start is answered 503.",
        rules=("problems/503-where-documented",),
        right=UNAVAILABLE_CODE,
        wrong=UNAVAILABLE_CODE,
        status=504,
    ),
    _Swap(
        name="internal-errors-are-502",
        promise="INTERNAL_ERROR comes with 500.",
        rules=("problems/internal-error-where-documented",),
        right="INTERNAL_ERROR",
        wrong="INTERNAL_ERROR",
        status=502,
    ),
    _Swap(
        name="unknown-repositories-are-invalid",
        promise="A repository that cannot be reached is answered 404 REPOSITORY_NOT_FOUND.",
        rules=("problems/repository-not-found-where-documented",),
        right="REPOSITORY_NOT_FOUND",
        wrong="BAD_REQUEST",
        source="assumed",
    ),
    _Swap(
        name="too-many-runs-is-rate-limit",
        promise="The limit of concurrent runs has a code of its own.",
        rules=("concurrency/refusal-has-its-code",),
        right="CONCURRENT_RUN_LIMIT_EXCEEDED",
        wrong="RATE_LIMIT_EXCEEDED",
    ),
    _Swap(
        name="too-many-runs-is-409",
        promise="A create beyond the limit of concurrent runs is answered 429.",
        rules=("concurrency/refusal-has-its-code",),
        right="CONCURRENT_RUN_LIMIT_EXCEEDED",
        wrong="CONCURRENT_RUN_LIMIT_EXCEEDED",
        status=409,
    ),
    _Swap(
        name="unknown-runs-have-their-own-code",
        promise="A run that does not exist is answered NOT_FOUND: the catalogue has no code for runs.",
        rules=("problems/unknown-run-is-not-found",),
        right="NOT_FOUND",
        wrong="RUN_NOT_FOUND",
        operations=("getRun",),
        source="assumed",
    ),
    _Swap(
        name="unknown-runs-are-400",
        promise="A run that does not exist is answered 404.",
        rules=("problems/unknown-is-not-found",),
        right="NOT_FOUND",
        wrong="BAD_REQUEST",
        operations=("getRun",),
        source="reference",
    ),
    _Swap(
        name="unknown-runs-are-410-to-cancel",
        promise="To cancel a run that does not exist is answered 404.",
        rules=(
            "responses/assumed-status",
            "problems/unknown-run-is-not-found",
        ),
        right="NOT_FOUND",
        wrong="GONE",
        status=410,
        operations=("cancelRun",),
        source="assumed",
    ),
    _Swap(
        name="ended-runs-are-400-to-cancel",
        promise="To cancel a run that has ended is answered 409 CONFLICT.",
        rules=("runs/cancel-after-the-end",),
        right="CONFLICT",
        wrong="BAD_REQUEST",
        operations=("cancelRun",),
        source="assumed",
    ),
    _Swap(
        name="unknown-templates-are-plain-not-found",
        promise="A template that does not exist is answered TEMPLATE_NOT_FOUND, not the generic code.",
        rules=("problems/unknown-is-not-found",),
        right="TEMPLATE_NOT_FOUND",
        wrong="NOT_FOUND",
        operations=("getTemplate",),
        source="reference",
    ),
    _Swap(
        name="unknown-templates-are-plain-not-found-to-update",
        promise="To update a template that does not exist is answered TEMPLATE_NOT_FOUND.",
        rules=("problems/unknown-is-not-found",),
        right="TEMPLATE_NOT_FOUND",
        wrong="NOT_FOUND",
        operations=("updateTemplate",),
        source="reference",
    ),
    _Swap(
        name="unknown-templates-are-400",
        promise="A template that does not exist is answered 404.",
        rules=("problems/unknown-is-not-found",),
        right="TEMPLATE_NOT_FOUND",
        wrong="TEMPLATE_NOT_FOUND",
        status=400,
        operations=_TEMPLATE,
    ),
    _Swap(
        name="taken-slugs-are-plain-conflicts",
        promise="A slug that is taken is answered TEMPLATE_SLUG_EXISTS, not the generic code.",
        rules=("templates/slug-is-unique",),
        right="TEMPLATE_SLUG_EXISTS",
        wrong="CONFLICT",
    ),
    _Swap(
        name="taken-slugs-are-invalid",
        promise="A slug that is taken is answered 409.",
        rules=("templates/slug-is-unique",),
        right="TEMPLATE_SLUG_EXISTS",
        wrong="VALIDATION_FAILED",
    ),
    _Swap(
        name="system-templates-are-405",
        promise="To change a system template is answered 403 TEMPLATE_SYSTEM_READONLY.",
        rules=("templates/system-ones-are-read-only",),
        right="TEMPLATE_SYSTEM_READONLY",
        wrong="TEMPLATE_SYSTEM_READONLY",
        status=405,
    ),
    _Swap(
        name="system-templates-are-forbidden",
        promise="To change a system template has a code of its own, TEMPLATE_SYSTEM_READONLY.",
        rules=("templates/system-ones-are-read-only",),
        right="TEMPLATE_SYSTEM_READONLY",
        wrong="FORBIDDEN",
    ),
    _Swap(
        name="system-templates-are-not-found-to-delete",
        promise="To delete a system template is answered 403, not 404.",
        rules=("templates/system-ones-are-read-only",),
        right="TEMPLATE_SYSTEM_READONLY",
        wrong="TEMPLATE_NOT_FOUND",
        operations=("deleteTemplate",),
    ),
    _Swap(
        name="templates-in-use-are-plain-conflicts",
        promise="To delete a template with active runs is answered TEMPLATE_HAS_RUNNING_SANDBOXES.",
        rules=("templates/in-use-cannot-be-deleted",),
        right="TEMPLATE_HAS_RUNNING_SANDBOXES",
        wrong="CONFLICT",
    ),
    _Swap(
        name="templates-in-use-are-423",
        promise="To delete a template with active runs is answered 409.",
        rules=("templates/in-use-cannot-be-deleted",),
        right="TEMPLATE_HAS_RUNNING_SANDBOXES",
        wrong="TEMPLATE_HAS_RUNNING_SANDBOXES",
        status=423,
    ),
    _Swap(
        name="unknown-webhooks-are-plain-not-found",
        promise="A webhook that does not exist is answered WEBHOOK_NOT_FOUND, not the generic code.",
        rules=("problems/unknown-is-not-found",),
        right="WEBHOOK_NOT_FOUND",
        wrong="NOT_FOUND",
    ),
    _Swap(
        name="too-many-webhooks-is-plain-conflict",
        promise="A webhook too many is answered WEBHOOK_LIMIT_EXCEEDED, not the generic code.",
        rules=("webhooks/no-more-than-documented",),
        right="WEBHOOK_LIMIT_EXCEEDED",
        wrong="CONFLICT",
    ),
    _Swap(
        name="too-many-webhooks-is-429",
        promise="A webhook too many is answered 409.",
        rules=("webhooks/no-more-than-documented",),
        right="WEBHOOK_LIMIT_EXCEEDED",
        wrong="WEBHOOK_LIMIT_EXCEEDED",
        status=429,
    ),
    _Swap(
        name="taken-urls-are-plain-conflicts",
        promise="A URL that has a webhook is answered WEBHOOK_URL_DUPLICATE, not the generic code.",
        rules=("webhooks/url-is-unique",),
        right="WEBHOOK_URL_DUPLICATE",
        wrong="CONFLICT",
    ),
    _Swap(
        name="taken-urls-are-invalid",
        promise="A URL that has a webhook is answered 409.",
        rules=("webhooks/url-is-unique",),
        right="WEBHOOK_URL_DUPLICATE",
        wrong="BAD_REQUEST",
    ),
)

for _swap in _SWAPS:
    add(_swap.name, _swap.promise, _swap.alteration(), _swap.rules, _swap.source)

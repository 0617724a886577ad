"""Which changes of the contract break, and which do not? A table of edits of the document with what must be said.

oasdiff's own catalogue of checks is the guide for the first half; the second is what oasdiff does not look at. Leaves
running the comparison to test_pairs.py.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from tests.document_defects import (
    HEADERS,
    RUN,
    RUNS,
    SCHEMAS,
    Change,
    append,
    drop,
    holder,
    put,
    rename,
    several,
)

COMPLETED = "components/pathItems/RunCompleted/post"
CALLBACKS = f"{RUNS}/post/callbacks"
CREDITS = "paths/~1v1~1usage~1credits"
CANCEL = "paths/~1v1~1runs~1{id}~1cancel/post"
STATUS, SEARCH, SORT_BY, ORDER = (f"{RUNS}/get/parameters/{index}" for index in (2, 3, 7, 8))


@dataclass(frozen=True)
class Pair:
    """An edit of the document, and the ids of the changes that must be found, no more and no fewer."""

    what: str
    edit: Change
    breaking: frozenset[str] = frozenset()
    warning: frozenset[str] = frozenset()
    info: frozenset[str] = frozenset()


def breaks(what: str, edit: Change, *ids: str, warning: str = "", info: str = "") -> Pair:
    """An edit that must not pass; ids of warnings and of the rest are separated by blanks."""
    return Pair(what, edit, frozenset(ids), frozenset(warning.split()), frozenset(info.split()))


def passes(what: str, edit: Change, info: str = "", warning: str = "") -> Pair:
    """An edit that nobody has to fear."""
    return Pair(what, edit, frozenset(), frozenset(warning.split()), frozenset(info.split()))


def take(place: str, value: Any) -> Change:
    """Remove an item of a list by its value."""

    def change(document: dict[str, Any]) -> None:
        container, key = holder(document, place)
        container[key].remove(value)

    return change


def turn(place: str) -> Change:
    """Reverse a list."""

    def change(document: dict[str, Any]) -> None:
        container, key = holder(document, place)
        container[key].reverse()

    return change


def inline(place: str, name: str) -> Change:
    """Write a schema of the components where it is referred to."""

    def change(document: dict[str, Any]) -> None:
        container, key = holder(document, place)
        container[key] = copy.deepcopy(document["components"]["schemas"][name])

    return change


def enum_of(problem: str) -> str:
    """Where the codes of a problem's schema are."""
    return f"{SCHEMAS}/{problem}/allOf/1/properties/type/enum"


PING = {"get": {"operationId": "ping", "tags": ["Usage"], "responses": {"200": {"description": "Pong."}}}}
BRANCH = {"name": "branch", "in": "query", "schema": {"type": "string"}}
PAUSED = {"status": 409, "title": "Run paused"}
TAG_OUTPUT = {"type": "object", "required": ["type"], "properties": {"type": {"type": "string", "const": "tag"}}}
ATTEMPT = {"name": "webhook-attempt", "in": "header", "required": True, "schema": {"type": "integer"}}
BUILT = {"built": {"{$request.body#/builtUrl}": {"post": {"responses": {"2XX": {"description": "Received."}}}}}}

OPERATIONS = [
    breaks("an operation is removed", drop(f"{CREDITS}/get"), "api-removed-without-deprecation"),
    breaks("a path is removed", drop(CREDITS), "api-path-removed-without-deprecation"),
    breaks(
        "an operation moves to another path",
        rename(CREDITS, "/v1/credits"),
        "api-path-removed-without-deprecation",
        info="endpoint-added",
    ),
    passes("an operation is new", put("paths/~1v1~1ping", PING), "endpoint-added"),
    passes("an operation is deprecated", put(f"{RUNS}/get/deprecated", True), "endpoint-deprecated"),
    breaks("another operationId", put(f"{RUNS}/get/operationId", "listAllRuns"), "api-operation-id-removed"),
    passes("another tag", put(f"{RUNS}/get/tags", ["Usage"]), "api-tag-added", warning="api-tag-removed"),
    breaks(
        "another scheme of authentication",
        put("components/securitySchemes/bearerAuth/scheme", "basic"),
        "api-security-component-http-scheme-changed",
    ),
    breaks(
        "a second credential is needed",
        several(
            put("components/securitySchemes/mfa", {"type": "apiKey", "in": "header", "name": "X-Mfa"}),
            put(f"{RUNS}/get/security", [{"bearerAuth": [], "mfa": []}]),
        ),
        "api-security-removed",
        info="api-security-added api-security-component-added",
    ),
    passes("no key is needed", put(f"{RUNS}/get/security", []), "api-security-anonymous-access-added"),
]

PARAMETERS = [
    breaks("a parameter is removed", drop(SEARCH), "request-parameter-removed"),
    passes("an optional parameter is new", append(f"{RUNS}/get/parameters", BRANCH), "new-optional-request-parameter"),
    breaks(
        "a required parameter is new",
        append(f"{RUNS}/get/parameters", BRANCH | {"required": True}),
        "new-required-request-parameter",
    ),
    breaks("a parameter becomes required", put(f"{SEARCH}/required", True), "request-parameter-became-required"),
    breaks("a parameter is shorter", put(f"{SEARCH}/schema/maxLength", 100), "request-parameter-max-length-decreased"),
    passes("a parameter is longer", put(f"{SEARCH}/schema/maxLength", 300), "request-parameter-max-length-increased"),
    breaks("a parameter gets a bound", put(f"{SEARCH}/schema/minLength", 2), "request-parameter-min-length-set"),
    passes("a parameter loses its bound", drop(f"{SEARCH}/schema/maxLength"), "request-parameter-max-length-unset"),
    breaks("fewer pages", put(f"{SCHEMAS}/PageNumber/maximum", 1000), "request-parameter-max-decreased"),
    passes("more pages", put(f"{SCHEMAS}/PageNumber/maximum", 20000), "request-parameter-max-increased"),
    breaks("no small pages", put(f"{SCHEMAS}/PageLimit/minimum", 5), "request-parameter-min-increased"),
    breaks("another default", put(f"{ORDER}/schema/default", "asc"), "request-parameter-default-value-changed"),
    breaks("no default", drop(f"{ORDER}/schema/default"), "request-parameter-default-value-removed"),
    breaks("a value less", put(f"{SORT_BY}/schema/enum", ["createdAt"]), "request-parameter-enum-value-removed"),
    passes("a value more", append(f"{SORT_BY}/schema/enum", "model"), "request-parameter-enum-value-added"),
    breaks(
        "a pattern for an id",
        put("components/parameters/RunId/schema/pattern", "^run_"),
        "request-parameter-pattern-added",
    ),
    breaks(
        "a list is repeated, not comma-separated", put(f"{STATUS}/explode", True), "request-parameter-explode-changed"
    ),
    breaks(
        "a list is separated by blanks", put(f"{STATUS}/style", "spaceDelimited"), "request-parameter-style-changed"
    ),
    passes("a style that is the default is written down", put(f"{SEARCH}/style", "form")),
]

REQUESTS = [
    breaks(
        "a required member is new",
        several(
            put(f"{SCHEMAS}/RunCreate/properties/region", {"type": "string"}),
            append(f"{SCHEMAS}/RunCreate/required", "region"),
        ),
        "new-required-request-property",
    ),
    passes(
        "an optional member is new",
        put(f"{SCHEMAS}/RunCreate/properties/region", {"type": "string"}),
        "new-optional-request-property",
    ),
    breaks("a member is removed", drop(f"{SCHEMAS}/RunCreate/properties/branch"), "request-property-removed"),
    breaks(
        "a member becomes required",
        append(f"{SCHEMAS}/RunCreate/required", "branch"),
        "request-property-became-required",
    ),
    passes(
        "a member becomes optional",
        take(f"{SCHEMAS}/RunCreate/required", "template"),
        "request-property-became-optional",
    ),
    breaks(
        "prompts are shorter",
        put(f"{SCHEMAS}/RunCreate/properties/prompt/maxLength", 10000),
        "request-property-max-length-decreased",
    ),
    passes(
        "prompts are longer",
        put(f"{SCHEMAS}/RunCreate/properties/prompt/maxLength", 100000),
        "request-property-max-length-increased",
    ),
    breaks(
        "a guardrail allows less",
        put(f"{SCHEMAS}/RunGuardrails/properties/maxTurns/maximum", 500),
        "request-property-max-decreased",
    ),
    breaks(
        "a model is not offered any more",
        take(f"{SCHEMAS}/Model/enum", "haiku"),
        "request-parameter-enum-value-removed",
        "request-property-enum-value-removed",
        info="response-property-enum-value-removed",
    ),
    breaks(
        "slugs have another pattern",
        put(f"{SCHEMAS}/TemplateSlug/pattern", "^[a-z]+$"),
        "request-property-pattern-changed",
        "response-property-pattern-changed",
    ),
    passes("a body may be missing", drop(f"{RUNS}/post/requestBody/required"), "request-body-became-optional"),
    breaks(
        "variables are numbers",
        put(f"{SCHEMAS}/StringMap/additionalProperties/type", "integer"),
        "request-property-type-changed",
        "response-property-type-changed",
    ),
    breaks(
        "no variables",
        put(f"{SCHEMAS}/StringMap/additionalProperties", False),
        "additional-properties-changed",
    ),
]

RESPONSES = [
    breaks(
        "a required member is removed",
        several(drop(f"{SCHEMAS}/Credits/properties/usedUsd"), take(f"{SCHEMAS}/Credits/required", "usedUsd")),
        "response-required-property-removed",
    ),
    breaks(
        "a member may be missing", take(f"{SCHEMAS}/Credits/required", "usedUsd"), "response-property-became-optional"
    ),
    passes(
        "a member is new",
        put(f"{SCHEMAS}/Credits/properties/currency", {"type": "string"}),
        "response-optional-property-added",
    ),
    passes(
        "an optional member is removed",
        drop(f"{SCHEMAS}/Repository/properties/private"),
        warning="response-optional-property-removed",
    ),
    breaks(
        "a number is a string",
        put(f"{SCHEMAS}/Credits/properties/usedUsd", {"type": "string"}),
        "response-property-type-changed",
        "response-property-min-unset",
    ),
    breaks(
        "a member may be null",
        put(f"{SCHEMAS}/ApiKey/properties/name/type", ["string", "null"]),
        "response-property-became-nullable",
    ),
    breaks(
        "runs have a new status",
        append(f"{SCHEMAS}/RunStatus/enum", "paused"),
        "response-property-enum-value-added",
        info="request-parameter-property-enum-value-added",
    ),
    breaks(
        "runs have a new kind of output",
        several(
            put(f"{SCHEMAS}/TagOutput", TAG_OUTPUT),
            append(f"{SCHEMAS}/RunOutput/oneOf", {"$ref": "#/components/schemas/TagOutput"}),
        ),
        "response-property-one-of-added",
    ),
    breaks(
        "another success",
        rename(f"{RUNS}/post/responses/201", "202"),
        "response-success-status-removed",
        info="response-success-status-added",
    ),
    breaks(
        "another media type",
        rename(f"{RUNS}/get/responses/200/content/application~1json", "text/csv"),
        "response-media-type-removed",
        info="response-media-type-added",
    ),
    passes("a failure is gone", drop(f"{RUNS}/post/responses/503"), warning="response-non-success-status-removed"),
    passes(
        "a failure is new",
        put(f"{RUNS}/get/responses/503", {"$ref": "#/components/responses/SandboxUnavailable"}),
        "response-non-success-status-added",
    ),
    breaks(
        "a header is not sent any more",
        drop(f"{RUNS}/post/responses/201/headers/X-RateLimit-Reset"),
        "required-response-header-removed",
    ),
    breaks("a header may be missing", drop(f"{HEADERS}/RateLimitReset/required"), "response-header-became-optional"),
    passes(
        "a header is new",
        put(f"{RUNS}/post/responses/201/headers/X-Request-Id", {"schema": {"type": "string"}}),
        "response-header-added",
    ),
    breaks(
        "a header is text",
        put(f"{HEADERS}/RateLimitRemaining/schema", {"type": "string"}),
        "response-header-type-changed",
        "response-header-max-unset",
        "response-header-min-unset",
    ),
    passes(
        "a header takes only some values",
        put(f"{HEADERS}/RetryAfter/schema/enum", [30, 60]),
        "response-header-enum-changed",
    ),
]

PROBLEMS = [
    breaks("a code is removed", drop("x-problem-catalogue/CONFLICT"), "problem-code-removed"),
    breaks(
        "a code is removed wherever it is",
        several(drop("x-problem-catalogue/API_KEY_INVALID"), take(enum_of("UnauthorizedProblem"), "API_KEY_INVALID")),
        "problem-code-removed",
        "operation-code-removed",
    ),
    breaks(
        "an operation has a code less",
        take(enum_of("RunRefusedProblem"), "RUN_API_KEY_REQUIRED"),
        "operation-code-removed",
    ),
    breaks(
        "a failure is gone with its code",
        drop(f"{RUNS}/post/responses/402"),
        "operation-code-removed",
        warning="response-non-success-status-removed",
    ),
    passes("a code is new", put("x-problem-catalogue/RUN_PAUSED", PAUSED), "problem-code-added"),
    passes(
        "an operation has a new code",
        several(put("x-problem-catalogue/RUN_PAUSED", PAUSED), append(enum_of("ConflictProblem"), "RUN_PAUSED")),
        "problem-code-added",
        warning="operation-code-added",
    ),
    breaks("a code has another status", put("x-problem-catalogue/CONFLICT/status", 423), "problem-code-status-changed"),
    passes(
        "a code has another title",
        put("x-problem-catalogue/CONFLICT/title", "Clash"),
        warning="problem-code-title-changed",
    ),
]

NUMBERS = [
    breaks(
        "fewer requests",
        several(put("x-rate-limit/requests", 100), put(f"{HEADERS}/RateLimitLimit/schema/const", 100)),
        "rate-limit-lowered",
    ),
    passes(
        "more requests",
        several(put("x-rate-limit/requests", 300), put(f"{HEADERS}/RateLimitLimit/schema/const", 300)),
        "rate-limit-raised",
    ),
    breaks("a longer window", put("x-rate-limit/windowSeconds", 120), "rate-limit-lowered"),
    passes("a shorter window", put("x-rate-limit/windowSeconds", 30), "rate-limit-raised"),
    passes(
        "as many requests in longer windows",
        several(put("x-rate-limit/requests", 400), put("x-rate-limit/windowSeconds", 120)),
        "rate-limit-raised",
    ),
    breaks(
        "as many requests in shorter windows",
        several(put("x-rate-limit/requests", 100), put("x-rate-limit/windowSeconds", 30)),
        "rate-limit-lowered",
    ),
    passes("no rate limit", drop("x-rate-limit"), warning="rate-limit-removed"),
    breaks("fewer runs at a time", put("x-limits/concurrentRuns", 5), "limit-lowered"),
    passes("more runs at a time", put("x-limits/concurrentRuns", 20), "limit-raised"),
    breaks("fewer webhooks", put("x-limits/webhooks", 10), "limit-lowered"),
    breaks("a new limit", put("x-limits/templates", 50), "limit-added"),
    breaks("a limit that is not told any more", drop("x-limits/webhooks"), "limit-removed"),
    breaks("runs get fewer turns by default", put("x-run-defaults/maxTurns", 50), "run-default-lowered"),
    passes("runs may cost more by default", put("x-run-defaults/maxCostUsd", 10), warning="run-default-raised"),
    breaks("a dearer sandbox", put("x-sandbox-rates/m", 0.04), "sandbox-rate-raised"),
    passes("a cheaper sandbox", put("x-sandbox-rates/m", 0.02), "sandbox-rate-lowered"),
    breaks("a size without a rate", drop("x-sandbox-rates/l"), "sandbox-rate-removed"),
    breaks("shorter metadata", put(f"{SCHEMAS}/RunMetadata/x-max-json-bytes", 1024), "byte-bound-lowered"),
    passes("longer metadata", put(f"{SCHEMAS}/RunMetadata/x-max-json-bytes", 8192), "byte-bound-raised"),
]

SOURCES = [
    passes("an assumption is published", put(f"{CANCEL}/x-source", "guide"), "assumption-confirmed"),
    passes(
        "an assumed header of a delivery is published",
        put(f"{COMPLETED}/parameters/0/x-source", "guide"),
        "assumption-confirmed",
    ),
    passes(
        "an assumed refusal is published",
        put("components/parameters/Page/x-refusal-source", "reference"),
        "assumption-confirmed",
    ),
    breaks("a promise becomes an assumption", put(f"{RUN}/get/x-source", "assumed"), "promise-withdrawn"),
    breaks("a limit becomes an assumption", put("x-limits/x-source", "assumed"), "promise-withdrawn"),
    breaks(
        "a refusal becomes an assumption",
        put("components/parameters/RunId/x-refusal-source", "assumed"),
        "promise-withdrawn",
    ),
    passes("published elsewhere", put(f"{RUN}/get/x-source", "guide"), "source-changed"),
    breaks("a source is not binding any more", put("x-sources/node/level", "should"), "source-weakened"),
    passes("a source becomes binding", put("x-sources/assumed/level", "must"), "source-strengthened"),
]

DELIVERIES = [
    breaks("a webhook is removed", drop("webhooks/run.cancelled"), "webhook-removed"),
    passes(
        "a webhook is new",
        put("webhooks/run.started", {"$ref": "#/components/pathItems/RunCompleted"}),
        "webhook-added",
    ),
    breaks("a webhook is sent with PUT", rename(COMPLETED, "put"), "webhook-removed", info="webhook-added"),
    breaks(
        "an event's member may be missing",
        take(f"{SCHEMAS}/RunCompletedEvent/required", "timestamp"),
        "response-property-became-optional",
    ),
    breaks(
        "an event's member is removed",
        several(
            drop(f"{SCHEMAS}/RunCompletedEvent/properties/timestamp"),
            take(f"{SCHEMAS}/RunCompletedEvent/required", "timestamp"),
        ),
        "response-required-property-removed",
    ),
    passes(
        "an event's member is new",
        put(f"{SCHEMAS}/RunCompletedEvent/properties/attempt", {"type": "integer"}),
        "response-optional-property-added",
    ),
    breaks(
        "an event has another name",
        put(f"{SCHEMAS}/RunCompletedEvent/properties/event/const", "run.done"),
        "response-property-const-changed",
    ),
    breaks("deliveries are not signed", drop(f"{COMPLETED}/parameters/2"), "response-required-property-removed"),
    breaks(
        "a signature may be missing",
        put(f"{COMPLETED}/parameters/2/required", False),
        "response-property-became-optional",
    ),
    passes(
        "a delivery has another header", append(f"{COMPLETED}/parameters", ATTEMPT), "response-required-property-added"
    ),
    breaks(
        "signatures look otherwise",
        put(f"{SCHEMAS}/DeliverySignature/pattern", "^v2,"),
        "response-property-pattern-changed",
    ),
    breaks(
        "a delivery may come without a body",
        put(f"{COMPLETED}/requestBody/required", False),
        "response-property-became-optional",
    ),
    breaks(
        "a receiver may answer only 204",
        rename(f"{COMPLETED}/responses/2XX", "204"),
        "receiver-status-removed",
        info="receiver-status-added",
    ),
    passes(
        "a receiver may answer 410",
        put(f"{COMPLETED}/responses/410", {"description": "Send no more."}),
        "receiver-status-added",
    ),
    breaks("a callback is removed", drop(CALLBACKS), "callback-removed"),
    breaks(
        "a callback goes elsewhere",
        rename(f"{CALLBACKS}/runEnded/{{$request.body#~1callbackUrl}}", "{$request.body#/hook}"),
        "callback-removed",
        info="callback-added",
    ),
    passes("a callback is new", put("paths/~1v1~1templates/post/callbacks", BUILT), "callback-added"),
    breaks(
        "an operation is removed, and its callback with it", drop(f"{RUNS}/post"), "api-removed-without-deprecation"
    ),
]

NOTHING = [
    passes("the same document", several()),
    passes("other words", put("info/description", "Other words.")),
    passes("another summary", put(f"{RUNS}/get/summary", "All runs")),
    passes("another example", put("components/parameters/Page/example", 3)),
    passes("no links", drop(f"{RUNS}/post/responses/201/links")),
    passes("parameters in another order", turn(f"{RUNS}/get/parameters")),
    passes("values in another order", turn(f"{SCHEMAS}/RunStatus/enum")),
    passes("a schema is written in place", inline("components/parameters/Page/schema", "PageNumber")),
]

PAIRS = [
    *OPERATIONS,
    *PARAMETERS,
    *REQUESTS,
    *RESPONSES,
    *PROBLEMS,
    *NUMBERS,
    *SOURCES,
    *DELIVERIES,
    *NOTHING,
]

OWN_IDS = frozenset(
    {
        "additional-properties-changed",
        "assumption-confirmed",
        "byte-bound-lowered",
        "byte-bound-raised",
        "callback-added",
        "callback-removed",
        "limit-added",
        "limit-lowered",
        "limit-raised",
        "limit-removed",
        "operation-code-added",
        "operation-code-removed",
        "problem-code-added",
        "problem-code-removed",
        "problem-code-status-changed",
        "problem-code-title-changed",
        "promise-withdrawn",
        "rate-limit-lowered",
        "rate-limit-raised",
        "rate-limit-removed",
        "receiver-status-added",
        "receiver-status-removed",
        "request-parameter-explode-changed",
        "request-parameter-style-changed",
        "response-header-enum-changed",
        "run-default-lowered",
        "run-default-raised",
        "sandbox-rate-lowered",
        "sandbox-rate-raised",
        "sandbox-rate-removed",
        "source-changed",
        "source-strengthened",
        "source-weakened",
        "webhook-added",
        "webhook-removed",
    }
)
"""The ids that the project's own comparisons give; all others are oasdiff's."""

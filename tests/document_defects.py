"""Which defects must the gate find? A table of changes to the document, each with the check that it is meant for.

Leaves running the checks to tests/test_document.py.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Change = Callable[[dict[str, Any]], None]

RUNS, RUN, RUN_LOGS = "paths/~1v1~1runs", "paths/~1v1~1runs~1{id}", "paths/~1v1~1runs~1{id}~1logs"
TEMPLATES, TEMPLATE = "paths/~1v1~1templates", "paths/~1v1~1templates~1{idOrSlug}"
WEBHOOKS, USAGE_LOGS = "paths/~1v1~1webhooks", "paths/~1v1~1usage~1logs"
SCHEMAS, RESPONSES, HEADERS = "components/schemas", "components/responses", "components/headers"
JSON, PROBLEM_JSON = "content/application~1json", "content/application~1problem+json"


@dataclass(frozen=True)
class Defect:
    """A change to the document that the named check must find."""

    check: str
    what: str
    change: Change


def holder(document: Any, place: str) -> tuple[Any, Any]:
    """The container and the key of a place that is written as a JSON pointer without its `#/`."""
    *path, last = (part.replace("~1", "/").replace("~0", "~") for part in place.split("/"))
    for key in path:
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document, int(last) if isinstance(document, list) else last


def put(place: str, value: Any) -> Change:
    """Write a value, over what is there or new."""

    def change(document: dict[str, Any]) -> None:
        container, key = holder(document, place)
        container[key] = copy.deepcopy(value)

    return change


def drop(place: str) -> Change:
    """Remove what must be there."""

    def change(document: dict[str, Any]) -> None:
        container, key = holder(document, place)
        del container[key]

    return change


def rename(place: str, name: str) -> Change:
    """Write what is there under another key, in the same position."""

    def change(document: dict[str, Any]) -> None:
        container, key = holder(document, place)
        members = {name if k == key else k: v for k, v in container.items()}
        assert members != container
        container.clear()
        container.update(members)

    return change


def append(place: str, value: Any) -> Change:
    """Add an item to a list."""

    def change(document: dict[str, Any]) -> None:
        container, key = holder(document, place)
        container[key].append(copy.deepcopy(value))

    return change


def several(*changes: Change) -> Change:
    """Do one change after the other."""

    def change(document: dict[str, Any]) -> None:
        for one in changes:
            one(document)

    return change


GET_RUN_LINK = {"operationId": "getRun", "description": "Read it.", "parameters": {"id": "$response.body#/id"}}

DEFECTS = [
    # Structure
    Defect("check_version", "3.0", put("openapi", "3.0.3")),
    Defect("check_openapi", "a response without a description", drop(f"{RESPONSES}/Unauthorized/description")),
    Defect("check_openapi", "an info without a version", drop("info/version")),
    Defect("check_openapi", "a parameter in nowhere", put("components/parameters/Page/in", "querry")),
    Defect(
        "check_keywords", "a misspelled bound", rename(f"{SCHEMAS}/RunCreate/properties/prompt/maxLength", "maxLenght")
    ),
    Defect("check_keywords", "a misspelled field", rename(f"{RUNS}/get/operationId", "operationID")),
    Defect("check_keywords", "a misspelled extension", rename(f"{SCHEMAS}/Run/x-source", "x-soruce")),
    Defect("check_keywords", "an extension where it means nothing", put("info/x-source", "overview")),
    Defect("check_keywords", "a bound beside the schema", put("components/parameters/Page/maximum", 5)),
    Defect("check_leftovers", "nullable", put(f"{SCHEMAS}/Run/properties/branch/nullable", True)),
    Defect("check_leftovers", "a schema's example", put(f"{SCHEMAS}/Model/example", "sonnet")),
    Defect(
        "check_leftovers",
        "a boolean bound",
        put(f"{SCHEMAS}/ResolvedGuardrails/properties/maxCostUsd/exclusiveMinimum", True),
    ),
    Defect(
        "check_references",
        "a missing schema",
        put(f"{SCHEMAS}/RunPage/properties/meta/$ref", "#/components/schemas/Gone"),
    ),
    Defect(
        "check_references",
        "a response for a header",
        put(f"{RESPONSES}/Unauthorized/headers/X-RateLimit-Limit/$ref", "#/components/responses/Unauthorized"),
    ),
    Defect("check_references", "another file", put(f"{SCHEMAS}/Run/properties/model/$ref", "models.yaml#/Model")),
    Defect(
        "check_components_used",
        "a schema that nobody uses",
        put(f"{SCHEMAS}/Unused", {"type": "object", "description": "Nothing.", "x-source": "assumed"}),
    ),
    Defect(
        "check_components_used",
        "two schemas that only use each other",
        several(
            put(f"{SCHEMAS}/Ping", {"type": "array", "items": {"$ref": "#/components/schemas/Pong"}}),
            put(f"{SCHEMAS}/Pong", {"type": "array", "items": {"$ref": "#/components/schemas/Ping"}}),
        ),
    ),
    Defect(
        "check_components_used",
        "an example that nobody uses",
        put("components/examples/Spare", {"summary": "A", "value": 1}),
    ),
    Defect("check_operation_ids", "one name for two", put(f"{RUN}/get/operationId", "listRuns")),
    Defect("check_operation_ids", "no name", drop(f"{RUNS}/get/operationId")),
    Defect("check_paths", "a slash at the end", rename(WEBHOOKS, "/v1/webhooks/")),
    Defect("check_paths", "two spellings of a path", put("paths/~1v1~1runs~1{runId}", {})),
    Defect("check_path_parameters", "an undeclared parameter", drop(f"{RUN}/get/parameters")),
    Defect(
        "check_path_parameters",
        "a parameter of no path",
        put(f"{RUNS}/get/parameters/0", {"$ref": "#/components/parameters/RunId"}),
    ),
    Defect("check_path_parameters", "an optional path parameter", drop("components/parameters/RunId/required")),
    Defect(
        "check_parameters_once",
        "a parameter twice",
        append(f"{RUNS}/get/parameters", {"$ref": "#/components/parameters/AssumedPage"}),
    ),
    Defect("check_descriptions", "an operation without a summary", drop(f"{RUNS}/get/summary")),
    Defect("check_descriptions", "a member without a description", drop(f"{SCHEMAS}/Run/properties/id/description")),
    Defect("check_descriptions", "a note to oneself", put(f"{SCHEMAS}/Run/description", "TODO: describe.")),
    Defect("check_descriptions", "half a sentence", put(f"{SCHEMAS}/Run/description", "A run, whole")),
    Defect("check_tags", "an undeclared tag", put(f"{RUNS}/get/tags", ["Rnus"])),
    Defect("check_tags", "a tag that nobody has", append("tags", {"name": "Billing", "description": "None."})),
    Defect("check_security", "an open operation", put(f"{RUNS}/get/security", [])),
    Defect("check_security", "an open API", put("security", [])),
    Defect("check_security", "another scheme", put("components/securitySchemes/bearerAuth/scheme", "basic")),
    Defect("check_servers", "a plain http server", put("servers/0/url", "http://api.cospec.io")),
    Defect("check_servers", "a server with a path", put("servers/0/url", "https://api.cospec.io/v1")),
    Defect("check_servers", "no server", put("servers", [])),
    # Schemas
    Defect(
        "check_bounds", "a minimum above its maximum", put(f"{SCHEMAS}/RunGuardrails/properties/maxTurns/minimum", 1001)
    ),
    Defect("check_bounds", "a length above its maximum", put(f"{SCHEMAS}/TemplateName/minLength", 101)),
    Defect("check_bounds", "more items than allowed", put(f"{SCHEMAS}/EgressDomains/minItems", 21)),
    Defect("check_bounds", "more members than allowed", put(f"{SCHEMAS}/RunMetadata/minProperties", 51)),
    Defect(
        "check_bounds",
        "bounds at odds across a reference",
        put(f"{RUNS}/get/parameters/6/schema", {"allOf": [{"$ref": "#/components/schemas/PageLimit"}], "minimum": 200}),
    ),
    Defect(
        "check_bounds",
        "an exclusive bound at the maximum",
        several(
            put(f"{SCHEMAS}/ResolvedGuardrails/properties/maxCostUsd/maximum", 5),
            put(f"{SCHEMAS}/ResolvedGuardrails/properties/maxCostUsd/exclusiveMinimum", 5),
        ),
    ),
    Defect(
        "check_bounds",
        "an exclusive maximum at the minimum",
        put(f"{SCHEMAS}/RunGuardrails/properties/maxTurns/exclusiveMaximum", 1),
    ),
    Defect("check_lengths", "half a character", put(f"{SCHEMAS}/TemplateName/maxLength", 0.5)),
    Defect("check_lengths", "fewer than no items", put(f"{SCHEMAS}/EgressDomains/maxItems", -1)),
    Defect("check_types", "bounds without a type", drop(f"{SCHEMAS}/RunGuardrails/properties/maxTurns/type")),
    Defect("check_types", "a bound that does nothing", put(f"{SCHEMAS}/TemplateName/maximum", 100)),
    Defect("check_types", "a pattern on a number", put(f"{SCHEMAS}/Pagination/properties/page/pattern", "^1$")),
    Defect("check_said", "anything fits", put(f"{SCHEMAS}/Run/properties/repo", {"description": "The repository."})),
    Defect("check_said", "a schema that is true", put(f"{SCHEMAS}/Run/properties/repo", True)),
    Defect("check_arrays", "items of any kind", drop(f"{SCHEMAS}/Run/properties/outputs/items")),
    Defect("check_required", "a required member that is not defined", append(f"{SCHEMAS}/Run/required", "idd")),
    Defect("check_required", "a renamed member", rename(f"{SCHEMAS}/Run/properties/prompt", "promt")),
    Defect("check_required", "a member required twice", append(f"{SCHEMAS}/Run/required", "id")),
    Defect(
        "check_required",
        "an undefined member below then",
        append(f"{SCHEMAS}/Problem/dependentSchemas/type/then/required", "error"),
    ),
    Defect(
        "check_forbidden",
        "a listed webhook with its secret",
        put(f"{SCHEMAS}/Webhook/properties/secret", {"type": "string", "description": "Its secret."}),
    ),
    Defect("check_defaults", "a default that does not fit", put(f"{SCHEMAS}/PageLimit/default", 500)),
    Defect(
        "check_defaults", "a default beside a reference", put(f"{SCHEMAS}/RunCreate/properties/model/default", "gpt")
    ),
    Defect("check_enums", "a value of another type", append(f"{SCHEMAS}/Model/enum", 4)),
    Defect("check_enums", "a value outside the bounds", put(f"{SCHEMAS}/Model/maxLength", 5)),
    Defect("check_enums", "a value twice", append(f"{SCHEMAS}/RunStatus/enum", "pending")),
    Defect("check_enums", "no value at all", put(f"{SCHEMAS}/GitProvider/enum", [])),
    Defect("check_enums", "a const of another type", put(f"{SCHEMAS}/TextOutput/properties/type/const", 1)),
    Defect("check_enums", "a null that no value is", put(f"{SCHEMAS}/FailReason/type", ["string", "null"])),
    Defect("check_null_unions", "null in two branches", put(f"{SCHEMAS}/StringMap/type", ["object", "null"])),
    Defect("check_patterns", "an open group", put(f"{SCHEMAS}/TemplateSlug/pattern", "^(a")),
    Defect("check_formats", "an unknown format", put(f"{SCHEMAS}/Run/properties/createdAt/format", "datetime")),
    Defect("check_timestamps", "a time that is any text", drop(f"{SCHEMAS}/Run/properties/startedAt/format")),
    Defect("check_query_bounds", "an unbounded offset", drop(f"{RUN_LOGS}/get/parameters/2/schema/maximum")),
    Defect("check_query_bounds", "an unbounded page", drop(f"{SCHEMAS}/PageNumber/minimum")),
    Defect(
        "check_discriminators",
        "a wrong mapping",
        put(f"{SCHEMAS}/RunOutput/discriminator/mapping/pr", "#/components/schemas/IssueOutput"),
    ),
    Defect(
        "check_discriminators",
        "a value that no mapping has",
        put(f"{SCHEMAS}/BranchOutput/properties/type/const", "branches"),
    ),
    Defect(
        "check_discriminators",
        "a mapping to no branch",
        put(f"{SCHEMAS}/RunOutput/discriminator/mapping/run", "#/components/schemas/Run"),
    ),
    Defect(
        "check_discriminators",
        "an optional discriminator",
        put(f"{SCHEMAS}/TextOutput/required", ["eventId", "content"]),
    ),
    # Examples
    Defect(
        "check_examples",
        "a member of the wrong type",
        put(f"{RUNS}/post/requestBody/{JSON}/examples/small/value/prompt", 5),
    ),
    Defect("check_examples", "a required member left out", drop("components/examples/Template/value/template/slug")),
    Defect(
        "check_examples",
        "a time that is none",
        put("components/examples/CompletedRun/value/createdAt", "2026-02-30T12:00:00Z"),
    ),
    Defect(
        "check_examples", "a URL that is none", put("components/examples/CompletedRun/value/outputs/1/url", "not a url")
    ),
    Defect("check_examples", "a parameter out of bounds", put("components/parameters/Page/example", 0)),
    Defect("check_examples", "a header out of bounds", put(f"{HEADERS}/RateLimitRemaining/example", 200)),
    Defect(
        "check_examples",
        "a listed text output with its content",
        put(f"{RUNS}/get/responses/200/{JSON}/examples/page/value/data/0/outputs/0/content", "Done."),
    ),
    Defect(
        "check_example_members",
        "a misspelled optional member",
        rename(f"{RUNS}/post/requestBody/{JSON}/examples/full/value/callbackUrl", "callbackURL"),
    ),
    Defect(
        "check_example_members",
        "a member of another branch",
        put("components/examples/CompletedRun/value/outputs/3/url", "https://example.com"),
    ),
    Defect("check_refused_values", "a refused value that fits", append(f"{SCHEMAS}/TemplateSlug/x-refused", "fine")),
    Defect("check_parameter_examples", "a parameter without an example", drop("components/parameters/Page/example")),
    Defect("check_parameter_examples", "a header without an example", drop(f"{HEADERS}/RetryAfter/example")),
    Defect(
        "check_one_kind_of_example",
        "an example beside examples",
        put(f"{RUNS}/post/requestBody/{JSON}/example", {"repo": "a/b", "prompt": "c", "template": "d"}),
    ),
    Defect(
        "check_request_examples", "a request without an example", drop(f"{WEBHOOKS}/post/requestBody/{JSON}/examples")
    ),
    Defect(
        "check_success_examples", "a success without an example", drop(f"{WEBHOOKS}/get/responses/200/{JSON}/examples")
    ),
    Defect(
        "check_problem_codes_shown",
        "a code without an example",
        drop(f"{RESPONSES}/Unauthorized/{PROBLEM_JSON}/examples/API_KEY_INVALID"),
    ),
    # Responses
    Defect("check_common_responses", "an operation without 401", drop(f"{RUNS}/get/responses/401")),
    Defect("check_common_responses", "an operation without 429", drop(f"{RUN}/get/responses/429")),
    Defect("check_common_responses", "an operation without 500", drop(f"{WEBHOOKS}/get/responses/500")),
    Defect("check_statuses", "two successes", put(f"{RUN}/get/responses/206", {"description": "A part."})),
    Defect("check_statuses", "a default response", rename(f"{RUN}/get/responses/500", "default")),
    Defect("check_refusals", "a query that cannot be refused", drop(f"{USAGE_LOGS}/get/responses/400")),
    Defect("check_refusals", "a resource that cannot be missed", drop(f"{TEMPLATE}/delete/responses/404")),
    Defect(
        "check_rate_headers", "a success without a header", drop(f"{RUNS}/get/responses/200/headers/X-RateLimit-Reset")
    ),
    Defect("check_rate_headers", "a problem without its headers", drop(f"{RESPONSES}/InternalError/headers")),
    Defect("check_rate_headers", "an optional header", put(f"{HEADERS}/RateLimitLimit/required", False)),
    Defect("check_retry_after", "429 without Retry-After", drop(f"{RESPONSES}/TooManyRequests/headers/Retry-After")),
    Defect(
        "check_retry_after",
        "Retry-After elsewhere",
        put(f"{RESPONSES}/SandboxUnavailable/headers/Retry-After", {"$ref": "#/components/headers/RetryAfter"}),
    ),
    Defect(
        "check_headers",
        "a misspelled header",
        put(f"{RESPONSES}/InternalError/headers/X-Ratelimit-Limit", {"$ref": "#/components/headers/RateLimitLimit"}),
    ),
    Defect(
        "check_headers",
        "headers that are exchanged",
        put(f"{RESPONSES}/InternalError/headers/X-RateLimit-Reset/$ref", "#/components/headers/RateLimitLimit"),
    ),
    Defect("check_rate_limit", "another limit than the header's", put("x-rate-limit/requests", 100)),
    Defect("check_rate_limit", "a remaining above the limit", put(f"{HEADERS}/RateLimitRemaining/schema/maximum", 200)),
    Defect("check_success_bodies", "a success without a body", drop(f"{RUN}/get/responses/200/content")),
    Defect(
        "check_success_bodies",
        "a body of 204",
        put(f"{TEMPLATE}/delete/responses/204/content", {"application/json": {"schema": {"type": "object"}}}),
    ),
    Defect("check_success_bodies", "deleting with 200", rename(f"{TEMPLATE}/delete/responses/204", "200")),
    Defect("check_problem_bodies", "one media type only", drop(f"{RESPONSES}/InternalError/{JSON}")),
    Defect(
        "check_problem_bodies",
        "a schema for each media type",
        put(f"{RESPONSES}/InternalError/{JSON}/schema/$ref", "#/components/schemas/Problem"),
    ),
    Defect("check_request_bodies", "an optional body", drop(f"{RUNS}/post/requestBody/required")),
    Defect("check_request_bodies", "a body that is no JSON", rename(f"{RUNS}/post/requestBody/{JSON}", "text/plain")),
    Defect("check_request_bodies", "a change without a body", drop(f"{TEMPLATE}/patch/requestBody")),
    # Problems
    Defect("check_catalogue", "a code in lower case", rename("x-problem-catalogue/CONFLICT", "conflict")),
    Defect("check_catalogue", "a status of no problem", put("x-problem-catalogue/CONFLICT/status", 209)),
    Defect("check_catalogue", "no title", drop("x-problem-catalogue/CONFLICT/title")),
    Defect(
        "check_codes_answered",
        "a code that nobody answers",
        put("x-problem-catalogue/RUN_NOT_FOUND", {"status": 404, "title": "Run not found"}),
    ),
    Defect(
        "check_codes_listed",
        "an unlisted code",
        put(f"{SCHEMAS}/NotFoundProblem/allOf/1/properties/type/enum", ["RUN_NOT_FOUND"]),
    ),
    Defect("check_codes_listed", "a code with another status", put("x-problem-catalogue/CONFLICT/status", 400)),
    Defect(
        "check_codes_everywhere",
        "only one code of 401",
        put(f"{SCHEMAS}/UnauthorizedProblem/allOf/1/properties/type/enum", ["AUTH_UNAUTHORIZED"]),
    ),
    Defect(
        "check_problem_status",
        "another status in the body",
        put(f"{SCHEMAS}/ConflictProblem/allOf/1/properties/status/enum", [400]),
    ),
    Defect(
        "check_problem_examples",
        "another status in an example",
        put(f"{RESPONSES}/RunEnded/{PROBLEM_JSON}/examples/CONFLICT/value/status", 400),
    ),
    Defect(
        "check_problem_examples",
        "another title in an example",
        put(f"{RESPONSES}/RunEnded/{PROBLEM_JSON}/examples/CONFLICT/value/title", "Conflict"),
    ),
    Defect(
        "check_problem_examples",
        "an example under another code",
        rename(f"{RESPONSES}/RunEnded/{PROBLEM_JSON}/examples/CONFLICT", "NOT_FOUND"),
    ),
    Defect(
        "check_problem_schema", "errors that are never required", drop(f"{SCHEMAS}/Problem/dependentSchemas/type/then")
    ),
    Defect(
        "check_problem_schema",
        "errors that may be empty",
        drop(f"{SCHEMAS}/Problem/dependentSchemas/type/then/properties/errors/minItems"),
    ),
    Defect("check_problem_schema", "a type that may be a URL", drop(f"{SCHEMAS}/Problem/properties/type/pattern")),
    # Sources and tables
    Defect("check_sources", "a level of its own", put("x-sources/guide/level", "may")),
    Defect("check_sources", "a source of nothing", put("x-sources/rumour", {"title": "hearsay", "level": "should"})),
    Defect("check_source_names", "an unknown source", put(f"{SCHEMAS}/Run/x-source", "refernce")),
    Defect("check_sources_given", "a schema without a source", drop(f"{SCHEMAS}/Run/x-source")),
    Defect("check_sources_given", "an operation without a source", drop(f"{RUN}/get/x-source")),
    Defect("check_sources_given", "a success without a source", drop(f"{RUN}/get/responses/200/x-source")),
    Defect("check_limits", "a limit of nothing", put("x-limits/concurrentRuns", 0)),
    Defect("check_limits", "no window", drop("x-rate-limit/windowSeconds")),
    Defect("check_webhook_limit", "another number than the title's", put("x-limits/webhooks", 20)),
    Defect("check_run_defaults", "a default out of bounds", put("x-run-defaults/maxTurns", 5000)),
    Defect("check_run_defaults", "a default left out", drop("x-run-defaults/timeoutSeconds")),
    Defect("check_sandbox_rates", "a size without a rate", drop("x-sandbox-rates/l")),
    Defect("check_sandbox_rates", "a rate that the text does not say", put("x-sandbox-rates/l", 0.07)),
    Defect("check_byte_bounds", "bytes in words", put(f"{SCHEMAS}/RunMetadata/x-max-json-bytes", "4 KB")),
    # Links
    Defect("check_link_operations", "a link to no operation", put("components/links/GetRun/operationId", "readRun")),
    Defect(
        "check_link_parameters", "a parameter of another name", rename("components/links/GetRun/parameters/id", "runId")
    ),
    Defect("check_link_parameters", "no parameter", drop("components/links/GetRun/parameters/id")),
    Defect(
        "check_link_expressions",
        "a pointer to nothing",
        put("components/links/GetRun/parameters/id", "$response.body#/runId"),
    ),
    Defect(
        "check_link_expressions",
        "a pointer into a wrapped body",
        put(f"{TEMPLATES}/post/responses/201/links/getRun", GET_RUN_LINK),
    ),
    Defect(
        "check_link_expressions",
        "a pointer to an object",
        put("components/links/GetTemplate/parameters/idOrSlug", "$response.body#/template"),
    ),
    Defect(
        "check_link_expressions",
        "a pointer to what may be left out",
        put("components/links/GetTemplateBySlug/parameters/idOrSlug", "$response.body#/template/createdBy"),
    ),
    Defect(
        "check_link_examples",
        "a list without an example of its items",
        put(f"{RUNS}/get/responses/200/{JSON}/examples/page/value/data", []),
    ),
    Defect(
        "check_callbacks",
        "a callback to a member that does not exist",
        rename(f"{RUNS}/post/callbacks/runEnded/{{$request.body#~1callbackUrl}}", "{$request.body#/callback}"),
    ),
    Defect("check_webhooks", "an event without a webhook", drop("webhooks/run.failed")),
    Defect(
        "check_webhooks",
        "a webhook with another's body",
        put(
            "components/pathItems/RunFailed/post/requestBody/content/application~1json/schema/$ref",
            "#/components/schemas/RunCompletedEvent",
        ),
    ),
]

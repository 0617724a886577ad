"""How is a request validated wrongly? One constraint of the document that is laxer or stricter than it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mock_server.altered import Alteration, Bench
from mock_server.faults.registry import add


@dataclass(frozen=True)
class Bound:
    """A constraint that is not what it should be."""

    promise: str
    place: str
    """A component's schema (`RunMetadata`), a property of one (`RunCreate.repo`) or a parameter (`listRuns?limit`)."""
    keywords: Mapping[str, Any]
    """Keywords with other values; None for one that is left out."""
    source: str = "reference"
    rules: tuple[str, ...] = ()
    """Rules that state it beside the one of all bounds."""

    def alter(self, mock: Bench) -> None:
        """The fault."""
        schema = self._schema(mock)
        for keyword, value in self.keywords.items():
            schema.pop(keyword, None)
            if value is not None:
                schema[keyword] = value

    def _schema(self, mock: Bench) -> dict[str, Any]:
        operation_id, _, parameter = self.place.partition("?")
        if parameter:
            return mock.own_parameter_schema(operation_id, parameter)
        name, _, member = self.place.partition(".")
        schema: dict[str, Any] = mock.schema(name)
        return schema["properties"][member] if member else schema


TOO_LAX = {
    "egress-urls-accepted": Bound(
        "An egress domain is a host name, not a URL.",
        "EgressDomain",
        {"pattern": r"^(https?://)?(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]+/?$"},
        source="guide",
    ),
    "empty-prompts-accepted": Bound("A prompt has at least one character.", "RunCreate.prompt", {"minLength": 0}),
    "prompts-too-long-accepted": Bound(
        "A prompt has at most 50000 characters.", "RunCreate.prompt", {"maxLength": 50001}
    ),
    "callback-urls-of-any-form-accepted": Bound("callbackUrl is a URI.", "RunCreate.callbackUrl", {"format": None}),
    "callback-urls-too-long-accepted": Bound(
        "callbackUrl has at most 2048 characters.", "RunCreate.callbackUrl", {"maxLength": None}
    ),
    "metadata-too-many-keys-accepted": Bound("metadata has at most 50 keys.", "RunMetadata", {"maxProperties": None}),
    "metadata-too-large-accepted": Bound("metadata is at most 4 KB.", "RunMetadata", {"x-max-json-bytes": None}),
    "fractional-timeouts-accepted": Bound(
        "timeoutSeconds is an integer.", "RunGuardrails.timeoutSeconds", {"type": "number"}, source="guide"
    ),
    "fractional-turns-accepted": Bound("maxTurns is an integer.", "RunGuardrails.maxTurns", {"type": "number"}),
    "no-turns-accepted": Bound("maxTurns is at least 1.", "RunGuardrails.maxTurns", {"minimum": 0}, source="guide"),
    "1001-turns-accepted": Bound(
        "maxTurns is at most 1000.", "RunGuardrails.maxTurns", {"maximum": 1001}, source="guide"
    ),
    "no-cost-accepted": Bound(
        "maxCostUsd is at least 0.01.", "RunGuardrails.maxCostUsd", {"minimum": 0}, source="guide"
    ),
    "costs-beyond-1000-accepted": Bound(
        "maxCostUsd is at most 1000.", "RunGuardrails.maxCostUsd", {"maximum": None}, source="guide"
    ),
    "29-seconds-accepted": Bound(
        "timeoutSeconds is at least 30.", "RunGuardrails.timeoutSeconds", {"minimum": 29}, source="guide"
    ),
    "3601-seconds-accepted": Bound(
        "timeoutSeconds is at most 3600.", "RunGuardrails.timeoutSeconds", {"maximum": 3601}, source="guide"
    ),
    "slugs-in-capitals-accepted": Bound(
        "A slug is of lower-case letters, digits and hyphens.",
        "TemplateSlug",
        {"pattern": "^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$"},
    ),
    "slugs-with-underscores-accepted": Bound(
        "A slug has no underscore.", "TemplateSlug", {"pattern": "^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$"}
    ),
    "slugs-with-a-hyphen-first-accepted": Bound(
        "A slug does not begin with a hyphen.", "TemplateSlug", {"pattern": "^[a-z0-9-]*[a-z0-9]$"}
    ),
    "slugs-with-a-hyphen-last-accepted": Bound(
        "A slug does not end with a hyphen.", "TemplateSlug", {"pattern": "^[a-z0-9][a-z0-9-]*$"}
    ),
    "slugs-of-65-accepted": Bound("A slug has at most 64 characters.", "TemplateSlug", {"maxLength": 65}),
    "empty-names-accepted": Bound("A template's name has at least one character.", "TemplateName", {"minLength": 0}),
    "names-of-101-accepted": Bound("A template's name has at most 100 characters.", "TemplateName", {"maxLength": 101}),
    "descriptions-of-501-accepted": Bound(
        "A template's description has at most 500 characters.", "TemplateCreate.description", {"maxLength": 501}
    ),
    "long-descriptions-accepted-in-updates": Bound(
        "An updated description has at most 500 characters.", "TemplateUpdate.description", {"maxLength": None}
    ),
    "21-egress-domains-accepted": Bound(
        "A template has at most 20 egress domains.", "EgressDomains", {"maxItems": None}
    ),
    "egress-ip-addresses-accepted": Bound(
        "An egress domain is a host name, not an IP address.",
        "EgressDomain",
        {"pattern": "^(\\*\\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z0-9-]{1,63}$"},
        source="guide",
    ),
    "egress-localhost-accepted": Bound(
        "An egress domain is not localhost.",
        "EgressDomain",
        {"pattern": "^(\\*\\.)?(([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z][A-Za-z0-9-]*|localhost)$"},
        source="guide",
    ),
    "egress-internal-accepted": Bound(
        "An egress domain does not end in .internal.",
        "EgressDomain",
        {"not": {"pattern": "\\.[lL][oO][cC][aA][lL]([hH][oO][sS][tT])?$"}},
        source="guide",
    ),
    "egress-local-accepted": Bound(
        "An egress domain does not end in .local.",
        "EgressDomain",
        {"not": {"pattern": "\\.[iI][nN][tT][eE][rR][nN][aA][lL]$"}},
        source="guide",
    ),
    "template-turns-without-bound": Bound(
        "A template's maxTurns is at most 1000.", "TemplateGuardrails.maxTurns", {"maximum": None}, source="guide"
    ),
    "template-cost-of-nothing-accepted": Bound(
        "A template's maxCostUsd is at least 0.01.", "TemplateGuardrails.maxCostUsd", {"minimum": 0}, source="guide"
    ),
    "timeouts-of-61-minutes-accepted": Bound(
        "A template's timeoutMinutes is at most 60.",
        "TemplateGuardrails.timeoutMinutes",
        {"maximum": 61},
        source="assumed",
    ),
    "timeouts-of-0-minutes-accepted": Bound(
        "A template's timeoutMinutes is at least 1.",
        "TemplateGuardrails.timeoutMinutes",
        {"minimum": 0},
        source="assumed",
    ),
    "http-webhooks-accepted": Bound(
        "A webhook's url is https only.", "WebhookCreate.url", {"pattern": "^https?://"}, source="guide"
    ),
    "webhook-urls-of-any-form-accepted": Bound(
        "A webhook's url is a URI.", "WebhookCreate.url", {"pattern": "^(?!http:)", "format": None}
    ),
    "webhook-urls-too-long-accepted": Bound(
        "A webhook's url has at most 2048 characters.", "WebhookCreate.url", {"maxLength": 4096}
    ),
    "limit-101-accepted": Bound(
        "listRuns: limit is at most 100.", "listRuns?limit", {"maximum": 101}, source="assumed"
    ),
    "page-10001-accepted": Bound(
        "listUsageLogs: page is at most 10000.", "listUsageLogs?page", {"maximum": 1000000000}, source="assumed"
    ),
    "log-limit-251-accepted": Bound(
        "listRunLogs: limit is at most 250.", "listRunLogs?limit", {"maximum": 251}, source="assumed"
    ),
    "log-offset-too-large-accepted": Bound(
        "listRunLogs: offset is at most 100000.", "listRunLogs?offset", {"maximum": 1000000000}, source="assumed"
    ),
    "searches-of-201-accepted": Bound(
        "listRuns: search has at most 200 characters.", "listRuns?search", {"maxLength": None}
    ),
    "unknown-statuses-accepted": Bound(
        "listRuns: a status that does not exist is refused.", "listRuns?status", {"items": {"type": "string"}}
    ),
    "unknown-output-types-accepted": Bound(
        "listRuns: a kind of output that does not exist is refused.",
        "listRuns?outputTypes",
        {"items": {"type": "string"}},
    ),
    "unknown-models-accepted-in-filters": Bound(
        "listRuns: a model that does not exist is refused.", "listRuns?model", {"enum": None}
    ),
    "unknown-sort-accepted": Bound("listRuns: sortBy is createdAt or costUsd.", "listRuns?sortBy", {"enum": None}),
    "unknown-order-accepted": Bound("listRuns: order is asc or desc.", "listRuns?order", {"enum": None}),
    "unknown-resource-types-accepted": Bound(
        "listUsageLogs: a resourceType that does not exist is refused.", "listUsageLogs?resourceType", {"enum": None}
    ),
    "limit-101-of-usage-logs-accepted": Bound(
        "listUsageLogs: limit is at most 100.", "listUsageLogs?limit", {"maximum": 101}, source="assumed"
    ),
    "unknown-log-categories-accepted": Bound(
        "listRunLogs: a category that does not exist is refused.", "listRunLogs?category", {"enum": None}
    ),
}

TOO_STRICT = {
    "names-in-other-scripts-refused": Bound(
        "A template's name may be in any script.", "TemplateName", {"pattern": "^[ -~]*$"}
    ),
    "empty-maps-of-variables-refused": Bound("env may be empty.", "StringMap", {"minProperties": 1}),
    "empty-variables-refused": Bound(
        "The value of a variable may be empty.",
        "StringMap",
        {"additionalProperties": {"type": "string", "minLength": 1}},
    ),
    "empty-descriptions-refused-in-updates": Bound(
        "An updated description may be empty.", "TemplateUpdate.description", {"minLength": 1}
    ),
    "slugs-with-two-hyphens-refused": Bound(
        "A slug may have two hyphens in a row.", "TemplateSlug", {"pattern": "^[a-z0-9](-?[a-z0-9])*$"}
    ),
    "egress-hyphens-refused": Bound(
        "An egress domain may have hyphens.",
        "EgressDomain",
        {"pattern": r"^(\*\.)?([A-Za-z0-9]+\.)+[A-Za-z]+$"},
        "guide",
    ),
    "longest-prompts-refused": Bound("A prompt may have 50000 characters.", "RunCreate.prompt", {"maxLength": 49999}),
    "prompts-of-one-character-refused": Bound("A prompt may be one character.", "RunCreate.prompt", {"minLength": 2}),
    "repository-urls-refused": Bound(
        "repo may be a full URL.",
        "RunCreate.repo",
        {"pattern": "^[^/:]+/[^/:]+$"},
        rules=("repositories/url-names-it-too",),
    ),
    "repository-names-refused": Bound("repo may be owner/repo.", "RunCreate.repo", {"pattern": "^https?://"}),
    "long-callback-urls-refused": Bound(
        "callbackUrl may have 2048 characters.", "RunCreate.callbackUrl", {"maxLength": 255}
    ),
    "metadata-of-50-keys-refused": Bound("metadata may have 50 keys.", "RunMetadata", {"maxProperties": 49}),
    "metadata-of-2-kb-refused": Bound("metadata may be up to 4 KB.", "RunMetadata", {"x-max-json-bytes": 1024}),
    "metadata-null-refused": Bound(
        "metadata may be null.",
        "RunCreate.metadata",
        {"oneOf": None, "anyOf": None, "type": None, "$ref": "#/components/schemas/RunMetadata"},
    ),
    "guardrails-all-required": Bound(
        "Each guardrail is optional: the n8n node sends only those that are set.",
        "RunGuardrails",
        {"required": ["maxTurns", "maxCostUsd", "timeoutSeconds"]},
    ),
    "1000-turns-refused": Bound("maxTurns may be 1000.", "RunGuardrails.maxTurns", {"maximum": 999}, source="guide"),
    "one-turn-refused": Bound("maxTurns may be 1.", "RunGuardrails.maxTurns", {"minimum": 2}, source="guide"),
    "least-cost-refused": Bound(
        "maxCostUsd may be 0.01.", "RunGuardrails.maxCostUsd", {"minimum": 0.02}, source="guide"
    ),
    "costs-of-1000-refused": Bound(
        "maxCostUsd may be 1000.", "RunGuardrails.maxCostUsd", {"maximum": 999.99}, source="guide"
    ),
    "30-seconds-refused": Bound(
        "timeoutSeconds may be 30.", "RunGuardrails.timeoutSeconds", {"minimum": 31}, source="guide"
    ),
    "3600-seconds-refused": Bound(
        "timeoutSeconds may be 3600.", "RunGuardrails.timeoutSeconds", {"maximum": 3599}, source="guide"
    ),
    "slugs-of-64-refused": Bound("A slug may have 64 characters.", "TemplateSlug", {"maxLength": 63}),
    "slugs-of-one-character-refused": Bound(
        "A slug may be one character.", "TemplateSlug", {"pattern": "^[a-z0-9][a-z0-9-]*[a-z0-9]$"}
    ),
    "slugs-with-digits-first-refused": Bound(
        "A slug may begin with a digit.", "TemplateSlug", {"pattern": "^[a-z]([a-z0-9-]*[a-z0-9])?$"}
    ),
    "names-of-100-refused": Bound("A template's name may have 100 characters.", "TemplateName", {"maxLength": 99}),
    "descriptions-of-500-refused": Bound(
        "A template's description may have 500 characters.", "TemplateCreate.description", {"maxLength": 499}
    ),
    "null-descriptions-refused-in-updates": Bound(
        "A description of null clears it.", "TemplateUpdate.description", {"type": "string"}
    ),
    "php-refused": Bound(
        "baseImage may be php-8.3.", "BaseImage", {"enum": ["node-22", "python-3.12"]}, source="guide"
    ),
    "size-l-refused": Bound("size may be l.", "SandboxSize", {"enum": ["s", "m"]}, source="guide"),
    "20-egress-domains-refused": Bound("A template may have 20 egress domains.", "EgressDomains", {"maxItems": 19}),
    "egress-wildcards-refused": Bound(
        "An egress domain may begin with *.",
        "EgressDomain",
        {"pattern": "^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z][A-Za-z0-9-]{0,62}$"},
        source="guide",
    ),
    "timeouts-of-60-minutes-refused": Bound(
        "A template's timeoutMinutes may be 60.",
        "TemplateGuardrails.timeoutMinutes",
        {"maximum": 59},
        source="assumed",
        rules=("requests/assumed-valid-is-accepted",),
    ),
    "empty-updates-refused": Bound("An update of nothing is valid.", "TemplateUpdate", {"minProperties": 1}),
    "names-required-in-updates": Bound(
        "Every member of an update is optional.", "TemplateUpdate", {"required": ["name"]}
    ),
    "webhook-urls-of-2048-refused": Bound(
        "A webhook's url may have 2048 characters.", "WebhookCreate.url", {"maxLength": 2047}
    ),
    "webhook-urls-with-a-query-refused": Bound(
        "A webhook's url may have a query.", "WebhookCreate.url", {"pattern": "^https://[^?]*$"}
    ),
    "run-cancelled-refused": Bound(
        "A webhook may be told of run.cancelled.", "WebhookEvent", {"enum": ["run.completed", "run.failed"]}
    ),
    "limit-100-refused": Bound(
        "listRepositories: limit may be 100.",
        "listRepositories?limit",
        {"maximum": 99},
        source="node",
        rules=("repositories/listed-for-the-node",),
    ),
    "limit-100-of-runs-refused": Bound("listRuns: limit may be 100.", "listRuns?limit", {"maximum": 50}),
    "limit-1-refused": Bound("listRuns: limit may be 1.", "listRuns?limit", {"minimum": 5}),
    "page-10000-refused": Bound(
        "listRuns: page may be 10000, though the list be shorter.",
        "listRuns?page",
        {"maximum": 9999},
        source="assumed",
        rules=("pagination/runs-past-the-end-is-empty",),
    ),
    "log-limit-250-refused": Bound("listRunLogs: limit may be 250.", "listRunLogs?limit", {"maximum": 249}),
    "log-offset-100000-refused": Bound(
        "listRunLogs: offset may be 100000, though the list be shorter.",
        "listRunLogs?offset",
        {"maximum": 1000},
        source="assumed",
        rules=("pagination/run-logs-past-the-end-is-empty",),
    ),
    "searches-of-200-refused": Bound(
        "listRuns: search may have 200 characters.", "listRuns?search", {"maxLength": 100}
    ),
    "lists-of-statuses-refused": Bound(
        "listRuns: status may be several, separated by commas.", "listRuns?status", {"maxItems": 1}
    ),
    "sort-by-cost-refused": Bound("listRuns: sortBy may be costUsd.", "listRuns?sortBy", {"enum": ["createdAt"]}),
}

OTHER_DEFAULTS = {
    "default-limit-of-runs-is-50": Bound("listRuns: limit is 20 by default.", "listRuns?limit", {"default": 50}),
    "default-limit-of-usage-logs-is-20": Bound(
        "listUsageLogs: limit is 50 by default.", "listUsageLogs?limit", {"default": 20}
    ),
    "default-limit-of-templates-is-100": Bound(
        "listTemplates: limit is 20 by default.", "listTemplates?limit", {"default": 100}, source="assumed"
    ),
    "default-limit-of-repositories-is-25": Bound(
        "listRepositories: limit is 20 by default.", "listRepositories?limit", {"default": 25}, source="assumed"
    ),
    "default-limit-of-logs-is-100": Bound(
        "listRunLogs: limit is 50 by default.", "listRunLogs?limit", {"default": 100}
    ),
    "default-page-of-runs-is-2": Bound("listRuns: page is 1 by default.", "listRuns?page", {"default": 2}),
}


def _add(bounds: Mapping[str, Bound], rule: str, assumed_rule: str) -> None:
    for name, bound in bounds.items():
        alter: Alteration = bound.alter
        rules = (assumed_rule if bound.source == "assumed" else rule, *bound.rules)
        add(name, bound.promise, alter, rules, bound.source)


_add(TOO_LAX, "requests/invalid-is-refused", "requests/assumed-bound-is-kept")
_add(TOO_STRICT, "requests/valid-is-accepted", "requests/valid-is-accepted")
_add(
    OTHER_DEFAULTS,
    "pagination/page-says-what-was-asked-for",
    "pagination/templates-and-repositories-take-page-and-limit",
)

"""What can go wrong with an operation as such: its path, its success status, its media type, the form of its answer?"""

from __future__ import annotations

from mock_server.altered import Bench, Exchange, drop_member, map_member, set_member
from mock_server.faults.registry import fault


def _status(mock: Bench, operation_id: str, right: int, wrong: int) -> None:
    def change(exchange: Exchange) -> None:
        exchange.status = wrong

    mock.after(change, [operation_id], [right])


@fault("responses/success-status", source="assumed")
def create_run_answers_200(mock: Bench) -> None:
    """createRun is answered 201."""
    _status(mock, "createRun", 201, 200)


@fault("responses/success-status", source="assumed")
def create_template_answers_202(mock: Bench) -> None:
    """createTemplate is answered 201."""
    _status(mock, "createTemplate", 201, 202)


@fault("responses/success-status", source="assumed")
def create_webhook_answers_200(mock: Bench) -> None:
    """createWebhook is answered 201."""
    _status(mock, "createWebhook", 201, 200)


@fault("responses/success-status", source="assumed")
def cancel_run_answers_202(mock: Bench) -> None:
    """cancelRun is answered 200."""
    _status(mock, "cancelRun", 200, 202)


@fault("responses/success-status", source="assumed")
def delete_template_answers_200(mock: Bench) -> None:
    """deleteTemplate is answered 204."""

    def change(exchange: Exchange) -> None:
        exchange.status, exchange.body = 200, {"deleted": True}
        exchange.headers["content-type"] = "application/json"

    mock.after(change, ["deleteTemplate"], [204])


@fault("responses/success-status", source="assumed")
def delete_webhook_answers_200(mock: Bench) -> None:
    """deleteWebhook is answered 204."""

    def change(exchange: Exchange) -> None:
        exchange.status, exchange.body = 200, {"deleted": True}
        exchange.headers["content-type"] = "application/json"

    mock.after(change, ["deleteWebhook"], [204])


@fault("requests/undeclared-is-not-found")
def unknown_methods_answer_405(mock: Bench) -> None:
    """A method that the document lacks is answered 404 NOT_FOUND: no 405 is listed."""

    def change(exchange: Exchange) -> None:
        if exchange.operation is None and exchange.path in (
            "/v1/runs",
            "/v1/templates",
            "/v1/webhooks",
            "/v1/usage/credits",
        ):
            exchange.status = exchange.body["status"] = 405

    mock.after(change, statuses=[404])


@fault("requests/undeclared-is-not-found")
def unknown_paths_answer_400(mock: Bench) -> None:
    """A path that the document lacks is answered 404 NOT_FOUND."""

    def change(exchange: Exchange) -> None:
        if exchange.operation is None:
            exchange.status = exchange.body["status"] = 400
            exchange.body |= {"type": "BAD_REQUEST", "title": "Bad request"}

    mock.after(change, statuses=[404])


@fault("requests/operation-succeeds", "requests/valid-is-accepted")
def usage_detailed_does_not_exist(mock: Bench) -> None:
    """GET /v1/usage/detailed is an operation."""

    def change(exchange: Exchange) -> None:
        exchange.path = "/v1/usage/detail"

    mock.before(change, ["getUsage"])


@fault("responses/body-fits-its-schema", source="reference")
def get_run_is_wrapped(mock: Bench) -> None:
    """getRun answers the run itself, not wrapped."""
    mock.after(lambda exchange: setattr(exchange, "body", {"run": exchange.body}), ["getRun"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def create_run_is_wrapped(mock: Bench) -> None:
    """createRun answers id, status and createdAt at the top of the body."""
    mock.after(lambda exchange: setattr(exchange, "body", {"run": exchange.body}), ["createRun"], [201])


@fault("responses/body-fits-its-schema", source="reference")
def get_template_is_not_wrapped(mock: Bench) -> None:
    """getTemplate answers {template}."""
    mock.after(lambda exchange: setattr(exchange, "body", exchange.body["template"]), ["getTemplate"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def update_template_is_not_wrapped(mock: Bench) -> None:
    """updateTemplate answers {template}."""
    mock.after(lambda exchange: setattr(exchange, "body", exchange.body["template"]), ["updateTemplate"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def create_webhook_is_wrapped(mock: Bench) -> None:
    """createWebhook answers the webhook itself, not wrapped."""
    mock.after(lambda exchange: setattr(exchange, "body", {"webhook": exchange.body}), ["createWebhook"], [201])


@fault("responses/body-fits-its-schema", source="reference")
def webhooks_are_a_bare_list(mock: Bench) -> None:
    """listWebhooks answers {data}."""
    mock.after(lambda exchange: setattr(exchange, "body", exchange.body["data"]), ["listWebhooks"], [200])


@fault("responses/media-type")
def answers_are_text(mock: Bench) -> None:
    """Answers are application/json."""

    def change(exchange: Exchange) -> None:
        exchange.headers["content-type"] = "text/plain; charset=utf-8"

    mock.after(change, statuses=[200, 201])


@fault("responses/media-type")
def usage_is_without_a_media_type(mock: Bench) -> None:
    """Answers are application/json, and say so."""
    mock.after(lambda exchange: exchange.headers.pop("content-type"), ["getUsage"], [200])


@fault("responses/body-is-json")
def answers_are_cut_off(mock: Bench) -> None:
    """The body of an answer is JSON, whole."""

    def change(exchange: Exchange) -> None:
        exchange.content = b'{"data":[],"pagination":{"page":1,'

    mock.after(change, ["listRepositories"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def created_at_is_unix_time(mock: Bench) -> None:
    """A run's createdAt is an RFC 3339 date-time, not a number."""
    mock.after(map_member("createdAt", lambda text: 1_800_000_000), ["getRun"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def created_at_is_without_a_zone(mock: Bench) -> None:
    """A template's createdAt is an RFC 3339 date-time: it names its zone."""
    mock.after(map_member("template.createdAt", lambda text: text.rstrip("Z")), ["getTemplate"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def dates_with_a_blank(mock: Bench) -> None:
    """A webhook's createdAt is an RFC 3339 date-time as ISO writes it: with a T."""
    mock.after(map_member("data.*.createdAt", lambda text: text.replace("T", " ")[:19]), ["listWebhooks"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def costs_are_text(mock: Bench) -> None:
    """A cost is a number."""
    mock.after(map_member("data.*.costUsd", str), ["listUsageLogs"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def waived_is_a_number(mock: Bench) -> None:
    """A usage record's waived is a boolean."""
    mock.after(map_member("data.*.waived", int), ["listUsageLogs"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def env_vars_are_pairs(mock: Bench) -> None:
    """A template's envVars is an object of strings, not a list of pairs."""
    change = map_member(
        "template.envVars", lambda variables: [{"name": name, "value": value} for name, value in variables.items()]
    )
    mock.after(change, ["getTemplate"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def health_is_null(mock: Bench) -> None:
    """A listed webhook has its health."""
    mock.after(set_member("data.*.health", None), ["listWebhooks"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def health_without_its_counts(mock: Bench) -> None:
    """A webhook's health counts successes, failures and all."""
    mock.after(drop_member("data.*.health.totalCount"), ["listWebhooks"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def organization_id_missing(mock: Bench) -> None:
    """A run names its organization."""
    mock.after(drop_member("organizationId"), ["getRun"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def outputs_are_null_at_first(mock: Bench) -> None:
    """A run's outputs are a list, empty while there are none."""
    mock.after(map_member("outputs", lambda outputs: outputs or None), ["getRun"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def outputs_missing_in_lists(mock: Bench) -> None:
    """A listed run has its outputs."""
    mock.after(drop_member("data.*.outputs"), ["listRuns"], [200])


@fault("responses/body-fits-assumed-schema", source="assumed")
def guardrails_without_cost(mock: Bench) -> None:
    """A run's resolved guardrails have all three limits."""
    mock.showing_runs(lambda run: run.get("guardrails", {}).pop("maxCostUsd", None))


@fault("responses/body-fits-its-schema", source="reference")
def templates_without_is_system(mock: Bench) -> None:
    """A listed template tells whether it is a system template."""
    mock.after(drop_member("data.*.isSystem"), ["listTemplates"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def egress_domains_are_null_when_empty(mock: Bench) -> None:
    """A template's egressDomains is a list, empty when there are none."""
    mock.after(map_member("template.egressDomains", lambda domains: domains or None), ["getTemplate"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def run_list_without_meta(mock: Bench) -> None:
    """listRuns answers meta beside the page."""
    mock.after(drop_member("meta"), ["listRuns"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def log_data_is_text(mock: Bench) -> None:
    """A log record's data is an object."""
    mock.after(map_member("data.*.data", str), ["listRunLogs"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def log_category_unknown(mock: Bench) -> None:
    """A log record's category is one of those that the reference lists."""
    mock.after(
        map_member("data.*.category", lambda category: "tool" if category == "mcp" else category),
        ["listRunLogs"],
        [200],
    )


@fault("responses/body-fits-its-schema", source="node")
def repository_names_without_owner(mock: Bench) -> None:
    """A repository's fullName is owner/repo."""
    mock.after(map_member("data.*.fullName", lambda name: name.rpartition("/")[2]), ["listRepositories"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def key_name_missing(mock: Bench) -> None:
    """The current key has a name."""
    mock.after(drop_member("name"), ["getCurrentApiKey"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def key_prefix_without_its_start(mock: Bench) -> None:
    """A key's keyPrefix starts with csk_live_."""
    mock.after(map_member("keyPrefix", lambda prefix: prefix.removeprefix("csk_live_")), ["getCurrentApiKey"], [200])


@fault("responses/body-fits-assumed-schema", source="assumed")
def credits_without_remaining(mock: Bench) -> None:
    """getCredits tells what remains."""
    mock.after(drop_member("remainingUsd"), ["getCredits"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def month_usage_missing(mock: Bench) -> None:
    """getUsage tells the current month's usage."""
    mock.after(drop_member("currentMonth"), ["getUsage"], [200])


@fault("responses/no-server-error")
def other_scripts_fail(mock: Bench) -> None:
    """A request that fits the document is never answered 500: text may be in any script."""

    def change(exchange: Exchange) -> None:
        exchange.status = 500
        exchange.headers["content-type"] = "application/problem+json"
        exchange.body = {
            "type": "INTERNAL_ERROR",
            "title": "An unexpected error occurred",
            "status": 500,
            "instance": exchange.path,
        }

    def after(exchange: Exchange) -> None:
        if any(not str(value).isascii() for value in exchange.request_body.values()):
            change(exchange)

    mock.after(after, ["createRun", "createTemplate", "updateTemplate"], [200, 201])

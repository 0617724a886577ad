"""What can go wrong with an operation as such: its path, its success status, its media type, the form of its answer?"""

from __future__ import annotations

from mock_server.altered import Bench, Exchange, drop_member, map_member
from mock_server.faults.registry import fault


def _status(mock: Bench, operation_id: str, right: int, wrong: int) -> None:
    def change(exchange: Exchange) -> None:
        exchange.status = wrong

    mock.after(change, [operation_id], [right])


@fault("responses/body-fits-assumed-schema", source="assumed")
def guardrails_without_cost(mock: Bench) -> None:
    """A run's resolved guardrails have all three limits."""
    mock.after(drop_member("guardrails.maxCostUsd"), ["getRun"], [200])


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

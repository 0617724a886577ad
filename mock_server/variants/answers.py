"""How else may a right answer look? Members, media types, headers, timestamps, success statuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson

from generated.contract import OPERATIONS, RUN_DEFAULTS, ProblemCode
from mock_server.altered import Bench, Exchange, at, drop_member, map_member, set_member
from mock_server.problems import PROBLEM_MEDIA_TYPE
from mock_server.variants.registry import variant

_CREATES = ["createRun", "createTemplate", "createWebhook"]
_DELETES = ["deleteTemplate", "deleteWebhook"]
_DEFAULTS = {
    "maxTurns": RUN_DEFAULTS.max_turns,
    "maxCostUsd": RUN_DEFAULTS.max_cost_usd,
    "timeoutMinutes": RUN_DEFAULTS.timeout_seconds // 60,
}
_LISTS = ["listRuns", "listRunLogs", "listTemplates", "listWebhooks", "listUsageLogs"]


def _everywhere(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]], free: frozenset[str]) -> Any:
    """The value with each of its objects changed; objects that clients fill (`free`) stay as they are."""
    if isinstance(value, list):
        return [_everywhere(item, change, free) for item in value]
    if isinstance(value, dict):
        inner = {name: item if name in free else _everywhere(item, change, free) for name, item in value.items()}
        return change(inner)
    return value


@variant
def null_members_are_left_out(mock: Bench) -> None:
    """Members without a value are left out instead of null."""

    def leave_out(body: Any) -> Any:
        return _everywhere(
            body,
            lambda whole: {name: value for name, value in whole.items() if value is not None},
            frozenset({"envVars"}),
        )

    def change(exchange: Exchange) -> None:
        exchange.body = leave_out(exchange.body)

    mock.after(change, statuses=[200, 201])
    mock.delivering(lambda body: orjson.dumps(leave_out(orjson.loads(body))))


@variant
def answers_have_more_members(mock: Bench) -> None:
    """Answers carry members that the document does not name, of every type."""
    more = {"_links": {"self": "/v1"}, "object": "thing", "revision": 3, "tags": [], "archivedAt": None}

    def change(exchange: Exchange) -> None:
        exchange.body = add(exchange.body)

    def add(body: Any) -> Any:
        return _everywhere(body, lambda whole: {**whole, **more}, frozenset({"envVars", "metadata"}))

    mock.after(change)
    mock.delivering(lambda body: orjson.dumps(add(orjson.loads(body))))


@variant
def optional_members_of_repositories_are_left_out(mock: Bench) -> None:
    """A repository is its fullName and nothing else."""
    mock.after(
        map_member("data", lambda items: [{"fullName": item["fullName"]} for item in items]),
        ["listRepositories"],
        [200],
    )


@variant
def runs_tell_little(mock: Bench) -> None:
    """A run leaves out what it may: branch, variables, callback, and the details of its usage."""
    members = ("branch", "envVars", "callbackUrl", "callbackStatus", "usage.agent", "usage.sandbox")

    def leave_out(body: bytes) -> bytes:
        told = orjson.loads(body)
        for member in members:
            for owner, name in at(told["run"], member):
                owner.pop(name, None)
        return orjson.dumps(told)

    for member in members:
        mock.after(drop_member(member), ["getRun", "cancelRun"], [200])
    mock.after(drop_member("data.*.branch"), ["listRuns"], [200])
    mock.delivering(leave_out)


@variant
def usage_records_tell_little(mock: Bench) -> None:
    """A usage record leaves out what it may: sandbox, run, rate and metadata."""
    for member in ("sandboxId", "runId", "ratePerMinuteUsd", "metadata"):
        mock.after(drop_member(f"data.*.{member}"), ["listUsageLogs"], [200])


@variant
def templates_do_not_show_their_size(mock: Bench) -> None:
    """A template leaves out what it may: size, description and who created it."""
    for member in ("size", "createdBy"):
        mock.after(drop_member(f"template.{member}"), statuses=[200, 201])
        mock.after(drop_member(f"data.*.{member}"), ["listTemplates"], [200])


@variant
def problems_are_application_json(mock: Bench) -> None:
    """Problems come as application/json."""

    def change(exchange: Exchange) -> None:
        if exchange.headers.get("content-type") == PROBLEM_MEDIA_TYPE:
            exchange.headers["content-type"] = "application/json"

    mock.after(change)


@variant
def problems_are_minimal(mock: Bench) -> None:
    """Problems have type, title, status and errors, and no other member."""

    def change(exchange: Exchange) -> None:
        if exchange.code:
            exchange.body = {
                name: value for name, value in exchange.body.items() if name in ("type", "title", "status", "errors")
            }

    mock.after(change)


@variant
def titles_have_a_tail(mock: Bench) -> None:
    """Titles end in a pointer to another page."""

    def change(exchange: Exchange) -> None:
        if exchange.code:
            exchange.body["title"] += " (see https://docs.example.com/errors)"

    mock.after(change)


@variant
def titles_are_in_other_words(mock: Bench) -> None:
    """Titles are in other words than the published ones."""

    def change(exchange: Exchange) -> None:
        if exchange.code:
            exchange.body["title"] = exchange.code.replace("_", " ").capitalize()

    mock.after(change)


@variant
def every_wrong_key_is_called_invalid(mock: Bench) -> None:
    """Whatever is wrong with the key, a missing one too, is answered API_KEY_INVALID."""
    mock.after(lambda exchange: exchange.refuse(ProblemCode.API_KEY_INVALID), statuses=[401])


@variant
def instances_have_the_query(mock: Bench) -> None:
    """A problem's instance is the request's path with its query."""

    def change(exchange: Exchange) -> None:
        if exchange.code and exchange.query:
            exchange.body["instance"] += f"?{exchange.query}"

    mock.after(change)


@variant
def one_error_at_a_time(mock: Bench) -> None:
    """A VALIDATION_FAILED problem tells of the first error only."""
    mock.after(map_member("errors", lambda errors: errors[:1]), statuses=[400])


_Written = bytes | Callable[["re.Match[bytes]"], bytes]
_TIMESTAMP = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{3})Z"')


def _write_timestamps(mock: Bench, written: _Written) -> None:
    _write_timestamps_of(mock, written, OPERATIONS)
    mock.delivering(lambda body: _TIMESTAMP.sub(written, body))


def _write_timestamps_of(mock: Bench, written: _Written, operations: Collection[str]) -> None:
    def change(exchange: Exchange) -> None:
        if exchange.body is not None:
            exchange.body = orjson.loads(_TIMESTAMP.sub(written, orjson.dumps(exchange.body)))

    mock.after(change, operations)


@variant
def timestamps_in_microseconds(mock: Bench) -> None:
    """Timestamps have six digits of a second."""
    _write_timestamps(mock, rb'"\1.\g<2>000Z"')


@variant
def timestamps_with_an_offset(mock: Bench) -> None:
    """Timestamps end in +00:00 instead of Z."""
    _write_timestamps(mock, rb'"\1.\2+00:00"')


@variant
def timestamps_in_seconds(mock: Bench) -> None:
    """Timestamps have no fraction of a second."""
    _write_timestamps(mock, rb'"\1Z"')


@variant
def timestamps_of_lists_in_seconds(mock: Bench) -> None:
    """Lists cut off the fraction of a second that is told of the same time elsewhere."""
    _write_timestamps_of(mock, rb'"\1Z"', _LISTS)


@variant
def timestamps_of_creates_in_nanoseconds(mock: Bench) -> None:
    """What is created is answered with the time as it was taken, and read with the milliseconds that were stored."""
    _write_timestamps_of(mock, rb'"\1.\g<2>482913Z"', _CREATES)


@variant
def timestamps_of_deliveries_in_seconds(mock: Bench) -> None:
    """Deliveries cut off the fractions of seconds."""
    mock.delivering(lambda body: _TIMESTAMP.sub(rb'"\1Z"', body))


@variant
def timestamps_of_creation_are_the_most_exact(mock: Bench) -> None:
    """The createdAt of a run is told to the microsecond, what comes later to the millisecond."""

    def change(run: dict[str, Any]) -> None:
        run["createdAt"] = run["createdAt"].replace("Z", "641Z")

    mock.showing_runs(change)


@variant
def timestamps_in_local_time(mock: Bench) -> None:
    """Timestamps have the offset of where they were taken, which is not always the same, and no zeros at the end."""

    def written(match: re.Match[bytes]) -> bytes:
        moment = datetime.fromisoformat(f"{match[1].decode()}.{match[2].decode()}+00:00")
        local = moment.astimezone(timezone(timedelta(hours=9.5 if match[2][-1:] in b"02468" else -5)))
        fraction = match[2].decode().rstrip("0")
        text = f"{local:%Y-%m-%dT%H:%M:%S}{'.' * bool(fraction)}{fraction}{local.isoformat()[-6:]}"
        return f'"{text}"'.encode()

    _write_timestamps(mock, written)


@variant
def media_types_name_their_charset(mock: Bench) -> None:
    """Media types have the parameter charset=utf-8."""

    def change(exchange: Exchange) -> None:
        if "content-type" in exchange.headers:
            exchange.headers["content-type"] += "; charset=utf-8"

    mock.after(change)


@variant
def proxies_add_headers(mock: Bench) -> None:
    """Proxies on the way add headers of their own."""
    more = {
        "server": "nginx",
        "via": "1.1 edge",
        "x-request-id": "b1946ac92492d2347c6235b4d2611184",
        "cache-control": "no-store",
        "strict-transport-security": "max-age=63072000",
        "vary": "Origin, Accept-Encoding",
        "x-content-type-options": "nosniff",
        "etag": 'W/"1"',
    }
    mock.after(lambda exchange: exchange.headers.update(more))


@variant
def creates_answer_200(mock: Bench) -> None:
    """Creates succeed with 200."""

    def change(exchange: Exchange) -> None:
        exchange.status = 200

    mock.after(change, _CREATES, [201])


@variant
def deletes_answer_200(mock: Bench) -> None:
    """Deletes succeed with 200 and a body."""

    def change(exchange: Exchange) -> None:
        exchange.status, exchange.body = 200, {"deleted": True}
        exchange.headers["content-type"] = "application/json"

    mock.after(change, _DELETES, [204])


@variant
def cancelling_answers_202(mock: Bench) -> None:
    """Asking a run to stop succeeds with 202."""

    def change(exchange: Exchange) -> None:
        exchange.status = 202

    mock.after(change, ["cancelRun"], [200])


@variant
def empty_lists_have_one_page(mock: Bench) -> None:
    """A list without items has one page."""

    def change(exchange: Exchange) -> None:
        counts = exchange.body.get("pagination", {})
        if counts.get("totalPages") == 0:
            counts["totalPages"] = 1

    mock.after(change, statuses=[200])


@variant
def webhooks_have_a_pagination(mock: Bench) -> None:
    """The list of webhooks has a pagination, which is right."""

    def change(exchange: Exchange) -> None:
        total = len(exchange.items)
        exchange.body["pagination"] = {"page": 1, "limit": 100, "total": total, "totalPages": 1 if total else 0}

    mock.after(change, ["listWebhooks"], [200])


@variant
def health_is_of_another_window(mock: Bench) -> None:
    """A webhook's health looks at seven days, and has null for what there is nothing to tell of."""
    mock.after(set_member("data.*.health.window", "7d"), ["listWebhooks"], [200])


@variant
def keys_are_masked(mock: Bench) -> None:
    """A keyPrefix is how the key begins and ends, with dots for what lies between."""

    def change(exchange: Exchange) -> None:
        (key,) = [value.split()[-1].decode() for name, value in exchange.request_headers if name == b"authorization"]
        exchange.body["keyPrefix"] = f"{key[:12]}...{key[-4:]}"

    mock.after(change, ["getCurrentApiKey"], [200])


@variant
def missing_descriptions_are_empty(mock: Bench) -> None:
    """A template without a description shows an empty one."""

    def change(exchange: Exchange) -> None:
        for template in exchange.items or [exchange.body.get("template")]:
            if isinstance(template, dict):
                template["description"] = template.get("description") or ""

    mock.after(change, ["createTemplate", "listTemplates", "getTemplate", "updateTemplate"], [200, 201])


@variant
def templates_show_the_defaults(mock: Bench) -> None:
    """A template shows the default guardrails where it sets none."""

    def change(exchange: Exchange) -> None:
        for template in exchange.items or [exchange.body.get("template")]:
            if isinstance(template, dict):
                template["guardrails"] = {**_DEFAULTS, **template["guardrails"]}

    mock.after(change, ["createTemplate", "listTemplates", "getTemplate", "updateTemplate"], [200, 201])


@variant
def runs_show_the_address_of_their_repository(mock: Bench) -> None:
    """A run shows its repository's address, in lower case, whatever it was given."""

    def change(run: dict[str, Any]) -> None:
        name = run["repo"].lower().rstrip("/").removesuffix(".git").removeprefix("https://github.com/")
        run["repo"] = f"https://github.com/{name}.git"

    names = map_member("data", lambda items: [{**item, "fullName": item["fullName"].title()} for item in items])
    mock.after(names, ["listRepositories"], [200])
    mock.showing_runs(change)


@variant
def the_default_branch_is_found_out(mock: Bench) -> None:
    """A run that names no branch shows the default one from its start on."""

    def change(run: dict[str, Any]) -> None:
        if run.get("branch") is None and run["status"] != "pending":
            run["branch"] = "main"

    mock.showing_runs(change)


@variant
def log_records_are_counted(mock: Bench) -> None:
    """The log records of each run have the ids 1, 2, 3 and so on."""

    def change(exchange: Exchange) -> None:
        for record in exchange.items:
            record["id"] = record["id"].rpartition("_")[2]

    mock.after(change, ["listRunLogs"], [200])

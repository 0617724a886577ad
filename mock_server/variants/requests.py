"""What else may a right server accept or refuse where nothing published draws the line, and in which order?"""

from __future__ import annotations

import re
from dataclasses import replace

from generated.contract import CONCURRENT_RUNS, WEBHOOKS_PER_ORGANIZATION, ProblemCode
from mock_server import templates
from mock_server.altered import Bench, Exchange
from mock_server.calls import Answer, Call, Handler
from mock_server.problems import Refusal
from mock_server.repositories import REPOSITORIES
from mock_server.variants.registry import variant

_BODIES = ("RunCreate", "RunGuardrails", "TemplateCreate", "TemplateUpdate", "TemplateGuardrails", "WebhookCreate")
_NAME = re.compile(r"[A-Za-z0-9_-]+")


@variant
def unknown_members_are_refused(mock: Bench) -> None:
    """A body with a member that the document does not name is refused."""
    for name in _BODIES:
        mock.schema(name)["additionalProperties"] = False


@variant
def odd_names_are_invalid(mock: Bench) -> None:
    """What cannot be an id or a slug is refused with 400."""

    def change(exchange: Exchange) -> None:
        name = exchange.path.split("/")[3:4]
        if name and not _NAME.fullmatch(name[0]):
            exchange.refuse(ProblemCode.BAD_REQUEST)

    mock.after(change, statuses=[404])


@variant
def repositories_are_checked(mock: Bench) -> None:
    """Only repositories that are listed exist."""
    names = {repository["fullName"] for repository in REPOSITORIES}

    def handle(call: Call, inner: Handler) -> Answer:
        repo = re.sub(r"^https?://[^/]+/", "", call.body["repo"]).removesuffix("/").removesuffix(".git")
        if repo not in names and not repo.startswith("mock/"):
            raise Refusal(ProblemCode.REPOSITORY_NOT_FOUND, "The organization cannot reach this repository.")
        return inner(call)

    mock.handle("createRun", handle)


@variant
def names_of_variables_are_checked(mock: Bench) -> None:
    """Variables have names such as a shell takes."""
    names = {"propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}}
    mock.schema("RunCreate")["properties"]["env"] |= names
    for name in ("TemplateCreate", "TemplateUpdate"):
        member = mock.schema(name)["properties"]["envVars"]
        member.setdefault("allOf", []).append(names)


@variant
def the_same_twice_is_refused(mock: Bench) -> None:
    """A list of events or domains that holds something twice is refused."""
    mock.schema("EgressDomains")["uniqueItems"] = True
    mock.schema("WebhookCreate")["properties"]["events"]["uniqueItems"] = True


@variant
def blank_texts_are_refused(mock: Bench) -> None:
    """A name or a prompt of blanks alone is refused."""
    for schema in (mock.schema("TemplateName"), mock.schema("RunCreate")["properties"]["prompt"]):
        schema["pattern"] = r"\S"


@variant
def odd_numbers_are_understood(mock: Bench) -> None:
    """A number in a query may be written with a sign or zeros before it."""

    def before(exchange: Exchange) -> None:
        exchange.query = re.sub(r"(?<==)(?:%2B|\+)?0*(?=[0-9])", "", exchange.query)

    mock.before(before)


@variant
def broken_json_is_a_validation_problem(mock: Bench) -> None:
    """A body that is not JSON is refused as VALIDATION_FAILED."""

    def change(exchange: Exchange) -> None:
        if exchange.code == "BAD_REQUEST":
            errors = [{"field": "body", "message": "Not a JSON object", "code": "invalid_type"}]
            exchange.refuse(ProblemCode.VALIDATION_FAILED)
            exchange.body["errors"] = errors

    mock.after(change, statuses=[400])


@variant
def limits_come_first(mock: Bench) -> None:
    """Of several faults of a create that fits its schema, a limit that is reached is told first."""

    def create_run(call: Call, inner: Handler) -> Answer:
        if len(call.organization.active_runs) >= CONCURRENT_RUNS:
            raise Refusal(ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED, "Too many runs.", retry_after_seconds=2)
        return inner(call)

    def create_webhook(call: Call, inner: Handler) -> Answer:
        if len(call.organization.webhooks) >= WEBHOOKS_PER_ORGANIZATION:
            raise Refusal(ProblemCode.WEBHOOK_LIMIT_EXCEEDED, "Too many webhooks.")
        return inner(call)

    mock.handle("createRun", create_run)
    mock.handle("createWebhook", create_webhook)


@variant
def names_come_before_bodies(mock: Bench) -> None:
    """Whether a template exists and may be changed is told before what is wrong with an update's body."""
    known: dict[str, Call] = {}

    def note(call: Call, inner: Handler) -> Answer:
        known[call.organization.name] = call
        return inner(call)

    def after(exchange: Exchange) -> None:
        key = exchange.api_key
        call = known.get(key.organization_name) if key else None
        if call is None:
            return
        name = exchange.path.rpartition("/")[2]
        try:
            templates.update_template(replace(call, path={"idOrSlug": name}, body={}))
        except Refusal as refusal:
            exchange.refuse(ProblemCode(refusal.code))

    mock.handle_all(note)
    mock.after(after, ["updateTemplate"], [400])

"""What can go wrong with what a body must hold, where it is more than a bound? Bounds are in `bounds`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from generated.contract import ProblemCode
from mock_server.altered import Bench, Exchange
from mock_server.calls import Answer, Call, Handler
from mock_server.document import load, request_shapes
from mock_server.faults.registry import fault
from mock_server.problems import FieldError, Refusal

LONGEST_PROMPT = 50_000


def _with_default(call: Call, member: str, value: str) -> Call:
    return replace(call, body={member: value, **call.body})


def with_texts(call: Call, member: str) -> Call:
    """The call with every value of the member's map as text."""
    texts = {
        name: value if isinstance(value, str) else str(value) for name, value in (call.body.get(member) or {}).items()
    }
    return replace(call, body={**call.body, member: texts}) if call.body.get(member) else call


def _without(mock: Bench, member: str, stand_in: str) -> None:
    """A body without the member is taken as if it had the stand-in."""
    mock.schema("RunCreate")["required"].remove(member)
    mock.handle("createRun", lambda call, inner: inner(_with_default(call, member, stand_in)))


@fault("requests/invalid-is-refused", source="reference")
def runs_without_a_prompt_accepted(mock: Bench) -> None:
    """prompt is required."""
    _without(mock, "prompt", "Do what you can.")


@fault("requests/invalid-is-refused", source="reference")
def runs_without_a_template_accepted(mock: Bench) -> None:
    """template is required."""
    _without(mock, "template", "node-default")


@fault("requests/invalid-is-refused", source="reference")
def runs_without_a_repository_accepted(mock: Bench) -> None:
    """repo is required."""
    _without(mock, "repo", "acme/storefront")


def _blank(mock: Bench, member: str, stand_in: str) -> None:
    """A member without a character is taken as if it were the stand-in."""
    mock.schema("RunCreate")["properties"][member]["minLength"] = 0
    mock.handle(
        "createRun",
        lambda call, inner: inner(replace(call, body={**call.body, member: call.body[member] or stand_in})),
    )


@fault("requests/invalid-is-refused", source="reference")
def empty_repositories_accepted(mock: Bench) -> None:
    """repo has at least one character."""
    _blank(mock, "repo", "acme/storefront")


@fault("requests/invalid-is-refused", source="reference")
def empty_templates_accepted(mock: Bench) -> None:
    """template has at least one character."""
    _blank(mock, "template", "node-default")


@fault("requests/invalid-is-refused", source="reference")
def unknown_models_accepted(mock: Bench) -> None:
    """model is sonnet, opus or haiku."""
    mock.schema("RunCreate")["properties"]["model"] = {"type": "string", "default": "sonnet"}

    def handle(call: Call, inner: Handler) -> Answer:
        model = call.body.get("model")
        known = model if model in ("sonnet", "opus", "haiku") else "sonnet"
        return inner(replace(call, body={**call.body, "model": known}))

    mock.handle("createRun", handle)


@fault("requests/valid-is-accepted", source="reference")
def model_opus_refused(mock: Bench) -> None:
    """model may be opus."""
    mock.schema("RunCreate")["properties"]["model"] = {"enum": ["sonnet", "haiku"], "default": "sonnet"}


@fault("requests/invalid-is-refused", source="reference")
def env_numbers_accepted(mock: Bench) -> None:
    """env is an object of strings: a number is no value of it."""
    mock.schema("RunCreate")["properties"]["env"] = {"type": "object"}
    mock.handle("createRun", lambda call, inner: inner(with_texts(call, "env")))


@fault("requests/invalid-is-refused", source="reference")
def metadata_numbers_accepted(mock: Bench) -> None:
    """metadata is an object of strings: a number is no value of it."""
    mock.schema("RunMetadata")["additionalProperties"] = True
    mock.handle("createRun", lambda call, inner: inner(with_texts(call, "metadata")))


def _as_before(mock: Bench, member: str, stand_in: str) -> None:
    """Any value of the member is accepted; one that the document lacks is taken for the stand-in."""
    name = {"baseImage": "BaseImage", "size": "SandboxSize"}[member]
    known = mock.schema(name).pop("enum")

    def handle(call: Call, inner: Handler) -> Answer:
        if call.body.get(member, stand_in) not in known:
            call = replace(call, body={**call.body, member: stand_in})
        return inner(call)

    mock.handle("createTemplate", handle)
    mock.handle("updateTemplate", handle)


@fault("requests/invalid-is-refused", source="guide")
def unknown_base_images_accepted(mock: Bench) -> None:
    """baseImage is one of node-22, python-3.12 and php-8.3."""
    _as_before(mock, "baseImage", "node-22")


@fault("requests/invalid-is-refused", source="guide")
def unknown_sizes_accepted(mock: Bench) -> None:
    """size is one of s, m and l."""
    _as_before(mock, "size", "m")


@fault("requests/invalid-is-refused", source="reference")
def template_env_numbers_accepted(mock: Bench) -> None:
    """envVars is an object of strings: a number is no value of it."""
    mock.schema("TemplateCreate")["properties"]["envVars"] = {"type": "object"}
    mock.handle("createTemplate", lambda call, inner: inner(with_texts(call, "envVars")))


@fault("requests/invalid-is-refused", source="reference")
def templates_without_a_base_image_accepted(mock: Bench) -> None:
    """baseImage is required."""
    mock.schema("TemplateCreate")["required"].remove("baseImage")
    mock.handle("createTemplate", lambda call, inner: inner(replace(call, body={"baseImage": "node-22", **call.body})))


@fault("requests/invalid-is-refused", source="reference")
def templates_without_a_name_accepted(mock: Bench) -> None:
    """name is required."""
    mock.schema("TemplateCreate")["required"].remove("name")
    mock.handle(
        "createTemplate", lambda call, inner: inner(replace(call, body={"name": call.body["slug"], **call.body}))
    )


@fault("requests/invalid-is-refused", source="reference")
def webhooks_without_events_accepted(mock: Bench) -> None:
    """A webhook has at least one event."""
    mock.schema("WebhookCreate")["properties"]["events"]["minItems"] = 0
    mock.handle(
        "createWebhook",
        lambda call, inner: inner(
            replace(call, body={**call.body, "events": call.body["events"] or ["run.completed"]})
        ),
    )


@fault("requests/invalid-is-refused", source="reference")
def unknown_events_accepted(mock: Bench) -> None:
    """A webhook's events are run.completed, run.failed and run.cancelled, no other."""
    known = mock.schema("WebhookEvent").pop("enum")

    def handle(call: Call, inner: Handler) -> Answer:
        events = [event for event in call.body["events"] if event in known]
        return inner(replace(call, body={**call.body, "events": events or ["run.completed"]}))

    mock.handle("createWebhook", handle)


@fault("requests/invalid-is-refused", source="reference")
def webhooks_without_a_url_accepted(mock: Bench) -> None:
    """A webhook's url is required."""
    mock.schema("WebhookCreate")["required"].remove("url")
    mock.handle(
        "createWebhook",
        lambda call, inner: inner(replace(call, body={"url": "https://hooks.example.com/none", **call.body})),
    )


@fault("responses/no-server-error")
def lists_as_bodies_fail(mock: Bench) -> None:
    """A body that is a list is the client's mistake, not the server's."""
    _failing(mock, lambda exchange: exchange.request_content.startswith(b"["))


@fault("responses/no-server-error")
def empty_bodies_fail(mock: Bench) -> None:
    """A body that is missing is the client's mistake, not the server's."""
    _failing(mock, lambda exchange: not exchange.request_content)


@fault("responses/no-server-error")
def names_of_null_fail_in_updates(mock: Bench) -> None:
    """An update with null for a name is refused or understood, but it is no reason to fail."""
    _failing(mock, lambda exchange: exchange.request_body.get("name", "") is None)


def _failing(mock: Bench, fails: Callable[[Exchange], bool]) -> None:
    """Some requests with a body are answered 500."""
    taking = [name for name, shape in request_shapes(load()).items() if shape.body is not None]
    mock.after(lambda exchange: exchange.refuse(ProblemCode.INTERNAL_ERROR) if fails(exchange) else None, taking)


@fault("requests/undeclared-is-not-found")
def put_changes_templates(mock: Bench) -> None:
    """A template is changed with PATCH: there is no PUT."""

    def before(exchange: Exchange) -> None:
        if exchange.method == "PUT":
            exchange.method = "PATCH"

    mock.before(before)


@fault("requests/valid-is-accepted", source="reference")
def prompts_are_measured_in_bytes(mock: Bench) -> None:
    """A prompt may have 50000 characters, of any script."""

    def handle(call: Call, inner: Handler) -> Answer:
        if len(call.body["prompt"].encode()) > LONGEST_PROMPT:
            error = FieldError("prompt", "Prompt is too long", "too_big")
            raise Refusal(ProblemCode.VALIDATION_FAILED, "Invalid request body", (error,))
        return inner(call)

    mock.handle("createRun", handle)

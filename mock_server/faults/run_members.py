"""What can go wrong with what a run says of itself? What was sent, what was resolved, what it made and what it cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mock_server import runs, templates
from mock_server.altered import Bench, Exchange, map_member, set_member
from mock_server.calls import Answer, Call, Handler
from mock_server.clock import timestamp
from mock_server.faults.registry import fault
from mock_server.runs import Run


def _after_creation(mock: Bench, change: Callable[[Run, Call], object]) -> None:
    """`change` changes each new run."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        run = call.organization.runs[answer.body["id"]]
        change(run, call)
        run.changed()
        return answer

    mock.handle("createRun", handle)


def _with_body(mock: Bench, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Runs are created by another body."""
    mock.handle("createRun", lambda call, inner: inner(replace(call, body=change(dict(call.body)))))


def _set_guardrails(mock: Bench, resolve: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]) -> None:
    """`resolve` gives what differs, by the run's own guardrails and the template's."""

    def change(run: Run, call: Call) -> None:
        template = templates.by_slug(call.organization, run.template_slug)
        assert template is not None
        run.guardrails = replace(run.guardrails, **resolve(dict(call.body.get("guardrails", {})), template.guardrails))

    _after_creation(mock, change)


@fault("responses/body-fits-its-schema", source="reference")
def created_runs_have_no_created_at(mock: Bench) -> None:
    """createRun answers createdAt."""
    mock.after(lambda exchange: exchange.body.pop("createdAt"), ["createRun"], [201])


@fault("runs/model-default", source="reference")
def the_default_model_is_opus(mock: Bench) -> None:
    """model is sonnet by default."""
    _with_body(mock, lambda body: {"model": "opus", **body})


@fault("runs/is-what-was-asked", source="reference")
def the_model_is_always_sonnet(mock: Bench) -> None:
    """A run has the model that it was created with."""
    _with_body(mock, lambda body: {**body, "model": "sonnet"})


@fault("runs/default-guardrails", source="guide")
def the_default_of_turns_is_50(mock: Bench) -> None:
    """A run may take 100 turns unless it or its template says otherwise."""
    _set_guardrails(mock, lambda own, of: {} if "maxTurns" in own or "maxTurns" in of else {"max_turns": 50})


@fault("runs/default-guardrails", source="guide")
def the_default_of_cost_is_10(mock: Bench) -> None:
    """A run may cost 5 USD unless it or its template says otherwise."""
    _set_guardrails(mock, lambda own, of: {} if "maxCostUsd" in own or "maxCostUsd" in of else {"max_cost_usd": 10})


@fault("runs/default-guardrails", source="guide")
def the_default_of_timeout_is_an_hour(mock: Bench) -> None:
    """A run may take 1800 seconds unless it or its template says otherwise."""
    _set_guardrails(
        mock,
        lambda own, of: {} if "timeoutSeconds" in own or "timeoutMinutes" in of else {"timeout_seconds": 3600},
    )


@fault("runs/own-guardrails-win", source="guide")
def guardrails_of_runs_are_ignored(mock: Bench) -> None:
    """A run's own guardrails go before the template's and the defaults."""
    _with_body(mock, lambda body: {name: value for name, value in body.items() if name != "guardrails"})


@fault("runs/guardrails-of-the-template", source="guide")
def guardrails_of_templates_are_ignored(mock: Bench) -> None:
    """A template's guardrails go before the defaults."""

    def change(run: Run, call: Call) -> None:
        run.guardrails = runs.resolve_guardrails(call.body.get("guardrails", {}), {})

    _after_creation(mock, change)


@fault("runs/own-guardrails-win", source="guide")
def guardrails_of_templates_win(mock: Bench) -> None:
    """A run's own guardrails go before the template's."""

    def change(run: Run, call: Call) -> None:
        template = templates.by_slug(call.organization, run.template_slug)
        if template is not None and "maxTurns" in template.guardrails:
            run.guardrails = replace(run.guardrails, max_turns=template.guardrails["maxTurns"])

    _after_creation(mock, change)


@fault("runs/guardrails-of-the-template", source="guide")
def one_guardrail_resets_the_others(mock: Bench) -> None:
    """A run that sets one guardrail has the template's others."""

    def change(run: Run, call: Call) -> None:
        own = call.body.get("guardrails", {})
        if own:
            run.guardrails = runs.resolve_guardrails(own, {})

    _after_creation(mock, change)


@fault("runs/timeout-of-the-template", source="assumed")
def minutes_of_templates_are_taken_for_seconds(mock: Bench) -> None:
    """A template's timeoutMinutes are minutes: a run's timeoutSeconds are sixty times as many."""
    _set_guardrails(
        mock,
        lambda own, of: (
            {"timeout_seconds": of["timeoutMinutes"]} if "timeoutSeconds" not in own and "timeoutMinutes" in of else {}
        ),
    )


@fault("runs/environment-is-merged", source="guide")
def env_of_templates_wins(mock: Bench) -> None:
    """A run's env goes before its template's envVars."""
    _after_creation(mock, lambda run, call: run.env_vars.update(_template_env(run, call)))


@fault("runs/environment-is-merged", source="guide")
def env_of_templates_is_ignored(mock: Bench) -> None:
    """A run has its template's envVars too."""
    _after_creation(mock, lambda run, call: setattr(run, "env_vars", dict(call.body.get("env", {}))))


@fault("runs/environment-is-merged", source="guide")
def env_of_runs_is_ignored(mock: Bench) -> None:
    """A run has the env that it was created with."""
    _after_creation(mock, lambda run, call: setattr(run, "env_vars", dict(_template_env(run, call))))


@fault("runs/environment-is-its-own", source="guide")
def env_of_runs_is_kept_by_the_template(mock: Bench) -> None:
    """A run's env is the run's alone: its template stays as it was."""

    def change(run: Run, call: Call) -> None:
        template = call.organization.templates.get(run.template_id)
        if template is not None:
            template.env_vars = {**template.env_vars, **call.body.get("env", {})}

    _after_creation(mock, change)


def _template_env(run: Run, call: Call) -> dict[str, str]:
    template = templates.by_slug(call.organization, run.template_slug)
    return {} if template is None else template.env_vars


@fault("runs/metadata-comes-back", source="reference")
def metadata_is_dropped(mock: Bench) -> None:
    """A run has the metadata that it was created with."""
    _with_body(mock, lambda body: {**body, "metadata": {} if body.get("metadata") else body.get("metadata")})


@fault("runs/metadata-comes-back", source="reference")
def metadata_keys_are_lower_case(mock: Bench) -> None:
    """A run's metadata comes back unchanged."""
    _with_body(
        mock,
        lambda body: {
            **body,
            "metadata": {name.lower(): value for name, value in (body.get("metadata") or {}).items()}
            or body.get("metadata"),
        },
    )


@fault("runs/is-what-was-asked", source="reference")
def the_branch_is_dropped(mock: Bench) -> None:
    """A run has the branch that it was created with."""
    _with_body(mock, lambda body: body | ({"branch": "HEAD"} if "branch" in body else {}))


@fault("runs/is-what-was-asked", source="reference")
def prompts_are_cut(mock: Bench) -> None:
    """A run has the whole prompt that it was created with."""
    mock.after(map_member("prompt", lambda prompt: prompt[:32]), ["getRun"], [200])


@fault("runs/is-what-was-asked", source="reference")
def callback_urls_are_normalized(mock: Bench) -> None:
    """A run's callbackUrl comes back unchanged."""
    mock.after(map_member("callbackUrl", lambda url: url.partition("?")[0]), ["getRun"], [200])


@fault("runs/template-is-named", source="reference")
def runs_name_another_template(mock: Bench) -> None:
    """A run names the template that it was created in."""
    mock.after(set_member("templateSlug", "default"), ["getRun"], [200])


@fault("runs/template-is-named", source="reference")
def runs_name_a_template_id_that_is_a_slug(mock: Bench) -> None:
    """A run's templateId is the id of its template."""
    mock.after(lambda exchange: exchange.body.update(templateId=exchange.body["templateSlug"]), ["getRun"], [200])


@fault("runs/fail-reason-only-when-failed", source="guide")
def completed_runs_have_a_fail_reason(mock: Bench) -> None:
    """failReason is null unless the run failed."""

    def change(exchange: Exchange) -> None:
        if exchange.body["status"] in ("completed", "cancelled"):
            exchange.body["failReason"] = "error"

    mock.after(change, ["getRun"], [200])


@fault("responses/body-fits-its-schema", source="guide")
def fail_reasons_of_their_own(mock: Bench) -> None:
    """failReason is one of error, max_turns, max_cost and timeout."""
    mock.after(map_member("failReason", lambda reason: f"run_{reason}"), ["getRun"], [200])


@fault("runs/error-only-when-failed", source="assumed")
def completed_runs_have_an_error(mock: Bench) -> None:
    """A run has an error only when it failed."""

    def change(run: dict[str, Any]) -> None:
        if run["status"] == "completed":
            run["error"] = {"code": "NONE", "message": "No error."}

    mock.showing_runs(change)


@fault("runs/usage-adds-up", source="reference")
def total_cost_leaves_the_sandbox_out(mock: Bench) -> None:
    """A run's totalCostUsd is what agent and sandbox cost together."""

    def change(exchange: Exchange) -> None:
        usage = exchange.body["usage"]
        if usage is not None:
            usage["totalCostUsd"] = usage["agent"]["costUsd"]

    mock.after(change, ["getRun"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def tokens_are_negative(mock: Bench) -> None:
    """No number of a run's usage is negative."""
    mock.after(map_member("usage.agent.cacheReadTokens", lambda tokens: -1 - tokens), ["getRun"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def waived_is_missing(mock: Bench) -> None:
    """A run's sandbox usage tells whether it is waived."""
    mock.after(
        lambda exchange: (exchange.body["usage"] or {}).get("sandbox", {}).pop("waived", None), ["getRun"], [200]
    )


@fault("runs/sandbox-rate-of-its-size", source="guide")
def sandbox_time_costs_the_same_for_all_sizes(mock: Bench) -> None:
    """Sandbox time costs 0.01, 0.03 or 0.06 USD a minute for size s, m or l."""
    _after_creation(mock, lambda run, call: setattr(run, "rate_per_minute_usd", 0.03))


@fault("runs/list-leaves-out-content", source="reference")
def listed_texts_have_their_content(mock: Bench) -> None:
    """In lists a text output comes without its content."""
    mock.after(set_member("data.*.outputs.*.content", "Done."), ["listRuns"], [200])


@fault("runs/text-has-its-content", source="reference")
def texts_are_without_content(mock: Bench) -> None:
    """A text output has its content when the run is read alone."""
    mock.after(lambda exchange: [output.pop("content", None) for output in exchange.body["outputs"]], ["getRun"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def unknown_kinds_of_outputs(mock: Bench) -> None:
    """An output is a text, pr, issue or branch."""
    mock.after(map_member("outputs.*.type", lambda kind: "message" if kind == "text" else kind), ["getRun"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def pull_requests_without_number(mock: Bench) -> None:
    """A pr output has its number."""

    def change(exchange: Exchange) -> None:
        for output in exchange.body["outputs"]:
            output.pop("number", None)

    mock.after(change, ["getRun"], [200])


@fault("responses/body-fits-assumed-schema", source="assumed")
def callback_status_of_another_word(mock: Bench) -> None:
    """callbackStatus is pending while the callback is not made."""
    mock.after(
        map_member("callbackStatus", lambda status: "queued" if status == "pending" else status), ["getRun"], [200]
    )


@fault("runs/failed-has-fail-reason", source="guide")
def failed_runs_have_no_fail_reason(mock: Bench) -> None:
    """A failed run says why it failed."""
    mock.after(set_member("failReason", None), ["getRun"], [200])
    mock.after(set_member("data.*.failReason", None), ["listRuns"], [200])


@fault("runs/failed-has-error", source="assumed")
def failed_runs_have_no_error(mock: Bench) -> None:
    """A run that failed for an error says what the error was."""
    mock.showing_runs(lambda run: run.pop("error", None))


@fault("responses/run-is-as-asked", "runs/is-what-was-asked", source="reference")
def prompts_lose_what_is_not_ascii(mock: Bench) -> None:
    """A prompt comes back character by character, in any script."""
    _with_body(mock, lambda body: {**body, "prompt": body["prompt"].encode("ascii", "replace").decode()})


@fault("responses/run-is-as-asked", "runs/is-what-was-asked", source="reference")
def blanks_in_prompts_are_collapsed(mock: Bench) -> None:
    """A prompt comes back character by character, blanks too."""
    _with_body(mock, lambda body: {**body, "prompt": " ".join(body["prompt"].split()) or body["prompt"]})


def _with_variables(mock: Bench, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    """Runs are created with other variables than were sent."""
    _with_body(mock, lambda body: {**body, "env": change(body["env"])} if "env" in body else body)


@fault("responses/run-is-as-asked", "runs/environment-is-merged", source="guide")
def variables_that_look_like_numbers_are_numbers(mock: Bench) -> None:
    """The value of a variable is text: 007 is not 7."""
    _with_variables(
        mock, lambda env: {name: str(int(value)) if value.isdigit() else value for name, value in env.items()}
    )


@fault("responses/run-is-as-asked", "runs/environment-is-merged", source="guide")
def variables_end_at_an_equals_sign(mock: Bench) -> None:
    """The value of a variable may hold an equals sign."""
    _with_variables(mock, lambda env: {name: value.partition("=")[0] for name, value in env.items()})


@fault("responses/run-is-as-asked", "runs/environment-is-merged", source="guide")
def names_of_variables_are_in_capitals(mock: Bench) -> None:
    """A variable keeps its name, lower-case letters too."""
    _with_variables(mock, lambda env: {name.upper(): value for name, value in env.items()})


@fault("responses/run-is-as-asked", "runs/environment-is-merged", source="guide")
def empty_variables_are_left_out(mock: Bench) -> None:
    """A variable that a run sets to nothing is empty, whatever it is in the template."""
    _with_variables(mock, lambda env: {name: value for name, value in env.items() if value})


@fault("templates/changes-leave-ended-runs", source="guide")
def guardrails_are_resolved_when_a_run_is_read(mock: Bench) -> None:
    """A run's guardrails are resolved when it is created: a later change of its template leaves them."""
    own: dict[str, dict[str, Any]] = {}
    _after_creation(mock, lambda run, call: own.__setitem__(run.id, dict(call.body.get("guardrails", {}))))

    def handle(call: Call, inner: Handler) -> Answer:
        run = call.organization.runs.get(call.path["id"])
        template = call.organization.templates.get(run.template_id) if run is not None else None
        if run is not None and template is not None:
            run.guardrails = runs.resolve_guardrails(own.get(run.id, {}), template.guardrails)
        return inner(call)

    mock.handle("getRun", handle)


@fault("runs/guardrails-of-the-template", source="guide")
def runs_have_the_guardrails_that_their_template_had_at_first(mock: Bench) -> None:
    """A run has the guardrails that its template has by then, changes included."""
    first: dict[str, dict[str, Any]] = {}

    def create(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        template = answer.body["template"]
        first[template["id"]] = dict(template["guardrails"])
        return answer

    mock.handle("createTemplate", create)
    _after_creation(
        mock,
        lambda run, call: setattr(
            run,
            "guardrails",
            runs.resolve_guardrails(call.body.get("guardrails", {}), first.get(run.template_id, {})),
        ),
    )


@fault("responses/created-at-is-now", source="reference")
def new_runs_were_created_hours_ahead(mock: Bench) -> None:
    """A run's createdAt is a moment: local time with a Z behind it is another."""
    mock.after(
        lambda exchange: exchange.body.update(createdAt=timestamp(exchange.clock.now() + 7200)), ["createRun"], [201]
    )

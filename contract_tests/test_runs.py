"""Runs: that they are what was asked for, with what their templates and the defaults add.

Four runs are followed (`harness/own_runs.py`). How they live and end is in `test_run_lives.py`, what they cost in
`test_run_costs.py`, what lists and logs say of them in `test_run_lists.py` and `test_run_logs.py`.
"""

from __future__ import annotations

from typing import Any

from contract_tests.harness.document import Document
from contract_tests.harness.lives import outputs_of, status_of
from contract_tests.harness.money import amount
from contract_tests.harness.own_runs import METADATA, OWN_ENV, OWN_GUARDRAILS, TEMPLATE_ENV, OwnRuns
from contract_tests.harness.reading import answered, differences, items, listed, members, seconds_between, shown
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.world import World
from generated.contract import RUN_DEFAULTS, ProblemCode

DEFAULTS = {
    "maxTurns": RUN_DEFAULTS.max_turns,
    "maxCostUsd": RUN_DEFAULTS.max_cost_usd,
    "timeoutSeconds": RUN_DEFAULTS.timeout_seconds,
}
WHOSE = {"own": "its own", "template": "its template's", "default": "the default"}


@rule("runs/born-pending", source="reference")
def test_a_run_is_born_pending(own_runs: OwnRuns) -> None:
    """A new run is pending: createRun says so."""
    for life in own_runs.story().lives:
        require(status_of(life.created) == "pending", f"the new run is {status_of(life.created)}", life.created)


@rule("runs/created-is-read", source="reference")
def test_what_is_created_is_read(own_runs: OwnRuns) -> None:
    """A new run is found by the id that createRun gave, with the same id and time of creation."""
    for life in own_runs.story().lives:
        failed = life.unread[0] if life.unread else None
        require(life.readings, f"the id that createRun gave cannot be read: {life.id}", failed)
        created = members(life.created.json)
        for exchange, run in life.shown:
            require(run.get("id") == life.id, f"asked for {life.id}, getRun shows {shown(run.get('id'))}", exchange)
            apart = seconds_between(created.get("createdAt"), run.get("createdAt"))
            seen = f"createRun says createdAt {created.get('createdAt')}, getRun {run.get('createdAt')}"
            require(apart is None or abs(apart) < 1, seen, exchange)


@rule("runs/is-what-was-asked", source="reference")
def test_a_run_is_what_was_asked(own_runs: OwnRuns) -> None:
    """A run has the repository, the prompt and the model that were asked for, and the branch and the callback URL
    where it shows them.
    """
    for life in own_runs.story().lives:
        for exchange, run in life.shown:
            repo = str(run.get("repo")).removesuffix("/").removesuffix(".git").lower()
            asked = str(life.asked["repo"]).lower()  # names of git hosts are the same however they are written
            same = repo == asked or repo.endswith((f"/{asked}", f":{asked}"))
            require(same, f"the repo is {shown(run.get('repo'))}, not {life.asked['repo']}", exchange)
            names = [name for name in ("prompt", "model") if name in life.asked]
            names += [name for name in ("branch", "callbackUrl") if name in life.asked and run.get(name) is not None]
            found = differences(run, life.asked, names)
            require(not found, f"{life.name} is not what was asked: {listed(found)}", exchange)


@rule("runs/model-default", source="reference")
def test_the_model_is_the_default(own_runs: OwnRuns, document: Document) -> None:
    """A run that names no model has the default one."""
    default = document.at(("components", "schemas", "RunCreate", "properties", "model", "default"))
    for life in own_runs.story().lives:
        for exchange, run in life.shown:
            seen = f"the model is {shown(run.get('model'))}, not {default}"
            require("model" in life.asked or run.get("model") == default, seen, exchange)


@rule("runs/metadata-comes-back", source="reference")
def test_metadata_comes_back(own_runs: OwnRuns) -> None:
    """The metadata that a run was created with is read with it, character by character."""
    for exchange, run in own_runs.story().whole.shown:
        require(
            run.get("metadata") == METADATA,
            f"the metadata is {shown(run.get('metadata'))}, not {shown(METADATA)}",
            exchange,
        )


@rule("runs/template-is-named", source="reference")
def test_the_template_is_named(own_runs: OwnRuns) -> None:
    """A run names the template that it was created with, by id and by slug."""
    for life in own_runs.story().lives:
        for exchange, run in life.shown:
            found = differences(
                run,
                {"templateId": life.template["id"], "templateSlug": life.template["slug"]},
                ("templateSlug", "templateId"),
            )
            require(not found, f"{life.name}: {listed(found)}", exchange)


@rule("runs/belongs-to-the-organization", source="reference")
def test_a_run_belongs_to_the_organization(own_runs: OwnRuns, world: World) -> None:
    """A run's organization is that of the key that it was created with."""
    lives = own_runs.story().lives
    ours = members(world.current_key().json).get("organizationId")
    if not isinstance(ours, str):
        not_checked("because getCurrentApiKey does not name the organization")
    for life in lives:
        for exchange, run in life.shown:
            seen = f"the run is of {shown(run.get('organizationId'))}, the key of {ours}"
            require(run.get("organizationId") == ours, seen, exchange)


@rule("runs/unknown-template", source="overview")
def test_an_unknown_template_is_refused(own_runs: OwnRuns) -> None:
    """A run of a template that there is none of is refused with 400 RUN_TEMPLATE_NOT_FOUND, and is not created."""
    refused = own_runs.story().refused
    right = refused.status == 400 and refused.code == ProblemCode.RUN_TEMPLATE_NOT_FOUND
    require(right, f"an unknown template is answered {answered(refused)}", refused)
    found = own_runs.list_of_ours()
    word = own_runs.own_word("refused")
    made = any(word in str(item.get("prompt")) for item in items(found))
    require(not made, "the run was refused for its template, but is in the list", found)


@rule("runs/text-has-its-content", source="reference")
def test_a_text_has_its_content(own_runs: OwnRuns) -> None:
    """A run that is read alone shows its text outputs with their content."""
    texts = [
        (exchange, output)
        for life in own_runs.ended()
        for exchange in life.ended
        for output in outputs_of(members(exchange.json))
        if output.get("type") == "text"
    ]
    if not texts:
        not_checked("because no run has written a text")
    for exchange, output in texts:
        require(isinstance(output.get("content"), str), "a text output has no content", exchange)


# Guardrails and environment


def limits(own_runs: OwnRuns, origin: str, *names: str) -> None:
    """Hold the current rule to the guardrails that are to come from `own`, `template` or `default`."""
    numbers = 0
    for life in own_runs.story().lives:
        of_template = dict(life.template.get("guardrails", {}))
        if "timeoutMinutes" in of_template:
            of_template["timeoutSeconds"] = of_template.pop("timeoutMinutes") * 60
        own = life.asked.get("guardrails", {})
        for name in names:
            came_from = "own" if name in own else "template" if name in of_template else "default"
            if came_from != origin:
                continue
            right = {"own": own, "template": of_template, "default": DEFAULTS}[origin][name]
            for exchange, run in life.shown:
                value = amount(members(run.get("guardrails")).get(name))
                numbers += value is not None
                seen = f"{life.name} has {name} {value or 0:g}, not {right:g}, which is {WHOSE[origin]}"
                require(value is None or abs(value - right) < 1e-6, seen, exchange)
    if not numbers:
        not_checked("because runs do not show these guardrails")


@rule("runs/own-guardrails-win", source="guide")
def test_own_guardrails_win(own_runs: OwnRuns) -> None:
    """The guardrails that a run was created with are its guardrails, whatever its template says."""
    limits(own_runs, "own", *OWN_GUARDRAILS)


@rule("runs/guardrails-of-the-template", source="guide")
def test_guardrails_of_the_template(own_runs: OwnRuns) -> None:
    """Each guardrail that a run leaves out is its template's, also when the run sets others."""
    limits(own_runs, "template", "maxTurns", "maxCostUsd")


@rule("runs/timeout-of-the-template", source="assumed")
def test_timeout_of_the_template(own_runs: OwnRuns) -> None:
    """The timeoutMinutes of the template are the timeoutSeconds of a run that leaves them out, in seconds."""
    limits(own_runs, "template", "timeoutSeconds")


@rule("runs/default-guardrails", source="guide")
def test_default_guardrails(own_runs: OwnRuns) -> None:
    """Each guardrail that neither the run nor its template sets is the documented default."""
    limits(own_runs, "default", *DEFAULTS)


def environment(run: Any) -> dict[str, Any]:
    found = run.get("envVars")
    return found if isinstance(found, dict) else not_checked("because runs do not show their environment")


@rule("runs/environment-is-merged", source="guide")
def test_the_environment_is_merged(own_runs: OwnRuns) -> None:
    """A run has the environment variables of its template and its own; of the same name, its own."""
    for life in own_runs.story().lives:
        merged = {**life.template.get("envVars", {}), **life.asked.get("env", {})}
        for exchange, run in life.shown if merged else ():
            found = differences(environment(run), merged, merged)
            require(not found, f"of the environment of {life.name} {listed(found)}", exchange)


@rule("runs/environment-is-its-own", source="guide")
def test_the_environment_is_its_own(own_runs: OwnRuns) -> None:
    """What one run adds to its environment is not in that of the next run of the template."""
    short = own_runs.story().short
    for exchange, run in short.shown:
        found = differences(environment(run), TEMPLATE_ENV, {**TEMPLATE_ENV, **OWN_ENV})
        require(not found, f"{short.name} sets no environment, but of it {listed(found)}", exchange)

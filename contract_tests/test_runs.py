"""Runs: what they are, how they live and how they end.

Four runs are followed (`harness/own_runs.py`); what lists and logs say of them is in `test_run_lists.py` and
`test_run_logs.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from contract_tests.harness.document import Document
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lives import ACTIVE, Life, outputs_of, status_of
from contract_tests.harness.money import amount, charged, rounding
from contract_tests.harness.own_runs import (
    METADATA,
    OWN_ENV,
    OWN_GUARDRAILS,
    TEMPLATE_ENV,
    OwnRuns,
)
from contract_tests.harness.reading import differences, instant, items, listed, members, seconds_between, shown
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.session import Session
from contract_tests.harness.world import ENDED
from generated.contract import RUN_DEFAULTS, SANDBOX_RATES_PER_MINUTE_USD, ProblemCode

STATES = {"pending": 0, "running": 1} | dict.fromkeys(ENDED, 2)
WHAT_STAYS = (
    "id",
    "organizationId",
    "templateId",
    "templateSlug",
    "repo",
    "branch",
    "prompt",
    "model",
    "guardrails",
    "envVars",
    "createdAt",
    "callbackUrl",
    "metadata",
)
"""What a run was asked to be, whatever becomes of it."""
SLACK_SECONDS = 60
"""How much longer than its timeout a run may take to start and to be stopped."""


def readings(life: Life) -> Iterator[tuple[Exchange, Any]]:
    for exchange in life.readings:
        yield exchange, members(exchange.json)


def answer_of(exchange: Exchange) -> str:
    return f"{exchange.status} {exchange.code or ''}".rstrip()


def stays(life: Life, ended: list[Exchange]) -> None:
    """Hold the current rule to an ended run that is the same each time that it is read."""
    first = members(ended[0].json)
    for exchange in ended[1:]:
        again = members(exchange.json)
        # The callback is sent when the run has ended, so what became of it comes later.
        names = sorted({*first, *again} - {"callbackStatus"})
        found = differences(again, first, names)
        require(not found, f"{life.name} has ended, but has changed: {listed(found)}", exchange)
    lost = [exchange for exchange in life.unread if exchange.number > ended[0].number]
    require(not lost, f"{life.name} has ended, and then cannot be read", lost[0] if lost else None)


# What is asked and what is there


@rule("runs/born-pending", source="reference")
def test_a_run_is_born_pending(own_runs: OwnRuns) -> None:
    """CreateRun answers with a pending run."""
    for life in own_runs.story().lives:
        require(status_of(life.created) == "pending", f"the new run is {status_of(life.created)}", life.created)


@rule("runs/created-is-read", source="reference")
def test_what_is_created_is_read(own_runs: OwnRuns) -> None:
    """GetRun finds the run by the id that createRun gave, with the same id and time of creation."""
    for life in own_runs.story().lives:
        failed = life.unread[0] if life.unread else None
        require(life.readings, f"the id that createRun gave cannot be read: {life.id}", failed)
        created = members(life.created.json)
        for exchange, run in readings(life):
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
        for exchange, run in readings(life):
            repo = str(run.get("repo")).removesuffix("/").removesuffix(".git")
            same = repo == life.asked["repo"] or repo.endswith((f"/{life.asked['repo']}", f":{life.asked['repo']}"))
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
        for exchange, run in readings(life):
            seen = f"the model is {shown(run.get('model'))}, not {default}"
            require("model" in life.asked or run.get("model") == default, seen, exchange)


@rule("runs/metadata-comes-back", source="reference")
def test_metadata_comes_back(own_runs: OwnRuns) -> None:
    """The metadata that a run was created with is read with it, character by character."""
    for exchange, run in readings(own_runs.story().whole):
        require(
            run.get("metadata") == METADATA,
            f"the metadata is {shown(run.get('metadata'))}, not {shown(METADATA)}",
            exchange,
        )


@rule("runs/template-is-named", source="reference")
def test_the_template_is_named(own_runs: OwnRuns) -> None:
    """A run names the template that it was created with, by id and by slug."""
    for life in own_runs.story().lives:
        for exchange, run in readings(life):
            found = differences(
                run,
                {"templateId": life.template["id"], "templateSlug": life.template["slug"]},
                ("templateSlug", "templateId"),
            )
            require(not found, f"{life.name}: {listed(found)}", exchange)


@rule("runs/belongs-to-the-organization", source="reference")
def test_a_run_belongs_to_the_organization(own_runs: OwnRuns, session: Session) -> None:
    """A run's organization is that of the key that it was created with."""
    lives = own_runs.story().lives
    ours = members(session.call("getCurrentApiKey").json).get("organizationId")
    if not isinstance(ours, str):
        not_checked("because getCurrentApiKey does not name the organization")
    for life in lives:
        for exchange, run in readings(life):
            seen = f"the run is of {shown(run.get('organizationId'))}, the key of {ours}"
            require(run.get("organizationId") == ours, seen, exchange)


@rule("runs/unknown-template", source="overview")
def test_an_unknown_template_is_refused(own_runs: OwnRuns) -> None:
    """A run of a template that there is none of is refused with 400 RUN_TEMPLATE_NOT_FOUND, and is not created."""
    refused = own_runs.story().refused
    right = refused.status == 400 and refused.code == ProblemCode.RUN_TEMPLATE_NOT_FOUND
    require(right, f"an unknown template is answered {answer_of(refused)}", refused)
    found = own_runs.listing({"search": own_runs.word})
    word = own_runs.own_word("refused")
    made = any(word in str(item.get("prompt")) for item in items(found))
    require(not made, "the run was refused for its template, but is in the list", found)


# Guardrails and environment


def limits(own_runs: OwnRuns, origin: str, *names: str) -> None:
    """Hold the current rule to the guardrails that are to come from `own`, `template` or `default`."""
    defaults = {
        "maxTurns": RUN_DEFAULTS.max_turns,
        "maxCostUsd": RUN_DEFAULTS.max_cost_usd,
        "timeoutSeconds": RUN_DEFAULTS.timeout_seconds,
    }
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
            right = {"own": own, "template": of_template, "default": defaults}[origin][name]
            for exchange, run in readings(life):
                value = amount(members(run.get("guardrails")).get(name))
                numbers += value is not None
                seen = f"{life.name} has {name} {value}, not {right}, which is {WHOSE[origin]}"
                require(value is None or abs(value - right) < 1e-6, seen, exchange)
    if not numbers:
        not_checked("because runs do not show these guardrails")


WHOSE = {"own": "its own", "template": "its template's", "default": "the default"}


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
    limits(own_runs, "default", *OWN_GUARDRAILS)


@rule("runs/ends-by-its-timeout", source="guide")
def test_a_run_ends_by_its_timeout(own_runs: OwnRuns) -> None:
    """A run has ended once its timeoutSeconds are over, but for what it takes to stop it."""
    life = own_runs.story().whole
    run = life.run
    limit = OWN_GUARDRAILS["timeoutSeconds"]
    if life.ended_by_itself:
        took = seconds_between(run.get("startedAt"), run.get("completedAt"))
        seen = f"the run took {took:.0f} seconds; its timeout is {limit}" if took is not None else ""
        require(took is None or took <= limit + SLACK_SECONDS, seen, life.readings[-1])
        return
    started = instant(run.get("startedAt"))
    last = (life.cancels[0].sent_at if life.cancels else life.answers[-1].sent_at) - SLACK_SECONDS
    if started is None or last - started.timestamp() < limit:
        not_checked("because the run did not start in time")
    seen = f"the run still runs {limit + SLACK_SECONDS} seconds after its start; its timeout is {limit}"
    require(False, seen, life.readings[-1])


def environment(run: Any) -> dict[str, Any]:
    found = run.get("envVars")
    return found if isinstance(found, dict) else not_checked("because runs do not show their environment")


@rule("runs/environment-is-merged", source="guide")
def test_the_environment_is_merged(own_runs: OwnRuns) -> None:
    """A run has the environment variables of its template and its own; of the same name, its own."""
    merged = {**TEMPLATE_ENV, **OWN_ENV}
    for exchange, run in readings(own_runs.story().whole):
        found = differences(environment(run), merged, merged)
        require(not found, f"of the environment {listed(found)}", exchange)


@rule("runs/environment-is-its-own", source="guide")
def test_the_environment_is_its_own(own_runs: OwnRuns) -> None:
    """What one run adds to its environment is not in that of the next run of the template."""
    short = own_runs.story().short
    for exchange, run in readings(short):
        found = differences(environment(run), TEMPLATE_ENV, {**TEMPLATE_ENV, **OWN_ENV})
        require(not found, f"{short.name} sets no environment, but of it {listed(found)}", exchange)


# How it lives


@rule("runs/states-move-forward", source="guide")
def test_states_move_forward(own_runs: OwnRuns) -> None:
    """A run goes from pending to running to its end, and never back; from one end it does not go to another."""
    for life in own_runs.story().lives:
        for one, other in pairwise(life.answers):
            before, after = status_of(one), status_of(other)
            if before in STATES and after in STATES and before != after:
                seen = f"{life.name} was {before} and then {after}"
                require(STATES[before] < STATES[after], seen, other)


@rule("runs/ended-never-changes", source="guide")
def test_an_ended_run_never_changes(own_runs: OwnRuns) -> None:
    """A run that came to its end stays what it is, also later and when it is asked to stop."""
    life = own_runs.later()
    stays(life, life.ended)


@rule("runs/cancelled-never-changes", source="guide")
def test_a_cancelled_run_never_changes(own_runs: OwnRuns) -> None:
    """A cancelled run stays what it is, also when it is asked to stop again."""
    life = own_runs.story().brief
    if len(life.ended) < 2:
        not_checked("because the cancelled run did not end in time")
    stays(life, life.ended)


@rule("runs/keeps-what-was-asked", source="reference")
def test_a_run_keeps_what_was_asked(own_runs: OwnRuns) -> None:
    """What a run was created with is the same from its first reading to its last, whatever becomes of it."""
    for life in own_runs.story().lives:
        for one, other in pairwise(life.readings):
            found = differences(members(other.json), members(one.json), WHAT_STAYS)
            require(not found, f"{life.name} has changed: {listed(found)}", other)


def precedes(one: Any, other: Any) -> bool:
    """Whether one time does not come after another, as far as they tell; some servers cut off what is below seconds."""
    apart = seconds_between(one, other)
    exact = "." in str(one) and "." in str(other)
    return apart is None or apart >= (0 if exact else -1)


@rule("runs/timestamps-are-ordered", source="guide")
def test_timestamps_are_ordered(own_runs: OwnRuns) -> None:
    """A run is created, then starts, then ends: createdAt, startedAt and completedAt are in this order."""
    for life in own_runs.story().lives:
        for exchange, run in readings(life):
            names = [name for name in ("createdAt", "startedAt", "completedAt") if instant(run.get(name)) is not None]
            for one, other in pairwise(names):
                seen = f"{life.name} has {other} {run[other]} before {one} {run[one]}"
                require(precedes(run[one], run[other]), seen, exchange)


@rule("runs/completed-at-when-ended", source="assumed")
def test_completed_at_tells_the_end(own_runs: OwnRuns) -> None:
    """A run that has ended, in whichever way, has completedAt; one that has not ended has none."""
    for life in own_runs.story().lives:
        for exchange, run in readings(life):
            has_it, status = run.get("completedAt") is not None, status_of(exchange)
            require(has_it or status not in ENDED, f"{life.name} is {status}, but has no completedAt", exchange)
            require(not has_it or status not in ACTIVE, f"{life.name} is {status}, but has a completedAt", exchange)


@rule("runs/fail-reason-only-when-failed", source="guide")
def test_fail_reason_only_when_failed(own_runs: OwnRuns) -> None:
    """A run that has not failed has no failReason."""
    for life in own_runs.story().lives:
        for exchange, run in readings(life):
            seen = f"{life.name} is {status_of(exchange)}, but has failReason {shown(run.get('failReason'))}"
            require(status_of(exchange) == "failed" or run.get("failReason") is None, seen, exchange)


@rule("runs/error-only-when-failed", source="assumed")
def test_error_only_when_failed(own_runs: OwnRuns) -> None:
    """A run that has not failed has no error."""
    for life in own_runs.story().lives:
        for exchange, run in readings(life):
            seen = f"{life.name} is {status_of(exchange)}, but has the error {shown(run.get('error'))}"
            require(status_of(exchange) == "failed" or run.get("error") is None, seen, exchange)


def failed(own_runs: OwnRuns) -> tuple[Mapping[str, Any], Exchange]:
    """A failed run as it is read, and the answer that shows it."""
    _, exchange = own_runs.failed()
    if not exchange.succeeded or status_of(exchange) != "failed":
        not_checked("because the failed run of the list cannot be read as such")
    return members(exchange.json), exchange


@rule("runs/failed-has-fail-reason", source="guide")
def test_a_failed_run_has_a_fail_reason(own_runs: OwnRuns) -> None:
    """A failed run says why it failed, and where the list says it, it says the same."""
    run, exchange = failed(own_runs)
    item, _ = own_runs.failed()
    require(run.get("failReason") is not None, "a failed run has no failReason", exchange)
    seen = f"the list says failReason {shown(item.get('failReason'))}, the run {shown(run.get('failReason'))}"
    require(item.get("failReason") in (None, run.get("failReason")), seen, exchange)


@rule("runs/failed-has-error", source="assumed")
def test_a_failed_run_has_an_error(own_runs: OwnRuns) -> None:
    """A run that failed for an error says what the error was."""
    run, exchange = failed(own_runs)
    if run.get("failReason") not in (None, "error"):
        not_checked("because the run failed for one of its guardrails")
    require(members(run.get("error")), "a run that failed for an error has no error", exchange)


# How it is stopped


def stopped(own_runs: OwnRuns) -> list[tuple[Life, Exchange]]:
    """The runs that accepted to be stopped, with the answer that said so."""
    lives = own_runs.story().lives
    first = [life.cancels_before_the_end[0] for life in lives if life.cancels_before_the_end]
    if all(exchange.status == 404 for exchange in first):
        not_checked("because the server has no cancelRun")
    accepted = [(life, life.was_stopped) for life in lives]
    found = [(life, exchange) for life, exchange in accepted if exchange is not None]
    return found or not_checked("because no run could be cancelled before its end")


@rule("runs/active-run-can-be-cancelled", source="assumed")
def test_an_active_run_can_be_cancelled(own_runs: OwnRuns) -> None:
    """A pending or running run that is asked to stop is not refused to."""
    stopped(own_runs)
    for life in own_runs.story().lives:
        for exchange in life.cancels_before_the_end[:1]:
            after = life.seen_after(exchange)
            goes_on = after is not None and status_of(after) in ACTIVE
            answer = f"{exchange.status} {exchange.code or ''}".rstrip()
            require(
                exchange.succeeded or not goes_on, f"{life.name} is active, but cancelRun answers {answer}", exchange
            )


@rule("runs/cancel-is-noted", source="guide")
def test_that_a_cancel_is_noted(own_runs: OwnRuns) -> None:
    """Asking a run to stop sets its cancelRequestedAt, which stays."""
    for life, accepted in stopped(own_runs):
        for exchange, run in readings(life):
            asked = exchange.number < accepted.number or run.get("cancelRequestedAt") is not None
            require(asked, f"{life.name} was asked to stop, but has no cancelRequestedAt", exchange)


@rule("runs/cancel-is-noted-only-when-asked", source="guide")
def test_that_only_a_cancel_is_noted(own_runs: OwnRuns) -> None:
    """A run that nobody asked to stop has no cancelRequestedAt."""
    for life in own_runs.story().lives:
        first = life.cancels[0].number if life.cancels else float("inf")
        for exchange, run in readings(life):
            value = run.get("cancelRequestedAt")
            seen = f"nobody asked {life.name} to stop, but it has cancelRequestedAt {shown(value)}"
            require(exchange.number > first or value is None, seen, exchange)


@rule("runs/cancel-answers-the-run", source="assumed")
def test_cancel_answers_the_run(own_runs: OwnRuns) -> None:
    """CancelRun answers with the run that was asked to stop, its cancelRequestedAt set."""
    for life, accepted in stopped(own_runs):
        answer = members(accepted.json)
        require(answer.get("id") == life.id, f"asked to stop {life.id}, it answers {shown(answer.get('id'))}", accepted)
        require(answer.get("cancelRequestedAt") is not None, "the answer has no cancelRequestedAt", accepted)
        found = differences(answer, members(life.readings[0].json) if life.readings else answer, WHAT_STAYS)
        require(not found, f"the answer differs from the run: {listed(found)}", accepted)


@rule("runs/cancelled-run-ends", source="assumed")
def test_a_cancelled_run_ends_cancelled(own_runs: OwnRuns, session: Session) -> None:
    """A run that was asked to stop ends cancelled, whether it was pending or running."""
    for life, accepted in stopped(own_runs):
        if life.ended:
            end = status_of(life.ended[0])
            require(end == "cancelled", f"{life.name} was asked to stop, but ended {end}", life.ended[0])
        elif life.readings:
            seconds = life.readings[-1].sent_at - accepted.sent_at
            if not session.target.moves_its_clock:
                not_checked(f"because the run did not stop within {seconds:.0f} seconds")
            require(False, f"{life.name} was asked to stop, but goes on {seconds:.0f} seconds later", life.readings[-1])


@rule("runs/cancel-twice", source="assumed")
def test_a_run_can_be_cancelled_twice(own_runs: OwnRuns) -> None:
    """Asked to stop again before its end, a run answers as at first; the request stands."""
    stopped(own_runs)
    life = own_runs.story().brief
    if len(life.cancels_before_the_end) < 2 or life.was_stopped is None:
        not_checked("because the run had ended when it was to be cancelled again")
    again = life.cancels_before_the_end[1]
    after = life.seen_after(again)
    goes_on = after is not None and status_of(after) in ACTIVE
    ended = again.code == ProblemCode.CONFLICT and not goes_on
    seen = f"the run is active, but asked to stop again it answers {answer_of(again)}"
    require(again.succeeded or ended, seen, again)
    stands = after is None or members(after.json).get("cancelRequestedAt") is not None
    require(stands, "asked to stop twice, the run has no cancelRequestedAt", after)


@rule("runs/cancel-after-the-end", source="assumed")
def test_an_ended_run_cannot_be_cancelled(own_runs: OwnRuns) -> None:
    """A run that has ended cannot be cancelled: it answers 409 CONFLICT."""
    stopped(own_runs)
    story = own_runs.story()
    lives = [story.brief, own_runs.later()] if story.whole.ended_by_itself else [story.brief]
    asked = [(life, exchange) for life in lives for exchange in life.cancels_after_the_end]
    if not asked:
        not_checked("because no run ended in time")
    for life, exchange in asked:
        right = exchange.status == 409 and exchange.code == ProblemCode.CONFLICT
        require(right, f"{life.name} has ended; asked to stop, it answers {answer_of(exchange)}", exchange)


# What it used


def used(own_runs: OwnRuns) -> list[tuple[Life, Exchange, Any]]:
    """The ended runs whose usage is shown."""
    found = []
    for life in own_runs.ended():
        usage = members(members(life.ended[-1].json).get("usage"))
        if amount(usage.get("totalCostUsd")) is not None:
            found.append((life, life.ended[-1], usage))
    return found or not_checked("because no ended run shows its usage")


@rule("runs/usage-adds-up", source="reference")
def test_usage_adds_up(own_runs: OwnRuns) -> None:
    """A run's total cost is that of its agent and its sandbox together; what is waived may be left out."""
    shows = []
    for life, exchange, usage in used(own_runs):
        parts = [members(usage.get(name)) for name in ("agent", "sandbox")]
        agent, sandbox = (amount(part.get("costUsd")) for part in parts)
        if agent is not None and sandbox is not None:
            shows.append((life, exchange, float(usage["totalCostUsd"]), agent, sandbox, parts[1].get("waived") is True))
    if not shows:
        not_checked("because no ended run shows what its agent and its sandbox cost")
    slack = 3 * rounding(value for _, _, *costs, _ in shows for value in costs)
    for life, exchange, total, agent, sandbox, waived in shows:
        sums = [agent + sandbox, agent] if waived else [agent + sandbox]
        seen = f"{life.name} costs {total:g} in total, its agent {agent:g}, its sandbox {sandbox:g}"
        require(any(abs(total - right) <= slack + 1e-9 for right in sums), seen, exchange)


def sandboxes(own_runs: OwnRuns) -> Iterator[tuple[Life, Exchange, float, Any]]:
    """The ended runs whose sandbox is shown, with the documented rate of its size."""
    found = [
        (life, exchange, SANDBOX_RATES_PER_MINUTE_USD[life.template["size"]], members(usage.get("sandbox")))
        for life, exchange, usage in used(own_runs)
        if isinstance(usage.get("sandbox"), dict)
    ]
    yield from found or not_checked("because no ended run shows what its sandbox used")


@rule("runs/sandbox-rate-of-its-size", source="guide")
def test_the_sandbox_rate_is_of_its_size(own_runs: OwnRuns) -> None:
    """The rate of a run's sandbox is the documented one of its template's size."""
    for life, exchange, rate, sandbox in sandboxes(own_runs):
        value = amount(sandbox.get("ratePerMinuteUsd"))
        seen = f"a sandbox of size {life.template['size']} costs {value} a minute, not {rate}"
        require(value is None or abs(value - rate) < 1e-9, seen, exchange)


@rule("runs/sandbox-cost-follows-time", source="guide")
def test_the_sandbox_cost_follows_its_time(own_runs: OwnRuns) -> None:
    """A sandbox costs its time at its rate, counted to the second at the least and by minutes begun at the most."""
    found = list(sandboxes(own_runs))
    slack = rounding(box.get("costUsd") for _, _, _, box in found)
    for life, exchange, rate, box in found:
        cost, seconds = amount(box.get("costUsd")), amount(box.get("durationSeconds"))
        if cost is None or seconds is None or box.get("waived") is True:
            continue
        least, most = charged(seconds, rate)
        seen = f"the sandbox of {life.name} was up {seconds:g} seconds at {rate} a minute, but cost {cost:g}"
        require(least - slack <= cost <= most + slack, seen, exchange)


@rule("runs/sandbox-cost-to-the-second", source="assumed")
def test_the_sandbox_cost_is_to_the_second(own_runs: OwnRuns) -> None:
    """A sandbox costs its time at its rate to the second."""
    found = list(sandboxes(own_runs))
    slack = rounding(box.get("costUsd") for _, _, _, box in found)
    for life, exchange, rate, box in found:
        cost, seconds = amount(box.get("costUsd")), amount(box.get("durationSeconds"))
        if cost is None or seconds is None or box.get("waived") is True:
            continue
        seen = f"the sandbox of {life.name} was up {seconds:g} seconds at {rate} a minute, but cost {cost:g}"
        require(abs(cost - seconds / 60 * rate) <= rate / 60 + slack, seen, exchange)


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

"""The lives of runs: from pending to their end, by themselves or because they were asked to stop.

Four runs are followed (`harness/own_runs.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lifecycle import ACTIVE, ENDED
from contract_tests.harness.lives import Life, status_of
from contract_tests.harness.own_runs import OWN_GUARDRAILS, OwnRuns
from contract_tests.harness.reading import (
    answered,
    differences,
    exactness,
    instant,
    listed,
    members,
    seconds_between,
    shown,
)
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.session import Session
from contract_tests.harness.world import PATIENCE_SECONDS, World
from generated.contract import ProblemCode

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


def changes(life: Life, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What has changed of what a run was asked to be. A branch that nobody named may become known as it goes."""
    becomes_known = "branch" not in life.asked and before.get("branch") is None
    return differences(after, before, [name for name in WHAT_STAYS if not (becomes_known and name == "branch")])


@rule("runs/states-move-forward", source="guide")
def test_states_move_forward(own_runs: OwnRuns) -> None:
    """A run goes from pending to running to its end, and never back; from one end it does not go to another."""
    for life in own_runs.story().lives:
        for one, other in pairwise(life.answers):
            before, after = status_of(one), status_of(other)
            if before in STATES and after in STATES and before != after:
                seen = f"{life.name} was {before} and then {after}"
                require(STATES[before] < STATES[after], seen, other)


@rule("runs/starts", source="assumed")
def test_a_run_starts(own_runs: OwnRuns, session: Session) -> None:
    """A pending run that nobody stops starts some day, or ends."""
    life = own_runs.story().whole
    before = [exchange for exchange in life.readings if not life.cancels or exchange.number < life.cancels[0].number]
    if not before:
        not_checked("because the run cannot be read")
    seconds = before[-1].sent_at - life.created.sent_at
    waits = {status_of(exchange) for exchange in before} == {"pending"}
    if waits and not session.target.moves_its_clock:
        not_checked(f"because the run did not start within {seconds:.0f} seconds")
    require(not waits, f"{life.name} is still pending after {seconds:.0f} seconds", before[-1])


@rule("runs/ended-never-changes", source="guide")
def test_an_ended_run_never_changes(own_runs: OwnRuns) -> None:
    """A run that came to its end stays what it is, also later and when it is asked to stop."""
    life = own_runs.later()
    stays(life, life.ended)


@rule("runs/cancelled-never-changes", source="guide")
def test_a_cancelled_run_never_changes(own_runs: OwnRuns) -> None:
    """A cancelled run stays what it is, also later."""
    own_runs.later()
    life = own_runs.story().brief
    if len(life.ended) < 2:
        not_checked("because the cancelled run did not end in time")
    stays(life, life.ended)


@rule("runs/keeps-what-was-asked", source="reference")
def test_a_run_keeps_what_was_asked(own_runs: OwnRuns) -> None:
    """What a run was created with is the same from its first reading to its last, whatever becomes of it."""
    for life in own_runs.story().lives:
        for one, other in pairwise(life.readings):
            found = changes(life, members(one.json), members(other.json))
            require(not found, f"{life.name} has changed: {listed(found)}", other)


def precedes(one: Any, other: Any) -> bool:
    """Whether one time does not come after another, as far as they tell; some servers cut off what is below seconds."""
    apart = seconds_between(one, other)
    exact = "." in str(one) and "." in str(other)
    return apart is None or apart >= (-exactness(one, other) if exact else -1)


@rule("runs/timestamps-are-ordered", source="guide")
def test_timestamps_are_ordered(own_runs: OwnRuns) -> None:
    """A run is created, then starts, then ends: createdAt, startedAt and completedAt are in this order."""
    for life in own_runs.story().lives:
        for exchange, run in life.shown:
            names = [name for name in ("createdAt", "startedAt", "completedAt") if instant(run.get(name)) is not None]
            for one, other in pairwise(names):
                seen = f"{life.name} has {other} {run[other]} before {one} {run[one]}"
                require(precedes(run[one], run[other]), seen, exchange)


@rule("runs/completed-at-when-ended", source="assumed")
def test_completed_at_tells_the_end(own_runs: OwnRuns) -> None:
    """A run that has ended, in whichever way, has completedAt; one that has not ended has none."""
    for life in own_runs.story().lives:
        for exchange, run in life.shown:
            has_it, status = run.get("completedAt") is not None, status_of(exchange)
            require(has_it or status not in ENDED, f"{life.name} is {status}, but has no completedAt", exchange)
            require(not has_it or status not in ACTIVE, f"{life.name} is {status}, but has a completedAt", exchange)


@rule("runs/callback-waits-for-the-end", source="assumed")
def test_a_callback_waits_for_the_end(own_runs: OwnRuns) -> None:
    """The callbackStatus of a run that has not ended is pending; of one without a callback there is none."""
    for life in own_runs.story().lives:
        for exchange, run in life.shown:
            told = run.get("callbackStatus")
            early = status_of(exchange) in ACTIVE and told not in ("pending", None)
            require(not early, f"{life.name} is {status_of(exchange)}, its callbackStatus {shown(told)}", exchange)
            strange = "callbackUrl" not in life.asked and told is not None
            require(not strange, f"{life.name} has no callback, but callbackStatus {shown(told)}", exchange)


@rule("runs/fail-reason-only-when-failed", source="guide")
def test_fail_reason_only_when_failed(own_runs: OwnRuns) -> None:
    """A run that has not failed has no failReason."""
    for life in own_runs.story().lives:
        for exchange, run in life.shown:
            seen = f"{life.name} is {status_of(exchange)}, but has failReason {shown(run.get('failReason'))}"
            require(status_of(exchange) == "failed" or run.get("failReason") is None, seen, exchange)


@rule("runs/error-only-when-failed", source="assumed")
def test_error_only_when_failed(own_runs: OwnRuns) -> None:
    """A run that has not failed has no error."""
    for life in own_runs.story().lives:
        for exchange, run in life.shown:
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
        not_checked("because the run was not seen for long enough after its start")
    seen = f"the run still runs {limit + SLACK_SECONDS} seconds after its start; its timeout is {limit}"
    require(False, seen, life.readings[-1])


# How it is stopped


def cancelled(own_runs: OwnRuns) -> tuple[Life, ...]:
    """The four runs. Ends in `not_checked` when the server cancels none because it does not know how."""
    lives = own_runs.story().lives
    asked = [life.cancels[0] for life in lives if life.cancels]
    if all(exchange.status == 404 for exchange in asked):
        not_checked("because the server has no cancelRun")
    return lives


def stopped(own_runs: OwnRuns) -> list[tuple[Life, Exchange]]:
    """The runs that accepted to be stopped, with the answer that said so."""
    accepted = [(life, life.was_stopped) for life in cancelled(own_runs)]
    found = [(life, exchange) for life, exchange in accepted if exchange is not None]
    return found or not_checked("because no run could be cancelled before its end")


@rule("runs/active-run-can-be-cancelled", source="assumed")
def test_an_active_run_can_be_cancelled(own_runs: OwnRuns) -> None:
    """A pending or running run that is asked to stop is not refused to."""
    for life in cancelled(own_runs):
        for exchange in life.cancels_before_the_end[:1]:
            after = life.seen_after(exchange)
            goes_on = after is not None and status_of(after) in ACTIVE
            seen = f"{life.name} is active, but cancelRun answers {answered(exchange)}"
            require(exchange.succeeded or not goes_on, seen, exchange)


@rule("runs/cancel-is-noted", source="guide")
def test_that_a_cancel_is_noted(own_runs: OwnRuns) -> None:
    """Asking a run to stop sets its cancelRequestedAt, which stays."""
    for life, accepted in stopped(own_runs):
        for exchange, run in life.shown:
            asked = exchange.number < accepted.number or run.get("cancelRequestedAt") is not None
            require(asked, f"{life.name} was asked to stop, but has no cancelRequestedAt", exchange)


@rule("runs/cancel-is-noted-only-when-asked", source="guide")
def test_that_only_a_cancel_is_noted(own_runs: OwnRuns) -> None:
    """A run that nobody asked to stop has no cancelRequestedAt."""
    for life in own_runs.story().lives:
        first = life.cancels[0].number if life.cancels else float("inf")
        for exchange, run in life.shown:
            value = run.get("cancelRequestedAt")
            seen = f"nobody asked {life.name} to stop, but it has cancelRequestedAt {shown(value)}"
            require(exchange.number > first or value is None, seen, exchange)


@rule("runs/cancel-answers-the-run", source="assumed")
def test_cancel_answers_the_run(own_runs: OwnRuns) -> None:
    """Asking a run to stop is answered with that run, its cancelRequestedAt set."""
    for life, accepted in stopped(own_runs):
        answer = members(accepted.json)
        require(answer.get("id") == life.id, f"asked to stop {life.id}, it answers {shown(answer.get('id'))}", accepted)
        require(answer.get("cancelRequestedAt") is not None, "the answer has no cancelRequestedAt", accepted)
        earlier = [reading for reading in life.readings if reading.number < accepted.number]
        later = life.seen_after(accepted)
        found = changes(life, members(earlier[-1].json), answer) if earlier else []
        found += changes(life, answer, members(later.json)) if later is not None else []
        require(not found, f"the answer differs from the run: {listed(found)}", accepted)


@rule("runs/cancelled-run-ends", source="assumed")
def test_a_cancelled_run_ends_cancelled(own_runs: OwnRuns, session: Session, world: World) -> None:
    """A run that was asked to stop ends cancelled, whether it was pending or running."""
    for exchange in world.lingering.values() if session.target.moves_its_clock else ():
        require(False, f"a run that was asked to stop goes on {PATIENCE_SECONDS} seconds later", exchange)
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
    seen = f"the run is active, but asked to stop again it answers {answered(again)}"
    require(again.succeeded or ended, seen, again)
    stands = after is None or members(after.json).get("cancelRequestedAt") is not None
    require(stands, "asked to stop twice, the run has no cancelRequestedAt", after)


@rule("runs/cancel-after-the-end", source="assumed")
def test_an_ended_run_cannot_be_cancelled(own_runs: OwnRuns) -> None:
    """A run that has ended cannot be cancelled: it answers 409 CONFLICT."""
    cancelled(own_runs)
    story = own_runs.story()
    lives = [story.brief, own_runs.later()] if story.whole.ended_by_itself else [story.brief]
    asked = [(life, exchange) for life in lives for exchange in life.cancels_after_the_end]
    if not asked:
        not_checked("because no run ended in time")
    for life, exchange in asked:
        right = exchange.status == 409 and exchange.code == ProblemCode.CONFLICT
        require(right, f"{life.name} has ended; asked to stop, it answers {answered(exchange)}", exchange)

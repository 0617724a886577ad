"""What can go wrong with limits on how many there may be, and with checks when requests come at once?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from generated.contract import CONCURRENT_RUNS, WEBHOOKS_PER_ORGANIZATION, ProblemCode
from mock_server.altered import Bench, Exchange, Proceed, current
from mock_server.calls import Answer, Call, Handler
from mock_server.faults.registry import fault
from mock_server.organization import Organization
from mock_server.problems import Refusal
from mock_server.runs import Run


@contextmanager
def _without(things: dict[str, Any], hidden: list[str]) -> Iterator[None]:
    """Meanwhile these of the things seem not to be there."""
    taken = {name: things.pop(name) for name in hidden if name in things}
    try:
        yield
    finally:
        things.update(taken)


def _uncounted_runs(mock: Bench, is_uncounted: Callable[[Run], bool]) -> None:
    """Some of the active runs are not counted when another is created."""

    def handle(call: Call, inner: Handler) -> Answer:
        active = call.organization.active_runs
        with _without(active, [run.id for run in active.values() if is_uncounted(run)]):
            return inner(call)

    mock.handle("createRun", handle)


@fault("concurrency/eleventh-is-refused")
def eleven_runs_at_a_time(mock: Bench) -> None:
    """Ten runs of an organization may be active, not eleven."""

    def handle(call: Call, inner: Handler) -> Answer:
        active = call.organization.active_runs
        with _without(active, list(active)[:1]):
            return inner(call)

    mock.handle("createRun", handle)


@fault("concurrency/ten-may-be-active")
def nine_runs_at_a_time(mock: Bench) -> None:
    """Ten runs of an organization may be active: the tenth create passes."""

    def handle(call: Call, inner: Handler) -> Answer:
        if len(call.organization.active_runs) == CONCURRENT_RUNS - 1:
            raise Refusal(ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED, "Too many runs.", retry_after_seconds=1)
        return inner(call)

    mock.handle("createRun", handle)


@fault("concurrency/eleventh-is-refused")
def any_number_of_runs_at_a_time(mock: Bench) -> None:
    """A create beyond ten active runs is refused."""
    _uncounted_runs(mock, lambda run: True)


@fault("concurrency/eleventh-is-refused")
def pending_runs_do_not_count(mock: Bench) -> None:
    """Pending runs count among the ten."""
    _uncounted_runs(mock, lambda run: run.status == "pending")


@fault("concurrency/eleventh-is-refused")
def running_runs_do_not_count(mock: Bench) -> None:
    """Running runs count among the ten, not only pending ones."""
    _uncounted_runs(mock, lambda run: run.status == "running")


@fault("concurrency/counts-for-the-organization")
def ten_runs_for_each_key(mock: Bench) -> None:
    """The ten active runs are the organization's, whichever of its keys creates them."""
    creators: dict[str, str] = {}

    def handle(call: Call, inner: Handler) -> Answer:
        active = call.organization.active_runs
        with _without(active, [run_id for run_id in active if creators.get(run_id) != call.api_key.id]):
            answer = inner(call)
        creators[answer.body["id"]] = call.api_key.id
        return answer

    mock.handle("createRun", handle)


def _places_stay_taken(mock: Bench, status: str) -> None:
    """Once the places were all taken, that of a run that ends in this way stays so for an hour."""
    full_since: dict[str, float] = {}

    def handle(call: Call, inner: Handler) -> Answer:
        organization = call.organization
        if len(organization.active_runs) >= CONCURRENT_RUNS:
            full_since[organization.name] = call.now
        since = full_since.get(organization.name)
        if (
            since is not None
            and call.now < since + 3600
            and any(
                run.status == status and run.completed_at is not None and run.completed_at >= since
                for run in organization.runs.values()
            )
        ):
            raise Refusal(ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED, "Too many runs.", retry_after_seconds=1)
        return inner(call)

    mock.handle("createRun", handle)


@fault("concurrency/cancelled-frees-its-place")
def cancelled_runs_still_count(mock: Bench) -> None:
    """A run that has ended cancelled leaves its place to another."""
    _places_stay_taken(mock, "cancelled")


@fault("concurrency/ended-frees-its-place")
def completed_runs_still_count(mock: Bench) -> None:
    """A run that has come to its end by itself leaves its place to another."""
    _places_stay_taken(mock, "completed")


@fault("concurrency/refused-creates-nothing")
def refused_runs_are_created(mock: Bench) -> None:
    """A create that is refused because ten runs are active creates nothing."""

    def handle(call: Call, inner: Handler) -> Answer:
        try:
            return inner(call)
        except Refusal as refusal:
            if refusal.code == ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED:
                active = call.organization.active_runs
                with _without(active, list(active)):
                    inner(call)
            raise

    mock.handle("createRun", handle)


@fault("concurrency/comes-last", source="assumed")
def the_limit_of_runs_comes_before_validation(mock: Bench) -> None:
    """While ten runs are active, a create that breaks its schema is refused for that."""
    organizations: dict[str, Organization] = {}

    def meet(call: Call, inner: Handler) -> Answer:
        organizations[call.organization.name] = call.organization
        return inner(call)

    def after(exchange: Exchange) -> None:
        key = exchange.api_key
        organization = organizations.get(key.organization_name) if key else None
        if organization and len(organization.active_runs) >= CONCURRENT_RUNS:
            exchange.refuse(ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED, retry_after_seconds=1)

    mock.handle_all(meet)
    mock.after(after, ["createRun"], [400])


def _decide_by_what_was(mock: Bench, operation_id: str, kind: str) -> None:
    """The operation checks what there was when the request arrived, and takes effect a moment later."""
    organizations: dict[str, Organization] = {}
    seen: dict[int, set[str]] = {}

    async def around(exchange: Exchange, proceed: Proceed) -> None:
        key = exchange.api_key
        organization = organizations.get(key.organization_name) if key else None
        if exchange.operation_id == operation_id and organization is not None:
            seen[id(exchange)] = set(getattr(organization, kind))
            await asyncio.sleep(0.03)
        try:
            await proceed()
        finally:
            seen.pop(id(exchange), None)

    def handle(call: Call, inner: Handler) -> Answer:
        things = getattr(call.organization, kind)
        known = seen.get(id(current.get()), set(things))
        with _without(things, [name for name in things if name not in known]):
            return inner(call)

    def meet(call: Call, inner: Handler) -> Answer:
        organizations[call.organization.name] = call.organization
        return inner(call)

    mock.handle_all(meet)
    mock.handle(operation_id, handle)
    mock.around(around)


@fault("concurrency/never-more-than-ten")
def places_for_runs_are_raced_for(mock: Bench) -> None:
    """No more than ten runs are active, also when creates come at once."""
    _decide_by_what_was(mock, "createRun", "active_runs")


@fault("templates/slug-is-unique")
def slugs_are_raced_for(mock: Bench) -> None:
    """A slug is given once, also when creates come at once."""
    _decide_by_what_was(mock, "createTemplate", "templates")


@fault("webhooks/url-is-unique")
def webhook_urls_are_raced_for(mock: Bench) -> None:
    """A URL has one webhook, also when creates come at once."""
    _decide_by_what_was(mock, "createWebhook", "webhooks")


def _limit_webhooks(mock: Bench, limit: int) -> None:
    def handle(call: Call, inner: Handler) -> Answer:
        things = call.organization.webhooks
        spare = limit - WEBHOOKS_PER_ORGANIZATION
        if spare < 0 and len(things) >= limit:
            raise Refusal(ProblemCode.WEBHOOK_LIMIT_EXCEEDED, "Too many webhooks.")
        if len(things) >= limit or spare < 0:
            return inner(call)
        others = [webhook.id for webhook in things.values() if webhook.url != call.body["url"]]
        with _without(things, others[:spare]):
            return inner(call)

    mock.handle("createWebhook", handle)


@fault("webhooks/no-more-than-documented")
def twenty_six_webhooks(mock: Bench) -> None:
    """An organization has at most 25 webhooks."""
    _limit_webhooks(mock, WEBHOOKS_PER_ORGANIZATION + 1)


@fault("webhooks/as-many-as-documented")
def twenty_four_webhooks(mock: Bench) -> None:
    """An organization may have 25 webhooks."""
    _limit_webhooks(mock, WEBHOOKS_PER_ORGANIZATION - 1)


@fault("webhooks/deletion-frees-a-place")
def deleted_webhooks_still_count(mock: Bench) -> None:
    """A webhook that was deleted leaves its place to another."""
    created: dict[str, int] = {}

    def handle(call: Call, inner: Handler) -> Answer:
        name, things = call.organization.name, call.organization.webhooks
        if len(things) == WEBHOOKS_PER_ORGANIZATION:
            created[name] = WEBHOOKS_PER_ORGANIZATION
        if created.get(name) and len(things) == WEBHOOKS_PER_ORGANIZATION - 1:
            raise Refusal(ProblemCode.WEBHOOK_LIMIT_EXCEEDED, "Too many webhooks.")
        return inner(call)

    mock.handle("createWebhook", handle)


@fault("concurrency/eleventh-is-refused")
def runs_that_are_stopping_do_not_count(mock: Bench) -> None:
    """A run that was asked to stop keeps its place until it has ended."""

    def handle(call: Call, inner: Handler) -> Answer:
        active = call.organization.active_runs
        stopping = {name: run for name, run in active.items() if run.cancel_requested_at is not None}
        for name in stopping:
            del active[name]
        try:
            return inner(call)
        finally:
            active.update(stopping)

    mock.handle("createRun", handle)


@fault("concurrency/each-create-makes-a-run", source="reference")
def runs_that_are_alike_are_one(mock: Bench) -> None:
    """A create that asks for the same as another makes a run of its own."""
    known: dict[tuple[str, str], Answer] = {}

    def handle(call: Call, inner: Handler) -> Answer:
        asked = (call.organization.name, repr(sorted(call.body.items(), key=str)))
        earlier = known.get(asked)
        if earlier is not None and earlier.body["id"] in call.organization.active_runs:
            return earlier
        known[asked] = inner(call)
        return known[asked]

    mock.handle("createRun", handle)

"""In what state may an organization be? Full of things, with few, or at work all the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from generated.contract import WEBHOOKS_PER_ORGANIZATION, ProblemCode
from mock_server import usage
from mock_server.altered import Bench
from mock_server.calls import Answer, Call, Handler
from mock_server.organization import Organization
from mock_server.pagination import page_of
from mock_server.problems import Refusal
from mock_server.repositories import REPOSITORIES, address_of
from mock_server.runs import new_run
from mock_server.scenarios import MAGIC_OWNER
from mock_server.templates import SYSTEM_TEMPLATES, create_template
from mock_server.variants.registry import variant
from mock_server.webhooks import create_webhook

_SECONDS_OF_PAST = 90_000
"""How long ago the first of the earlier runs was."""
_MOST_SECONDS_APART = 600
_FOR_EVER_SECONDS = 1e7


def _at_first(mock: Bench, set_up: Callable[[Call], object]) -> None:
    """Each organization that is in no special state is set up before its first request is answered."""
    known: list[Organization] = []

    def handle(call: Call, inner: Handler) -> Answer:
        if not any(each is call.organization for each in known):
            known.append(call.organization)
            if call.organization.scenario is None:
                set_up(call)
        return inner(call)

    mock.handle_all(handle)


def _start(call: Call, prompt: str, at: float) -> Any:
    address = address_of("acme/storefront")
    assert address is not None
    body = {"repo": "acme/storefront", "prompt": prompt, "template": SYSTEM_TEMPLATES[0].slug}
    return new_run(call.organization, SYSTEM_TEMPLATES[0], address, body, at)


def _grant_at(organization: Organization, moment: float) -> None:
    """The first credits were granted at another time."""
    organization.usage_logs.clear()
    organization.credits_usd = 0.0
    usage.grant(organization, usage.FIRST_CREDITS_USD, "First credits", moment)


def give_a_past(mock: Bench, *, runs: int, templates: int, webhooks: int) -> None:
    """Each organization has as many runs that have ended, templates of its own and webhooks already."""

    def set_up(call: Call) -> None:
        first = round(call.now - _SECONDS_OF_PAST, 3)
        apart = min(_MOST_SECONDS_APART, _SECONDS_OF_PAST / (runs + 1))
        _grant_at(call.organization, first - 1)
        for number in range(runs):
            run = _start(call, f"Earlier run {number}.", round(first + apart * number, 3))
            run.started_at = run.created_at + 2
            call.run_events.finish(call.organization, run, round(run.created_at + 60, 3))
        for number in range(templates):
            body = {"slug": f"earlier-{number}", "name": f"Earlier {number}", "baseImage": "node-22"}
            create_template(replace(call, body=body))
        for number in range(webhooks):
            hook: dict[str, Any] = {"url": f"https://hooks.earlier.example/{number}", "events": ["run.failed"]}
            create_webhook(replace(call, body=hook))

    _at_first(mock, set_up)


@variant
def organizations_have_a_past(mock: Bench) -> None:
    """The organization has many runs, templates, webhooks and usage records already."""
    give_a_past(mock, runs=130, templates=110, webhooks=9)


@variant
def organizations_are_large(mock: Bench) -> None:
    """The organization has hundreds of runs, templates and usage records, and almost as many webhooks as it may."""
    give_a_past(mock, runs=640, templates=310, webhooks=20)


@variant
def others_have_taken_the_webhooks(mock: Bench) -> None:
    """The organization has room for one more webhook."""
    give_a_past(mock, runs=3, templates=0, webhooks=WEBHOOKS_PER_ORGANIZATION - 1)


@variant
def others_have_long_runs(mock: Bench) -> None:
    """Six runs of others are active all the time."""

    def set_up(call: Call) -> None:
        for number in range(6):
            run = _start(call, f"Another's long run {number}.", call.now)
            run.plan = replace(run.plan, pending_seconds=1.0, running_seconds=_FOR_EVER_SECONDS)
            call.run_events.begin(call.organization, run)

    _at_first(mock, set_up)


@variant
def others_are_at_work(mock: Bench) -> None:
    """Others use the organization meanwhile: they start and end runs, change templates and webhooks."""
    chance = Random(3)
    numbers: dict[str, int] = {}

    def work(call: Call) -> None:
        organization = call.organization
        number = numbers[organization.name] = numbers.get(organization.name, 0) + 1
        kind = chance.choice(("run", "template", "webhook", "charge"))
        if kind == "run" and len(organization.active_runs) < 2:
            call.run_events.begin(organization, _start(call, f"Another's run {number}.", call.now))
        elif kind == "template":
            body = {"slug": f"another-{number}", "name": "Another's", "baseImage": "node-22"}
            create_template(replace(call, body=body))
        elif kind == "webhook" and len(organization.webhooks) < 5:
            hook: dict[str, Any] = {"url": f"https://hooks.another.example/{number}", "events": ["run.failed"]}
            create_webhook(replace(call, body=hook))
        elif kind == "charge":
            usage.grant(organization, 1.0, "Another's grant", call.now)

    def handle(call: Call, inner: Handler) -> Answer:
        if call.organization.scenario is None and chance.random() < 0.08:
            work(call)
        return inner(call)

    mock.handle_all(handle)


def _use_the_key(mock: Bench, *, share: float, at_once: int) -> None:
    """Before this share of requests as many of others come at once."""
    windows: dict[str, Any] = {}
    chance = Random(4)
    make = mock.parts.window

    def new_window(key: Any) -> Any:
        windows[key.id] = make(key)
        return windows[key.id]

    def handle(call: Call, inner: Handler) -> Answer:
        if chance.random() < share:
            for _ in range(at_once):
                windows[call.api_key.id].take(call.now)
        return inner(call)

    mock.parts.window = new_window
    mock.handle_all(handle)


@variant
def others_use_the_key(mock: Bench) -> None:
    """Others send requests with the same key meanwhile: Remaining goes down by more than one at times."""
    _use_the_key(mock, share=0.1, at_once=1)


@variant
def others_use_the_key_in_bursts(mock: Bench) -> None:
    """Others send many requests at once with the same key."""
    _use_the_key(mock, share=0.03, at_once=25)


@variant
def there_are_two_repositories(mock: Bench) -> None:
    """The organization can reach two repositories only."""

    def handle(call: Call, inner: Handler) -> Answer:
        data, counts = page_of(REPOSITORIES[:2], call.query)
        return Answer(200, {"data": data, "pagination": counts})

    mock.handle("listRepositories", handle)


@variant
def repositories_are_in_groups(mock: Bench) -> None:
    """All repositories, and they are many, are in groups of groups on GitLab; of others runs are refused."""
    groups = [{"fullName": f"acme/team-{number % 7}/service.{number}", "provider": "gitlab"} for number in range(333)]
    names = {repository["fullName"] for repository in groups}

    def list_repositories(call: Call, inner: Handler) -> Answer:
        data, counts = page_of(groups, call.query)
        return Answer(200, {"data": data, "pagination": counts})

    def create_run(call: Call, inner: Handler) -> Answer:
        repo = call.body["repo"]
        if repo not in names and not repo.startswith(f"{MAGIC_OWNER}/"):
            raise Refusal(ProblemCode.REPOSITORY_NOT_FOUND, "The organization cannot reach this repository.")
        address = repo if repo not in names else "acme/service"
        answer = inner(replace(call, body={**call.body, "repo": address}))
        run = call.organization.runs[answer.body["id"]]
        run.repo = repo
        run.changed()
        return answer

    mock.handle("listRepositories", list_repositories)
    mock.handle("createRun", create_run)

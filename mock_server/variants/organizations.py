"""In what state may an organization be? Full of things, with few, or at work all the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from mock_server import usage
from mock_server.altered import Bench
from mock_server.calls import Answer, Call, Handler
from mock_server.organization import Organization
from mock_server.pagination import page_of
from mock_server.repositories import REPOSITORIES, address_of
from mock_server.runs import new_run
from mock_server.templates import SYSTEM_TEMPLATES, create_template
from mock_server.variants.registry import variant
from mock_server.webhooks import create_webhook

_SECONDS_OF_PAST = 90_000
"""How long ago the first of the earlier runs was."""
_MOST_SECONDS_APART = 600


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


@variant
def others_use_the_key(mock: Bench) -> None:
    """Others send requests with the same key meanwhile: Remaining goes down by more than one at times."""
    windows: dict[str, Any] = {}
    chance = Random(4)
    make = mock.parts.window

    def new_window(key: Any) -> Any:
        windows[key.id] = make(key)
        return windows[key.id]

    def handle(call: Call, inner: Handler) -> Answer:
        if chance.random() < 0.1:
            windows[call.api_key.id].take(call.now)
        return inner(call)

    mock.parts.window = new_window
    mock.handle_all(handle)


@variant
def there_are_two_repositories(mock: Bench) -> None:
    """The organization can reach two repositories only."""

    def handle(call: Call, inner: Handler) -> Answer:
        data, counts = page_of(REPOSITORIES[:2], call.query)
        return Answer(200, {"data": data, "pagination": counts})

    mock.handle("listRepositories", handle)

"""Does whatever shows a thing of the suite's own show what was asked for? Rules on every response that shows one.

What was asked of runs, templates and webhooks is remembered from the requests that made and changed them, random ones
too. How members that were not given come about is for the tests of each resource.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from contract_tests.harness.checks import Seen, check
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.reading import alike, instant, items, members, shown

_RUN_MEMBERS = ("prompt", "model", "branch", "callbackUrl", "metadata", "guardrails", "envVars")
_TEMPLATE_MEMBERS = ("slug", "name", "baseImage", "description", "envVars", "guardrails", "egressDomains", "size")
_WEBHOOK_MEMBERS = ("url", "events")
_ASSUMED_MEMBERS = ("timeoutMinutes",)
_KINDS: Mapping[str, tuple[str, ...]] = {
    "run": ("createRun", "getRun", "listRuns", "cancelRun"),
    "template": ("createTemplate", "getTemplate", "listTemplates", "updateTemplate"),
    "webhook": ("createWebhook", "listWebhooks"),
}
"""The operations that show each kind of thing."""
_CREATES = ("createRun", "createTemplate", "createWebhook")
_WRITES = (*_CREATES, "updateTemplate")
_CENT = 0.01
"""Nothing published tells how many decimals of an amount are kept."""
_PLAIN_CATEGORIES = "LNPS"
"""Letters, numbers, punctuation and symbols."""


_CLOCKS_APART_SECONDS = 900
"""How far a server's clock may be from what is known of it; time zones are further apart."""


def _things(exchange: Exchange) -> list[Mapping[str, Any]]:
    """The runs, templates or webhooks that a success shows."""
    body = members(exchange.json) if exchange.succeeded else {}
    one = members(body.get("template")) or body
    return [*items(exchange), *([one] if isinstance(one.get("id"), str) else [])]


@check(
    "responses/created-at-is-now",
    "The createdAt of what was just created is the time of its creation.",
    source="reference",
    when=lambda exchange, _: exchange.request.operation_id in _CREATES and exchange.succeeded,
)
def _created_now(exchange: Exchange, _: Seen) -> Iterator[str]:
    for thing in _things(exchange):
        created = instant(thing.get("createdAt"))
        if created is not None:
            off = max(exchange.sent_at - created.timestamp(), created.timestamp() - exchange.received_at)
            if off > _CLOCKS_APART_SECONDS:
                yield f"createdAt is {shown(thing.get('createdAt'))}, which is {off:.0f} seconds off"


def _key(exchange: Exchange, thing: Mapping[str, Any]) -> tuple[str, str, str]:
    """What a thing is remembered by: ids may be told again for another kind or by another organization."""
    kind = next(kind for kind, operations in _KINDS.items() if exchange.request.operation_id in operations)
    return exchange.request.authorization or "", kind, str(thing.get("id"))


def _learn(exchange: Exchange, seen: Seen) -> None:
    """Remember what a write has asked for, and forget what a write may have changed that cannot be told."""
    operation_id, body = exchange.request.operation_id, exchange.request.body
    if exchange.lost != seen.lost:
        seen.asked.clear()
        seen.lost = exchange.lost
    if operation_id == "updateTemplate" and exchange.status >= 500:
        named = exchange.request.path.rpartition("/")[2]
        for key in [key for key, asked in seen.asked.items() if named in (key[2], asked.get("slug"))]:
            del seen.asked[key]
    if operation_id not in _WRITES or not exchange.succeeded:
        return
    for thing in _things(exchange):
        name = _key(exchange, thing)
        known = seen.asked.pop(name, {} if operation_id in _CREATES else None)
        # What a server makes of a body that is not plainly valid nobody can tell.
        if known is not None and isinstance(body, dict) and seen.plain.holds(exchange.request):
            given = {"envVars" if key == "env" else key: value for key, value in body.items()}
            seen.asked[name] = {**known, **given}


def _shows_own(kind: str) -> Callable[[Exchange, Seen], bool]:
    def shows(exchange: Exchange, seen: Seen) -> bool:
        if exchange.request.operation_id not in _KINDS[kind]:
            return False
        _learn(exchange, seen)
        return any(_key(exchange, thing) in seen.asked for thing in _things(exchange))

    return shows


def _strange(exchange: Exchange, seen: Seen, names: tuple[str, ...]) -> Iterator[str]:
    """Where a thing is shown otherwise than it was asked for."""
    for thing in _things(exchange):
        asked = seen.asked.get(_key(exchange, thing), {})
        if "guardrails" in asked:  # that they are all shown is assumed
            shown_limits = members(thing.get("guardrails"))
            told = {name: value for name, value in members(asked["guardrails"]).items() if shown_limits.get(name)}
            asked = {**asked, "guardrails": told}
        for name in names:
            if name in asked and thing.get(name) is not None and not _is(asked[name], thing[name]):
                yield f"{name} is {shown(thing[name])}, asked for was {shown(asked[name])}"


def _is(asked: Any, has: Any) -> bool:
    """Whether a value is shown as it was asked for: of a map every member, of a list every item, in whatever order."""
    if isinstance(asked, dict):
        inner = members(has)
        published = {name: value for name, value in asked.items() if name not in _ASSUMED_MEMBERS}
        return all(inner.get(name) is not None and _is(value, inner[name]) for name, value in published.items())
    if isinstance(asked, list):
        found = {str(item).lower() for item in has} if isinstance(has, list) else set()
        return {str(item).lower() for item in asked} <= found
    if asked is None:
        return bool(has == "")
    if isinstance(asked, float) and isinstance(has, int | float):
        return bool(abs(asked - has) <= _CENT)
    return bool(alike(asked, has) or not _is_plain(asked))


def _is_plain(value: Any) -> bool:
    """Whether no right server writes a text otherwise: without blanks at its ends, invisible or composed characters."""
    if not isinstance(value, str):
        return True
    visible = all(char == " " or unicodedata.category(char)[0] in _PLAIN_CATEGORIES for char in value)
    return visible and value == value.strip() and unicodedata.is_normalized("NFKC", value)


@check(
    "responses/run-is-as-asked",
    "Whatever shows a run shows the prompt, model, branch, callback URL, metadata, guardrails and variables that it "
    "was created with.",
    source="reference",
    when=_shows_own("run"),
)
def _runs(exchange: Exchange, seen: Seen) -> Iterator[str]:
    return _strange(exchange, seen, _RUN_MEMBERS)


@check(
    "responses/template-is-as-asked",
    "Whatever shows a template shows every member that it was given when it was created or last changed.",
    source="reference",
    when=_shows_own("template"),
)
def _templates(exchange: Exchange, seen: Seen) -> Iterator[str]:
    return _strange(exchange, seen, _TEMPLATE_MEMBERS)


@check(
    "responses/webhook-is-as-asked",
    "Whatever shows a webhook shows the URL and the events that it was registered with.",
    source="reference",
    when=_shows_own("webhook"),
)
def _webhooks(exchange: Exchange, seen: Seen) -> Iterator[str]:
    return _strange(exchange, seen, _WEBHOOK_MEMBERS)

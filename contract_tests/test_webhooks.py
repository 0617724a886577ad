"""Webhooks: what is registered is there until it is deleted, one for each URL, and no more than there may be.

What is delivered to them is for `test_deliveries.py`.
"""

from __future__ import annotations

import binascii
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.reading import alike, answered, items, members, shown
from contract_tests.harness.receiver import SECRET_PREFIX, decoded
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.session import Session
from contract_tests.harness.unknown import names_nothing
from contract_tests.harness.webhook_shelf import Look, Registered, Shelf
from generated.contract import WEBHOOKS_PER_ORGANIZATION, ProblemCode


@pytest.fixture(name="look", params=["few", "full"])
def _look(shelf: Shelf, request: pytest.FixtureRequest) -> Callable[[], Look]:
    """The shelf with few webhooks on it, and the full one."""
    gather: Callable[[], Look] = getattr(shelf, request.param)
    return gather


def _all(shelf: Shelf, look: Look) -> list[Registered]:
    """Every webhook that was registered here by then."""
    return [shelf.first()[0], *look.registered]


def _is_refused(exchange: Exchange, status: int, code: ProblemCode, words: str) -> None:
    right = exchange.status == status and exchange.code == code
    require(right, f"{words} is answered {answered(exchange)}, not {status} {code}", exchange)


def _listed(listing: Exchange, url: str) -> list[Mapping[str, Any]]:
    return [item for item in items(listing) if item.get("url") == url]


@rule("webhooks/created-is-echoed", source="reference")
def test_created_is_echoed(shelf: Shelf, look: Callable[[], Look]) -> None:
    """The answer to a create shows the URL and the events that were asked for, with an id of its own."""
    for one in _all(shelf, look()):
        url, events = one.answer.get("url"), one.answer.get("events")
        require(url == one.asked["url"], f"url is {shown(url)}, not {shown(one.asked['url'])}", one.exchange)
        same = isinstance(events, list) and sorted(map(str, events)) == sorted(one.asked["events"])
        require(same, f"events is {shown(events)}, not {shown(one.asked['events'])}", one.exchange)
    ids = [one.id for one in _all(shelf, look())]
    require(len(set(ids)) == len(ids), "two webhooks have the same id", look().listing)


@rule("webhooks/secret-is-base64", source="guide")
def test_a_secret_is_base64(shelf: Shelf, look: Callable[[], Look]) -> None:
    """The secret of a new webhook is whsec_ and base64."""
    for one in _all(shelf, look()):
        secret = one.answer.get("secret")
        right = isinstance(secret, str) and secret.startswith(SECRET_PREFIX) and _decodes(secret)
        require(right, "the secret is not whsec_ and base64", one.exchange)


def _decodes(secret: str) -> bool:
    try:
        return bool(decoded(secret))
    except (binascii.Error, ValueError):
        return False


@rule("webhooks/secrets-differ", source="guide")
def test_secrets_differ(shelf: Shelf, look: Callable[[], Look]) -> None:
    """Each webhook has a secret of its own."""
    found: set[Any] = set()
    for one in _all(shelf, look()):
        secret = str(one.answer.get("secret"))
        require(secret not in found, "two webhooks have the same secret", one.exchange)
        found.add(secret)


@rule("webhooks/secret-is-shown-once", source="guide")
def test_a_secret_is_shown_once(shelf: Shelf, look: Callable[[], Look]) -> None:
    """The list shows no webhook's secret."""
    listing = look().listing
    text = listing.response.body.decode("utf-8", "replace")
    require(SECRET_PREFIX not in text, "the list of webhooks shows a secret", listing)
    for one in _all(shelf, look()):
        secret = str(one.answer.get("secret", "")).removeprefix(SECRET_PREFIX)
        require(not secret or secret not in text, "the list of webhooks shows a secret", listing)


@rule("webhooks/listed-once-as-created", source="reference")
def test_a_webhook_is_listed_once(look: Callable[[], Look]) -> None:
    """The list holds every webhook of the organization exactly once, on no pages, as it was created."""
    shelf = look()
    ids = [item.get("id") for item in items(shelf.listing)]
    twice = sorted({str(one) for one in ids if ids.count(one) > 1})
    require(not twice, f"{', '.join(twice[:3])} stands in the list more than once", shelf.listing)
    for one in shelf.registered:
        found = [item for item in items(shelf.listing) if item.get("id") == one.id]
        seen = f"of {shelf.count} webhooks {len(items(shelf.listing))} are listed, one of them {len(found)} times"
        require(len(found) == 1, seen, shelf.listing)
        for name in ("url", "events", "createdAt"):
            has, had = found[0].get(name), one.answer.get(name)
            same = alike(_in_any_order(has), _in_any_order(had))
            require(same, f"in the list {name} is {shown(has)}, created it was {shown(had)}", shelf.listing)


def _in_any_order(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, list) else value


@rule("webhooks/pagination-is-right-if-there", source="reference")
def test_pagination_is_right_if_there(look: Callable[[], Look]) -> None:
    """The list of webhooks is not paged: when it has a pagination, that says so."""
    listing = look().listing
    pagination = members(members(listing.json).get("pagination"))
    count = len(items(listing))
    for name, right in (("total", count), ("page", 1), ("totalPages", 1), ("offset", 0)):
        has = pagination.get(name)
        require(has in (right, None), f"{count} webhooks are listed, pagination.{name} is {shown(has)}", listing)
    limit = pagination.get("limit")
    fits = not isinstance(limit, (int, float)) or limit >= count
    require(fits, f"{count} webhooks are listed, pagination.limit is {shown(limit)}", listing)


@rule("webhooks/health-adds-up", source="assumed")
def test_health_adds_up(look: Callable[[], Look]) -> None:
    """In a webhook's health successCount and failedCount make totalCount, and successRate is their share."""
    listing = look().listing
    for item in items(listing):
        health = members(item.get("health"))
        succeeded, failed, total = (health.get(name) for name in ("successCount", "failedCount", "totalCount"))
        if not (isinstance(succeeded, int) and isinstance(failed, int) and isinstance(total, int)):
            continue  # the schema speaks of that
        seen = f"successCount {succeeded} and failedCount {failed} make totalCount {total}"
        require(succeeded + failed == total, seen, listing)
        rate = health.get("successRate")
        if total and isinstance(rate, (int, float)):
            share = succeeded / total
            right = math.isclose(rate, share, abs_tol=0.01) or math.isclose(rate, 100 * share, abs_tol=1)
            require(right, f"{succeeded} of {total} deliveries succeeded, successRate is {rate}", listing)


@rule("webhooks/url-is-unique", source="overview")
def test_a_url_is_unique(shelf: Shelf, look: Callable[[], Look]) -> None:
    """A create with a URL that a webhook has is refused with WEBHOOK_URL_DUPLICATE and creates nothing; with another
    query it is another URL.
    """
    shelf.first()
    similar = shelf.similar().exchange
    taken = similar.code == ProblemCode.WEBHOOK_URL_DUPLICATE
    require(not taken, "a URL with another query than a registered one is refused as that", similar)
    _is_refused(shelf.twin(), 409, ProblemCode.WEBHOOK_URL_DUPLICATE, "a create with a URL that is registered")
    url = shelf.first()[0].asked["url"].partition("?")[0]
    own = shelf.similar().id
    left = [one for one in items(look().listing) if str(one.get("url")).startswith(url) and one.get("id") != own]
    deleted = shelf.deletion()[0].succeeded
    seen = "the create was refused, but a webhook with its URL is there"
    require(len(left) <= (0 if deleted else 1), seen, look().listing)


@rule("webhooks/deletion-is-final", source="node")
def test_a_deletion_is_final(shelf: Shelf, look: Callable[[], Look], session: Session) -> None:
    """A deleted webhook is not listed, and not found when it is deleted again: WEBHOOK_NOT_FOUND."""
    first, second = shelf.deletion()
    require(first.succeeded, f"a deletion is answered {answered(first)}", first)
    names_nothing(session, second)
    _is_refused(second, 404, ProblemCode.WEBHOOK_NOT_FOUND, "a second deletion")
    found = [item for item in items(look().listing) if item.get("id") == shelf.first()[0].id]
    require(not found, "a deleted webhook is listed", look().listing)


@rule("webhooks/as-many-as-documented", source="overview")
def test_as_many_as_documented_can_be_registered(shelf: Shelf) -> None:
    """An organization may have 25 webhooks."""
    full = shelf.full()
    early = not full.last.exchange.succeeded and full.count < WEBHOOKS_PER_ORGANIZATION
    seen = f"with {full.count} webhooks another create is answered {answered(full.last.exchange)}"
    require(not early, seen, full.last.exchange)


@rule("webhooks/no-more-than-documented", source="overview")
def test_one_more_is_refused(shelf: Shelf) -> None:
    """When an organization has 25 webhooks a create is refused with WEBHOOK_LIMIT_EXCEEDED and creates nothing."""
    full = shelf.full()
    if full.count < WEBHOOKS_PER_ORGANIZATION:
        not_checked(f"because there were never {WEBHOOKS_PER_ORGANIZATION} webhooks, only {full.count}")
    words = f"a create with {WEBHOOKS_PER_ORGANIZATION} webhooks there"
    _is_refused(full.last.exchange, 409, ProblemCode.WEBHOOK_LIMIT_EXCEEDED, words)
    made = _listed(full.listing, full.last.asked["url"])
    require(not made, "the create was refused, but the webhook is there", full.listing)


@rule("webhooks/deletion-frees-a-place", source="overview")
def test_a_deletion_frees_a_place(shelf: Shelf) -> None:
    """When one of 25 webhooks is deleted another can be registered."""
    exchanged = shelf.exchange_of_one()
    deletion, again = exchanged.deletion, exchanged.again
    if not deletion.succeeded:
        not_checked(f"because the webhook could not be deleted: {answered(deletion)}")
    full = again.exchange.code == ProblemCode.WEBHOOK_LIMIT_EXCEEDED
    require(not full, "after one of 25 webhooks was deleted there is no place for another", again.exchange)


@rule("webhooks/deletion-frees-the-url", source="assumed")
def test_a_deletion_frees_the_url(shelf: Shelf) -> None:
    """The URL of a deleted webhook can be registered again, as another webhook with another secret."""
    exchanged = shelf.exchange_of_one()
    deletion, again = exchanged.deletion, exchanged.again
    if not deletion.succeeded or again.exchange.code == ProblemCode.WEBHOOK_LIMIT_EXCEEDED:
        not_checked("because there was no place for another webhook")
    require(again.exchange.succeeded, f"a deleted webhook's URL is answered {answered(again.exchange)}", again.exchange)
    before = exchanged.before
    require(again.id != before.id, "the new webhook has the deleted one's id", again.exchange)
    same = again.answer.get("secret") == before.answer.get("secret")
    require(not same, "the new webhook has the deleted one's secret", again.exchange)

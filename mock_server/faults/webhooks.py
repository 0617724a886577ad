"""What can go wrong with webhooks: being registered, listed, deleted? Deliveries are for `deliveries`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from generated.contract import ProblemCode
from mock_server.altered import Bench, map_member, set_member
from mock_server.calls import Answer, Call, Handler
from mock_server.faults.registry import fault
from mock_server.organization import Webhook
from mock_server.problems import Refusal


def _showing(mock: Bench, change: Callable[[dict[str, Webhook]], dict[str, Webhook]]) -> None:
    """The list shows other webhooks."""

    def handle(call: Call, inner: Handler) -> Answer:
        shown = change(dict(call.organization.webhooks))
        return inner(replace(call, organization=replace(call.organization, webhooks=shown)))

    mock.handle("listWebhooks", handle)


@fault("webhooks/url-is-unique")
def taken_urls_are_registered_again(mock: Bench) -> None:
    """A URL that a webhook of the organization has is refused."""

    def handle(call: Call, inner: Handler) -> Answer:
        things = call.organization.webhooks
        same = {name: each for name, each in things.items() if each.url == call.body["url"]}
        for name in same:
            del things[name]
        try:
            return inner(call)
        finally:
            things.update(same)

    mock.handle("createWebhook", handle)


@fault("webhooks/url-is-unique")
def a_taken_url_changes_its_webhook(mock: Bench) -> None:
    """A create that is refused because its URL is taken changes nothing and creates nothing."""

    def handle(call: Call, inner: Handler) -> Answer:
        try:
            return inner(call)
        except Refusal as refusal:
            if refusal.code == ProblemCode.WEBHOOK_URL_DUPLICATE:
                inner(replace(call, body={**call.body, "url": f"{call.body['url']}?again"}))
            raise

    mock.handle("createWebhook", handle)


@fault("webhooks/created-is-echoed", "webhooks/listed-once-as-created", source="reference")
def every_webhook_has_every_event(mock: Bench) -> None:
    """A webhook has the events that were asked for."""
    everything = ["run.completed", "run.failed", "run.cancelled"]
    mock.handle("createWebhook", lambda call, inner: inner(replace(call, body={**call.body, "events": everything})))


@fault("webhooks/created-is-echoed", "webhooks/listed-once-as-created", source="reference")
def webhook_urls_are_in_lower_case(mock: Bench) -> None:
    """A webhook has the URL that was asked for, character by character."""
    mock.handle(
        "createWebhook", lambda call, inner: inner(replace(call, body={**call.body, "url": call.body["url"].lower()}))
    )


@fault("webhooks/listed-once-as-created", source="node")
def webhooks_are_listed_by_other_ids(mock: Bench) -> None:
    """A webhook is listed by the id that it was created with: the n8n node looks it up."""
    mock.after(map_member("data.*.id", lambda name: f"{name}_1"), ["listWebhooks"], [200])


@fault("webhooks/listed-once-as-created", source="reference")
def the_newest_webhook_is_not_listed(mock: Bench) -> None:
    """listWebhooks lists a webhook as soon as it is created."""
    _showing(mock, lambda things: dict(list(things.items())[:-1]))


@fault("webhooks/listed-once-as-created", source="reference")
def webhooks_are_listed_twice(mock: Bench) -> None:
    """listWebhooks lists each webhook once."""
    _showing(mock, lambda things: {**things, **{f"{name} again": each for name, each in list(things.items())[:1]}})


@fault("webhooks/listed-once-as-created", source="reference")
def listed_webhooks_have_no_events(mock: Bench) -> None:
    """A listed webhook has the events that it was created with."""
    mock.after(map_member("data.*.events", lambda events: events[:1]), ["listWebhooks"], [200])


@fault("webhooks/secrets-differ", source="guide")
def all_webhooks_have_one_secret(mock: Bench) -> None:
    """Each webhook has a secret of its own."""
    first: list[str] = []

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        first.append(answer.body["secret"])
        call.organization.webhooks[answer.body["id"]].secret = first[0]
        return Answer(201, {**answer.body, "secret": first[0]})

    mock.handle("createWebhook", handle)


@fault("webhooks/secret-is-base64", "responses/body-fits-its-schema", source="guide")
def secrets_are_hexadecimal(mock: Bench) -> None:
    """A webhook's secret is whsec_ and base64."""
    mock.after(map_member("secret", lambda secret: "whsec_" + "0a-1b_" * 5), ["createWebhook"], [201])


@fault("webhooks/secret-is-base64", "responses/body-fits-its-schema", source="guide")
def secrets_have_no_prefix(mock: Bench) -> None:
    """A webhook's secret begins with whsec_."""
    mock.after(map_member("secret", lambda secret: secret.removeprefix("whsec_")), ["createWebhook"], [201])


@fault("webhooks/secret-is-base64", "responses/body-fits-its-schema", source="guide")
def secrets_are_not_shown(mock: Bench) -> None:
    """A webhook's secret is shown when it is created."""
    mock.after(lambda exchange: exchange.body.pop("secret"), ["createWebhook"], [201])


@fault("webhooks/deletion-is-final", source="node")
def deleting_webhooks_does_nothing(mock: Bench) -> None:
    """A deleted webhook is gone."""

    def handle(call: Call, inner: Handler) -> Answer:
        webhook = call.organization.webhooks.get(call.path["id"])
        answer = inner(call)
        if webhook is not None:
            call.organization.webhooks[webhook.id] = webhook
        return answer

    mock.handle("deleteWebhook", handle)


@fault("webhooks/deletion-is-final", source="node")
def deleting_webhooks_twice_succeeds(mock: Bench) -> None:
    """A deleted webhook is not found to be deleted again."""
    deleted: set[str] = set()

    def handle(call: Call, inner: Handler) -> Answer:
        if call.path["id"] in deleted:
            return Answer(204)
        answer = inner(call)
        deleted.add(call.path["id"])
        return answer

    mock.handle("deleteWebhook", handle)


@fault("webhooks/deletion-is-final", source="node")
def deleted_webhooks_are_listed(mock: Bench) -> None:
    """A deleted webhook is not listed any more."""
    graves: dict[str, dict[str, Webhook]] = {}

    def delete(call: Call, inner: Handler) -> Answer:
        webhook = call.organization.webhooks.get(call.path["id"])
        answer = inner(call)
        if webhook is not None:
            graves.setdefault(call.organization.name, {})[webhook.id] = webhook
        return answer

    def show(call: Call, inner: Handler) -> Answer:
        whole = {**call.organization.webhooks, **graves.get(call.organization.name, {})}
        return inner(replace(call, organization=replace(call.organization, webhooks=whole)))

    mock.handle("deleteWebhook", delete)
    mock.handle("listWebhooks", show)


@fault("webhooks/deletion-frees-the-url", source="assumed")
def urls_of_deleted_webhooks_stay_taken(mock: Bench) -> None:
    """The URL of a deleted webhook can be registered again."""
    taken: set[tuple[str, str]] = set()

    def handle(call: Call, inner: Handler) -> Answer:
        place = (call.organization.name, call.body["url"])
        if place in taken:
            raise Refusal(ProblemCode.WEBHOOK_URL_DUPLICATE, "The URL is taken.")
        answer = inner(call)
        taken.add(place)
        return answer

    mock.handle("createWebhook", handle)


@fault("webhooks/no-more-than-documented")
def a_webhook_too_many_replaces_the_oldest(mock: Bench) -> None:
    """A create that is refused because there are 25 webhooks leaves them as they are."""

    def handle(call: Call, inner: Handler) -> Answer:
        try:
            return inner(call)
        except Refusal as refusal:
            things = call.organization.webhooks
            if refusal.code == ProblemCode.WEBHOOK_LIMIT_EXCEEDED:
                del things[next(iter(things))]
                inner(call)
            raise

    mock.handle("createWebhook", handle)


@fault("webhooks/health-adds-up", source="assumed")
def health_counts_do_not_add_up(mock: Bench) -> None:
    """A webhook's successCount and failedCount make its totalCount."""
    mock.after(map_member("data.*.health.totalCount", lambda count: count + 1), ["listWebhooks"], [200])


@fault("webhooks/health-adds-up", source="assumed")
def success_rates_are_of_failures(mock: Bench) -> None:
    """A webhook's successRate is the share of its attempts that succeeded."""
    mock.after(map_member("data.*.health.successRate", lambda rate: 1 - rate), ["listWebhooks"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def last_status_of_another_word(mock: Bench) -> None:
    """A webhook's lastStatus is success or failed."""

    def change(status: str) -> Any:
        return "ok" if status == "success" else "error"

    mock.after(map_member("data.*.health.lastStatus", change), ["listWebhooks"], [200])


@fault("responses/body-fits-its-schema", source="reference")
def webhooks_have_no_creation(mock: Bench) -> None:
    """A listed webhook tells when it was created."""
    mock.after(set_member("data.*.createdAt", None), ["listWebhooks"], [200])


@fault("webhooks/url-is-unique")
def urls_are_taken_whatever_their_query(mock: Bench) -> None:
    """URLs that differ in their query are different: each may have a webhook."""

    def handle(call: Call, inner: Handler) -> Answer:
        plain = call.body["url"].partition("?")[0]
        if any(webhook.url.partition("?")[0] == plain for webhook in call.organization.webhooks.values()):
            raise Refusal(ProblemCode.WEBHOOK_URL_DUPLICATE, "A webhook has this URL.")
        return inner(call)

    mock.handle("createWebhook", handle)


@fault("webhooks/no-more-than-documented")
def twenty_five_webhooks_for_each_key(mock: Bench) -> None:
    """The 25 webhooks are the organization's, whichever of its keys registers them."""
    keys: dict[str, str] = {}

    def handle(call: Call, inner: Handler) -> Answer:
        own = replace(call.organization)
        own.webhooks = {
            name: webhook
            for name, webhook in call.organization.webhooks.items()
            if keys.get(name, call.api_key.id) == call.api_key.id
        }
        answer = inner(replace(call, organization=own))
        keys[answer.body["id"]] = call.api_key.id
        call.organization.webhooks |= own.webhooks
        return answer

    mock.handle("createWebhook", handle)

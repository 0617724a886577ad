"""Who is told of ended runs? The rules of webhooks and their operations. Sending is for `mock_server.notifications`."""

from __future__ import annotations

from typing import Any

from generated.contract import WEBHOOKS_PER_ORGANIZATION, ProblemCode
from mock_server.calls import Answer, Call
from mock_server.clock import timestamp
from mock_server.deliveries import new_secret
from mock_server.identifiers import new_id
from mock_server.organization import Webhook
from mock_server.problems import Refusal


def _document(webhook: Webhook) -> dict[str, Any]:
    """What both the new and the listed webhook show."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": webhook.events,
        "createdAt": timestamp(webhook.created_at),
    }


def create_webhook(call: Call) -> Answer:
    """Operation createWebhook. A URL that is registered already is told before that there are too many."""
    webhooks, url = call.organization.webhooks, call.body["url"]
    if any(webhook.url == url for webhook in webhooks.values()):
        raise Refusal(ProblemCode.WEBHOOK_URL_DUPLICATE, "Another webhook of the organization has this URL.")
    if len(webhooks) >= WEBHOOKS_PER_ORGANIZATION:
        raise Refusal(ProblemCode.WEBHOOK_LIMIT_EXCEEDED, f"There are {len(webhooks)} webhooks already.")
    webhook = Webhook(new_id("wh"), url, call.body["events"], new_secret(), call.now)
    webhooks[webhook.id] = webhook
    return Answer(201, {**_document(webhook), "secret": webhook.secret})


def list_webhooks(call: Call) -> Answer:
    """Operation listWebhooks, the oldest first."""
    return Answer(
        200,
        {
            "data": [
                {**_document(webhook), "health": webhook.health.document(call.now)}
                for webhook in call.organization.webhooks.values()
            ]
        },
    )


def delete_webhook(call: Call) -> Answer:
    """Operation deleteWebhook. Nothing is delivered to it any more, retries included."""
    if call.organization.webhooks.pop(call.path["id"], None) is None:
        raise Refusal(ProblemCode.WEBHOOK_NOT_FOUND, "No webhook has this id.")
    return Answer(204)

"""How else may deliveries be made?"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

import httpx

from mock_server.altered import Bench
from mock_server.calls import Answer, Call, Handler
from mock_server.deliveries import SECRET_PREFIX, Delivery
from mock_server.variants.registry import variant


@variant
def deliveries_are_signed_by_another_scheme(mock: Bench) -> None:
    """A delivery has one header of its own for time and signature, and no id."""

    def change(request: httpx.Request, delivery: Delivery, timestamp: int) -> None:
        if delivery.secret is not None:
            for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
                del request.headers[name]
            signed = b"%d.%s" % (timestamp, delivery.body)
            signature = hmac.new(delivery.secret.encode(), signed, hashlib.sha256).hexdigest()
            request.headers["x-cospec-signature"] = f"t={timestamp},v1={signature}"

    mock.sending(change)


@variant
def deliveries_are_signed_twice(mock: Bench) -> None:
    """A delivery has signatures of other keys beside its own, and headers that nobody asked for."""

    def change(request: httpx.Request, delivery: Delivery, timestamp: int) -> None:
        request.headers.update({"x-cospec-event": "run", "content-type": "application/json; charset=utf-8"})
        if delivery.secret is not None:
            request.headers["webhook-signature"] = f"v1,AAAA {request.headers['webhook-signature']} v1a,BBBB"

    mock.sending(change)


@variant
def secrets_are_not_padded(mock: Bench) -> None:
    """A webhook's secret is the base64 of 32 bytes without the equals sign at its end."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
        call.organization.webhooks[answer.body["id"]].secret = secret
        return Answer(201, {**answer.body, "secret": secret.rstrip("=")})

    mock.handle("createWebhook", handle)

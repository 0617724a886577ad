"""How else may deliveries be made?"""

from __future__ import annotations

import hashlib
import hmac

import httpx

from mock_server.altered import Bench
from mock_server.deliveries import Delivery
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

"""One attempt to deliver: what is sent, where, whom it trusts, and what is made of the answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
from typing import TYPE_CHECKING

import pytest

from mock_server import deliveries
from mock_server.deliveries import (
    Delivery,
    HttpDeliverer,
    NoDeliverer,
    Outcome,
    Resolution,
    is_reserved,
    new_secret,
    sign,
)
from tests.mock_server.receiver import HOST, Receiver, receiving

if TYPE_CHECKING:
    from pathlib import Path

TIMESTAMP = 1_772_366_862


def attempt(
    url: str, *, ca: Path | None = None, receiver: Receiver | None = None, secret: str | None = None, host: str = HOST
) -> Outcome:
    """One attempt, `host` and port 443 mapped to the receiver."""
    resolutions = [Resolution(host, 443, "127.0.0.1", receiver.port)] if receiver else []

    async def scenario() -> Outcome:
        async with HttpDeliverer(ca=ca, resolutions=resolutions) as deliverer:
            return await deliverer.attempt(Delivery("msg_1", url, b'{"a": 1}', secret), TIMESTAMP)

    return asyncio.run(scenario())


def test_the_signature_is_the_one_that_standard_webhooks_publishes() -> None:
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_secrets_are_long_and_never_the_same() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    for secret in secrets:
        prefix, _, encoded = secret.partition("_")
        assert prefix == "whsec"
        assert len(base64.b64decode(encoded, validate=True)) == 24


def test_a_delivery_arrives_signed_over_verified_tls(receiver: Receiver, ca: Path) -> None:
    secret = new_secret()
    outcome = attempt(f"https://{HOST}/in?a=b%2Fc", ca=ca, receiver=receiver, secret=secret)
    assert outcome == Outcome(delivered=True, status=204, reason=None)
    (received,) = receiver.received
    assert (received.path, received.body) == ("/in?a=b%2Fc", b'{"a": 1}')
    assert received.headers["host"] == HOST
    assert received.headers["content-type"] == "application/json"
    assert received.headers["webhook-id"] == "msg_1"
    assert received.headers["webhook-timestamp"] == str(TIMESTAMP)
    key = base64.b64decode(secret.split("_", 1)[1])
    digest = hmac.new(key, f"msg_1.{TIMESTAMP}.".encode() + received.body, hashlib.sha256).digest()
    assert received.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_a_callback_is_unsigned_and_may_go_over_plain_http() -> None:
    with receiving() as receiver:
        assert attempt(f"http://127.0.0.1:{receiver.port}/in").delivered
    (received,) = receiver.received
    assert received.body == b'{"a": 1}'
    assert not [name for name in received.headers if name.startswith("webhook-")]


@pytest.mark.parametrize(("status", "delivered"), [(200, True), (299, True), (301, False), (404, False), (503, False)])
def test_any_2xx_is_success_and_redirects_are_not_followed(
    receiver: Receiver, ca: Path, status: int, delivered: bool
) -> None:
    receiver.status = status
    outcome = attempt(f"https://{HOST}/in", ca=ca, receiver=receiver)
    assert (outcome.delivered, outcome.status) == (delivered, status)
    assert outcome.reason == (None if delivered else f"The receiver answered {status}.")
    assert [received.path for received in receiver.received] == ["/in"]


def test_a_receiver_that_nobody_vouches_for_gets_nothing(receiver: Receiver) -> None:
    outcome = attempt(f"https://{HOST}/in", receiver=receiver)
    assert not outcome.delivered
    assert "CERTIFICATE_VERIFY_FAILED" in (outcome.reason or "")
    assert receiver.received == []


def test_a_receiver_under_another_name_gets_nothing(receiver: Receiver, ca: Path) -> None:
    outcome = attempt("https://other.example.test/in", ca=ca, receiver=receiver, host="other.example.test")
    assert not outcome.delivered
    assert "other.example.test" in (outcome.reason or "")
    assert receiver.received == []


def test_a_receiver_that_does_not_answer_in_time_has_failed(
    receiver: Receiver, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ATTEMPT_SECONDS", 0.2)
    receiver.held.clear()
    outcome = attempt(f"https://{HOST}/in", ca=ca, receiver=receiver)
    assert outcome == Outcome(delivered=False, status=None, reason="The receiver did not answer within 0.2 seconds.")
    assert len(receiver.received) == 1


def test_a_receiver_that_is_not_there_has_failed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    outcome = attempt(f"https://127.0.0.1:{port}/")
    assert not outcome.delivered
    assert "could not be reached" in (outcome.reason or "")


@pytest.mark.parametrize(
    "host",
    ["hooks.example.test", "a.example", "b.invalid", "example.com", "a.b.example.NET.", "example.org", "a.localhost"],
)
def test_reserved_names_fail_without_a_look_up(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    async def look_up(self: asyncio.BaseEventLoop, *arguments: object, **options: object) -> list[object]:
        asked.append(arguments)
        return []

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)
    assert is_reserved(host)
    outcome = attempt(f"https://{host}/in")
    assert not outcome.delivered
    assert "reserved" in (outcome.reason or "")
    assert asked == []


@pytest.mark.parametrize("host", ["localhost", "example.dev", "myexample.com", "test.io", "127.0.0.1"])
def test_other_names_are_not_reserved(host: str) -> None:
    assert not is_reserved(host)


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https:///x",
        "ftp://mock/x",
        "/x",
        "",
        "https://[::1",
        "https://a b/",
        "https://a:99999/",
        "http://\ud800/",
    ],
)
def test_a_url_that_cannot_be_requested_is_a_failure_and_no_error(url: str) -> None:
    outcome = attempt(url)
    assert not outcome.delivered
    assert outcome.reason


@pytest.mark.parametrize(
    ("text", "resolution"),
    [
        ("Hooks.example.test:443:127.0.0.1", Resolution(HOST, 443, "127.0.0.1", 443)),
        ("hooks.example.test:443:127.0.0.1:8443", Resolution(HOST, 443, "127.0.0.1", 8443)),
        ("hooks.example.test:443:[::1]", Resolution(HOST, 443, "::1", 443)),
        ("hooks.example.test:443:[::1]:8443", Resolution(HOST, 443, "::1", 8443)),
    ],
)
def test_resolutions_are_written_as_for_curl(text: str, resolution: Resolution) -> None:
    assert Resolution.parse(text) == resolution


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a:443",
        "a:443:",
        "a:443:b",
        "a:x:127.0.0.1",
        "a:0:127.0.0.1",
        ":443:127.0.0.1",
        "a:443:[::1",
        "a:443:[::1]x",
    ],
)
def test_other_resolutions_are_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is not HOST:PORT:ADDRESS"):
        Resolution.parse(text)


def test_deliveries_can_be_switched_off() -> None:
    outcome = asyncio.run(NoDeliverer().attempt(Delivery("msg_1", "https://mock/", b"", None), TIMESTAMP))
    assert not outcome.delivered

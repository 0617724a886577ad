"""Ended runs are told to those who subscribed, and to nobody else: mock, receiver over https, and a moved clock."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
import requests

import mock_server
from mock_server.deliveries import RETRY_SECONDS, Resolution
from mock_server.document import load
from mock_server.hosting import Settings
from tests.mock_server.receiver import HOST, Received, Receiver, receiving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS = ["run.completed", "run.failed", "run.cancelled"]
LONG_SECONDS = 4000
"""Longer than any run takes."""


@dataclass
class Client:
    """An organization at the mock."""

    url: str
    organization: str
    session: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer csk_live_{self.organization}"}
        answer = self.session.request(method, f"{self.url}{path}", json=body, headers=headers, timeout=20)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def subscribe(self, *events: str, path: str = "/in") -> dict[str, Any]:
        body = {"url": f"https://{HOST}{path}", "events": list(events)}
        webhook: dict[str, Any] = self.call("POST", "/v1/webhooks", body)
        return webhook

    def start(self, prompt: str = "Go.", **members: object) -> str:
        body = {"repo": "acme/storefront", "prompt": prompt, "template": "node-default", **members}
        run_id: str = self.call("POST", "/v1/runs", body)["id"]
        return run_id

    def health(self) -> dict[str, Any]:
        """Of the one webhook that there is."""
        (webhook,) = self.call("GET", "/v1/webhooks")["data"]
        assert "secret" not in webhook
        health: dict[str, Any] = webhook["health"]
        return health

    def wait(self, seconds: float) -> float:
        """Move the mock's clock; returns its time."""
        answer = self.session.post(f"{self.url}/_control/clock", json={"advanceSeconds": seconds}, timeout=60)
        now: float = answer.json()["now"]
        return now


@pytest.fixture
def client(receiver: Receiver, ca: Path) -> Iterator[Client]:
    settings = Settings(ca=ca, resolutions=(Resolution(HOST, 443, "127.0.0.1", receiver.port),))
    with mock_server.running(settings) as url:
        yield Client(url, "delivered")


def check_signature(received: Received, secret: str) -> None:
    """As the Standard Webhooks specification says, computed here and not by the mock."""
    headers = received.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + received.body
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def check_body(received: Received) -> None:
    """Against the request body that the document gives under `webhooks`."""
    path_item = load()["components"]["pathItems"][
        load()["webhooks"][received.json()["event"]]["$ref"].rpartition("/")[2]
    ]
    schema = path_item["post"]["requestBody"]["content"]["application/json"]["schema"]
    validator = jsonschema_rs.Draft202012Validator(
        {**schema, "components": load()["components"]}, validate_formats=True
    )
    validator.validate(received.json())


@pytest.mark.parametrize(
    ("event", "prompt"), [(EVENTS[0], "Go."), (EVENTS[1], "[mock:fail]"), (EVENTS[2], "[mock:slow]")]
)
def test_each_event_is_delivered_once_signed_and_with_the_whole_run(
    client: Client, receiver: Receiver, event: str, prompt: str
) -> None:
    secret = client.subscribe(*EVENTS)["secret"]
    run_id = client.start(prompt)
    client.wait(5)
    if event == "run.cancelled":
        client.call("POST", f"/v1/runs/{run_id}/cancel")
    assert receiver.received == [], "nothing has ended yet"
    now = client.wait(LONG_SECONDS)
    (received,) = receiver.received
    check_signature(received, secret)
    check_body(received)
    body = received.json()
    assert (body["event"], body["run"]) == (event, client.call("GET", f"/v1/runs/{run_id}"))
    assert body["timestamp"] == body["run"]["completedAt"]
    assert 0 <= now - int(received.headers["webhook-timestamp"]) <= LONG_SECONDS + 1


def test_only_subscribed_events_are_delivered(client: Client, receiver: Receiver) -> None:
    for event in EVENTS:
        client.subscribe(event, path=f"/{event}")
    client.start()
    client.start("[mock:fail]")
    client.call("POST", f"/v1/runs/{client.start('[mock:slow]')}/cancel")
    client.wait(LONG_SECONDS)
    assert sorted(received.path for received in receiver.received) == sorted(f"/{event}" for event in EVENTS)
    for received in receiver.received:
        assert received.path == f"/{received.json()['event']}"


def test_a_failed_delivery_is_repeated_on_the_clock_with_the_same_id_and_a_fresh_signature(
    client: Client, receiver: Receiver
) -> None:
    secret = client.subscribe(*EVENTS)["secret"]
    receiver.status = 503
    client.start()
    client.wait(LONG_SECONDS)
    attempts = receiver.received
    assert len(attempts) == 1 + len(RETRY_SECONDS), "and then it is given up"
    assert len({received.headers["webhook-id"] for received in attempts}) == 1
    assert len({received.body for received in attempts}) == 1
    for received in attempts:
        check_signature(received, secret)
    times = [int(received.headers["webhook-timestamp"]) for received in attempts]
    for (earlier, later), seconds in zip(itertools.pairwise(times), RETRY_SECONDS, strict=True):
        assert abs(later - earlier - seconds) <= 1
    health = client.health()
    assert (health["successCount"], health["failedCount"], health["totalCount"]) == (0, len(attempts), len(attempts))
    assert (health["lastStatus"], health["lastSuccessAt"]) == ("failed", None)
    assert health["lastFailureReason"] == "The receiver answered 503."


def test_a_receiver_that_recovers_gets_the_delivery_and_its_health_tells_both(
    client: Client, receiver: Receiver
) -> None:
    client.subscribe(*EVENTS)
    receiver.status = 500
    client.start()
    client.wait(35)
    failures = len(receiver.received)
    assert failures >= 1
    receiver.status = 200
    client.wait(LONG_SECONDS)
    assert len(receiver.received) == failures + 1, "a delivery that arrived is not repeated"
    health = client.health()
    assert (health["successCount"], health["failedCount"]) == (1, failures)
    assert health["successRate"] == pytest.approx(1 / (failures + 1), abs=1e-4)
    assert health["lastStatus"] == "success"
    assert health["lastDeliveryAt"] == health["lastSuccessAt"] > health["lastFailureAt"]


def test_a_deleted_webhook_gets_nothing_more(client: Client, receiver: Receiver) -> None:
    webhook = client.subscribe(*EVENTS)
    receiver.status = 500
    client.start()
    client.wait(35)
    client.call("DELETE", f"/v1/webhooks/{webhook['id']}")
    attempts = len(receiver.received)
    client.wait(LONG_SECONDS)
    assert len(receiver.received) == attempts >= 1


def test_another_organizations_runs_are_not_delivered(client: Client, receiver: Receiver) -> None:
    client.subscribe(*EVENTS)
    Client(client.url, "others").start()
    client.wait(LONG_SECONDS)
    assert receiver.received == []


def test_two_webhooks_get_the_same_event_each_with_its_own_signature(client: Client, receiver: Receiver) -> None:
    secrets = {path: client.subscribe(*EVENTS, path=path)["secret"] for path in ("/a", "/b")}
    client.start()
    client.wait(LONG_SECONDS)
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] != second.headers["webhook-id"]
    for received in first, second:
        check_signature(received, secrets[received.path])


@pytest.mark.parametrize("status", [204, 500])
def test_a_callback_gets_the_webhooks_body_unsigned_and_once(client: Client, receiver: Receiver, status: int) -> None:
    client.subscribe(*EVENTS)
    with receiving() as callback_receiver:
        callback_receiver.status = status
        run_id = client.start(callbackUrl=f"http://127.0.0.1:{callback_receiver.port}/callback")
        assert client.call("GET", f"/v1/runs/{run_id}")["callbackStatus"] == "pending"
        client.wait(LONG_SECONDS)
        (callback,) = callback_receiver.received
    assert not [name for name in callback.headers if name.startswith("webhook-")]
    assert callback.body == receiver.received[0].body
    status_now = client.call("GET", f"/v1/runs/{run_id}")["callbackStatus"]
    assert status_now == ("success" if status == 204 else "failed")


def test_a_receiver_that_is_slow_to_answer_holds_up_nobody_else(client: Client, receiver: Receiver) -> None:
    client.subscribe(*EVENTS)
    run_id = client.start()
    receiver.held.clear()
    with ThreadPoolExecutor() as executor:
        moved = executor.submit(Client(client.url, "any").wait, LONG_SECONDS)
        assert receiver.arrived.wait(10)
        assert client.call("GET", f"/v1/runs/{run_id}")["status"] == "completed"
        assert not moved.done(), "the clock's answer waits for the deliveries"
        receiver.held.set()
        moved.result(10)
    assert client.health()["successCount"] == 1

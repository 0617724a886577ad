"""Who is told what and when: subscribers until they answer, callbacks once. (How it is sent: test_deliveries.)"""

from __future__ import annotations

from itertools import pairwise

import pytest

from mock_server.deliveries import RETRY_SECONDS
from tests.mock_server import documented
from tests.mock_server.in_process import Client, Mock

HOOK = "https://hooks.example/1"
CALLBACK = "https://ci.example/callback"


@pytest.mark.parametrize(
    ("prompt", "event"), [("Go.", "run.completed"), ("[mock:fail]", "run.failed"), ("[mock:slow]", "run.cancelled")]
)
def test_each_ended_run_is_told_once_to_those_who_subscribed(
    client: Client, mock: Mock, prompt: str, event: str
) -> None:
    webhook = client.create_webhook(HOOK, [event])
    client.create_webhook("https://hooks.example/others", [*{"run.completed", "run.failed", "run.cancelled"} - {event}])
    run_id = client.start_run(prompt)
    mock.wait(5)
    if event == "run.cancelled":
        client.post(f"/v1/runs/{run_id}/cancel")
    mock.wait(60)
    run = client.read_run(run_id)
    ((delivery, timestamp),) = mock.receivers.attempts
    (body,) = mock.receivers.bodies(HOOK)
    assert documented.event_validator().is_valid(body)
    assert body == {"event": event, "timestamp": run["completedAt"], "run": run}
    assert (delivery.url, delivery.secret) == (HOOK, webhook["secret"])
    assert timestamp <= mock.application.now()


def test_what_fails_is_sent_again_with_the_same_id_and_body_and_given_up_in_the_end(client: Client, mock: Mock) -> None:
    client.create_webhook(HOOK)
    mock.receivers.failures[HOOK] = "The receiver answered 500."
    client.start_run()
    mock.wait(3600)
    times = mock.receivers.times(HOOK)
    assert [later - earlier for earlier, later in pairwise(times)] == list(RETRY_SECONDS)
    assert len({(delivery.id, delivery.body) for delivery, _ in mock.receivers.attempts}) == 1
    (webhook,) = client.get("/v1/webhooks").body["data"]
    health = webhook["health"]
    assert (health["failedCount"], health["successCount"], health["successRate"]) == (len(times), 0, 0)
    assert (health["lastStatus"], health["lastFailureReason"]) == ("failed", "The receiver answered 500.")
    assert health["lastDeliveryAt"] == health["lastFailureAt"]


def test_a_retry_that_is_received_ends_the_matter(client: Client, mock: Mock) -> None:
    client.create_webhook(HOOK)
    mock.receivers.failures[HOOK] = "The receiver answered 500."
    run_id = client.start_run("[mock:stuck-pending]")
    client.post(f"/v1/runs/{run_id}/cancel")
    mock.wait(2)
    del mock.receivers.failures[HOOK]
    mock.wait(3600)
    assert len(mock.receivers.attempts) == 2
    (webhook,) = client.get("/v1/webhooks").body["data"]
    health = webhook["health"]
    assert (health["totalCount"], health["successCount"], health["successRate"]) == (2, 1, 0.5)
    assert health["lastFailureAt"] < health["lastSuccessAt"] == health["lastDeliveryAt"]


def test_health_speaks_of_its_window_only(client: Client, mock: Mock) -> None:
    client.create_webhook(HOOK)
    client.ended_run()
    mock.wait(24 * 3600)
    (webhook,) = client.get("/v1/webhooks").body["data"]
    assert (webhook["health"]["totalCount"], webhook["health"]["successRate"]) == (0, None)
    assert webhook["health"]["lastStatus"] == "success"


def test_a_deleted_webhook_hears_nothing_more(client: Client, mock: Mock) -> None:
    webhook = client.create_webhook(HOOK)
    mock.receivers.failures[HOOK] = "The receiver answered 500."
    run_id = client.start_run("[mock:stuck-pending]")
    client.post(f"/v1/runs/{run_id}/cancel")
    mock.wait(2)
    client.delete(f"/v1/webhooks/{webhook['id']}")
    mock.wait(3600)
    assert len(mock.receivers.attempts) == 1


@pytest.mark.parametrize(("failure", "status"), [(None, "success"), ("The receiver answered 500.", "failed")])
def test_a_callback_is_sent_once_unsigned_and_its_fate_is_shown(
    client: Client, mock: Mock, failure: str | None, status: str
) -> None:
    if failure:
        mock.receivers.failures[CALLBACK] = failure
    run = client.ended_run(callbackUrl=CALLBACK)
    ((delivery, _),) = mock.receivers.attempts
    (body,) = mock.receivers.bodies(CALLBACK)
    assert documented.event_validator().is_valid(body)
    assert body["run"] == {**run, "callbackStatus": "pending"}
    assert (delivery.secret, run["callbackStatus"]) == (None, status)


def test_deliveries_of_runs_that_ended_earlier_come_first(client: Client, mock: Mock) -> None:
    client.create_webhook(HOOK)
    for _ in range(5):
        client.start_run()
        mock.wait(1.5)
    mock.wait(3600)
    times = [body["timestamp"] for body in mock.receivers.bodies(HOOK)]
    assert len(times) == 5
    assert times == sorted(times)

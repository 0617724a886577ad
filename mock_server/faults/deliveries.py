"""What can go wrong with what receivers get: webhooks and callbacks, their bodies, signatures, attempts, health?"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import httpx
import orjson

from mock_server.altered import Bench, set_member
from mock_server.calls import Answer, Call, Handler
from mock_server.deliveries import SECRET_PREFIX, Deliverer, Delivery, Outcome, sign
from mock_server.faults.isolation import Everyone
from mock_server.faults.registry import fault
from mock_server.identifiers import new_id
from mock_server.notifications import Notifier
from mock_server.organization import Organization, Webhook
from mock_server.runs import Run

Body = dict[str, Any]


class Attempt(Protocol):
    """How one delivery is attempted by what was there before."""

    def __call__(self, delivery: Delivery, timestamp: int, inner: Deliverer) -> Coroutine[Any, Any, Outcome]: ...


class _Attempting:
    """A deliverer whose attempts are changed."""

    def __init__(self, inner: Deliverer, attempt: Attempt) -> None:
        self._inner, self._attempt = inner, attempt

    async def attempt(self, delivery: Delivery, timestamp: int) -> Outcome:
        return await self._attempt(delivery, timestamp, self._inner)


def _attempting(mock: Bench, attempt: Attempt) -> None:
    mock.deliver(lambda inner: _Attempting(inner, attempt))


def _dropping(mock: Bench, drops: Callable[[Delivery], bool]) -> None:
    """Some deliveries are never made, and nobody is told."""

    async def attempt(delivery: Delivery, timestamp: int, inner: Deliverer) -> Outcome:
        if drops(delivery):
            return Outcome(delivered=True, status=200, reason=None)
        return await inner.attempt(delivery, timestamp)

    _attempting(mock, attempt)


def _event(delivery: Delivery) -> str:
    return str(orjson.loads(delivery.body)["event"])


def _is_webhook(delivery: Delivery) -> bool:
    return delivery.secret is not None


@fault("deliveries/tells-of-completed-runs", source="guide")
def completed_runs_are_not_told(mock: Bench) -> None:
    """A webhook of run.completed is told when a run completes."""
    _dropping(mock, lambda delivery: _is_webhook(delivery) and _event(delivery) == "run.completed")


@fault("deliveries/tells-of-failed-runs", source="guide")
def failed_runs_are_not_told(mock: Bench) -> None:
    """A webhook of run.failed is told when a run fails."""
    _dropping(mock, lambda delivery: _is_webhook(delivery) and _event(delivery) == "run.failed")


@fault("deliveries/tells-of-cancelled-runs", source="guide")
def cancelled_runs_are_not_told(mock: Bench) -> None:
    """A webhook of run.cancelled is told when a run ends cancelled."""
    _dropping(mock, lambda delivery: _is_webhook(delivery) and _event(delivery) == "run.cancelled")


@fault("callbacks/comes-once", source="guide")
def callbacks_are_not_made(mock: Bench) -> None:
    """A run with a callbackUrl is told of there when it has ended."""
    _dropping(mock, lambda delivery: not _is_webhook(delivery))


def _twice(mock: Bench, which: Callable[[Delivery], bool]) -> None:
    async def attempt(delivery: Delivery, timestamp: int, inner: Deliverer) -> Outcome:
        if which(delivery):
            await inner.attempt(delivery, timestamp)
        return await inner.attempt(delivery, timestamp)

    _attempting(mock, attempt)


@fault("callbacks/comes-once", source="guide")
def callbacks_are_made_twice(mock: Bench) -> None:
    """A callback comes once."""
    _twice(mock, lambda delivery: not _is_webhook(delivery))


@fault("deliveries/received-is-not-sent-again", source="assumed")
def deliveries_come_twice(mock: Bench) -> None:
    """What was received is not sent again."""
    _twice(mock, _is_webhook)


class _TellingEveryone(Notifier):
    def run_ended(self, organization: Organization, run: Run, at: float) -> None:
        subscribed = {webhook.id: webhook.events for webhook in organization.webhooks.values()}
        for webhook in organization.webhooks.values():
            webhook.events = [f"run.{run.status}"]
        super().run_ended(organization, run, at)
        for webhook in organization.webhooks.values():
            webhook.events = subscribed[webhook.id]


@fault("deliveries/only-what-is-subscribed", source="guide")
def every_event_is_sent_to_all(mock: Bench) -> None:
    """A webhook gets no event that it does not subscribe to."""
    mock.parts.notifier = _TellingEveryone


@fault("deliveries/none-to-deleted-webhooks", source="node")
def deleted_webhooks_are_told(mock: Bench) -> None:
    """A deleted webhook gets nothing any more: no event of a run that ends later."""
    graves: dict[str, dict[str, Webhook]] = {}

    class Telling(Notifier):
        def run_ended(self, organization: Organization, run: Run, at: float) -> None:
            with _raised(organization, graves.get(organization.name, {})):
                super().run_ended(organization, run, at)

        async def _deliver(
            self, organization: Organization, webhook: Webhook, delivery: Delivery, failures: int, at: float
        ) -> None:
            if webhook.id in graves.get(organization.name, {}):
                await self._deliverer.attempt(delivery, int(at))
            else:
                await super()._deliver(organization, webhook, delivery, failures, at)

    def delete(call: Call, inner: Handler) -> Answer:
        webhook = call.organization.webhooks.get(call.path["id"])
        answer = inner(call)
        if webhook is not None:
            graves.setdefault(call.organization.name, {})[webhook.id] = webhook
        return answer

    mock.parts.notifier = Telling
    mock.handle("deleteWebhook", delete)


@contextmanager
def _raised(organization: Organization, graves: dict[str, Webhook]) -> Iterator[None]:
    """Meanwhile the organization has its deleted webhooks again."""
    now = organization.webhooks
    organization.webhooks = {**graves, **now}
    try:
        yield
    finally:
        organization.webhooks = now


def _changing_bodies(mock: Bench, change: Callable[[Body], Body], which: Callable[[Delivery], bool]) -> None:
    """Bodies are changed before they are signed and sent."""

    async def attempt(delivery: Delivery, timestamp: int, inner: Deliverer) -> Outcome:
        if which(delivery):
            body = orjson.dumps(change(orjson.loads(delivery.body)))
            delivery = dataclasses.replace(delivery, body=body)
        return await inner.attempt(delivery, timestamp)

    _attempting(mock, attempt)


@fault("deliveries/body-fits-its-schema", "deliveries/event-tells-the-end", source="guide")
def events_have_no_prefix(mock: Bench) -> None:
    """A delivery's event is run.completed, run.failed or run.cancelled."""
    _changing_bodies(mock, lambda body: {**body, "event": body["event"].removeprefix("run.")}, _is_webhook)


@fault("deliveries/event-tells-the-end", source="guide")
def every_event_is_completed(mock: Bench) -> None:
    """A delivery's event is the end that its run came to."""
    _changing_bodies(mock, lambda body: {**body, "event": "run.completed"}, _is_webhook)


@fault("deliveries/body-fits-its-schema", source="guide")
def deliveries_have_the_id_of_the_run(mock: Bench) -> None:
    """A delivery holds the whole run."""
    _changing_bodies(mock, lambda body: {**body, "run": {"id": body["run"]["id"]}}, _is_webhook)


@fault("deliveries/body-fits-its-schema", source="guide")
def deliveries_are_wrapped(mock: Bench) -> None:
    """A delivery has event, timestamp and run at the top of its body."""
    _changing_bodies(mock, lambda body: {"event": body["event"], "data": body}, _is_webhook)


@fault("deliveries/body-fits-its-schema", source="guide")
def delivery_timestamps_are_unix_time(mock: Bench) -> None:
    """A delivery's timestamp is an RFC 3339 date-time."""
    _changing_bodies(mock, lambda body: {**body, "timestamp": 1_800_000_000}, _is_webhook)


@fault("deliveries/timestamp-is-the-end", source="assumed")
def delivery_timestamps_are_the_creation(mock: Bench) -> None:
    """A delivery's timestamp is when the run ended."""
    _changing_bodies(mock, lambda body: {**body, "timestamp": body["run"]["createdAt"]}, _is_webhook)


@fault("deliveries/run-is-as-read", source="guide")
def delivered_runs_are_still_running(mock: Bench) -> None:
    """The run of a delivery is the run as it is read."""
    _changing_bodies(
        mock, lambda body: {**body, "run": {**body["run"], "status": "running", "completedAt": None}}, _is_webhook
    )


@fault("deliveries/run-is-as-read", source="guide")
def delivered_runs_have_no_outputs(mock: Bench) -> None:
    """The run of a delivery has the outputs that reading it shows."""
    _changing_bodies(mock, lambda body: {**body, "run": {**body["run"], "outputs": []}}, _is_webhook)


@fault("callbacks/has-the-same-body", source="assumed")
def callbacks_have_the_bare_run(mock: Bench) -> None:
    """A callback has the body that a webhook gets."""
    _changing_bodies(mock, lambda body: dict(body["run"]), lambda delivery: not _is_webhook(delivery))


def _signing(mock: Bench, signature: Callable[[str, Delivery, int], str]) -> None:
    """Webhook deliveries are signed otherwise."""

    def change(request: httpx.Request, delivery: Delivery, timestamp: int) -> None:
        if delivery.secret is not None:
            request.headers["webhook-signature"] = signature(delivery.secret, delivery, timestamp)

    mock.sending(change)


@fault("deliveries/signature-verifies", source="assumed")
def signatures_are_of_the_body_alone(mock: Bench) -> None:
    """A signature is over id, timestamp and body."""

    def signature(secret: str, delivery: Delivery, timestamp: int) -> str:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
        return "v1," + base64.b64encode(hmac.digest(key, delivery.body, hashlib.sha256)).decode()

    _signing(mock, signature)


@fault("deliveries/signature-verifies", source="assumed")
def signatures_use_the_secret_as_text(mock: Bench) -> None:
    """The key of a signature is what the secret's base64 stands for, without whsec_."""

    def signature(secret: str, delivery: Delivery, timestamp: int) -> str:
        signed = b"%s.%d.%s" % (delivery.id.encode(), timestamp, delivery.body)
        return "v1," + base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()

    _signing(mock, signature)


@fault("deliveries/signature-verifies", source="assumed")
def signatures_have_no_version(mock: Bench) -> None:
    """A signature begins with its version, v1."""
    _signing(
        mock,
        lambda secret, delivery, timestamp: sign(secret, delivery.id, timestamp, delivery.body).removeprefix("v1,"),
    )


@fault("deliveries/signature-verifies", source="assumed")
def signatures_are_hexadecimal(mock: Bench) -> None:
    """A signature is base64."""
    _signing(
        mock,
        lambda secret, delivery, timestamp: (
            "v1," + base64.b64decode(sign(secret, delivery.id, timestamp, delivery.body)[3:]).hex()
        ),
    )


@fault("deliveries/signature-verifies", source="assumed")
def deliveries_are_not_signed(mock: Bench) -> None:
    """A delivery to a webhook is signed."""

    def change(request: httpx.Request, delivery: Delivery, timestamp: int) -> None:
        request.headers.pop("webhook-signature", None)

    mock.sending(change)


@fault("deliveries/signature-is-of-one-secret", "deliveries/signature-verifies", source="assumed")
def all_deliveries_are_signed_with_one_secret(mock: Bench) -> None:
    """A delivery is signed with the secret of its own webhook."""
    first: list[str] = []

    def signature(secret: str, delivery: Delivery, timestamp: int) -> str:
        first.append(secret)
        return sign(first[0], delivery.id, timestamp, delivery.body)

    _signing(mock, signature)


@fault("deliveries/signed-timestamp-is-fresh", source="assumed")
def signed_timestamps_are_an_hour_old(mock: Bench) -> None:
    """A signed timestamp is when the delivery was sent."""
    _signed_at(mock, lambda timestamp: timestamp - 3600)


@fault("deliveries/signed-timestamp-is-fresh", source="assumed")
def signed_timestamps_are_in_milliseconds(mock: Bench) -> None:
    """A signed timestamp is in Unix seconds."""
    _signed_at(mock, lambda timestamp: timestamp * 1000)


def _signed_at(mock: Bench, change: Callable[[int], int]) -> None:
    async def attempt(delivery: Delivery, timestamp: int, inner: Deliverer) -> Outcome:
        return await inner.attempt(delivery, change(timestamp))

    _attempting(mock, attempt)


@fault("callbacks/is-unsigned", source="guide")
def callbacks_are_signed(mock: Bench) -> None:
    """A callback carries no signature."""

    def change(request: httpx.Request, delivery: Delivery, timestamp: int) -> None:
        if delivery.secret is None:
            request.headers["webhook-signature"] = "v1," + base64.b64encode(bytes(32)).decode()

    mock.sending(change)


@fault("deliveries/body-fits-assumed-schema", source="assumed")
def deliveries_are_forms(mock: Bench) -> None:
    """A delivery comes as application/json."""

    def change(request: httpx.Request, delivery: Delivery, timestamp: int) -> None:
        request.headers["content-type"] = "application/x-www-form-urlencoded"

    mock.sending(change)


@fault("deliveries/body-fits-its-schema", source="guide")
def deliveries_are_put(mock: Bench) -> None:
    """A delivery is a POST."""

    def change(request: httpx.Request, delivery: Delivery, timestamp: int) -> None:
        request.method = "PUT"

    mock.sending(change)


@fault("deliveries/is-tried-again", source="assumed")
def deliveries_are_tried_once(mock: Bench) -> None:
    """A delivery that was refused is tried again."""
    attempted: set[str] = set()

    async def attempt(delivery: Delivery, timestamp: int, inner: Deliverer) -> Outcome:
        if delivery.id in attempted:
            return Outcome(delivered=False, status=None, reason="The receiver was given up.")
        attempted.add(delivery.id)
        return await inner.attempt(delivery, timestamp)

    _attempting(mock, attempt)


@fault("deliveries/attempts-are-of-one", source="assumed")
def each_attempt_has_an_id_of_its_own(mock: Bench) -> None:
    """Every attempt at a delivery has the same webhook-id."""

    async def attempt(delivery: Delivery, timestamp: int, inner: Deliverer) -> Outcome:
        return await inner.attempt(dataclasses.replace(delivery, id=new_id("msg")), timestamp)

    _attempting(mock, attempt)


@fault("deliveries/attempts-are-of-one", "deliveries/signed-timestamp-is-fresh", source="assumed")
def further_attempts_are_signed_as_the_first(mock: Bench) -> None:
    """Every attempt has a signature of its own time."""
    first: dict[str, int] = {}

    async def attempt(delivery: Delivery, timestamp: int, inner: Deliverer) -> Outcome:
        return await inner.attempt(delivery, first.setdefault(delivery.id, timestamp))

    _attempting(mock, attempt)


@fault("deliveries/health-counts-what-was-received", source="reference")
def health_counts_no_successes(mock: Bench) -> None:
    """A webhook's health counts what it received."""
    mock.after(set_member("data.*.health.successCount", 0), ["listWebhooks"], [200])


@fault("deliveries/health-counts-what-was-received", source="reference")
def refusals_count_as_successes(mock: Bench) -> None:
    """A webhook's health counts nothing as a success that was refused."""

    async def attempt(delivery: Delivery, timestamp: int, inner: Deliverer) -> Outcome:
        outcome = await inner.attempt(delivery, timestamp)
        return dataclasses.replace(outcome, delivered=True, reason=None)

    _attempting(mock, attempt)


@fault("deliveries/health-counts-what-was-refused", source="assumed")
def health_forgets_failures(mock: Bench) -> None:
    """A webhook's health tells of the last failure."""
    for member in ("lastFailureAt", "lastFailureReason"):
        mock.after(set_member(f"data.*.health.{member}", None), ["listWebhooks"], [200])
    mock.after(set_member("data.*.health.failedCount", 0), ["listWebhooks"], [200])


@fault("callbacks/status-follows", source="assumed")
def callback_statuses_stay_pending(mock: Bench) -> None:
    """A run's callbackStatus tells what became of its callback."""
    mock.after(set_member("callbackStatus", "pending"), ["getRun"], [200])


@fault("callbacks/status-follows", source="assumed")
def refused_callbacks_are_successes(mock: Bench) -> None:
    """A run's callbackStatus is failed when its callback was refused."""

    async def attempt(delivery: Delivery, timestamp: int, inner: Deliverer) -> Outcome:
        outcome = await inner.attempt(delivery, timestamp)
        return outcome if _is_webhook(delivery) else dataclasses.replace(outcome, delivered=True)

    _attempting(mock, attempt)


@fault("deliveries/run-is-as-read", source="guide")
def delivered_runs_have_no_variables(mock: Bench) -> None:
    """The run of a delivery has the variables that reading it shows."""

    def change(body: bytes) -> bytes:
        told = orjson.loads(body)
        told["run"]["envVars"] = {}
        return orjson.dumps(told)

    mock.delivering(change)


@fault("deliveries/show-no-secret", source="guide")
def deliveries_show_their_secret(mock: Bench) -> None:
    """A webhook's secret is shown when it is created, and in no delivery."""

    def change(request: httpx.Request, delivery: Delivery, _: int) -> None:
        if delivery.secret is not None:
            request.headers["x-webhook-secret"] = delivery.secret

    mock.sending(change)


@fault("callbacks/comes-once", source="guide")
def callbacks_of_failed_runs_are_not_made(mock: Bench) -> None:
    """A run with a callbackUrl is told of there when it has failed, too."""
    _dropping(mock, lambda delivery: not _is_webhook(delivery) and _event(delivery) == "run.failed")


@fault("deliveries/ids-differ", source="assumed")
def all_deliveries_have_one_id(mock: Bench) -> None:
    """Each delivery has a webhook-id of its own."""

    def change(request: httpx.Request, delivery: Delivery, timestamp: int) -> None:
        if delivery.secret is not None:
            request.headers["webhook-id"] = "msg_1"
            request.headers["webhook-signature"] = sign(delivery.secret, "msg_1", timestamp, delivery.body)

    mock.sending(change)


@fault("deliveries/only-of-the-organization")
def runs_of_others_are_told(mock: Bench) -> None:
    """A webhook gets nothing of another organization's runs."""
    everyone = Everyone(mock)

    class TellingAll(Notifier):
        def run_ended(self, organization: Organization, run: Run, at: float) -> None:
            told = dict(organization.webhooks)
            for other in everyone.organizations.values():
                organization.webhooks |= other.webhooks
            super().run_ended(organization, run, at)
            organization.webhooks = told

        def _schedule(
            self, organization: Organization, webhook: Webhook, delivery: Delivery, failures: int, due: float
        ) -> None:
            others = [each for each in everyone.organizations.values() if webhook.id in each.webhooks]
            super()._schedule(others[0] if others else organization, webhook, delivery, failures, due)

    mock.parts.notifier = TellingAll

"""Deliveries: who is told that a run has ended, of what, how often, and how it is known who tells.

Checked where the server can reach the suite's receiver (the setting `webhook_sink_url`).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from contract_tests.harness.audience import CANCELLED, COMPLETED, EVENTS, FAILED, Audience, Subscriber
from contract_tests.harness.deliveries import Deliveries, health_of, run_of
from contract_tests.harness.document import SchemaError
from contract_tests.harness.own_runs import RECEIVED_CALLBACK, REFUSED_CALLBACK, OwnRuns
from contract_tests.harness.reading import differences, instant, listed, members, seconds_between, shown
from contract_tests.harness.receiver import Delivery
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.session import Session
from contract_tests.harness.settings import PREFIX, Settings
from contract_tests.harness.sink import Sink
from contract_tests.harness.world import World
from generated.contract import SOURCES

TOLERANCE_SECONDS = 300
"""How old a delivery may be when it arrives, by the Standard Webhooks specification."""
SLACK_SECONDS = 2
SECRET_PREFIX = "whsec_"
LONG_SECRET = 16
"""So long a text is in a delivery by no chance."""
CHANGES_AFTER_THE_END = ("callbackStatus",)
"""What a run may show later than at its end."""

Arrived = Callable[[], list[tuple[Subscriber, Delivery]]]


@pytest.fixture(name="deliveries", scope="session")
def _deliveries(
    session: Session, world: World, settings: Settings, sink: Sink, audience: Audience, own_runs: OwnRuns
) -> Deliveries:
    return Deliveries(session, world, sink, audience, own_runs, is_brief=settings.plan.is_brief)


@pytest.fixture(name="arrived")
def _arrived(deliveries: Deliveries) -> Arrived:
    """Everything that arrived at webhooks."""

    def gather() -> list[tuple[Subscriber, Delivery]]:
        subscribers = deliveries.story().subscribers.all
        found = [(subscriber, delivery) for subscriber in subscribers for delivery in deliveries.at(subscriber)]
        return found or not_checked("because no delivery arrived")

    return gather


def _schema_errors(session: Session, delivery: Delivery) -> list[SchemaError]:
    """Where a delivery's body breaks the schema of its event; of no event at all when it names none."""
    event = members(delivery.json).get("event")
    document = session.document
    if event not in EVENTS:
        return document.errors(("components", "schemas", "RunEvent"), delivery.json)
    body = (*document.resolve(("webhooks", event)), "post", "requestBody")
    return document.errors((*body, "content", "application/json", "schema"), delivery.json)


def _of_level(errors: list[SchemaError], level: str) -> list[str]:
    return [str(error) for error in errors if SOURCES[error.source].level == level]


def _each_end_is_told(deliveries: Deliveries, event: str) -> None:
    """Hold the current rule to a delivery of each run that ended with an event, at each webhook that wants it."""
    story = deliveries.story()
    ended = story.runs_that(event)
    if not ended:
        not_checked(f"because no run of the suite's own ended with {event}")
    webhooks = story.subscribers
    for subscriber in (webhooks.faithful, webhooks.stubborn, webhooks.hesitant):
        if event not in subscriber.events:
            continue
        for run_id, exchange in ended.items():
            found = deliveries.about(subscriber, run_id)
            if not found and (deliveries.is_hurried or not deliveries.sink.is_within_reach()):
                not_checked(f"because {PREFIX}WEBHOOK_SINK_URL does not lead to the suite's receiver")
            require(found, f"{event} of a run was not delivered to a webhook that subscribes to it", exchange)


@rule("deliveries/tells-of-completed-runs", source="guide")
def test_completed_runs_are_told(deliveries: Deliveries) -> None:
    """When a run completes, each webhook that subscribes to run.completed is told of it."""
    _each_end_is_told(deliveries, COMPLETED)


@rule("deliveries/tells-of-cancelled-runs", source="guide")
def test_cancelled_runs_are_told(deliveries: Deliveries) -> None:
    """When a run ends cancelled, each webhook that subscribes to run.cancelled is told of it."""
    _each_end_is_told(deliveries, CANCELLED)


@rule("deliveries/tells-of-failed-runs", source="guide")
def test_failed_runs_are_told(deliveries: Deliveries) -> None:
    """When a run fails, each webhook that subscribes to run.failed is told of it."""
    _each_end_is_told(deliveries, FAILED)


@rule("deliveries/only-what-is-subscribed", source="guide")
def test_only_what_is_subscribed_is_delivered(arrived: Arrived) -> None:
    """A webhook gets no event that it does not subscribe to."""
    for subscriber, delivery in arrived():
        event = members(delivery.json).get("event")
        wanted = ", ".join(subscriber.events)
        require(event in subscriber.events, f"{shown(event)} was delivered to a webhook of {wanted}")


@rule("deliveries/event-tells-the-end", source="guide")
def test_the_event_tells_the_end(arrived: Arrived) -> None:
    """A delivery's event is the end that its run came to."""
    for _, delivery in arrived():
        event, status = members(delivery.json).get("event"), run_of(delivery).get("status")
        require(event == f"run.{status}", f"{shown(event)} was delivered of a run that is {shown(status)}")


@rule("deliveries/body-fits-its-schema", source="guide")
def test_the_body_fits_its_schema(arrived: Arrived, session: Session) -> None:
    """A delivery is a POST of a JSON object with event, timestamp and the whole run, as the document has them."""
    for _, delivery in arrived():
        require(delivery.method == "POST", f"a delivery is a {delivery.method}")
        wrong = _of_level(_schema_errors(session, delivery), "must")
        require(not wrong, f"in the body of a delivery {listed(wrong)}")


@rule("deliveries/body-fits-assumed-schema", source="assumed")
def test_the_body_is_as_assumed(arrived: Arrived, session: Session) -> None:
    """A delivery's body is as assumed where nothing published tells, and comes as application/json."""
    for _, delivery in arrived():
        kind = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
        require(kind == "application/json", f"the media type of a delivery is {kind or 'missing'}")
        wrong = _of_level(_schema_errors(session, delivery), "should")
        require(not wrong, f"in the body of a delivery {listed(wrong)}")


@rule("deliveries/run-is-as-read", source="guide")
def test_the_run_is_as_read(deliveries: Deliveries, arrived: Arrived, session: Session) -> None:
    """The run of a delivery is the run as it is read."""
    names = session.document.at(("components", "schemas", "Run", "properties"))
    for _, delivery in arrived():
        run = run_of(delivery)
        read = deliveries.story().runs.get(str(run.get("id")))
        if read is None:
            continue  # a run of others
        compared = [name for name in names if name not in CHANGES_AFTER_THE_END]
        wrong = differences(run, members(read.json), compared)
        require(not wrong, f"delivered, and not as read, the run's {listed(wrong)}", read)


@rule("deliveries/timestamp-is-the-end", source="assumed")
def test_the_timestamp_is_the_end(deliveries: Deliveries, arrived: Arrived) -> None:
    """A delivery's timestamp member lies between the end of its run and the delivery's arrival."""
    for _, delivery in arrived():
        timestamp, ended = members(delivery.json).get("timestamp"), run_of(delivery).get("completedAt")
        gap = seconds_between(ended, timestamp)
        require(gap is None or gap >= -SLACK_SECONDS, f"the timestamp {shown(timestamp)} is before {shown(ended)}")
        moment = instant(timestamp)
        latest = deliveries.arrived_within(delivery)[1] + TOLERANCE_SECONDS
        require(moment is None or moment.timestamp() <= latest, f"the timestamp {shown(timestamp)} lies ahead")


@rule("deliveries/signature-verifies", source="assumed")
def test_the_signature_verifies(arrived: Arrived) -> None:
    """The webhook-signature of a delivery, over webhook-id, webhook-timestamp and body, verifies with its secret."""
    for subscriber, delivery in arrived():
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
            require(delivery.headers.get(name), f"a delivery has no header {name}")
        require(delivery.is_signed_with(subscriber.secret), "a delivery's signature fails with its webhook's secret")


@rule("deliveries/signature-is-of-one-secret", source="assumed")
def test_the_signature_fails_with_another_secret(deliveries: Deliveries, arrived: Arrived) -> None:
    """A delivery's signature verifies with no other webhook's secret."""
    for subscriber, delivery in arrived():
        for other in deliveries.story().subscribers.all:
            verifies = other is not subscriber and delivery.is_signed_with(other.secret)
            require(not verifies, "a delivery's signature verifies with another webhook's secret")


@rule("deliveries/show-no-secret", source="guide")
def test_no_delivery_shows_a_secret(deliveries: Deliveries, arrived: Arrived) -> None:
    """No delivery shows the secret of its webhook, which is shown only when that is created."""
    for subscriber, delivery in arrived():
        secret = subscriber.secret.removeprefix(SECRET_PREFIX)
        texts = [delivery.body.decode("utf-8", "replace"), *delivery.headers.values()]
        shows = len(secret) >= LONG_SECRET and any(secret in text for text in texts)
        require(not shows, "a delivery shows its webhook's secret", deliveries.story().health)


@rule("deliveries/signed-timestamp-is-fresh", source="assumed")
def test_the_signed_timestamp_is_fresh(deliveries: Deliveries, arrived: Arrived) -> None:
    """The webhook-timestamp of a delivery is when it was sent, in Unix seconds, within five minutes."""
    for _, delivery in arrived():
        if delivery.timestamp is None:
            not_checked("because the deliveries have no webhook-timestamp in whole seconds")
        earliest, latest = deliveries.arrived_within(delivery)
        right = earliest - TOLERANCE_SECONDS <= delivery.timestamp <= latest + TOLERANCE_SECONDS
        require(right, f"webhook-timestamp {delivery.timestamp} arrived between {earliest:.0f} and {latest:.0f}")


def _attempts(deliveries: Deliveries, arrived: Arrived) -> list[list[Delivery]]:
    """The attempts at each delivery of one run's end to the webhook that refuses at first."""
    arrived()
    story = deliveries.story()
    attempts = [deliveries.about(story.subscribers.hesitant, run_id) for run_id in story.runs]
    return [found for found in attempts if found]


@rule("deliveries/ids-differ", source="assumed")
def test_ids_differ(deliveries: Deliveries, arrived: Arrived) -> None:
    """Deliveries to different webhooks or of different runs have different webhook-ids."""
    del deliveries
    known: dict[str, tuple[str, str]] = {}
    for subscriber, delivery in arrived():
        what = subscriber.url, str(run_of(delivery).get("id"))
        same = delivery.id is None or known.setdefault(delivery.id, what) == what
        require(same, f"two deliveries have the webhook-id {shown(delivery.id)}")


@rule("deliveries/only-of-the-organization", source="overview")
def test_deliveries_are_of_the_organization(deliveries: Deliveries) -> None:
    """A webhook gets nothing of another organization's runs."""
    story = deliveries.story()
    if story.strange_run is None:
        not_checked("because no run of another organization was started and stopped")
    for subscriber in story.subscribers.all:
        strange = deliveries.about(subscriber, story.strange_run)
        require(not strange, "the end of another organization's run was delivered", story.health)


@rule("deliveries/is-tried-again", source="assumed")
def test_a_refused_delivery_is_tried_again(deliveries: Deliveries, arrived: Arrived, session: Session) -> None:
    """A delivery that was not answered with a 2xx status is sent again."""
    found = _attempts(deliveries, arrived)
    refused = [attempts for attempts in found if not attempts[0].was_received]
    if not refused:
        not_checked("because no delivery was refused")
    again = all(len(attempts) > 1 for attempts in refused)
    if not again and not session.target.moves_its_clock:
        not_checked("because no second attempt came while the suite waited")
    require(again, "a delivery that was answered 500 is not sent again")


@rule("deliveries/attempts-are-of-one", source="assumed")
def test_the_attempts_are_of_one_delivery(deliveries: Deliveries, arrived: Arrived) -> None:
    """Every attempt at a delivery has the same webhook-id and body, and a signature of its own time."""
    repeated = [attempts for attempts in _attempts(deliveries, arrived) if len(attempts) > 1]
    if not repeated:
        not_checked("because no delivery was tried again")
    for attempts in repeated:
        for one, other in pairwise(attempts):
            require(
                one.id == other.id, f"webhook-id goes from {shown(one.id)} to {shown(other.id)} on a second attempt"
            )
            require(one.json == other.json, "the body of a second attempt is another")
            if one.timestamp is None or other.timestamp is None:
                continue
            apart = deliveries.arrived_within(other)[0] - deliveries.arrived_within(one)[1] >= SLACK_SECONDS
            later = other.timestamp > one.timestamp if apart else other.timestamp >= one.timestamp
            require(later, f"a later attempt has webhook-timestamp {other.timestamp} after {one.timestamp}")


@rule("deliveries/received-is-not-sent-again", source="assumed")
def test_what_was_received_is_not_sent_again(deliveries: Deliveries, arrived: Arrived) -> None:
    """What was answered with a 2xx status is not sent again."""
    arrived()
    story = deliveries.story()
    for subscriber in (story.subscribers.faithful, story.subscribers.hesitant):
        for run_id in story.runs:
            answers = [delivery.was_received for delivery in deliveries.about(subscriber, run_id)]
            again = True in answers and len(answers) > answers.index(True) + 1
            require(not again, "a delivery that was answered 204 is sent again")


@rule("deliveries/none-to-deleted-webhooks", source="node")
def test_deleted_webhooks_get_nothing(deliveries: Deliveries, arrived: Arrived) -> None:
    """A deleted webhook gets nothing any more: no event of a run that ends later, and no further attempt."""
    arrived()
    story = deliveries.story()
    for subscriber, deleted_at in (
        (story.subscribers.deleted, story.deleted_at),
        (story.subscribers.stubborn, story.stubborn_deleted_at),
    ):
        late = [one for one in deliveries.at(subscriber) if deliveries.came_after(one, deleted_at)]
        require(not late, f"{len(late)} deliveries arrived at a webhook after it was deleted")


@rule("deliveries/health-counts-what-was-received", source="reference")
def test_health_counts_what_was_received(deliveries: Deliveries, arrived: Arrived, session: Session) -> None:
    """A webhook's health counts what it received as successes, and nothing that it refused."""
    arrived()
    story = deliveries.story()
    assert story.health is not None
    health = health_of(story.health, story.subscribers.stubborn)
    refused = members(health).get("successCount")
    require(refused in (0, None), f"a webhook that refused everything has successCount {refused}", story.health)
    least, most = story.received_by_then
    if not most:
        not_checked("because the webhook that receives everything was sent nothing")
    health = health_of(story.health, story.subscribers.faithful)
    count, failed = health.get("successCount"), health.get("failedCount")
    if isinstance(count, int) and count < least and not session.target.moves_its_clock:
        not_checked("because the health did not follow while the suite waited")
    right = isinstance(count, int) and least <= count <= most
    require(right, f"{most} deliveries were received, successCount is {shown(count)}", story.health)
    require(not failed, f"every delivery was received, failedCount is {shown(failed)}", story.health)
    status = health.get("lastStatus")
    require(status in ("success", None), f"the last delivery was received, lastStatus is {status}", story.health)


@rule("deliveries/health-counts-what-was-refused", source="assumed")
def test_health_counts_what_was_refused(deliveries: Deliveries, arrived: Arrived, session: Session) -> None:
    """A webhook's health counts what it refused as failures, and tells the last one."""
    arrived()
    story = deliveries.story()
    assert story.health is not None
    if not deliveries.at(story.subscribers.stubborn):
        not_checked("because the webhook that refuses everything was sent nothing")
    health = health_of(story.health, story.subscribers.stubborn)
    if not health.get("failedCount") and not session.target.moves_its_clock:
        not_checked("because the health did not follow while the suite waited")
    require(health.get("failedCount"), "a webhook that refused everything has no failedCount", story.health)
    status = health.get("lastStatus")
    require(status in ("failed", None), f"the last delivery was refused, lastStatus is {status}", story.health)


@rule("callbacks/comes-once", source="guide")
def test_a_callback_comes_once(deliveries: Deliveries) -> None:
    """When a run with a callbackUrl has ended, however it ended, one POST is sent there."""
    story = deliveries.story()
    told = {which: story.runs[run_id] for which, run_id in story.callbacks.items() if run_id in story.runs}
    if RECEIVED_CALLBACK not in told:
        not_checked("because the run did not end in time")
    for which, run in told.items():
        found = deliveries.at_callback(which)
        if not found and (deliveries.is_hurried or not deliveries.sink.is_within_reach()):
            not_checked(f"because {PREFIX}WEBHOOK_SINK_URL does not lead to the suite's receiver")
        # Nothing published tells how often one is sent again that was refused.
        right = len(found) == 1 or (which == REFUSED_CALLBACK and found)
        ended = members(run.json).get("status")
        require(right, f"{len(found)} requests arrived at the callbackUrl of a run that is {shown(ended)}", run)
        require(found[0].method == "POST", f"the callback is a {found[0].method}", run)


def _callbacks(deliveries: Deliveries) -> list[tuple[str, Delivery]]:
    story = deliveries.story()
    found = [(story.callbacks[which], one) for which in story.callbacks for one in deliveries.at_callback(which)]
    return found or not_checked("because no callback arrived")


@rule("callbacks/has-the-same-body", source="assumed")
def test_a_callback_has_the_same_body(deliveries: Deliveries, session: Session) -> None:
    """A callback has the body that a webhook gets: event, timestamp and the run as it is read."""
    names = session.document.at(("components", "schemas", "Run", "properties"))
    story = deliveries.story()
    for run_id, delivery in _callbacks(deliveries):
        wrong = [str(error) for error in _schema_errors(session, delivery)]
        require(not wrong, f"in the body of a callback {listed(wrong)}")
        read = story.runs.get(run_id)
        if read is not None:
            compared = [name for name in names if name not in CHANGES_AFTER_THE_END]
            wrong = differences(run_of(delivery), members(read.json), compared)
            require(not wrong, f"in a callback, and not as read, the run's {listed(wrong)}", read)
            event, status = members(delivery.json).get("event"), members(read.json).get("status")
            require(event == f"run.{status}", f"the callback of a run that is {status} says {shown(event)}", read)


@rule("callbacks/is-unsigned", source="guide")
def test_a_callback_is_unsigned(deliveries: Deliveries) -> None:
    """A callback carries no signature."""
    for _, delivery in _callbacks(deliveries):
        require("webhook-signature" not in delivery.headers, "a callback carries a webhook-signature")


@rule("callbacks/status-follows", source="assumed")
def test_the_callback_status_follows(deliveries: Deliveries, session: Session) -> None:
    """A run's callbackStatus becomes success when its callback was received, and failed when it was refused."""
    _callbacks(deliveries)
    story = deliveries.story()
    for which, right, wrong in ((RECEIVED_CALLBACK, "success", "failed"), (REFUSED_CALLBACK, "failed", "success")):
        read, arrived = story.later.get(which), deliveries.at_callback(which)
        if read is None or not arrived:
            continue
        status = members(read.json).get("callbackStatus")
        require(status != wrong, f"the callback was {which}, callbackStatus is {shown(status)}", read)
        if status != right and not session.target.moves_its_clock:
            not_checked("because the callbackStatus did not follow while the suite waited")
        require(status == right, f"the callback was {which}, callbackStatus is {shown(status)}", read)

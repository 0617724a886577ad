"""The health of a webhook counts attempts of the last 24 hours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mock_server.clock import timestamp
from mock_server.organization import HEALTH_WINDOW_SECONDS, WebhookHealth

NOW = 1_800_000_000.0

attempts = st.lists(st.tuples(st.integers(0, 2 * HEALTH_WINDOW_SECONDS), st.booleans()), unique_by=lambda made: made[0])


@given(attempts)
def test_counts_and_times_are_those_of_the_attempts_in_whatever_order_they_end(made: list[tuple[int, bool]]) -> None:
    health = WebhookHealth()
    for age, success in made:
        health.record(NOW - age, None if success else f"failed {age} s ago")
    shown = health.document(NOW)
    recent = [success for age, success in made if age < HEALTH_WINDOW_SECONDS]
    assert (shown["totalCount"], shown["successCount"]) == (len(recent), sum(recent))
    assert shown["failedCount"] == len(recent) - sum(recent)
    assert (shown["successRate"] is None) == (not recent)
    for name, ages in (
        ("lastDeliveryAt", [age for age, _ in made]),
        ("lastSuccessAt", [age for age, success in made if success]),
        ("lastFailureAt", [age for age, success in made if not success]),
    ):
        assert shown[name] == (timestamp(NOW - min(ages)) if ages else None)
    if made:
        age, success = min(made)
        assert shown["lastStatus"] == ("success" if success else "failed")
        assert success or shown["lastFailureReason"] == f"failed {age} s ago"

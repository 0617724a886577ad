"""How else may amounts be told and charged? Rounded, in parts, later."""

from __future__ import annotations

import math
from typing import Any

from mock_server import usage
from mock_server.altered import Bench, map_member
from mock_server.calls import Answer, Call, Handler
from mock_server.organization import Organization
from mock_server.run_events import RunEvents
from mock_server.runs import Run
from mock_server.variants.registry import variant

_COUNTED_EVERY_SECONDS = 3600
_LATE_SECONDS = 40


def _cents(amount_usd: float) -> float:
    return round(amount_usd, 2)


def _run_in_cents(run: dict[str, Any]) -> None:
    """Rounds what the run cost; the agent has what the cents of the sandbox leave of the cents of both."""
    if run.get("usage"):
        told = run["usage"]
        told["totalCostUsd"] = _cents(told["totalCostUsd"])
        if told.get("sandbox"):
            told["sandbox"]["costUsd"] = _cents(told["sandbox"]["costUsd"])
            told["agent"]["costUsd"] = _cents(told["totalCostUsd"] - told["sandbox"]["costUsd"])


@variant
def runs_cost_whole_cents(mock: Bench) -> None:
    """What a run cost is told in cents, what is charged for it exactly."""
    mock.showing_runs(_run_in_cents)


@variant
def lists_of_runs_round_to_cents(mock: Bench) -> None:
    """What a run cost is told in cents in lists, and exactly where it is read alone."""
    mock.after(map_member("data.*.usage.totalCostUsd", _cents), ["listRuns"], [200])


@variant
def balances_are_rounded_to_cents(mock: Bench) -> None:
    """The balances of usage records are told in cents, their costs exactly."""
    for name in ("balanceBeforeUsd", "balanceAfterUsd"):
        mock.after(map_member(f"data.*.{name}", _cents), ["listUsageLogs"], [200])


@variant
def credits_are_rounded_to_cents(mock: Bench) -> None:
    """Credits are told in cents by getCredits, and exactly by getUsage."""
    for name in ("creditsUsd", "usedUsd", "remainingUsd"):
        mock.after(map_member(name, _cents), ["getCredits"], [200])


@variant
def usage_is_counted_by_the_hour(mock: Bench) -> None:
    """What getUsage tells was counted some time ago: once an hour."""
    counted: dict[str, tuple[float, Answer]] = {}

    def handle(call: Call, inner: Handler) -> Answer:
        known = counted.get(call.organization.name)
        if known is None or call.now - known[0] >= _COUNTED_EVERY_SECONDS:
            known = counted[call.organization.name] = (call.now, inner(call))
        return known[1]

    mock.handle("getUsage", handle)


class _Charging(RunEvents):
    """Charges in another way what a run cost: `charge` is told of what would be recorded."""

    def charge(self, organization: Organization, record: dict[str, Any], at: float) -> None:
        raise NotImplementedError

    def _charge(self, organization: Organization, run: Run, ran_seconds: float, at: float) -> None:
        used, logs = organization.used_usd, len(organization.usage_logs)
        super()._charge(organization, run, ran_seconds, at)
        organization.used_usd = used
        for log in organization.usage_logs[logs:]:
            own = ("id", "organizationId", "resourceType", "balanceBeforeUsd", "balanceAfterUsd", "createdAt")
            self.charge(organization, {name: value for name, value in log.body.items() if name not in own}, at)
        del organization.usage_logs[logs]


class _InHalves(_Charging):
    def charge(self, organization: Organization, record: dict[str, Any], at: float) -> None:
        half = usage.money(record["costUsd"] / 2)
        for cost in (half, usage.money(record["costUsd"] - half)):
            usage.charge(organization, {**record, "quantity": record["quantity"] / 2, "costUsd": cost}, at)


@variant
def charges_come_in_parts(mock: Bench) -> None:
    """A run is charged for in two records."""
    mock.parts.run_events = _InHalves


class _Later(_Charging):
    def charge(self, organization: Organization, record: dict[str, Any], at: float) -> None:
        due = round(at + _LATE_SECONDS, 3)
        self._clock.schedule(due, organization, lambda now: usage.charge(organization, record, now))


@variant
def charges_come_late(mock: Bench) -> None:
    """A run is charged for some time after its end."""
    mock.parts.run_events = _Later


@variant
def amounts_are_sums_of_fractions(mock: Bench) -> None:
    """Amounts have what adding binary fractions leaves: 0.1 + 0.2 is 0.30000000000000004."""

    def noisy(amount_usd: float) -> float:
        return math.nextafter(math.nextafter(float(amount_usd), math.inf), math.inf) if amount_usd else amount_usd

    for name in ("costUsd", "balanceBeforeUsd", "balanceAfterUsd"):
        mock.after(map_member(f"data.*.{name}", noisy), ["listUsageLogs"], [200])
    for name in ("usedUsd", "remainingUsd"):
        mock.after(map_member(name, noisy), ["getCredits"], [200])
        mock.after(map_member(f"organization.{name}", noisy), ["getUsage"], [200])

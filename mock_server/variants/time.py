"""When else may things happen? Windows, waiting times, slow answers, lives of runs, deliveries, closed connections."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from generated.contract import RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS, Header
from mock_server.altered import Bench, Exchange, Proceed
from mock_server.notifications import Notifier
from mock_server.organization import Organization
from mock_server.rate_limit import Allowance, Window
from mock_server.run_events import RunEvents
from mock_server.runs import Run
from mock_server.variants.registry import variant

_STOPPING_SECONDS = 45


class _OnTheMinute(Window):
    """A window that ends with the minute."""

    def take(self, now: float) -> Allowance:
        fresh = now >= self.reset
        allowance = super().take(now)
        if fresh:
            self.reset = (math.floor(now) // RATE_LIMIT_WINDOW_SECONDS + 1) * RATE_LIMIT_WINDOW_SECONDS
        return replace(allowance, reset=self.reset)


@variant
def windows_on_the_minute(mock: Bench) -> None:
    """Rate windows end with the minute, not a minute after their first request."""
    mock.parts.window = lambda _: _OnTheMinute()


def _retry_after(mock: Bench, more: int) -> None:
    name = Header.RETRY_AFTER.lower()

    def change(exchange: Exchange) -> None:
        if exchange.code == "RATE_LIMIT_EXCEEDED":
            exchange.headers[name] = str(max(0, int(exchange.headers[name]) + more))

    mock.after(change, statuses=[429])


@variant
def retry_after_has_a_second_to_spare(mock: Bench) -> None:
    """Retry-After is a second more than the window lasts."""
    _retry_after(mock, 1)


@variant
def strangers_share_a_window(mock: Bench) -> None:
    """Requests without a valid key are told a window of their client's, which goes down."""
    window = Window()

    def change(exchange: Exchange) -> None:
        if exchange.api_key is None:
            allowance = window.take(exchange.clock.now())
            if not allowance.remaining:
                window.passed = RATE_LIMIT_REQUESTS // 2
            exchange.headers[Header.RATE_LIMIT_REMAINING.lower()] = str(allowance.remaining)
            exchange.headers[Header.RATE_LIMIT_RESET.lower()] = str(allowance.reset)

    mock.after(change, statuses=[401])


@variant
def answers_are_slow(mock: Bench) -> None:
    """Answers take their time, each another."""
    chance = Random(1)

    async def around(exchange: Exchange, proceed: Proceed) -> None:
        await asyncio.sleep(chance.choice((0.0, 0.001, 0.002, 0.02)))
        await proceed()
        await asyncio.sleep(chance.choice((0.0, 0.002, 0.005)))

    mock.around(around)


@variant
def connections_are_closed_at_random(mock: Bench) -> None:
    """Connections are closed after an answer, as it happens."""
    chance = Random(1)

    def change(exchange: Exchange) -> None:
        if chance.random() < 0.3:
            exchange.headers["connection"] = "close"

    mock.after(change)


class _EndAtOnce(RunEvents):
    def cancel(self, organization: Organization, run: Run, now: float) -> None:
        self.end_now(organization, run, now)


@variant
def runs_are_cancelled_at_once(mock: Bench) -> None:
    """A run that is asked to stop has ended when the answer comes."""
    mock.parts.run_events = _EndAtOnce


def _planned(mock: Bench, **changes: Any) -> None:
    """Runs are planned otherwise, but for those that stay pending."""

    class Planned(RunEvents):
        def begin(self, organization: Organization, run: Run) -> None:
            if run.plan.pending_seconds is not None:
                run.plan = replace(run.plan, **changes)
            super().begin(organization, run)

    mock.parts.run_events = Planned


@variant
def runs_wait_for_a_sandbox(mock: Bench) -> None:
    """A run is pending for half a minute."""
    _planned(mock, pending_seconds=30.0)


@variant
def runs_start_at_once(mock: Bench) -> None:
    """A run is running a moment after it was created."""
    _planned(mock, pending_seconds=0.05)


class _Late(Notifier):
    def run_ended(self, organization: Organization, run: Run, at: float) -> None:
        super().run_ended(organization, run, round(at + 2, 3))


@variant
def deliveries_come_late(mock: Bench) -> None:
    """Deliveries are made two seconds after the end of the run."""
    mock.parts.notifier = _Late


@variant
def answers_come_out_of_turn(mock: Bench) -> None:
    """Of requests that come at once a later one may be answered before an earlier one."""
    chance = Random(2)

    async def around(exchange: Exchange, proceed: Proceed) -> None:
        await proceed()
        await asyncio.sleep(chance.choice((0.0, 0.0, 0.0, 0.02)))

    mock.around(around)


class _NeverStart(RunEvents):
    def _start(self, organization: Organization, run: Run, at: float) -> None:
        if run.cancel_requested_at is None:
            run.fail_reason = "error"
            run.error = {"code": "SANDBOX_FAILED", "message": "No sandbox came up."}
            self._end(organization, run, "failed", at)


@variant
def runs_fail_before_they_start(mock: Bench) -> None:
    """No run ever runs: a pending one fails."""
    mock.parts.run_events = _NeverStart


@variant
def runs_end_at_once(mock: Bench) -> None:
    """A run has ended a moment after it was created."""
    _planned(mock, pending_seconds=0.01, running_seconds=0.02)


class _EndLate(RunEvents):
    def cancel(self, organization: Organization, run: Run, now: float) -> None:
        run.cancel_requested_at = now
        run.changed()
        due = round(now + _STOPPING_SECONDS, 3)
        self._clock.schedule(due, organization, lambda at: self._end(organization, run, "cancelled", at))


@variant
def runs_are_cancelled_slowly(mock: Bench) -> None:
    """A run ends most of a minute after it was asked to stop."""
    mock.parts.run_events = _EndLate


class _ToTheInstant(Window):
    """A window that lasts from its first request to the same fraction of a second; `round_` makes its end whole."""

    def __init__(self, round_: Callable[[float], int]) -> None:
        super().__init__()
        self._round, self._end = round_, 0.0

    def take(self, now: float) -> Allowance:
        fresh = now >= self._end
        self.reset = 0 if fresh else math.ceil(self._end) + 1
        allowance = super().take(now)
        if fresh:
            self._end = now + RATE_LIMIT_WINDOW_SECONDS
        return replace(allowance, reset=self._round(self._end))


@variant
def resets_are_rounded_up(mock: Bench) -> None:
    """A window lasts from its first request for a minute to the fraction of a second; its reset is rounded up."""
    mock.parts.window = lambda _: _ToTheInstant(math.ceil)

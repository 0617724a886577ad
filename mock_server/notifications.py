"""Who is told that a run has ended, what, and when again? Webhooks until they answer, a run's own callback once.

How one attempt is made is for `mock_server.deliveries`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import orjson

from mock_server.clock import Clock, timestamp
from mock_server.deliveries import RETRY_SECONDS, Deliverer, Delivery
from mock_server.identifiers import new_id
from mock_server.organization import Organization, Webhook
from mock_server.runs import Run


class Notifier:
    """Makes attempts in tasks of their own, so that no request waits for a receiver."""

    def __init__(self, clock: Clock, deliverer: Deliverer) -> None:
        self._clock = clock
        self._deliverer = deliverer
        self._webhook_tasks: set[asyncio.Task[None]] = set()
        self._callback_tasks: set[asyncio.Task[None]] = set()

    def run_ended(self, organization: Organization, run: Run, at: float) -> None:
        """Tells everyone who wants to know, from the time `at` on."""
        event = f"run.{run.status}"
        webhooks = [webhook for webhook in organization.webhooks.values() if event in webhook.events]
        if not webhooks and run.callback_url is None:
            return
        body = orjson.dumps({"event": event, "timestamp": timestamp(at), "run": run.document()})
        for webhook in webhooks:
            delivery = Delivery(new_id("msg"), webhook.url, body, webhook.secret)
            self._schedule(organization, webhook, delivery, 0, at)
        if run.callback_url is not None:
            callback = Delivery(new_id("msg"), run.callback_url, body, None)
            self._clock.schedule(
                at, organization, lambda due: _start(self._callback_tasks, self._call_back(run, callback, due))
            )

    async def webhooks_settled(self) -> None:
        """Waits until no attempt is under way that may have to be repeated."""
        while self._webhook_tasks:
            await asyncio.wait(self._webhook_tasks)

    async def settled(self) -> None:
        """Waits until no attempt is under way."""
        while tasks := self._webhook_tasks | self._callback_tasks:
            await asyncio.wait(tasks)

    def stop(self) -> None:
        """Gives up every attempt that is under way."""
        for task in self._webhook_tasks | self._callback_tasks:
            task.cancel()

    def _schedule(
        self, organization: Organization, webhook: Webhook, delivery: Delivery, failures: int, due: float
    ) -> None:
        self._clock.schedule(
            due,
            organization,
            lambda at: _start(self._webhook_tasks, self._deliver(organization, webhook, delivery, failures, at)),
        )

    async def _deliver(
        self, organization: Organization, webhook: Webhook, delivery: Delivery, failures: int, at: float
    ) -> None:
        if webhook.id not in organization.webhooks:
            return
        outcome = await self._deliverer.attempt(delivery, int(at))
        webhook.health.record(at, outcome.reason)
        if not outcome.delivered and failures < len(RETRY_SECONDS) and not organization.forgotten:
            due = round(at + RETRY_SECONDS[failures], 3)
            self._schedule(organization, webhook, delivery, failures + 1, due)

    async def _call_back(self, run: Run, delivery: Delivery, at: float) -> None:
        outcome = await self._deliverer.attempt(delivery, int(at))
        run.callback_status = "success" if outcome.delivered else "failed"


def _start(tasks: set[asyncio.Task[None]], attempt: Coroutine[None, None, None]) -> None:
    task = asyncio.get_running_loop().create_task(attempt)
    tasks.add(task)
    task.add_done_callback(tasks.discard)

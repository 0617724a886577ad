"""How does a run live on? Starts, ends and cancels runs when the clock says so, charges for them and tells of the end.

What is to happen is planned in `mock_server.run_life`.
"""

from __future__ import annotations

from mock_server import run_life, usage
from mock_server.clock import Clock
from mock_server.identifiers import new_id
from mock_server.notifications import Notifier
from mock_server.organization import Organization
from mock_server.runs import Run


class RunEvents:
    """Puts the events of runs on the clock's agenda. They fall off it when the organization is forgotten."""

    def __init__(self, clock: Clock, notifier: Notifier) -> None:
        self._clock = clock
        self._notifier = notifier

    def begin(self, organization: Organization, run: Run) -> None:
        """A pending run will start as planned, unless it is planned to stay pending."""
        if run.plan.pending_seconds is not None:
            due = round(run.created_at + run.plan.pending_seconds, 3)
            self._clock.schedule(due, organization, lambda at: self._start(organization, run, at))

    def cancel(self, organization: Organization, run: Run, now: float) -> None:
        """The run is asked to stop: it will not go on to another state than cancelled."""
        run.cancel_requested_at = now
        run.changed()
        due = round(now + run_life.cancelling_seconds(run.id), 3)
        self._clock.schedule(due, organization, lambda at: self._end(organization, run, "cancelled", at))

    def end_now(self, organization: Organization, run: Run, now: float) -> None:
        """A pending run ends cancelled at once, as if it had been asked to before."""
        run.cancel_requested_at = now
        self._end(organization, run, "cancelled", now)

    def finish(self, organization: Organization, run: Run, at: float) -> None:
        """A run that was started ends at once, as it was planned to."""
        self._end_as_planned(organization, run, at)

    def _start(self, organization: Organization, run: Run, at: float) -> None:
        if run.cancel_requested_at is not None:
            return
        run.status, run.started_at = "running", at
        run.changed()
        due = round(at + run.plan.running_seconds, 3)
        self._clock.schedule(due, organization, lambda end: self._end_as_planned(organization, run, end))

    def _end_as_planned(self, organization: Organization, run: Run, at: float) -> None:
        if run.cancel_requested_at is not None:
            return
        run.fail_reason, run.error = run.plan.fail_reason, run.plan.error
        if run.plan.status == "completed":
            run.outputs = run_life.outputs(run.id, run.words, run.repository)
        self._end(organization, run, run.plan.status, at)

    def _end(self, organization: Organization, run: Run, status: str, at: float) -> None:
        run.status, run.completed_at = status, at
        if run.started_at is not None:
            self._charge(organization, run, round(at - run.started_at, 3), at)
        run.changed()
        del organization.active_runs[run.id]
        self._notifier.run_ended(organization, run, at)

    def _charge(self, organization: Organization, run: Run, ran_seconds: float, at: float) -> None:
        run.usage = run_life.usage(run.id, run.plan, ran_seconds, run.rate_per_minute_usd)
        metadata = {"templateId": run.template_id, "templateSlug": run.template_slug}
        metadata["sandboxName"] = f"{run.template_slug}-{run.id[-4:]}"
        waived: dict[str, object] = {}
        if run.plan.waived:
            would_cost = run_life.sandbox_cost_usd(ran_seconds, run.rate_per_minute_usd)
            waived = {"waiveReason": "The platform failed.", "waivedCostUsd": would_cost}
        usage.charge(
            organization,
            {
                "sandboxId": new_id("sbx"),
                "runId": run.id,
                "quantity": round(ran_seconds / 60, 9),
                "ratePerMinuteUsd": run.rate_per_minute_usd,
                "costUsd": run.usage["sandbox"]["costUsd"],
                "waived": run.plan.waived,
                "metadata": {**metadata, **waived},
            },
            at,
        )

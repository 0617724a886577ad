"""What can go wrong with a run's life: its states, their order, its times, its end, being cancelled, its logs?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from generated.contract import ProblemCode
from mock_server import runs
from mock_server.altered import Bench, Exchange, map_member, set_member
from mock_server.calls import Answer, Call, Handler
from mock_server.clock import timestamp
from mock_server.faults.registry import fault
from mock_server.organization import Organization
from mock_server.problems import Refusal
from mock_server.run_events import RunEvents
from mock_server.runs import Run


def _on_read_run(mock: Bench, change: Callable[[dict[str, Any], Exchange], object]) -> None:
    """`change` changes what getRun tells of a run."""
    mock.after(lambda exchange: change(exchange.body, exchange), ["getRun"], [200])


@fault("runs/born-pending", source="guide")
def runs_are_born_running(mock: Bench) -> None:
    """A new run is pending."""
    mock.after(set_member("status", "running"), ["createRun"], [201])


@fault("responses/body-fits-its-schema", source="reference")
def queued_is_a_status(mock: Bench) -> None:
    """A run is pending, running, completed, failed or cancelled."""
    mock.after(map_member("status", lambda status: "queued" if status == "pending" else status), ["getRun"], [200])


class _NeverStart(RunEvents):
    def begin(self, organization: Organization, run: Run) -> None:
        """A pending run stays so."""


@fault("runs/starts", source="assumed")
def runs_never_start(mock: Bench) -> None:
    """A pending run goes on to running, or ends."""
    mock.parts.run_events = _NeverStart


class _NeverEnd(RunEvents):
    def _end_as_planned(self, organization: Organization, run: Run, at: float) -> None:
        pass


@fault("runs/ends-by-its-timeout", source="guide")
def runs_never_end(mock: Bench) -> None:
    """A running run ends, at the latest by its timeout."""
    mock.parts.run_events = _NeverEnd


@fault("runs/states-move-forward", source="guide")
def runs_go_back_to_pending(mock: Bench) -> None:
    """A run that runs never becomes pending again."""
    reads: dict[str, int] = {}

    def change(run: dict[str, Any], exchange: Exchange) -> None:
        if run["status"] == "running":
            reads[run["id"]] = reads.get(run["id"], 0) + 1
            if reads[run["id"]] % 2 == 0:
                run["status"] = "pending"

    _on_read_run(mock, change)


@fault("runs/ended-never-changes", "runs/states-move-forward", source="guide")
def ended_runs_come_back(mock: Bench) -> None:
    """A run that has ended never runs again."""
    reads: dict[str, int] = {}

    def change(run: dict[str, Any], exchange: Exchange) -> None:
        if run["status"] == "completed":
            reads[run["id"]] = reads.get(run["id"], 0) + 1
            if reads[run["id"]] == 2:
                run |= {"status": "running", "completedAt": None, "usage": None}

    _on_read_run(mock, change)


@fault("runs/ended-never-changes", "runs/states-move-forward", source="guide")
def completed_runs_fail_later(mock: Bench) -> None:
    """The end of a run is final: completed never turns into failed."""
    seen: dict[str, float] = {}

    def change(run: dict[str, Any], exchange: Exchange) -> None:
        if run["status"] == "completed":
            first = seen.setdefault(run["id"], exchange.clock.now())
            if exchange.clock.now() > first + 30:
                run |= {"status": "failed", "failReason": "error", "error": {"code": "LOST", "message": "Lost."}}

    _on_read_run(mock, change)


@fault("runs/ended-never-changes", "runs/states-move-forward", source="guide")
def the_end_moves(mock: Bench) -> None:
    """An ended run never changes, its completedAt neither."""

    def change(run: dict[str, Any], exchange: Exchange) -> None:
        if run["completedAt"] is not None:
            run["completedAt"] = timestamp(exchange.clock.now())

    _on_read_run(mock, change)


@fault("runs/ended-never-changes", "runs/states-move-forward", source="guide")
def costs_grow_after_the_end(mock: Bench) -> None:
    """An ended run never changes, its usage neither."""
    reads: dict[str, int] = {}

    def change(run: dict[str, Any], exchange: Exchange) -> None:
        if run["usage"] is not None:
            reads[run["id"]] = reads.get(run["id"], 0) + 1
            for part in (run["usage"], run["usage"]["agent"]):
                key = "totalCostUsd" if part is run["usage"] else "costUsd"
                part[key] = round(part[key] + 0.01 * reads[run["id"]], 6)

    _on_read_run(mock, change)


@fault("runs/keeps-what-was-asked", "runs/created-is-read", source="reference")
def the_creation_moves(mock: Bench) -> None:
    """A run's createdAt never changes."""
    _on_read_run(
        mock,
        lambda run, exchange: (
            run.update(createdAt=timestamp(exchange.clock.now())) if run["status"] == "pending" else None
        ),
    )


@fault("runs/completed-at-when-ended", source="assumed")
def ended_runs_without_completed_at(mock: Bench) -> None:
    """A run that has ended has completedAt."""
    mock.showing_runs(lambda run: run.update(completedAt=None))


@fault("runs/completed-at-when-ended", source="assumed")
def active_runs_with_completed_at(mock: Bench) -> None:
    """A run that has not ended has no completedAt."""
    _on_read_run(
        mock, lambda run, exchange: run.update(completedAt=run["startedAt"]) if run["status"] == "running" else None
    )


@fault("runs/timestamps-are-ordered", source="guide")
def starts_before_creations(mock: Bench) -> None:
    """A run's startedAt is not before its createdAt."""
    mock.after(map_member("startedAt", lambda text: "2026-01-01T00:00:00.000Z"), ["getRun"], [200])


@fault("runs/timestamps-are-ordered", source="guide")
def ends_before_starts(mock: Bench) -> None:
    """A run's completedAt is not before its startedAt."""

    def change(run: dict[str, Any], exchange: Exchange) -> None:
        if run["completedAt"] is not None and run["startedAt"] is not None:
            run["startedAt"], run["completedAt"] = run["completedAt"], run["startedAt"]

    _on_read_run(mock, change)


@fault("runs/cancel-is-noted", "runs/cancelled-run-ends", source="guide")
def cancelling_does_nothing(mock: Bench) -> None:
    """To cancel a run sets cancelRequestedAt and ends it."""
    mock.handle("cancelRun", lambda call, inner: runs.get_run(call) if _is_active(call) else inner(call))


def _is_active(call: Call) -> bool:
    run = call.organization.runs.get(call.path["id"])
    return run is not None and run.is_active


class _CancelLate(RunEvents):
    def cancel(self, organization: Organization, run: Run, now: float) -> None:
        run.cancel_requested_at = now
        run.changed()
        self._clock.schedule(now + 1800, organization, lambda at: self._end(organization, run, "cancelled", at))


@fault("runs/cancelled-run-ends", source="assumed")
def cancelled_runs_go_on_for_half_an_hour(mock: Bench) -> None:
    """A run that was asked to stop ends soon."""
    mock.parts.run_events = _CancelLate


class _EndAnotherWay(RunEvents):
    def _end(self, organization: Organization, run: Run, status: str, at: float) -> None:
        super()._end(organization, run, "completed" if status == "cancelled" else status, at)


@fault("runs/cancelled-run-ends", source="assumed")
def cancelled_runs_end_completed(mock: Bench) -> None:
    """A run that was cancelled ends cancelled."""
    mock.parts.run_events = _EndAnotherWay


@fault("runs/cancel-is-noted", source="guide")
def cancelling_is_not_recorded(mock: Bench) -> None:
    """A run that was asked to stop has cancelRequestedAt."""
    mock.after(set_member("cancelRequestedAt", None), ["getRun", "cancelRun"], [200])


@fault("runs/cancel-after-the-end", source="assumed")
def ended_runs_can_be_cancelled(mock: Bench) -> None:
    """To cancel a run that has ended is a conflict."""
    mock.handle(
        "cancelRun",
        lambda call, inner: (
            inner(call) if _is_active(call) or call.path["id"] not in call.organization.runs else runs.get_run(call)
        ),
    )


@fault("runs/ended-never-changes", "runs/states-move-forward", source="guide")
def cancelling_changes_ended_runs(mock: Bench) -> None:
    """An ended run never changes: to cancel it leaves it as it was."""

    def handle(call: Call, inner: Handler) -> Answer:
        run = call.organization.runs.get(call.path["id"])
        if run is not None and not run.is_active:
            run.status, run.cancel_requested_at, run.fail_reason, run.error = "cancelled", call.now, None, None
            run.changed()
        return inner(call)

    mock.handle("cancelRun", handle)


@fault("runs/cancel-twice", source="assumed")
def cancelling_twice_is_a_conflict(mock: Bench) -> None:
    """Only a run that has ended cannot be cancelled: to ask again before its end is no conflict."""

    def handle(call: Call, inner: Handler) -> Answer:
        run = call.organization.runs.get(call.path["id"])
        if run is not None and run.is_active and run.cancel_requested_at is not None:
            return Answer(409, {"type": "CONFLICT", "title": "Resource conflict", "status": 409})
        return inner(call)

    mock.handle("cancelRun", handle)


@fault("runs/active-run-can-be-cancelled", source="assumed")
def pending_runs_cannot_be_cancelled(mock: Bench) -> None:
    """A pending run can be cancelled."""

    def handle(call: Call, inner: Handler) -> Answer:
        run = call.organization.runs.get(call.path["id"])
        if run is not None and run.status == "pending" and run.cancel_requested_at is None:
            return Answer(409, {"type": "CONFLICT", "title": "Resource conflict", "status": 409})
        return inner(call)

    mock.handle("cancelRun", handle)


@fault("runs/cancel-is-noted-only-when-asked", source="guide")
def cancelling_one_run_cancels_all(mock: Bench) -> None:
    """To cancel a run leaves the others alone."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        for other in list(call.organization.active_runs.values()):
            if other.cancel_requested_at is None:
                call.run_events.cancel(call.organization, other, call.now)
        return answer

    mock.handle("cancelRun", handle)


def _on_logs(mock: Bench, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """`change` rearranges all records of a run before a page of them is taken."""

    def handle(call: Call, inner: Handler) -> Answer:
        query = call.query
        whole = inner(replace(call, query={**query, "offset": 0, "limit": 10**6}))
        records = change(list(whole.body["data"]))
        page = records[query["offset"] : query["offset"] + query["limit"]]
        counts = {"limit": query["limit"], "offset": query["offset"], "total": len(records)}
        return Answer(200, {"data": page, "pagination": counts})

    mock.handle("listRunLogs", handle)


@fault("runs/logs-oldest-first", source="assumed")
def logs_are_newest_first(mock: Bench) -> None:
    """A run's log records come oldest first."""
    _on_logs(mock, lambda records: records[::-1])


@fault("runs/logs-oldest-first", source="assumed")
def logs_are_out_of_order(mock: Bench) -> None:
    """A run's log records come in the order of their timestamps."""
    _on_logs(mock, lambda records: sorted(records, key=lambda record: Random(record["id"]).random()))


@fault("runs/log-ids-differ", "pagination/run-logs-pages-partition-the-list", source="reference")
def log_ids_repeat(mock: Bench) -> None:
    """Each log record has an id of its own."""
    _on_logs(mock, lambda records: [{**record, "id": f"log_{number // 2}"} for number, record in enumerate(records)])


@fault("runs/logs-of-a-category", source="reference")
def log_category_is_ignored(mock: Bench) -> None:
    """listRunLogs: category selects the records of that category."""
    mock.handle("listRunLogs", lambda call, inner: inner(replace(call, query={**call.query, "category": None})))


@fault("problems/unknown-is-not-found", source="reference")
def unknown_runs_have_empty_logs(mock: Bench) -> None:
    """The logs of a run that does not exist are 404."""

    def handle(call: Call, inner: Handler) -> Answer:
        if call.path["id"] in call.organization.runs:
            return inner(call)
        counts = {"limit": call.query["limit"], "offset": call.query["offset"], "total": 0}
        return Answer(200, {"data": [], "pagination": counts})

    mock.handle("listRunLogs", handle)


@fault("runs/logs-only-grow", "runs/logs-tell-of-the-run", source="assumed")
def logs_vanish_at_the_end(mock: Bench) -> None:
    """What was once in a run's logs stays there."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        run = call.organization.runs.get(call.path["id"])
        if run is not None and not run.is_active:
            return Answer(200, {"data": [], "pagination": {**answer.body["pagination"], "total": 0}})
        return answer

    mock.handle("listRunLogs", handle)


@fault("runs/logs-of-a-category", source="reference")
def log_category_selects_one_record(mock: Bench) -> None:
    """listRunLogs: category selects every record of that category."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        if call.query["category"] is None:
            return answer
        records = answer.body["data"][:1]
        return Answer(200, {"data": records, "pagination": {**answer.body["pagination"], "total": len(records)}})

    mock.handle("listRunLogs", handle)


@fault("runs/callback-waits-for-the-end", source="assumed")
def callbacks_succeed_before_the_end(mock: Bench) -> None:
    """A run's callbackStatus is pending while the run has not ended."""

    def change(exchange: Exchange) -> None:
        if exchange.body["completedAt"] is None and exchange.body["callbackUrl"] is not None:
            exchange.body["callbackStatus"] = "success"

    mock.after(change, ["getRun"], [200])


@fault("runs/logs-are-of-their-time", source="reference")
def log_records_are_old(mock: Bench) -> None:
    """A log record tells when what it tells of has happened."""
    mock.after(set_member("data.*.timestamp", "2026-01-01T00:00:00Z"), ["listRunLogs"], [200])


@fault("runs/logs-are-its-own", source="reference")
def cancelled_runs_have_no_logs(mock: Bench) -> None:
    """Each run has its logs, however it ended."""

    def handle(call: Call, inner: Handler) -> Answer:
        run = call.organization.runs.get(call.path["id"])
        if run is not None and run.status == "cancelled":
            raise Refusal(ProblemCode.NOT_FOUND, "No run has this id.")
        return inner(call)

    mock.handle("listRunLogs", handle)

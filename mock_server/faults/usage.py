"""What can go wrong with credits, charges and their records?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mock_server import usage
from mock_server.altered import Bench, map_member, set_member
from mock_server.calls import Answer, Call, Handler
from mock_server.faults.registry import fault
from mock_server.organization import Organization, UsageLog
from mock_server.run_events import RunEvents
from mock_server.runs import Run

Record = dict[str, Any]


class _Charging(RunEvents):
    """Runs whose charge is changed once it is made. `change` is told of the organization and the new record."""

    def __init__(self, *parts: Any, change: Callable[[Organization, UsageLog], object]) -> None:
        super().__init__(*parts)
        self._change = change

    def _charge(self, organization: Organization, run: Run, ran_seconds: float, at: float) -> None:
        super()._charge(organization, run, ran_seconds, at)
        self._change(organization, organization.usage_logs[-1])


def _on_charges(mock: Bench, change: Callable[[Organization, UsageLog], object]) -> None:
    mock.parts.run_events = lambda clock, notifier: _Charging(clock, notifier, change=change)


def _on_records(mock: Bench, change: Callable[[Record], Record]) -> None:
    """`change` changes how each charge is told of, and nothing that is charged."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        records = [change(dict(item)) if item["resourceType"] == "sandbox" else item for item in answer.body["data"]]
        return Answer(200, {**answer.body, "data": records})

    mock.handle("listUsageLogs", handle)


def _on_credits(mock: Bench, change: Callable[[Record], Record]) -> None:
    """`change` changes the credits that are told, in getUsage as in getCredits."""
    mock.handle("getCredits", lambda call, inner: Answer(200, change(inner(call).body)))
    mock.after(map_member("organization", change), ["getUsage"], [200])


@fault("usage/run-is-recorded", source="assumed")
def runs_are_not_recorded(mock: Bench) -> None:
    """A run that has ended has a usage record."""
    _on_charges(mock, lambda organization, log: organization.usage_logs.remove(log))


@fault("usage/charge-follows-time-and-size", "usage/charge-agrees-with-the-run", source="guide")
def runs_are_charged_twice(mock: Bench) -> None:
    """A run is charged once."""

    def change(organization: Organization, log: UsageLog) -> None:
        organization.used_usd = usage.money(organization.used_usd + log.body["costUsd"])
        before = log.body["balanceAfterUsd"]
        again = {
            "id": f"{log.body['id']}b",
            "balanceBeforeUsd": before,
            "balanceAfterUsd": usage.remaining_usd(organization),
        }
        organization.usage_logs.append(UsageLog(log.created_at, log.resource_type, {**log.body, **again}))

    _on_charges(mock, change)


@fault("usage/charge-uses-credits", source="assumed")
def charges_use_no_credits(mock: Bench) -> None:
    """What runs are charged is used of the credits."""
    _on_credits(mock, lambda told: {**told, "usedUsd": 0, "remainingUsd": told["creditsUsd"]})


@fault("usage/charge-agrees-with-the-run", source="reference")
def charges_are_rounded_up_to_cents(mock: Bench) -> None:
    """A run is charged what it says that its sandbox cost."""
    _on_records(mock, lambda record: {**record, "costUsd": round(record["costUsd"] + 0.01, 2)})


@fault("usage/charge-follows-time-and-size", "runs/sandbox-cost-follows-time", source="guide")
def charges_are_by_the_hour(mock: Bench) -> None:
    """Sandbox time is charged by the minute."""

    def change(run: Record) -> Record:
        return {**run, "costUsd": usage.money(run["costUsd"] / 60)}

    mock.after(map_member("usage.sandbox", change), ["getRun"], [200])
    _on_records(mock, change)


@fault("usage/charge-agrees-with-the-run", "usage/charge-follows-time-and-size", source="reference")
def charges_include_the_agent(mock: Bench) -> None:
    """A run is charged for its sandbox, not for its agent."""
    costs: dict[str, float] = {}

    def note(call: Call, inner: Handler) -> Answer:
        costs.update({run.id: run.cost_usd for run in call.organization.runs.values()})
        return inner(call)

    mock.handle("listUsageLogs", note)
    _on_records(mock, lambda record: {**record, "costUsd": costs.get(record["runId"], record["costUsd"])})


@fault("usage/charge-lowers-the-balance", source="reference")
def waived_costs_lower_the_balance(mock: Bench) -> None:
    """A waived cost leaves the balance as it is."""

    def change(record: Record) -> Record:
        if record["waived"]:
            record["balanceAfterUsd"] = usage.money(record["balanceAfterUsd"] - 1)
        return record

    _on_records(mock, change)


@fault("usage/charge-lowers-the-balance", source="reference")
def balances_after_are_balances_before(mock: Bench) -> None:
    """A charge's balanceAfterUsd is balanceBeforeUsd less its costUsd."""
    _on_records(mock, lambda record: {**record, "balanceAfterUsd": record["balanceBeforeUsd"]})


@fault("usage/balances-chain", source="reference")
def balances_begin_anew(mock: Bench) -> None:
    """A record begins with the balance that the one before has left."""
    _on_records(
        mock,
        lambda record: {
            **record,
            "balanceBeforeUsd": usage.FIRST_CREDITS_USD,
            "balanceAfterUsd": usage.money(usage.FIRST_CREDITS_USD - record["costUsd"]),
        },
    )


@fault("usage/cost-is-quantity-times-rate", source="assumed")
def quantities_are_in_hours(mock: Bench) -> None:
    """A charge is its quantity, in minutes or seconds, at its rate."""
    _on_records(mock, lambda record: {**record, "quantity": round(record["quantity"] / 60, 9)})


@fault("usage/record-describes-its-run", source="reference")
def records_name_another_template(mock: Bench) -> None:
    """The record of a run names the run's template."""
    _on_records(mock, lambda record: {**record, "metadata": {**record["metadata"], "templateSlug": "default"}})


@fault("usage/record-describes-its-run", "usage/cost-is-quantity-times-rate", source="reference")
def records_have_another_rate(mock: Bench) -> None:
    """The record of a run has the run's rate."""
    _on_records(mock, lambda record: {**record, "ratePerMinuteUsd": 0.05})


@fault("usage/remaining-is-credits-less-used", source="assumed")
def remaining_is_all_credits(mock: Bench) -> None:
    """What remains is the credits less what is used."""
    _on_credits(mock, lambda told: {**told, "remainingUsd": told["creditsUsd"]})


@fault("usage/credits-agree", source="guide")
def usage_tells_other_credits(mock: Bench) -> None:
    """getUsage tells the same credits as getCredits."""
    mock.after(map_member("organization.usedUsd", lambda used: used + 1), ["getUsage"], [200])


@fault("usage/credits-agree", source="guide")
def credits_are_in_cents(mock: Bench) -> None:
    """Credits are in USD, in getCredits as in getUsage."""

    def change(call: Call, inner: Handler) -> Answer:
        return Answer(200, {name: value * 100 for name, value in inner(call).body.items()})

    mock.handle("getCredits", change)


@fault("usage/last-balance-remains", source="assumed")
def the_newest_balance_is_not_what_remains(mock: Bench) -> None:
    """The balance after the newest record is what remains."""
    mock.after(map_member("remainingUsd", lambda remaining: remaining - 0.5), ["getCredits"], [200])
    mock.after(map_member("creditsUsd", lambda credits_usd: credits_usd - 0.5), ["getCredits"], [200])
    mock.after(map_member("organization.remainingUsd", lambda remaining: remaining - 0.5), ["getUsage"], [200])
    mock.after(map_member("organization.creditsUsd", lambda credits_usd: credits_usd - 0.5), ["getUsage"], [200])


@fault("usage/month-counts-runs", source="assumed")
def the_month_counts_no_runs(mock: Bench) -> None:
    """The current month counts the organization's runs."""
    mock.after(set_member("currentMonth.runsCount", 0), ["getUsage"], [200])


@fault("usage/month-counts-runs", source="assumed")
def the_month_counts_minutes(mock: Bench) -> None:
    """The current month's sandboxSeconds are seconds."""
    mock.after(map_member("currentMonth.sandboxSeconds", lambda seconds: seconds / 60), ["getUsage"], [200])


@fault("usage/month-counts-runs", source="assumed")
def the_month_costs_nothing(mock: Bench) -> None:
    """The current month's sandboxCostUsd is what its sandboxes cost."""
    mock.after(set_member("currentMonth.sandboxCostUsd", 0), ["getUsage"], [200])


@fault("usage/newest-first", source="assumed")
def records_come_oldest_first(mock: Bench) -> None:
    """Usage records come newest first."""

    def handle(call: Call, inner: Handler) -> Answer:
        turned = replace(call.organization, usage_logs=call.organization.usage_logs[::-1])
        return inner(replace(call, organization=turned))

    mock.handle("listUsageLogs", handle)


def _asking(mock: Bench, **query: Any) -> None:
    mock.handle("listUsageLogs", lambda call, inner: inner(replace(call, query={**call.query, **query})))


@fault("usage/filter-resource-type", source="reference")
def resource_type_is_ignored(mock: Bench) -> None:
    """listUsageLogs: resourceType selects records."""
    _asking(mock, resourceType=None)


@fault("usage/filter-resource-type", source="reference")
def grants_are_never_found(mock: Bench) -> None:
    """listUsageLogs: resourceType credit_grant selects grants."""

    def handle(call: Call, inner: Handler) -> Answer:
        if call.query["resourceType"] != "credit_grant":
            return inner(call)
        return inner(replace(call, organization=replace(call.organization, usage_logs=[])))

    mock.handle("listUsageLogs", handle)


@fault("usage/filter-dates", source="reference")
def start_date_is_ignored(mock: Bench) -> None:
    """listUsageLogs: startDate leaves out what came before."""
    _asking(mock, startDate=None)


@fault("usage/filter-dates", source="reference")
def end_date_is_ignored(mock: Bench) -> None:
    """listUsageLogs: endDate leaves out what came after."""
    _asking(mock, endDate=None)


@fault("usage/filter-dates", source="reference")
def dates_are_taken_for_days(mock: Bench) -> None:
    """listUsageLogs: startDate is a moment, not a day."""

    def handle(call: Call, inner: Handler) -> Answer:
        start = call.query["startDate"]
        return inner(replace(call, query={**call.query, "startDate": start and f"{start[:10]}T00:00:00Z"}))

    mock.handle("listUsageLogs", handle)


@fault("usage/filters-together", source="reference")
def a_date_switches_the_type_off(mock: Bench) -> None:
    """listUsageLogs: several filters select what each of them selects."""

    def handle(call: Call, inner: Handler) -> Answer:
        dated = call.query["startDate"] or call.query["endDate"]
        return inner(replace(call, query={**call.query, "resourceType": None}) if dated else call)

    mock.handle("listUsageLogs", handle)


@fault("usage/month-counts-runs", source="assumed")
def the_month_counts_completed_runs(mock: Bench) -> None:
    """The current month counts runs that failed or were cancelled, too."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        completed = sum(run.status == "completed" for run in call.organization.runs.values())
        answer.body["currentMonth"]["runsCount"] = completed
        return answer

    mock.handle("getUsage", handle)


@fault("usage/record-is-of-its-time", source="reference")
def records_are_of_the_day(mock: Bench) -> None:
    """A usage record's createdAt is the moment of the charge, not its day."""
    mock.after(map_member("data.*.createdAt", lambda text: f"{text[:10]}T00:00:00Z"), ["listUsageLogs"], [200])

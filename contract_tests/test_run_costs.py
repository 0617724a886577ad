"""What runs cost: their agents, their sandboxes, and both together.

What the organization is charged for them is in `test_usage.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lives import Life
from contract_tests.harness.money import amount, is_charge, rounding
from contract_tests.harness.own_runs import OwnRuns
from contract_tests.harness.reading import members
from contract_tests.harness.rules import not_checked, require, rule
from generated.contract import SANDBOX_RATES_PER_MINUTE_USD


def used(own_runs: OwnRuns) -> list[tuple[Life, Exchange, Any]]:
    """The ended runs whose usage is shown."""
    found = []
    for life in own_runs.ended():
        usage = members(members(life.ended[-1].json).get("usage"))
        if amount(usage.get("totalCostUsd")) is not None:
            found.append((life, life.ended[-1], usage))
    return found or not_checked("because no ended run shows its usage")


@rule("runs/usage-adds-up", source="reference")
def test_usage_adds_up(own_runs: OwnRuns) -> None:
    """A run's total cost is that of its agent and its sandbox together; what is waived may be left out."""
    shows = []
    for life, exchange, usage in used(own_runs):
        parts = [members(usage.get(name)) for name in ("agent", "sandbox")]
        agent, sandbox = (amount(part.get("costUsd")) for part in parts)
        if agent is not None and sandbox is not None:
            shows.append((life, exchange, float(usage["totalCostUsd"]), agent, sandbox, parts[1].get("waived") is True))
    if not shows:
        not_checked("because no ended run shows what its agent and its sandbox cost")
    slack = 3 * rounding(value for _, _, *costs, _ in shows for value in costs)
    for life, exchange, total, agent, sandbox, waived in shows:
        sums = [agent + sandbox, agent] if waived else [agent + sandbox]
        seen = f"{life.name} costs {total:g} in total, its agent {agent:g}, its sandbox {sandbox:g}"
        require(any(abs(total - right) <= slack + 1e-9 for right in sums), seen, exchange)


def sandboxes(own_runs: OwnRuns) -> Iterator[tuple[Life, Exchange, float, Any]]:
    """The ended runs whose sandbox is shown, with the documented rate of its size."""
    found = [
        (life, exchange, SANDBOX_RATES_PER_MINUTE_USD[life.template["size"]], members(usage.get("sandbox")))
        for life, exchange, usage in used(own_runs)
        if isinstance(usage.get("sandbox"), dict)
    ]
    yield from found or not_checked("because no ended run shows what its sandbox used")


@rule("runs/sandbox-rate-of-its-size", source="guide")
def test_the_sandbox_rate_is_of_its_size(own_runs: OwnRuns) -> None:
    """The rate of a run's sandbox is the documented one of its template's size."""
    for life, exchange, rate, sandbox in sandboxes(own_runs):
        value = amount(sandbox.get("ratePerMinuteUsd"))
        seen = f"a sandbox of size {life.template['size']} costs {value} a minute, not {rate}"
        require(value is None or abs(value - rate) < 1e-9, seen, exchange)


def sandbox_costs(own_runs: OwnRuns) -> Iterator[tuple[str, Exchange, float, float, float, float]]:
    """Of each sandbox that was paid for: its costs as a sentence, the reading, what it cost, how many seconds it was
    up, its rate, and how far the numbers may be off.
    """
    found = list(sandboxes(own_runs))
    slack = rounding(box.get("costUsd") for _, _, _, box in found)
    for life, exchange, rate, box in found:
        cost, seconds = amount(box.get("costUsd")), amount(box.get("durationSeconds"))
        if cost is not None and seconds is not None and box.get("waived") is not True:
            seen = f"the sandbox of {life.name} was up {seconds:g} seconds at {rate} a minute, but cost {cost:g}"
            yield seen, exchange, cost, seconds, rate, slack


@rule("runs/sandbox-cost-follows-time", source="guide")
def test_the_sandbox_cost_follows_its_time(own_runs: OwnRuns) -> None:
    """A sandbox costs its time at its rate, counted to the second at the least and by minutes begun at the most."""
    for seen, exchange, cost, seconds, rate, slack in sandbox_costs(own_runs):
        require(is_charge(cost, seconds, rate, slack), seen, exchange)


@rule("runs/sandbox-cost-to-the-second", source="assumed")
def test_the_sandbox_cost_is_to_the_second(own_runs: OwnRuns) -> None:
    """A sandbox costs its time at its rate to the second."""
    for seen, exchange, cost, seconds, rate, slack in sandbox_costs(own_runs):
        require(abs(cost - seconds / 60 * rate) <= rate / 60 + slack, seen, exchange)

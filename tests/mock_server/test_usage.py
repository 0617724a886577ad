"""Credits go down by what sandboxes cost; records chain; both summaries agree."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from generated.contract import SANDBOX_RATES_PER_MINUTE_USD
from mock_server.usage import FIRST_CREDITS_USD
from tests.mock_server.in_process import Client, Mock


def logs(client: Client, **query: Any) -> list[dict[str, Any]]:
    return list(client.get("/v1/usage/logs", **{"limit": 100, **query}).body["data"])


@pytest.fixture
def spender(client: Client, mock: Mock) -> Client:
    """A client that has used sandboxes of every size, one of them waived."""
    for size in SANDBOX_RATES_PER_MINUTE_USD:
        client.create_template(f"size-{size}", size=size)
        client.start_run(template=f"size-{size}")
        client.start_run("[mock:fail]", template=f"size-{size}")
    client.start_run("[mock:platform_failure]")
    mock.wait(60)
    return client


def test_an_organization_begins_with_one_grant(client: Client) -> None:
    (grant,) = logs(client)
    assert (grant["resourceType"], grant["balanceBeforeUsd"], grant["balanceAfterUsd"]) == ("credit_grant", 0, 100)
    assert client.get("/v1/usage/credits").body == {"creditsUsd": 100, "usedUsd": 0, "remainingUsd": 100}


def test_records_chain_from_the_oldest_to_what_is_left(spender: Client) -> None:
    records = logs(spender)[::-1]
    assert len(records) == 8
    assert records == sorted(records, key=lambda record: record["createdAt"])
    assert records[0]["balanceBeforeUsd"] == 0
    for earlier, later in pairwise(records):
        assert later["balanceBeforeUsd"] == earlier["balanceAfterUsd"]
        assert later["balanceAfterUsd"] == pytest.approx(later["balanceBeforeUsd"] - later["costUsd"], abs=1e-9)
    left = spender.get("/v1/usage/credits").body
    assert left["remainingUsd"] == records[-1]["balanceAfterUsd"]
    assert left["remainingUsd"] == pytest.approx(left["creditsUsd"] - left["usedUsd"], abs=1e-9)
    assert left["creditsUsd"] == FIRST_CREDITS_USD


def test_costs_follow_size_and_duration_and_agree_with_the_run(spender: Client) -> None:
    for record in logs(spender, resourceType="sandbox"):
        run = spender.read_run(record["runId"])
        sandbox = run["usage"]["sandbox"]
        assert record["metadata"]["templateSlug"] == run["templateSlug"]
        assert (record["costUsd"], record["waived"]) == (sandbox["costUsd"], sandbox["waived"])
        assert record["ratePerMinuteUsd"] == sandbox["ratePerMinuteUsd"]
        assert record["quantity"] == pytest.approx(sandbox["durationSeconds"] / 60)
        full = record["quantity"] * record["ratePerMinuteUsd"]
        shown = record["metadata"]["waivedCostUsd"] if record["waived"] else record["costUsd"]
        assert shown == pytest.approx(full, abs=1e-6)
        assert record["createdAt"] == run["completedAt"]
    rates = {record["ratePerMinuteUsd"] for record in logs(spender, resourceType="sandbox")}
    assert rates == set(SANDBOX_RATES_PER_MINUTE_USD.values())


def test_a_waived_cost_is_not_charged(spender: Client) -> None:
    (waived,) = [record for record in logs(spender) if record["waived"]]
    assert (waived["costUsd"], waived["balanceAfterUsd"]) == (0, waived["balanceBeforeUsd"])
    assert waived["metadata"]["waivedCostUsd"] > 0


def test_both_summaries_agree_and_the_month_sums_up_the_charges(spender: Client) -> None:
    usage = spender.get("/v1/usage/detailed").body
    charges = logs(spender, resourceType="sandbox")
    assert usage["organization"] == spender.get("/v1/usage/credits").body
    assert usage["currentMonth"]["runsCount"] == 7
    assert usage["currentMonth"]["sandboxCostUsd"] == pytest.approx(sum(charge["costUsd"] for charge in charges))
    assert usage["currentMonth"]["sandboxSeconds"] == pytest.approx(sum(charge["quantity"] * 60 for charge in charges))


def test_a_new_month_begins_with_nothing(spender: Client, mock: Mock) -> None:
    mock.wait(31 * 24 * 3600)
    month = spender.get("/v1/usage/detailed").body["currentMonth"]
    assert month == {"sandboxSeconds": 0, "sandboxCostUsd": 0, "runsCount": 0}


def test_dates_belong_to_the_period_that_they_bound(spender: Client) -> None:
    records = logs(spender)
    first, last = records[5]["createdAt"], records[2]["createdAt"]
    selected = logs(spender, startDate=first, endDate=last)
    assert selected == [record for record in records if first <= record["createdAt"] <= last]
    assert records[5] in selected
    assert records[2] in selected
    assert logs(spender, startDate="2099-01-01T00:00:00Z") == []
    assert logs(spender, endDate="2001-01-01T00:00:00Z") == []
    assert first < last
    assert logs(spender, startDate=last, endDate=first) == []


@pytest.mark.parametrize(
    "text", ["2016-12-31T23:59:60Z", "2020-02-29t00:00:00.123456789z", "2020-01-01T00:00:00-23:59"]
)
def test_unusual_dates_are_dates(client: Client, text: str) -> None:
    assert len(logs(client, startDate=text)) == 1
    assert logs(client, endDate=text) == []


@pytest.mark.parametrize(
    "text", ["", "2020-01-01", "2020-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "1577836800", "2020-01-01T00:00:00"]
)
def test_what_is_no_date_is_refused(client: Client, text: str) -> None:
    response = client.get("/v1/usage/logs", startDate=text)
    assert (response.status, response.body["errors"][0]["field"]) == (400, "startDate")


def test_records_are_paged_with_a_default_of_their_own(spender: Client) -> None:
    whole = spender.get("/v1/usage/logs").body
    assert whole["pagination"] == {"page": 1, "limit": 50, "total": 8, "totalPages": 1}
    pages = [spender.get("/v1/usage/logs", page=page, limit=3).body["data"] for page in (1, 2, 3, 4)]
    assert [record for page in pages for record in page] == whole["data"]
    assert pages[3] == []


def test_credits_can_run_out(client: Client, mock: Mock) -> None:
    client.create_template("large", size="l")
    while client.get("/v1/usage/credits").body["remainingUsd"] > 0:
        for _ in range(10):
            client.start_run("[mock:slow]", template="large", guardrails={"timeoutSeconds": 3600})
        mock.wait(3700)
    response = client.post("/v1/runs", {"repo": "acme/storefront", "prompt": "Go.", "template": "large"})
    assert (response.status, response.code) == (402, "USAGE_INSUFFICIENT_CREDITS")

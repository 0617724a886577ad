"""Logs grow at their end only, the oldest first."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mock_server.in_process import Client, Mock

CATEGORIES = ["system", "git", "agent", "filesystem", "github", "web", "mcp", "error"]


def logs(client: Client, run_id: str, **query: Any) -> list[dict[str, Any]]:
    return list(client.get(f"/v1/runs/{run_id}/logs", **{"limit": 250, **query}).body["data"])


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_was_shown_once_stays_where_it_was(client: Client, mock: Mock, cancelled: bool) -> None:
    run_id = client.start_run()
    before: list[dict[str, Any]] = []
    lengths = set()
    for step in range(60):
        now = logs(client, run_id)
        assert now[: len(before)] == before
        assert now == sorted(now, key=lambda record: record["timestamp"])
        before = now
        lengths.add(len(now))
        if cancelled and step == 10:
            client.post(f"/v1/runs/{run_id}/cancel")
        mock.wait(0.7)
    assert len(lengths) > (4 if cancelled else 10), "they grow step by step"
    assert len({record["id"] for record in before}) == len(before)
    run = client.read_run(run_id)
    assert before[0]["timestamp"] == run["createdAt"]
    assert (before[-1]["timestamp"], before[-1]["eventType"]) == (run["completedAt"], f"run.{run['status']}")


def test_an_ended_run_has_more_records_than_a_page_by_default_and_pages_join(client: Client) -> None:
    run_id = client.ended_run()["id"]
    whole = logs(client, run_id)
    first = client.get(f"/v1/runs/{run_id}/logs").body
    assert first["pagination"] == {"limit": 50, "offset": 0, "total": len(whole)}
    assert len(whole) > 50
    joined = [record for offset in range(0, len(whole), 7) for record in logs(client, run_id, limit=7, offset=offset)]
    assert joined == whole
    assert logs(client, run_id, offset=100_000) == []


def test_categories_divide_the_records(client: Client) -> None:
    run_id = client.ended_run("[mock:fail]")["id"]
    by_category = {category: logs(client, run_id, category=category) for category in CATEGORIES}
    assert all(by_category.values()), "a failed run has something of each"
    assert all(record["category"] == category for category, records in by_category.items() for record in records)
    assert sum(map(len, by_category.values())) == len(logs(client, run_id))


def test_a_pending_run_has_said_that_it_was_created(client: Client) -> None:
    assert [record["eventType"] for record in logs(client, client.start_run())] == ["run.created"]

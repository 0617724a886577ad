"""Whatever is started, cancelled and waited for: lives, charges, places and deliveries fit together."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generated.contract import CONCURRENT_RUNS
from mock_server.scenarios import Word
from tests.mock_server.in_process import Client, Mock

Step = Callable[[Client, list[str]], None]

HOOK = "https://hooks.example/all"


def start(words: list[Word]) -> Step:
    def step(client: Client, ids: list[str]) -> None:
        prompt = "Go. " + "".join(f"[mock:{word}]" for word in words)
        response = client.post("/v1/runs", {"repo": "acme/storefront", "prompt": prompt, "template": "node-default"})
        active = client.get("/v1/runs").body["meta"]["activeCount"]
        assert response.status == 201 or active == CONCURRENT_RUNS
        if response.status == 201:
            ids.append(response.body["id"])

    return step


def cancel(which: int) -> Step:
    def step(client: Client, ids: list[str]) -> None:
        if ids:
            run_id = ids[which % len(ids)]
            ended = client.read_run(run_id)["completedAt"] is not None
            response = client.post(f"/v1/runs/{run_id}/cancel")
            assert response.status == (409 if ended else 200)

    return step


def wait(seconds: float) -> Step:
    return lambda client, _: client.mock.wait(seconds)


steps = st.lists(
    st.one_of(
        st.lists(st.sampled_from(list(Word)), max_size=3).map(start),
        st.integers(0, 30).map(cancel),
        st.floats(0, 45).map(wait),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_lives_charges_places_and_deliveries_fit_together(steps: list[Step]) -> None:
    mock = Mock()
    client, ids = mock.client(), list[str]()
    client.create_webhook(HOOK)
    for step in steps:
        step(client, ids)
    runs = [client.read_run(run_id) for run_id in ids]
    for run in runs:
        check_life(run)
    ended = [run for run in runs if run["completedAt"] is not None]
    assert client.get("/v1/runs").body["meta"]["activeCount"] == len(runs) - len(ended)
    check_charges(client, ended)
    delivered = [json.loads(delivery.body)["run"] for delivery, _ in mock.receivers.attempts]
    assert sorted(delivered, key=lambda run: ids.index(run["id"])) == ended
    mock.close()


def check_life(run: dict[str, Any]) -> None:
    moments = [run["createdAt"], run["startedAt"], run["completedAt"]]
    known = [moment for moment in moments if moment is not None]
    assert known == sorted(known)
    assert (run["completedAt"] is None) == (run["status"] in ("pending", "running"))
    assert run["startedAt"] is None or run["status"] != "pending"
    assert (run["status"] == "failed") == (run["failReason"] is not None) == (run["error"] is not None)
    assert run["status"] != "cancelled" or run["createdAt"] <= run["cancelRequestedAt"] < run["completedAt"]
    assert run["cancelRequestedAt"] is None or run["status"] not in ("completed", "failed")


def check_charges(client: Client, ended: list[dict[str, Any]]) -> None:
    records = client.get("/v1/usage/logs?limit=100").body["data"][::-1]
    charged = {record["runId"]: record["costUsd"] for record in records[1:]}
    assert charged == {run["id"]: run["usage"]["sandbox"]["costUsd"] for run in ended if run["startedAt"] is not None}
    assert all(earlier["balanceAfterUsd"] == later["balanceBeforeUsd"] for earlier, later in pairwise(records))
    left = client.get("/v1/usage/credits").body
    assert left["usedUsd"] == pytest.approx(sum(charged.values()))
    assert left["remainingUsd"] == records[-1]["balanceAfterUsd"]

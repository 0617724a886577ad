"""Requests against the document's schemas, and what is said of those that break them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mock_server.in_process import Client

RUN = {"repo": "acme/storefront", "prompt": "Go.", "template": "node-default"}


def errors(body: Any) -> list[tuple[str, str]]:
    assert body["type"] == "VALIDATION_FAILED"
    return sorted((error["field"], error["code"]) for error in body["errors"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"prompt": ""}, [("prompt", "too_small")]),
        ({"prompt": "x" * 50001}, [("prompt", "too_big")]),
        ({"prompt": 7}, [("prompt", "invalid_type")]),
        ({"branch": None}, [("branch", "invalid_type")]),
        ({"model": "gpt"}, [("model", "invalid_enum_value")]),
        ({"guardrails": {"maxTurns": 0}}, [("guardrails.maxTurns", "too_small")]),
        ({"guardrails": {"maxTurns": 1001}}, [("guardrails.maxTurns", "too_big")]),
        ({"guardrails": {"maxTurns": 1.5}}, [("guardrails.maxTurns", "invalid_type")]),
        ({"guardrails": {"maxTurns": True}}, [("guardrails.maxTurns", "invalid_type")]),
        ({"guardrails": {"maxTurns": 10**30}}, [("guardrails.maxTurns", "too_big")]),
        ({"guardrails": {"maxCostUsd": 0.009}}, [("guardrails.maxCostUsd", "too_small")]),
        ({"guardrails": []}, [("guardrails", "invalid_type")]),
        ({"env": {"A": 1}}, [("env.A", "invalid_type")]),
        ({"callbackUrl": "not a url"}, [("callbackUrl", "invalid_string")]),
        ({"metadata": {"a": None}}, [("metadata.a", "invalid_type")]),
        ({"metadata": "text"}, [("metadata", "invalid_value")]),
        ({"metadata": {"a": "x" * 5000}}, [("metadata", "too_big")]),
        ({"metadata": {str(n): "" for n in range(51)}}, [("metadata", "too_big")]),
        ({"prompt": "", "model": "gpt"}, [("model", "invalid_enum_value"), ("prompt", "too_small")]),
    ],
)
def test_each_fault_of_a_body_is_told_with_its_field(client: Client, change: Any, expected: Any) -> None:
    assert errors(client.post("/v1/runs", {**RUN, **change}).body) == expected


def test_members_that_are_missing_are_told(client: Client) -> None:
    expected = [("prompt", "required"), ("repo", "required"), ("template", "required")]
    assert errors(client.post("/v1/runs", {}).body) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "x" * 50000},
        {"prompt": "\U0001f600" * 50000},
        {"guardrails": {"maxTurns": 1, "maxCostUsd": 0.01, "timeoutSeconds": 30}},
        {"guardrails": {"maxTurns": 1000.0, "maxCostUsd": 1000, "timeoutSeconds": 3600}},
        {"guardrails": {}},
        {"metadata": None},
        {"metadata": {str(n): "" for n in range(50)}},
        {"metadata": {"a": "x" * 4000}},
        {"callbackUrl": "https://a.example/" + "x" * 2030},
        {"env": {}},
        {"unknown": [1, {"deep": None}]},
    ],
)
def test_what_keeps_to_the_bounds_is_accepted(client: Client, change: Any) -> None:
    assert client.post("/v1/runs", {**RUN, **change}).status == 201


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=0", [("limit", "too_small")]),
        ("limit=101", [("limit", "too_big")]),
        ("limit=" + "9" * 5000, [("limit", "too_big")]),
        ("page=-1", [("page", "too_small")]),
        ("page=10001", [("page", "too_big")]),
        ("page=one", [("page", "invalid_type")]),
        ("page=1.0", [("page", "invalid_type")]),
        ("page=", [("page", "invalid_type")]),
        ("page=%D9%A1", [("page", "invalid_type")]),
        ("page=1&page=2", [("page", "invalid_type")]),
        ("status=ended", [("status", "invalid_enum_value")]),
        ("status=failed,", [("status", "invalid_enum_value")]),
        ("status=", [("status", "invalid_enum_value")]),
        ("outputTypes=pr,mr", [("outputTypes", "invalid_enum_value")]),
        ("search=" + "x" * 201, [("search", "too_big")]),
        ("template=" + "x" * 51, [("template", "too_big")]),
        ("model=gpt", [("model", "invalid_enum_value")]),
        ("sortBy=id", [("sortBy", "invalid_enum_value")]),
        ("order=up", [("order", "invalid_enum_value")]),
        ("limit=0&page=x", [("limit", "too_small"), ("page", "invalid_type")]),
    ],
)
def test_each_fault_of_the_query_is_told_with_its_parameter(client: Client, query: str, expected: Any) -> None:
    response = client.get(f"/v1/runs?{query}")
    assert (response.status, errors(response.body)) == (400, expected)


@pytest.mark.parametrize(
    "query",
    [
        "page=1&limit=100",
        "page=10000&limit=1",
        "status=pending,running,completed,failed,cancelled",
        "search=",
        "search=%FF%00+a%20b",
        "search=" + "%C3%A4" * 200,
        "unknown=1&&=&limit=5",
        "%6Cimit=5",
    ],
)
def test_a_query_that_keeps_to_the_bounds_is_accepted(client: Client, query: str) -> None:
    assert client.get(f"/v1/runs?{query}").status == 200


def test_a_value_is_never_told(client: Client) -> None:
    response = client.post("/v1/runs", {**RUN, "env": {"TOKEN": ["hush-hush"]}, "model": "hush-hush"})
    assert b"hush-hush" not in response.content


def test_a_thousand_faults_are_not_all_told(client: Client) -> None:
    response = client.post("/v1/runs", {**RUN, "env": {f"A{number}": number for number in range(1000)}})
    assert len(response.body["errors"]) == 50

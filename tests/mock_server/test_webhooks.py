"""Webhooks: one for each URL, 25 at the most, their secret shown once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from generated.contract import WEBHOOKS_PER_ORGANIZATION
from tests.mock_server.documented import Response
from tests.mock_server.in_process import Client, Mock


def test_the_secret_is_shown_once(client: Client) -> None:
    created = client.create_webhook()
    listed = client.get("/v1/webhooks")
    secret = created.pop("secret")
    (webhook,) = listed.body["data"]
    assert secret.encode() not in listed.content
    assert {name: webhook[name] for name in created} == created
    assert webhook["health"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://hooks.example/", "events": ["run.failed"]}, "url"),
        ({"url": "hooks.example", "events": ["run.failed"]}, "url"),
        ({"url": "https://hooks.example/" + "a" * 2048, "events": ["run.failed"]}, "url"),
        ({"url": "https://hooks.example/", "events": []}, "events"),
        ({"url": "https://hooks.example/", "events": ["run.started"]}, "events.0"),
        ({"url": "https://hooks.example/"}, "events"),
    ],
)
def test_what_breaks_the_schema_is_refused(client: Client, body: dict[str, Any], field: str) -> None:
    response = client.post("/v1/webhooks", body)
    assert response.code == "VALIDATION_FAILED"
    assert {error["field"] for error in response.body["errors"]} == {field}
    assert client.get("/v1/webhooks").body["data"] == []


def test_there_is_one_for_each_url(client: Client) -> None:
    client.create_webhook("https://hooks.example/1")
    response = client.post("/v1/webhooks", {"url": "https://hooks.example/1", "events": ["run.failed"]})
    assert (response.status, response.code) == (409, "WEBHOOK_URL_DUPLICATE")
    client.create_webhook("https://hooks.example/2")


def test_the_26th_is_refused_until_one_is_deleted(client: Client) -> None:
    webhooks = [client.create_webhook(f"https://hooks.example/{number}") for number in range(WEBHOOKS_PER_ORGANIZATION)]
    body = {"url": "https://hooks.example/one-more", "events": ["run.failed"]}
    assert client.post("/v1/webhooks", body).code == "WEBHOOK_LIMIT_EXCEEDED"
    assert client.delete(f"/v1/webhooks/{webhooks[7]['id']}").status == 204
    assert client.post("/v1/webhooks", body).status == 201
    assert len(client.get("/v1/webhooks").body["data"]) == WEBHOOKS_PER_ORGANIZATION


def test_25_pass_when_30_come_at_once(client: Client, mock: Mock) -> None:
    async def all_at_once() -> list[Response]:
        bodies = [{"url": f"https://hooks.example/{number}", "events": ["run.failed"]} for number in range(30)]
        return await asyncio.gather(*(client.sending("POST", "/v1/webhooks", body) for body in bodies))

    assert Counter(response.status for response in mock.run(all_at_once())) == {201: 25, 409: 5}


def test_deletion_is_final(client: Client) -> None:
    webhook = client.create_webhook()
    assert client.delete(f"/v1/webhooks/{webhook['id']}").status == 204
    assert client.delete(f"/v1/webhooks/{webhook['id']}").code == "WEBHOOK_NOT_FOUND"
    assert client.create_webhook()["id"] != webhook["id"]

"""The check of responses that the mock's tests rely on notices what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.mock_server.documented import Response, check
from tests.mock_server.in_process import Client


@pytest.fixture
def right(client: Client) -> Response:
    return client.get("/v1/runs?limit=0")


def with_member(response: Response, **members: Any) -> Response:
    return replace(response, content=json.dumps({**response.body, **members}).encode())


def without_header(response: Response, name: str) -> Response:
    return replace(response, headers={key: value for key, value in response.headers.items() if key != name})


def test_a_right_response_passes(right: Response) -> None:
    check(right)


@pytest.mark.parametrize("name", ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"])
def test_a_missing_header_is_noticed(right: Response, name: str) -> None:
    with pytest.raises(AssertionError, match="without"):
        check(without_header(right, name))


@pytest.mark.parametrize(
    "change",
    [
        {"status": 409},
        {"status": 200},
        {"content": b"{}"},
        {"headers": {"x-ratelimit-limit": "100"}},
        {"headers": {"x-ratelimit-remaining": "200"}},
        {"headers": {"x-ratelimit-remaining": "-1"}},
        {"headers": {"retry-after": "1"}},
        {"headers": {"content-type": "text/html"}},
    ],
)
def test_another_status_header_media_type_or_body_is_noticed(right: Response, change: dict[str, Any]) -> None:
    headers = {**right.headers, **change.pop("headers", {})}
    with pytest.raises(AssertionError):
        check(replace(right, headers=headers, **change))


@pytest.mark.parametrize(
    "members", [{"type": "CONFLICT"}, {"status": 404}, {"title": "Oh no"}, {"errors": []}, {"instance": "/v1"}]
)
def test_another_problem_is_noticed(right: Response, members: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        check(with_member(right, **members))

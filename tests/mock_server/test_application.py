"""What every request meets, in which order: key, window, route, schema, operation."""

from __future__ import annotations

import json

import pytest

from generated.contract import OPERATIONS, RATE_LIMIT_REQUESTS, Operation
from mock_server.application import Application, Parts
from mock_server.asgi import MAX_BODY_BYTES
from mock_server.calls import Answer, Call
from mock_server.clock import Clock
from mock_server.operations import HANDLERS
from tests.mock_server.in_process import Client, Mock

WITH_BODY = ["createRun", "createTemplate", "updateTemplate", "createWebhook"]


def path_of(operation: Operation) -> str:
    return operation.path.replace("{id}", "none").replace("{idOrSlug}", "none")


def test_every_operation_of_the_document_has_a_handler() -> None:
    assert HANDLERS.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_a_missing_key_is_told_before_anything_else(mock: Mock, operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    response = Client(mock, None).send(operation.method, path_of(operation), content=b"not json")
    assert (response.status, response.code) == (401, "AUTH_UNAUTHORIZED")


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_an_exhausted_window_is_told_before_faults_of_the_request(mock: Mock, operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    response = mock.client("rate_limited_1").send(operation.method, path_of(operation), content=b"not json")
    assert (response.status, response.code, response.remaining) == (429, "RATE_LIMIT_EXCEEDED", 0)


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_the_internal_error_scenario_fails_every_operation(mock: Mock, operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    response = mock.client("internal_error_1").send(operation.method, path_of(operation))
    assert (response.status, response.code) == (500, "INTERNAL_ERROR")


def test_a_body_that_breaks_its_schema_is_told_before_that_the_template_is_missing(client: Client) -> None:
    assert client.patch("/v1/templates/none", {"name": ""}).code == "VALIDATION_FAILED"
    assert client.patch("/v1/templates/none", {"name": "x"}).code == "TEMPLATE_NOT_FOUND"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1"),
        ("GET", "/v1/runs/"),
        ("PUT", "/v1/runs"),
        ("HEAD", "/v1/runs"),
        ("OPTIONS", "/v1/runs"),
        ("get", "/v1/runs"),
        ("BREW", "/v1/runs"),
        ("POST", "/v1/usage/credits"),
        ("GET", "/v1/runs/a/b/c"),
        ("GET", "//v1/runs"),
        ("GET", "/v2/runs"),
    ],
)
def test_what_the_document_lacks_is_not_found_needs_a_key_and_counts(mock: Mock, method: str, path: str) -> None:
    client = mock.client()
    before = client.get("/v1/runs").remaining
    response = client.send(method, path)
    assert (response.status, response.code, response.remaining) == (404, "NOT_FOUND", before - 1)
    assert Client(mock, None).send(method, path).status == 401


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/runs/%2F", "NOT_FOUND"),
        ("/v1/runs/%00", "NOT_FOUND"),
        ("/v1/runs/..", "NOT_FOUND"),
        ("/v1/runs/%FF%FE", "NOT_FOUND"),
        ("/v1/runs/" + "a" * 8000, "NOT_FOUND"),
        ("/v1/templates/node-default%20", "TEMPLATE_NOT_FOUND"),
        ("/v1/templates/NODE-DEFAULT", "TEMPLATE_NOT_FOUND"),
    ],
)
def test_odd_segments_name_nothing(client: Client, path: str, code: str) -> None:
    response = client.get(path)
    assert (response.status, response.code) == (404, code)


def test_an_encoded_letter_is_the_letter(client: Client) -> None:
    assert client.get("/v1/templates/node%2Ddefault").status == 200


def test_request_ids_differ(client: Client) -> None:
    ids = {client.get("/v1/runs/none").body["requestId"] for _ in range(20)}
    assert len(ids) == 20


@pytest.mark.parametrize("operation_id", WITH_BODY)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"NaN",
        b'{"prompt": NaN}',
        b'{"prompt": "\\ud800"}',
        b'{"prompt": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"prompt": 1e999}',
    ],
)
def test_a_body_that_is_no_json_object_is_a_bad_request(client: Client, operation_id: str, content: bytes) -> None:
    operation = OPERATIONS[operation_id]
    response = client.send(operation.method, path_of(operation), content=content)
    assert (response.status, response.code) == (400, "BAD_REQUEST")


def test_a_body_of_another_media_type_is_a_bad_request(mock: Mock) -> None:
    headers = [(b"authorization", b"Bearer csk_live_media"), (b"content-type", b"application/x-www-form-urlencoded")]
    response = mock.run(mock.request("POST", "/v1/webhooks", headers, b"{}"))
    assert (response.status, response.code) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("media_type", [b"application/json; charset=utf-8", b"Application/JSON", b"application/x+json"])
def test_json_is_known_under_its_other_names(mock: Mock, media_type: bytes) -> None:
    headers = [(b"authorization", b"Bearer csk_live_media"), (b"content-type", media_type)]
    content = json.dumps({"url": "https://a.example/", "events": ["run.failed"]}).encode()
    assert mock.run(mock.request("POST", "/v1/webhooks", headers, content)).status == 201


def test_a_body_that_is_too_large_is_a_bad_request_with_the_windows_headers(client: Client) -> None:
    response = client.send("POST", "/v1/runs", content=b" " * (MAX_BODY_BYTES + 1))
    assert (response.code, response.remaining) == ("BAD_REQUEST", RATE_LIMIT_REQUESTS - 1)


def test_cancelling_takes_no_body_and_ignores_one(client: Client) -> None:
    run_id = client.start_run()
    assert client.send("POST", f"/v1/runs/{run_id}/cancel", content=b"not json").status == 200


def test_a_mistake_of_the_mock_is_answered_as_documented(mock: Mock, caplog: pytest.LogCaptureFixture) -> None:
    def fail(call: Call) -> Answer:
        raise RuntimeError("a mistake")

    mock.application = Application(clock=Clock(), parts=Parts(handlers={**HANDLERS, "listRuns": fail}))
    response = mock.client().get("/v1/runs")
    assert (response.status, response.code) == (500, "INTERNAL_ERROR")
    assert b"a mistake" not in response.content
    assert "a mistake" in caplog.text

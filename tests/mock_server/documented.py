"""Is a response one that the document promises? Status, headers, media type and body, read from the document afresh.

Shares no code with the mock, so that a mistake in how the mock reads the document is not made twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_rs

from generated.contract import OPERATIONS, PROBLEMS, Header, Operation, ProblemCode
from scripts import document

RATE_HEADERS = (Header.RATE_LIMIT_LIMIT, Header.RATE_LIMIT_REMAINING, Header.RATE_LIMIT_RESET)


@dataclass(frozen=True)
class Response:
    """A response as a client sees it; header names in lower case."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.body["type"])

    @property
    def remaining(self) -> int:
        return int(self.headers[Header.RATE_LIMIT_REMAINING.lower()])

    @property
    def reset(self) -> int:
        return int(self.headers[Header.RATE_LIMIT_RESET.lower()])


def check(response: Response) -> None:
    """Fails the test unless the document has this response."""
    where = f"{response.method} {response.path} answered {response.status} {response.content[:300]!r}"
    operation = operation_of(response.method, response.path)
    if response.status in (200, 201, 204):
        assert operation is not None, f"{where}, but there is no such operation"
    if operation is None:
        _check_undeclared(response, where)
        return
    documented = _responses(operation.operation_id).get(str(response.status))
    assert documented is not None, f"{where}, a status that {operation.operation_id} lacks"
    _check_headers(response, documented.get("headers", {}), where)
    if "content" not in documented:
        assert response.content == b"", f"{where}, which must have no body"
        return
    media_type = response.headers["content-type"]
    assert media_type in documented["content"], f"{where} as {media_type}"
    errors = list(_validator(operation.operation_id, response.status, media_type).iter_errors(response.body))
    assert not errors, f"{where}: {errors[0].message} at {errors[0].instance_path}"
    if response.status >= 400:
        _check_problem(response, where)


def operation_of(method: str, path: str) -> Operation | None:
    """The operation that the document has for a path; to encode what needs none changes nothing (RFC 3986, 2.3)."""
    path = re.sub(
        r"%(?:2D|2E|3\d|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])",
        lambda code: chr(int(code[0][1:], 16)),
        path,
        flags=re.IGNORECASE,
    )
    for operation in OPERATIONS.values():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", operation.path)
        if operation.method == method and re.fullmatch(pattern, path.partition("?")[0]):
            return operation
    return None


def _check_undeclared(response: Response, where: str) -> None:
    assert response.status in (401, 404, 429), where
    assert response.headers["content-type"] == "application/problem+json", where
    for name in RATE_HEADERS:
        assert name.lower() in response.headers, f"{where} without {name}"
    assert (Header.RETRY_AFTER.lower() in response.headers) == (response.status == 429), where
    assert _problem_schema().is_valid(response.body), where
    _check_problem(response, where)


def _check_problem(response: Response, where: str) -> None:
    problem = response.body
    assert problem["status"] == response.status, where
    assert problem["instance"] == response.path.partition("?")[0], where
    if response.status != 503:
        kind = PROBLEMS[ProblemCode(problem["type"])]
        assert (problem["status"], problem["title"]) == (kind.status, kind.title), where


def _check_headers(response: Response, documented: Mapping[str, Any], where: str) -> None:
    for name, reference in documented.items():
        header = document.resolved(_document(), reference)
        text = response.headers.get(name.lower())
        assert text is not None, f"{where} without {name}"
        assert text.isascii(), f"{where}: {name}: {text}"
        assert text.isdigit(), f"{where}: {name}: {text}"
        assert jsonschema_rs.is_valid(header["schema"], int(text)), f"{where}: {name}: {text}"
    if Header.RETRY_AFTER not in documented:
        assert Header.RETRY_AFTER.lower() not in response.headers, f"{where} with {Header.RETRY_AFTER}"


@cache
def _document() -> dict[str, Any]:
    return document.load()


@cache
def _responses(operation_id: str) -> Mapping[str, Any]:
    return {
        status: document.resolved(_document(), response)
        for operation in document.operations(_document())
        if operation.value["operationId"] == operation_id
        for status, response in operation.value["responses"].items()
    }


@cache
def _validator(operation_id: str, status: int, media_type: str) -> jsonschema_rs.Draft202012Validator:
    schema = _responses(operation_id)[str(status)]["content"][media_type]["schema"]
    return _compiled(schema)


@cache
def _problem_schema() -> jsonschema_rs.Draft202012Validator:
    return _compiled({"$ref": "#/components/schemas/Problem"})


def event_validator() -> jsonschema_rs.Draft202012Validator:
    """A validator for what is delivered."""
    return _compiled({"$ref": "#/components/schemas/RunEvent"})


def _compiled(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    whole = {**schema, "components": _document()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)

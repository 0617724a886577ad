"""Exchanges as a right server would have had them, and what may be altered on them; no server is asked."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from contract_tests.harness.document import Document
from contract_tests.harness.exchange import Exchange, Request, Response
from generated.contract import OPERATIONS, PROBLEMS, RATE_LIMIT_REQUESTS, Header, ProblemCode

KEY = "csk_live_exchanges_of_the_tests"
NOW = 1_800_000_000.0
CREATED_NOW = "2027-01-15T08:00:00Z"
RATE_HEADERS = {
    Header.RATE_LIMIT_LIMIT.lower(): str(RATE_LIMIT_REQUESTS),
    Header.RATE_LIMIT_REMAINING.lower(): str(RATE_LIMIT_REQUESTS - 1),
    Header.RATE_LIMIT_RESET.lower(): str(int(NOW) + 60),
}
RETRY_AFTER = {Header.RETRY_AFTER.lower(): "12"}

_numbers = itertools.count(1)


@cache
def document() -> Document:
    return Document()


def example(operation_id: str) -> Any:
    """The body of a success that the document shows, what it creates created now; None when there is none."""
    response = document().response(operation_id, OPERATIONS[operation_id].success_status)
    assert response is not None
    content = document().at(response).get("content")
    if content is None:
        return None
    base = (*response, "content", "application/json", "examples")
    first = next(iter(content["application/json"]["examples"]))
    body = json.loads(json.dumps(document().at((*document().resolve((*base, first)), "value"))))
    if OPERATIONS[operation_id].success_status == 201:
        body.get("template", body)["createdAt"] = CREATED_NOW
    return body


def exchange(
    operation_id: str | None,
    status: int,
    body: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
    content: bytes | None = None,
    sent: Any = None,
    **asked: Any,
) -> Exchange:
    """An answer with the headers of a right server; `headers` and `without` alter them, `asked` the request,
    `sent` is its body.
    """
    operation = OPERATIONS.get(operation_id or "")
    parts: dict[str, Any] = {
        "method": operation.method if operation else "GET",
        "path": operation.path.replace("{id}", "one").replace("{idOrSlug}", "one") if operation else "/v1/nothing",
        "authorization": f"Bearer {KEY}",
    }
    if sent is not None:
        parts |= {"body": sent, "has_body": True}
    request = Request(operation_id=operation_id, **(parts | asked))
    if content is None:
        content = b"" if body is None else json.dumps(body).encode()
    media_type = "application/problem+json" if status >= 400 else "application/json"
    given = RATE_HEADERS | ({"content-type": media_type} if content else {}) | (RETRY_AFTER if status == 429 else {})
    given |= {name.lower(): value for name, value in (headers or {}).items()}
    left = {name: value for name, value in given.items() if name not in [gone.lower() for gone in without]}
    return Exchange(next(_numbers), request, Response(status, left, content, 0.01), NOW, NOW + 0.01)


def success(operation_id: str, body: Any = None, **altered: Any) -> Exchange:
    """A success as the document shows it, or with another body."""
    status = altered.pop("status", OPERATIONS[operation_id].success_status)
    return exchange(operation_id, status, example(operation_id) if body is None else body, **altered)


def problem_body(code: ProblemCode, **members: Any) -> dict[str, Any]:
    """The body of a problem; a member that is None is left out."""
    kind = PROBLEMS[code]
    body: dict[str, Any] = {"type": str(code), "title": kind.title, "status": kind.status}
    if code == ProblemCode.VALIDATION_FAILED:
        body["errors"] = [{"field": "name", "message": "must not be empty", "code": "too_small"}]
    return {name: value for name, value in (body | members).items() if value is not None}


def problem(
    operation_id: str | None, code: ProblemCode, members: Mapping[str, Any] | None = None, **altered: Any
) -> Exchange:
    """An answer with a problem; `members` alter its body."""
    status = altered.pop("status", PROBLEMS[code].status)
    none_left = {Header.RATE_LIMIT_REMAINING: "0"} if code == ProblemCode.RATE_LIMIT_EXCEEDED else {}
    altered["headers"] = {**none_left, **altered.get("headers", {})}
    return exchange(operation_id, status, problem_body(code, **(members or {})), **altered)

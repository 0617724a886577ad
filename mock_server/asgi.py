"""What passes between the wire and the application? ASGI's types, a request's body, the answer and its headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import orjson

from generated.contract import RATE_LIMIT_REQUESTS, Header
from mock_server.problems import PROBLEM_MEDIA_TYPE, Refusal
from mock_server.rate_limit import Allowance

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApplication = Callable[[Message, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

MAX_BODY_BYTES = 1024 * 1024

_JSON = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", PROBLEM_MEDIA_TYPE.encode())
_LIMIT = (Header.RATE_LIMIT_LIMIT.encode().lower(), b"%d" % RATE_LIMIT_REQUESTS)
_REMAINING_NAME = Header.RATE_LIMIT_REMAINING.encode().lower()
_REMAINING = tuple((_REMAINING_NAME, b"%d" % remaining) for remaining in range(RATE_LIMIT_REQUESTS + 1))
_RESET_NAME = Header.RATE_LIMIT_RESET.encode().lower()
_RETRY_AFTER_NAME = Header.RETRY_AFTER.encode().lower()


class ClientGoneError(Exception):
    """The client went away before its request was whole, so there is nothing to do and nobody to answer."""


def header(headers: Headers, name: bytes) -> str | None:
    """The value of a header, the first one of that name."""
    return next((value.decode("latin-1") for key, value in headers if key == name), None)


async def read_body(scope: Message, receive: Receive) -> bytes | None:
    """The whole body; None when it is longer than `MAX_BODY_BYTES`. Raises ClientGoneError."""
    length = header(scope["headers"], b"content-length")
    if length is not None and int(length.lstrip("0") or "0") > MAX_BODY_BYTES:
        return None
    body, more = b"", True
    while more and len(body) <= MAX_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body if len(body) <= MAX_BODY_BYTES else None


async def send_json(send: Send, status: int, headers: Headers, body: Any) -> None:
    """Answer with a JSON body; None for no body."""
    await _send(send, status, headers if body is None else [_JSON, *headers], body)


async def send_problem(send: Send, refusal: Refusal, headers: Headers, raw_path: bytes) -> None:
    """Answer with a problem; `raw_path` is the request's."""
    own = [_PROBLEM]
    if refusal.retry_after_seconds is not None:
        own.append((_RETRY_AFTER_NAME, b"%d" % refusal.retry_after_seconds))
    instance = quote(raw_path, safe="/%:@!$&'()*+,;=~-._[]|")
    await _send(send, refusal.status, own + headers, refusal.body(instance))


def rate_headers(allowance: Allowance) -> Headers:
    """The headers that every response of the API has."""
    return [_LIMIT, _REMAINING[allowance.remaining], (_RESET_NAME, b"%d" % allowance.reset)]


async def _send(send: Send, status: int, headers: Headers, body: Any) -> None:
    content = b""
    if body is not None:
        content = orjson.dumps(body)
        headers.append((b"content-length", b"%d" % len(content)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})

"""What was sent and what came back: one request with its response, and how to show them without a secret."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

Query = Mapping[str, str | int]

KEY_PREFIX = "csk_live_"
_KEY = re.compile(KEY_PREFIX + r"[A-Za-z0-9_\-.~+/=]*")
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_\-]+")
_MOST_BYTES_SHOWN = 1_000_000
_LONGEST_SHOWN = 600


def redact(text: str) -> str:
    """Show at most four characters of each key and nothing of a webhook's secret, in what can be written as UTF-8."""
    text = text.encode("utf-8", "backslashreplace").decode()  # JSON may hold halves of surrogate pairs
    text = _KEY.sub(lambda match: _shorten_key(match.group()), text)
    return _SECRET.sub("whsec_…", text)


def _shorten_key(key: str) -> str:
    own = key.removeprefix(KEY_PREFIX)
    return f"{KEY_PREFIX}…{own[:4]}" if own else key


def is_key(text: str) -> bool:
    """Whether a text has the form of an API key, so that it is never shown whole."""
    return len(text) > len(KEY_PREFIX) and _KEY.fullmatch(text) is not None


@dataclass(frozen=True)
class Request:
    """One request. `body` is a JSON value, or bytes that are sent as they are."""

    method: str
    path: str
    """With its parameters filled in and percent-encoded."""
    operation_id: str | None = None
    """None for what the document lacks."""
    query: Query = field(default_factory=dict)
    body: Any = None
    has_body: bool = False
    content_type: str = "application/json"
    authorization: str | None = None
    """The whole header; None sends none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers."""
    provokes: int | None = None
    """The status that the server was told to answer with: no failure of its own."""
    on_the_line: bool = False
    """Whether only an assumption says how this is refused, so that any refusal will do."""

    @property
    def target(self) -> str:
        """Path and query as they stand in the request line."""
        return f"{self.path}?{urlencode(self.query, safe=',:')}" if self.query else self.path

    @property
    def payload(self) -> bytes | None:
        if not self.has_body:
            return None
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body, ensure_ascii=False).encode()

    def as_curl(self, base_url: str, variables: Mapping[str, str]) -> str:
        """The command line that repeats the request. `variables` name the environment variable of each known key."""
        parts = ["curl", "-i"]
        if self.method != "GET" or self.has_body:
            parts += ["-X", self.method]
        parts.append(shlex.quote(redact(base_url + self.target)))
        if self.authorization is not None:
            scheme, _, key = self.authorization.partition(" ")
            variable = variables.get(key) if scheme == "Bearer" else None
            whole = shlex.quote(redact(f"Authorization: {self.authorization}"))
            parts += ["-H", f'"Authorization: Bearer ${variable}"' if variable else whole]
        for name, value in self.headers.items():
            parts += ["-H", shlex.quote(redact(f"{name}: {value}"))]
        if self.has_body:
            payload = self.payload or b""
            parts += ["-H", shlex.quote(f"Content-Type: {self.content_type}")]
            text = redact(payload.decode("utf-8", "backslashreplace"))
            if len(text) > _LONGEST_SHOWN:
                text = f"{text[:_LONGEST_SHOWN]}… ({len(payload)} bytes)"
            parts += ["--data-raw", shlex.quote(text)]
        return " ".join(parts)


class _NoJson:
    def __repr__(self) -> str:
        return "no JSON"


NO_JSON = _NoJson()


@dataclass(frozen=True)
class Response:
    """One response. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        """The body as a JSON value, NO_JSON when it is none (NaN and infinities are none)."""
        try:
            return json.loads(self.body, parse_constant=_refuse_constant, parse_float=_number)
        except (ValueError, RecursionError):
            return NO_JSON

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def _number(text: str) -> float:
    """What a number is worth: 42.0 is as whole as 42, as JSON Schema has it."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


@dataclass(frozen=True)
class Exchange:
    """A request, its response and when the request left, by the target's clock in Unix seconds."""

    number: int
    request: Request
    response: Response
    sent_at: float
    received_at: float
    lost: int = 0
    """How many requests of the run had gone without an answer by then although they may have arrived."""
    answered: int = 0
    """How many requests of the run had been answered when this one left."""

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def json(self) -> Any:
        return self.response.json

    @property
    def code(self) -> str | None:
        """The problem's code, None when the body is no problem."""
        body = self.json
        value = body.get("type") if isinstance(body, dict) else None
        return value if isinstance(value, str) and self.status >= 400 else None

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    def summary(self) -> str:
        """What came back, in one line without a secret."""
        text = self.response.body[:_MOST_BYTES_SHOWN].decode("utf-8", "replace")
        shown = " ".join(redact(text).split())
        if len(shown) > _LONGEST_SHOWN:
            # What a list says of itself stands at its end.
            shown = f"{shown[: 2 * _LONGEST_SHOWN // 3]} … {shown[-_LONGEST_SHOWN // 3 :]}"
        return f"{self.status} {shown}".rstrip()

"""How else may the same JSON be written and sent? Numbers, blanks, escapes, compression, connections."""

from __future__ import annotations

import gzip
import json
from typing import Any

import orjson

from mock_server.altered import Bench, Exchange
from mock_server.variants.registry import variant


def _as_fractions(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_fractions(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_fractions(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@variant
def whole_numbers_are_written_as_fractions(mock: Bench) -> None:
    """Whole numbers are written with a fraction: 42.0."""

    def change(exchange: Exchange) -> None:
        exchange.body = _as_fractions(exchange.body)

    mock.after(change)
    mock.delivering(lambda body: orjson.dumps(_as_fractions(orjson.loads(body))))


def _pretty(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=True).replace("/", "\\/").encode()


@variant
def json_is_indented_and_escaped(mock: Bench) -> None:
    """JSON is indented, with escapes for what is not ASCII and for slashes."""

    def change(exchange: Exchange) -> None:
        if exchange.body is not None:
            exchange.content = _pretty(exchange.body)

    mock.after(change)
    mock.delivering(lambda body: _pretty(orjson.loads(body)))


@variant
def bodies_are_compressed(mock: Bench) -> None:
    """Bodies are compressed with gzip for clients that take it."""

    def change(exchange: Exchange) -> None:
        accepted = b",".join(value for name, value in exchange.request_headers if name == b"accept-encoding")
        if exchange.body is not None and b"gzip" in accepted:
            exchange.content = gzip.compress(orjson.dumps(exchange.body), mtime=0)
            exchange.headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}

    mock.after(change)


@variant
def connections_serve_one_request(mock: Bench) -> None:
    """Every connection is closed after its first answer."""

    def change(exchange: Exchange) -> None:
        exchange.headers["connection"] = "close"

    mock.after(change)

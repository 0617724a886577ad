"""A receiver of deliveries: a small server on this machine that writes down what it gets and answers as it is told.

It answers only at names that were announced, the last segment of a path with the query, so that what else comes along a
public URL is neither counted nor taken for a delivery.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RECEIVED = 204
_MOST_BYTES = 4_000_000
SECRET_PREFIX = "whsec_"
_SCHEME = "v1,"


def decoded(secret: str) -> bytes:
    """The key that a secret holds in base64, whether it is padded or not. Raises ValueError or binascii.Error."""
    text = secret.removeprefix(SECRET_PREFIX)
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


@dataclass(frozen=True)
class Delivery:
    """One request that came in. Header names are in lower case."""

    name: str
    method: str
    headers: Mapping[str, str]
    body: bytes
    answered: int
    """The status that it was answered with."""
    received_at: float
    """Unix seconds, by the clock of this machine."""

    @property
    def json(self) -> Any:
        """The body as a JSON value, None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def id(self) -> str | None:
        return self.headers.get("webhook-id")

    @property
    def timestamp(self) -> int | None:
        text = self.headers.get("webhook-timestamp", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None

    @property
    def was_received(self) -> bool:
        return 200 <= self.answered < 300

    def is_signed_with(self, secret: str) -> bool:
        """Whether one of the signatures is the Standard Webhooks' one of this request with a secret."""
        try:
            key = decoded(secret)
        except (binascii.Error, ValueError):
            return False
        signed = f"{self.id}.{self.headers.get('webhook-timestamp')}.".encode() + self.body
        right = _SCHEME + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        found = self.headers.get("webhook-signature", "").split()
        return any(hmac.compare_digest(one.encode(), right.encode()) for one in found)


class Receiver:
    """What was received, and what is answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: dict[str, tuple[int, ...]] = {}
        self._received: list[Delivery] = []

    def announce(self, name: str, *statuses: int) -> None:
        """Answer at this name from now on: what is told of each run with these statuses in turn, the last for ever."""
        with self._lock:
            self._statuses[name] = statuses or (RECEIVED,)

    def at(self, name: str) -> list[Delivery]:
        """What came in at a name, in order of arrival."""
        with self._lock:
            return [delivery for delivery in self._received if delivery.name == name]

    def take(self, path: str, method: str, headers: Mapping[str, str], body: bytes) -> int:
        """Write down a request. Returns the status of its answer."""
        name = path.rpartition("/")[2]
        with self._lock:
            statuses = self._statuses.get(name)
            if statuses is None:
                return 404
            run_id = _run_id(body)
            before = [one for one in self._received if one.name == name and _run_id(one.body) == run_id]
            status = statuses[min(len(before), len(statuses) - 1)]
            self._received.append(Delivery(name, method, headers, body, status, time.time()))
            return status


def _run_id(body: bytes) -> Any:
    """The id of the run that a delivery is of, None when it tells none."""
    try:
        return json.loads(body)["run"]["id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    server: _Server

    def handle_one_request(self) -> None:
        self.close_connection = True
        super().handle_one_request()

    def _take(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.server.receiver.take(self.path, self.command, headers, self._body())
        self.send_response(status)
        if status != RECEIVED:
            self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    do_POST = do_PUT = do_PATCH = do_GET = do_DELETE = _take  # noqa: N815 - the names that the base class looks for

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        length = self.headers.get("Content-Length", "")
        return self.rfile.read(min(int(length), _MOST_BYTES)) if length.isdigit() else b""

    def _chunks(self) -> Iterator[bytes]:
        left = _MOST_BYTES
        while left > 0:
            size = int(self.rfile.readline(100).partition(b";")[0], 16)
            if size == 0:
                break
            left -= size
            yield self.rfile.read(min(size, _MOST_BYTES))
            self.rfile.readline(100)
        while self.rfile.readline(8000).strip():
            pass  # trailers

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever breaks off or does not speak HTTP is no delivery."""


@contextmanager
def receiving(listen: str, certificate: Path | None) -> Iterator[Receiver]:
    """Receive at `host:port`, over TLS when there is a certificate.

    Raises OSError (ssl.SSLError is one) when it cannot listen or the certificate cannot be used.
    """
    host, _, port = listen.rpartition(":")
    with _Server((host.strip("[]"), int(port)), _Handler) as server:
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.receiver = Receiver()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.receiver
        finally:
            server.shutdown()
            thread.join()

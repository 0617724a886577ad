"""A receiver of deliveries: a small server on this machine that writes down what it gets, over http or https."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import trustme

HOST = "hooks.example.test"
"""Whose certificate the https receiver has; a name that only a resolution leads anywhere."""


@dataclass(frozen=True)
class Received:
    """One request, header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """What was received, and the status that the next requests are answered with."""

    port: int
    status: int = 204
    received: list[Received] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    """Answers wait while it is not set."""
    arrived: threading.Event = field(default_factory=threading.Event)
    """Set once something was received."""

    def __post_init__(self) -> None:
        self.held.set()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        receiver.received.append(Received(self.path, headers, body))
        receiver.arrived.set()
        receiver.held.wait(10)
        self.send_response(receiver.status)
        if 300 <= receiver.status < 400:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        pass


class _Server(ThreadingHTTPServer):
    receiver: Receiver

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust the receiver goes away; that is what some tests want."""


@contextlib.contextmanager
def receiving(authority: trustme.CA | None = None) -> Iterator[Receiver]:
    """A receiver at 127.0.0.1, over https as `HOST` when there is an authority that vouches for it."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        if authority is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(HOST).configure_cert(tls)
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.receiver = Receiver(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.receiver
        finally:
            server.receiver.held.set()
            server.shutdown()
            thread.join()

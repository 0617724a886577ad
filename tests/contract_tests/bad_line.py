"""A bad line to a server: a small proxy that hands on requests and answers, and does harm to those that it is told to.

It is on loopback, and everything that it does is bounded.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LONGEST_SECONDS = 3.0
"""How long anything lasts at the most."""
_STEP_SECONDS = 0.01
_CUT = b"{"
_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


@dataclass(frozen=True)
class Asked:
    """A request on its way: which one it is of all, and of its connection, counted from 1."""

    number: int
    on_its_connection: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_control(self) -> bool:
        return not self.path.startswith("/v1")


@dataclass(frozen=True)
class Answered:
    """An answer on its way back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def head(self, **changed: str | None) -> bytes:
        """Status line and headers; None leaves one out."""
        kept = [(name, value) for name, value in self.headers if name.lower().replace("-", "_") not in changed]
        kept += [(name.replace("_", "-"), value) for name, value in changed.items() if value is not None]
        lines = [f"HTTP/1.1 {self.status} Whatever", *(f"{name}: {value}" for name, value in kept)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    @property
    def whole(self) -> bytes:
        return self.head() + self.body


Ask = Callable[[], Answered]
"""Hands the request on and returns the server's answer."""
Trouble = Callable[[socket.socket, Ask], None]
"""Does harm; the connection is closed afterwards."""


def _reset(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def _half(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def reset_before(line: socket.socket, ask: Ask) -> None:
    """The connection is reset, and nothing has arrived."""
    _reset(line)


def reset_after(line: socket.socket, ask: Ask) -> None:
    """The request arrives, and the connection is reset in the answer's place."""
    ask()
    _reset(line)


def reset_amid(line: socket.socket, ask: Ask) -> None:
    """The connection is reset in the middle of the answer."""
    line.sendall(_half(ask().whole))
    time.sleep(_STEP_SECONDS)
    _reset(line)


def closed_before(line: socket.socket, ask: Ask) -> None:
    """The connection is closed, and nothing has arrived."""


def closed_after(line: socket.socket, ask: Ask) -> None:
    """The request arrives, and the connection is closed without an answer."""
    ask()


def cut_in_the_head(line: socket.socket, ask: Ask) -> None:
    """The connection is closed in the middle of the headers."""
    line.sendall(_half(ask().head()))


def cut_against_its_length(line: socket.socket, ask: Ask) -> None:
    """The connection is closed before as many bytes have come as were told."""
    answer = ask()
    line.sendall(answer.head(content_length=str(len(answer.body) + 5)) + answer.body)


def cut_between_chunks(line: socket.socket, ask: Ask) -> None:
    """The connection is closed before the last chunk of the answer."""
    answer = ask()
    body = _half(answer.body) or _CUT
    head = answer.head(content_length=None, transfer_encoding="chunked")
    line.sendall(head + f"{len(body):x}\r\n".encode() + body + b"\r\n")


def cut_without_a_length(line: socket.socket, ask: Ask) -> None:
    """The connection is closed in the middle of an answer whose end nothing else tells."""
    answer = ask()
    line.sendall(answer.head(content_length=None, connection="close") + (_half(answer.body) or _CUT))


def silent(line: socket.socket, ask: Ask) -> None:
    """The request arrives and is not answered."""
    ask()
    _await_close(line)


def deaf(line: socket.socket, ask: Ask) -> None:
    """The request does not arrive, and nobody says so."""
    _await_close(line)


def trickling(line: socket.socket, ask: Ask) -> None:
    """The answer comes byte by byte, its headers too."""
    _trickle(line, ask().whole)


def trickling_body(line: socket.socket, ask: Ask) -> None:
    """The body of the answer comes byte by byte."""
    answer = ask()
    line.sendall(answer.head())
    _trickle(line, answer.body)


def no_http(line: socket.socket, ask: Ask) -> None:
    """Something answers that is no server of HTTP."""
    line.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


def page(status: int, *, arrives: bool) -> Trouble:
    """A proxy answers with a page in the server's stead, whether or not the request has arrived."""

    def trouble(line: socket.socket, ask: Ask) -> None:
        if arrives:
            ask()
        headers = [("Content-Type", "text/html"), ("Content-Length", str(len(_PAGE)))]
        line.sendall(Answered(status, headers, _PAGE).whole)

    trouble.__doc__ = f"A proxy answers {status} with a page."
    return trouble


def slow(line: socket.socket, ask: Ask) -> None:
    """The answer comes late, but whole."""
    answer = ask()
    time.sleep(3 * _STEP_SECONDS)
    line.sendall(answer.whole)


def _trickle(line: socket.socket, data: bytes) -> None:
    end = time.monotonic() + LONGEST_SECONDS
    for byte in data:
        if time.monotonic() > end:
            return
        line.sendall(bytes([byte]))
        time.sleep(_STEP_SECONDS)


def _await_close(line: socket.socket) -> None:
    line.settimeout(LONGEST_SECONDS)
    with contextlib.suppress(OSError):
        line.recv(1)


BROKEN = {
    trouble.__name__: trouble
    for trouble in (reset_before, reset_after, reset_amid, closed_before, closed_after, cut_in_the_head,
                    cut_against_its_length, cut_between_chunks, cut_without_a_length, no_http)
}  # fmt: skip
"""Troubles after which no answer is there at once."""
LATE = {trouble.__name__: trouble for trouble in (silent, deaf, trickling, trickling_body)}
PAGES = {
    f"page_{status}_{arrives}": page(status, arrives=arrives) for status in (502, 503, 504) for arrives in (False, True)
}
KINDS: dict[str, Trouble] = {**BROKEN, **LATE, **PAGES, "slow": slow}


@dataclass
class BadLine:
    """The proxy. `trouble` says what becomes of each request, None: it is handed on in peace."""

    upstream: str
    trouble: Callable[[Asked], Trouble | None] = lambda _: None
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    """What has come this far; the requests of the mock's control interface are not among them."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._lines: set[socket.socket] = set()
        self._address = urlsplit(self.upstream).netloc

    @property
    def url(self) -> str:
        port: int = self._listener.getsockname()[1]
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{port}"

    def serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_line, args=(line,), daemon=True).start()

    def close(self) -> None:
        """Go away: whoever connects from now on is refused."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            lines, self._lines = self._lines, set()
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _serve_line(self, line: socket.socket) -> None:
        line.settimeout(60)
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            if self.tls is not None:
                line = self.tls.wrap_socket(line, server_side=True)
            with self._lock:
                self._lines.add(line)
            upstream = http.client.HTTPConnection(self._address, timeout=60)
            with line, line.makefile("rb") as source, contextlib.closing(upstream):
                count = 1
                while self._serve_one(line, source, upstream, count):
                    count += 1
        with self._lock:
            self._lines.discard(line)
        line.close()

    def _serve_one(self, line: socket.socket, source, upstream: http.client.HTTPConnection, count: int) -> bool:  # type: ignore[no-untyped-def]
        """Serve one request. Returns whether the connection stays open."""
        start = source.readline(100_000).decode("latin-1").split()
        if len(start) != 3:
            return False
        found = http.client.parse_headers(source)
        headers = dict(found.items())
        body = source.read(int(found.get("Content-Length", "0")))
        with self._lock:
            asked = Asked(len(self.asked) + 1, count, start[0], start[1], headers, body)
            if not asked.is_control:
                self.asked.append(asked)

        def ask() -> Answered:
            upstream.request(asked.method, asked.path, asked.body or None, headers)
            response = upstream.getresponse()
            return Answered(response.status, response.getheaders(), response.read())

        trouble = None if asked.is_control else self.trouble(asked)
        if trouble is not None:
            trouble(line, ask)
            return False
        line.sendall(ask().whole)
        return True


@contextlib.contextmanager
def bad_line(
    upstream: str, trouble: Callable[[Asked], Trouble | None] = lambda _: None, tls: ssl.SSLContext | None = None
) -> Iterator[BadLine]:
    """A bad line to the server at this URL."""
    line = BadLine(upstream, trouble, tls)
    thread = threading.Thread(target=line.serve, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.close()
        thread.join()

"""How do requests come in from the network and answers go out? The HTTP layer in front of an ASGI application.

No input on the wire is answered by anything that the contract lacks: what is no request gets a BAD_REQUEST problem
with rate headers, every request gets what the application says, an application that fails gets INTERNAL_ERROR. No
server header, no access log, no upgrades. What a request means is the application's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import socket
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote, unquote

from generated.contract import RATE_LIMIT_REQUESTS, Header, ProblemCode
from mock_server.http1 import BodyTooLargeError, MalformedError, Request, RequestReader
from mock_server.problems import PROBLEM_MEDIA_TYPE, Refusal
from mock_server.rate_limit import own_window

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

IDLE_SECONDS = 75.0
"""How long a connection may be open without a request."""

REQUEST_SECONDS = 20.0
"""How long a request may take to arrive, and an answer to be taken, from the first byte to the last."""

LINGER_SECONDS = 1.0
"""How long a closing connection still listens, so that the client reads the answer before it notices the end."""

MAX_WAITING_BYTES = 64 * 1024
"""How much of further requests is read while one is being answered."""

_STATUS_LINES = {status.value: b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}

_PATH_CHARACTERS = "/%!$&'()*+,;=:@-._~"

_log = logging.getLogger(__name__)


class Exchange:
    """One request at the application and what it answers, collected until it is whole."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.complete = False

    async def receive(self) -> Message:
        """The whole body at once. Raises BodyTooLargeError in its place when it was too large to read."""
        if self._request.body is None:
            raise BodyTooLargeError
        return {"type": "http.request", "body": self._request.body, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take the start or a part of the body."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message.get("headers", ()))
        else:
            self.body += message.get("body", b"")
            self.complete = not message.get("more_body", False)

    def refuse(self, code: ProblemCode, detail: str, now: float) -> None:
        """Answer with a problem of the wire's own, in a window that counts for nobody."""
        refusal = Refusal(code, detail)
        window = own_window(now)
        self.status = refusal.status
        self.headers = [
            (b"Content-Type", PROBLEM_MEDIA_TYPE.encode()),
            (Header.RATE_LIMIT_LIMIT.encode(), b"%d" % RATE_LIMIT_REQUESTS),
            (Header.RATE_LIMIT_REMAINING.encode(), b"%d" % window.remaining),
            (Header.RATE_LIMIT_RESET.encode(), b"%d" % window.reset),
        ]
        path = quote(self._request.raw_path, safe=_PATH_CHARACTERS)
        self.body = json.dumps(refusal.body(path), ensure_ascii=False).encode()
        self.complete = True


class Connection(asyncio.Protocol):
    """One client's connection: its requests are answered one after the other, in their order."""

    def __init__(self, application: Application, now: Callable[[], float], connections: set[Connection]) -> None:
        self._application = application
        self._now = now
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader()
        self._transport: asyncio.Transport
        self._addresses: dict[str, object] = {}
        self._task: asyncio.Task[None] | None = None
        self._deadline = math.inf
        self._arriving = False
        self._write_paused = False
        self._read_paused = False
        self._ended = False
        self._lingering = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client has connected."""
        transport = cast("asyncio.Transport", transport)  # in name only: uvloop's is no subclass
        self._transport = transport
        self._connections.add(self)
        self._addresses = {
            "client": transport.get_extra_info("peername"),
            "server": transport.get_extra_info("sockname"),
        }
        self._deadline = self._loop.time() + REQUEST_SECONDS

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone. A request that is being answered still has its effect."""
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came in."""
        if self._lingering:
            return
        self._reader.feed(data)
        if self._task is None:
            self._advance()
        elif self._reader.buffered_bytes > MAX_WAITING_BYTES and not self._read_paused:
            self._read_paused = True
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client sends no more, but may still read: true keeps the connection for the answers that it waits for."""
        self._ended = True
        if self._task is None and not self._lingering:
            self._advance()
        return self._task is not None

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        self._write_paused = True
        self._deadline = self._loop.time() + REQUEST_SECONDS

    def resume_writing(self) -> None:
        """The client reads again."""
        self._write_paused = False
        if self._task is None and not self._lingering:
            self._advance()

    def check(self, now: float) -> None:
        """End what takes too long. `now`: the loop's time."""
        if now < self._deadline:
            return
        if self._lingering or self._write_paused:
            self._transport.abort()
        elif self._arriving:
            self._refuse("The request did not arrive in time.")
        else:
            self._transport.close()

    def close(self) -> asyncio.Task[None] | None:
        """End the connection at once; returns the task of the request that was being answered."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()
        return self._task

    def _advance(self) -> None:
        """Begin with the next request when it is there."""
        if self._write_paused or self._transport.is_closing():
            return
        try:
            request = self._reader.next_request()
        except MalformedError as error:
            self._refuse(str(error))
            return
        if request is not None:
            self._arriving = False
            self._deadline = math.inf
            self._task = self._loop.create_task(self._answer(request))
        elif self._ended:
            if self._reader.idle:
                self._transport.close()
            else:
                self._refuse("The request is incomplete.")
        elif self._reader.idle:
            self._deadline = self._loop.time() + IDLE_SECONDS
        else:
            if self._reader.take_expectation():
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if not self._arriving:
                self._arriving = True
                self._deadline = self._loop.time() + REQUEST_SECONDS

    async def _answer(self, request: Request) -> None:
        exchange = Exchange(request)
        try:
            await self._application(self._scope(request), exchange.receive, exchange.send)
            if not exchange.complete:
                raise RuntimeError("the application returned without a whole answer")
        except BodyTooLargeError:
            exchange.refuse(ProblemCode.BAD_REQUEST, "The body is too large.", self._now())
        except Exception:  # noqa: BLE001 - whatever fails, the client gets a documented answer
            _log.exception("%s %s failed", request.method, request.raw_path.decode("latin-1"))
            exchange.refuse(ProblemCode.INTERNAL_ERROR, "The mock server failed.", self._now())
        self._task = None
        if self._transport.is_closing():
            return
        keep_alive = request.keep_alive and request.body is not None
        self._transport.write(_encode(exchange, is_head=request.method == "HEAD", keep_alive=keep_alive))
        if not keep_alive:
            self._linger()
            return
        if self._read_paused:
            self._read_paused = False
            self._transport.resume_reading()
        self._advance()

    def _scope(self, request: Request) -> Message:
        path = request.raw_path.decode("latin-1")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.http_version,
            "method": request.method,
            "scheme": "http",
            "path": unquote(path) if "%" in path else path,
            "raw_path": request.raw_path,
            "query_string": request.query_string,
            "root_path": "",
            "headers": request.headers,
            **self._addresses,
        }

    def _refuse(self, detail: str) -> None:
        """Answer what is no request, and close: where the next request begins is unknown."""
        exchange = Exchange(Request("", b"/", b"", "1.1", [], None, keep_alive=False))
        exchange.refuse(ProblemCode.BAD_REQUEST, detail, self._now())
        self._transport.write(_encode(exchange, is_head=False, keep_alive=False))
        self._linger()

    def _linger(self) -> None:
        """Send nothing more, and discard what still comes, so that no reset overtakes the answer."""
        self._lingering = True
        self._deadline = self._loop.time() + LINGER_SECONDS
        if self._read_paused:
            self._transport.resume_reading()
        if self._ended:
            self._transport.close()
        elif self._transport.can_write_eof():
            self._transport.write_eof()


async def serve(
    application: Application,
    listener: socket.socket,
    stop: asyncio.Event,
    *,
    now: Callable[[], float] = time.time,
) -> None:
    """Answer requests at `listener` until `stop` is set, then end all connections at once.

    `now` gives the Unix seconds that the rate headers of the wire's own answers are made of.
    """
    loop = asyncio.get_running_loop()
    connections: set[Connection] = set()
    server = await loop.create_server(lambda: Connection(application, now, connections), sock=listener)
    watch = loop.create_task(_watch(connections))
    try:
        await stop.wait()
    finally:
        watch.cancel()
        server.close()
        tasks = [task for connection in list(connections) if (task := connection.close()) is not None]
        await asyncio.gather(watch, *tasks, return_exceptions=True)


async def _watch(connections: set[Connection]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(LINGER_SECONDS / 2)
        now = loop.time()
        for connection in list(connections):
            connection.check(now)


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens at `host` and `port` (0: a free one). OSError when it cannot."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


def _encode(exchange: Exchange, *, is_head: bool, keep_alive: bool) -> bytes:
    parts = [_STATUS_LINES[exchange.status]]
    parts += [b"%b: %b\r\n" % header for header in exchange.headers]
    if exchange.status != HTTPStatus.NO_CONTENT and not any(
        name.lower() == b"content-length" for name, _ in exchange.headers
    ):
        parts.append(b"Content-Length: %d\r\n" % len(exchange.body))
    if not keep_alive:
        parts.append(b"Connection: close\r\n")
    parts.append(b"\r\n")
    if not is_head and exchange.status != HTTPStatus.NO_CONTENT:
        parts.append(exchange.body)
    return b"".join(parts)

"""How do requests come in from the network and answers go out? uvicorn, and what it answers by itself.

That would be text, without rate headers. Here what is no request gets a BAD_REQUEST problem, an application that fails
INTERNAL_ERROR, and every request reaches the application, whatever its method and whatever it wants to upgrade to.
What a request means is the application's.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from collections.abc import Callable

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from generated.contract import OPERATIONS, ProblemCode
from mock_server.asgi import AsgiApplication, ClientGoneError, Message, Receive, Send, rate_headers, send_problem
from mock_server.problems import Refusal
from mock_server.rate_limit import own_window

IDLE_SECONDS = 75
"""How long a client may let the wire wait for the next request, or for the rest of one."""

MAX_HEAD_BYTES = 64 * 1024
"""How much of a request's head is waited for after its first piece."""

_PARSED_METHODS = tuple({f"{operation.method} ".encode() for operation in OPERATIONS.values()} | {b"CONNECT ", b"PRI "})
_ANY_METHOD = re.compile(rb"(?:\r\n)*([!#$%&'*+.^_`|~0-9A-Za-z-]+) ")

_log = logging.getLogger(__name__)


class Connection(HttpToolsProtocol):
    """One client's connection."""

    def __init__(self, config: Config, state: ServerState, refusing: AsgiApplication) -> None:
        """`refusing` answers what is no request."""
        super().__init__(config, state, {})
        self._refusing = refusing
        self._method = ""
        """The method of the request that begins, where the parser was shown another."""
        self._begun = False
        self._in_head = False
        self._head_bytes = 0
        self._deaf = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The client has connected."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Bytes came in. The parser knows some methods only, so it is shown GET for those that the API has not."""
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        if self._in_head:
            self._head_bytes += len(data)
        elif not self._begun and not data.startswith(_PARSED_METHODS) and (match := _ANY_METHOD.match(data)):
            self._method = match[1].decode()
            data = b"GET" + data[match.end(1) :]
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.send_400_response("")
        except httptools.HttpParserUpgrade as upgrade:
            self._decline(data[upgrade.args[0] :])
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self.send_400_response("")
        if self._begun:
            self._wait()

    def eof_received(self) -> bool:  # type: ignore[override]  # what asyncio lets it return
        """The client sends no more, but may still read: true keeps the connection for the answers that it waits for."""
        if self._begun and not self._deaf:
            self.send_400_response("")
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]  # None before the first
            return False
        self.cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._begun = self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """The head of a request is there."""
        if self.parser.should_upgrade():
            return
        super().on_headers_complete()
        if self._method:
            self.scope["method"], self._method = self._method, ""
        self._in_head = False
        self.headers = []  # what comes now are trailers, which are no headers
        if self.expect_100_continue:  # who is answered before being told to continue may keep the body
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """The request is whole."""
        if not self.parser.should_upgrade():
            self._begun = False
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, after the answers to what was asked before, and close: nothing can follow it."""
        if self._begun and not self._in_head:
            if self.cycle.response_started:
                self.transport.close()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.pipeline:
                self.pipeline.popleft()
            else:
                self.cycle = None  # type: ignore[assignment]  # as before the first request
        self.app, self._method = self._refusing, ""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(b"GET / HTTP/1.0\r\n\r\n")  # in its place, so that it is answered in its turn
        self._deaf = True

    def _wait(self) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _decline(self, rest: bytes) -> None:
        """Read the request again as one that wants no upgrade. `rest`: what followed its head."""
        method = self.parser.get_method()
        self._method = self._method or method.decode()
        target = b"/" if method == b"CONNECT" else self.url
        head = b"".join(b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade")
        self._begun = self._in_head = False
        self.data_received(
            b"GET %b HTTP/%b\r\n%b\r\n%b" % (target, self.parser.get_http_version().encode(), head, rest)
        )


def _is_closed(send: Send) -> bool:
    """Whether the connection that uvicorn would send on is closed."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    return transport is not None and bool(transport.is_closing())


def connector(application: AsgiApplication, now: Callable[[], float], state: ServerState) -> Callable[[], Connection]:
    """What makes a connection of each client. `now` gives the Unix seconds for the wire's own answers."""

    async def refuse(send: Send, code: ProblemCode, detail: str, raw_path: bytes) -> None:
        await send_problem(send, Refusal(code, detail), rate_headers(own_window(now())), raw_path)

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        except ClientGoneError:
            pass
        except Exception:  # noqa: BLE001 - whatever fails, the client gets a documented answer
            if _is_closed(send):
                return  # the client went away before anybody could know
            _log.exception("%s %s failed", scope["method"], scope["path"])
            await refuse(send, ProblemCode.INTERNAL_ERROR, "The mock server failed.", scope["raw_path"])

    async def refuse_bytes(scope: Message, _: Receive, send: Send) -> None:
        await refuse(send, ProblemCode.BAD_REQUEST, "That is no HTTP request.", scope["raw_path"])

    config = Config(
        answer,
        http=Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        workers=1,
        proxy_headers=False,
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_keep_alive=IDLE_SECONDS,
    )
    config.load()
    return lambda: Connection(config, state, refuse_bytes)


async def serve(
    application: AsgiApplication,
    listener: socket.socket,
    stop: asyncio.Event,
    *,
    now: Callable[[], float] = time.time,
) -> None:
    """Answer requests at `listener` until `stop` is set, then end all connections at once."""
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(connector(application, now, state), sock=listener)
    try:
        await stop.wait()
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        tasks = list(state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens at `host` and `port` (0: a free one). OSError when it cannot."""
    family, *_, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )[0]
    return socket.create_server(address, family=family, backlog=1024)

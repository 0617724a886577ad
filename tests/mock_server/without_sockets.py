"""The wire without sockets: bytes in, bytes out."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from uvicorn.server import ServerState

from mock_server import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mock_server.asgi import AsgiApplication


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self._closing = False

    def write(self, data: Any) -> None:
        assert not self._closing, f"written after the end: {data!r}"
        self.written += data

    def close(self) -> None:
        self._closing = True

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def answers(application: AsgiApplication, parts: Iterable[bytes], now: Callable[[], float] = time.time) -> bytes:
    """What a client receives that sends these parts and then ends its half of the connection."""
    state, transport = ServerState(), Transport()
    connection = wire.connector(application, now, state)()
    connection.connection_made(transport)
    for part in parts:
        connection.data_received(part)
    connection.eof_received()
    while state.tasks:
        await asyncio.wait(state.tasks)
    connection.connection_lost(None)
    return transport.written

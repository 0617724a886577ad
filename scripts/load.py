"""How many requests a second does a server on this machine answer? Keep-alive connections, one request at a time each.

Which requests, and what the figures are compared with, is for the caller.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WARM_UP_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Shot:
    """A request as bytes, and whether its answer is counted; one that is not makes ready for others."""

    data: bytes
    counts: bool


@dataclass(slots=True)
class Load:
    """What came of it: statuses of the counted requests and of the others, and the measured time."""

    counted: Counter[int] = field(default_factory=Counter)
    others: Counter[int] = field(default_factory=Counter)
    lost_connections: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Counted requests a second."""
        return self.counted.total() / self.seconds


class _Connection(asyncio.Protocol):
    def __init__(self, shots: Iterator[Shot]) -> None:
        self.load = Load()
        self._shots = shots
        self._shot: Shot
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._fire()

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if not _is_whole(self._received):
            return
        statuses = self.load.counted if self._shot.counts else self.load.others
        statuses[int(self._received[9:12])] += 1
        self._received = b""
        self._fire()

    def connection_lost(self, exc: Exception | None) -> None:
        self.load.lost_connections += 1

    def end(self) -> None:
        """Send and count nothing more."""
        self._transport.abort()

    def _fire(self) -> None:
        self._shot = next(self._shots)
        self._transport.write(self._shot.data)


async def load(host: str, port: int, seconds: float, connections: Iterable[Iterator[Shot]]) -> Load:
    """Load the server for `seconds` after a warm-up, each connection with the endless requests of its own.

    ValueError when `host` is no loopback address: nobody else is to be loaded.
    """
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"{host} is not on this machine")
    loop = asyncio.get_running_loop()
    protocols = []
    for shots in connections:
        _, protocol = await loop.create_connection(partial(_Connection, shots), host, port)
        protocols.append(protocol)
    await asyncio.sleep(WARM_UP_SECONDS)
    for protocol in protocols:
        protocol.load = Load()
    start = time.perf_counter()
    await asyncio.sleep(seconds)
    total = Load(seconds=time.perf_counter() - start)
    for protocol in protocols:
        total.counted += protocol.load.counted
        total.others += protocol.load.others
        total.lost_connections += protocol.load.lost_connections
        protocol.end()
    return total


def _is_whole(received: bytes) -> bool:
    """Whether a whole response was received; chunked ones and such with a length are understood."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = received[: end + 2].lower()
    length = head.find(b"\r\ncontent-length:")
    if length < 0:
        return received.endswith(b"\r\n0\r\n\r\n")
    return len(received) >= end + 4 + int(head[length + 17 : head.index(b"\r\n", length + 2)])

"""How is the mock itself steered? The control interface beside the API: the time, moving it, forgetting state.

It needs no key, counts in no window, and is no part of the contract.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import orjson

from mock_server import document
from mock_server.clock import LATEST

PATH = b"/_control"


class Steerable(Protocol):
    """What is steered."""

    @property
    def stands_still(self) -> bool:
        """Whether the time changes only when it is moved."""

    def now(self) -> float:
        """The time, in Unix seconds."""

    async def advance(self, seconds: float) -> float:
        """Moves the clock; returns when everything due by then has happened. Gives the time."""

    def reset(self, organization_name: str | None) -> None:
        """Forgets the state and the windows of one organization or of all."""


class _BadControlError(Exception):
    """What is wrong with a control request, in a sentence."""


def is_control(raw_path: bytes) -> bool:
    """Whether the path belongs to the control interface."""
    return raw_path == PATH or raw_path.startswith(PATH + b"/")


async def answer(server: Steerable, method: str, raw_path: bytes, raw_body: bytes | None) -> tuple[int, dict[str, Any]]:
    """Status and JSON body for a control request, whose body is None when it was too large."""
    operation = _OPERATIONS.get((method, raw_path.removeprefix(PATH)))
    if operation is None:
        known = ", ".join(f"{method} {(PATH.decode() + path.decode())}" for method, path in _OPERATIONS)
        return 404, {"error": f"The control interface has {known}."}
    try:
        return 200, await operation(server, _members(raw_body))
    except _BadControlError as error:
        return 400, {"error": str(error)}


def _members(raw_body: bytes | None) -> dict[str, Any]:
    if raw_body is None:
        raise _BadControlError("The body is too large.")
    if not raw_body:
        return {}
    try:
        body = orjson.loads(raw_body)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise _BadControlError("The body must be a JSON object.")
    return body


async def _state(server: Steerable, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "coSPEC mock server",
        "version": document.load()["info"]["version"],
        "now": server.now(),
        "standsStill": server.stands_still,
    }


async def _move_clock(server: Steerable, body: dict[str, Any]) -> dict[str, Any]:
    seconds = body.get("advanceSeconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not (0 <= seconds < math.inf):
        raise _BadControlError('Send {"advanceSeconds": a number, 0 or more}.')
    if server.now() + seconds > LATEST:
        raise _BadControlError("The clock cannot be moved past the year 2099.")
    return {"now": await server.advance(float(seconds))}


async def _reset(server: Steerable, body: dict[str, Any]) -> dict[str, Any]:
    name = body.get("organization")
    if name is not None and not isinstance(name, str):
        raise _BadControlError('Send {} or {"organization": NAME}.')
    server.reset(name)
    return {"now": server.now()}


_OPERATIONS: dict[tuple[str, bytes], Callable[[Steerable, dict[str, Any]], Awaitable[dict[str, Any]]]] = {
    ("GET", b""): _state,
    ("POST", b"/clock"): _move_clock,
    ("POST", b"/reset"): _reset,
}

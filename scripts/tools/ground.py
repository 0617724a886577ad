"""What are other tools pointed at? A mock that counts their requests, and spares them what would only hold them up.

It moves its clock before a window is used up, so that nobody has to wait or is refused by surprise. It delivers
nothing. And there is something to look at: a run, a template and a webhook.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from generated.contract import OPERATIONS, RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS
from mock_server import control as mock_control
from mock_server.altered import Alteration, AlteredApplication, altered
from mock_server.clock import Clock
from mock_server.deliveries import Deliverer, Delivery, Outcome, Resolution
from mock_server.hosting import Settings, running

if TYPE_CHECKING:
    from mock_server.asgi import Message, Receive, Send
    from scripts.verdict import Sink

API_KEY = "csk_live_other_tools"
"""The key that the tools are given."""
REQUESTS_BEFORE_A_WINDOW = RATE_LIMIT_REQUESTS * 3 // 4
"""After so many requests the clock moves to the next window: early enough for tools that send several at once."""
CREATED: dict[str, dict[str, Any]] = {
    "createRun": {"repo": "acme/storefront", "prompt": "Fix the failing test.", "template": "node-default"},
    "createTemplate": {"slug": "other-tools", "name": "Other tools", "baseImage": "node-22"},
    "createWebhook": {"url": "https://hooks.example/other-tools", "events": ["run.completed"]},
}
"""What is there when a tool begins, by the operation that creates it."""


class Nowhere:
    """A deliverer that sends nothing: the tools make up addresses, and none of them looks at deliveries."""

    async def attempt(self, delivery: Delivery, timestamp: int) -> Outcome:
        return Outcome(delivered=True, status=200, reason=None)


class Counted:
    """An altered mock that counts the requests that it gets, and moves its own clock if it is told to."""

    def __init__(self, application: AlteredApplication, *, moves_on: bool) -> None:
        self._application = application
        self._moves_on = moves_on
        self.requests = 0
        self.now = application.now
        self.run = application.run

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers an HTTP request."""
        if not mock_control.is_control(scope["raw_path"]):
            self.requests += 1
            if self._moves_on and self.requests % REQUESTS_BEFORE_A_WINDOW == 0:
                await self._application.advance(RATE_LIMIT_WINDOW_SECONDS)
        await self._application(scope, receive, send)


@dataclass(frozen=True)
class Ground:
    """A mock that runs, for one run of one tool."""

    url: str
    created: dict[str, str]
    """The ids of what is there, by the operation that created it; without those that it refused to create."""
    _counted: Counted
    _before: int

    @property
    def requests(self) -> int:
        """How many requests the tool has sent."""
        return self._counted.requests - self._before


@contextlib.contextmanager
def ground(alterations: Collection[Alteration], sink: Sink | None = None) -> Iterator[Ground]:
    """A mock with these alterations. With a sink it is as our own suite wants it: clock and deliveries are its own."""
    built: list[Counted] = []

    def build(*, deliverer: Deliverer, control: bool, clock: Clock) -> Counted:
        chosen = Nowhere() if sink is None else deliverer
        application = altered(alterations, chosen, control=control, clock=clock)
        built.append(Counted(application, moves_on=sink is None))
        return built[0]

    settings = Settings(control=False, build=build)
    if sink is not None:
        resolution = Resolution.parse(sink.options[3])
        settings = Settings(stands_still=True, ca=Path(sink.options[1]), resolutions=(resolution,), build=build)
    with running(settings) as url:
        created = {} if sink is not None else _create(url)
        yield Ground(url, created, built[0], built[0].requests)


def _create(url: str) -> dict[str, str]:
    created = {}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {API_KEY}"}, trust_env=False) as client:
        for operation_id, body in CREATED.items():
            operation = OPERATIONS[operation_id]
            with contextlib.suppress(httpx.HTTPError, ValueError, LookupError, TypeError):
                answer = client.request(operation.method, operation.path, json=body).json()
                made = answer.get("template", answer)
                created[operation_id] = str(made["id"])
    return created

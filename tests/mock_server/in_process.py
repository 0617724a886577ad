"""A mock without sockets, whose clock stands still until it is moved, and a client that checks every response."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Coroutine
from typing import Any, TypeVar
from urllib.parse import urlencode

from mock_server.altered import AlteredApplication
from mock_server.application import Application
from mock_server.clock import Clock
from mock_server.deliveries import Delivery, Outcome
from tests.mock_server import documented
from tests.mock_server.documented import Response

START = 1_800_000_000.25
"""When every mock of the tests begins, in Unix seconds."""

T = TypeVar("T")
_names = itertools.count(1)


class Receivers:
    """Stands for everyone who receives deliveries: keeps each attempt, answers what it is told for the URL."""

    def __init__(self) -> None:
        self.attempts: list[tuple[Delivery, int]] = []
        self.failures: dict[str, str] = {}

    async def attempt(self, delivery: Delivery, timestamp: int) -> Outcome:
        self.attempts.append((delivery, timestamp))
        await asyncio.sleep(0)
        reason = self.failures.get(delivery.url)
        return Outcome(delivered=reason is None, status=None, reason=reason)

    def bodies(self, url: str) -> list[Any]:
        """What was sent to the URL, oldest first."""
        return [json.loads(delivery.body) for delivery, _ in self.attempts if delivery.url == url]

    def times(self, url: str) -> list[float]:
        """When it was, in seconds since the tests' mock began."""
        return [timestamp - int(START) for delivery, timestamp in self.attempts if delivery.url == url]


class Mock:
    """An application in an event loop of its own."""

    def __init__(self, *, control: bool = True) -> None:
        self.receivers = Receivers()
        self.application: Application | AlteredApplication = Application(
            deliverer=self.receivers, control=control, clock=Clock(lambda: START)
        )
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.close()

    def wait(self, seconds: float) -> None:
        """Moves the clock."""
        self.run(self.application.advance(seconds))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def client(self, name: str | None = None) -> Client:
        """A client whose key is `csk_live_NAME`; without a name, one of an organization that is new."""
        return Client(self, f"Bearer csk_live_{name or f'new_{next(_names)}'}")

    async def request(
        self, method: str, target: str, headers: list[tuple[bytes, bytes]], content: bytes = b""
    ) -> Response:
        """Sends a request and collects the response, unchecked. Lets others go first, as a socket would."""
        path, _, query = target.partition("?")
        messages: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0)
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
        }
        await self.application(scope, receive, send)
        start, *parts = messages
        return Response(
            method,
            target,
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            b"".join(part["body"] for part in parts),
        )


class Client:
    """Sends requests with one key."""

    def __init__(self, mock: Mock, authorization: str | None) -> None:
        self.mock = mock
        self.authorization = authorization

    @property
    def organization(self) -> str:
        """The NAME of the key."""
        return (self.authorization or "").removeprefix("Bearer csk_live_").partition("__")[0]

    def get(self, path: str, **query: Any) -> Response:
        return self.send("GET", f"{path}?{urlencode(query, safe=',')}" if query else path)

    def post(self, path: str, body: Any = None) -> Response:
        return self.send("POST", path, body)

    def patch(self, path: str, body: Any) -> Response:
        return self.send("PATCH", path, body)

    def delete(self, path: str) -> Response:
        return self.send("DELETE", path)

    def send(self, method: str, target: str, body: Any = None, *, content: bytes | None = None) -> Response:
        return self.mock.run(self.sending(method, target, body, content=content))

    async def sending(self, method: str, target: str, body: Any = None, *, content: bytes | None = None) -> Response:
        """Sends and checks the response against the document."""
        headers = [] if self.authorization is None else [(b"authorization", self.authorization.encode())]
        if body is not None:
            headers.append((b"content-type", b"application/json"))
            content = json.dumps(body).encode()
        response = await self.mock.request(method, target, headers, content or b"")
        if not target.startswith("/_control"):
            documented.check(response)
        return response

    def start_run(self, prompt: str = "Fix the failing test.", **members: Any) -> str:
        """The id of a new run."""
        body = {"repo": "acme/storefront", "prompt": prompt, "template": "node-default", **members}
        response = self.post("/v1/runs", body)
        assert response.status == 201, response.body
        return str(response.body["id"])

    def read_run(self, run_id: str) -> dict[str, Any]:
        response = self.get(f"/v1/runs/{run_id}")
        assert response.status == 200, response.body
        return dict(response.body)

    def ended_run(self, prompt: str = "Fix the failing test.", **members: Any) -> dict[str, Any]:
        """A run that was given as long as its timeout lasts."""
        run_id = self.start_run(prompt, **members)
        self.mock.wait(3700)
        return self.read_run(run_id)

    def create_template(self, slug: str = "checkout", **members: Any) -> dict[str, Any]:
        response = self.post("/v1/templates", {"slug": slug, "name": "Checkout", "baseImage": "node-22", **members})
        assert response.status == 201, response.body
        return dict(response.body["template"])

    def create_webhook(self, url: str = "https://hooks.example/1", events: list[str] | None = None) -> dict[str, Any]:
        events = events or ["run.completed", "run.failed", "run.cancelled"]
        response = self.post("/v1/webhooks", {"url": url, "events": events})
        assert response.status == 201, response.body
        return dict(response.body)

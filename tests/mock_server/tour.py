"""A tour through the mock: the same requests each time, so that two mocks can be compared by what they answer."""

from __future__ import annotations

import asyncio
import gzip
import json
import secrets
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from generated.contract import CONCURRENT_RUNS, RATE_LIMIT_REQUESTS, WEBHOOKS_PER_ORGANIZATION
from mock_server.altered import Alteration, altered
from mock_server.clock import Clock
from mock_server.deliveries import Delivery, HttpDeliverer, Resolution
from tests.mock_server.in_process import START, Mock

RUN = {
    "repo": "acme/storefront",
    "prompt": "Fix it.",
    "template": "node-default",
    "callbackUrl": "https://cb.example/1",
}
TEMPLATE = {"slug": "tour", "name": "Tour", "baseImage": "node-22", "description": "A tour.", "envVars": {"A": "1"}}


LISTS = ("runs", "templates", "repositories", "usage/logs")
EVENTS = ["run.completed", "run.failed", "run.cancelled"]


class _Tour:
    def __init__(self, mock: Mock, key: str) -> None:
        self._mock, self._key = mock, key
        self.seen: list[Any] = []

    def ask(self, method: str, target: str, body: Any = None, *, key: str | None = None) -> Any:
        """Sends a request, notes the answer, and returns its JSON."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = [(b"authorization", f"Bearer csk_live_{key or self._key}".encode())]
        headers.append((b"accept-encoding", b"gzip"))
        if content:
            headers.append((b"content-type", b"application/json"))
        if key == "":
            headers = headers[1:]
        response = self._mock.run(self._mock.request(method, target, headers, content))
        gzipped = response.headers.get("content-encoding") == "gzip"
        told = gzip.decompress(response.content) if gzipped else response.content
        answer = json.loads(told) if told else None
        if isinstance(answer, dict):
            answer.pop("requestId", None)
        self.seen.append((method, target, response.status, dict(response.headers), answer))
        return answer

    def wait(self, seconds: float) -> None:
        self._mock.wait(seconds)


def _go(tour: _Tour) -> None:
    """Asks for everything, right and wrong, and waits for what happens by itself."""
    tour.ask("GET", "/v1/runs", key="")
    tour.ask("GET", "/v1/runs", key="x")
    for path in (
        "runs",
        "templates",
        "webhooks",
        "repositories",
        "usage/credits",
        "usage/detailed",
        "usage/logs",
        "nothing",
    ):
        tour.ask("GET", f"/v1/{path}")
    tour.ask("GET", "/v1/api-keys/me")
    tour.ask("GET", "/v1/runs?limit=07&page=+1")
    tour.ask("GET", "/v1/runs?limit=0&page=0")
    tour.ask("GET", "/v1/runs?page=50")
    tour.ask("GET", "/v1/templates?limit=1")
    tour.ask("GET", "/v1/runs/no.such%20run")
    tour.ask("POST", "/v1/runs", b"{")
    tour.ask("POST", "/v1/runs", {**RUN, "surplus": 1})
    tour.ask("POST", "/v1/runs", {**RUN, "env": {"1 A": "x"}})
    tour.ask("POST", "/v1/runs", {**RUN, "repo": "unknown/elsewhere"})
    listed = tour.ask("GET", "/v1/repositories?limit=1")["data"][0]["fullName"]
    run = tour.ask("POST", "/v1/runs", {**RUN, "repo": listed, "branch": "main", "metadata": {"a": "b"}})["id"]
    tour.ask("GET", f"/v1/runs/{run}")
    tour.wait(1)
    tour.ask("GET", f"/v1/runs/{run}")
    tour.wait(4)
    tour.ask("GET", f"/v1/runs/{run}")
    tour.ask("GET", f"/v1/runs/{run}/logs")
    template = tour.ask("POST", "/v1/templates", TEMPLATE)["template"]["id"]
    tour.ask("POST", "/v1/templates", {**TEMPLATE, "slug": "a--b"})
    tour.ask("GET", "/v1/templates/tour")
    tour.ask("PATCH", f"/v1/templates/{template}", {"size": "l"})
    tour.ask("PATCH", f"/v1/templates/{template}", {"description": None})
    tour.ask("PATCH", f"/v1/templates/{template}", {"name": " "})
    tour.ask("PATCH", f"/v1/templates/{template}", {"egressDomains": ["a.example", "a.example"]})
    tour.ask("PATCH", "/v1/templates/none", {"size": "xl"})
    tour.ask("PATCH", f"/v1/templates/{template}", {"envVars": {"B": "2"}})
    tour.ask("DELETE", f"/v1/templates/{template}")
    tour.ask("POST", "/v1/templates", TEMPLATE)
    tour.ask("POST", "/v1/templates", {**TEMPLATE, "slug": "node-default"})
    for number in range(WEBHOOKS_PER_ORGANIZATION + 1):
        tour.ask("POST", "/v1/webhooks", {"url": f"https://hooks.example/{number}", "events": EVENTS})
    tour.ask("POST", "/v1/webhooks", {"url": "https://hooks.example/0", "events": EVENTS})
    tour.wait(120)
    hook = tour.ask("GET", "/v1/webhooks")["data"][0]["id"]
    tour.ask("DELETE", f"/v1/webhooks/{hook}")
    runs = [tour.ask("POST", "/v1/runs", RUN) for _ in range(CONCURRENT_RUNS)]
    tour.ask("POST", "/v1/runs", {**RUN, "template": "none"})
    for one in runs[:3]:
        tour.ask("POST", f"/v1/runs/{one.get('id')}/cancel")
    tour.wait(130)
    for path in ("runs", f"runs/{runs[0].get('id')}", f"runs/{runs[9].get('id')}", "usage/logs", "usage/detailed"):
        tour.ask("GET", f"/v1/{path}")
    tour.ask("POST", f"/v1/runs/{run}/cancel")
    for _ in range(RATE_LIMIT_REQUESTS):
        tour.ask("GET", "/v1/usage/credits")


def _sent(alterations: Iterable[Alteration]) -> dict[str, str]:
    """The headers that a mock with these alterations would send with a delivery."""
    deliverer = HttpDeliverer(resolutions=[Resolution("hooks.example", 443, "127.0.0.1", 443)])
    altered(list(alterations), deliverer)
    delivery = Delivery("msg_1", "https://hooks.example/1", b"{}", "whsec_dG91cg==")
    return dict(deliverer.request(delivery, int(START)).headers)


def take(alterations: Iterable[Alteration] = ()) -> tuple[list[Any], list[Any], list[float], dict[str, str]]:
    """What a mock with these alterations answers, what it delivers, how long it slept on the way, and the headers of
    what it sends.
    """
    with pytest.MonkeyPatch.context() as patch:
        slept: list[float] = []
        sleep = asyncio.sleep

        async def note(seconds: float) -> None:
            if seconds:
                slept.append(seconds)
            await sleep(0)

        patch.setattr(secrets, "choice", Random(1).choice)
        patch.setattr(secrets, "token_bytes", Random(1).randbytes)
        patch.setattr(asyncio, "sleep", note)
        mock = Mock()
        try:
            mock.application = altered(list(alterations), mock.receivers, clock=Clock(lambda: START))
            tour = _Tour(mock, "tour_of_the_mock")
            _go(tour)
            return (
                tour.seen,
                [(each.url, each.body, at) for each, at in mock.receivers.attempts],
                slept,
                _sent(alterations),
            )
        finally:
            mock.close()

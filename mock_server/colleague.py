"""Who else uses the organization? A second client: it makes, changes and removes things of its own all the time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from generated.contract import OPERATIONS

PAUSE_SECONDS = 0.4
"""Between two requests, so that they fit into the window of one key."""
_MOST = {"createTemplate": 6, "createWebhook": 3, "createRun": 2}
"""How many of its own it has at a time."""
_BACK = {"createTemplate": "deleteTemplate", "createWebhook": "deleteWebhook", "createRun": "cancelRun"}
"""What takes back what was made."""
_READS = ("listTemplates", "listRuns", "listWebhooks", "getUsage")
_TEMPLATE = "node-default"


@dataclass
class Colleague:
    """The second client. A key whose window is empty makes place for the next one."""

    keys: Sequence[str]
    seed: int = 1
    pause_seconds: float = PAUSE_SECONDS
    _made: dict[str, list[str]] = field(default_factory=lambda: {operation_id: [] for operation_id in _MOST})

    async def work(self, url: str) -> None:
        """Work at the server at this URL until cancelled."""
        chance, keys, numbers = Random(self.seed), itertools.cycle(self.keys), itertools.count(1)
        key = next(keys)
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            while True:
                operation_id, path, body = self._choose(chance, next(numbers))
                with contextlib.suppress(httpx.HTTPError):
                    answer = await client.request(
                        OPERATIONS[operation_id].method, path, json=body, headers={"Authorization": f"Bearer {key}"}
                    )
                    self._note(operation_id, path, answer)
                    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                        key = next(keys)
                await asyncio.sleep(self.pause_seconds)

    def _choose(self, chance: Random, number: int) -> tuple[str, str, Any]:
        """The next request: operation, path and body."""
        create = chance.choice(list(_MOST))
        made = self._made[create]
        kind = chance.random()
        if kind < 0.45 and len(made) < _MOST[create]:
            return create, OPERATIONS[create].path, self._body(create, f"colleague-{self.seed}-{number}")
        if kind < 0.8 and made:
            return self._about(_BACK[create], made.pop(chance.randrange(len(made))))
        if kind < 0.9 and (templates := self._made["createTemplate"]):
            operation_id, path, _ = self._about("updateTemplate", chance.choice(templates))
            return operation_id, path, {"description": f"Changed {number} times."}
        read = chance.choice(_READS)
        return read, OPERATIONS[read].path, None

    @staticmethod
    def _about(operation_id: str, name: str) -> tuple[str, str, None]:
        before, _, after = OPERATIONS[operation_id].path.partition("{")
        return operation_id, before + name + after.partition("}")[2], None

    @staticmethod
    def _body(operation_id: str, name: str) -> dict[str, Any]:
        bodies: dict[str, dict[str, Any]] = {
            "createTemplate": {"slug": name, "name": name, "baseImage": "node-22"},
            "createWebhook": {"url": f"https://hooks.colleague.example/{name}", "events": ["run.completed"]},
            "createRun": {"repo": "acme/storefront", "prompt": f"Work for {name}.", "template": _TEMPLATE},
        }
        return bodies[operation_id]

    def _note(self, operation_id: str, path: str, answer: httpx.Response) -> None:
        if operation_id in _MOST and answer.is_success:
            told = answer.json()
            self._made[operation_id].append(told.get("template", told)["id"])

"""What the suite has made and not yet removed, learnt from every exchange."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lifecycle import ENDED
from contract_tests.harness.reading import items, members


def made_by(exchange: Exchange) -> str | None:
    """The id of what a create has made, as far as its answer tells it."""
    if not exchange.succeeded:
        return None
    body = members(exchange.json)
    thing = members(body.get("template")) if exchange.request.operation_id == "createTemplate" else body
    made: Any = thing.get("id")
    return made if isinstance(made, str) else None


@dataclass
class Ledger:
    """What the suite has made and not yet removed."""

    templates: dict[str, str] = field(default_factory=dict)
    """Slug by id."""
    webhooks: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    """Runs that may still be pending or running."""
    every_run: list[str] = field(default_factory=list)
    """Every run that was made, whatever became of it, in order."""
    stopping: set[str] = field(default_factory=set)
    """Those of them that have been asked to stop."""
    keys: dict[str, str] = field(default_factory=dict)
    """The key that a thing was made with, by the thing's id."""

    @property
    def ids(self) -> set[str]:
        return {*self.templates, *self.webhooks, *self.runs}

    def note(self, exchange: Exchange) -> None:
        """Learn from any successful exchange what came to be and what is gone."""
        operation_id = exchange.request.operation_id
        if not exchange.succeeded or operation_id is None:
            return
        segments = exchange.request.path.split("/")
        if operation_id.startswith("create"):
            self._note_made(operation_id, exchange)
        elif operation_id == "deleteTemplate":
            for template_id in [one for one, slug in self.templates.items() if segments[-1] in (one, slug)]:
                del self.templates[template_id]
        elif operation_id == "deleteWebhook":
            self.webhooks.discard(segments[-1])
        elif operation_id == "cancelRun":
            self.stopping.add(segments[-2])
        self._note_ended(exchange)

    def _note_made(self, operation_id: str, exchange: Exchange) -> None:
        made = made_by(exchange)
        if made is None:
            return
        self.keys[made] = (exchange.request.authorization or "").removeprefix("Bearer ")
        if operation_id == "createTemplate":
            self.templates[made] = str(members(members(exchange.json).get("template")).get("slug"))
        elif operation_id == "createWebhook":
            self.webhooks.add(made)
        else:
            self.runs.add(made)
            self.every_run.append(made)

    def _note_ended(self, exchange: Exchange) -> None:
        """Runs that a list or a reading shows as ended need no further care."""
        for run in (members(exchange.json), *items(exchange)):
            if run.get("status") in ENDED:
                self.runs.discard(str(run.get("id")))

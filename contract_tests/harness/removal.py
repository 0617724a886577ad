"""Removing what a journal says may be left: by its id, or where no answer told it, by the words that name it.

What is not in the journal is left alone. Nothing here judges the server.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract_tests.harness.journal import Entry, Journal, print_of, words_of
from contract_tests.harness.lifecycle import ACTIVE, ENDED
from contract_tests.harness.line import LineError
from contract_tests.harness.listing import Listing, everything
from contract_tests.harness.reading import answered, items, members
from contract_tests.harness.session import Session
from contract_tests.harness.settings import PREFIX

SETTLED_SECONDS = 30
"""What was asked for so long ago and is not there was never made."""
PATIENCE_SECONDS = 60
_STEP_SECONDS = 3
_OF_THE_ORGANIZATION = (None, "api_key", "api_key_second")
"""The settings whose keys are of the organization that the journal is of."""


@dataclass(frozen=True)
class _Kind:
    """How things of a kind are found and removed."""

    name: str
    list_: str
    remove: str
    parameter: str
    named_in: tuple[str, ...]
    query: Mapping[str, str | int] = field(default_factory=dict)


_KINDS = {
    "createRun": _Kind("run", "listRuns", "cancelRun", "id", ("prompt", "templateSlug"), {"status": ",".join(ACTIVE)}),
    "createWebhook": _Kind("webhook", "listWebhooks", "deleteWebhook", "id", ("url",)),
    "createTemplate": _Kind("template", "listTemplates", "deleteTemplate", "idOrSlug", ("slug", "name", "description")),
}
"""Runs first: a template that a run uses cannot be deleted."""


class Removal:
    """The removal of what one journal says."""

    def __init__(
        self,
        session: Session,
        journal: Journal,
        keys: Mapping[str, str],
        *,
        waits: bool = False,
        settled_seconds: float = SETTLED_SECONDS,
    ) -> None:
        """`keys`: those that there are now, by the names of their settings. `waits`: until nothing more can be made."""
        self._session, self._journal, self._keys = session, journal, keys
        self._waits, self._settled_seconds = waits, settled_seconds
        self._lists: dict[tuple[str, str | None], Listing] = {}
        self.left: list[str] = []
        """What may still be there, in words."""

    def carry_out(self, entries: Sequence[Entry]) -> None:
        """Remove what these entries are about. A line that breaks is told among what is left."""
        judged, self._session.judges = self._session.judges, False
        try:
            for operation_id, kind in _KINDS.items():
                ours = [entry for entry in entries if entry.operation_id == operation_id]
                self._await_ends([entry.number for entry in ours if self._remove(kind, entry)])
        except LineError as error:
            self.left.append(str(error))
        finally:
            self._session.judges = judged

    def _key(self, entry: Entry) -> str | None:
        """The key to remove something with; None, and told as left, when there is none."""
        if entry.setting in _OF_THE_ORGANIZATION:
            return self._session.target.key
        key = self._keys.get(entry.setting or "")
        if key is None or print_of(self._journal.tag, key) != self._journal.head.keys.get(entry.setting or ""):
            lacking = "is not set any more" if key is None else "has changed"
            self.left.append(f"{self._told(entry)}: {PREFIX}{(entry.setting or '').upper()} {lacking}")
            return None
        return key

    @staticmethod
    def _told(entry: Entry) -> str:
        name = entry.id or " ".join(entry.words) or "without a name"
        return f"{_KINDS[entry.operation_id].name} {name}"

    # Removing

    def _remove(self, kind: _Kind, entry: Entry) -> bool:
        """Remove what an entry is about. Returns whether it is a run that was asked to stop and has not ended yet."""
        key = self._key(entry)
        ids = self._ids(kind, entry, key) if key is not None else []
        stopping = [self._remove_one(kind, entry, one, key) for one in ids]
        return any(stopping)

    def _remove_one(self, kind: _Kind, entry: Entry, thing_id: str, key: str | None) -> bool:
        answer = self._session.call(kind.remove, path={kind.parameter: thing_id}, key=key)
        run = kind.remove == "cancelRun"
        if run and answer.succeeded and members(answer.json).get("status") not in ENDED:
            self._journal.made(entry.number, thing_id)
            return True
        if answer.succeeded or answer.status == 404 or (run and answer.status == 409):
            self._journal.end(entry.number, "gone")
        else:
            self.left.append(f"{kind.name} {thing_id}: {kind.remove} is answered {answered(answer)}")
        return False

    def _ids(self, kind: _Kind, entry: Entry, key: str | None) -> list[str]:
        """The ids of what an entry is about: its own, else those of what is listed and bears one of its words."""
        if entry.id is not None:
            return [entry.id]
        found = self._listed(kind, entry, key)
        age = time.time() - entry.sent_at
        if found == [] and age < self._settled_seconds and self._waits:
            time.sleep(self._settled_seconds - age)
            self._lists.clear()
            found, age = self._listed(kind, entry, key), self._settled_seconds
        if found is None:
            self.left.append(f"{self._told(entry)}: {kind.list_} does not show whether it is there")
        elif not found and age < self._settled_seconds:
            self.left.append(f"{self._told(entry)}: it may still be made")
        elif not found:
            self._journal.end(entry.number, "never made")
        return found or []

    def _listed(self, kind: _Kind, entry: Entry, key: str | None) -> list[str] | None:
        """The ids of what is listed and bears a word of an entry; None when it cannot be listed."""
        place = (kind.list_, key)
        if place not in self._lists:
            self._lists[place] = self._list(kind, key)
        listing, tag = self._lists[place], self._journal.tag
        if not listing.succeeded:
            return None
        return [
            item["id"]
            for item in listing.items
            if isinstance(item.get("id"), str)
            and words_of(tag, *map(item.get, kind.named_in)).intersection(entry.words)
        ]

    def _list(self, kind: _Kind, key: str | None) -> Listing:
        if kind.list_ == "listWebhooks":
            exchange = self._session.call(kind.list_, key=key)
            return Listing(tuple(items(exchange)), (exchange,))
        return everything(self._session, kind.list_, key=key, query=kind.query)

    def _await_ends(self, stopping: Sequence[int]) -> None:
        """Wait until runs that were asked to stop have ended, or patience runs out."""
        target, waited_for = (
            self._session.target,
            {one.number: one for one in self._journal.open if one.number in stopping},
        )
        deadline = target.now() + PATIENCE_SECONDS
        while waited_for and target.now() < deadline:
            target.wait(_STEP_SECONDS, "for cancelled runs to stop", PATIENCE_SECONDS)
            for number, entry in list(waited_for.items()):
                answer = self._session.call("getRun", path={"id": str(entry.id)}, key=self._key(entry))
                if answer.status == 404 or members(answer.json).get("status") in ENDED:
                    self._journal.end(number, "gone")
                    del waited_for[number]
        self.left += [
            f"{self._told(entry)}: it was asked to stop and is still at work" for entry in waited_for.values()
        ]

"""What a dead run has left is found by its id or by its name and removed; nothing else is touched."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import requests

from contract_tests.harness import journal as journals
from contract_tests.harness import leftovers
from contract_tests.harness.journal import Head, Journal, print_of
from contract_tests.harness.permission import Guard, Permission
from contract_tests.harness.session import Session
from contract_tests.harness.world import World
from generated.contract import PROBLEMS, ProblemCode
from tests.contract_tests.exchanges import example
from tests.contract_tests.harness.test_world import there
from tests.contract_tests.scripted import KEY, OTHER, URL, Asked, answer, scripted

RUN = {"repo": "acme/storefront", "prompt": "[mock:slow]", "template": "node-default"}
LONG_AGO = 0.0


class Forgetful:
    """A run that dies: what it asked for is on the server and in its journal, with or without the ids."""

    def __init__(self, session: Session, root: Path, *, knows: bool) -> None:
        self._session, self._root, self._knows = session, root, knows
        self.keys = dict(session.target.keys)
        self.journal = journals.start(root, session.target.base_url, "org", self.keys)
        session.journal = self.journal
        session.gates = [self.journal.intend]
        self.world = World(session)
        if not knows:
            session.observers.remove(self.journal.note)

    def dies(self) -> Journal:
        self.journal._ledger = None
        self.journal.close()
        self._session.gates, self._session.journal = [], None
        (dead,) = journals.abandoned(self._root, self._session.target.base_url, "org")
        return dead


@pytest.mark.parametrize("knows", [True, False], ids=["by id", "by name"])
def test_all_of_it_is_removed_and_nothing_of_others(session: Session, tmp_path: Path, knows: bool) -> None:
    for key in (session.target.key, session.target.key_other_org):
        for slug in ("ct-abc123-1", "somebody-s"):
            session.call("createTemplate", body={"slug": slug, "name": "x", "baseImage": "node-22"}, key=key)
        session.call("createWebhook", body={"url": "https://h.example/ct-1", "events": ["run.failed"]}, key=key)
        session.call("createRun", body=RUN, key=key)
    before = there(session), there(session, session.target.key_other_org)

    run = Forgetful(session, tmp_path, knows=knows)
    world = run.world
    template = world.new_template()
    world.new_webhook()
    world.new_run(template=template["slug"], prompt=f"[mock:slow] {world.fresh_name()}")
    world.new_run(template=template["slug"], prompt="x")
    body = {**RUN, "prompt": f"[mock:slow] {world.fresh_name()}"}
    assert session.call("createRun", body=body, key=session.target.key_other_org).succeeded
    assert world.send_body("createTemplate", {}, {"slug": "y", "name": "y", "baseImage": "node-22"}).succeeded
    assert (there(session), there(session, session.target.key_other_org)) != before

    dead = run.dies()
    told = leftovers.remove(session, dead, run.keys, settled_seconds=0)
    dead.close()
    assert (there(session), there(session, session.target.key_other_org)) == before
    assert told == [f"an earlier run (ct-{dead.tag}) had left 7 thing(s), 7 of them are gone now"]
    assert list(tmp_path.rglob("*.jsonl")) == []


def test_a_name_that_only_begins_alike_is_anothers(session: Session, tmp_path: Path) -> None:
    run = Forgetful(session, tmp_path, knows=False)
    name = run.world.new_template()["slug"]
    dead = run.dies()
    alike = [f"{name}0", f"{name}-x", f"x{name}"]
    for slug in alike:
        session.call("createTemplate", body={"slug": slug, "name": "x", "baseImage": "node-22"})
    leftovers.remove(session, dead, run.keys, settled_seconds=0)
    slugs = [item["slug"] for item in session.call("listTemplates").json["data"]]
    assert name not in slugs
    assert set(alike) <= set(slugs)
    dead.close()


def test_what_is_gone_already_is_no_trouble(session: Session, tmp_path: Path) -> None:
    run = Forgetful(session, tmp_path, knows=True)
    template, webhook, run_id = run.world.new_template(), run.world.new_webhook(), run.world.new_run()
    dead = run.dies()
    session.observers.clear()
    session.call("cancelRun", path={"id": run_id})
    session.target.wait(3600)
    assert session.call("deleteTemplate", path={"idOrSlug": template["id"]}).succeeded
    assert session.call("deleteWebhook", path={"id": webhook["id"]}).succeeded
    (told,) = leftovers.remove(session, dead, run.keys, settled_seconds=0)
    assert "left 4 thing(s), 4 of them" in told
    dead.close()


TAG = "abc123"


def dead_journal(root: Path, *entries: dict[str, Any]) -> Journal:
    """A journal with these entries."""
    prints = {name: print_of(TAG, key) for name, key in (("api_key", KEY), ("api_key_other_org", OTHER))}
    lines = [asdict(Head(URL, "org", TAG, prints, pid=1))]
    entry = {"operation_id": "createTemplate", "setting": "api_key", "words": [], "sent_at": LONG_AGO}
    lines += [{"number": number, **entry, **given} for number, given in enumerate(entries, 1)]
    path = journals.directory_of(root, URL, "org") / "dead.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (dead,) = journals.abandoned(root, URL, "org")
    return dead


def fails(asked: Asked) -> requests.Response | Exception:
    kind = PROBLEMS[ProblemCode.INTERNAL_ERROR]
    return answer(kind.status, {"type": kind.code, "title": kind.title, "status": kind.status})


def test_what_cannot_be_removed_is_told_and_stays_in_the_journal(tmp_path: Path) -> None:
    for setup in (fails, lambda asked: requests.ConnectionError("Connection refused")):
        dead = dead_journal(tmp_path, {"id": "tpl_1"}, {"operation_id": "createRun", "id": "run_1"})
        with scripted(setup) as (session, _, _clock):
            counted, left = leftovers.remove(session, dead, {"api_key": KEY})
        assert counted.endswith("2 thing(s), 0 of them are gone now")
        assert "could not be removed: " in left
        assert "clean-target" in left
        assert len(dead.open) == 2
        dead.end(1, "gone")
        dead.end(2, "gone")
        dead.close()


def test_a_run_that_does_not_stop_is_told(tmp_path: Path) -> None:
    dead = dead_journal(tmp_path, {"operation_id": "createRun", "id": "run_1"})
    with scripted([answer(200, example("getRun") | {"status": "running"})]) as (session, _, clock):
        _, left = leftovers.remove(session, dead, {"api_key": KEY})
    assert "run run_1: it was asked to stop and is still at work" in left
    assert sum(clock.waits) >= 60
    assert len(dead.open) == 1


@pytest.mark.parametrize(("keys", "told"), [({}, "is not set any more"), ({"api_key_other_org": KEY}, "has changed")])
def test_without_the_key_nothing_is_asked(keys: dict[str, str], told: str, tmp_path: Path) -> None:
    dead = dead_journal(tmp_path, {"id": "tpl_1", "setting": "api_key_other_org"})
    with scripted([answer(204)]) as (session, server, _):
        _, left = leftovers.remove(session, dead, {"api_key": KEY, **keys})
    assert f"template tpl_1: COSPEC_API_KEY_OTHER_ORG {told}" in left
    assert server.asked == []
    assert len(dead.open) == 1


def test_where_nothing_may_be_removed_nothing_is_asked(tmp_path: Path) -> None:
    dead = dead_journal(tmp_path, {"id": "tpl_1"})
    with scripted([answer(204)]) as (session, server, _):
        session.guard = Guard(Permission(no_writes="because of this"), session.results)
        (told,) = leftovers.remove(session, dead, {"api_key": KEY})
    assert "has left 1 thing(s); nothing may be removed here" in told
    assert server.asked == []
    assert len(dead.open) == 1


EMPTY = {"data": [], "pagination": {"page": 1, "limit": 100, "total": 0, "totalPages": 0}}


def test_what_is_not_there_was_never_made_unless_it_may_still_be(tmp_path: Path) -> None:
    young = {"words": [f"ct-{TAG}-1"], "sent_at": time.time()}
    dead = dead_journal(tmp_path, {"words": [f"ct-{TAG}-1"]}, young)
    with scripted([answer(200, EMPTY)]) as (session, _, _clock):
        _, left = leftovers.remove(session, dead, {"api_key": KEY})
        assert f"template ct-{TAG}-1: it may still be made" in left
        assert [entry.number for entry in dead.open] == [2]
        leftovers.remove(session, dead, {"api_key": KEY}, waits=True, settled_seconds=0.3)
    assert dead.open == []


def test_a_list_that_cannot_be_read_shows_nothing(tmp_path: Path) -> None:
    dead = dead_journal(tmp_path, {"words": [f"ct-{TAG}-1"]})
    with scripted(fails) as (session, _, _clock):
        _, left = leftovers.remove(session, dead, {"api_key": KEY})
    assert "listTemplates does not show whether it is there" in left
    assert len(dead.open) == 1

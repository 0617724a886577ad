"""The journal knows of a thing before the server does, and forgets it once it is gone; it knows no key."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from contract_tests.harness import journal as journals
from contract_tests.harness.journal import Journal, words_of
from contract_tests.harness.line import LineError
from contract_tests.harness.session import Session
from contract_tests.harness.world import World
from generated.contract import PROBLEMS, ProblemCode
from tests.contract_tests.exchanges import example
from tests.contract_tests.scripted import KEY, OTHER, SECOND, URL, Asked, Server, answer, scripted

KEYS = {"api_key": KEY, "api_key_second": SECOND, "api_key_other_org": OTHER}


def refusal(code: ProblemCode) -> requests.Response:
    kind = PROBLEMS[code]
    return answer(kind.status, {"type": kind.code, "title": kind.title, "status": kind.status}, retry_after=1)


@contextmanager
def journalled(root: Path, script: Any) -> Iterator[tuple[Session, Journal, Server]]:
    with scripted(script) as (session, server, _):
        journal = journals.start(root, URL, "org_1", KEYS)
        session.journal = journal
        session.gates.append(journal.intend)
        yield session, journal, server
        journal.close()


def lines(journal: Journal) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.path.read_text(encoding="utf-8").splitlines()]


def found(root: Path) -> list[Journal]:
    return list(journals.abandoned(root, URL, "org_1"))


BODIES = {
    "createTemplate": lambda world: {"slug": world.fresh_name(), "name": "x", "baseImage": "node-22"},
    "createWebhook": lambda world: {"url": world.fresh_url(), "events": ["run.completed"]},
    "createRun": lambda world: {"repo": "a/b", "prompt": world.harmless_prompt(), "template": "node-default"},
}


@pytest.mark.parametrize("operation_id", BODIES)
def test_what_is_to_be_made_is_on_the_disk_when_the_request_arrives(operation_id: str, tmp_path: Path) -> None:
    then: list[dict[str, Any]] = []

    def looks(asked: Asked) -> requests.Response:
        then.extend(lines(journal))
        return answer(201, example(operation_id))

    with journalled(tmp_path, looks) as (session, journal, _):
        world = World(session)
        body = BODIES[operation_id](world)
        session.call(operation_id, body=body)
        (made,) = journal.open
        assert then[-1]["operation_id"] == operation_id
        assert all(word in json.dumps(body) for word in then[-1]["words"])
        assert then[-1]["words"] == [f"ct-{journal.tag}-1"]
        assert lines(journal)[-1] == {"number": 1, "id": made.id}


@pytest.mark.parametrize("outlives", [True, False])
def test_a_failure_of_power_is_outlived_where_that_matters(
    outlives: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    journal = journals.start(tmp_path, URL, "org_1", KEYS, outlives_the_machine=outlives)
    with scripted([answer(201, example("createTemplate"))]) as (session, *_):
        session.journal = journal
        session.gates.append(journal.intend)
        session.call("createTemplate", body=BODIES["createTemplate"](World(session)))
    assert len(lines(journal)) > 1, "for a process that dies it is there in any case"
    assert bool(synced) is outlives
    journal.close()


def test_reads_and_changes_are_none_of_its_business(tmp_path: Path) -> None:
    with journalled(tmp_path, [answer(200, {})]) as (session, journal, _):
        World(session)
        for operation_id, path in (("listRuns", {}), ("cancelRun", {"id": "x"}), ("updateTemplate", {"idOrSlug": "x"})):
            session.call(operation_id, path=path)
        assert len(lines(journal)) == 1


def test_it_holds_no_key_but_the_setting_of_each(tmp_path: Path) -> None:
    with journalled(tmp_path, [answer(201, example("createRun"))]) as (session, journal, _):
        World(session)
        for key in (*KEYS.values(), "csk_live_of_nobody"):
            session.call("createRun", body={"prompt": "x", "repo": "a/b", "template": "t"}, key=key)
        assert [line["setting"] for line in lines(journal) if "setting" in line] == [*KEYS, None]
        text = journal.path.read_text(encoding="utf-8")
        assert all(key not in text for key in (*KEYS.values(), "csk_live_of_nobody"))
        assert journal.path.stat().st_mode & 0o077 == 0


def test_what_was_refused_is_over_and_of_what_failed_nobody_knows(tmp_path: Path) -> None:
    answers = [refusal(ProblemCode.VALIDATION_FAILED), refusal(ProblemCode.INTERNAL_ERROR), requests.ReadTimeout()]
    with journalled(tmp_path, answers) as (session, journal, _):
        World(session)
        for _ in range(2):
            session.call("createTemplate", body={})
        with pytest.raises(LineError):
            session.call("createTemplate", body={})
        assert [(entry.number, entry.id) for entry in journal.open] == [(2, None), (3, None)]


def test_what_was_told_to_fail_has_made_nothing(tmp_path: Path) -> None:
    with journalled(tmp_path, [refusal(ProblemCode.INTERNAL_ERROR)]) as (session, journal, _):
        World(session)
        session.send(replace(session.build("createRun", body={}), provokes=500))
        assert journal.open == []


def test_requests_that_leave_together_are_told_apart(tmp_path: Path) -> None:
    with journalled(tmp_path, [answer(201, example("createWebhook")), refusal(ProblemCode.WEBHOOK_URL_DUPLICATE)]) as (
        session,
        journal,
        _,
    ):
        World(session)
        request = session.build("createWebhook", body={"url": "https://a.example", "events": ["run.failed"]})
        session.send_together([request, request, request])
        assert len([line for line in lines(journal) if "operation_id" in line]) == 3
        assert len(journal.open) == 1


def test_what_the_ledger_crosses_out_is_gone(tmp_path: Path) -> None:
    with journalled(tmp_path, [answer(201, example("createRun"))]) as (session, journal, _):
        world = World(session)
        session.call("createRun", body={})
        world.ledger.runs.clear()
        journal.compare()
        assert journal.open == []
        assert lines(journal)[-1]["over"] == "gone"


@pytest.mark.parametrize(("status", "stays"), [(201, True), (400, False)])
def test_the_file_stays_as_long_as_something_may_be_left(status: int, stays: bool, tmp_path: Path) -> None:
    script = [answer(201, example("createRun")) if status == 201 else refusal(ProblemCode.BAD_REQUEST)]
    with journalled(tmp_path, script) as (session, journal, _):
        World(session)
        session.call("createRun", body={})
    assert journal.path.is_file() is stays
    assert bool(found(tmp_path)) is stays
    journal.close()  # twice does no harm


# Who finds it


def test_nobody_finds_the_journal_of_a_run_that_is_alive(tmp_path: Path) -> None:
    with journalled(tmp_path, [answer(201, example("createRun"))]) as (session, journal, _):
        World(session)
        session.call("createRun", body={})
        assert found(tmp_path) == []
        assert journal.path.is_file()
    (dead,) = found(tmp_path)
    assert found(tmp_path) == [], "two would remove the same"
    assert (dead.head, dead.open) == (journal.head, journal.open)
    dead.end(1, "gone")
    dead.close()
    assert list(tmp_path.rglob("*.jsonl")) == []


@pytest.mark.parametrize(
    ("url", "organization"), [(URL, "org_2"), (URL, None), ("http://127.0.0.1:4011", "org_1"), (f"{URL}/eu", "org_1")]
)
def test_nobody_finds_the_journal_of_another_target(url: str, organization: str | None, tmp_path: Path) -> None:
    with journalled(tmp_path, [answer(201, example("createRun"))]) as (session, _, _server):
        World(session)
        session.call("createRun", body={})
    assert list(journals.abandoned(tmp_path, url, organization)) == []


def test_a_line_that_was_cut_short_costs_no_more_than_itself(tmp_path: Path) -> None:
    with journalled(tmp_path, [answer(201, example("createRun"))]) as (session, journal, _):
        World(session)
        session.call("createRun", body={"prompt": f"x ct-{journal.tag}-9"})
    with journal.path.open("a", encoding="utf-8") as file:
        file.write('{"number": 2, "operation_id": "createRu')
    (dead,) = found(tmp_path)
    assert [(entry.number, entry.words) for entry in dead.open] == [(1, (f"ct-{journal.tag}-9",))]
    dead.end(1, "gone")
    assert lines_of(dead.path)[-1] == {"number": 1, "over": "gone"}
    dead.close()


def lines_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]


@pytest.mark.parametrize("text", ["", "{}\n", "not a journal\n", '{"format": 2}\n', '{"format": 1}\n', "\x00\n"])
def test_what_is_no_journal_is_left_where_it_is(text: str, tmp_path: Path) -> None:
    directory = journals.directory_of(tmp_path, URL, "org_1")
    directory.mkdir(parents=True)
    file = directory / "notes.jsonl"
    file.write_text(text, encoding="utf-8")
    assert found(tmp_path) == []
    assert file.read_text(encoding="utf-8") == text


# Names


def test_tags_differ() -> None:
    tags = {journals.new_tag() for _ in range(100)}
    assert len(tags) == 100
    assert all(tag.isalnum() and tag == tag.lower() for tag in tags)


def test_a_word_bears_the_tag_whole() -> None:
    assert words_of("abc123", "Answer OK. (ct-abc123-1)", "https://x.example/ct-abc123-12?by=suite", None, 7) == {
        "ct-abc123-1",
        "ct-abc123-12",
    }
    assert words_of("abc123", "It is number 3 of crowdabc123, no more.") == {"crowdabc123"}
    assert words_of("abc123", "abc 123", "ct-abc124-1") == frozenset()

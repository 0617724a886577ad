"""What is not permitted is never sent, is held against nobody, and is told as not checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from contract_tests.harness.document import host_of
from contract_tests.harness.exchange import Request
from contract_tests.harness.line import LineError
from contract_tests.harness.permission import MOST_RUNS, Effect, Guard, NotPermitted, effect_of, permission
from contract_tests.harness.rules import Hindered
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings
from contract_tests.harness.target import MovedClock, Target
from contract_tests.harness.world import LEAST_GUARDRAILS, World
from generated.contract import OPERATIONS, PROBLEMS, ProblemCode
from tests.contract_tests.exchanges import document, example
from tests.contract_tests.scripted import KEY, Asked, Server, StillClock, answer, scripted

PRODUCTION = "https://api.cospec.io"
READS_ONLY, NO_RUNS, EVERYTHING = (Effect.READ,), (Effect.READ, Effect.WRITE), tuple(Effect)


def settings(**given: Any) -> Settings:
    return Settings(base_url="http://127.0.0.1:4010", api_key=KEY, **given)


def permitted(target: Target, **given: Any) -> tuple[Effect, ...]:
    found = permission(settings(**given), target, document())
    return tuple(effect for effect in Effect if found.why_not(effect) is None)


@contextmanager
def guarded(script: Any, **given: Any) -> Iterator[tuple[Session, Guard, Server]]:
    """A session on a server that is no mock, with these settings."""
    with scripted(script) as (session, server, _):
        session.guard = Guard(permission(settings(**given), session.target, document()), session.results)
        session.gates.append(session.guard.let_pass)
        session.observers.append(session.guard.note)
        yield session, session.guard, server


def accepts(asked: Asked) -> requests.Response:
    """Does whatever it is asked for."""
    for name, operation in OPERATIONS.items():
        if asked.method == operation.method and asked.url.split("?")[0].endswith(operation.path):
            return answer(operation.success_status, example(name))
    return answer(204 if asked.method == "DELETE" else 200, {})


def refusal(code: ProblemCode) -> requests.Response:
    kind = PROBLEMS[code]
    return answer(kind.status, {"type": kind.code, "title": kind.title, "status": kind.status}, retry_after=1)


# What a request can do


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_what_an_operation_can_do_follows_from_its_method(operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    effect = effect_of(Request(operation.method, operation.path, operation_id))
    assert (effect is Effect.READ) == (operation.method == "GET")
    assert (effect is Effect.START) == (operation_id == "createRun")


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs/", "//v1//runs"])
def test_whatever_is_posted_to_the_runs_may_start_one(path: str) -> None:
    for body in ({}, b"{", {"repo": ""}):
        assert effect_of(Request("POST", path, None, body=body, has_body=True, authorization=None)) is Effect.START


def test_what_no_operation_is_writes_unless_it_reads() -> None:
    assert effect_of(Request("PUT", "/v1/templates")) is Effect.WRITE
    assert effect_of(Request("POST", "/v1/usage/credits")) is Effect.WRITE
    assert effect_of(Request("GET", "/v1/no-such-path")) is Effect.READ


# What is permitted where


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, NO_RUNS),
        ({"max_runs": 5}, NO_RUNS),
        ({"allow_runs": True}, EVERYTHING),
        ({"allow_runs": False}, NO_RUNS),
        ({"read_only": True}, READS_ONLY),
        ({"read_only": True, "allow_runs": True, "allow_writes": "api.cospec.io"}, READS_ONLY),
    ],
)
def test_elsewhere_no_run_is_started_unless_told(given: dict[str, Any], expected: tuple[Effect, ...]) -> None:
    for url in ("https://staging.acme.example", "http://127.0.0.1:8000", "https://api.cospec.io.acme.example"):
        assert permitted(Target(url, StillClock(), KEY), **given) == expected


@pytest.mark.parametrize(
    "url",
    [
        PRODUCTION,
        "http://api.cospec.io",
        "https://API.CoSpec.IO",
        "https://api.cospec.io:443",
        "https://api.cospec.io:8443/behind/a/path",
        "https://api.cospec.io.",
    ],
)
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, READS_ONLY),
        ({"allow_runs": True}, READS_ONLY),
        ({"read_only": False, "allow_runs": True}, READS_ONLY),
        ({"allow_writes": "api.cospec.io"}, NO_RUNS),
        ({"allow_writes": "API.cospec.io", "allow_runs": True}, EVERYTHING),
        ({"allow_writes": "api.cospec.io", "allow_runs": True, "read_only": True}, READS_ONLY),
    ],
)
def test_where_the_api_itself_is_only_a_second_word_permits_to_write(
    url: str, given: dict[str, Any], expected: tuple[Effect, ...]
) -> None:
    assert host_of(url) in document().hosts
    assert permitted(Target(url, StillClock(), KEY), **given) == expected


def test_a_name_that_only_looks_like_its_own_leads_nowhere() -> None:
    for url in ("https://api。cospec。io", "https://api.cospec.ｉｏ"):
        assert host_of(url) == ""


def test_on_a_mock_everything_is_permitted_unless_told(mock_url: str) -> None:
    mock = Target(mock_url, MovedClock(f"{mock_url}/_control"), KEY)
    assert mock.is_mock
    assert permitted(mock) == EVERYTHING
    assert permission(settings(), mock, document()).most_runs is None
    assert permitted(mock, allow_runs=False) == NO_RUNS
    assert permitted(mock, read_only=True) == READS_ONLY


@pytest.mark.parametrize("url", ["https://staging.acme.example", PRODUCTION])
def test_the_control_interface_of_another_server_makes_no_mock(mock_url: str, url: str) -> None:
    target = Target(url, MovedClock(f"{mock_url}/_control"), KEY)
    assert not target.is_mock
    assert Effect.START not in permitted(target)
    assert permission(settings(allow_runs=True), target, document()).most_runs == MOST_RUNS


def test_a_mock_without_a_control_interface_counts_as_any_server(mock_url: str) -> None:
    target = Target(mock_url, StillClock(), KEY)
    assert permitted(target) == NO_RUNS
    assert permission(settings(allow_runs=True), target, document()).most_runs == MOST_RUNS


@pytest.mark.parametrize(
    ("given", "told"),
    [({}, "what needs runs"), ({"read_only": True}, "creating, changing and deleting"), ({"allow_runs": True}, None)],
)
def test_what_is_left_out_is_known_beforehand(given: dict[str, Any], told: str | None) -> None:
    found = permission(settings(**given), Target("https://staging.acme.example", StillClock(), KEY), document())
    assert found.leaves_out is None if told is None else told in str(found.leaves_out)


# What the guard lets pass

WRITES = [name for name, operation in OPERATIONS.items() if operation.method != "GET"]


@pytest.mark.parametrize("operation_id", WRITES)
def test_what_is_not_permitted_never_leaves(operation_id: str) -> None:
    with guarded(accepts, read_only=True) as (session, _, server):
        path = {part.strip("{}"): "x" for part in OPERATIONS[operation_id].path.split("/") if part.startswith("{")}
        request = session.build(operation_id, path=path, body={})
        assert not session.may(request)
        assert not session.may(operation_id)
        for send in (
            lambda: session.send(request),
            lambda: session.send(request, planned_refusal=True),
            lambda: session.send_together([session.build("getCredits"), request]),
        ):
            with pytest.raises(NotPermitted, match="COSPEC_READ_ONLY is set"):
                send()
        assert server.asked == []
        assert operation_id in session.results.beyond_permission


def test_it_hinders_nothing_and_leaves_nothing_unseen() -> None:
    assert not issubclass(NotPermitted, Hindered)
    with guarded(accepts, read_only=True) as (session, _, _server):
        for operation_id in ("createTemplate", "createWebhook", "createRun"):
            with pytest.raises(NotPermitted):
                session.call(operation_id, body={})
        silent = session.results.operations_without_success()
        assert all(OPERATIONS[operation_id].method == "GET" for operation_id in silent)
        assert not {"getRun", "getTemplate"} & set(silent)
        assert {"listRuns", "getUsage"} <= set(silent)
        assert session.results.saw_a_part


def test_only_so_many_runs_are_started() -> None:
    with guarded(accepts, allow_runs=True, max_runs=2) as (session, guard, server):
        for _ in range(2):
            session.call("createRun", body={})
        with pytest.raises(NotPermitted, match="COSPEC_MAX_RUNS=2"):
            session.call("createRun", body={})
        assert (len(server.asked), guard.started) == (2, 2)


def test_unless_told_that_is_a_number_too() -> None:
    with guarded(accepts, allow_runs=True) as (_, guard, _server):
        assert guard.permission.most_runs == MOST_RUNS
        assert str(MOST_RUNS) in str(guard.permission)


def test_together_all_are_started_or_none() -> None:
    with guarded(accepts, allow_runs=True, max_runs=2) as (session, guard, server):
        with pytest.raises(NotPermitted):
            session.send_together([session.build("createRun", body={}) for _ in range(3)])
        assert (server.asked, guard.started) == ([], 0)
        session.send_together([session.build("createRun", body={}) for _ in range(2)])
        assert (len(server.asked), guard.started) == (2, 2)


@pytest.mark.parametrize("code", [ProblemCode.VALIDATION_FAILED, ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED])
def test_a_create_that_was_refused_does_not_count(code: ProblemCode) -> None:
    with guarded([refusal(code)], allow_runs=True, max_runs=1) as (session, guard, server):
        for _ in range(3):
            session.call("createRun", body={})
        assert (len(server.asked), guard.started) == (3, 0)


def test_a_create_of_which_nobody_knows_counts() -> None:
    def gone(_: Asked) -> Exception:
        return requests.ReadTimeout()

    with guarded(gone, allow_runs=True, max_runs=1) as (session, guard, _):
        with pytest.raises(LineError):
            session.call("createRun", body={})
        assert guard.started == 1
    with guarded([refusal(ProblemCode.INTERNAL_ERROR)], allow_runs=True, max_runs=1) as (session, guard, _):
        session.call("createRun", body={})
        assert guard.started == 1


def test_what_needs_more_runs_than_are_left_is_known_beforehand() -> None:
    with guarded(accepts, allow_runs=True, max_runs=5) as (session, _, server):
        session.demand("createRun", 5)
        with pytest.raises(NotPermitted):
            session.demand("createRun", 6)
        assert server.asked == []


# What is sent where runs cost


def test_where_runs_cost_they_are_given_a_harmless_prompt_and_the_least_guardrails() -> None:
    greedy = {"maxTurns": 1000, "maxCostUsd": 1000, "timeoutSeconds": 3600}
    with guarded(accepts, allow_runs=True) as (session, _, _server):
        world = World(session)
        for prompt in ("Delete everything.", "x" * 50_000):
            body = world.fitted("createRun", {"prompt": prompt, "guardrails": dict(greedy)})
            assert body["guardrails"] == LEAST_GUARDRAILS
            assert body["prompt"].startswith("Answer with the single word OK")
            assert len(body["prompt"]) >= len(prompt)
        assert world.fitted("createRun", {"prompt": "x", "guardrails": {"maxTurns": 9}})["guardrails"] == {
            "maxTurns": 1
        }


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("prompt", ""),
        ("prompt", 7),
        ("guardrails", []),
        ("guardrails", {"maxTurns": 0}),
        ("guardrails", {"maxTurns": ""}),
    ],
)
def test_what_is_to_be_refused_stays_wrong(member: str, value: Any) -> None:
    with guarded(accepts, allow_runs=True) as (session, _, _server):
        body = World(session).harmless({"repo": "a/b", "prompt": "Work.", "template": "t", member: value})
        assert body[member] == value


@pytest.mark.parametrize("given", ["createRun", "createTemplate"])
def test_what_is_only_read_need_not_be_made(given: str) -> None:
    with guarded(accepts, read_only=given == "createTemplate") as (session, _, server):
        world = World(session)
        assert world.path_parameters("getRun") == {"id": example("listRuns")["data"][0]["id"]}
        if given == "createTemplate":
            assert world.path_parameters("getTemplate") == {"idOrSlug": example("listTemplates")["data"][0]["id"]}
        with pytest.raises(NotPermitted):
            world.path_parameters("cancelRun")
        assert {asked.method for asked in server.asked} == {"GET"}

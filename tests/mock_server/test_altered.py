"""Can every part of the mock be changed from outside, and only that part? Faults and variants stand on this."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from generated.contract import ProblemCode
from mock_server.altered import Bench, Exchange, altered, at, drop_member, map_member, set_member
from mock_server.calls import Answer
from mock_server.clock import Clock
from mock_server.rate_limit import Allowance, Window
from tests.mock_server.documented import Response
from tests.mock_server.in_process import START, Mock

Ask = Callable[..., Response]


@pytest.fixture
def ask(mock: Mock) -> Ask:
    """Alters the mock and sends it one request, unchecked."""

    def ask(
        alter: Callable[[Bench], None], target: str = "/v1/runs", method: str = "GET", body: Any = None
    ) -> Response:
        mock.application = altered([alter], mock.receivers, clock=Clock(lambda: START))
        headers = [(b"authorization", b"Bearer csk_live_altered")]
        return mock.run(mock.request("GET", target, headers))

    return ask


def test_without_a_change_it_is_the_conforming_mock(ask: Ask) -> None:
    response = ask(lambda mock: None)
    assert (response.status, response.body["data"]) == (200, [])
    assert response.headers["content-length"] == str(len(response.content))


def test_requests_are_changed_before_they_are_answered(ask: Ask) -> None:
    def alter(mock: Bench) -> None:
        mock.before(lambda exchange: setattr(exchange, "path", "/v1/nowhere"), ["listRuns"])

    assert ask(alter).status == 404
    assert ask(alter, "/v1/webhooks").status == 200


def test_answers_are_changed_by_operation_and_status(ask: Ask) -> None:
    def alter(mock: Bench) -> None:
        mock.after(lambda exchange: exchange.headers.update({"x-changed": "yes"}), ["listRuns"], [200])

    assert ask(alter).headers["x-changed"] == "yes"
    assert "x-changed" not in ask(alter, "/v1/runs?limit=0").headers
    assert "x-changed" not in ask(alter, "/v1/webhooks").headers


def test_the_last_alteration_is_nearest_to_the_client(mock: Mock) -> None:
    def say(word: str) -> Callable[[Bench], None]:
        return lambda mock: mock.after(lambda exchange: exchange.headers.update({"x-said": word}))

    mock.application = altered([say("first"), say("last")], mock.receivers)
    response = mock.run(mock.request("GET", "/v1/runs", []))
    assert response.headers["x-said"] == "last"


def test_an_answer_may_be_no_json(ask: Ask) -> None:
    response = ask(lambda mock: mock.after(lambda exchange: setattr(exchange, "content", b"no JSON")))
    assert response.content == b"no JSON"


def test_a_refusal_is_a_whole_problem(ask: Ask) -> None:
    def alter(mock: Bench) -> None:
        mock.after(lambda exchange: exchange.refuse(ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED, retry_after_seconds=7))

    response = ask(alter)
    assert (response.status, response.body["type"], response.body["instance"], response.headers["retry-after"]) == (
        429,
        "CONCURRENT_RUN_LIMIT_EXCEEDED",
        "/v1/runs",
        "7",
    )


def test_handlers_are_wrapped_one_around_the_other(ask: Ask) -> None:
    def alter(mock: Bench) -> None:
        mock.handle("listRuns", lambda call, inner: Answer(200, {"inner": True}))
        mock.handle("listRuns", lambda call, inner: Answer(200, {"outer": inner(call).body}))

    assert ask(alter).body == {"outer": {"inner": True}}


def test_schemas_are_changed_for_this_mock_only(ask: Ask) -> None:
    def alter(mock: Bench) -> None:
        mock.own_parameter_schema("listRuns", "limit")["maximum"] = 500

    assert ask(alter, "/v1/runs?limit=500").status == 200
    assert ask(alter, "/v1/templates?limit=500").status == 400
    assert ask(lambda mock: None, "/v1/runs?limit=500").status == 400


def test_a_parameter_that_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(KeyError, match="listRuns has no parameter none"):
        Bench(Clock()).own_parameter_schema("listRuns", "none")


def test_each_key_has_its_own_window_of_the_altered_kind(ask: Ask) -> None:
    class Empty(Window):
        def take(self, now: float) -> Allowance:
            return Allowance(False, 0, int(now) + 9)

    def alter(mock: Bench) -> None:
        mock.parts.window = lambda key: Empty()

    assert (ask(alter).status, ask(alter).headers["retry-after"]) == (429, "9")


def test_deliveries_are_changed_before_they_are_signed(mock: Mock) -> None:
    def alter(bench: Bench) -> None:
        bench.delivering(lambda body: orjson.dumps({"changed": orjson.loads(body)["event"]}))

    mock.application = altered([alter], mock.receivers, clock=Clock(lambda: START))
    client = mock.client()
    client.create_webhook("https://hooks.example/changed")
    client.ended_run()
    assert mock.receivers.bodies("https://hooks.example/changed") == [{"changed": "run.completed"}]


def test_a_run_is_changed_wherever_it_is_shown(mock: Mock) -> None:
    mock.application = altered(
        [lambda bench: bench.showing_runs(lambda run: run.update(prompt="changed"))],
        mock.receivers,
        clock=Clock(lambda: START),
    )
    client = mock.client()
    client.create_webhook("https://hooks.example/changed")
    run_id = client.ended_run()["id"]
    active = client.start_run()
    shown = [
        client.get(f"/v1/runs/{run_id}").body,
        *client.get("/v1/runs").body["data"],
        client.post(f"/v1/runs/{active}/cancel").body,
        mock.receivers.bodies("https://hooks.example/changed")[0]["run"],
    ]
    assert [run["prompt"] for run in shown] == ["changed"] * 5


def test_the_control_interface_is_left_alone(ask: Ask) -> None:
    response = ask(lambda mock: mock.after(lambda exchange: setattr(exchange, "status", 599)), "/_control")
    assert response.status == 200


BODY = {"data": [{"a": 1, "b": {"c": 2}}, {"a": None}], "d": None}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (set_member("data.*.a", 3), {"data": [{"a": 3, "b": {"c": 2}}, {"a": 3}], "d": None}),
        (set_member("data.*.b.c", 3), {"data": [{"a": 1, "b": {"c": 3}}, {"a": None}], "d": None}),
        (drop_member("data.*.a"), {"data": [{"b": {"c": 2}}, {}], "d": None}),
        (drop_member("d"), {"data": [{"a": 1, "b": {"c": 2}}, {"a": None}]}),
        (map_member("data.*.a", str), {"data": [{"a": "1", "b": {"c": 2}}, {"a": None}], "d": None}),
        (set_member("d.e.f", 1), BODY),
        (set_member("data.a", 1), BODY),
    ],
)
def test_members_are_named_by_a_path(change: Callable[[Exchange], object], expected: Any) -> None:
    exchange = Exchange(
        method="GET",
        path="/v1/runs",
        query="",
        request_headers=[],
        request_content=b"",
        asked_path="/v1/runs",
        clock=Clock(),
        status=200,
        body=orjson.loads(orjson.dumps(BODY)),
    )
    change(exchange)
    assert exchange.body == expected


def test_a_path_into_what_is_no_object_leads_nowhere() -> None:
    assert at([], "a") == at(None, "a.b") == at({"a": 1}, "a.b") == []

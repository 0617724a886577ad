"""The session keeps within the rate limit by the headers, no slower than it must, and repeats only what it may."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from contract_tests.harness.line import LineError
from contract_tests.harness.session import PATIENCE_SECONDS
from generated.contract import RATE_LIMIT_WINDOW_SECONDS, Header
from tests.contract_tests.exchanges import NOW, example
from tests.contract_tests.scripted import KEY, OTHER, SECOND, URL, Asked, answer, refusal, scripted

GET, POST = "getCredits", "createTemplate"
GRACE = 0.5
"""How much longer than told a real clock is waited on."""


# Pacing


def test_nobody_waits_while_requests_remain() -> None:
    left = iter(range(30, -1, -1))
    with scripted(lambda _: answer(remaining=next(left))) as (session, server, clock):
        for _ in range(31):
            session.call(GET)
    assert clock.waits == []
    assert len(server.asked) == 31


def test_the_reset_is_waited_for_when_none_remain() -> None:
    with scripted([answer(remaining=0, reset=NOW + 40), answer(remaining=199, reset=NOW + 100)]) as (session, _, clock):
        for _ in range(3):
            session.call(GET)
    assert clock.waits == [40 + GRACE]


def test_nobody_waits_for_a_reset_that_is_past() -> None:
    with scripted([answer(remaining=0, reset=NOW - 1)]) as (session, _, clock):
        for _ in range(3):
            session.call(GET)
    assert clock.waits == []


def test_nobody_waits_without_having_seen_a_window() -> None:
    with scripted([answer(remaining=None, reset=None)]) as (session, _, clock):
        for _ in range(3):
            session.call(GET)
        assert session.remaining() is None
    assert clock.waits == []


def test_each_key_has_a_window_of_its_own() -> None:
    with scripted(lambda asked: answer(remaining=0 if asked.key == KEY else 9, reset=NOW + 40)) as (session, _, clock):
        session.call(GET)
        for key in (SECOND, OTHER):
            session.call(GET, key=key)
            session.call(GET, key=key)
        assert clock.waits == []
        session.call(GET)
    assert clock.waits == [40 + GRACE]


def test_what_remains_is_told_until_the_window_ends() -> None:
    with scripted([answer(remaining=17, reset=NOW + 40)]) as (session, _, clock):
        assert session.remaining() is None
        session.call(GET)
        assert session.remaining() == 17
        assert session.remaining(SECOND) is None
        clock.moment += 40
        assert session.remaining() is None


@pytest.mark.parametrize(("wanted", "waits"), [(17, []), (18, [40 + GRACE])])
def test_room_for_several_requests_is_waited_for(wanted: int, waits: list[float]) -> None:
    with scripted([answer(remaining=17, reset=NOW + 40)]) as (session, _, clock):
        session.ensure(wanted)
        session.call(GET)
        session.ensure(wanted)
        session.ensure(wanted, f"Bearer {SECOND}")
    assert clock.waits == waits


def test_a_planned_refusal_is_sent_at_once_and_not_repeated() -> None:
    with scripted([answer(remaining=0), refusal()]) as (session, server, clock):
        session.call(GET)
        assert session.send(session.build(GET), planned_refusal=True).status == 429
    assert (len(server.asked), clock.waits, session.results.unplanned_429s) == (2, [], 0)


def test_requests_can_be_sent_together_and_come_back_in_their_order() -> None:
    def echo(asked: Asked) -> requests.Response:
        return answer(body={"asked": asked.url})

    with scripted(echo) as (session, _, clock):
        asked = [session.build("listRuns", query={"page": page}) for page in range(1, 7)]
        found = session.send_together(asked)
    assert [exchange.json["asked"] for exchange in found] == [URL + request.target for request in asked]
    assert sorted(exchange.number for exchange in found) == list(range(1, 7))
    assert clock.waits == []


def test_what_is_to_be_called_before_a_request_is() -> None:
    with scripted([answer()]) as (session, server, _):
        seen: list[int] = []
        session.before_send = lambda: seen.append(len(server.asked))
        session.call(GET)
        session.call(GET)
        session.send(session.build(GET), planned_refusal=True)
    assert seen == [0, 1]


# Headers that cannot be true


@pytest.mark.parametrize("reset", [NOW + RATE_LIMIT_WINDOW_SECONDS + 6, NOW * 1000, "1e99", "inf"])
def test_a_reset_beyond_a_window_is_not_waited_for(reset: float | str) -> None:
    with scripted([answer(remaining=0, reset=reset)]) as (session, _, clock):
        for _ in range(3):
            session.call(GET)
        session.ensure(5)
    assert clock.waits == []


@pytest.mark.parametrize("text", ["", "soon", "nan", "0x10"])
def test_headers_that_are_no_numbers_are_not_steered_by(text: str) -> None:
    with scripted([answer(remaining=0, reset=text), answer(remaining=text)]) as (session, server, clock):
        for _ in range(3):
            session.call(GET)
    assert (clock.waits, len(server.asked)) == ([], 3)


def test_windows_that_are_empty_from_their_start_are_waited_for_once() -> None:
    resets = iter(range(40, 1000, 40))
    with scripted(lambda _: answer(remaining=0, reset=NOW + next(resets))) as (session, _, clock):
        for _ in range(6):
            session.call(GET)
    assert clock.waits == [40 + GRACE]


# Refusals by surprise


def test_what_is_refused_by_surprise_is_sent_again_when_it_may_be() -> None:
    with scripted([refusal(retry_after=7), answer(body=example(GET))]) as (session, server, clock):
        exchange = session.call(GET)
    assert exchange.status == 200
    assert clock.waits == [7]
    assert [asked.method for asked in server.asked] == ["GET", "GET"]
    assert session.results.unplanned_429s == 1
    assert session.results.requests == 2


def test_a_create_that_was_refused_is_sent_again_for_it_had_no_effect() -> None:
    with scripted([refusal(), answer(201, example(POST))]) as (session, server, _):
        assert session.call(POST, body={"slug": "one"}).status == 201
    assert [asked.body for asked in server.asked] == [b'{"slug": "one"}'] * 2


def test_refusals_without_end_come_to_an_end() -> None:
    with scripted([refusal(retry_after=5)]) as (session, server, clock):
        assert session.call(GET).status == 429
    assert len(server.asked) == 4
    assert clock.waits == [5, 5, 5]
    assert session.results.unplanned_429s == 3


def test_a_server_that_refuses_everything_is_not_waited_for_all_day() -> None:
    with scripted([refusal(retry_after=60)]) as (session, server, clock):
        assert session.call(GET).status == 429
        told = "refused with 429 by surprise, and waiting for them has taken 300 seconds"
        with pytest.raises(LineError, match=told):
            session.call(GET)
        asked = len(server.asked)
        with pytest.raises(LineError, match=told):
            session.call(GET)
    assert sum(clock.waits) == PATIENCE_SECONDS
    assert len(server.asked) == asked + 1, "each later request is given up at once"


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [(None, RATE_LIMIT_WINDOW_SECONDS), ("soon", RATE_LIMIT_WINDOW_SECONDS), ("-5", RATE_LIMIT_WINDOW_SECONDS),
     ("0", 1), ("86400", RATE_LIMIT_WINDOW_SECONDS)],
)  # fmt: skip
def test_no_answer_makes_anybody_wait_longer_than_a_window(retry_after: str | None, seconds: float) -> None:
    with scripted([refusal(retry_after=retry_after), answer()]) as (session, _, clock):
        session.call(GET)
    assert clock.waits == [seconds]


def test_too_many_runs_are_no_refusal_of_the_limit() -> None:
    full = answer(429, {"type": "CONCURRENT_RUN_LIMIT_EXCEEDED", "title": "x", "status": 429}, retry_after=9)
    with scripted([full]) as (session, server, clock):
        assert session.call("createRun", body={}).status == 429
    assert (len(server.asked), clock.waits, session.results.unplanned_429s) == (1, [], 0)


# What is sent


def test_a_request_is_sent_as_it_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted([answer()]) as (session, server, _):
        session.call("updateTemplate", path={"idOrSlug": "a/b c"}, query={"x": "1,2"}, body={"name": "ü"}, key=SECOND)
    (asked,) = server.asked
    assert asked.method == "PATCH"
    assert asked.url == f"{URL}/v1/templates/a%2Fb%20c?x=1,2"
    assert asked.key == SECOND
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.body == '{"name": "ü"}'.encode()


def test_a_read_has_neither_body_nor_media_type() -> None:
    with scripted([answer()]) as (session, server, _):
        session.call(GET)
    assert server.asked[0].body is None
    assert "Content-Type" not in server.asked[0].headers


def test_no_netrc_replaces_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with scripted([answer()]) as (session, server, _):
        session.call(GET)
    assert server.asked[0].key == KEY


# What is noted


def test_every_exchange_is_noted_and_held_to_the_rules() -> None:
    with scripted([answer(body=example(GET)), answer(body={}, remaining=None)]) as (session, _, _clock):
        observed: list[int] = []
        session.observers.append(lambda exchange: observed.append(exchange.number))
        session.file = "test_somewhere.py"
        session.call(GET)
        assert session.breaks == []
        session.call(GET)
    assert observed == [1, 2]
    assert [exchange.number for exchange in session.exchanges] == [1, 2]
    assert session.results.requests_by_file == {"test_somewhere.py": 2}
    seen = session.results.seen[GET, 200, None]
    assert seen.count == 2
    assert seen.headers == {Header.RATE_LIMIT_LIMIT, Header.RATE_LIMIT_RESET}
    assert {found.rule.id.partition("/")[2] for found in session.breaks} >= {"rate-limit-on-every-response"}


def test_a_key_of_the_target_that_is_shown_is_a_break() -> None:
    with scripted([answer(404, {"type": "NOT_FOUND", "title": "x", "status": 404, "detail": OTHER})]) as (session, *_):
        session.call("getRun", path={"id": "one"})
    assert "no-secret" in {found.rule.id.partition("/")[2] for found in session.breaks}


def test_times_are_those_of_the_targets_clock() -> None:
    with scripted([answer()]) as (session, _, _clock):
        exchange = session.call(GET)
    assert exchange.sent_at == pytest.approx(NOW, abs=1)
    assert exchange.sent_at <= exchange.received_at <= NOW + 1

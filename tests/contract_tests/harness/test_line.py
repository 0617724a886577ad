"""The line repeats what it may, is never waited for longer than told, and leaves to the server what the server said."""

from __future__ import annotations

import gzip
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from urllib3.exceptions import ProtocolError

from contract_tests.harness.exchange import Request
from contract_tests.harness.line import FAILURES_ENDURED, Answer, Line, LineError, describe
from contract_tests.harness.session import Session
from generated.contract import OPERATIONS, Header
from tests.contract_tests.bad_line import BROKEN, KINDS, LATE, PAGES, Answered, Ask, Asked, Trouble, bad_line
from tests.contract_tests.exchanges import example
from tests.contract_tests.scripted import Server, answer, scripted
from tests.contract_tests.suite import free_port

GET, POST = "getCredits", "createTemplate"
BROKEN_OFF = requests.ConnectionError(
    ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset"))
)
READ = Request("GET", "/v1/api-keys/me")
WRITE = Request("POST", "/v1/templates", body={"slug": "one", "name": "One", "baseImage": "node-22"}, has_body=True)
DELETE = Request("DELETE", "/v1/templates/no-such-one")
HEADERS = {"Authorization": "Bearer csk_live_on_the_line", "Content-Type": "application/json"}
AFTERWARDS = {name: KINDS[name] for name in ("reset_after", "closed_after", "cut_against_its_length", "silent")}
SHORT, LONG = 0.15, 10.0
"""How many seconds to wait for what does not come, and for what does."""


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Line, "pauses", (0.0,) * len(Line.pauses))


def line_to(url: str, timeout_seconds: float = LONG, verify: str | bool = True) -> Line:
    return Line(url, timeout_seconds=timeout_seconds, verify=verify)


def at_first(trouble: Trouble, times: int = 1) -> Any:
    """Trouble for the first requests, peace for the others."""
    return lambda asked: trouble if asked.number <= times else None


def time_for(kind: str) -> float:
    return SHORT if kind in LATE else LONG


# What may be repeated


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_only_what_may_take_effect_twice_is_repeated_when_no_answer_came(operation_id: str) -> None:
    with scripted([BROKEN_OFF]) as (session, server, _), pytest.raises(LineError):
        session.call(operation_id, path={"id": "one", "idOrSlug": "one"})
    assert len(server.asked) == (1 if OPERATIONS[operation_id].method == "POST" else 1 + len(Line.pauses))


def test_one_broken_line_is_not_noticed_by_a_read() -> None:
    with scripted([BROKEN_OFF, answer(body=example(GET))]) as (session, _, _clock):
        assert session.call(GET).status == 200
    assert session.results.requests == 1


def test_a_create_that_never_arrived_is_repeated() -> None:
    with scripted([requests.ConnectTimeout("slow"), answer(201, example(POST))]) as (session, server, _):
        assert session.call(POST, body={}).status == 201
    assert len(server.asked) == 2


def _named(text: str) -> requests.ConnectionError:
    return requests.ConnectionError(text)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (_named("NewConnectionError: [Errno 111] Connection refused"), "the connection was refused"),
        (_named("NameResolutionError: Failed to resolve"), "its host name is unknown"),
        (_named("[Errno -2] getaddrinfo failed"), "its host name is unknown"),
        (BROKEN_OFF, "the connection was reset"),
        (_named("RemoteDisconnected('Remote end closed')"), "the connection was closed without an answer"),
        (_named("[Errno 101] Network is unreachable"), "the network does not reach it"),
        (requests.ReadTimeout("slow"), "it did not answer in time"),
        (requests.ConnectTimeout("slow"), "it did not answer in time"),
        (
            requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"),
            "its certificate is not trusted (set CA_BUNDLE to the certificates to trust)",
        ),
        (
            requests.exceptions.SSLError("[SSL: WRONG_VERSION_NUMBER] wrong version"),
            "no TLS connection could be made (is it a server of plain http?)",
        ),
        (requests.exceptions.ContentDecodingError("odd"), "ContentDecodingError"),
    ],
)
def test_what_broke_is_told_in_a_few_words(error: requests.RequestException, words: str) -> None:
    assert describe(error) == words
    with scripted([error]) as (session, _, _clock), pytest.raises(LineError) as broken:
        session.call("getRun", path={"id": "run_1"})
    assert str(broken.value) == f"GET /v1/runs/run_1: {words}"


@pytest.mark.parametrize("kind", [*BROKEN, *LATE, *PAGES])
def test_a_read_survives_trouble(mock_url: str, kind: str) -> None:
    with bad_line(mock_url, at_first(KINDS[kind])) as bad:
        assert line_to(bad.url, 3 * time_for(kind)).carry(READ, HEADERS).status == 200
        assert len(bad.asked) == 2


@pytest.mark.parametrize("kind", [*BROKEN, *LATE, *PAGES])
def test_trouble_without_end_is_the_lines(mock_url: str, kind: str) -> None:
    with bad_line(mock_url, lambda _: KINDS[kind]) as bad, pytest.raises(LineError) as error:
        line_to(bad.url, time_for(kind)).carry(READ, HEADERS)
    assert len(bad.asked) == (2 if kind in LATE else 1 + len(Line.pauses))
    assert str(error.value).startswith("GET /v1/api-keys/me: ")
    assert "Error" not in error.value.words


@pytest.mark.parametrize("kind", [*BROKEN, *PAGES])
def test_a_create_that_may_have_arrived_is_not_sent_again(mock_url: str, kind: str) -> None:
    with bad_line(mock_url, lambda _: KINDS[kind]) as bad, pytest.raises(LineError):
        line_to(bad.url).carry(WRITE, HEADERS)
    assert len(bad.asked) == 1


@pytest.mark.parametrize("kind", AFTERWARDS)
def test_nobody_knows_whose_refusal_it_is_when_a_delete_is_refused_the_second_time(mock_url: str, kind: str) -> None:
    with bad_line(mock_url, at_first(KINDS[kind])) as bad, pytest.raises(LineError, match="sent again it is answered"):
        line_to(bad.url, 3 * time_for(kind)).carry(DELETE, HEADERS)
    assert len(bad.asked) == 2


def test_a_refused_connection_is_tried_again_by_everything_for_nothing_arrived() -> None:
    tries: list[str] = []
    line = line_to(f"http://127.0.0.1:{free_port()}")
    line.tell = lambda _seconds, why: tries.append(why)
    for request in (READ, WRITE, DELETE):
        tries.clear()
        with pytest.raises(LineError, match="the connection was refused"):
            line.carry(request, HEADERS)
        assert len(tries) == len(Line.pauses)
    assert line.lost == 0


def test_what_may_have_arrived_without_an_answer_is_counted(mock_url: str) -> None:
    with bad_line(mock_url, at_first(KINDS["reset_after"], times=2)) as bad:
        line = line_to(bad.url)
        line.carry(READ, HEADERS)
        line.carry(READ, HEADERS)
    assert line.lost == 2


@pytest.fixture(name="moments")
def _moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each failure have a moment of its own."""
    monkeypatch.setattr(Line, "moment_seconds", 0.0)


def fail(session: Session, server: Server, times: int) -> None:
    server.answer = lambda _: BROKEN_OFF
    for _ in range(times):
        assert not session.line.is_down
        with pytest.raises(LineError):
            session.call(POST, body={})


@pytest.mark.usefixtures("moments")
def test_after_so_many_failures_in_a_row_the_line_is_down() -> None:
    with scripted([BROKEN_OFF]) as (session, server, _):
        fail(session, server, FAILURES_ENDURED)
        assert session.line.is_down


@pytest.mark.usefixtures("moments")
def test_an_answer_in_between_shows_that_the_line_is_there() -> None:
    with scripted([BROKEN_OFF]) as (session, server, _):
        for _ in range(2):
            fail(session, server, FAILURES_ENDURED - 1)
            server.answer = lambda _: answer()
            session.call(GET)
        assert not session.line.is_down


def test_what_fails_in_the_same_moment_is_one_failure() -> None:
    with scripted([BROKEN_OFF]) as (session, server, _):
        fail(session, server, 3 * FAILURES_ENDURED)
        assert not session.line.is_down


# How long it takes


@pytest.mark.parametrize("kind", LATE)
@pytest.mark.parametrize("request_", [READ, WRITE], ids=["GET", "POST"])
def test_no_answer_is_waited_for_longer_than_told_however_it_comes(mock_url: str, kind: str, request_: Request) -> None:
    with bad_line(mock_url, lambda _: KINDS[kind]) as bad:
        began = time.monotonic()
        with pytest.raises(LineError, match="it did not answer in time"):
            line_to(bad.url, SHORT).carry(request_, HEADERS)
    assert time.monotonic() - began < 2 * SHORT + 1


def test_an_answer_that_is_slow_and_whole_is_an_answer(mock_url: str) -> None:
    with bad_line(mock_url, lambda _: KINDS["slow"]) as bad:
        answered = line_to(bad.url).carry(READ, HEADERS)
    assert answered.status == 200
    assert answered.received_at - answered.sent_at > 0.02


# What is the server's


def send(status: int, body: bytes, **headers: str) -> Trouble:
    """Answer in the server's stead, with the rate headers or without."""

    def trouble(line: Any, ask: Ask) -> None:
        del ask
        given = [(name.replace("_", "-"), value) for name, value in headers.items()]
        line.sendall(Answered(status, [*given, ("Content-Length", str(len(body)))], body).whole)

    return trouble


def carry(mock_url: str, trouble: Trouble, request: Request = READ) -> Answer:
    with bad_line(mock_url, lambda _: trouble) as bad:
        found = line_to(bad.url).carry(request, HEADERS)
        assert len(bad.asked) == 1
    return found


RATE = {Header.RATE_LIMIT_REMAINING.replace("-", "_"): "9"}


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (200, b'{"data": [', {"Content_Type": "application/json"}),
        (200, b"<html></html>", {"Content_Type": "text/html"}),
        (503, b'{"type": "UNAVAILABLE"}', {"Content_Type": "application/problem+json"}),
        (503, b'{"type": "UNAVAILABLE"', {"Content_Type": "application/problem+json"}),
        (502, b'{"type": "RUN_ORCHESTRATOR_ERROR"}', {"Content_Type": "text/plain"}),
        (502, b"<html></html>", {"Content_Type": "text/html", **RATE}),
        (500, b"<html></html>", {"Content_Type": "text/html"}),
        (302, b"", {"Location": "http://[login/?next=%"}),
        (301, b"", {}),
        (200, b"not gzip at all", {"Content_Type": "application/json", "Content_Encoding": "gzip"}),
    ],
)  # fmt: skip
def test_what_came_whole_is_the_servers(mock_url: str, status: int, body: bytes, headers: dict[str, str]) -> None:
    found = carry(mock_url, send(status, body, **headers))
    assert (found.status, found.body) == (status, body)


def test_what_is_encoded_as_it_says_is_decoded(mock_url: str) -> None:
    packed = gzip.compress(b'{"data": []}')
    found = carry(mock_url, send(200, packed, Content_Type="application/json", Content_Encoding="gzip"))
    assert found.body == b'{"data": []}'


def test_a_page_that_was_asked_for_is_the_servers(mock_url: str) -> None:
    provoking = Request("GET", "/v1/api-keys/me", provokes=503)
    assert carry(mock_url, send(503, b"<html></html>", Content_Type="text/html"), provoking).status == 503


def test_whole_json_without_a_length_is_an_answer(mock_url: str) -> None:
    def until_the_end(line: Any, ask: Ask) -> None:
        whole = ask()
        line.sendall(whole.head(content_length=None, connection="close") + whole.body)

    assert carry(mock_url, until_the_end).status == 200


def test_no_redirect_is_followed_and_no_cookie_kept(mock_url: str) -> None:
    with bad_line(mock_url, at_first(send(302, b"", Location="/v1/credits", Set_Cookie="a=b"))) as bad:
        line = line_to(bad.url)
        assert line.carry(READ, HEADERS).headers["location"] == "/v1/credits"
        line.carry(READ, HEADERS)
    assert [asked.path for asked in bad.asked] == [READ.path] * 2
    assert all("cookie" not in map(str.lower, asked.headers) for asked in bad.asked)


# Connections


def test_a_connection_is_kept_for_reads_and_fresh_for_what_has_an_effect(mock_url: str) -> None:
    with bad_line(mock_url) as bad:
        line = line_to(bad.url)
        for request in (READ, READ, WRITE, DELETE, READ):
            line.carry(request, HEADERS)
    assert [(asked.method, asked.on_its_connection) for asked in bad.asked] == [
        ("GET", 1), ("GET", 2), ("POST", 1), ("DELETE", 1), ("GET", 3),
    ]  # fmt: skip


def test_kept_connections_that_are_closed_in_between_are_not_noticed(mock_url: str) -> None:
    with bad_line(mock_url, lambda asked: KINDS["closed_before"] if asked.on_its_connection > 1 else None) as bad:
        line = line_to(bad.url)
        for request in (READ, READ, WRITE, READ, DELETE):
            assert line.carry(request, HEADERS).status in (200, 201, 404, 409)


# Certificates


@pytest.fixture(name="authority", scope="module")
def _authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(name="tls_url")
def _tls_url(mock_url: str, authority: trustme.CA) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with bad_line(mock_url, tls=context) as bad:
        yield bad.url


def test_a_certificate_that_is_not_trusted_is_told_at_once(tls_url: str) -> None:
    tries: list[str] = []
    line = line_to(tls_url)
    line.tell = lambda _seconds, why: tries.append(why)
    for request in (READ, WRITE):
        with pytest.raises(LineError, match=r"its certificate is not trusted \(set CA_BUNDLE"):
            line.carry(request, HEADERS)
    assert tries == []


def test_a_certificate_of_the_bundle_is_trusted(tls_url: str, authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    line = line_to(tls_url, verify=str(tmp_path / "authority.pem"))
    assert line.carry(READ, HEADERS).status == 200
    assert line.carry(WRITE, HEADERS).status in (201, 409)


# Asked through the session


def test_an_exchange_tells_how_many_were_lost_by_then(mock_url: str) -> None:
    with scripted([BROKEN_OFF, answer(), answer()]) as (session, *_):
        assert session.call(GET).lost == 1
        assert session.call(GET).lost == 1


def test_asked_is_what_was_sent(mock_url: str) -> None:
    with bad_line(mock_url) as bad:
        line_to(bad.url).carry(WRITE, HEADERS)
    (asked,) = bad.asked
    assert isinstance(asked, Asked)
    assert (asked.method, asked.path, asked.body) == ("POST", WRITE.target, WRITE.payload)

"""Requests over real sockets to the HTTP layer in front of a small application: whatever is sent, a sound answer."""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from generated.contract import RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS
from mock_server import wire
from mock_server.http1 import MAX_BODY_BYTES
from tests.mock_server.raw_http import Answer, connect, receive, talk
from tests.mock_server.test_http1 import HOST, MALFORMED, WELL_FORMED

if TYPE_CHECKING:
    from collections.abc import Iterator

GET = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"


async def echo(scope: wire.Message, receive: wire.Receive, send: wire.Send) -> None:
    """Says what it was asked; its paths make it misbehave."""
    path = scope["path"]
    if path == "/crash":
        raise ZeroDivisionError("a secret of the application")
    if path == "/silent":
        return
    if path == "/slow":
        await asyncio.sleep(3600)
    body = (await receive())["body"]
    answer = {"method": scope["method"], "path": path, "body_bytes": len(body)}
    status = 204 if path == "/empty" else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"Content-Type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b" " * (10_000_000 if path == "/huge" else 0)})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    listener = wire.bind("127.0.0.1", 0)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=[wire.serve(echo, listener, stop)])
    number = listener.getsockname()[1]
    thread.start()
    yield number
    loop.call_soon_threadsafe(stop.set)
    thread.join(5)
    assert not thread.is_alive(), "the server did not stop"
    loop.close()


def check_problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert (answer.status, problem["type"], problem["status"]) == (status, code, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["x-ratelimit-limit"]) == RATE_LIMIT_REQUESTS
    assert 0 <= int(answer.headers["x-ratelimit-remaining"]) < RATE_LIMIT_REQUESTS
    assert 0 <= int(answer.headers["x-ratelimit-reset"]) - time.time() <= RATE_LIMIT_WINDOW_SECONDS
    assert "server" not in answer.headers
    return problem


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_request_gets_a_bad_request_problem_and_the_connection_ends(port: int, data: bytes) -> None:
    (answer,) = talk(port, data + GET)
    check_problem(answer, 400, "BAD_REQUEST")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(("data", "method", "path", "_query", "body"), WELL_FORMED.values(), ids=WELL_FORMED)
def test_every_request_reaches_the_application(
    port: int, data: bytes, method: str, path: bytes, _query: bytes, body: bytes
) -> None:
    (answer,) = talk(port, data)
    assert answer.status == 200
    assert (answer.json()["method"], answer.json()["body_bytes"]) == (method, len(body))
    assert "server" not in answer.headers


def test_requests_on_one_connection_are_answered_in_their_order(port: int) -> None:
    paths = [f"/{number}" for number in range(50)]
    requests = b"".join(b"FOO %b HTTP/1.1\r\n%b\r\n" % (path.encode(), HOST) for path in paths)
    assert [answer.json()["path"] for answer in talk(port, requests)] == paths


def test_good_requests_before_a_malformed_one_are_answered(port: int) -> None:
    good, bad = talk(port, GET + b"nonsense\r\n\r\n")
    assert good.status == 200
    check_problem(bad, 400, "BAD_REQUEST")


def test_an_incomplete_request_of_a_client_that_sends_no_more_gets_a_problem(port: int) -> None:
    for part in b"G", b"GET /a HTTP/1.1\r\n", b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nabc":
        (answer,) = talk(port, part)
        check_problem(answer, 400, "BAD_REQUEST")


def test_a_connection_stays_open_between_requests(port: int) -> None:
    with connect(port) as client:
        for _ in range(3):
            client.sendall(GET)
            assert receive(client).status == 200


def test_a_client_that_speaks_http_1_0_or_wants_it_gets_the_connection_closed(port: int) -> None:
    for request in b"GET /a HTTP/1.0\r\n\r\n", b"GET /a HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n":
        with connect(port) as client:
            client.sendall(request)
            assert receive(client).headers["connection"] == "close"
            assert client.recv(1) == b""


def test_head_is_answered_without_a_body(port: int) -> None:
    request = b"HEAD /a HTTP/1.1\r\n" + HOST + b"\r\n"
    first, second = talk(port, request + request, method="HEAD")
    assert first.status == second.status == 200
    assert int(first.headers["content-length"]) > 0


def test_an_answer_without_content_has_neither_body_nor_length(port: int) -> None:
    empty, after = talk(port, b"GET /empty HTTP/1.1\r\n" + HOST + b"\r\n" + GET)
    assert (empty.status, empty.body) == (204, b"")
    assert "content-length" not in empty.headers
    assert after.status == 200


def test_a_client_that_waits_for_continue_is_told_to(port: int) -> None:
    with connect(port) as client:
        client.sendall(b"POST /a HTTP/1.1\r\n" + HOST + b"Expect: 100-Continue\r\nContent-Length: 3\r\n\r\n")
        assert receive(client).status == 100
        client.sendall(b"abc")
        assert receive(client).json()["body_bytes"] == 3


def test_any_other_expectation_is_ignored(port: int) -> None:
    (answer,) = talk(port, b"GET /a HTTP/1.1\r\n" + HOST + b"Expect: miracles\r\n\r\n")
    assert answer.status == 200


def test_an_upgrade_is_an_ordinary_request(port: int) -> None:
    upgrade = b"GET /a HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: %b\r\n\r\n"
    assert [answer.status for answer in talk(port, upgrade % b"websocket" + upgrade % b"h2c" + GET)] == [200] * 3


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: %d\r\n\r\n" % (9 * MAX_BODY_BYTES),
        b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (9 * MAX_BODY_BYTES),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (9 * MAX_BODY_BYTES),
    ],
)
def test_a_body_over_the_limit_gets_a_problem_that_the_client_can_read(port: int, framing: bytes) -> None:
    with connect(port) as client:
        client.sendall(b"POST /a HTTP/1.1\r\n" + HOST + framing)
        if b"Expect" not in framing:
            client.sendall(b"x" * MAX_BODY_BYTES)
        answer = receive(client)
        assert client.recv(1) == b""
    assert check_problem(answer, 400, "BAD_REQUEST")["instance"] == "/a"
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("path", [b"/crash", b"/silent"])
def test_an_application_that_fails_gives_an_internal_error_and_tells_nothing(
    port: int, path: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    failed, after = talk(port, b"GET %b HTTP/1.1\r\n%b\r\n" % (path, HOST) + GET)
    check_problem(failed, 500, "INTERNAL_ERROR")
    assert b"secret" not in failed.body
    assert b"Traceback" not in failed.body
    assert after.status == 200
    assert "failed" in caplog.text, "whoever runs the mock must learn why"


def test_a_client_that_goes_away_while_it_is_answered_harms_nobody(port: int) -> None:
    for path in b"/huge", b"/slow":
        connect(port).close()
        client = connect(port)
        client.sendall(b"GET %b HTTP/1.1\r\n%b\r\n" % (path, HOST) * 5)
        client.close()
    assert talk(port, GET)[0].status == 200


class Transport(asyncio.Transport):
    """Writes to a list."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = ""

    def write(self, data: Any) -> None:
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = "half"

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def is_closing(self) -> bool:
        return self.ended in {"closed", "aborted"}


async def connected() -> tuple[wire.Connection, Transport]:
    connection, transport = wire.Connection(echo, time.time, set()), Transport()
    connection.connection_made(transport)
    return connection, transport


def after(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


def test_a_client_that_sends_nothing_is_let_go() -> None:
    async def scenario() -> None:
        connection, transport = await connected()
        connection.check(after(wire.REQUEST_SECONDS - 1))
        assert transport.ended == ""
        connection.check(after(wire.REQUEST_SECONDS))
        assert (transport.ended, transport.written) == ("closed", b"")

    asyncio.run(scenario())


@pytest.mark.parametrize("part", [b"GET /a HT", b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nabc"])
def test_a_request_that_takes_too_long_gets_a_problem_even_when_it_trickles(part: bytes) -> None:
    async def scenario() -> None:
        connection, transport = await connected()
        for byte in part:
            connection.data_received(bytes([byte]))
        connection.check(after(wire.REQUEST_SECONDS))
        assert transport.written.startswith(b"HTTP/1.1 400 ")
        assert transport.ended == "half"
        connection.check(after(wire.LINGER_SECONDS))
        assert transport.ended == "aborted"

    asyncio.run(scenario())


def test_a_connection_without_requests_is_kept_for_a_while() -> None:
    async def scenario() -> None:
        connection, transport = await connected()
        connection.data_received(GET)
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
        assert transport.written.startswith(b"HTTP/1.1 200 ")
        connection.check(after(wire.IDLE_SECONDS - 1))
        assert transport.ended == ""
        connection.check(after(wire.IDLE_SECONDS))
        assert transport.ended == "closed"

    asyncio.run(scenario())


def test_a_slow_application_is_waited_for() -> None:
    async def scenario() -> None:
        connection, transport = await connected()
        connection.data_received(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
        connection.check(math.nextafter(math.inf, 0))
        assert transport.ended == ""
        connection.close()

    asyncio.run(scenario())


def test_a_client_that_does_not_read_its_answers_is_let_go() -> None:
    async def scenario() -> None:
        connection, transport = await connected()
        connection.pause_writing()
        connection.data_received(GET)
        await asyncio.sleep(0)
        assert transport.written == b"", "nothing more is answered before the client reads"
        connection.check(after(wire.REQUEST_SECONDS))
        assert transport.ended == "aborted"

    asyncio.run(scenario())

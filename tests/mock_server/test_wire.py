"""Requests over real sockets to the HTTP layer in front of a small application: whatever is sent, a sound answer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from uvicorn.server import ServerState

from generated.contract import RATE_LIMIT_REQUESTS, RATE_LIMIT_WINDOW_SECONDS
from mock_server import hosting, wire
from mock_server.asgi import MAX_BODY_BYTES, Message, Receive, Send, read_body, send_json
from tests.mock_server.raw_http import Answer, connect, read_answer, receive, talk
from tests.mock_server.raw_requests import CHUNKED, HOST, MALFORMED, WELL_FORMED
from tests.mock_server.without_sockets import Transport, answers

if TYPE_CHECKING:
    from collections.abc import Iterator

GET = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"


async def echo(scope: Message, receive: Receive, send: Send) -> None:
    """Says what it was asked; its paths make it misbehave."""
    path = scope["path"]
    if path == "/crash":
        raise ZeroDivisionError("a secret of the application")
    if path == "/slow":
        await asyncio.sleep(3600)
    body = await read_body(scope, receive)
    if path == "/empty":
        await send_json(send, 204, [], None)
        return
    asked = {
        "method": scope["method"],
        "path": path,
        "raw_path": scope["raw_path"].decode("latin-1"),
        "query": scope["query_string"].decode("latin-1"),
        "headers": [name.decode("latin-1") for name, _ in scope["headers"]],
        "body": None if body is None else body.decode("latin-1"),
        "padding": "x" * (10_000_000 if path == "/huge" else 0),
    }
    await send_json(send, 200, [], asked)


@pytest.fixture(scope="module", params=[asyncio.new_event_loop, hosting.new_event_loop])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    listener = wire.bind("127.0.0.1", 0)
    loop = request.param()
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


def check_echo(answer: Answer, method: str, path: bytes, query: bytes, body: bytes) -> None:
    assert answer.status == 200, answer
    asked = answer.json()
    assert [asked[name] for name in ("method", "raw_path", "query", "body")] == [
        method,
        *(part.decode("latin-1") for part in (path, query, body)),
    ]
    assert "server" not in answer.headers


@pytest.mark.parametrize(("data", "method", "path", "query", "body"), WELL_FORMED.values(), ids=WELL_FORMED)
def test_every_request_reaches_the_application(
    port: int, data: bytes, method: str, path: bytes, query: bytes, body: bytes
) -> None:
    (answer,) = talk(port, data)
    check_echo(answer, method, path, query, body)


@pytest.mark.parametrize(("data", "method", "path", "query", "body"), WELL_FORMED.values(), ids=WELL_FORMED)
def test_it_does_not_matter_how_the_bytes_of_a_request_arrive(
    data: bytes, method: str, path: bytes, query: bytes, body: bytes
) -> None:
    """Save that a method which the API lacks is known as one only when it comes in one piece."""
    whole = data.index(b" ") + 1
    pieces = [data[:whole], *(bytes([byte]) for byte in data[whole:])]
    answer, rest = read_answer(asyncio.run(answers(echo, pieces)))
    check_echo(answer, method, path, query, body)
    assert rest == b""


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_it_does_not_matter_how_malformed_bytes_arrive(data: bytes) -> None:
    answer, rest = read_answer(asyncio.run(answers(echo, [bytes([byte]) for byte in data])))
    check_problem(answer, 400, "BAD_REQUEST")
    assert rest == b""


def test_what_comes_after_a_chunked_body_is_no_header(port: int) -> None:
    (answer,) = talk(port, CHUNKED + b"0\r\nAuthorization: Bearer x\r\n\r\n")
    assert answer.json()["headers"] == ["host", "transfer-encoding"]


def test_requests_on_one_connection_are_answered_in_their_order(port: int) -> None:
    paths = [f"/{number}" for number in range(50)]
    requests = b"".join(b"GET %b HTTP/1.1\r\n%b\r\n" % (path.encode(), HOST) for path in paths)
    assert [answer.json()["path"] for answer in talk(port, requests)] == paths


def test_a_method_that_the_api_lacks_is_no_request_in_the_wake_of_another(port: int) -> None:
    good, bad = talk(port, GET + b"FOO /a HTTP/1.1\r\n" + HOST + b"\r\n")
    assert good.status == 200
    check_problem(bad, 400, "BAD_REQUEST")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PROPFIND"])
def test_a_method_that_the_parser_knows_may_come_in_the_wake_of_another(method: str) -> None:
    request = b"%b /a HTTP/1.1\r\n%b\r\n" % (method.encode(), HOST)
    answer, rest = read_answer(asyncio.run(answers(echo, [GET + request])))
    assert answer.status == 200
    answer, rest = read_answer(rest, has_body=method != "HEAD")
    assert (answer.status, rest) == (200, b"")


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
        assert receive(client).json()["body"] == "abc"


def test_any_other_expectation_is_ignored(port: int) -> None:
    (answer,) = talk(port, b"GET /a HTTP/1.1\r\n" + HOST + b"Expect: miracles\r\n\r\n")
    assert answer.status == 200


def test_an_upgrade_is_an_ordinary_request(port: int) -> None:
    upgrade = b"GET /a HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: %b\r\n\r\n"
    assert [answer.status for answer in talk(port, upgrade % b"websocket" + upgrade % b"h2c" + GET)] == [200] * 3


def test_a_connection_ends_after_an_answer_that_was_not_waited_for_to_continue(port: int) -> None:
    with connect(port) as client:
        client.sendall(
            b"POST /a HTTP/1.1\r\n"
            + HOST
            + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (9 * MAX_BODY_BYTES)
        )
        answer = receive(client)
        assert (answer.status, answer.json()["body"], answer.headers["connection"]) == (200, None, "close")
        assert client.recv(1) == b""


@pytest.mark.parametrize("head", [b"GET /%b HTTP/1.1\r\n\r\n", b"GET /a HTTP/1.1\r\na: %b", b"%b"])
def test_a_head_that_does_not_end_is_not_waited_for(head: bytes) -> None:
    data = head % (b"a" * 2 * wire.MAX_HEAD_BYTES)
    pieces = [data[start : start + 1000] for start in range(0, len(data), 1000)]
    answer, rest = read_answer(asyncio.run(answers(echo, pieces)))
    check_problem(answer, 400, "BAD_REQUEST")
    assert rest == b""


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("over", [0, 1])
def test_a_body_passes_up_to_the_limit_and_the_connection_goes_on(port: int, chunked: bool, over: int) -> None:
    half = b"x" * (MAX_BODY_BYTES // 2)
    body = half + half + b"x" * over
    head = b"POST /a HTTP/1.1\r\n" + HOST
    if chunked:
        pieces = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (half, half, b"x" * over) if piece)
        data = head + b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"
    else:
        data = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with connect(port) as client:
        client.sendall(data)
        assert receive(client).json()["body"] == (None if over else body.decode())
        client.sendall(GET)
        assert receive(client).status == 200


def test_an_application_that_fails_gives_an_internal_error_and_tells_nothing(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    failed, after = talk(port, b"GET /crash HTTP/1.1\r\n%b\r\n" % HOST + GET)
    check_problem(failed, 500, "INTERNAL_ERROR")
    assert b"secret" not in failed.body
    assert b"Traceback" not in failed.body
    assert after.status == 200
    assert "/crash failed" in caplog.text, "whoever runs the mock must learn why"


def test_a_client_that_goes_away_harms_nobody_and_is_not_worth_a_word(
    port: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    incomplete = b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nabc"
    for data in b"", b"GET /huge HTTP/1.1\r\n%b\r\n" % HOST * 5, incomplete, GET + incomplete, CHUNKED, b"GET /a HT":
        client = connect(port)
        client.sendall(data)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    assert talk(port, GET)[0].status == 200
    assert (caplog.text, *capfd.readouterr()) == ("", "", "")


def test_an_incomplete_request_after_others_is_refused_after_them(port: int) -> None:
    first, second, refusal = talk(port, GET + GET + b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nabc")
    assert first.status == second.status == 200
    check_problem(refusal, 400, "BAD_REQUEST")


def test_what_follows_the_last_request_of_a_connection_is_not_answered(port: int) -> None:
    (answer,) = talk(port, b"GET /a HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n" + GET + b"nonsense")
    assert answer.status == 200


@pytest.mark.parametrize("begun", [b"", GET, GET[:9], b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nabc"])
def test_a_client_is_not_waited_for_without_end(begun: bytes) -> None:
    async def scenario() -> None:
        loop, state, transport = asyncio.get_running_loop(), ServerState(), Transport()
        connection = wire.connector(echo, time.time, state)()
        connection.connection_made(transport)
        for byte in begun:
            connection.data_received(bytes([byte]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        timer = connection.timeout_keep_alive_task
        assert timer is not None
        assert abs(timer.when() - loop.time() - wire.IDLE_SECONDS) < 1
        connection.timeout_keep_alive_handler()
        assert transport.is_closing()
        connection.connection_lost(None)

    asyncio.run(scenario())


def test_a_slow_application_is_waited_for() -> None:
    async def scenario() -> None:
        connection = wire.connector(echo, time.time, state := ServerState())()
        connection.connection_made(Transport())
        connection.data_received(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n")
        assert connection.timeout_keep_alive_task is None
        connection.connection_lost(None)
        (task,) = state.tasks
        task.cancel()

    asyncio.run(scenario())


def test_a_server_that_is_stopped_ends_its_connections_at_once() -> None:
    async def scenario() -> None:
        listener, stop = wire.bind("127.0.0.1", 0), asyncio.Event()
        server = asyncio.create_task(wire.serve(echo, listener, stop))
        streams = [await asyncio.open_connection(*listener.getsockname()) for _ in range(3)]
        for (_, writer), data in zip(streams, [b"", GET[:9], b"GET /slow HTTP/1.1\r\n%b\r\n" % HOST], strict=True):
            writer.write(data)
        await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(server, 1)
        for reader, writer in streams:
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()

    asyncio.run(scenario())

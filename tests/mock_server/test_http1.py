"""Bytes become requests: what is refused, what passes, and that it does not matter how they arrive."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_server.http1 import MAX_BODY_BYTES, MAX_HEAD_BYTES, MalformedError, Request, RequestReader

HOST = b"Host: mock\r\n"
CHUNKED = b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"

MALFORMED = {
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"GET /a\r\n",
    "an unknown version": b"GET /a HTTP/9.9\r\n" + HOST + b"\r\n",
    "an empty target": b"GET  HTTP/1.1\r\n" + HOST + b"\r\n",
    "a blank in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "a control character in the target": b"GET /a\0b HTTP/1.1\r\n" + HOST + b"\r\n",
    "no token as the method": b"G{T /a HTTP/1.1\r\n" + HOST + b"\r\n",
    "line feeds alone": b"GET /a HTTP/1.1\nHost: mock\n\n",
    "a header without a colon": b"GET /a HTTP/1.1\r\n" + HOST + b"no colon\r\n\r\n",
    "a blank in a header's name": b"GET /a HTTP/1.1\r\n" + HOST + b"a b: c\r\n\r\n",
    "a blank before the colon": b"GET /a HTTP/1.1\r\n" + HOST + b"a : c\r\n\r\n",
    "a control character in a header": b"GET /a HTTP/1.1\r\n" + HOST + b"a: \0\r\n\r\n",
    "a folded header": b"GET /a HTTP/1.1\r\n" + HOST + b"a: b\r\n c\r\n\r\n",
    "no host": b"GET /a HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /a HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "a long head": b"GET /a HTTP/1.1\r\n" + HOST + b"a: " + b"b" * MAX_HEAD_BYTES + b"\r\n\r\n",
    "a head without end": b"GET /a HTTP/1.1\r\n" + b"a: b\r\n" * MAX_HEAD_BYTES,
    "a length that is no number": b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: abc\r\n\r\n",
    "a negative length": b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "a length of thousands of digits": b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"0" * 5000 + b"\r\n\r\n",
    "two lengths": b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and coding": b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    "another coding": b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n",
    "chunks in HTTP/1.0": b"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a chunk size that is no number": CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n",
    "a chunk longer than told": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "a chunk size without end": CHUNKED + b"3;" + b"a" * 5000,
    "a trailer without a colon": CHUNKED + b"3\r\nabc\r\n0\r\ntrailer\r\n\r\n",
}

WELL_FORMED = {
    "plain": (b"GET /a?b=c?d HTTP/1.1\r\n" + HOST + b"\r\n", "GET", b"/a", b"b=c?d", b""),
    "another method": (b"FOO /a HTTP/1.1\r\n" + HOST + b"\r\n", "FOO", b"/a", b"", b""),
    "any token": (b"a!#$%&'*+-.^_`|~9 /a HTTP/1.1\r\n" + HOST + b"\r\n", "a!#$%&'*+-.^_`|~9", b"/a", b"", b""),
    "CONNECT": (b"CONNECT mock:1 HTTP/1.1\r\n" + HOST + b"\r\n", "CONNECT", b"mock:1", b"", b""),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", "OPTIONS", b"*", b"", b""),
    "absolute": (b"GET http://mock:1/a?b HTTP/1.1\r\n" + HOST + b"\r\n", "GET", b"/a", b"b", b""),
    "absolute without a path": (b"GET http://mock?b HTTP/1.1\r\n" + HOST + b"\r\n", "GET", b"/", b"b", b""),
    "no slash": (b"GET a HTTP/1.1\r\n" + HOST + b"\r\n", "GET", b"a", b"", b""),
    "a query alone": (b"GET ?a HTTP/1.1\r\n" + HOST + b"\r\n", "GET", b"", b"a", b""),
    "odd characters": (
        b'GET /%zz%2F<>"{}|^`\xff#f HTTP/1.1\r\n' + HOST + b"\r\n",
        "GET",
        b'/%zz%2F<>"{}|^`\xff#f',
        b"",
        b"",
    ),
    "empty lines before": (b"\r\n\r\nGET /a HTTP/1.1\r\n" + HOST + b"\r\n", "GET", b"/a", b"", b""),
    "an upgrade": (
        b"GET /a HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "GET",
        b"/a",
        b"",
        b"",
    ),
    "a body": (b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", "POST", b"/a", b"", b"abc"),
    "a body of a GET": (b"GET /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", "GET", b"/a", b"", b"abc"),
    "chunks": (CHUNKED + b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nt: u\r\n\r\n", "POST", b"/a", b"", b"abc0123456789"),
    "HTTP/1.0": (b"GET /a HTTP/1.0\r\n\r\n", "GET", b"/a", b"", b""),
}


def read_all(parts: list[bytes]) -> tuple[list[Request], bool]:
    """The requests in the parts, and whether something malformed came after them."""
    reader = RequestReader()
    requests = []
    for part in parts:
        reader.feed(part)
        try:
            while (request := reader.next_request()) is not None:
                requests.append(request)
        except MalformedError:
            return requests, True
    return requests, False


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    assert read_all([data]) == ([], True)


@pytest.mark.parametrize(("data", "method", "path", "query", "body"), WELL_FORMED.values(), ids=WELL_FORMED)
def test_what_is_a_request_is_read(data: bytes, method: str, path: bytes, query: bytes, body: bytes) -> None:
    (request,), malformed = read_all([data])
    assert not malformed
    assert (request.method, request.raw_path, request.query_string, request.body) == (method, path, query, body)


@pytest.mark.parametrize(
    ("head", "kept"),
    [
        (b"GET /a HTTP/1.1\r\n" + HOST, True),
        (b"GET /a HTTP/1.1\r\n" + HOST + b"Connection: keep-alive, x\r\n", True),
        (b"GET /a HTTP/1.1\r\n" + HOST + b"Connection: x, Close\r\n", False),
        (b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n", False),
    ],
)
def test_a_connection_is_kept_unless_the_client_wants_it_closed(head: bytes, kept: bool) -> None:
    (request,), _ = read_all([head + b"\r\n"])
    assert request.keep_alive is kept


@pytest.mark.parametrize("over", [0, 1])
def test_a_body_passes_up_to_the_limit(over: int) -> None:
    length = MAX_BODY_BYTES + over
    counted = b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % length + b"x" * length
    half = b"%x\r\n%b\r\n" % (MAX_BODY_BYTES // 2, b"x" * (MAX_BODY_BYTES // 2))
    chunked = CHUNKED + half + half + (b"%x\r\nx\r\n" % over if over else b"") + b"0\r\n\r\n"
    for data in counted, chunked:
        (request, *_), _ = read_all([data])
        assert request.body == (None if over else b"x" * length)


def test_a_length_over_the_limit_is_known_before_the_body_comes() -> None:
    (request,), _ = read_all([b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1)])
    assert request.body is None


SAMPLES = [data for data in MALFORMED.values() if len(data) < 300] + [data for data, *_ in WELL_FORMED.values()]
ODDMENTS = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b":",
    b"\xff",
    b"0\r\n\r\n",
    b"Content-Length: 2\r\n",
    b"HTTP/1.0",
    b"%",
]


@st.composite
def messy_bytes(draw: st.DrawFn) -> bytes:
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(SAMPLES), min_size=1, max_size=3))))
    for _ in range(draw(st.integers(0, 3))):
        position = draw(st.integers(0, len(data)))
        data[position : position + draw(st.integers(0, 4))] = draw(st.sampled_from(ODDMENTS) | st.binary(max_size=2))
    return bytes(data)


@settings(max_examples=500, deadline=None)
@given(data=messy_bytes(), draws=st.data())
def test_it_does_not_matter_how_the_bytes_arrive(data: bytes, draws: st.DataObject) -> None:
    cuts = sorted(draws.draw(st.lists(st.integers(0, len(data)), max_size=4)))
    parts = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert read_all(parts) == read_all([data])
    assert read_all([bytes([byte]) for byte in data]) == read_all([data])

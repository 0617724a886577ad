"""Bytes that are requests, with what is read from them, and bytes that are none."""

from __future__ import annotations

HOST = b"Host: mock\r\n"
CHUNKED = b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"

MALFORMED = {
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"GET /a\r\n",
    "an unknown version": b"GET /a HTTP/9.9\r\n" + HOST + b"\r\n",
    "an empty target": b"GET  HTTP/1.1\r\n" + HOST + b"\r\n",
    "a blank in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target without a slash": b"GET a HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target without a path": b"GET http://mock?b HTTP/1.1\r\n" + HOST + b"\r\n",
    "a byte that is no ASCII in the target": b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    "a control character in the target": b"GET /a\0b HTTP/1.1\r\n" + HOST + b"\r\n",
    "no token as the method": b"G{T /a HTTP/1.1\r\n" + HOST + b"\r\n",
    "line feeds alone": b"GET /a HTTP/1.1\nHost: mock\n\n",
    "a header without a colon": b"GET /a HTTP/1.1\r\n" + HOST + b"no colon\r\n\r\n",
    "a blank in a header's name": b"GET /a HTTP/1.1\r\n" + HOST + b"a b: c\r\n\r\n",
    "a blank before the colon": b"GET /a HTTP/1.1\r\n" + HOST + b"a : c\r\n\r\n",
    "a control character in a header": b"GET /a HTTP/1.1\r\n" + HOST + b"a: \0\r\n\r\n",
    "a folded header": b"GET /a HTTP/1.1\r\n" + HOST + b"a: b\r\n c\r\n\r\n",
    "a length that is no number": b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: abc\r\n\r\n",
    "a negative length": b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
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
    "CONNECT": (b"CONNECT mock:1 HTTP/1.1\r\n" + HOST + b"\r\n", "CONNECT", b"/", b"", b""),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", "OPTIONS", b"*", b"", b""),
    "absolute": (b"GET http://mock:1/a?b HTTP/1.1\r\n" + HOST + b"\r\n", "GET", b"/a", b"b", b""),
    "odd characters": (
        b'GET /%zz%2F<>"{}|^` HTTP/1.1\r\n' + HOST + b"\r\n",
        "GET",
        b'/%zz%2F<>"{}|^`',
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
    "an upgrade with a body": (
        b"POST /a HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
        "POST",
        b"/a",
        b"",
        b"abc",
    ),
    "another method with a body": (
        b"FOO /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc",
        "FOO",
        b"/a",
        b"",
        b"abc",
    ),
    "a body": (b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", "POST", b"/a", b"", b"abc"),
    "a body of a GET": (b"GET /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", "GET", b"/a", b"", b"abc"),
    "chunks": (CHUNKED + b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nt: u\r\n\r\n", "POST", b"/a", b"", b"abc0123456789"),
    "HTTP/1.0": (b"GET /a HTTP/1.0\r\n\r\n", "GET", b"/a", b"", b""),
}

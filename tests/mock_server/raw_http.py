"""Requests as bytes and the answers to them, for tests that no HTTP client would stand."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Answer:
    """One response as it was on the wire, header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def connect(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def send(port: int, data: bytes) -> bytes:
    """Send `data`, end the sending half, and return everything until the server ends the connection."""
    received = b""
    with connect(port) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        while part := client.recv(65536):
            received += part
    return received


def talk(port: int, data: bytes, *, method: str = "GET") -> list[Answer]:
    """Send `data` and nothing more, and return every answer until the server ends the connection."""
    received = send(port, data)
    answers = []
    while received:
        answer, received = read_answer(received, has_body=method != "HEAD")
        answers.append(answer)
    return answers


def read_answer(data: bytes, *, has_body: bool = True) -> tuple[Answer, bytes]:
    """The first response in `data` and what follows it."""
    head, separator, rest = data.partition(b"\r\n\r\n")
    assert separator, f"no whole response: {data[:200]!r}"
    line, *fields = head.decode("latin-1").split("\r\n")
    version, status, _ = line.split(" ", 2)
    assert version == "HTTP/1.1", line
    pairs = [(name.lower(), value.strip()) for name, _, value in (field.partition(":") for field in fields)]
    headers = dict(pairs)
    assert len(headers) == len(pairs), f"a header twice: {fields}"
    if status[0] == "1" or status == "204":
        return Answer(int(status), headers, b""), rest
    length = int(headers["content-length"]) if has_body else 0
    assert len(rest) >= length, f"cut short: {data[:200]!r}"
    return Answer(int(status), headers, rest[:length]), rest[length:]


def receive(client: socket.socket, *, has_body: bool = True) -> Answer:
    """The next response on an open connection, which must not send more than that."""
    received = b""
    while True:
        part = client.recv(65536)
        assert part, f"the connection ended within a response: {received[:200]!r}"
        received += part
        if b"\r\n\r\n" not in received:
            continue
        try:
            answer, rest = read_answer(received, has_body=has_body)
        except AssertionError:
            continue
        assert not rest, f"more than one response: {rest[:200]!r}"
        return answer

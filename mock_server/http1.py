"""Which requests do the bytes of a connection hold? HTTP/1.1 (RFC 9112), strict, any method and any target.

Servers at hand answer what they cannot read with pages of their own and refuse methods that they do not know; the
contract wants a problem for the one and `404 NOT_FOUND` for the other. Nothing here reads or writes a socket.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 1024 * 1024
MAX_CHUNK_LINE_BYTES = 4096

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])\r\n")
_HEADER = re.compile(rb"(" + _TOKEN + rb"):([^\x00-\x08\x0a-\x1f\x7f]*)\r\n")
_ABSOLUTE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?\r\n")
_FRAMING = (b"host", b"content-length", b"transfer-encoding", b"connection", b"expect")
_LENGTH = re.compile(rb"[0-9]{1,15}")
_FIRST_BYTES = re.compile(rb"(?:\r\n)*(?:\r|" + _TOKEN + rb"(?: [\x21-\x7e\x80-\xff]*(?: [HTP/1.0]*\r?)?)?)?")


class MalformedError(Exception):
    """The bytes are no request, and nothing sound can follow them; a sentence tells why."""


class BodyTooLargeError(Exception):
    """The body is longer than `MAX_BODY_BYTES`; raised where the body would be read."""


@dataclass(slots=True)
class Request:
    """One request, whole. `body` is None when it is longer than `MAX_BODY_BYTES`: then it was not read."""

    method: str
    raw_path: bytes
    query_string: bytes
    http_version: str
    headers: list[tuple[bytes, bytes]]
    body: bytes | None
    keep_alive: bool


class RequestReader:
    """Takes the bytes of one connection as they come and gives its requests in their order."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: Request | None = None
        self._length: int | None = None
        """How many bytes the body has; None: it is chunked."""
        self._chunks: list[bytes] = []
        self._body_bytes = 0
        self._in_trailers = False
        self._expects_continue = False

    @property
    def idle(self) -> bool:
        """Whether no request has begun."""
        return self._head is None and not self._buffer

    @property
    def buffered_bytes(self) -> int:
        """How much was received that `next_request` has not used."""
        return len(self._buffer)

    def take_expectation(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body of the begun request; true once."""
        expected = self._head is not None and self._expects_continue
        self._expects_continue = False
        return expected

    def feed(self, data: bytes) -> None:
        """Append what was received."""
        self._buffer += data

    def next_request(self) -> Request | None:
        """The next request, or None until more is fed. MalformedError, once and for all, when there is none."""
        if self._head is None:
            self._head = self._read_head()
        head = self._head
        if head is None:
            return None
        if head.body is not None and not (self._read_chunks(head) if self._length is None else self._read_body(head)):
            return None
        self._head = None
        return head

    def _read_head(self) -> Request | None:
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):  # RFC 9112, 2.2: left over from a careless client's body
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > MAX_HEAD_BYTES:
                raise MalformedError("The head of the request is too large.")
            self._refuse_early(buffer)
            return None
        if end > MAX_HEAD_BYTES:
            raise MalformedError("The head of the request is too large.")
        end += 2
        line = _REQUEST_LINE.match(buffer)
        if line is None:
            raise MalformedError("The request line is malformed.")
        method, target, minor = line.groups()
        headers = []
        position = line.end()
        while position < end:
            header = _HEADER.match(buffer, position, end)
            if header is None:
                raise MalformedError("A header line is malformed.")
            name, value = header.groups()
            headers.append((name.lower(), value.strip(b" \t")))
            position = header.end()
        del buffer[: end + 2]
        return self._frame(method, target, minor, headers)

    def _frame(self, method: bytes, target: bytes, minor: bytes, headers: list[tuple[bytes, bytes]]) -> Request:
        """The request without its body, of which it finds out where it ends (RFC 9112, 6)."""
        framing: dict[bytes, list[bytes]] = {name: [] for name in _FRAMING}
        for name, value in headers:
            if name in framing:
                framing[name].append(value)
        hosts, lengths, codings, connections, expectations = framing.values()
        is_1_1 = minor == b"1"
        if len(hosts) > 1 or (is_1_1 and not hosts):
            raise MalformedError("A request has one Host header.")
        if len(lengths) > 1 or (lengths and not _LENGTH.fullmatch(lengths[0])):
            raise MalformedError("The Content-Length is malformed.")
        if codings and (lengths or not is_1_1 or b",".join(codings).lower() != b"chunked"):
            raise MalformedError("The Transfer-Encoding is not understood.")
        self._length = None if codings else int(*lengths)
        self._chunks, self._body_bytes, self._in_trailers = [], 0, False
        self._expects_continue = is_1_1 and b"100-continue" in [value.lower() for value in expectations]
        raw_path, _, query_string = _origin_form(target).partition(b"?")
        options = [option.strip() for value in connections for option in value.lower().split(b",")]
        return Request(
            method=method.decode("ascii"),
            raw_path=raw_path,
            query_string=query_string,
            http_version="1.1" if is_1_1 else "1.0",
            headers=headers,
            body=None if self._length is not None and self._length > MAX_BODY_BYTES else b"",
            keep_alive=is_1_1 and b"close" not in options,
        )

    def _read_body(self, head: Request) -> bool:
        """Whether the body of known length is there, and so is in `head` now."""
        assert self._length is not None
        if len(self._buffer) < self._length:
            return False
        if self._length:
            head.body = bytes(self._buffer[: self._length])
            del self._buffer[: self._length]
        return True

    def _read_chunks(self, head: Request) -> bool:
        """Whether the chunked body is there, and so is in `head` now, or is known to be too large."""
        while self._body_bytes <= MAX_BODY_BYTES:
            line_end = self._buffer.find(b"\n", 0, MAX_CHUNK_LINE_BYTES) + 1
            if not line_end:
                if len(self._buffer) >= MAX_CHUNK_LINE_BYTES:
                    raise MalformedError("A chunk is malformed.")
                return False
            line = bytes(self._buffer[:line_end])
            if self._in_trailers:
                del self._buffer[:line_end]
                if line == b"\r\n":
                    head.body = b"".join(self._chunks)
                    return True
                if not _HEADER.fullmatch(line):
                    raise MalformedError("A trailer is malformed.")
                self._body_bytes += line_end
            elif not self._read_chunk(line):
                return False
        head.body = None
        return True

    def _read_chunk(self, size_line: bytes) -> bool:
        """Whether the chunk at the start of the buffer was there, and so is taken, or makes the body too large."""
        match = _CHUNK_SIZE.fullmatch(size_line)
        if match is None:
            raise MalformedError("A chunk is malformed.")
        size = int(match[1], 16)
        if self._body_bytes + size <= MAX_BODY_BYTES:
            if size == 0:
                self._in_trailers = True
                del self._buffer[: len(size_line)]
                return True
            end = len(size_line) + size
            if len(self._buffer) < end + 2:
                return False
            if self._buffer[end : end + 2] != b"\r\n":
                raise MalformedError("A chunk is malformed.")
            self._chunks.append(bytes(self._buffer[len(size_line) : end]))
            del self._buffer[: end + 2]
        self._body_bytes += size
        return True

    def _refuse_early(self, buffer: bytearray) -> None:
        """What can no longer become a request is not waited for."""
        line_end = buffer.find(b"\n") + 1
        if b"\n\n" in buffer or b"\n\r\n" in buffer:
            raise MalformedError("Lines end in a carriage return and a line feed.")
        if line_end and not _REQUEST_LINE.fullmatch(buffer[:line_end]):
            raise MalformedError("The request line is malformed.")
        if not line_end and not _FIRST_BYTES.fullmatch(buffer):
            raise MalformedError("The request line is malformed.")


def _origin_form(target: bytes) -> bytes:
    """The target without the scheme and authority that an absolute one starts with (RFC 9112, 3.2.2)."""
    absolute = None if target.startswith(b"/") else _ABSOLUTE.match(target)
    if absolute is None:
        return target
    rest = target[absolute.end() :]
    return rest if rest.startswith(b"/") else b"/" + rest

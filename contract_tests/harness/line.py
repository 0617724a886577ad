"""The line to the server: a request carried there and its whole answer carried back, or a LineError.

It decides what is whose. An answer that came whole is the server's, whatever it says. No answer, one that is late or
cut short, and what a proxy says because it got none are the line's: nothing of that is held against the server. What
may be asked twice is asked again; what may not is so only if it cannot have arrived.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from contract_tests.harness.exchange import Request, redact
from generated.contract import Header

_REPEATED = {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}
"""The methods that mean the same when they are asked twice."""
_WITHOUT_EFFECT = {"GET", "HEAD", "OPTIONS"}
_OF_A_PROXY = {502, 503, 504}
_RATE_HEADERS = (Header.RATE_LIMIT_LIMIT, Header.RATE_LIMIT_REMAINING, Header.RATE_LIMIT_RESET)
_WITHOUT_BODY = {204, 304}
_MOST_BYTES = 50_000_000
_PIECE_BYTES = 65_536
_LONGEST_PATH = 60
_SILENCES_ENDURED = 2
"""How often one request may go unanswered until its time is up."""
FAILURES_ENDURED = 5
"""How many requests in a row may go without an answer until no more are sent."""

Failure = (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
"""All that is raised when no answer comes."""


class LineError(Exception):
    """The line to the server broke: nothing can be said of the promise that was being checked."""

    def __init__(self, words: str, where: str = "") -> None:
        super().__init__(f"{where}: {words}" if where else words)
        self.words = words
        """What happened, in a few words."""


class _Cut(urllib3.exceptions.HTTPError):
    """An answer that ends before its end, or does not end."""


class _ForAnother(urllib3.exceptions.HTTPError):
    """An answer that a proxy gave because it got none."""


@dataclass(frozen=True)
class Answer:
    """What came back, and when the request that it answers left; header names are in lower case, times are local."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_at: float
    received_at: float


class Line:
    """Carries requests and their answers.

    Connections are kept open, but what has an effect gets a fresh one each time: on a kept one that the server closes
    at that moment nobody can tell whether it took effect.
    """

    pauses: ClassVar[tuple[float, ...]] = (0.1, 1.0, 4.0)
    """How many seconds to wait before each repetition."""
    moment_seconds: ClassVar[float] = 1.0
    """What fails within so many seconds fails for the same reason."""

    def __init__(self, base_url: str, *, timeout_seconds: float, verify: str | bool) -> None:
        """`timeout_seconds`: how long one try may take, from the first connection to the last byte."""
        self.lost = 0
        """How many requests may have arrived of which no answer came back."""
        self.is_down = False
        """Whether so many requests in a row went unanswered that more would be in vain."""
        self.tell: Callable[[float, str], None] = lambda _seconds, _why: None
        """Told before a pause, of how many seconds and why."""
        self._base_url, self._timeout, self._verify = base_url, timeout_seconds, verify
        self._proxies = requests.utils.get_environ_proxies(base_url, no_proxy=None)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._failures = 0
        self._failed_at = float("-inf")

    def carry(self, request: Request, headers: Mapping[str, str]) -> Answer:
        """Send a request, more than once if need be, and return its answer. Raises LineError."""
        prepared = requests.Request(
            request.method, self._base_url + request.target, headers=dict(headers), data=request.payload
        ).prepare()
        where = _where(request)
        silences = lost = 0
        for pause in (*self.pauses, None):
            try:
                answer = self._try(request, prepared)
            except Failure as error:
                self._drop()
                words = describe(error)
                arrived = not _never_arrived(error)
                lost += arrived
                silences += _is_silence(error)
                self._note_loss(arrived=arrived)
                repeatable = (request.method in _REPEATED or not arrived) and not _is_for_good(error)
                if pause is None or not repeatable or silences >= _SILENCES_ENDURED:
                    self._note_failure()
                    raise LineError(words, where) from error
                self.tell(pause, f"{where}: {words}; it is sent again")
                time.sleep(pause)
            else:
                self._failures = 0
                if lost and answer.status >= 400 and request.method not in _WITHOUT_EFFECT:
                    words = f"no answer came, and sent again it is answered {answer.status}, maybe for what it had done"
                    raise LineError(words, where)
                return answer
        raise AssertionError("unreachable")

    def _note_loss(self, *, arrived: bool) -> None:
        with self._lock:
            self.lost += arrived

    def _note_failure(self) -> None:
        """Count a request without an answer; what fails in the same moment counts as one."""
        with self._lock:
            now = time.monotonic()
            if now - self._failed_at >= self.moment_seconds:
                self._failures, self._failed_at = self._failures + 1, now
            self.is_down = self.is_down or self._failures >= FAILURES_ENDURED

    def _try(self, request: Request, prepared: requests.PreparedRequest) -> Answer:
        kept = request.method in _WITHOUT_EFFECT
        adapter = self._kept() if kept else _Adapter()
        sent_at, deadline = time.time(), time.monotonic() + self._timeout
        try:
            response = adapter.send(
                prepared,
                stream=True,
                timeout=urllib3.Timeout(total=self._timeout),  # type: ignore[arg-type]
                verify=self._verify,
                proxies=self._proxies,
            )
            names = {name.lower(): value for name, value in response.headers.items()}
            body = _read(response, deadline)
        finally:
            if not kept:
                adapter.close()
        answer = Answer(response.status_code, names, body, sent_at, time.time())
        if request.method != "HEAD" and _may_be_cut(answer):
            raise _Cut("the answer ends with the connection, and is not whole")
        if _is_of_a_proxy(answer) and answer.status != request.provokes:
            raise _ForAnother(f"a proxy answers {answer.status} in the server's stead")
        return answer

    def _kept(self) -> _Adapter:
        adapter: _Adapter | None = getattr(self._local, "adapter", None)
        if adapter is None:
            adapter = self._local.adapter = _Adapter()
        return adapter

    def _drop(self) -> None:
        """Close what is kept open: what is sent again is sent on a fresh connection."""
        adapter: _Adapter | None = getattr(self._local, "adapter", None)
        if adapter is not None:
            adapter.close()
            self._local.adapter = None


# What is whose


def _never_arrived(error: BaseException) -> bool:
    return isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in repr(error)


def _is_silence(error: BaseException) -> bool:
    return isinstance(error, (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError))


def _is_for_good(error: BaseException) -> bool:
    """Whether trying again is in vain."""
    return isinstance(error, requests.exceptions.SSLError)


def _is_of_a_proxy(answer: Answer) -> bool:
    """Whether an answer plainly comes from a proxy that got none: no JSON, and not one of the rate headers."""
    if answer.status not in _OF_A_PROXY or "json" in answer.headers.get("content-type", "").lower():
        return False
    return not any(name.lower() in answer.headers for name in _RATE_HEADERS) and not _is_json(answer.body)


def _may_be_cut(answer: Answer) -> bool:
    """Whether nothing but the end of the connection tells where a body ends, and it is not the whole of a JSON text."""
    told = "content-length" in answer.headers or "transfer-encoding" in answer.headers
    if told or answer.status in _WITHOUT_BODY or "json" not in answer.headers.get("content-type", "json").lower():
        return False
    return not _is_json(answer.body)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _where(request: Request) -> str:
    path = request.path if len(request.path) <= _LONGEST_PATH else f"{request.path[:_LONGEST_PATH]}…"
    return f"{request.method} {path}"


def describe(error: BaseException) -> str:
    """Say in a few words why no answer came."""
    text = repr(error)
    if isinstance(error, requests.exceptions.SSLError):
        if "CERTIFICATE_VERIFY_FAILED" in text:
            return "its certificate is not trusted (set CA_BUNDLE to the certificates to trust)"
        return "no TLS connection could be made (is it a server of plain http?)"
    if isinstance(error, (_Cut, _ForAnother)):
        return str(error)
    if _is_silence(error):
        return "it did not answer in time"
    for sign, words in _SIGNS:
        if sign in text:
            return words
    return type(error).__name__


_SIGNS = (
    ("ProxyError", "the proxy that the environment names does not reach it"),
    ("IncompleteRead", "the answer was cut short"),
    ("InvalidChunkLength", "the answer was cut short"),
    ("Connection broken", "the answer was cut short"),
    ("ended prematurely", "the answer was cut short"),
    ("Connection refused", "the connection was refused"),
    ("getaddrinfo", "its host name is unknown"),
    ("NameResolutionError", "its host name is unknown"),
    ("Connection reset", "the connection was reset"),
    ("Broken pipe", "the connection was reset"),
    ("RemoteDisconnected", "the connection was closed without an answer"),
    ("unreachable", "the network does not reach it"),
    ("No route to host", "the network does not reach it"),
    ("BadStatusLine", "what answers does not speak HTTP"),
    ("InvalidHeader", "what answers does not speak HTTP"),
    ("LineTooLong", "what answers does not speak HTTP"),
    ("HTTPException", "what answers does not speak HTTP"),
)


# Reading with a deadline


def _read(response: requests.Response, deadline: float) -> bytes:
    """The whole body. Raises a Failure when it is late, cut short or without an end."""
    pieces, count = [], 0
    try:
        for piece in response.raw.stream(_PIECE_BYTES, decode_content=False):
            pieces.append(piece)
            count += len(piece)
            if count > _MOST_BYTES:
                raise _Cut(f"the answer has more than {_MOST_BYTES // 1_000_000} million bytes")
            if time.monotonic() > deadline:
                raise TimeoutError("timed out")
    except BaseException:
        response.raw.close()
        raise
    response.raw.release_conn()
    return _decoded(b"".join(pieces), response.headers.get("content-encoding", ""))


def _decoded(body: bytes, encoding: str) -> bytes:
    """A body without its content encoding; as it came where it is not encoded as it says."""
    if not encoding or not body:
        return body
    try:
        return urllib3.HTTPResponse(io.BytesIO(body), headers={"content-encoding": encoding}).data
    except urllib3.exceptions.DecodeError:
        return body


class _Timed(io.RawIOBase):
    """Reads from a socket until a deadline, however little comes at a time."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Lines(io.BufferedReader):
    """Takes headers that the connection's end cuts off for what they are; http.client takes them for all that come."""

    _in_the_head = False

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if self._in_the_head and not line.endswith(b"\n"):
            raise http.client.IncompleteRead(line)
        self._in_the_head = line.startswith(b"HTTP/") or (self._in_the_head and bool(line.strip()))
        return line


class _Source:
    """What http.client reads a response from in a socket's stead."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline

    def makefile(self, *_: object) -> io.BufferedReader:
        return _Lines(_Timed(self._sock, self._deadline))


def _response(deadline: float, sock: socket.socket, **options: Any) -> http.client.HTTPResponse:
    return http.client.HTTPResponse(_Source(sock, deadline), **options)  # type: ignore[arg-type]


class _UntilTheDeadline:
    """Makes a connection's responses come until its timeout is over, which urllib3 has set to what is left by then."""

    timeout: float

    @property
    def response_class(self) -> Callable[..., http.client.HTTPResponse]:
        return partial(_response, time.monotonic() + self.timeout)


class _Plain(_UntilTheDeadline, HTTPConnection):  # type: ignore[misc]
    pass


class _Tls(_UntilTheDeadline, HTTPSConnection):  # type: ignore[misc]
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain  # type: ignore[assignment]


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls  # type: ignore[assignment]


_POOLS = {"http": _PlainPool, "https": _TlsPool}


class _Adapter(HTTPAdapter):
    """Keeps a connection open; repeats nothing, follows nothing, remembers no cookie and reads no .netrc."""

    def __init__(self) -> None:
        super().__init__(max_retries=0, pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *given: Any, **options: Any) -> None:
        super().init_poolmanager(*given, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def shown(location: str) -> str:
    """Where a redirect leads to, without what may be secret in it."""
    return redact(location.partition("?")[0].partition("#")[0])

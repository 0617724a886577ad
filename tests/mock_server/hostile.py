"""Requests that nobody should send, and many that one may: made from the document, always the same ones.

Whether the answers are right is for the tests.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any
from urllib.parse import quote

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from schemathesis.generation.coverage import GenerationSession

from generated.contract import OPERATIONS, Operation
from mock_server.asgi import MAX_BODY_BYTES
from scripts import document

METHODS = [
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "PROPFIND", "PURGE"),
    *("get", "Post", "FOO", "A!#$%&'*+-.^_`|~9", "X" * 2000),
]
IDS = [
    *("run_full_ended", "run_full_active_1", "run_full_active_2", "in-use", "node-default", "wh_full_1", "wh_full_2"),
    *(
        "run_missing",
        "__proto__",
        "null",
        "0",
        "-1",
        "%2e%2e",
        "..",
        ".",
        "%00",
        "a%2Fb",
        "%F0%9F%92%A9",
        "%ff",
        "x" * 5000,
    ),
    *("*", "me", "logs", "'--", "%0d%0aX:%20y", "{id}", "%", "%zz", "a;b=c", "RUN_FULL_ENDED"),
]
VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        0.5,
        1.0,
        101,
        2**31,
        2**63,
        2**64,
        10**400,
        1e308,
        -1e-320,
        float("nan"),
        float("inf"),
    ),
    *(
        "",
        " ",
        "0",
        "x",
        "null",
        "\0",
        "\ud800",
        "\udfff\ud800",
        "é",
        "e\u0301",
        "💩",
        "\u202e",
        "a\r\nb: c",
        "../../etc/passwd",
    ),
    *(
        "x" * 51,
        "x" * 101,
        "x" * 201,
        "x" * 501,
        "x" * 2049,
        "x" * 50_001,
        "-",
        "a--b",
        "a" * 64,
        "a" * 65,
        "A",
        "mock/x",
    ),
    *(
        "https://hooks.acme.example/x",
        "http://hooks.acme.example",
        "https://",
        "https://[::1",
        "javascript:alert(1)",
        "//x",
    ),
    *(
        "localhost",
        "127.0.0.1",
        "*.x.internal",
        "a.local",
        "*",
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "sonnet",
    ),
    *(
        [],
        {},
        [[]],
        [None],
        ["x"] * 1000,
        {"": ""},
        {"a": {"b": {"c": None}}},
        {"__proto__": {"x": 1}},
        {"x" * 300: "y"},
    ),
    {str(number): "x" for number in range(51)},
    {"a": "x" * 4096},
]
QUERY_TEXTS = [
    *(
        "",
        "0",
        "1",
        "-1",
        "+1",
        "%2B1",
        "01",
        "1.0",
        "1e3",
        "100",
        "101",
        "10000",
        "10001",
        "100001",
        "9" * 5000,
        "0x10",
        "%00",
    ),
    *(
        "NaN",
        "true",
        "null",
        "[]",
        "{}",
        "%",
        "%zz",
        "%ff",
        "%C3%A9",
        "%F0%9F%92%A9",
        "%ED%A0%80",
        "x" * 51,
        "x" * 201,
        "a b",
    ),
    *(
        "pending",
        "pending,running",
        "pending,,running",
        ",",
        "pending,pending",
        "sonnet",
        "pr,text",
        "asc",
        "costUsd",
        "git",
    ),
    *(
        "2026-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-01-01",
        "0000-00-00T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "now",
    ),
    *(
        "2026-01-01T00:00:00%2B25:00",
        "1969-12-31T23:59:60Z",
        "2016-12-31T23:59:60Z",
        "sandbox",
        "'",
        '"',
        "<script>",
        "\xff",
    ),
]
CONTENT_TYPES = [
    *(
        b"application/json",
        b"application/json; charset=utf-8",
        b"APPLICATION/JSON",
        b"application/json; charset=utf-16",
    ),
    *(
        b"application/problem+json",
        b"text/plain",
        b"application/xml",
        b"multipart/form-data",
        b"",
        b";;;",
        b"\xff",
        b"a" * 5000,
    ),
    *(b"application/x-www-form-urlencoded", b"*/*", b"application/json, text/plain", None),
]
AUTHORIZATIONS = [
    *(
        b"",
        b"Bearer",
        b"Bearer ",
        b"Basic dXNlcjpwYXNz",
        b"bearer csk_live_hostile",
        b"Bearer  csk_live_hostile",
        b"\xff\xfe",
    ),
    *(
        b"Bearer csk_live_",
        b"Bearer csk_live_abc",
        b"Bearer csk_test_hostile",
        b"Bearer csk_live_a b",
        b"Bearer csk_live_\xe9\xe9\xe9\xe9",
    ),
    *(
        b"Bearer csk_live_../..",
        b"Bearer csk_live_hostile__2",
        b"Bearer csk_live_hostile__x",
        b"Bearer csk_live___2",
        b"Bearer " + b"x" * 9000,
    ),
    *(b"Bearer csk_live_unknown_1", b"Bearer csk_live_hostile, Bearer csk_live_other", b"csk_live_hostile", b"Token x"),
    *(
        b"Bearer csk_live_rate_limited_1",
        b"Bearer csk_live_hostile\tx",
        b"Bearer csk_live_hostile__99999999999999999999",
    ),
]
HEADERS = [
    *(
        (b"Accept", b"text/html"),
        (b"Accept", b"application/xml;q=1, */*;q=0"),
        (b"Accept-Encoding", b"br;q=1, identity;q=0"),
    ),
    *(
        (b"Range", b"bytes=0-1"),
        (b"If-None-Match", b"*"),
        (b"If-Match", b'"x"'),
        (b"Cookie", b"a=b; \xff"),
        (b"Origin", b"null"),
    ),
    *(
        (b"X-HTTP-Method-Override", b"DELETE"),
        (b"Expect", b"miracles"),
        (b"Upgrade", b"h2c"),
        (b"Connection", b"Upgrade, x"),
    ),
    *((b"X-Forwarded-For", b"127.0.0.1"), (b"Content-Encoding", b"gzip"), (b"X", b"y" * 30_000), (b"TE", b"trailers")),
    *(
        (b"X-Cospec-Source", b"n8n"),
        (b"Transfer-Encoding", b"chunked"),
        (b"X-RateLimit-Limit", b"0"),
        (b"Date", b"yesterday"),
    ),
]


@dataclass(frozen=True)
class Hostile:
    """A request; without a header Authorization it gets a good key when it is sent."""

    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    def encode(self, key: bytes) -> bytes:
        """As it is on the wire."""
        headers = [(b"Host", b"mock"), *self.headers]
        names = {name.lower() for name, _ in headers}
        if b"authorization" not in names:
            headers.append((b"Authorization", b"Bearer " + key))
        body = self.body
        if b"transfer-encoding" in names:
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        elif body or self.method in {"POST", "PATCH"}:
            headers.append((b"Content-Length", b"%d" % len(body)))
        head = b"".join(b"%b: %b\r\n" % header for header in headers)
        return b"%b %b HTTP/1.1\r\n%b\r\n%b" % (self.method.encode(), self.target, head, body)


def _schema() -> Any:
    schema = schemathesis.openapi.from_dict(document.load(), config=schemathesis.Config(seed=1))
    schema.config.generation.update(with_security_parameters=False)
    return schema


def _sent(case: Any) -> Hostile | None:
    """The case as its client would send it; None for what that client refuses to send."""
    try:
        prepared = requests.Request(**case.as_transport_kwargs(base_url="http://mock")).prepare()
    except (requests.RequestException, UnicodeError):
        return None
    body = prepared.body or b""
    content_type = prepared.headers.get("Content-Type")
    headers = ((b"Content-Type", _bytes(content_type)),) if content_type else ()
    return Hostile(str(prepared.method), prepared.path_url.encode(), headers, _bytes(body))


def _bytes(text: Any) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text)


def covering() -> Iterator[Hostile]:
    """Every constraint of every operation from both sides, and what schemathesis adds to that."""
    for result in (schema := _schema()).get_all_operations():
        operation = result.ok()
        cases = schema.iter_coverage_cases(
            operation,
            generation_modes=list(GenerationMode),
            generation_config=schema.config.generation_for(operation=operation, phase="coverage"),
            session=GenerationSession(),
        )
        yield from filter(None, map(_sent, cases))


def drawn(each: int) -> Iterator[Hostile]:
    """So many requests of each operation that fit the document, and as many that do not."""
    for result in _schema().get_all_operations():
        for mode in GenerationMode:
            yield from filter(None, map(_sent, _examples(result.ok().as_strategy(generation_mode=mode), each)))


def _examples(strategy: Any, count: int) -> list[Any]:
    examples: list[Any] = []

    @seed(1)
    @settings(max_examples=count, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(example: Any) -> None:
        examples.append(example)

    with contextlib.suppress(Unsatisfiable):  # an operation without parameters and body takes nothing wrong
        collect()
    return examples


def _bodies() -> list[tuple[Operation, Any]]:
    """The document's examples of request bodies, each with its operation."""
    return [
        (OPERATIONS[operation.value["operationId"]], example["value"])
        for operation in document.operations(document.load())
        if "requestBody" in operation.value
        for example in operation.value["requestBody"]["content"]["application/json"]["examples"].values()
    ]


def bodies(count: int) -> Iterator[Hostile]:
    """Good bodies with something wrong in one or more places, or spoilt as text."""
    chance, good = Random(1), _bodies()
    for _ in range(count):
        operation, value = chance.choice(good)
        for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
            value = _changed(value, chance)
        text = json.dumps(value, ensure_ascii=chance.random() < 0.8).encode("utf-8", "surrogatepass")
        if chance.random() < 0.25:
            text = chance.choice(_SPOILERS)(text, chance)
        content_type = chance.choice(CONTENT_TYPES) if chance.random() < 0.2 else CONTENT_TYPES[0]
        headers = () if content_type is None else ((b"Content-Type", content_type),)
        yield Hostile(operation.method, _target(operation, chance), headers, text)


def _changed(value: Any, chance: Random) -> Any:
    """A copy with one place of it changed."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        changed = dict(value)
        name = chance.choice(list(changed))
        match chance.randrange(8):
            case 0:
                del changed[name]
            case 1:
                changed[chance.choice(["", "x", "id", "__proto__", "status", name.upper(), "\ud800", "x" * 300])] = (
                    chance.choice(VALUES)
                )
            case 2 | 3 | 4:
                changed[name] = _changed(changed[name], chance)
            case _:
                changed[name] = chance.choice(VALUES)
        return changed
    if isinstance(value, list) and value and chance.random() < 0.7:
        return [*value[:-1], _changed(value[-1], chance)] if chance.random() < 0.5 else value * chance.randint(2, 30)
    return chance.choice(VALUES)


_Spoiler = Callable[[bytes, Random], bytes]
_SPOILERS: Sequence[_Spoiler] = (
    lambda text, chance: text[: chance.randrange(len(text) + 1)],
    lambda text, chance: text + chance.choice([b"}", b"x", b"\0", b"{}", text]),
    lambda text, chance: chance.choice([b"\xef\xbb\xbf", b"\xff\xfe", b" " * 1000, b"\x1f\x8b", b"/**/"]) + text,
    lambda text, chance: _inserted(
        text, chance.choice([b"\0", b"\xff", b"\xed\xa0\x80", b'"', b",", b"\\", b"\n", b"\\u12"]), chance
    ),
    lambda text, _: text.decode("utf-8", "replace").encode("utf-16"),
    lambda text, _: gzip.compress(text),
    lambda text, chance: text + b" " * chance.choice([MAX_BODY_BYTES - len(text), MAX_BODY_BYTES]),
    lambda text, _: text.replace(b"{", b'{"repo":1,', 1),
    lambda text, chance: text.replace(b'": ', b'": ' + b"[" * chance.choice([10, 200, 2000]), 1),
    lambda _, chance: chance.choice(
        [b"", b" ", b"null", b"0", b"[]", b'"x"', b"{", b"NaN", b"-", b"1e999", b"{}" * 99]
    ),
    lambda _, chance: b"[" * (depth := chance.choice([100, 1000, 20_000])) + b"]" * depth,
    lambda _, chance: chance.choice([b'{"a":', b"["]) * chance.choice([100, 20_000]),
    lambda _, chance: chance.randbytes(chance.randrange(300)),
)


def _inserted(text: bytes, piece: bytes, chance: Random) -> bytes:
    position = chance.randrange(len(text) + 1)
    return text[:position] + piece + text[position:]


def _target(operation: Operation, chance: Random) -> bytes:
    """The operation's path; where it names something, often something that there is."""
    path = operation.path
    if "{" in path:
        start, _, rest = path.partition("{")
        path = start + chance.choice(IDS[:7] if chance.random() < 0.6 else IDS) + rest.partition("}")[2]
    return path.encode()


def _parameters() -> Mapping[str, list[str]]:
    """The names of each operation's query parameters."""
    whole = document.load()
    return {
        operation.value["operationId"]: [
            parameter["name"]
            for node in operation.value.get("parameters", [])
            if (parameter := document.resolved(whole, node))["in"] == "query"
        ]
        for operation in document.operations(whole)
    }


def queries(count: int) -> Iterator[Hostile]:
    """Query strings, good and odd, for all operations."""
    chance, parameters, operations = Random(2), _parameters(), list(OPERATIONS.values())
    reading = [operation for operation in operations if parameters[operation.operation_id]]
    for _ in range(count):
        operation = chance.choice(reading if chance.random() < 0.9 else operations)
        known = parameters[operation.operation_id] or ["page"]
        names = chance.choices(
            [*known, "x", "", "%00", "limit[]", "page.x"], [3] * len(known) + [1] * 5, k=chance.randint(1, 4)
        )
        parts = [f"{name}{chance.choice(['=', '=', '=', '=', '', '=='])}{chance.choice(QUERY_TEXTS)}" for name in names]
        query = chance.choice(["&", "&", "&", "&&", ";"]).join(parts).replace(" ", "%20")
        if chance.random() < 0.01:
            query = "&".join([query] * 500)
        yield Hostile(operation.method, _target(operation, chance) + b"?" + query.encode("latin-1"))


def targets(count: int) -> Iterator[Hostile]:
    """Methods, paths and headers, good and odd."""
    chance, operations = Random(3), list(OPERATIONS.values())
    for _ in range(count):
        operation = chance.choice(operations)
        request = Hostile(operation.method, _target(operation, chance))
        if chance.random() < 0.4:
            request = replace(request, method=chance.choice(METHODS))
        if chance.random() < 0.5:
            request = replace(request, target=chance.choice(_DETOURS)(request.target, chance))
        if chance.random() < 0.3:
            request = replace(request, headers=((b"Authorization", chance.choice(AUTHORIZATIONS)),))
        if chance.random() < 0.5:
            request = replace(request, headers=(*request.headers, *chance.sample(HEADERS, chance.randint(1, 3))))
        if chance.random() < 0.2:
            request = replace(request, body=chance.choice([b"{}", b"x", b" " * 100_000, b"\0" * 10]))
        yield request


_Detour = Callable[[bytes, Random], bytes]
_DETOURS: Sequence[_Detour] = (
    lambda path, _: path + b"/",
    lambda path, _: b"/" + path,
    lambda path, _: path.upper(),
    lambda path, _: b"http://mock" + path,
    lambda path, _: b"HTTPS://user@[::1]:99999" + path,
    lambda path, _: path.removeprefix(b"/"),
    lambda path, _: path.replace(b"/v1", b"/v1/../v1"),
    lambda path, _: path.replace(b"/v1", b"/v1/."),
    lambda path, _: path.replace(b"/v1", b"/v2"),
    lambda path, _: path.replace(b"/", b"%2F"),
    lambda path, _: path.replace(b"/", b"\\"),
    lambda path, _: path.replace(b"/", b"//"),
    lambda path, _: path + b"#fragment",
    lambda path, _: path + b";x=y",
    lambda path, _: path + b"%00",
    lambda path, _: path + b".json",
    lambda path, chance: path + b"/" + chance.choice(IDS).encode(),
    lambda path, chance: b"".join(b"%%%02x" % byte if chance.random() < 0.3 else bytes([byte]) for byte in path),
    lambda path, chance: _inserted(path, bytes([chance.choice([*range(0x21, 0x7F), *range(0x80, 0x100)])]), chance),
    lambda path, chance: path[: chance.randrange(len(path))] or b"/",
    lambda _, chance: b"/" + b"a/" * chance.choice([100, 20_000]),
    lambda _, chance: quote("".join(chance.choices(string.printable, k=20))).encode(),
    lambda _, chance: chance.choice(
        [b"*", b"/", b"//", b"?", b"#", b".", b"/..", b"mock:80", b"/v1", b"/v1/", b"/openapi.yaml"]
    ),
)


@dataclass(frozen=True)
class Spoilt:
    """Bytes that were requests before something happened to them; `KEY` stands for the key."""

    data: bytes

    def encode(self, key: bytes) -> bytes:
        """As it is on the wire."""
        return self.data.replace(b"KEY", key)


def spoilt(count: int) -> Iterator[Spoilt]:
    """A request or two with something wrong in one or more places of the first head."""
    chance = Random(4)
    good = [
        request.encode(b"KEY")
        for request in [*bodies(100), *queries(50), *targets(50)]
        if request.method != "HEAD" and len(request.body) < 2000 and len(request.target) < 2000
    ]
    pieces = [
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
        b"\t",
    ]
    pieces += [
        b"Transfer-Encoding: chunked\r\n",
        b"Host: a\r\n",
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
        b"\r\n\r\n",
    ]
    for _ in range(count):
        data = b"".join(chance.choices(good, k=chance.choice([1, 1, 2])))
        for _ in range(chance.randint(1, 3)):
            position = chance.randrange(min(len(data), 300))
            data = data[:position] + chance.choice(pieces) + data[position + chance.choice([0, 0, 1, 4]) :]
        yield Spoilt(data)

"""Exchanges are shown without secrets, and a command that is shown really repeats its request."""

from __future__ import annotations

import json
import shlex
import string
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.harness.exchange import KEY_PREFIX, NO_JSON, Exchange, Request, Response, is_key, redact
from contract_tests.harness.results import Results
from contract_tests.harness.session import Session
from contract_tests.harness.target import RealClock, Target
from generated.contract import OPERATIONS
from tests.contract_tests.exchanges import document

URL = "http://127.0.0.1:4010"
MAIN, SECOND = "csk_live_main_of_the_tests", "csk_live_main_of_the_tests__2"
TARGET = Target(URL, RealClock(), MAIN, key_second=SECOND)
ENVIRONMENT = {"COSPEC_API_KEY": MAIN, "COSPEC_API_KEY_SECOND": SECOND}
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD/A=="

keys = st.text(string.ascii_letters + string.digits + "_-", min_size=5).map(KEY_PREFIX.__add__)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


@dataclass(frozen=True)
class Command:
    """What curl would do."""

    method: str
    url: str
    headers: dict[str, str]
    data: str | None


def run(line: str) -> Command:
    """Let a shell read the line with the keys in its environment, and curl's arguments be written down."""
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\n{line}"
    done = subprocess.run(["sh", "-uc", script], env=ENVIRONMENT, capture_output=True, check=True)
    given = done.stdout.decode().split("\0")[:-1]
    method, data, headers, urls = None, None, {}, []
    while given:
        argument = given.pop(0)
        if argument == "-X":
            method = given.pop(0)
        elif argument == "-H":
            name, _, value = given.pop(0).partition(": ")
            headers[name] = value
        elif argument == "--data-raw":
            data = given.pop(0)
        elif argument != "-i":
            urls.append(argument)
    (url,) = urls
    return Command(method or ("GET" if data is None else "POST"), url, headers, data)


@cache
def session() -> Session:
    return Session(TARGET, document(), Results(), timeout_seconds=1, verify=True)


REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "a read": ("getCredits", {}),
    "a query with odd characters": (
        "listRuns",
        {"query": {"search": "it's 50% of $HOME & `ls` [a-z]{1} ü", "page": 2}},
    ),
    "a list in a query": ("listRuns", {"query": {"status": "pending,running"}}),
    "a path with odd characters": ("getTemplate", {"path": {"idOrSlug": "one/two words?#%41.ü"}}),
    "a create": (
        "createTemplate",
        {"body": {"slug": "it-s", "name": 'it\'s "quoted" $HOME `ls` \\ \n ü', "baseImage": "x"}},
    ),
    "a body that is no JSON": ("createTemplate", {"body": b'{"name": '}),
    "an empty body": ("createTemplate", {"body": b""}),
    "a body of null": ("createTemplate", {"body": None}),
    "a change": ("updateTemplate", {"path": {"idOrSlug": "mine"}, "body": {"description": None}}),
    "a removal": ("deleteWebhook", {"path": {"id": "wh_1"}}),
    "a second key": ("getCredits", {"key": SECOND}),
}


@pytest.mark.parametrize("words", REQUESTS)
def test_a_command_repeats_its_request(words: str) -> None:
    operation_id, parts = REQUESTS[words]
    request = session().build(operation_id, **parts)
    command = run(TARGET.curl(request))
    assert command.method == request.method
    assert command.url == URL + request.target
    assert command.headers.pop("Authorization") == request.authorization
    assert command.headers == ({"Content-Type": "application/json"} if request.has_body else {})
    assert command.data == (None if request.payload is None else request.payload.decode())


@pytest.mark.parametrize("authorization", ["Basic dXNlcjpwYXNzd29yZA==", "Bearer not-a-key", 'Bearer "$HOME" `ls`', ""])
def test_a_command_repeats_credentials_that_are_none(authorization: str) -> None:
    request = replace(session().build("getCredits"), authorization=authorization)
    assert run(TARGET.curl(request)).headers["Authorization"] == authorization


def test_a_command_without_credentials_sends_none() -> None:
    assert run(TARGET.curl(replace(session().build("getCredits"), authorization=None))).headers == {}


def test_a_command_has_the_further_headers_and_a_read_with_a_body_stays_a_read() -> None:
    request = replace(session().build("getCredits", body={}), headers={"X-Fault": "it's $HOME"})
    command = run(TARGET.curl(request))
    assert command.headers["X-Fault"] == "it's $HOME"
    assert command.method == "GET"


@given(st.dictionaries(st.sampled_from(["name", "description"]), texts), texts)
def test_any_text_survives_the_way_into_a_command(body: dict[str, str], search: str) -> None:
    words = json.loads(json.dumps(body))
    request = session().build("updateTemplate", path={"idOrSlug": "mine"}, query={"q": search}, body=words)
    (url, data) = shell_words(TARGET.curl(request))
    assert dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)) == {"q": search}
    assert json.loads(data) == body


def shell_words(line: str) -> tuple[str, str]:
    """URL and data of a command without variables, as a POSIX shell splits it."""
    words = shlex.split(line)
    return words[4], words[-1]


def test_a_long_body_is_cut_and_its_length_told() -> None:
    line = TARGET.curl(session().build("createTemplate", body={"name": "x" * 5000}))
    assert len(line) < 1000
    assert "… (5012 bytes)" in line


# Percent-encoding


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_a_path_parameter_stays_one_segment_whatever_it_is(value: str) -> None:
    path = session().build("getTemplate", path={"idOrSlug": value}).path
    assert path.isascii()
    assert path.count("/") == OPERATIONS["getTemplate"].path.count("/")
    assert not set("?# ") & set(path)


def test_commas_and_colons_stay_as_they_are_in_a_query() -> None:
    request = Request("GET", "/v1/runs", query={"status": "pending,running", "startDate": "2026-03-01T00:00:00Z"})
    assert request.target == "/v1/runs?status=pending,running&startDate=2026-03-01T00:00:00Z"


# Secrets


@given(keys, texts)
def test_at_most_four_characters_of_a_key_are_shown(key: str, around: str) -> None:
    shown = redact(f"{around} {key} {around}")
    assert f" {KEY_PREFIX}…{key.removeprefix(KEY_PREFIX)[:4]} " in shown
    assert key not in shown


@pytest.mark.parametrize("text", [SECRET, f'"{SECRET}"', f"secret={SECRET}&x", f"two {SECRET} {SECRET}"])
def test_nothing_of_a_webhooks_secret_is_shown(text: str) -> None:
    assert redact(text) == text.replace(SECRET, "whsec_…")


@pytest.mark.parametrize(
    ("text", "expected"),
    [(MAIN, True), ("csk_live_a.b~c+d/e==", True), ("csk_live_", False), ("not-a-key", False), (f"{MAIN}!", False),
     (f" {MAIN}", False), ("", False)],
)  # fmt: skip
def test_what_has_the_form_of_a_key(text: str, expected: bool) -> None:
    assert is_key(text) is expected


def _exchange(request: Request, content: bytes, status: int = 200) -> Exchange:
    return Exchange(1, request, Response(status, {}, content, 0.1), 0.0, 0.1)


def test_commands_and_summaries_hold_no_secret() -> None:
    told = f"{MAIN} {SECRET} csk_live_of_somebody_else"
    request = replace(
        session().build("createRun", query={"search": told}, body={"prompt": told}), headers={"X-Fault": told}
    )
    exchange = _exchange(request, json.dumps({"prompt": told}).encode())
    shown = TARGET.curl(request) + exchange.summary()
    for secret in (MAIN.removeprefix(KEY_PREFIX), SECRET.removeprefix("whsec_"), "somebody_else"):
        assert secret not in shown


def test_an_unknown_key_is_shortened_in_a_command() -> None:
    request = session().build("getCredits", key="csk_live_of_somebody_else")
    assert run(TARGET.curl(request)).headers["Authorization"] == "Bearer csk_live_…of_s"


# Bodies


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"null", None),
        (b"", NO_JSON),
        (b"<html>", NO_JSON),
        (b"\xff", NO_JSON),
        (b'{"a": NaN}', NO_JSON),
        (b'{"a": -Infinity}', NO_JSON),
        (b"[" * 100_000, NO_JSON),
    ],
    ids=["object", "null", "empty", "html", "bytes", "nan", "infinity", "deep"],
)
def test_a_body_is_json_or_it_is_none(content: bytes, value: Any) -> None:
    assert Response(200, {}, content, 0.1).json == value


@pytest.mark.parametrize(("text", "whole"), [("42.0", True), ("4.2e1", True), ("42", True), ("42.5", False)])
def test_a_number_is_whole_however_it_is_written(text: str, whole: bool) -> None:
    assert isinstance(Response(200, {}, text.encode(), 0.1).json, int) is whole


def test_a_summary_is_one_short_line() -> None:
    summary = _exchange(Request("GET", "/"), b"<html>\n\n  " + b"\xff x " * 5000 + b"</html>", status=502).summary()
    assert summary.startswith("502 <html> ")
    assert " … " in summary
    assert summary.endswith("</html>")
    assert len(summary) < 620
    assert "\n" not in summary
    assert _exchange(Request("GET", "/"), b"", status=204).summary() == "204"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, {"type": "NOT_FOUND"}, "NOT_FOUND"),
        (404, {"type": 7}, None),
        (404, ["NOT_FOUND"], None),
        (404, {}, None),
        (200, {"type": "text"}, None),
    ],
)
def test_only_a_problem_has_a_code(status: int, body: Any, code: str | None) -> None:
    assert _exchange(Request("GET", "/"), json.dumps(body).encode(), status).code == code

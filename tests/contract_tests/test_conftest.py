"""What a run of the suite says in the end: its exit status, and the lines that a person reads."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from contract_tests.harness.settings import Settings
from generated.contract import PROBLEMS, Header, ProblemCode
from tests.contract_tests.altered_mock import Answer, altered
from tests.contract_tests.suite import KEY, ROOT, free_port, own_suite, run_apart, run_as_whole, run_here

SUITE = ROOT / "contract_tests"
QUICK = SUITE / "test_repositories.py"
"""A file that asks for little."""


class _Web(BaseHTTPRequestHandler):
    """A server that is none of an API: it answers everything with a page."""

    def do_GET(self) -> None:
        page = b"<html><body>It works!</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        pass


@contextmanager
def web_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@contextmanager
def silent_server() -> Iterator[str]:
    """Lets everybody connect and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as line:
        yield f"http://127.0.0.1:{line.getsockname()[1]}"


# Nothing can be said: 2


def test_without_settings_both_that_are_needed_are_named(tmp_path: Path) -> None:
    run = run_here(tmp_path, SUITE)
    assert run.status == 2
    assert [line.split()[0] for line in run.said] == ["COSPEC_BASE_URL", "COSPEC_API_KEY"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", "api.cospec.io"),
        ("api_key", "two words"),
        ("seed", "many"),
        ("profile", "quick"),
        ("control_url", "/_control"),
        ("ca_bundle", "no/such/file.pem"),
        ("provoke", "no/such/file.yaml"),
        ("timeout_seconds", "0"),
        ("webhook_sink_url", "http://sink.example"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(tmp_path: Path, name: str, value: str) -> None:
    run = run_here(tmp_path, SUITE, **{"base_url": "http://127.0.0.1:9", "api_key": KEY, name: value})
    (line,) = run.said
    assert run.status == 2
    assert line.startswith(f"COSPEC_{name.upper()} ")
    assert KEY not in run.output


def test_a_misspelt_setting_is_refused_with_what_was_meant(tmp_path: Path, mock_url: str) -> None:
    run = run_here(tmp_path, QUICK, base_url=mock_url, api_key=KEY, api_key_secnod=KEY)
    (line,) = run.said
    assert run.status == 2
    assert line.startswith("COSPEC_API_KEY_SECNOD is no setting (did you mean COSPEC_API_KEY_SECOND?). It may be ")
    assert "api_key_secnod" not in Settings.model_fields


def test_a_refused_connection_is_told_in_one_line(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    run = run_here(tmp_path, SUITE, base_url=url, api_key=KEY)
    assert run.status == 2
    assert run.said == [f"No answer from {url}: the connection was refused. Is COSPEC_BASE_URL right?"]


def test_an_unknown_host_is_told_in_one_line(tmp_path: Path) -> None:
    run = run_here(tmp_path, SUITE, base_url="http://nowhere.invalid", api_key=KEY)
    assert run.status == 2
    assert run.said == ["No answer from http://nowhere.invalid: its host name is unknown. Is COSPEC_BASE_URL right?"]


def test_a_server_that_says_nothing_is_told_in_one_line(tmp_path: Path) -> None:
    with silent_server() as url:
        run = run_here(tmp_path, SUITE, base_url=url, api_key=KEY, timeout_seconds="0.05", control_url="")
    assert run.status == 2
    assert run.said == [f"No answer from {url}: it did not answer in time. Is COSPEC_BASE_URL right?"]


def test_a_server_of_plain_http_that_is_asked_over_tls_is_told_in_one_line(tmp_path: Path, mock_url: str) -> None:
    url = mock_url.replace("http:", "https:")
    run = run_here(tmp_path, SUITE, base_url=url, api_key=KEY)
    (line,) = run.said
    assert run.status == 2
    assert url in line
    assert "certificate" not in line


def test_a_refused_key_is_told_in_one_line_without_the_key(tmp_path: Path, mock_url: str) -> None:
    run = run_here(tmp_path, SUITE, base_url=mock_url, api_key="csk_live_revoked_long_ago")
    (line,) = run.said
    assert run.status == 2
    assert "401 API_KEY_INVALID" in line
    assert "COSPEC_API_KEY" in line
    assert "csk_live_…revo" in line
    assert "revoked" not in run.output


@pytest.mark.parametrize("path", ["/v1", "/_control/clock", ":1/_control"])
def test_a_wrong_control_url_is_told_in_one_line(tmp_path: Path, mock_url: str, path: str) -> None:
    control_url = mock_url + path if path.startswith("/") else f"http://127.0.0.1{path}"
    run = run_here(tmp_path, SUITE, base_url=mock_url, api_key=KEY, control_url=control_url)
    assert run.status == 2
    assert run.said == [f"{control_url} (COSPEC_CONTROL_URL) is no control interface of the mock."]


def test_what_is_no_api_is_told_in_one_line(tmp_path: Path) -> None:
    with web_server() as url:
        run = run_here(tmp_path, SUITE, base_url=url, api_key=KEY)
    (line,) = run.said
    assert run.status == 2
    assert f"{url} does not look like the coSPEC API" in line
    assert "200 text/html" in line


def test_an_unknown_option_is_told_in_one_line(tmp_path: Path, mock_url: str) -> None:
    run = run_here(tmp_path, SUITE, "--no-such-option", base_url=mock_url, api_key=KEY)
    (line,) = run.said
    assert run.status == 2
    assert "--no-such-option" in line


def test_a_selection_of_nothing_says_nothing(tmp_path: Path, mock_url: str) -> None:
    run = run_here(tmp_path, SUITE, "-k", "nothing_has_this_name", base_url=mock_url, api_key=KEY)
    assert run.status == 2
    assert run.verdict.endswith("no test was selected.")


def test_a_test_that_does_not_exist_says_nothing(tmp_path: Path, mock_url: str) -> None:
    run = run_here(tmp_path, f"{QUICK}::test_nothing", base_url=mock_url, api_key=KEY)
    assert run.status == 2
    assert "test_nothing" in run.output
    assert "Traceback" not in run.output


def test_a_run_in_a_process_of_its_own_says_nothing_without_a_traceback(tmp_path: Path) -> None:
    run = run_apart(tmp_path, "contract_tests", base_url=f"http://127.0.0.1:{free_port()}", api_key=KEY)
    assert run.status == 2
    assert len(run.said) == 1
    assert "Traceback" not in run.output


# What tests of our own end in

HOLDS = '''
@rule("own/holds", source="overview")
def test_holds(session):
    """It holds."""
'''
BREAKS = '''
@rule("own/breaks", source="overview")
def test_breaks(session):
    """It breaks."""
    require(False, "it was seen to break", session.call("getCredits"))
'''
ASSUMES = '''
@rule("own/assumes", source="assumed")
def test_assumes(session):
    """It is assumed."""
    require(False, "it is otherwise")
'''
UNCHECKED = '''
@rule("own/unchecked", source="overview")
def test_unchecked(session):
    """Nobody looked."""
    not_checked("because nobody looked")
'''
DIES = '''
@rule("own/dies", source="overview")
def test_dies(session):
    """Its test dies."""
    raise RuntimeError("a mistake in the suite with csk_live_abcdefghijkl")
'''
DIES_BEFORE = '''
@pytest.fixture
def broken(session):
    raise RuntimeError("a mistake before the test")

@rule("own/dies-before", source="overview")
def test_dies_before(broken):
    """What its test needs dies."""
'''
DIES_AFTER = '''
@pytest.fixture
def broken(session):
    yield
    raise RuntimeError("a mistake after the test")

@rule("own/dies-after", source="overview")
def test_dies_after(broken):
    """What its test needs dies when it is put away."""
'''
BREAKS_BEFORE = '''
@pytest.fixture
def seen(session):
    require(False, "it was seen to break before the test")

@rule("own/breaks-before", source="overview")
def test_breaks_before(seen):
    """What its test needs shows that it breaks."""
'''
UNCHECKED_BEFORE = '''
@pytest.fixture
def seen(session):
    not_checked("because there is none")

@rule("own/unchecked-before", source="overview")
def test_unchecked_before(seen):
    """What its test needs is not there."""
'''
LINE_BREAKS = '''
from contract_tests.harness.line import LineError

@rule("own/line", source="overview")
def test_line(session):
    """No answer came."""
    raise LineError("GET /v1/runs: the connection was reset")
'''
INTERRUPTED = '''
@rule("own/interrupted", source="overview")
def test_interrupted(session):
    """Somebody pressed Ctrl-C."""
    raise KeyboardInterrupt
'''
CANNOT_BE_LOADED = "import no_such_module\n"
SAME_ID = '''
@rule("own/holds", source="overview")
def test_holds_too(session):
    """It holds too."""
'''

ENDS = {
    "a rule that holds": (HOLDS, 0, "keeps what was checked"),
    "a broken must": (BREAKS + HOLDS, 1, "does not keep the contract: 1 rule(s) broken"),
    "a broken should": (ASSUMES + HOLDS, 0, "keeps what was checked"),
    "nothing but a broken should": (ASSUMES, 0, "keeps what was checked"),
    "a rule that was not checked": (UNCHECKED + HOLDS, 0, "keeps what was checked"),
    "nothing but what was not checked": (UNCHECKED, 2, "nothing that was selected could be checked"),
    "nothing but what fixtures could not check": (UNCHECKED_BEFORE, 2, "nothing that was selected could be checked"),
    "a test that dies": (DIES + HOLDS, 2, "test_dies: RuntimeError: a mistake in the suite with csk_live_…abcd"),
    "a fixture that dies": (DIES_BEFORE + HOLDS, 2, "test_dies_before: RuntimeError: a mistake before the test"),
    "a fixture that dies in the end": (DIES_AFTER, 2, "test_dies_after: RuntimeError: a mistake after the test"),
    "a fixture that sees a break": (BREAKS_BEFORE, 1, "does not keep the contract: 1 rule(s) broken"),
    "a test that dies beside a broken must": (DIES + BREAKS, 1, "does not keep the contract: 1 rule(s) broken"),
    "a line that breaks": (LINE_BREAKS + HOLDS, 2, "GET /v1/runs: the connection was reset"),
    "an interruption": (HOLDS + INTERRUPTED, 2, "the run was interrupted"),
    "a file that cannot be loaded": (CANNOT_BE_LOADED, 2, "No module named 'no_such_module'"),
}


@pytest.mark.parametrize("words", ENDS)
def test_what_a_run_comes_to(tmp_path: Path, mock_url: str, words: str) -> None:
    tests, status, verdict = ENDS[words]
    run = run_here(tmp_path, own_suite(tmp_path, tests), base_url=mock_url, api_key=KEY)
    assert run.status == status
    assert verdict in run.verdict
    assert "Traceback" not in run.output
    if "cannot be loaded" not in words:
        assert run.report["verdict"]["exitStatus"] == status


def test_what_cannot_be_checked_says_why_wherever_that_turned_out(tmp_path: Path, mock_url: str) -> None:
    suite = own_suite(tmp_path, UNCHECKED + UNCHECKED_BEFORE + HOLDS)
    rules = {rule["id"]: rule for rule in run_here(tmp_path, suite, base_url=mock_url, api_key=KEY).report["rules"]}
    assert rules["own/unchecked"]["outcome"] == "not checked"
    assert rules["own/unchecked"]["reasons"] == ["because nobody looked"]
    assert rules["own/unchecked-before"]["reasons"] == ["because there is none"]


def test_a_broken_rule_is_told_with_its_promise_what_was_seen_and_a_command(tmp_path: Path, mock_url: str) -> None:
    run = run_here(tmp_path, own_suite(tmp_path, BREAKS), base_url=mock_url, api_key=KEY)
    failures = run.output.partition("FAILURES")[2]
    assert "own/breaks  (must; the published API overview)" in failures
    assert "promise: It breaks." in failures
    assert "seen:    getCredits: it was seen to break" in failures
    assert f"curl -i {mock_url}/v1/usage/credits" in failures


def test_a_broken_assumption_warns_and_fails_a_strict_run(tmp_path: Path, mock_url: str) -> None:
    run = run_here(tmp_path, own_suite(tmp_path, ASSUMES), base_url=mock_url, api_key=KEY)
    assert "own/assumes  (should; our assumption" in run.output.partition("WARNINGS")[2]
    assert "FAILURES" not in run.output
    strict = run_here(tmp_path, own_suite(tmp_path, ASSUMES), base_url=mock_url, api_key=KEY, strict="1")
    assert strict.status == 1
    assert "own/assumes" in strict.output.partition("FAILURES")[2]


def test_two_rules_with_one_id_are_refused(tmp_path: Path, mock_url: str) -> None:
    run = run_here(tmp_path, own_suite(tmp_path, HOLDS + SAME_ID), base_url=mock_url, api_key=KEY)
    assert run.status == 2
    assert "two rules have the id own/holds" in run.output


def test_requests_of_fixtures_are_counted_for_the_file_that_needs_them(tmp_path: Path, mock_url: str) -> None:
    asks = '@pytest.fixture\ndef asked(session):\n    return session.call("getCredits")\n\ndef test_it(asked): pass\n'
    run = run_here(tmp_path, own_suite(tmp_path, asks), base_url=mock_url, api_key=KEY)
    assert run.report["requests"]["byFile"] == {"": 1, "test_own.py": 1}


# Whole and part


def test_a_whole_run_that_saw_no_success_of_an_operation_says_nothing(tmp_path: Path, mock_url: str) -> None:
    suite = own_suite(tmp_path, HOLDS)
    run = run_as_whole(suite, tmp_path, suite, base_url=mock_url, api_key=KEY)
    assert run.status == 2
    assert "no success was seen of" in run.verdict
    assert "createRun" in run.verdict


@pytest.mark.parametrize("option", [("-k", "test_holds"), ("--ignore=test_other.py",), ("--deselect=x/test_own.py",)])
def test_what_leaves_something_out_is_a_part(tmp_path: Path, mock_url: str, option: tuple[str, ...]) -> None:
    suite = own_suite(tmp_path, HOLDS + BREAKS)
    (suite / "test_other.py").write_text("def test_nothing(): pass\n", encoding="utf-8")
    meant = [part.replace("test_other", str(suite / "test_other")) for part in option]
    meant = [part.replace("x/", f"{suite.name}/") + "::test_breaks" * ("x/" in part) for part in meant]
    run = run_as_whole(suite, tmp_path, suite, *meant, base_url=mock_url, api_key=KEY)
    assert run.report["verdict"]["partial"]


def test_the_suite_is_whole_from_wherever_it_is_named(
    tmp_path: Path, mock_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = own_suite(tmp_path, HOLDS)
    for directory, argument in (
        (tmp_path, suite.name),
        (suite, "."),
        (tmp_path, f"{suite}/"),
        (suite, f"../{suite.name}"),
    ):
        monkeypatch.chdir(directory)
        run = run_as_whole(suite, tmp_path, argument, base_url=mock_url, api_key=KEY)
        assert not run.report["verdict"]["partial"], argument


SEES_EVERYTHING = """
from contract_tests.harness.results import Seen
from generated.contract import OPERATIONS

def test_everything_is_seen(session):
    for operation_id in OPERATIONS:
        session.results.seen[operation_id, 200, None] = Seen()
    for _ in range(36):
        session.call("getCredits")
"""


@pytest.mark.parametrize(("every", "status"), [(13, 2), (30, 0)])
def test_a_run_that_was_refused_too_often_by_surprise_says_nothing(tmp_path: Path, every: int, status: int) -> None:
    """Somebody else uses the key: each so manieth request finds the window empty."""
    count = itertools.count(1)

    def refused(answer: Answer) -> Answer:
        if next(count) % every:
            return answer
        kind = PROBLEMS[ProblemCode.RATE_LIMIT_EXCEEDED]
        problem = {"type": kind.code, "title": kind.title, "status": kind.status}
        now = {Header.RATE_LIMIT_REMAINING.lower(): "0", Header.RETRY_AFTER.lower(): "1"}
        return replace(answer, status=kind.status, headers=answer.headers | now).having(problem)

    suite = own_suite(tmp_path, SEES_EVERYTHING)
    with altered(refused) as url:
        run = run_as_whole(suite, tmp_path, suite, base_url=url, api_key=KEY)
    assert run.status == status, run.output
    assert run.report["requests"]["unplannedRefusals"] == 40 // every
    assert ("were refused with 429 by surprise" in run.verdict) == (status == 2)

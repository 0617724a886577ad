"""Whatever the line to the server does, it is never held against the server, and never hides what the server does."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from contract_tests.harness.line import Line
from generated.contract import Header
from tests.contract_tests.altered_mock import Answer, altered
from tests.contract_tests.bad_line import KINDS, LATE, Asked, BadLine, Trouble, bad_line
from tests.contract_tests.suite import KEY, ROOT, Run, free_port, own_suite, run_as_whole, run_here

SUITE = ROOT / "contract_tests"
FILES = [SUITE / name for name in ("test_isolation.py", "test_webhooks.py", "test_pagination.py", "test_usage.py")]
KEYS = {"api_key": KEY, "api_key_second": f"{KEY}__2", "api_key_other_org": f"{KEY}_other"}
PATIENCE = "0.3"
EVERY = 9
"""One of so many requests meets with trouble."""
SHARE = 0.05


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Line, "pauses", (0.0,) * len(Line.pauses))


def run(directory: Path, bad: BadLine, *files: Path, **settings: str) -> Run:
    kept = {"journal": str(directory), "seed": "1", "timeout_seconds": "20"}
    return run_here(directory, *files, base_url=bad.url, **{**KEYS, **kept, **settings})


def some(kind: str, share: float, seed: int) -> Callable[[Asked], Trouble | None]:
    """Trouble of a kind, by chance but for the first request."""
    draw = random.Random(seed)
    return lambda asked: KINDS[kind] if asked.number > 1 and draw.random() < share else None


def patience(kind: str) -> dict[str, str]:
    return {"timeout_seconds": PATIENCE} if kind in LATE else {}


@pytest.mark.parametrize("kind", KINDS)
def test_no_trouble_is_held_against_the_server(tmp_path: Path, mock_url: str, kind: str) -> None:
    with bad_line(mock_url, lambda asked: None if asked.number % EVERY else KINDS[kind]) as bad:
        done = run(tmp_path, bad, *FILES, **patience(kind))
        assert len(bad.asked) > 5 * EVERY
    assert done.status in (0, 2), done.output
    assert [rule for rule, found in done.broken.items() if found["failsTheRun"]] == []
    assert "Traceback" not in done.output
    assert "INTERNALERROR" not in done.output
    if done.status == 2:
        assert "could not be verified, because no answer could be had (" in done.verdict
    else:
        assert "keeps what was checked" in done.verdict


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "slow"])
def test_trouble_from_the_start_is_told_in_a_line(tmp_path: Path, mock_url: str, kind: str) -> None:
    with bad_line(mock_url, lambda _: KINDS[kind]) as bad:
        done = run(tmp_path, bad, SUITE, **patience(kind))
        (line,) = done.said
        assert line.startswith(f"No answer from {bad.url}: ")
    assert done.status == 2
    assert line.endswith(". Is COSPEC_BASE_URL right?")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_broken_promise_is_found_behind_a_line_that_breaks_now_and_then(tmp_path: Path, seed: int) -> None:
    def without_a_limit(answer: Answer) -> Answer:
        listing = answer.asked.method == "GET" and answer.asked.path == "/v1/webhooks"
        return answer.without(Header.RATE_LIMIT_LIMIT) if listing else answer

    with altered(without_a_limit) as url, bad_line(url, some("reset_after", SHARE, seed)) as bad:
        done = run(tmp_path, bad, SUITE / "test_webhooks.py", SUITE / "test_isolation.py")
    assert done.status == 1
    assert [rule for rule, found in done.broken.items() if found["failsTheRun"]] == ["rate-limit-on-every-response"]


def test_a_line_that_is_gone_ends_the_run_soon(tmp_path: Path, mock_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was broken by then is still told."""
    monkeypatch.setattr(Line, "moment_seconds", 0.0)
    suite = own_suite(tmp_path, """
        @rule("own/broken", source="overview")
        def test_broken(session):
            "It is broken."
            require(False, "it is")

        @pytest.mark.parametrize("number", range(100))
        def test_asks(session, number):
            session.call("getCredits")
    """)  # fmt: skip
    with bad_line(mock_url) as bad:
        bad.trouble = lambda asked: bad.close() if asked.number > 3 else None
        found = run_as_whole(suite, tmp_path, suite, base_url=bad.url, journal=str(tmp_path), **KEYS)
        assert len(bad.asked) < 10
    assert found.status == 1
    assert set(found.broken) == {"broken"}

    with bad_line(mock_url) as bad:
        bad.trouble = lambda asked: bad.close() if asked.number > 3 else None
        asks = ("-k", "test_asks")
        found = run_as_whole(suite, tmp_path, suite, *asks, base_url=bad.url, journal=str(tmp_path), **KEYS)
    assert found.status == 2
    assert "5 tests could not be verified, because no answer could be had (GET /v1/usage/credits: " in found.verdict


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://elsewhere.example/v1/api-keys/me?next=csk_live_secret", "https://elsewhere.example/v1/api-keys/me"),
        ("/login#csk_live_secret", "/login"),
        ("http://[", "http://["),
        (None, "nowhere"),
    ],
)
def test_a_redirect_at_the_start_means_another_url(tmp_path: Path, location: str | None, told: str) -> None:
    def redirected(answer: Answer) -> Answer:
        where = {} if location is None else {"location": location}
        return Answer(answer.asked, 307, {**where, "content-length": "0"})

    with altered(redirected) as url:
        found = run_here(tmp_path, SUITE, base_url=url, journal=str(tmp_path), **KEYS)
    (line,) = found.said
    assert found.status == 2
    assert line.startswith(f"{url} redirects to {told} (307). Set COSPEC_BASE_URL ")


def test_a_redirect_later_on_is_a_broken_promise(tmp_path: Path) -> None:
    def redirected(answer: Answer) -> Answer:
        return Answer(answer.asked, 302, {"location": "/"}) if answer.asked.path == "/v1/webhooks" else answer

    with altered(redirected) as url:
        found = run_here(tmp_path, SUITE / "test_webhooks.py", base_url=url, journal=str(tmp_path), **KEYS)
    assert found.status == 1
    assert "the status 302 is none of" in found.broken["status-is-documented"]["evidence"][0]["seen"]


def test_a_body_that_is_whole_and_no_json_is_a_broken_promise(tmp_path: Path) -> None:
    def cut(answer: Answer) -> Answer:
        whole = answer.asked.path != "/v1/webhooks" or answer.asked.method != "GET"
        return answer if whole else Answer(answer.asked, 200, answer.headers, answer.body[:-1])

    with altered(cut) as url:
        found = run_here(tmp_path, SUITE / "test_webhooks.py", base_url=url, journal=str(tmp_path), **KEYS)
    assert found.status == 1
    assert "body-is-json" in found.broken


def test_nobody_there_is_no_broken_promise(tmp_path: Path) -> None:
    found = run_here(tmp_path, SUITE, base_url=f"http://127.0.0.1:{free_port()}", **KEYS)
    assert found.status == 2
    assert "the connection was refused" in found.said[0]

"""The comparison with Prism: it measures what it says, loads only this machine, and takes no nonsense for speed."""

from __future__ import annotations

import asyncio
import itertools
from urllib.parse import urlsplit

import pytest

import mock_server
from generated.contract import RATE_LIMIT_REQUESTS
from scripts import benchmark_mock
from scripts.load import load


def test_every_key_is_used_for_one_window() -> None:
    first, second = (list(itertools.islice(benchmark_mock.shots("x"), n, n + RATE_LIMIT_REQUESTS)) for n in (0, 200))
    for number, shots in enumerate([first, second]):
        assert all(b"Bearer csk_live_x-%d\r\n" % number in shot.data for shot in shots)
        assert [shot.counts for shot in shots].count(False) == benchmark_mock.RUNS


def test_the_mock_is_measured_with_nothing_but_successes() -> None:
    with mock_server.running() as url:
        port = urlsplit(url).port
        assert port is not None
        assert benchmark_mock.measure("mock", port, 0.2, 4) > 0


def test_answers_that_are_no_successes_are_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark_mock, "RATE_LIMIT_REQUESTS", 100_000)
    with mock_server.running() as url, pytest.raises(benchmark_mock.BenchmarkError, match="429"):
        benchmark_mock.measure("mock", urlsplit(url).port or 0, 0.2, 1)


def test_only_this_machine_is_loaded() -> None:
    with pytest.raises(ValueError, match="not on this machine"):
        asyncio.run(load("192.0.2.1", 80, 0.1, []))


def test_without_prism_one_line_tells_how_to_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark_mock.main(["--prism", "no-such-prism"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert "npm install @stoplight/prism-cli" in output.err


def test_a_prism_that_does_not_start_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark_mock.main(["--prism", "false"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("ratio", "status"), [(2.99, 1), (3.0, 0)])
def test_the_exit_status_says_whether_it_is_three_times_as_fast(
    monkeypatch: pytest.MonkeyPatch, ratio: float, status: int
) -> None:
    monkeypatch.setattr(benchmark_mock, "compare", lambda *_: ratio)
    assert benchmark_mock.main(["--prism", "true"]) == status


@pytest.mark.parametrize("options", [["--seconds", "6"], ["--rounds", "0"], ["--connections", "0"]])
def test_the_load_is_bounded(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        benchmark_mock.main(options)
    assert exit_.value.code == 2

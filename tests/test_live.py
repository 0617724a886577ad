"""Is a needless wait told, and does the suite find its way through a live server's windows? Smoke shows the whole."""

from __future__ import annotations

import pytest

from contract_tests.harness.report_data import PauseData, Requests
from contract_tests.harness.session import Session
from generated.contract import RATE_LIMIT_REQUESTS
from scripts.live import LEAST_SHARE, accidents, main
from tests.contract_tests.conftest import mock_url, session

__all__ = ["mock_url", "session"]


def requests(*used: int, unplanned: int = 0, total: int = 500) -> Requests:
    pauses = [PauseData(used=each, allowed=200, seconds=1.0) for each in used]
    return Requests(total=total, by_file={}, unplanned_refusals=unplanned, planned=600, pauses=pauses)


def test_full_windows_are_no_accident() -> None:
    assert accidents(requests(200, 195, 190)) == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (requests(200, 189), "189 of 200 requests were sent before a window was waited for"),
        (requests(unplanned=1), "1 requests were refused by surprise"),
        (requests(total=601), "601 requests were sent, 600 planned"),
    ],
)
def test_an_accident_is_told(found: Requests, told: str) -> None:
    assert accidents(found) == [told]


def test_all_of_a_window_is_used_before_the_next_is_waited_for(session: Session) -> None:
    for _ in range(2 * RATE_LIMIT_REQUESTS + 1):
        session.call("getCurrentApiKey")
    assert session.results.unplanned_429s == 0
    assert [pause.used / pause.allowed >= LEAST_SHARE for pause in session.results.pauses] == [True, True]


def test_a_live_server_is_found_to_conform(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COSPEC_PROFILE", "smoke")
    status = main(["-q"])
    told = capfd.readouterr().out
    assert status == 0, told
    assert "keeps what PROFILE=smoke looks at" in told
    assert "clock real" in told

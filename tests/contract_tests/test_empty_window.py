"""A window that never comes to its end is not emptied again and again: each attempt costs all that a window holds."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from generated.contract import RATE_LIMIT_REQUESTS
from mock_server import hosting
from mock_server.altered import altered
from mock_server.faults import FAULTS
from tests.contract_tests.suite import ROOT, run_here


@pytest.mark.parametrize("fault", ["refuses-fifty-requests-too-early", "remaining-stands-still", "reset-is-past"])
def test_a_window_without_an_end_is_used_up_once_at_the_most(tmp_path: Path, fault: str) -> None:
    with hosting.running(hosting.Settings(build=partial(altered, [FAULTS[fault].alter]))) as url:
        file = ROOT / "contract_tests" / "test_rate_limit.py"
        run = run_here(tmp_path, file, base_url=url, api_key="csk_live_window_without_end")
    assert "the window never came to its end" in run.output
    assert run.report["requests"]["total"] < 1.5 * RATE_LIMIT_REQUESTS

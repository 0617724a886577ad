"""The target's time is known without asking for it, and a clock is moved only where a mock says that it can be."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest
import requests

from contract_tests.harness.exchange import Request
from contract_tests.harness.settings import Settings
from contract_tests.harness.target import CONTROL_PATH, MovedClock, RealClock, Target, open_target
from mock_server.hosting import Settings as MockSettings
from mock_server.hosting import running
from tests.contract_tests.exchanges import NOW
from tests.contract_tests.scripted import StillClock
from tests.contract_tests.suite import free_port

KEY = "csk_live_of_the_target"


@pytest.fixture(name="clock")
def _clock(monkeypatch: pytest.MonkeyPatch) -> RealClock:
    """A real clock where our own time stands still at NOW."""
    monkeypatch.setattr(time, "time", lambda: NOW)
    return RealClock()


def date(moment: float) -> dict[str, str]:
    return {"date": formatdate(moment, usegmt=True)}


def test_a_server_whose_clock_agrees_has_our_time(clock: RealClock) -> None:
    clock.observe(date(NOW), NOW - 0.2, NOW + 0.2)
    assert clock.now() == NOW


@pytest.mark.parametrize("skew", [-3600, -7, 7, 3600])
def test_a_server_whose_clock_differs_has_its_own_time(clock: RealClock, skew: float) -> None:
    for second in range(4):
        sent = NOW + second + 0.25 * second
        clock.observe(date(sent + skew), sent, sent + 0.1)
    assert clock.now() == pytest.approx(NOW + skew, abs=1)


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}, {"date": ""}])
def test_dates_that_are_none_teach_nothing(clock: RealClock, headers: dict[str, str]) -> None:
    clock.observe(headers, NOW, NOW)
    assert clock.now() == NOW


def test_dates_that_contradict_one_another_teach_nothing(clock: RealClock) -> None:
    clock.observe(date(NOW + 1000), NOW, NOW)
    clock.observe(date(NOW - 1000), NOW, NOW)
    assert clock.now() == NOW


def test_a_moved_clock_shows_the_mocks_time_and_waits_without_time(mock_url: str) -> None:
    clock = MovedClock(mock_url + CONTROL_PATH)
    before = clock.now()
    clock.wait(100)
    assert clock.now() - before == pytest.approx(100, abs=2)
    clock.wait(-5)
    assert clock.now() - before == pytest.approx(100, abs=2)


def test_a_moved_clock_that_stands_still_shows_what_it_was_moved_to() -> None:
    with running(MockSettings(stands_still=True)) as url:
        clock = MovedClock(url + CONTROL_PATH)
        before = clock.now()
        assert [clock.now(), clock.at(0.0)] == [before, before]
        clock.wait(0.0001)
        assert clock.now() == pytest.approx(before + 0.001), "less than the mock tells is not waited for in vain"


def settings(base_url: str, **values: Any) -> Settings:
    return Settings(base_url=base_url, api_key=KEY, **values)


def test_a_mock_on_this_machine_is_recognized(mock_url: str) -> None:
    assert open_target(settings(mock_url)).moves_its_clock
    assert open_target(settings(mock_url.replace("127.0.0.1", "localhost"))).moves_its_clock
    assert open_target(settings(mock_url, control_url=mock_url + CONTROL_PATH)).moves_its_clock


def test_a_server_elsewhere_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests.Session, "request", lambda *_, **__: pytest.fail("it was asked"))
    assert not open_target(settings("https://api.cospec.io")).moves_its_clock


@pytest.mark.parametrize("answer", [{"name": "another thing", "now": 1}, {"name": "coSPEC mock server"}, [], 7, None])
def test_what_is_no_mock_has_a_real_clock(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    class Told:
        def json(self) -> Any:
            return answer

    monkeypatch.setattr(requests.Session, "get", lambda *_, **__: Told())
    assert not open_target(settings("http://127.0.0.1:4010")).moves_its_clock


def test_nobody_at_home_has_a_real_clock_until_it_is_asked() -> None:
    assert not open_target(settings(f"http://127.0.0.1:{free_port()}")).moves_its_clock


def test_keys_are_those_of_the_settings_by_name() -> None:
    found = open_target(settings("https://api.cospec.io", api_key_second=f"{KEY}__2", api_key_no_credits=f"{KEY}_3"))
    assert found.keys == {"api_key": KEY, "api_key_second": f"{KEY}__2", "api_key_no_credits": f"{KEY}_3"}
    named = {f"api_{name}" for name in Target.__dataclass_fields__ if name.startswith("key")}
    assert named == {name for name in Settings.model_fields if name.startswith("api_key")} - {"api_keys"}


def test_a_listed_key_is_left_to_its_place_in_the_list() -> None:
    found = open_target(settings("https://api.cospec.io", api_keys=f"{KEY}__2,{KEY}__3")).with_key(f"{KEY}__3")
    line = found.curl(Request("GET", "/v1/templates", authorization=f"Bearer {KEY}__3"))
    assert '"Authorization: Bearer $(echo "$COSPEC_API_KEYS" | cut -d, -f2)"' in line


def test_a_clock_is_not_moved_where_several_workers_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests.Session, "get", lambda *_, **__: pytest.fail("it is asked for"))
    assert not open_target(settings("http://127.0.0.1:4010", api_keys=f"{KEY}__2")).moves_its_clock


def test_every_wait_is_remembered_by_both_clocks() -> None:
    clock = StillClock()
    target = Target("http://127.0.0.1:4010", clock, KEY)
    target.wait(3)
    target.wait(5)
    assert [(wait.target_began, wait.target_ended) for wait in target.waits] == [(NOW, NOW + 3), (NOW + 3, NOW + 8)]
    assert all(wait.began <= wait.ended for wait in target.waits)

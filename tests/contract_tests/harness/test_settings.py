"""Each setting takes what it may be, refuses the rest in a line that names it, and never shows a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trustme

from contract_tests.harness.settings import PREFIX, Settings, SettingsError, read_settings

KEY = "csk_live_of_the_settings"
NEEDED = {"BASE_URL": "http://127.0.0.1:4010", "API_KEY": KEY}
KEYS = [name for name in Settings.model_fields if name.startswith("api_key") and name != "api_keys"]
HERE = Path(__file__)


@pytest.fixture(name="read")
def _read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Read the settings from an environment that holds what is needed and these."""

    def read(**values: str) -> Settings:
        for name, value in {**NEEDED, **values}.items():
            monkeypatch.setenv(PREFIX + name, value)
        return read_settings()

    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a file.pem").write_text("something", encoding="utf-8")
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    (tmp_path / "provoke.yaml").write_text(
        "problems: {INTERNAL_ERROR: {headers: {X-Fault: yes-please}}}", encoding="utf-8"
    )
    (tmp_path / "wrong.yaml").write_text("problems: {TEAPOT: {}}", encoding="utf-8")
    return read


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("BASE_URL", "https://api.cospec.io", "https://api.cospec.io"),
        ("BASE_URL", "http://127.0.0.1:4010/", "http://127.0.0.1:4010"),
        ("BASE_URL", "https://host.example/behind/a/path//", "https://host.example/behind/a/path"),
        ("BASE_URL", "http://[::1]:4010", "http://[::1]:4010"),
        ("BASE_URL", "http://[::1]", "http://[::1]"),
        ("CONTROL_URL", "http://127.0.0.1:4010/_control", "http://127.0.0.1:4010/_control"),
        ("CONTROL_URL", "", None),
        ("SEED", "0", 0),
        ("SEED", "4294967295", 4294967295),
        ("PROFILE", "deep", "deep"),
        ("STRICT", "1", True),
        ("STRICT", "0", False),
        ("CA_BUNDLE", "authority.pem", Path("authority.pem")),
        ("TIMEOUT_SECONDS", "0.5", 0.5),
        ("TIMEOUT_SECONDS", "600", 600),
        ("READ_ONLY", "1", True),
        ("ALLOW_WRITES", "API.cospec.io", "api.cospec.io"),
        ("ALLOW_RUNS", "", None),
        ("ALLOW_RUNS", "0", False),
        ("MAX_RUNS", "0", 0),
        ("JOURNAL", "kept/here", Path("kept/here")),
        ("PROVOKE", "provoke.yaml", Path("provoke.yaml")),
        ("WEBHOOK_SINK_URL", "https://sink.example/a/", "https://sink.example/a"),
        ("WEBHOOK_SINK_LISTEN", "0.0.0.0:8443", "0.0.0.0:8443"),
        ("WEBHOOK_SINK_LISTEN", "[::1]:8443", "[::1]:8443"),
        ("WEBHOOK_SINK_CERTIFICATE", "a file.pem", Path("a file.pem")),
    ],
)
def test_what_a_setting_may_be(read: Any, name: str, value: str, meant: Any) -> None:
    assert getattr(read(**{name: value}), name.lower()) == meant


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "127.0.0.1:4010"),
        ("BASE_URL", "ftp://host"),
        ("BASE_URL", "http://"),
        ("BASE_URL", "http://:4010"),
        ("BASE_URL", "http://host:port"),
        ("BASE_URL", "http://host:0"),
        ("BASE_URL", "http://host:65536"),
        ("BASE_URL", "http://host?query"),
        ("BASE_URL", "http://host#fragment"),
        ("BASE_URL", "http://two words"),
        ("BASE_URL", "http://user:password@host"),
        ("CONTROL_URL", "_control"),
        *[
            (name.upper(), value)
            for name in KEYS
            for value in ("two words", "no-such-prefix", "csk_live_", "csk_live_ü")
        ],
        ("API_KEY", f"{KEY}\n"),
        ("SEED", "-1"),
        ("SEED", "4294967296"),
        ("SEED", "1.5"),
        ("PROFILE", "quick"),
        ("STRICT", "perhaps"),
        ("CA_BUNDLE", "no such file.pem"),
        ("CA_BUNDLE", "."),
        ("CA_BUNDLE", "a file.pem"),
        ("TIMEOUT_SECONDS", "0"),
        ("TIMEOUT_SECONDS", "601"),
        ("TIMEOUT_SECONDS", "nan"),
        ("READ_ONLY", "please"),
        ("ALLOW_WRITES", "1"),
        ("ALLOW_WRITES", "staging.acme.example"),
        ("ALLOW_RUNS", "some"),
        ("MAX_RUNS", "-1"),
        ("MAX_RUNS", "many"),
        ("PROVOKE", "no such file.yaml"),
        ("PROVOKE", "wrong.yaml"),
        ("WEBHOOK_SINK_URL", "http://sink.example"),
        ("WEBHOOK_SINK_URL", "https://"),
        ("WEBHOOK_SINK_LISTEN", "8443"),
        ("WEBHOOK_SINK_LISTEN", "127.0.0.1:0"),
        ("WEBHOOK_SINK_LISTEN", "127.0.0.1:http"),
        ("WEBHOOK_SINK_CERTIFICATE", "no such file.pem"),
    ],
)
def test_what_a_setting_may_not_be_is_refused_in_a_line_that_names_it(read: Any, name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(**{name: value})
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{PREFIX}{name} ")
    assert len(line) > len(PREFIX + name) + 10
    assert "Value error" not in line
    if "KEY" in name and value != "csk_live_":
        assert value.strip() not in line


def test_what_is_needed_and_missing_is_named_each_in_a_line(read: Any) -> None:
    with pytest.raises(SettingsError) as refused:
        read(BASE_URL="", API_KEY="")
    first, second = str(refused.value).splitlines()
    assert first.startswith("COSPEC_BASE_URL is not set.")
    assert second.startswith("COSPEC_API_KEY is not set.")


def test_every_wrong_setting_is_told_at_once(read: Any) -> None:
    with pytest.raises(SettingsError) as refused:
        read(SEED="x", PROFILE="x", STRICT="x")
    assert [line.split()[0] for line in str(refused.value).splitlines()] == [
        "COSPEC_SEED",
        "COSPEC_PROFILE",
        "COSPEC_STRICT",
    ]


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_read_but_never_shown(read: Any, name: str) -> None:
    settings = read(**{name.upper(): "csk_live_never_shown"})
    assert getattr(settings, name).get_secret_value() == "csk_live_never_shown"
    for shown in (repr(settings), str(settings), repr(settings.model_dump()), settings.model_dump_json()):
        assert "never_shown" not in shown


@pytest.mark.parametrize(
    ("main", "listed", "all_keys"),
    [
        (KEY, "", [KEY]),
        (KEY, f"{KEY}__2", [KEY, f"{KEY}__2"]),
        (KEY, f"{KEY}__2, {KEY}", [KEY, f"{KEY}__2"]),
        ("", f"{KEY}__2,{KEY}__3", [f"{KEY}__2", f"{KEY}__3"]),
        ("", KEY, [KEY]),
    ],
)
def test_the_listed_keys_are_further_ones_or_all_of_them(
    read: Any, main: str, listed: str, all_keys: list[str]
) -> None:
    settings = read(API_KEY=main, API_KEYS=listed)
    assert list(settings.keys) == all_keys
    assert settings.api_key.get_secret_value() == all_keys[0]
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"API_KEYS": f"{KEY}__2,hunter2"}, "COSPEC_API_KEYS number 2 must be an API key"),
        ({"API_KEY": "", "API_KEYS": "hunter2"}, "COSPEC_API_KEYS number 1 must be an API key"),
        ({"API_KEYS": f"{KEY}__2,"}, "COSPEC_API_KEYS number 2 must be an API key"),
        ({"API_KEYS": f"{KEY}__2,{KEY}__2"}, "COSPEC_API_KEYS must be keys that differ from one another"),
        (
            {"API_KEYS": f"{KEY}__2", "API_KEY_SECOND": f"{KEY}__2"},
            "COSPEC_API_KEYS must not hold the key of COSPEC_API_KEY_SECOND",
        ),
        (
            {"API_KEYS": f"{KEY}_other", "API_KEY_OTHER_ORG": f"{KEY}_other"},
            "COSPEC_API_KEYS must not hold the key of COSPEC_API_KEY_OTHER_ORG",
        ),
        (
            {"API_KEYS": f"{KEY}__2", "CONTROL_URL": "http://127.0.0.1:4010/_control"},
            "COSPEC_API_KEYS is for real clocks: leave it out, or COSPEC_CONTROL_URL",
        ),
    ],
)
def test_several_keys_are_refused_in_a_line_that_names_the_setting(read: Any, given: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(**given)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(told)
    assert not {KEY, "hunter2"} & set(line.replace(",", " ").split())


def test_every_run_has_a_seed_of_its_own_unless_told(read: Any) -> None:
    assert len({read().seed for _ in range(5)}) > 1
    assert {read(SEED="7").seed for _ in range(5)} == {7}


def test_the_provocations_are_those_of_the_file(read: Any) -> None:
    assert set(read(PROVOKE="provoke.yaml").provocations.problems) == {"INTERNAL_ERROR"}
    assert read(PROVOKE="").provocations.problems == {}


def test_settings_that_nobody_knows_are_refused_with_what_they_may_be(
    read: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read()
    monkeypatch.setenv("COSPEC_APIKEY", KEY)
    monkeypatch.setenv("COSPEC_READONLY", "1")
    with pytest.raises(SettingsError) as refused:
        read()
    lines = str(refused.value).splitlines()
    assert [line.partition(".")[0] for line in lines] == [
        "COSPEC_APIKEY is no setting (did you mean COSPEC_API_KEY?)",
        "COSPEC_READONLY is no setting (did you mean COSPEC_READ_ONLY?)",
    ]
    assert all("COSPEC_MAX_RUNS" in line and KEY not in line for line in lines)

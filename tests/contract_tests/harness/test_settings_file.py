"""A file of named environments gives settings, another one their keys; what is wrong with either is told in a line."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from contract_tests.harness.settings import PREFIX, Settings, SettingsError, read_reports, read_settings
from contract_tests.harness.settings_file import EXAMPLE_FILE, KEYS_FILE, SETTINGS_FILE

ROOT = Path(__file__).parents[3]
KEY, OTHER = "csk_live_of_a_file", "csk_live_of_the_environment"
SECRET_PART = "_of_a_file"
SETTINGS = """
timeout_seconds = 12
profile = "smoke"

[staging]
base_url = "https://staging.example"
PROFILE = "standard"
read_only = true

[production]
base_url = "https://production.example"
"""
KEYS = f"""
api_key_second = "{KEY}__2"

[staging]
api_key = "{KEY}"
"""


class Files:
    """The files of a directory, and reading the settings there."""

    def __init__(self, directory: Path, patch: pytest.MonkeyPatch) -> None:
        self.directory, self._patch = directory, patch

    def write(self, settings: str = SETTINGS, keys: str | None = KEYS) -> None:
        (self.directory / SETTINGS_FILE).write_text(settings, encoding="utf-8")
        if keys is not None:
            (self.directory / KEYS_FILE).write_text(keys, encoding="utf-8")

    def read(self, **variables: str) -> Settings:
        for name, value in variables.items():
            self._patch.setenv(PREFIX + name.upper(), value)
        return read_settings()

    def refused(self, **variables: str) -> str:
        """The one line with which the settings are refused."""
        with pytest.raises(SettingsError) as error:
            self.read(**variables)
        (line,) = str(error.value).splitlines()
        assert SECRET_PART not in line
        return line


@pytest.fixture(name="files")
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    return Files(tmp_path, monkeypatch)


def test_an_environment_has_its_settings_and_those_of_all(files: Files) -> None:
    files.write()
    settings = files.read(env="staging")
    assert settings.env == "staging"
    assert settings.base_url == "https://staging.example"
    assert (settings.timeout_seconds, settings.profile, settings.read_only) == (12, "standard", True)
    assert settings.api_key.get_secret_value() == KEY
    assert settings.api_key_second is not None
    assert settings.api_key_second.get_secret_value() == f"{KEY}__2"


def test_another_environment_has_others(files: Files) -> None:
    files.write()
    settings = files.read(env="production", api_key=OTHER)
    assert settings.base_url == "https://production.example"
    assert (settings.profile, settings.read_only) == ("smoke", False)


def test_what_the_environment_says_goes_before_what_files_say(files: Files) -> None:
    files.write()
    settings = files.read(env="staging", api_key=OTHER, profile="deep", timeout_seconds="7", read_only="0")
    assert settings.api_key.get_secret_value() == OTHER
    assert (settings.profile, settings.timeout_seconds, settings.read_only) == ("deep", 7, False)


def test_an_empty_variable_says_nothing(files: Files) -> None:
    files.write()
    assert files.read(env="staging", profile="").profile == "standard"


def test_no_file_is_read_unless_an_environment_is_named(files: Files) -> None:
    files.write("this is = no TOML", "neither is = this")
    settings = files.read(base_url="https://host.example", api_key=OTHER)
    assert settings.env is None
    assert settings.timeout_seconds == Settings.model_fields["timeout_seconds"].default


def test_the_reports_are_where_the_file_says(files: Files) -> None:
    files.write('reports = "above"\n[staging]\nreports = "own"\n[other]\n', keys=None)
    assert read_reports() == "reports"
    for environment, directory in (("staging", "own"), ("other", "above"), ("nowhere", "reports")):
        files._patch.setenv(f"{PREFIX}ENV", environment)
        assert read_reports() == directory
    files._patch.setenv(f"{PREFIX}REPORTS", "elsewhere")
    assert read_reports() == "elsewhere"


@pytest.mark.parametrize(
    ("settings", "keys", "told"),
    [
        (SETTINGS.replace("staging", "stage"), None, ["cospec.toml has no environment staging", "production, stage"]),
        ("", None, ["cospec.toml has no environment staging; it has none"]),
        (f"base_ulr = ''{SETTINGS}", KEYS, ["cospec.toml: base_ulr is no setting", "mean base_url?", "max_runs"]),
        (SETTINGS.replace("read_only", "readonly"), KEYS, ["cospec.toml: [staging] readonly is", "mean read_only?"]),
        (SETTINGS.replace('"standard"', '"quick"'), KEYS, ["cospec.toml: [staging] PROFILE ", "'smoke', 'standard'"]),
        (SETTINGS.replace("true", '"perhaps"'), KEYS, ["cospec.toml: [staging] read_only must be 1 or 0"]),
        (SETTINGS.replace("= 12", "= 0"), KEYS, ["cospec.toml: timeout_seconds ", "greater than 0"]),
        (SETTINGS.replace("= 12", '= "long"'), KEYS, ["cospec.toml: timeout_seconds must be a number"]),
        (SETTINGS.replace("https://staging", "staging"), KEYS, ["cospec.toml: [staging] base_url must be a URL"]),
        (f'env = "staging"{SETTINGS}', KEYS, ["cospec.toml: env is no setting"]),
        (SETTINGS + f'api_key = "{KEY}"', None, ["cospec.toml: [production] api_key holds a key", KEYS_FILE, "git"]),
        (SETTINGS + 'API_KEY_SECOND = "x"', None, ["cospec.toml: [production] API_KEY_SECOND holds a key"]),
        (f'reports = "{KEY}"{SETTINGS}', KEYS, ["cospec.toml: reports holds a key"]),
        (SETTINGS + 'reports = ["whsec_b25lIHNlY3JldA"]', KEYS, ["cospec.toml: [production] reports holds a key"]),
        ("[staging", KEYS, ["cospec.toml is no TOML"]),
        (SETTINGS, f"[staging]\napi_key = {KEY}", ["cospec.keys.toml is no TOML"]),
        (SETTINGS, f'[stagin]\napi_key = "{KEY}"', ["cospec.keys.toml has [stagin]", "production, staging"]),
        (SETTINGS, f'[staging]\nbase_url = "{KEY}"', ["cospec.keys.toml: [staging] base_url is no key", "api_key_sec"]),
        (SETTINGS, '[staging]\napi_key = "hunter2"', ["cospec.keys.toml: [staging] api_key must be an API key"]),
        (SETTINGS, "[staging]\napi_key = 2", ["cospec.keys.toml: [staging] api_key must be a text"]),
        (SETTINGS, None, ["COSPEC_API_KEY is not set."]),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_may_be(
    files: Files, settings: str, keys: str | None, told: list[str]
) -> None:
    files.write(settings, keys)
    line = files.refused(env="staging")
    assert [part for part in told if part not in line] == []
    assert "hunter2" not in line


def test_a_missing_file_is_told_and_where_to_see_one(files: Files) -> None:
    assert files.refused(env="staging", api_key=OTHER) == (
        "There is no cospec.toml here that could tell of the environment staging "
        "(cospec.example.toml shows what it holds)."
    )


def test_a_wrong_variable_is_named_though_the_file_has_a_right_one(files: Files) -> None:
    files.write()
    assert files.refused(env="staging", profile="quick").startswith("COSPEC_PROFILE ")


def test_keys_that_git_would_share_are_refused(files: Files) -> None:
    files.write()
    subprocess.run(["git", "init", "--quiet"], cwd=files.directory, check=True)
    assert files.refused(env="staging").startswith("cospec.keys.toml is not ignored by git")
    (files.directory / ".gitignore").write_text(f"{KEYS_FILE}\n", encoding="utf-8")
    assert files.read(env="staging").api_key.get_secret_value() == KEY
    subprocess.run(["git", "add", "--force", KEYS_FILE], cwd=files.directory, check=True)
    assert files.refused(env="staging").startswith("cospec.keys.toml is not ignored by git")


def test_the_example_holds_what_may_be_and_every_environment_of_it_is_right(files: Files) -> None:
    text = (ROOT / EXAMPLE_FILE).read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    files.write(text, keys=None)
    environments = [name for name, value in data.items() if isinstance(value, dict)]
    assert len(environments) > 1
    for environment in environments:
        assert files.read(env=environment, api_key=OTHER).base_url == data[environment]["base_url"]


def test_git_ignores_the_keys_of_this_repository() -> None:
    assert KEYS_FILE in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()

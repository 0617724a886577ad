"""Which settings stand in files: those of named environments, and in another file, which git ignores, their keys.

`cospec.toml` has a table for each environment; what stands above the tables holds in all of them. `cospec.keys.toml` is
built the same way and holds nothing but keys. Neither is read unless an environment is named.
"""

from __future__ import annotations

import difflib
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from contract_tests.harness.exchange import redact

SETTINGS_FILE, KEYS_FILE, EXAMPLE_FILE = "cospec.toml", "cospec.keys.toml", "cospec.example.toml"
ENVIRONMENT = "env"
"""The setting that names the environment."""
_KEY_PREFIX = "api_key"


class FileError(Exception):
    """A file of settings is missing or wrong. The message says what it may hold."""


@dataclass(frozen=True)
class Found:
    """A setting in a file, and where it stands there."""

    value: Any
    where: str


def is_key(name: str) -> bool:
    """Whether a setting is a key."""
    return name.startswith(_KEY_PREFIX)


class FileSource(TomlConfigSettingsSource):
    """The settings of one environment in one file."""

    def __init__(self, settings_cls: type[BaseSettings], found: Mapping[str, Found]) -> None:
        self._found = found
        super().__init__(settings_cls, None)

    def _read_files(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {name: found.value for name, found in self._found.items()}


def read_files(directory: Path, environment: str, known: Iterable[str]) -> list[dict[str, Found]]:
    """The settings of an environment, those of the file with the keys first. Raises FileError.

    `known`: the names of all settings.
    """
    names = [name for name in known if name != ENVIRONMENT]
    path, keys_path = directory / SETTINGS_FILE, directory / KEYS_FILE
    if not path.is_file():
        raise FileError(
            f"There is no {SETTINGS_FILE} here that could tell of the environment {environment} "
            f"({EXAMPLE_FILE} shows what it holds)."
        )
    data = _read(path)
    _refuse_keys(data)
    environments = sorted(name for name, value in data.items() if isinstance(value, dict))
    if environment not in environments:
        raise FileError(f"{SETTINGS_FILE} has no environment {environment}; it has {_listed(environments)}.")
    settings = _of(data, environment, path.name, [name for name in names if not is_key(name)])
    if not keys_path.is_file():
        return [settings]
    if _is_shared(keys_path):
        raise FileError(
            f"{KEYS_FILE} is not ignored by git, which would share its keys: add it to .gitignore, "
            f"or take it out of git (git rm --cached {KEYS_FILE})."
        )
    keys = _read(keys_path)
    strangers = sorted({name for name, value in keys.items() if isinstance(value, dict)} - {*environments})
    if strangers:
        raise FileError(
            f"{KEYS_FILE} has [{strangers[0]}], which {SETTINGS_FILE} has not; that has {_listed(environments)}."
        )
    return [_of(keys, environment, keys_path.name, [name for name in names if is_key(name)], "key"), settings]


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeError, OSError) as error:
        raise FileError(f"{path.name} is no TOML: {redact(str(error).splitlines()[0])}") from None


def _of(
    data: Mapping[str, Any], environment: str, file: str, names: list[str], kind: str = "setting"
) -> dict[str, Found]:
    """What holds in an environment: what stands above the tables, and over it what stands in its own."""
    common = {name: value for name, value in data.items() if not isinstance(value, dict)}
    found: dict[str, Found] = {}
    for where, part in ((f"{file}:", common), (f"{file}: [{environment}]", data.get(environment, {}))):
        for given, value in part.items():
            name = given.lower()
            if name not in names:
                raise FileError(f"{where} {given} is no {kind}{nearest(name, names)}. It may be {', '.join(names)}.")
            found[name] = Found(value, f"{where} {given}")
    return found


def nearest(name: str, names: Iterable[str]) -> str:
    """The name that was perhaps meant, as a question; nothing when none is near."""
    near = difflib.get_close_matches(name, list(names), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _refuse_keys(data: Mapping[str, Any], where: str = "") -> None:
    """Refuse keys in the file that is shared, whatever environment they are of."""
    for name, value in data.items():
        if isinstance(value, dict):
            _refuse_keys(value, f" [{name}]")
        elif is_key(name.lower()) or redact(str(value)) != str(value):
            raise FileError(
                f"{SETTINGS_FILE}:{where} {name} holds a key. {SETTINGS_FILE} is there to be shared: give keys in the "
                f"environment or in {KEYS_FILE}, which git ignores."
            )


def _is_shared(path: Path) -> bool:
    """Whether a file is in the work tree of a git repository that does not ignore it."""
    try:
        done = subprocess.run(
            ["git", "check-ignore", "--quiet", path.name], cwd=path.parent, capture_output=True, check=False
        )
    except OSError:
        return False
    return done.returncode == 1


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"

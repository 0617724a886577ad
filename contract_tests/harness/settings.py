"""Which settings a run has, where they come from and what they may be.

Every setting is an environment variable with the prefix `COSPEC_`; the Makefile passes its variables on as such. Where
`COSPEC_ENV` names an environment, what no variable says is read from files (`settings_file.py`).
"""

from __future__ import annotations

import os
import random
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from contract_tests.harness.document import Document
from contract_tests.harness.exchange import is_key
from contract_tests.harness.profiles import PLANS, Plan, Profile
from contract_tests.harness.provoke import Key, Provocations, read_provocations
from contract_tests.harness.settings_file import ENVIRONMENT, FileError, FileSource, Found, nearest, read_files

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX = "COSPEC_"
DEFAULT_REPORTS = "reports"
DEFAULT_JOURNAL = ".cospec"
_MINUTES_OF_THE_MAIN_KEY = 2


class SettingsError(Exception):
    """A setting is missing or wrong. The message names it and says what it may be."""


def _http_url(value: str) -> str:
    """Accept an absolute http or https URL without query; drop the slash at its end."""
    scheme, _, rest = value.partition("://")
    host = rest.partition("/")[0]
    if scheme not in ("http", "https") or not host or host.startswith(":") or set("?# ") & set(value):
        raise ValueError("must be a URL such as http://127.0.0.1:4010 or https://api.example.com")
    if "@" in host:
        raise ValueError("must not hold a user name or password")
    port = host.rpartition(":")[2] if ":" in host and not host.endswith("]") else ""
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"has no valid port: {port}")
    return value.rstrip("/")


def _existing_file(value: Path) -> Path:
    if not value.is_file():
        raise ValueError(f"is no file: {value}")
    return value


def _certificates(value: Path) -> Path:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(_existing_file(value))
    except OSError:  # ssl.SSLError is one
        raise ValueError(f"must be a file of certificates in PEM, which this is not: {value}") from None
    return value


def _provocations(value: Path) -> Path:
    read_provocations(value)
    return value


def _https_url(value: str) -> str:
    if not value.startswith("https://"):
        raise ValueError("must be an https URL, as every webhook's is")
    return _http_url(value)


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("must be an address and a port such as 127.0.0.1:4011")
    return value


def _production_host(value: str) -> str:
    hosts = Document().hosts
    if value.lower() not in hosts:
        raise ValueError(f"must be {' or '.join(sorted(hosts))}, and is needed for no other server")
    return value.lower()


def _separate(value: Any) -> Any:
    """The keys of a text with commas between them."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _different(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if len(set(keys)) < len(keys):
        raise ValueError("must be keys that differ from one another")
    return keys


Url = Annotated[str, AfterValidator(_http_url)]
Keys = Annotated[tuple[Key, ...], NoDecode, BeforeValidator(_separate), AfterValidator(_different)]


class Settings(BaseSettings):
    """The settings of one run. Keys are secrets: they print as asterisks."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    env: str | None = None
    """The environment of `cospec.toml` that is meant."""
    base_url: Url
    """The server under test, without `/v1`."""
    api_key: Key
    """The key of the organization that the suite works in; the first of `api_keys` unless told."""
    api_keys: Keys = ()
    """Further keys to spread the tests over, or all of them."""
    api_key_second: Key | None = None
    """Another key of the same organization."""
    api_key_other_org: Key | None = None
    """A key of another organization."""
    api_key_no_credits: Key | None = None
    api_key_no_anthropic: Key | None = None
    api_key_no_github_app: Key | None = None
    api_key_no_git_provider: Key | None = None
    control_url: Url | None = None
    """The control interface of the mock server, with which the clock is moved instead of waiting."""
    seed: Annotated[int, Field(ge=0, lt=2**32, default_factory=lambda: random.SystemRandom().randrange(2**32))]
    """What every random choice of the run is made from."""
    profile: Profile = "standard"
    """`smoke` sends the most decisive requests, `standard` all decisive and a few random ones, `deep` many."""
    strict: bool = False
    """Whether a broken assumption fails the run."""
    ca_bundle: Annotated[Path, AfterValidator(_certificates)] | None = None
    """The certificates to trust, in PEM, instead of the well-known ones."""
    provoke: Annotated[Path, AfterValidator(_existing_file), AfterValidator(_provocations)] | None = None
    """A YAML file that says how to make the server fail (`harness/provoke.py`)."""
    webhook_sink_url: Annotated[str, AfterValidator(_https_url)] | None = None
    """A URL below which the server reaches the suite's own receiver of deliveries."""
    webhook_sink_listen: Annotated[str, AfterValidator(_address)] = "127.0.0.1:4011"
    """Where the receiver listens, `host:port`: what the sink's URL leads to in the end."""
    webhook_sink_certificate: Annotated[Path, AfterValidator(_existing_file)] | None = None
    """The receiver's certificate chain and private key, in PEM. Without it the receiver speaks plain HTTP."""
    read_only: bool = False
    """Whether nothing is created, changed, cancelled or deleted."""
    allow_writes: Annotated[str, AfterValidator(_production_host)] | None = None
    """The host of the server of the document itself, without which nothing is written there."""
    allow_runs: bool | None = None
    """Whether runs may be started. Unless told, they may on a mock server and nowhere else."""
    max_runs: Annotated[int, Field(ge=0)] | None = None
    """How many runs may be started in all (`harness/permission.py`)."""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    """How long to wait for an answer."""
    reports: Path = Path(DEFAULT_REPORTS)
    """The directory that the reports are written to."""
    journal: Path = Path(DEFAULT_JOURNAL)
    """The directory that the journals of what is made are kept in (`harness/journal.py`)."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, and after it what the files say."""
        return init_settings, env_settings, *(FileSource(settings_cls, found) for found in _files())

    @model_validator(mode="before")
    @classmethod
    def _first_is_the_main_key(cls, given: Any) -> Any:
        if isinstance(given, dict) and not given.get("api_key"):
            keys = _separate(given.get("api_keys"))
            first = keys[0] if isinstance(keys, (list, tuple)) and keys else None
            if isinstance(first, SecretStr) or (isinstance(first, str) and is_key(first)):
                return {**given, "api_key": first}
        return given

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that the tests are spread over, the main one first."""
        return tuple(dict.fromkeys(key.get_secret_value() for key in (self.api_key, *self.api_keys)))

    @property
    def plan(self) -> Plan:
        """What the run may spend."""
        return PLANS[self.profile]

    @property
    def minutes(self) -> float:
        """How long that takes where windows are waited for: what only the main key may do takes two of them."""
        return max(min(_MINUTES_OF_THE_MAIN_KEY, self.plan.minutes), self.plan.minutes / len(self.keys))

    @property
    def provocations(self) -> Provocations:
        """What the server can be provoked to; nothing when no file tells."""
        return read_provocations(self.provoke) if self.provoke is not None else Provocations()


def read_settings() -> Settings:
    """Read the settings from the environment and the files that it names.

    Raises SettingsError when one is missing, wrong or unknown, with a line for each.
    """
    unknown = unknown_settings()
    if unknown:
        raise SettingsError("\n".join(unknown))
    try:
        settings = Settings()
    except FileError as error:
        raise SettingsError(str(error)) from None
    except ValidationError as error:
        details = error.errors()
        if any(detail["loc"][0] == "api_keys" for detail in details):
            details = [one for one in details if (one["loc"][0], one["type"]) != ("api_key", "missing")]
        raise SettingsError("\n".join(dict.fromkeys(map(_line, details)))) from None
    if wrong := list(_at_odds(settings)):
        raise SettingsError("\n".join(wrong))
    return settings


def _at_odds(settings: Settings) -> Iterator[str]:
    """What several keys do not go together with."""
    where = _where("api_keys")
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and name != "api_key" and value.get_secret_value() in settings.keys:
            yield f"{where} must not hold the key of {_where(name)}, which has a part of its own to play"
    if settings.control_url is not None and len(settings.keys) > 1:
        yield f"{where} is for real clocks: leave it out, or {_where('control_url')}, which moves the clock for all"


def read_reports() -> str:
    """The directory that the reports are written to, also when other settings are wrong."""
    given = os.environ.get(f"{PREFIX}REPORTS")
    if given:
        return given
    try:
        return next((str(found["reports"].value) for found in _files() if "reports" in found), DEFAULT_REPORTS)
    except FileError:
        return DEFAULT_REPORTS


def _files() -> list[dict[str, Found]]:
    """What the files say of the environment that is meant; nothing when none is."""
    environment = os.environ.get(PREFIX + ENVIRONMENT.upper())
    return read_files(Path.cwd(), environment, Settings.model_fields) if environment else []


def _line(detail: ErrorDetails) -> str:
    """What is wrong with a setting: its name, where it stands, and what it may be."""
    name = str(detail["loc"][0])
    variable = PREFIX + name.upper()
    if detail["type"] == "missing":
        return f"{variable} is not set. {_HINTS.get(variable, '')}".strip()
    item = f" number {int(detail['loc'][1]) + 1}" if len(detail["loc"]) > 1 else ""
    return f"{_where(name)}{item} {_MAY_BE.get(detail['type']) or detail['msg'].removeprefix('Value error, ')}"


def _where(name: str) -> str:
    """Where a setting stands: its variable, or its place in a file."""
    variable = PREFIX + name.upper()
    if os.environ.get(variable):
        return variable
    return next((found[name].where for found in _files() if name in found), variable)


_HINTS = {
    "COSPEC_BASE_URL": "Give the server's URL, or type `make test` to test the embedded mock server.",
    "COSPEC_API_KEY": "Give a key of the organization that the suite may work in.",
}
_MAY_BE = {
    "bool_parsing": "must be 1 or 0",
    "bool_type": "must be 1 or 0",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "string_type": "must be a text",
    "path_type": "must be a path",
    "tuple_type": "must be a list of keys",
}


def unknown_settings() -> list[str]:
    """Say of each variable with our prefix that is no setting, a misspelt one perhaps, that it is none."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    strange = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    return [f"{name} is no setting{nearest(name, known)}. It may be {', '.join(known)}." for name in strange]

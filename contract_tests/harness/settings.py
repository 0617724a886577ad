"""Which settings a run has, where they come from and what they may be.

Every setting is an environment variable with the prefix `COSPEC_`; the Makefile passes its variables on as such.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from contract_tests.harness.document import Document
from contract_tests.harness.profiles import PLANS, Plan, Profile
from contract_tests.harness.provoke import Key, Provocations, read_provocations

PREFIX = "COSPEC_"
DEFAULT_REPORTS = "reports"
DEFAULT_JOURNAL = ".cospec"


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


Url = Annotated[str, AfterValidator(_http_url)]


class Settings(BaseSettings):
    """The settings of one run. Keys are secrets: they print as asterisks."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    base_url: Url
    """The server under test, without `/v1`."""
    api_key: Key
    """The key of the organization that the suite works in."""
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
    ca_bundle: Annotated[Path, AfterValidator(_existing_file)] | None = None
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

    @property
    def plan(self) -> Plan:
        """What the run may spend."""
        return PLANS[self.profile]

    @property
    def provocations(self) -> Provocations:
        """What the server can be provoked to; nothing when no file tells."""
        return read_provocations(self.provoke) if self.provoke is not None else Provocations()


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises SettingsError when one is missing or wrong, with a line for each.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for detail in error.errors():
            name = PREFIX + str(detail["loc"][0]).upper()
            if detail["type"] == "missing":
                lines.append(f"{name} is not set. {_HINTS.get(name, '')}".strip())
            else:
                lines.append(f"{name} {detail['msg'].removeprefix('Value error, ')}")
        raise SettingsError("\n".join(lines)) from None


_HINTS = {
    "COSPEC_BASE_URL": "Give the server's URL, or type `make test` to test the embedded mock server.",
    "COSPEC_API_KEY": "Give a key of the organization that the suite may work in.",
}


def unknown_settings() -> list[str]:
    """Name the variables with our prefix that are no setting, misspelt ones perhaps."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)

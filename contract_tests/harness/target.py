"""The server under test: where it is, which keys there are, and what time it is there."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urlsplit

import requests

from contract_tests.harness.events import Event, Listener, Waiting
from contract_tests.harness.exchange import Request, redact
from contract_tests.harness.settings import PREFIX, Settings

CONTROL_PATH = "/_control"
CONTROL_NAME = "coSPEC mock server"
"""How the mock server's control interface introduces itself."""
_PATIENCE_SECONDS = 5
"""How long what listens on this machine may take to say that it is a mock server."""


class Clock(Protocol):
    """The target's clock, in Unix seconds."""

    def now(self) -> float: ...

    def at(self, local: float) -> float:
        """What it shows when our own clock shows this."""

    def wait(self, seconds: float) -> None:
        """Return when the target's clock shows as many seconds more."""

    def observe(self, headers: Mapping[str, str], sent_at: float, received_at: float) -> None:
        """Learn from a response; the times are local."""


class RealClock:
    """The clock of a server that cannot be moved: ours, corrected by the `Date` headers where they differ."""

    def __init__(self) -> None:
        self._earliest_skew = float("-inf")
        self._latest_skew = float("inf")

    def now(self) -> float:
        return self.at(time.time())

    def at(self, local: float) -> float:
        return local + self._skew

    @property
    def _skew(self) -> float:
        if self._earliest_skew <= 0 <= self._latest_skew or self._earliest_skew > self._latest_skew:
            return 0.0
        return self._earliest_skew if self._earliest_skew > 0 else self._latest_skew

    def wait(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    def observe(self, headers: Mapping[str, str], sent_at: float, received_at: float) -> None:
        # A Date header names the whole second in which the response was made.
        try:
            date = parsedate_to_datetime(headers["date"]).timestamp()
        except (KeyError, ValueError, TypeError):
            return
        self._earliest_skew = max(self._earliest_skew, date - received_at)
        self._latest_skew = min(self._latest_skew, date + 1 - sent_at)


class MovedClock:
    """The clock of the mock server, moved over its control interface instead of waited for."""

    def __init__(self, control_url: str, timeout_seconds: float = 30) -> None:
        self._url = control_url
        self._timeout = timeout_seconds
        self._session = requests.Session()
        self._session.trust_env = False
        answer = self._session.get(control_url, timeout=timeout_seconds).json()
        self._name = answer.get("name")
        self._stands_still = answer.get("standsStill") is True
        self._learn(answer)

    def _learn(self, answer: Mapping[str, float]) -> None:
        self._told, self._told_at = float(answer["now"]), time.time()

    def is_of(self, base_url: str) -> bool:
        """Whether it is a mock server's that runs at this URL."""
        return self._name == CONTROL_NAME and self._url == base_url + CONTROL_PATH

    def now(self) -> float:
        return self.at(time.time())

    def at(self, local: float) -> float:
        return self._told if self._stands_still else self._told + local - self._told_at

    def wait(self, seconds: float) -> None:
        # The mock tells milliseconds: a clock that stands still would never come to the end of a part of one.
        whole = math.ceil(max(0.0, seconds) * 1000) / 1000
        answer = self._session.post(f"{self._url}/clock", json={"advanceSeconds": whole}, timeout=self._timeout)
        answer.raise_for_status()
        self._learn(answer.json())

    def observe(self, headers: Mapping[str, str], sent_at: float, received_at: float) -> None:
        """Nothing to learn: the control interface tells the time."""


@dataclass(frozen=True)
class Wait:
    """A wait: when it began and ended, by the clock of this machine and by the target's."""

    began: float
    ended: float
    target_began: float
    target_ended: float


@dataclass(frozen=True)
class Target:
    """The server under test and what it can do. A key that is None is one that the target does not have."""

    base_url: str
    clock: Clock
    key: str
    key_second: str | None = None
    key_other_org: str | None = None
    key_no_credits: str | None = None
    key_no_anthropic: str | None = None
    key_no_github_app: str | None = None
    key_no_git_provider: str | None = None
    listed: tuple[str, ...] = ()
    """The keys that one setting lists, the main one among them unless it has a setting of its own."""
    listeners: list[Listener] = field(default_factory=list, compare=False)
    """Who learns of what happens (`events.py`)."""
    waits: list[Wait] = field(default_factory=list, compare=False)
    """Every wait until now, in order."""

    def with_key(self, key: str) -> Target:
        """The same server with another key and no further ones."""
        others = dict.fromkeys(name for name in vars(self) if name.startswith("key_"))
        return replace(self, key=key, **others)  # type: ignore[arg-type]

    @property
    def keys(self) -> dict[str, str]:
        """The keys that there are, by the names of their settings."""
        return {f"api_{name}": value for name, value in vars(self).items() if name.startswith("key") and value}

    @property
    def second(self) -> str:
        """A key of the main key's organization: another one, where there is one."""
        return self.key_second or self.key

    @property
    def stranger(self) -> str | None:
        """A key of another organization: the one that is for that, else one whose organization lacks something."""
        lacking = (self.key_no_credits, self.key_no_anthropic, self.key_no_github_app, self.key_no_git_provider)
        return next((key for key in (self.key_other_org, *lacking) if key is not None), None)

    def curl(self, request: Request) -> str:
        """The command line that repeats a request, each key left to the variable of its setting."""
        variables = {key: PREFIX + name.upper() for name, key in self.keys.items()}
        for number, key in enumerate(self.listed, 1):
            variables[key] = f'(echo "${PREFIX}API_KEYS" | cut -d, -f{number})'
        return request.as_curl(self.base_url, variables)

    @property
    def moves_its_clock(self) -> bool:
        """Whether waiting costs no time."""
        return isinstance(self.clock, MovedClock)

    @property
    def is_mock(self) -> bool:
        """Whether its control interface shows that it is a mock server: nothing on it is anybody's."""
        return isinstance(self.clock, MovedClock) and self.clock.is_of(self.base_url)

    def wait(self, seconds: float, why: str = "between two requests", longest_seconds: float | None = None) -> None:
        """Wait, and tell why (the words after `waiting 5 s`) where that takes time.

        `longest_seconds`: how long it may go on, where this is one of several waits for the same thing.
        """
        if seconds > 0 and not self.moves_its_clock:
            self.tell(Waiting(seconds, why, longest_seconds))
        began, target_began = time.time(), self.now()
        self.clock.wait(seconds)
        self.waits.append(Wait(began, time.time(), target_began, self.now()))

    def now(self) -> float:
        return self.clock.now()

    def tell(self, event: Event) -> None:
        for listener in self.listeners:
            listener(event)

    def shown_key(self, key: str) -> str:
        """A key as it may be shown, with the setting that it comes from where it is not the main one."""
        name = next((name for name, value in self.keys.items() if value == key), "api_key")
        return redact(key) if name == "api_key" else f"{redact(key)} ({name.upper()})"


def _clock_of_a_mock_at_hand(base_url: str, timeout_seconds: float) -> MovedClock | None:
    """The clock of a mock server on this machine, None when what listens there is none.

    Asked of loopback addresses only: elsewhere a request is paid for.
    """
    host = urlsplit(base_url).hostname or ""
    if host != "localhost" and not host.startswith("127.") and host != "::1":
        return None
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(
                f"{base_url}{CONTROL_PATH}", timeout=min(timeout_seconds, _PATIENCE_SECONDS), allow_redirects=False
            ).json()
            if answer.get("name") == CONTROL_NAME:
                return MovedClock(base_url + CONTROL_PATH)
        except (requests.RequestException, ValueError, AttributeError, KeyError, TypeError):
            pass
    return None


def open_target(settings: Settings) -> Target:
    """Make the target that the settings describe.

    Raises requests.RequestException or ValueError when a control interface is named but does not answer as one.
    """
    clock: Clock
    if len(settings.keys) > 1:
        clock = RealClock()  # a moved one is moved for all, whatever they wait for
    elif settings.control_url:
        clock = MovedClock(settings.control_url, settings.timeout_seconds)
    else:
        clock = _clock_of_a_mock_at_hand(settings.base_url, settings.timeout_seconds) or RealClock()

    def secret(name: str) -> str | None:
        value = getattr(settings, name)
        return value.get_secret_value() if value is not None else None

    return Target(
        base_url=settings.base_url,
        clock=clock,
        key=settings.api_key.get_secret_value(),
        key_second=secret("api_key_second"),
        key_other_org=secret("api_key_other_org"),
        key_no_credits=secret("api_key_no_credits"),
        key_no_anthropic=secret("api_key_no_anthropic"),
        key_no_github_app=secret("api_key_no_github_app"),
        key_no_git_provider=secret("api_key_no_git_provider"),
        listed=tuple(key.get_secret_value() for key in settings.api_keys),
    )

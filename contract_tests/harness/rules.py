"""What a rule is: one promise of the contract with its id, its source and the sentence that states it.

A rule is a test function marked with `@rule`, or one of the rules on every response in `checks.py`. What became of
the rules is in `results.py`.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NoReturn, TypeVar

import pytest

from contract_tests.harness.exchange import Exchange, redact
from generated.contract import SOURCES

Level = Literal["must", "should"]
F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True)
class Rule:
    """A promise: `subject/what-is-promised`, the name of its source in `x-sources`, the promise in a sentence."""

    id: str
    source: str
    sentence: str

    @property
    def level(self) -> Level:
        return SOURCES[self.source].level

    @property
    def subject(self) -> str:
        return self.id.partition("/")[0]

    def __post_init__(self) -> None:
        if RULES.setdefault(self.id, self) != self:
            raise ValueError(f"two rules have the id {self.id}")


RULES: dict[str, Rule] = {}
"""Every rule of the modules that were imported, by id."""


@dataclass(frozen=True)
class Break:
    """A rule that did not hold: what was seen and, where there is one, the exchange that shows it."""

    rule: Rule
    seen: str
    exchange: Exchange | None = None
    after_requests: int = 0
    """How many requests had been sent when it was found."""
    found_at: float = field(default_factory=time.monotonic, compare=False)
    """When it was found, on the clock of `time.monotonic`."""

    @property
    def operation_id(self) -> str | None:
        return self.exchange.request.operation_id if self.exchange else None


class Broken(AssertionError):
    """Raised by a test whose rule does not hold."""

    def __init__(self, seen: str, exchange: Exchange | None = None) -> None:
        super().__init__(seen)
        self.exchange = exchange


def rule(rule_id: str, *, source: str) -> Callable[[F], F]:
    """Mark a test function as the test of a rule; its docstring is the promise."""

    def mark(function: F) -> F:
        sentence = " ".join((inspect.getdoc(function) or "").split())
        if not sentence:
            raise ValueError(f"the rule {rule_id} has no sentence")
        marked: F = pytest.mark.rule(Rule(rule_id, source, sentence))(function)
        return marked

    return mark


def require(condition: object, seen: str, exchange: Exchange | None = None) -> None:
    """Hold the current rule to a condition. Raises Broken with what was seen otherwise."""
    if not condition:
        raise Broken(seen, exchange)


def not_checked(reason: str) -> NoReturn:
    """Say of the current rule that it could not be checked, and why: a right server may be like that."""
    pytest.skip(redact(reason))


class Hindered(pytest.skip.Exception):  # type: ignore[name-defined,misc]
    """Ends a test that needed something that the target should have given."""


def hindered(reason: str) -> NoReturn:
    """The same where a right server gives what is needed: without it nothing can be said of the server."""
    raise Hindered(redact(reason))

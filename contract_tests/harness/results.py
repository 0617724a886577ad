"""What became of the rules, and what was seen on the wire: the data that every report is drawn from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.rules import Break, Rule
from generated.contract import OPERATIONS, Header

_SHOWN_OF_THE_LINE = 3
Outcome = Literal["held", "broken", "not checked"]

UNPLANNED_429_SHARE = 0.05
"""Above this share of requests refused by surprise, a run has seen too little to say anything."""


@dataclass
class RuleResult:
    """How often a rule held, how it broke, and why it could not be checked."""

    rule: Rule
    held: int = 0
    breaks: list[Break] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    tests: set[str] = field(default_factory=set)
    """The tests that looked at it, as pytest names them; none for a rule on every response."""

    @property
    def outcome(self) -> Outcome:
        if self.breaks:
            return "broken"
        return "held" if self.held else "not checked"


@dataclass
class Seen:
    """How often an answer was seen, and which of the document's headers each of them had."""

    count: int = 0
    headers: set[str] = field(default_factory=lambda: set(Header))


@dataclass(frozen=True)
class Pause:
    """A wait for the next window of a key: how many of its requests were sent in the one before, and of how many."""

    used: int
    allowed: int
    seconds: float


@dataclass
class Results:
    """Everything that a run has found out."""

    strict: bool = False
    rules: dict[str, RuleResult] = field(default_factory=dict)
    seen: dict[tuple[str | None, int, str | None], Seen] = field(default_factory=dict)
    """What was seen of an operation (None: none of the document's) with a status and a problem code."""
    requests: int = 0
    requests_by_file: Counter[str] = field(default_factory=Counter)
    requests_by_key: Counter[str] = field(default_factory=Counter)
    """By the setting of the key, where the tests were spread over several."""
    unplanned_429s: int = 0
    tests_concluded: int = 0
    """How many tests found out something: neither *not checked* nor an error of the suite."""
    suite_errors: list[str] = field(default_factory=list)
    """What went wrong in the suite itself or on the line to the server; never held against the server."""
    unverified: dict[str, list[str]] = field(default_factory=dict)
    """What could not be verified because no answer could be had, by what happened."""
    hindrances: dict[str, str] = field(default_factory=dict)
    """What a right server gives and this one did not, with the first test that went without."""
    interrupted: bool = False
    """Whether somebody stopped the run before its end."""
    partial: bool = False
    """Whether only a part of the suite was selected."""
    withheld: list[str] = field(default_factory=list)
    """Why something was not sent that the rules wanted to send: it was not permitted."""
    beyond_permission: set[str] = field(default_factory=set)
    """The operations that could not be seen to succeed for that."""
    is_smoke: bool = False
    """Whether the profile looks at a part only: what it only tries to break need not succeed."""
    pauses: list[Pause] = field(default_factory=list)
    """How often the run waited for a window."""

    def see(self, exchange: Exchange) -> None:
        """Note an exchange in the table of what was seen."""
        seen = self.seen.setdefault((exchange.request.operation_id, exchange.status, exchange.code), Seen())
        seen.count += 1
        seen.headers = {name for name in seen.headers if name.lower() in exchange.response.headers}

    def of(self, rule: Rule) -> RuleResult:
        known = self.rules.setdefault(rule.id, RuleResult(rule))
        if known.rule != rule:
            raise ValueError(f"two rules have the id {rule.id}")
        return known

    def held(self, rule: Rule) -> None:
        self.of(rule).held += 1

    def broke(self, found: Break) -> None:
        self.of(found.rule).breaks.append(found)

    def was_not_checked(self, rule: Rule, reason: str) -> None:
        result = self.of(rule)
        if reason not in result.reasons:
            result.reasons.append(reason)

    def withhold(self, reason: str, operation_ids: Iterable[str]) -> None:
        """Note that something was not sent, and which operations cannot succeed without it."""
        if reason not in self.withheld:
            self.withheld.append(reason)
        self.beyond_permission.update(operation_ids)

    @property
    def saw_a_part(self) -> bool:
        """Whether only a part of the contract was looked at, by choice or for want of permission."""
        return self.partial or bool(self.withheld)

    def fails(self, found: Break) -> bool:
        """Whether a break fails the run: a broken must, and with strict a broken should too."""
        return self.strict or found.rule.level == "must"

    @property
    def has_failed(self) -> bool:
        """Whether the server does not keep the contract: of a run that was interrupted nothing is said."""
        return bool(self.failures) and not self.interrupted

    @property
    def failures(self) -> list[Break]:
        return [found for result in self.rules.values() for found in result.breaks if self.fails(found)]

    @property
    def warnings(self) -> list[Break]:
        return [found for result in self.rules.values() for found in result.breaks if not self.fails(found)]

    def has_succeeded(self, operation_id: str) -> bool:
        """Whether an operation has answered with a 2xx status."""
        return any(named == operation_id and 200 <= status < 300 for named, status, _ in self.seen)

    def operations_without_success(self) -> list[str]:
        """The published operations that never answered with a 2xx status although they could have been asked to."""
        asked = {operation_id for operation_id, status, _ in self.seen if status != HTTPStatus.BAD_REQUEST}
        return [
            operation.operation_id
            for operation in OPERATIONS.values()
            if not self.has_succeeded(operation.operation_id)
            and operation.source != "assumed"
            and operation.operation_id not in self.beyond_permission
            and not (self.is_smoke and operation.operation_id not in asked)
        ]

    def too_little_seen(self) -> list[str]:
        """Why nothing can be said although nothing broke; empty when enough was seen."""
        reasons = ["the run was interrupted"] if self.interrupted else []
        reasons += [*self.suite_errors, *(reason.removeprefix("because ") for reason in self.hindrances)]
        if self.unverified:
            count = len({name for names in self.unverified.values() for name in names})
            what = "1 test" if count == 1 else f"{count} tests"
            broke = "; ".join(list(self.unverified)[:_SHOWN_OF_THE_LINE])
            reasons.append(f"{what} could not be verified, because no answer could be had ({broke})")
        if self.partial:
            return reasons
        silent = self.operations_without_success()
        if silent:
            reasons.append("no success was seen of " + ", ".join(silent))
        if self.requests and self.unplanned_429s > UNPLANNED_429_SHARE * self.requests:
            reasons.append(f"{self.unplanned_429s} of {self.requests} requests were refused with 429 by surprise")
        return reasons

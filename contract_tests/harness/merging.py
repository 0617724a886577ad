"""How do the findings of several workers become one? Each worker packs its own as JSON, the controller adds them up.

What is packed is what a report shows: of an exchange the line that it is told in and the command that repeats it, so
that no key and no secret leaves the worker.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from contract_tests.harness.exchange import Exchange, Request, Response, redact
from contract_tests.harness.results import Pause, Results, RuleResult, Seen
from contract_tests.harness.rules import RULES, Break, Rule

_MOST_TOLD = 20
"""Of how many different things that were seen against one rule the exchanges are told."""


@dataclass(frozen=True)
class ToldRequest(Request):
    """A request of another worker."""

    curl: str = ""

    def as_curl(self, base_url: str, variables: object) -> str:
        del base_url, variables
        return self.curl


@dataclass(frozen=True)
class ToldExchange(Exchange):
    """An exchange of another worker."""

    text: str = ""

    def summary(self) -> str:
        return self.text


@dataclass
class Findings:
    """What a worker hands over."""

    results: Results
    started: int = 0
    """How many runs it has started, or may have."""
    told: Sequence[str] = ()
    """What a person has to know beside that."""


def pack(findings: Findings, curl: Callable[[Request], str]) -> str:
    """The findings as a text."""
    results = findings.results
    packed = {
        "started": findings.started,
        "told": list(findings.told),
        "rules": [_packed_rule(result, curl) for result in results.rules.values()],
        "seen": [[*key, seen.count, sorted(seen.headers)] for key, seen in results.seen.items()],
        "pauses": [[pause.used, pause.allowed, pause.seconds] for pause in results.pauses],
        "beyond_permission": sorted(results.beyond_permission),
        **{name: getattr(results, name) for name in _PLAIN},
    }
    return redact(json.dumps(packed))


def unpack(text: str) -> Findings:
    """The findings that a text holds."""
    packed: dict[str, Any] = json.loads(text)
    results = Results(**{name: packed[name] for name in _PLAIN})
    results.requests_by_file = Counter(results.requests_by_file)
    results.requests_by_key = Counter(results.requests_by_key)
    results.beyond_permission = set(packed["beyond_permission"])
    results.pauses = [Pause(*pause) for pause in packed["pauses"]]
    for operation_id, status, code, count, headers in packed["seen"]:
        results.seen[operation_id, status, code] = Seen(count, set(headers))
    for rule in packed["rules"]:
        result = _rule_result(rule)
        results.rules[result.rule.id] = result
    return Findings(results, packed["started"], packed["told"])


_PLAIN = (
    "strict",
    "requests",
    "requests_by_file",
    "requests_by_key",
    "unplanned_429s",
    "tests_concluded",
    "suite_errors",
    "unverified",
    "hindrances",
    "interrupted",
    "partial",
    "withheld",
    "is_smoke",
)
"""The members of Results that are JSON as they are."""


def _packed_rule(result: RuleResult, curl: Callable[[Request], str]) -> dict[str, Any]:
    rule = result.rule
    return {
        "id": rule.id,
        "source": rule.source,
        "sentence": rule.sentence,
        "held": result.held,
        "reasons": result.reasons,
        "tests": sorted(result.tests),
        "breaks": list(_packed_breaks(result.breaks, curl)),
    }


def _packed_breaks(breaks: Sequence[Break], curl: Callable[[Request], str]) -> Iterator[list[Any]]:
    told: dict[tuple[str | None, str], list[Any] | None] = {}
    for found in breaks:
        key = (found.operation_id, found.seen)
        if found.exchange is not None and key not in told and len(told) < _MOST_TOLD:
            told[key] = [found.operation_id, found.exchange.summary(), curl(found.exchange.request)]
        yield [found.seen, found.after_requests, found.found_at, told.get(key) if found.exchange else None]


def _rule_result(packed: dict[str, Any]) -> RuleResult:
    known = RULES.get(packed["id"])
    rule = known or Rule(packed["id"], packed["source"], packed["sentence"])
    breaks = [
        Break(rule, seen, None if told is None else _told(*told), after, found_at)
        for seen, after, found_at, told in packed["breaks"]
    ]
    return RuleResult(rule, packed["held"], breaks, packed["reasons"], set(packed["tests"]))


def _told(operation_id: str | None, text: str, curl: str) -> ToldExchange:
    request = ToldRequest("", "", operation_id, curl=curl)
    return ToldExchange(0, request, Response(0, {}, b"", 0.0), 0.0, 0.0, text=text)


def merge(into: Results, other: Results) -> None:
    """Add what one worker has found to what is known. Whether all was selected is for the controller to say."""
    for rule_id, result in other.rules.items():
        known = into.rules.setdefault(rule_id, RuleResult(result.rule))
        known.held += result.held
        known.breaks += result.breaks
        known.tests |= result.tests
        known.reasons += [reason for reason in result.reasons if reason not in known.reasons]
    for key, seen in other.seen.items():
        before = into.seen.setdefault(key, Seen())
        before.count += seen.count
        before.headers &= seen.headers
    for words, names in other.unverified.items():
        into.unverified.setdefault(words, []).extend(names)
    for reason, name in other.hindrances.items():
        into.hindrances.setdefault(reason, name)
    for reason in other.withheld:
        into.withhold(reason, ())
    into.beyond_permission |= other.beyond_permission
    into.suite_errors += [error for error in other.suite_errors if error not in into.suite_errors]
    into.pauses += other.pauses
    into.requests += other.requests
    into.requests_by_file += other.requests_by_file
    into.requests_by_key += other.requests_by_key
    into.unplanned_429s += other.unplanned_429s
    into.tests_concluded += other.tests_concluded
    into.interrupted |= other.interrupted

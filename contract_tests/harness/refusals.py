"""Is what the document calls invalid refused, as it says? The rules, and how an answer is held to them.

That valid requests are accepted is a rule on every response (`checks.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from contract_tests.harness.checks import REFUSALS_OF_INVALID
from contract_tests.harness.document import dotted
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.rules import Rule
from contract_tests.harness.session import Session
from contract_tests.harness.trials import Constraint
from generated.contract import ProblemCode

REFUSES = Rule(
    "requests/invalid-is-refused",
    "reference",
    "What breaks one bound, type or pattern of an operation's schema is refused with 400.",
)
REFUSES_ASSUMED = Rule(
    "requests/assumed-bound-is-kept",
    "assumed",
    "What breaks a bound that is assumed, or pages out of bounds, is refused with 400.",
)
REFUSAL_CODE = Rule(
    "requests/refusal-is-a-validation-problem",
    "assumed",
    "What breaks its schema is refused as VALIDATION_FAILED, before anything else is looked at; what is no JSON object "
    "may be BAD_REQUEST.",
)
NAMES_FIELD = Rule(
    "requests/refusal-names-the-field",
    "overview",
    "A VALIDATION_FAILED problem names the member, as a dotted path into the body, or the parameter that was wrong.",
)
NAMES_FIELD_ASSUMED = Rule(
    "requests/refusal-of-an-assumption-names-the-field",
    "assumed",
    "So does the refusal of what breaks a bound that is assumed, or pages out of bounds.",
)


def refused(session: Session, exchange: Exchange, constraint: Constraint, *, no_object: bool = False) -> None:
    """Hold the answer to a request that breaks one constraint to the rules of refusal."""
    rule = REFUSES if constraint.level == "must" else REFUSES_ASSUMED
    accepts = exchange.status < 400
    session.judge(rule, [f"{constraint}, but a request that breaks this is accepted"] if accepts else [], exchange)
    if accepts or exchange.status in (401, 429):
        return
    allowed = REFUSALS_OF_INVALID if no_object else REFUSALS_OF_INVALID[:1]
    other = exchange.code not in allowed
    answer = f"{exchange.status} {exchange.code}"
    session.judge(REFUSAL_CODE, [f"{constraint}; breaking this is answered {answer}"] if other else [], exchange)
    if exchange.code == ProblemCode.VALIDATION_FAILED and not no_object:
        fields = named_fields(exchange)
        named = any(_speaks_of(field, constraint.path) for field in fields)
        seen = f"{dotted(constraint.path)} is wrong, but the errors name {', '.join(fields) or 'nothing'}"
        rule = NAMES_FIELD if constraint.level == "must" else NAMES_FIELD_ASSUMED
        session.judge(rule, [] if named else [seen[:300]], exchange)


def named_fields(exchange: Exchange) -> list[str]:
    """What the errors of a problem name."""
    errors = exchange.json.get("errors") if isinstance(exchange.json, dict) else None
    found = [error.get("field") for error in errors or () if isinstance(error, dict)]
    return [field for field in found if isinstance(field, str)]


def _speaks_of(field: str, path: Sequence[str | int]) -> bool:
    """Whether a field names the place of a fault: the path itself, a part of the way to it, or what is below it."""
    named = field.replace("[", ".").replace("]", "").split(".")
    meant = [str(step) for step in path]
    return all(one == other for one, other in zip(named, meant, strict=False))

"""Every operation, one request at a time: what must be accepted, what must be refused, and what it answers.

What the answers look like is held to the rules on every response (`harness/checks.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from contract_tests.harness.document import Document, dotted
from contract_tests.harness.exchange import Exchange, Request
from contract_tests.harness.rules import Rule
from contract_tests.harness.sampling import Sampler
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings
from contract_tests.harness.trials import Constraint, Trials, Violation, altered
from contract_tests.harness.world import LEAST_GUARDRAILS, World
from generated.contract import OPERATIONS, ProblemCode

ACCEPTS = Rule(
    "requests/valid-is-accepted",
    "reference",
    "What keeps the schema of an operation is not refused as invalid, up to the very bounds.",
)
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
SUCCEEDS = Rule(
    "requests/operation-succeeds",
    "reference",
    "Every operation succeeds when it is asked for what is there.",
)
UNDECLARED = Rule(
    "requests/undeclared-is-not-found",
    "overview",
    "A path or a method that the API lacks is answered 404 NOT_FOUND.",
)
REFUSALS_OF_INVALID = (ProblemCode.VALIDATION_FAILED, ProblemCode.BAD_REQUEST)
VALID_SAMPLES = {"standard": 1, "deep": 60}
INVALID_SAMPLES = QUERY_SAMPLES = {"standard": 0, "deep": 60}
"""How many random bodies and queries are drawn for an operation, beside those that the document tells to try."""
EXTREMES = {"standard": 3, "deep": 100}
"""How many requests hold the valid extremes of an operation at the most."""
NO_JSON = b'{"name": '
_TRIALS = Trials(Document())
WITH_INPUT = [operation_id for operation_id in OPERATIONS if any(_TRIALS.violations(operation_id))]


@pytest.fixture(scope="module")
def trials(document: Document) -> Trials:
    return Trials(document)


@pytest.fixture(scope="module")
def sampler(document: Document, settings: Settings) -> Sampler:
    return Sampler(document, settings.seed)


def accepted(session: Session, exchange: Exchange) -> None:
    """Hold the answer to a plainly valid request to ACCEPTS: a refusal for the state of things is none as invalid."""
    refused = exchange.status == 400 and exchange.code in REFUSALS_OF_INVALID
    session.judge(ACCEPTS, [f"a valid request is refused: {exchange.summary()[:300]}"] if refused else [], exchange)


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
        fields = _fields(exchange)
        named = any(_speaks_of(field, constraint.path) for field in fields)
        seen = f"{dotted(constraint.path)} is wrong, but the errors name {', '.join(fields) or 'nothing'}"
        session.judge(NAMES_FIELD, [] if named else [seen[:300]], exchange)


def _fields(exchange: Exchange) -> list[str]:
    errors = exchange.json.get("errors") if isinstance(exchange.json, dict) else None
    found = [error.get("field") for error in errors or () if isinstance(error, dict)]
    return [field for field in found if isinstance(field, str)]


def _speaks_of(field: str, path: Sequence[str | int]) -> bool:
    """Whether a field names the place of a fault: the path itself, a part of the way to it, or what is below it."""
    named = field.replace("[", ".").replace("]", "").split(".")
    meant = [str(step) for step in path]
    return all(one == other for one, other in zip(named, meant, strict=False))


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_valid_requests_are_accepted(
    operation_id: str, session: Session, world: World, trials: Trials, sampler: Sampler, settings: Settings
) -> None:
    """Each operation takes what is plainly valid, at the bounds of its schema and between them."""
    most = EXTREMES[settings.profile]
    bodies = trials.valid_bodies(operation_id, World.PINNED)[:most]
    bodies += list(sampler.bodies(operation_id, VALID_SAMPLES[settings.profile], valid=True))
    queries: list[Any] = trials.valid_queries(operation_id)[:most]
    if queries:
        queries += list(sampler.queries(operation_id, QUERY_SAMPLES[settings.profile]))
    if not bodies and not queries and session.results.has_succeeded(operation_id):
        succeeded(session, operation_id, [])
        return
    path = world.path_parameters(operation_id)
    if not bodies:
        answers = [session.call(operation_id, path=path, query=query) for query in queries or [{}]]
    else:
        answers = [_send_body(session, world, operation_id, path, body) for body in bodies]
    for answer in answers:
        accepted(session, answer)
    succeeded(session, operation_id, answers)


def succeeded(session: Session, operation_id: str, answers: Sequence[Exchange]) -> None:
    """Hold the operation to SUCCEEDS, by these answers and all that came before them."""
    if OPERATIONS[operation_id].source == "assumed":
        return
    if session.results.has_succeeded(operation_id):
        session.judge(SUCCEEDS, [])
    else:
        seen = f"no request succeeds; the first is answered {answers[0].summary()[:200]}"
        session.judge(SUCCEEDS, [seen], answers[0])


def _send_body(session: Session, world: World, operation_id: str, path: dict[str, str], body: Any) -> Exchange:
    body = world.fitted(operation_id, body)
    if operation_id == "createRun":
        return world.create_run(body)
    return session.call(operation_id, path=path, body=body)


@pytest.mark.parametrize("operation_id", WITH_INPUT)
def test_invalid_requests_are_refused(
    operation_id: str, session: Session, world: World, trials: Trials, sampler: Sampler, settings: Settings
) -> None:
    """Each operation refuses what breaks any one constraint of its schema, and says what was wrong."""
    path = world.path_parameters(operation_id)
    violations = trials.violations if settings.profile == "deep" else trials.decisive_violations
    for violation in violations(operation_id):
        exchange = _send_violation(session, world, trials, operation_id, path, violation)
        refused(session, exchange, violation.constraint, no_object=not violation.constraint.path)
    if session.document.request_body(operation_id) is not None:
        broken = session.send(_raw(session, operation_id, path, NO_JSON))
        constraint = Constraint(operation_id, "body", (), "is JSON", "overview")
        refused(session, broken, constraint, no_object=True)
    for body in sampler.bodies(operation_id, INVALID_SAMPLES[settings.profile], valid=False):
        exchange = session.call(operation_id, path=path, body=body)
        constraint = Constraint(operation_id, "body", (), "fits its schema", "reference")
        refused(session, exchange, constraint, no_object=True)


def _send_violation(
    session: Session, world: World, trials: Trials, operation_id: str, path: dict[str, str], violation: Violation
) -> Exchange:
    if violation.constraint.location == "query":
        name = str(violation.constraint.path[0])
        return session.call(operation_id, path=path, query={name: violation.value})
    body = world.fitted(operation_id, trials.fullest_example(operation_id))
    if operation_id == "createRun":
        body["guardrails"] = dict(LEAST_GUARDRAILS)
    return session.call(operation_id, path=path, body=altered(body, violation.constraint.path, violation.value))


def _raw(session: Session, operation_id: str, path: dict[str, str], payload: bytes) -> Request:
    return session.build(operation_id, path=path, body=payload)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/no-such-path"), ("PUT", "/v1/templates"), ("DELETE", "/v1/runs"), ("POST", "/v1/usage/credits")],
)
def test_what_is_undeclared_is_not_found(method: str, path: str, session: Session) -> None:
    """A path or a method that the document lacks is answered 404 NOT_FOUND."""
    has_body = method != "GET"
    authorization = f"Bearer {session.target.key}"
    request = Request(method, path, body={} if has_body else None, has_body=has_body, authorization=authorization)
    exchange = session.send(request)
    right = exchange.status == 404 and exchange.code == ProblemCode.NOT_FOUND
    session.judge(UNDECLARED, [] if right else [f"{method} {path} is answered {exchange.summary()[:200]}"], exchange)

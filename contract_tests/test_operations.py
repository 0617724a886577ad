"""Every operation, one request at a time: what must be accepted, what must be refused, and what it answers.

What the answers look like is held to the rules on every response (`harness/checks.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from contract_tests.harness.document import Document
from contract_tests.harness.exchange import Exchange, Request
from contract_tests.harness.refusals import refused
from contract_tests.harness.rules import Rule
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings
from contract_tests.harness.trials import Constraint, Trials, Violation, altered
from contract_tests.harness.world import LEAST_GUARDRAILS, World
from generated.contract import OPERATIONS, ProblemCode

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
OF_THE_STATE = (
    ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED,
    ProblemCode.WEBHOOK_LIMIT_EXCEEDED,
    ProblemCode.USAGE_INSUFFICIENT_CREDITS,
    ProblemCode.RUN_API_KEY_REQUIRED,
    ProblemCode.RUN_GITHUB_APP_NOT_INSTALLED,
    ProblemCode.RUN_GIT_PROVIDER_NOT_INSTALLED,
)
"""Refusals that speak of the organization: whether the operation would succeed in another they leave open."""
EXTREMES = {"standard": 3, "deep": 100}
"""How many requests hold the valid extremes of an operation at the most."""
NO_JSON = b'{"name": '
_TRIALS = Trials(Document())
WITH_INPUT = [operation_id for operation_id in OPERATIONS if any(_TRIALS.violations(operation_id))]


@pytest.fixture(scope="module")
def trials(document: Document) -> Trials:
    return Trials(document)


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_valid_requests_are_accepted(
    operation_id: str, session: Session, world: World, trials: Trials, settings: Settings
) -> None:
    """Each operation takes what is plainly valid, at the bounds of its schema and between them."""
    most = EXTREMES[settings.profile]
    bodies = trials.valid_bodies(operation_id, World.PINNED)[:most]
    queries = trials.valid_queries(operation_id)[:most]
    if not bodies and not queries and session.results.has_succeeded(operation_id):
        succeeded(session, operation_id, [])
        return
    path = world.path_parameters(operation_id)
    if not bodies:
        answers = [session.call(operation_id, path=path, query=query) for query in queries or [{}]]
    else:
        answers = [world.send_body(operation_id, path, body) for body in bodies]
    succeeded(session, operation_id, answers)


def succeeded(session: Session, operation_id: str, answers: Sequence[Exchange]) -> None:
    """Hold the operation to SUCCEEDS, by these answers and all that came before them."""
    if OPERATIONS[operation_id].source == "assumed":
        return
    if session.results.has_succeeded(operation_id):
        session.judge(SUCCEEDS, [])
    elif not any(answer.code in OF_THE_STATE for answer in answers):
        seen = f"no request succeeds; the first is answered {answers[0].summary()[:200]}"
        session.judge(SUCCEEDS, [seen], answers[0])


@pytest.mark.parametrize("operation_id", WITH_INPUT)
def test_invalid_requests_are_refused(operation_id: str, session: Session, world: World, trials: Trials) -> None:
    """Each operation refuses what breaks any one constraint of its schema, and says what was wrong."""
    path = world.path_parameters(operation_id)
    for violation in trials.violations(operation_id):
        exchange = _send_violation(session, world, trials, operation_id, path, violation)
        refused(session, exchange, violation.constraint, no_object=not violation.constraint.path)
    if session.document.request_body(operation_id) is not None:
        broken = session.send(_raw(session, operation_id, path, NO_JSON))
        constraint = Constraint(operation_id, "body", (), "is JSON", "overview")
        refused(session, broken, constraint, no_object=True)


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
    [("GET", "/v1/no-such-path"), ("PUT", "/v1/templates"), ("POST", "/v1/usage/credits")],
)
def test_what_is_undeclared_is_not_found(method: str, path: str, session: Session) -> None:
    """A path or a method that the document lacks is answered 404 NOT_FOUND."""
    has_body = method != "GET"
    authorization = f"Bearer {session.target.key}"
    request = Request(method, path, body={} if has_body else None, has_body=has_body, authorization=authorization)
    exchange = session.send(request)
    right = exchange.status == 404 and exchange.code == ProblemCode.NOT_FOUND
    session.judge(UNDECLARED, [] if right else [f"{method} {path} is answered {exchange.summary()[:200]}"], exchange)

"""Every operation, one request at a time: what must be accepted, what must be refused, and what it answers.

What the answers look like is held to the rules on every response (`harness/checks.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from contract_tests.harness.document import Document, dotted
from contract_tests.harness.exchange import Exchange, Request
from contract_tests.harness.extremes import SMALLEST
from contract_tests.harness.refusals import named_fields, refused
from contract_tests.harness.rules import Rule
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings
from contract_tests.harness.trials import Constraint, Trials, Violation, altered, side_by_side
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
NO_JSON = {"createTemplate": b"", "createWebhook": b'{"url": "\xff"}'}
"""What is no JSON, by operation; of others it is cut off."""
CUT_OFF = b'{"name": '
MADE_OF_NULLS = ("createTemplate", "updateTemplate")
"""Operations that may well take null for what may be left out, without starting anything."""
TELLING, OTHERS = "telling", "others"
"""The violations that tell most come in a test of their own, which the order of the suite may put first."""
_TRIALS = Trials(Document())


def _share(trials: Trials, operation_id: str, share: str) -> list[Violation]:
    telling = trials.telling_violations(operation_id)
    return telling if share == TELLING else [one for one in trials.violations(operation_id) if one not in telling]


def _invalid(trials: Trials) -> list[Any]:
    """The operations that take input, with each of the two shares of their violations that is not empty."""
    return [
        pytest.param(operation_id, share, id=f"{operation_id}-{share}")
        for share in (TELLING, OTHERS)
        for operation_id in OPERATIONS
        if _share(trials, operation_id, share)
    ]


@pytest.fixture(scope="session")
def trials(document: Document) -> Trials:
    return Trials(document)


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_valid_requests_are_accepted(operation_id: str, session: Session, world: World, settings: Settings) -> None:
    """Each operation takes what is plainly valid, at the bounds of its schema and between them."""
    most = settings.plan.extremes
    bodies = world.extremes.bodies_left(operation_id, most)
    queries = world.extremes.queries_left(operation_id, most)
    if not session.results.has_succeeded(operation_id) and session.document.request_body(operation_id) is not None:
        bodies = bodies or [world.extremes.body(operation_id, SMALLEST)]
    if not bodies and not queries and session.results.has_succeeded(operation_id):
        succeeded(session, operation_id, [])
        return
    path = world.path_parameters(operation_id)
    if not bodies:
        answers = [session.call(operation_id, path=path, query=query) for query in queries or [{}]]
        if queries and not session.results.has_succeeded(operation_id):
            answers.append(session.call(operation_id, path=path))  # its parameters may be no more than assumed
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


@pytest.mark.parametrize(("operation_id", "share"), _invalid(_TRIALS))
def test_invalid_requests_are_refused(
    operation_id: str, share: str, session: Session, world: World, trials: Trials, settings: Settings
) -> None:
    """Each operation refuses what breaks any one constraint of its schema, and says what was wrong."""
    path = world.path_parameters(operation_id)

    def send(violations: Sequence[Violation]) -> Exchange:
        return _send_violations(session, world, trials, operation_id, path, violations)

    violations = _share(trials, operation_id, share)
    for group in [[one] for one in violations] if settings.plan.one_by_one else side_by_side(violations):
        left = _left_unnamed(session, send, group) if len(group) > 1 else group
        # A server that tells of one error at a time would be asked for each.
        tells_one = settings.plan.is_brief and len(left) >= len(group) - 1
        for violation in left[:1] if tells_one else left:
            refused(session, send([violation]), violation.constraint, no_object=not violation.constraint.path)
    if share == OTHERS and operation_id == "updateTemplate":
        session.call("getTemplate", path=path)  # it shows what refused updates have changed
    if share == OTHERS and operation_id in MADE_OF_NULLS:
        body = world.fitted(operation_id, trials.nulls(operation_id))
        session.send(replace(session.build(operation_id, path=path, body=body), on_the_line=True))


def _left_unnamed(
    session: Session, send: Callable[[Sequence[Violation]], Exchange], group: Sequence[Violation]
) -> list[Violation]:
    """Send one request with several violations. Returns those that its refusal does not name, for how many errors are
    told at a time is the server's choice.
    """
    exchange = send(group)
    fields = named_fields(exchange) if exchange.status == 400 else []
    named = [violation for violation in group if dotted(violation.constraint.path) in fields]
    for violation in named:
        refused(session, exchange, violation.constraint)
    return [violation for violation in group if violation not in named]


def _send_violations(
    session: Session,
    world: World,
    trials: Trials,
    operation_id: str,
    path: dict[str, str],
    violations: Sequence[Violation],
) -> Exchange:
    query = {str(one.constraint.path[0]): one.value for one in violations if one.constraint.location == "query"}
    if query:
        return session.call(operation_id, path=path, query=query)
    body = world.fitted(operation_id, trials.fullest_example(operation_id))
    if operation_id == "createRun":
        body["guardrails"] = dict(LEAST_GUARDRAILS)
    if operation_id == "updateTemplate":
        body["name"] = world.fresh_name()  # so that it shows when a refused update has changed it
    for violation in violations:
        body = altered(body, violation.constraint.path, violation.value)
    return world.send_invalid(operation_id, path, body)


@pytest.mark.parametrize("operation_id", [one for one in OPERATIONS if _TRIALS.takes_body(one)])
def test_what_is_no_json_is_refused(operation_id: str, session: Session, world: World) -> None:
    """Each operation refuses a body that is no JSON."""
    payload, path = NO_JSON.get(operation_id, CUT_OFF), world.path_parameters(operation_id)
    broken = session.send(session.build(operation_id, path=path, body=payload))
    refused(session, broken, Constraint(operation_id, "body", (), "is JSON", "overview"), no_object=True)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/no-such-path"), ("PUT", "/v1/templates/{idOrSlug}"), ("POST", "/v1/usage/credits")],
)
def test_what_is_undeclared_is_not_found(method: str, path: str, session: Session, world: World) -> None:
    """A path or a method that the document lacks is answered 404 NOT_FOUND."""
    has_body = method != "GET"
    if "{" in path:
        path = path.replace("{idOrSlug}", world.template_to_read())
    authorization = f"Bearer {session.target.key}"
    request = Request(method, path, body={} if has_body else None, has_body=has_body, authorization=authorization)
    exchange = session.send(request)
    right = exchange.status == 404 and exchange.code == ProblemCode.NOT_FOUND
    session.judge(UNDECLARED, [] if right else [f"{method} {path} is answered {exchange.summary()[:200]}"], exchange)

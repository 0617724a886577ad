"""Is what is not there answered as such? The rules, and how an answer is held to them."""

from __future__ import annotations

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.reading import answered
from contract_tests.harness.rules import Rule
from contract_tests.harness.session import Session
from generated.contract import OPERATIONS, ProblemCode

UNKNOWN = Rule(
    "problems/unknown-is-not-found",
    "overview",
    "What is not there is answered 404 by every operation that asks for it: TEMPLATE_NOT_FOUND for templates, "
    "WEBHOOK_NOT_FOUND for webhooks.",
)
UNKNOWN_RUN = Rule(
    "problems/unknown-run-is-not-found",
    "assumed",
    "A run that is not there is answered NOT_FOUND.",
)


def names_nothing(session: Session, exchange: Exchange) -> None:
    """Hold the answer to a request whose path names nothing, any more or at all, to these rules."""
    operation = OPERATIONS[exchange.request.operation_id or ""]
    codes = operation.problem_codes[404]
    seen = [f"an id that names nothing is answered {answered(exchange)}"]
    if ProblemCode.NOT_FOUND in codes:
        if operation.source != "assumed":
            session.judge(UNKNOWN, [] if exchange.status == 404 else seen, exchange)
        session.judge(UNKNOWN_RUN, [] if exchange.code == ProblemCode.NOT_FOUND else seen, exchange)
    else:
        right = exchange.status == 404 and exchange.code in codes
        session.judge(UNKNOWN, [] if right else seen, exchange)

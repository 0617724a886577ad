"""Who may ask: every operation needs a valid API key, and says so before anything else."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from contract_tests.harness.exchange import Request
from contract_tests.harness.rules import Rule, require, rule
from contract_tests.harness.session import NOTHING, Session
from contract_tests.harness.world import World
from generated.contract import OPERATIONS, ProblemCode

REFUSES = Rule(
    "authentication/every-operation-needs-a-key",
    "overview",
    "Every operation answers 401 to a request without a valid API key in the Authorization header.",
)
CODE = Rule(
    "authentication/code-tells-the-fault",
    "assumed",
    "No bearer token is answered AUTH_UNAUTHORIZED, a bearer token that is no valid key API_KEY_INVALID.",
)

_MASK = re.compile("[.…*•]+")
"""What stands for the part of a key that is not shown."""
UNKNOWN_KEY = "csk_live_unknown0000000000000000000000"
CREDENTIALS = {
    "no header": (None, ProblemCode.AUTH_UNAUTHORIZED),
    "another scheme": ("Basic dXNlcjpwYXNzd29yZA==", ProblemCode.AUTH_UNAUTHORIZED),
    "a malformed key": ("Bearer not-a-key", ProblemCode.API_KEY_INVALID),
    "an unknown key": (f"Bearer {UNKNOWN_KEY}", ProblemCode.API_KEY_INVALID),
}
UNKNOWN_THING = "unknown0thing"
CASES = [(operation_id, words) for words in CREDENTIALS for operation_id in OPERATIONS]


COMES_FIRST = Rule(
    "authentication/comes-first",
    "assumed",
    "A request without a valid key is answered 401 before anything is said of existence or validity.",
)


def _request(session: Session, operation_id: str) -> Request:
    """A request that would be refused for what it asks too: nothing is there, and the body is none of the schema's."""
    names = {parameter.name for parameter in session.document.parameters(operation_id) if parameter.location == "path"}
    has_body = session.document.request_body(operation_id) is not None
    body: Any = {} if has_body else NOTHING
    return session.build(operation_id, path=dict.fromkeys(names, UNKNOWN_THING), body=body)


def _sound_request(session: Session, world: World, operation_id: str) -> Request:
    """A request that would succeed with a valid key."""
    body: Any = NOTHING
    if session.document.request_body(operation_id) is not None:
        body = world.fitted(operation_id, world.trials.fullest_example(operation_id))
    return session.build(operation_id, path=world.path_parameters(operation_id), body=body)


@rule("authentication/key-is-its-own", source="reference")
def test_the_current_key_is_told(session: Session, world: World) -> None:
    """The current key is told by how it begins, never whole."""
    exchange = world.current_key()
    prefix = exchange.json.get("keyPrefix") if isinstance(exchange.json, dict) else None
    require(isinstance(prefix, str), "the answer has no keyPrefix", exchange)
    start, end = _MASK.split(f"{prefix}…", maxsplit=1)
    key, end = session.target.key, end.rstrip(".…*•")
    begins = key.startswith(f"{prefix}") or (key.startswith(start) and key.endswith(end))
    require(begins, "the keyPrefix is not how the key begins", exchange)
    require(key not in (start, prefix), "the keyPrefix is the whole key", exchange)


@pytest.mark.parametrize(("operation_id", "words"), CASES)
def test_every_operation_needs_a_key(operation_id: str, words: str, session: Session, world: World) -> None:
    """Each operation refuses no header and wrong ones: another scheme, a malformed or an unknown key."""
    authorization, code = CREDENTIALS[words]
    exchange = session.send(replace(_request(session, operation_id), authorization=authorization))
    if exchange.status in (400, 404):
        session.judge(COMES_FIRST, [f"{words}: the answer is {exchange.status}, not 401"], exchange)
        # What says nothing of the key yet has to when there is nothing else to say.
        exchange = session.send(replace(_sound_request(session, world, operation_id), authorization=authorization))
    elif exchange.status == 401:
        session.judge(COMES_FIRST, [])
    wrong = [] if exchange.status == 401 else [f"{words}: the answer is {exchange.status}, not 401"]
    session.judge(REFUSES, wrong, exchange)
    if not wrong:
        seen = [] if exchange.code == code else [f"{words}: the code is {exchange.code}, not {code}"]
        session.judge(CODE, seen, exchange)

"""Who may ask: every operation needs a valid API key, and says so before anything else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange, Request
from contract_tests.harness.reading import items
from contract_tests.harness.rules import Rule, require, rule
from contract_tests.harness.session import NOTHING, Session
from contract_tests.harness.template_lives import template_of
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
NEAR_MISSES = {
    ("listRuns", "the key and more"): ("Bearer KEY~", ProblemCode.API_KEY_INVALID),
    ("listTemplates", "the key in another scheme"): ("Token KEY", ProblemCode.AUTH_UNAUTHORIZED),
    ("listRepositories", "the key alone"): ("KEY", ProblemCode.AUTH_UNAUTHORIZED),
    ("getUsage", "the scheme alone"): ("Bearer", ProblemCode.AUTH_UNAUTHORIZED),
}
"""What is almost the valid key, which stands for KEY."""
UNKNOWN_THING = "unknown0thing"
STRANGE = "an unknown key"
HALVES = {"another scheme": 0, "a malformed key": 1}
"""What is tried on every other operation only: on each of them something is that is no key."""
CASES = [
    (operation_id, words)
    for words in CREDENTIALS
    for number, operation_id in enumerate(OPERATIONS)
    if number % 2 == HALVES.get(words, number % 2)
]
TAKEN_OVER = "Contract test, changed without a key"


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


@dataclass(frozen=True)
class Intrusion:
    """What a template and a webhook were after requests with an unknown key had named them, and asked for others."""

    answers: Mapping[str, Exchange]
    """What the requests were answered, by operation."""
    webhook_id: str
    template: Exchange
    webhooks: Exchange
    new_template: Exchange
    new_url: str


class Intruder:
    """Somebody with an unknown key who asks for what would succeed with a valid one."""

    def __init__(self, session: Session, world: World) -> None:
        self._session, self._world = session, world

    @gathered
    def intrusion(self) -> Intrusion:
        """The requests, and a look at what they name right afterwards."""
        session, world = self._session, self._world
        own = sorted(world.ledger.webhooks)
        webhook_id = own[0] if own else str(world.new_webhook()["id"])
        template, new, url = {"idOrSlug": str(world.template()["id"])}, world.fresh_name(), world.fresh_url()
        requests = (
            session.build("updateTemplate", path=template, body={"name": TAKEN_OVER}),
            session.build("deleteTemplate", path=template),
            session.build("deleteWebhook", path={"id": webhook_id}),
            session.build("createTemplate", body={"slug": new, "name": new, "baseImage": "node-22"}),
            session.build("createWebhook", body={"url": url, "events": ["run.completed"]}),
        )
        authorization, _ = CREDENTIALS[STRANGE]
        answers = [session.send(replace(request, authorization=authorization)) for request in requests]
        return Intrusion(
            answers={str(answer.request.operation_id): answer for answer in answers},
            webhook_id=webhook_id,
            template=session.call("getTemplate", path=template),
            webhooks=session.call("listWebhooks"),
            new_template=session.call("getTemplate", path={"idOrSlug": new}),
            new_url=url,
        )


@pytest.fixture(name="intruder", scope="session")
def _intruder(session: Session, world: World) -> Intruder:
    return Intruder(session, world)


INTRUSIONS = ("updateTemplate", "deleteTemplate", "deleteWebhook", "createTemplate", "createWebhook")


@pytest.mark.parametrize(("operation_id", "words"), [*CASES, *NEAR_MISSES])
def test_every_operation_needs_a_key(
    operation_id: str, words: str, session: Session, world: World, intruder: Intruder
) -> None:
    """Each operation refuses no header and wrong ones: another scheme, a malformed or an unknown key."""
    authorization, code = CREDENTIALS.get(words) or NEAR_MISSES[operation_id, words]
    authorization = authorization and authorization.replace("KEY", session.target.key)
    if words == STRANGE and operation_id in INTRUSIONS and session.may("createTemplate"):
        exchange = intruder.intrusion().answers[operation_id]
    else:
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


@rule("authentication/refused-has-no-effect", source="overview")
def test_what_was_refused_had_no_effect(session: Session, intruder: Intruder) -> None:
    """A request without a valid key creates, changes and deletes nothing."""
    session.demand("createTemplate")
    seen = intruder.intrusion()
    refused = {operation_id for operation_id, answer in seen.answers.items() if answer.status == 401}
    if refused >= {"updateTemplate", "deleteTemplate"}:
        require(seen.template.succeeded, "a template is gone that a refused request named", seen.template)
        renamed = template_of(seen.template).get("name") == TAKEN_OVER
        require(not renamed, "a template has the name that a refused request gave it", seen.template)
    listed = items(seen.webhooks)
    gone = seen.webhooks.succeeded and seen.webhook_id not in [item.get("id") for item in listed]
    require(not gone or "deleteWebhook" not in refused, "a webhook is gone that a refused request named", seen.webhooks)
    made = seen.new_url in [item.get("url") for item in listed] and "createWebhook" in refused
    require(not made, "a webhook is there that a refused request asked for", seen.webhooks)
    made = seen.new_template.succeeded and "createTemplate" in refused
    require(not made, "a template is there that a refused request asked for", seen.new_template)

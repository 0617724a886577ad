"""One operation after another: what a response names is there for the next request, and gone once it is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract_tests.harness.rules import Rule
from contract_tests.harness.sampling import Sampler
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings
from contract_tests.harness.walk import Step, Walk
from contract_tests.harness.world import World

LEADS_ON = Rule(
    "sequences/links-lead-on",
    "reference",
    "What a response names can be read, changed, cancelled or deleted by the operation that the document links to.",
)
SAME_THING = Rule(
    "sequences/links-lead-to-the-same-thing",
    "reference",
    "The operation that a link leads to answers with the very thing that the link named.",
)
DELETED_IS_GONE = Rule(
    "sequences/deleted-is-gone",
    "guide",
    "What was deleted is not found any more, by its id or by its slug.",
)
STEPS = {"standard": 12, "deep": 600}


def test_links_lead_on(session: Session, world: World, settings: Settings) -> None:
    """A walk over the document's links finds everything that is there and nothing that was deleted."""
    walk = Walk(session, world, Sampler(session.document, settings.seed), settings.seed)
    gone: set[str] = set()
    slugs: dict[str, str] = {}
    for step in walk.steps(STEPS[settings.profile]):
        slugs |= _slug(step.exchange.json)
        if step.link is None:
            continue
        (named,) = step.parameters.values()
        if named in gone:
            wrong = [] if step.exchange.status == 404 else [f"{named} was deleted, but the answer is {_answer(step)}"]
            session.judge(DELETED_IS_GONE, wrong, step.exchange)
            continue
        seen = [f"{step.link.source} names {named}, but {_answer(step)}"] if step.exchange.status in (400, 404) else []
        session.judge(LEADS_ON, seen, step.exchange)
        if step.exchange.succeeded:
            _is_the_same(session, step, named)
            if step.link.operation_id in ("deleteTemplate", "deleteWebhook"):
                gone |= {named} | {other for one, other in slugs.items() if one == named}


def _answer(step: Step) -> str:
    return f"{step.exchange.request.operation_id} answers {step.exchange.status} {step.exchange.code or ''}".rstrip()


def _thing(body: Any) -> Mapping[str, Any]:
    """The one thing that a body holds, unwrapped; empty for a list or no body."""
    if not isinstance(body, dict):
        return {}
    inner = body.get("template", body)
    return inner if isinstance(inner, dict) else {}


def _slug(body: Any) -> dict[str, str]:
    thing = _thing(body)
    one, other = thing.get("id"), thing.get("slug")
    return {one: other, other: one} if isinstance(one, str) and isinstance(other, str) else {}


def _is_the_same(session: Session, step: Step, named: str) -> None:
    thing = _thing(step.exchange.json)
    if "id" in thing:
        wrong = named not in (thing.get("id"), thing.get("slug"))
        seen = [f"asked for {named}, it answers with {thing.get('id')}"] if wrong else []
        session.judge(SAME_THING, seen, step.exchange)

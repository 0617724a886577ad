"""One operation after another: what a response names is there for the next request, and gone once it is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract_tests.harness.reading import answered
from contract_tests.harness.rules import Rule
from contract_tests.harness.sampling import Sampler
from contract_tests.harness.session import Session
from contract_tests.harness.settings import Settings
from contract_tests.harness.walk import Step, Walk
from contract_tests.harness.world import World
from generated.contract import OPERATIONS

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
MOST_STEPS = 3
"""How many times as long a walk may get that has not come by all that there is to see."""


class Trail:
    """What a walk has come by, and what it has seen deleted."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._gone: set[str] = set()
        self._slugs: dict[str, str] = {}
        self.has_looked_for_gone = False
        self.has_met_again = False

    def follow(self, step: Step) -> None:
        """Hold a step to the rules."""
        names = _slug(step.exchange.json)
        self._slugs |= names
        if step.link is None:
            self._gone -= names.keys()
            return
        (named,) = step.parameters.values()
        answer = f"{step.link.operation_id} answers {answered(step.exchange)}"
        if named in self._gone:
            self.has_looked_for_gone = True
            wrong = [] if step.exchange.status == 404 else [f"{named} was deleted, but {answer}"]
            self._session.judge(DELETED_IS_GONE, wrong, step.exchange)
            return
        if OPERATIONS[step.link.operation_id].source != "assumed":
            lost = step.exchange.status in (400, 404)
            seen = [f"{step.link.source} names {named}, but {answer}"] if lost else []
            self._session.judge(LEADS_ON, seen, step.exchange)
        if step.exchange.succeeded:
            self._is_the_same(step, named)
            if OPERATIONS[step.link.operation_id].method == "DELETE":
                self._gone |= {named} | {other for one, other in self._slugs.items() if one == named}

    def _is_the_same(self, step: Step, named: str) -> None:
        thing = _thing(step.exchange.json)
        if "id" in thing:
            self.has_met_again = True
            wrong = named not in (thing.get("id"), thing.get("slug"))
            seen = [f"asked for {named}, it answers with {thing.get('id')}"] if wrong else []
            self._session.judge(SAME_THING, seen, step.exchange)


def test_links_lead_on(session: Session, world: World, settings: Settings) -> None:
    """A walk over the document's links finds everything that is there and nothing that was deleted."""
    walk = Walk(session, world, Sampler(session.document, settings.seed), settings.seed)
    trail, steps = Trail(session), settings.plan.steps
    for number, step in enumerate(walk.steps(), 1):
        trail.follow(step)
        walk.hurries = number >= steps and not trail.has_looked_for_gone
        told = trail.has_looked_for_gone and trail.has_met_again
        if number >= steps and (told or number >= MOST_STEPS * steps):
            break


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

"""The life of a template that is made with every member, changed and read again, beside one that is made with few and
one that is made for runs.

What becomes of the last is in `template_use.py`, what the rules make of both in `test_templates.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.extremes import GREATEST, LEAST
from contract_tests.harness.listing import Listing, everything
from contract_tests.harness.reading import alike, differences, members, shown
from contract_tests.harness.rules import hindered, not_checked
from contract_tests.harness.session import Session
from contract_tests.harness.world import ODD_TEXT, World, as_long_as

FULL: Mapping[str, Any] = {
    "name": f"Contract test, full. {ODD_TEXT}",
    "baseImage": "python-3.12",
    "description": f"Made to be read, changed and deleted. {ODD_TEXT}",
    "envVars": {"FIRST": "one", "SECOND": "two words", "lower_case": "007", "ODD": ODD_TEXT, "EMPTY": ""},
    "guardrails": {"maxTurns": 7, "maxCostUsd": 0.25},
    "egressDomains": ["api-2.acme.example", "*.packages.example"],
    "size": "l",
}
"""No value is a default of the contract, so that what is left over after a change shows."""
EMPTY, NULL = 0, 3
"""The numbers of updates that rules speak of."""
LATER = (1, 3)
"""Changes some seconds after those before."""
STATE = (
    *("id", "slug", "name", "description", "baseImage", "envVars", "guardrails", "egressDomains", "size"),
    *("isSystem", "createdBy", "createdAt"),
)
"""What a template is; `updatedAt` tells only when it became so."""
MAY_BE_LEFT_OUT = ("size", "createdBy")
"""What one operation may show and another leave out."""
ASSUMED = "timeoutMinutes"
"""A guardrail of templates that is assumed."""
_TICK_SECONDS = 2


def template_of(exchange: Exchange) -> Mapping[str, Any]:
    """The template that an answer holds; no members when it holds none."""
    return members(members(exchange.json).get("template")) if exchange.succeeded else {}


def unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """How two views of a template by different operations differ."""
    skipped = {name for name in MAY_BE_LEFT_OUT if one.get(name) is None or other.get(name) is None}
    return differences(_published(one), _published(other), [name for name in STATE if name not in skipped])


def _published(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template without what is but assumed of its guardrails."""
    if not isinstance(template.get("guardrails"), dict):
        return template
    return {
        **template,
        "guardrails": {name: value for name, value in template["guardrails"].items() if name != ASSUMED},
    }


def misfits(template: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """How a template differs from the members that it was given.

    What else its guardrails, variables and domains hold is left aside, and so is a size that is not shown at all.
    """
    found = []
    for name, value in given.items():
        has = template.get(name)
        if isinstance(value, dict):
            published = [inner for inner in value if inner != ASSUMED]
            found += [f"{name}.{text}" for text in differences(members(has), value, published)]
        elif isinstance(value, list):
            missing = [item for item in value if not isinstance(has, list) or item not in has]
            found += [f"{name} is {shown(has)}, without {item}" for item in missing]
        elif not (name == "size" and has is None) and not (name == "description" and not has and not value):
            found += differences(template, given, [name])
    return found


def surplus(template: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """What a template's variables and domains hold beside what they were given."""
    found = []
    for name, value in given.items():
        has = template.get(name)
        if name in ("envVars", "egressDomains") and isinstance(has, (dict, list)):
            found += [f"{name} holds {inner}, which was not given" for inner in has if inner not in value]
    return found


def left_over(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    change: Mapping[str, Any],
    every_given: Sequence[Mapping[str, Any]],
) -> list[str]:
    """What the suite once gave to a map that was replaced, and that is still there."""
    found = []
    for name in ("envVars", "guardrails"):
        given = change.get(name)
        if given is None:
            continue
        for inner, value in members(before.get(name)).items():
            ours = any(alike(value, members(one.get(name)).get(inner)) for one in every_given)
            if value is not None and ours and inner not in given and alike(members(after.get(name)).get(inner), value):
                found.append(f"{name}.{inner} is left over")
    return found


@dataclass(frozen=True)
class Made:
    """A template that was made: what it was given and the answer."""

    given: Mapping[str, Any]
    exchange: Exchange

    @property
    def template(self) -> Mapping[str, Any]:
        return template_of(self.exchange)

    @property
    def id(self) -> str:
        return str(self.template["id"])

    @property
    def slug(self) -> str:
        return str(self.given["slug"])


class TemplateLives:
    """The three templates. What comes later asks for what comes before it."""

    def __init__(self, session: Session, world: World, *, is_brief: bool) -> None:
        """`is_brief`: what must be refused is asked by one name, not by the id and by the slug."""
        self._session, self._world, self.is_brief = session, world, is_brief

    def made(self, given: Mapping[str, Any], answer: Exchange) -> Made:
        made = Made(given, answer)
        if not isinstance(made.template.get("id"), str):
            hindered(f"because no template could be created: {answer.summary()[:200]}")
        return made

    def create(self, body: Mapping[str, Any]) -> Exchange:
        return self._session.call("createTemplate", body=dict(body))

    def read(self, name: str, key: str | None = None) -> Exchange:
        return self._session.call("getTemplate", path={"idOrSlug": name}, key=key)

    def update(self, name: str, body: Mapping[str, Any]) -> Exchange:
        return self._session.call("updateTemplate", path={"idOrSlug": name}, body=dict(body))

    def delete(self, name: str) -> Exchange:
        return self._session.call("deleteTemplate", path={"idOrSlug": name})

    # The one that is changed

    @gathered
    def _pair(self) -> tuple[Made, Exchange]:
        """Two creates with one slug at once: what came of the one that succeeded, and the answer to the other."""
        long = self._world.extremes.body("createTemplate", LEAST), self._world.extremes.body("createTemplate", GREATEST)
        texts = {name: max((str(body[name]) for body in long), key=len) for name in ("name", "description")}
        longest = {name: as_long_as(text, FULL[name]) for name, text in texts.items()}
        given, answers = self._race({"slug": self._world.fresh_name(), **FULL, **longest})
        return self.made(given, answers[0]), answers[1]

    def _race(self, wish: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[Exchange, Exchange]]:
        """Two creates with one slug at once: what was given by the one that succeeded, its answer and the other's."""
        twin = as_long_as(wish["name"], "Contract test, twin")
        wishes = [{**wish, "name": name} for name in (wish["name"], twin)]
        answers = self._session.send_together(
            [self._session.build("createTemplate", body=wish) for wish in wishes], planned_refusal=False
        )
        first = next((number for number, answer in enumerate(answers) if answer.succeeded), 0)
        return wishes[first], (answers[first], answers[1 - first])

    def full(self) -> Made:
        return self._pair()[0]

    def slug_taken(self) -> Exchange:
        """The answer to the other create with its slug."""
        return self._pair()[1]

    @gathered
    def list_before(self) -> Listing:
        """The list when both templates are new."""
        self.full()
        self.bare()
        return everything(self._session, "listTemplates")

    @gathered
    def reads_before(self) -> tuple[Exchange, Exchange]:
        """The new template by id and by slug."""
        full = self.full()
        self.list_before()
        return self.read(full.id), self.read(full.slug)

    @cached_property
    def changes(self) -> tuple[Mapping[str, Any], ...]:
        """The updates, one after another, in turn by slug and by id. They hold the extremes of all that can change."""
        least, greatest = (self._world.extremes.take_body("updateTemplate", number) for number in (LEAST, GREATEST))
        short, long = sorted((least["description"], greatest["description"]), key=len)
        return (
            {},
            {
                "description": short,
                "envVars": {"SECOND": "two"},
                **_of(least, "egressDomains", "guardrails", "size"),
            },
            {
                "name": as_long_as(greatest["name"], f"Contract test, renamed. {ODD_TEXT}"),
                "description": as_long_as(long, f"Changed. {ODD_TEXT}"),
                "envVars": {},
                "guardrails": {},
                **_of(greatest, "egressDomains", "size"),
            },
            {
                "description": None,
                "egressDomains": [],
                "envVars": {"third": "003", "ODD": ODD_TEXT, "EMPTY": ""},
                **_of(greatest, "guardrails"),
                **_of(least, "name"),
            },
        )

    @gathered
    def updates(self) -> list[Exchange]:
        """The answers to `changes`, in order. Some seconds lie before two of them."""
        full = self.full()
        self.reads_before()
        answers = []
        for number, change in enumerate(self.changes):
            if number in LATER:
                self._session.target.wait(_TICK_SECONDS)
            answers.append(self.update(full.id if number % 2 else full.slug, change))
        return answers

    @gathered
    def renaming(self) -> Exchange:
        """The answer to an update of what cannot change."""
        self.updates()
        return self.update(self.full().id, {"slug": self._world.fresh_name(), "baseImage": "node-22"})

    @gathered
    def reads_after(self) -> tuple[Exchange, Exchange]:
        """The changed template by id, with the organization's second key, and by slug."""
        full = self.full()
        self.renaming()
        return self.read(full.id, key=self._session.target.second), self.read(full.slug)

    # The system's

    @gathered
    def systems(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The first and the last system template as the list shows them; one twice when there is but one."""
        found = [
            item
            for item in self.list_before().having("isSystem", True)
            if isinstance(item.get("id"), str) and isinstance(item.get("slug"), str)
        ]
        return (found[0], found[-1]) if found else not_checked("because no system template is listed")

    @gathered
    def system_slug_taken(self) -> Exchange:
        """A create with the slug of a system template, and with the greatest values for all else."""
        slug = self.systems()[0]["slug"]
        return self.create({**self._world.extremes.take_body("createTemplate", GREATEST), "slug": slug})

    @gathered
    def system_refusals(self) -> dict[str, Exchange]:
        """The answers to a change and a deletion of a system template by its slug, and of another by its id.

        A server that takes a change may take a deletion too: the change is undone and no deletion tried.
        """
        named = list(zip(("slug", "id"), self.systems(), strict=True))
        found = {}
        for name, system in named[:1] if self.is_brief else named:
            found[f"change, by its {name},"] = self.update(system[name], {"name": self._world.fresh_name()})
        if any(exchange.succeeded for exchange in found.values()):
            self.restore_systems()
            return found
        for name, system in named[1:] if self.is_brief else named:
            deletion = found[f"deletion, by its {name},"] = self.delete(system[name])
            if deletion.succeeded:
                break
        return found

    def restore_systems(self) -> None:
        """Undo what changes of system templates should not have done."""
        for system in self.systems():
            self.update(system["id"], {"name": system.get("name")})

    # The others

    @gathered
    def _used(self) -> tuple[Made, Exchange]:
        """A template for a run, and the answer to its first update, which a server may refuse for what is assumed."""
        slug, published = f"{self.full().slug}--more", {"maxCostUsd": 0.2}
        stays = {"slug": slug, "name": "Contract test, used", "baseImage": "node-22"}
        before = {"envVars": {}, "guardrails": {"maxCostUsd": 0.03}, "size": "l"}
        change = {"envVars": dict(FULL["envVars"]), "guardrails": {**published, ASSUMED: 2}, "size": "m"}
        created = self.create({**stays, **before})
        updated = self.update(slug, change)
        if updated.status == 400:
            change["guardrails"] = published
            self.update(slug, change)
        return self.made({**stays, **change}, created), updated

    def used(self) -> Made:
        """A template for a run, which is what it was given only by an update; its slug begins with another's."""
        return self._used()[0]

    def timeout_given(self) -> Exchange:
        """The answer to the update that gave it what is assumed of guardrails."""
        return self._used()[1]

    @gathered
    def bare(self) -> Made:
        """A template that is given nothing but what it needs."""
        return self.made(*self._world.bare_template())


def _of(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: body[name] for name in names}

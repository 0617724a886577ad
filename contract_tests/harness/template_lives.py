"""The lives of two templates, as a chain of requests: one is made with every member, changed and read again; a bare one
is used by a run and deleted.

What the rules make of it is in `test_templates.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lifecycle import ENDED
from contract_tests.harness.listing import Listing, everything
from contract_tests.harness.reading import alike, differences, members, shown
from contract_tests.harness.rules import hindered, not_checked
from contract_tests.harness.session import Session
from contract_tests.harness.world import ODD_TEXT, World

FULL: Mapping[str, Any] = {
    "name": f"Contract test, full. {ODD_TEXT}",
    "baseImage": "python-3.12",
    "description": f"Made to be read, changed and deleted. {ODD_TEXT}",
    "envVars": {"FIRST": "one", "SECOND": "two words", "lower_case": "007", "ODD": ODD_TEXT, "EMPTY": ""},
    "guardrails": {"maxTurns": 41, "maxCostUsd": 2.75},
    "egressDomains": ["api-2.acme.example", "*.packages.example"],
    "size": "l",
}
"""No value is a default of the contract, so that what is left over after a change shows."""
CHANGES: tuple[Mapping[str, Any], ...] = (
    {},
    {"envVars": {"SECOND": "two"}, "egressDomains": []},
    {"guardrails": {"timeoutMinutes": 12}},
    {
        "name": f"Contract test, renamed. {ODD_TEXT}",
        "description": f"Changed. {ODD_TEXT}",
        "egressDomains": ["warehouse.acme.example", "*.mirror.example"],
        "envVars": {},
        "guardrails": {},
        "size": "s",
    },
    {"envVars": {"third": "003", "ODD": ODD_TEXT, "EMPTY": ""}, "guardrails": {"maxTurns": 17, "maxCostUsd": 1.25}},
    {"description": None},
)
"""The updates, one after another, in turn by slug and by id."""
EMPTY, TIMEOUT, NULL = 0, 2, 5
LATER = (1, 4)
"""Changes some seconds after those before."""
STATE = (
    *("id", "slug", "name", "description", "baseImage", "envVars", "guardrails", "egressDomains", "size"),
    *("isSystem", "createdBy", "createdAt"),
)
"""What a template is; `updatedAt` tells only when it became so."""
MAY_BE_LEFT_OUT = ("size", "createdBy")
"""What one operation may show and another leave out."""
STOPPING = "stopping"
_TICK_SECONDS = 2
_LOOKS = 8
_REQUESTS_OF_USE = 25
"""For how many requests the window must have room while a run is at work; the next would open too late."""


def template_of(exchange: Exchange) -> Mapping[str, Any]:
    """The template that an answer holds; no members when it holds none."""
    return members(members(exchange.json).get("template")) if exchange.succeeded else {}


def unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """How two views of a template by different operations differ."""
    skipped = {name for name in MAY_BE_LEFT_OUT if one.get(name) is None or other.get(name) is None}
    return differences(one, other, [name for name in STATE if name not in skipped])


def misfits(template: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """How a template differs from the members that it was given.

    What else its guardrails, variables and domains hold is left aside, and so is a size that is not shown at all.
    """
    found = []
    for name, value in given.items():
        has = template.get(name)
        if isinstance(value, dict):
            published = [inner for inner in value if inner != "timeoutMinutes"]
            found += [f"{name}.{text}" for text in differences(members(has), value, published)]
        elif isinstance(value, list):
            missing = [item for item in value if not isinstance(has, list) or item not in has]
            found += [f"{name} is {shown(has)}, without {item}" for item in missing]
        elif not (name == "size" and has is None):
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


def left_over(before: Mapping[str, Any], after: Mapping[str, Any], change: Mapping[str, Any]) -> list[str]:
    """What the suite once gave to a map that was replaced, and that is still there."""
    found = []
    for name in ("envVars", "guardrails"):
        given = change.get(name)
        if given is None:
            continue
        for inner, value in members(before.get(name)).items():
            ours = any(alike(value, members(one.get(name)).get(inner)) for one in (FULL, *CHANGES))
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


@dataclass(frozen=True)
class Try:
    """A delete of a template while a run of it was pending or running, and a look at the run if it succeeded."""

    state: str
    deletion: Exchange
    look: Exchange | None

    @property
    def came_too_late(self) -> bool:
        """Whether the template was deleted, but the run may have ended before that."""
        over = self.look is None or members(self.look.json).get("status") in ENDED
        return self.deletion.succeeded and over


@dataclass(frozen=True)
class Use:
    """What became of a template that a run used."""

    tries: tuple[Try, ...]
    run_at_last: Exchange | None
    """The last look at the run before the last delete; None when the template was gone by then."""
    deletion: Exchange
    """The delete that succeeded, or the last."""


class TemplateLives:
    """The lives of the two templates. What comes later asks for what comes before it."""

    def __init__(self, session: Session, world: World) -> None:
        self._session, self._world = session, world

    def _made(self, given: Mapping[str, Any], answer: Exchange) -> Made:
        made = Made(given, answer)
        if not isinstance(made.template.get("id"), str):
            hindered(f"because no template could be created: {answer.summary()[:200]}")
        return made

    def _create(self, body: Mapping[str, Any]) -> Exchange:
        return self._session.call("createTemplate", body=dict(body))

    def _read(self, name: str) -> Exchange:
        return self._session.call("getTemplate", path={"idOrSlug": name})

    def _update(self, name: str, body: Mapping[str, Any]) -> Exchange:
        return self._session.call("updateTemplate", path={"idOrSlug": name}, body=dict(body))

    def _delete(self, name: str) -> Exchange:
        return self._session.call("deleteTemplate", path={"idOrSlug": name})

    # The one that is changed

    @gathered
    def _pair(self) -> tuple[Made, Exchange]:
        """Two creates with one slug at once: what came of the one that succeeded, and the answer to the other."""
        slug = self._world.fresh_name()
        wishes = [{"slug": slug, **FULL, "name": name} for name in (FULL["name"], "Contract test, twin")]
        answers = self._session.send_together(
            [self._session.build("createTemplate", body=wish) for wish in wishes], planned_refusal=False
        )
        first = next((number for number, answer in enumerate(answers) if answer.succeeded), 0)
        return self._made(wishes[first], answers[first]), answers[1 - first]

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
        return self._read(full.id), self._read(full.slug)

    @gathered
    def updates(self) -> list[Exchange]:
        """The answers to CHANGES, in order. Some seconds lie before two of them."""
        full = self.full()
        self.reads_before()
        answers = []
        for number, change in enumerate(CHANGES):
            if number in LATER:
                self._session.target.wait(_TICK_SECONDS)
            answers.append(self._update(full.id if number % 2 else full.slug, change))
        return answers

    @gathered
    def renaming(self) -> Exchange:
        """The answer to an update of what cannot change."""
        self.updates()
        return self._update(self.full().id, {"slug": self._world.fresh_name(), "baseImage": "node-22"})

    @gathered
    def reads_after(self) -> tuple[Exchange, Exchange]:
        """The changed template by id and by slug."""
        full = self.full()
        self.renaming()
        return self._read(full.id), self._read(full.slug)

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
        """A create with the slug of a system template."""
        slug = self.systems()[0]["slug"]
        return self._create({"slug": slug, "name": "Contract test, twin of the system's", "baseImage": "node-22"})

    @gathered
    def system_refusals(self) -> dict[str, Exchange]:
        """The answers to a change and a deletion of a system template by its slug, and of another by its id.

        A server that takes a change may take a deletion too: the change is undone and no deletion tried.
        """
        names = dict(zip(("slug", "id"), self.systems(), strict=True))
        found = {}
        for name, system in names.items():
            found[f"change, by its {name},"] = self._update(system[name], {"name": self._world.fresh_name()})
        if any(exchange.succeeded for exchange in found.values()):
            self.restore_systems()
            return found
        for name, system in names.items():
            deletion = found[f"deletion, by its {name},"] = self._delete(system[name])
            if deletion.succeeded:
                break
        return found

    def restore_systems(self) -> None:
        """Undo what changes of system templates should not have done."""
        for system in self.systems():
            self._update(system["id"], {"name": system.get("name")})

    # The one that is used and deleted

    @gathered
    def bare(self) -> Made:
        given = {"slug": f"2{self._world.fresh_name()}", "name": "Contract test, bare", "baseImage": "php-8.3"}
        return self._made(given, self._create(given))

    @gathered
    def use(self) -> Use:
        """Start a run of the template and try to delete it while the run is pending, running and over.

        Where no run may be started it is only deleted.
        """
        bare = self.bare()
        self.list_before()
        if not self._session.may("createRun"):
            return Use((), None, self._delete(bare.id))
        self._world.make_room()
        self._session.ensure(_REQUESTS_OF_USE)
        run_id = self._world.new_run(template=bare.slug)
        tries = [self._try("pending", bare.id, run_id)]
        if not tries[0].deletion.succeeded and self._comes_to_run(run_id):
            tries.append(self._try("running", bare.slug, run_id))
        self._session.call("cancelRun", path={"id": run_id})
        if not any(one.deletion.succeeded for one in tries):
            tries.append(self._try(STOPPING, bare.id, run_id))
        gone = next((one.deletion for one in tries if one.deletion.succeeded), None)
        if gone is not None:
            return Use(tuple(tries), None, gone)
        return Use(tuple(tries), self._world.await_end(run_id), self._delete(bare.id))

    def tries(self) -> tuple[Try, ...]:
        """The deletions that were tried while a run used the template."""
        tries = self.use().tries
        if not tries:
            self._session.demand("createRun")
        return tries

    def _try(self, state: str, name: str, run_id: str) -> Try:
        deletion = self._delete(name)
        return Try(state, deletion, self._look(run_id) if deletion.succeeded else None)

    def _look(self, run_id: str) -> Exchange:
        return self._session.call("getRun", path={"id": run_id})

    def _comes_to_run(self, run_id: str) -> bool:
        """Wait until a run is running. False when it ended first or patience ran out."""
        for _ in range(_LOOKS):
            self._session.target.wait(3)
            status = members(self._look(run_id).json).get("status")
            if status != "pending":
                return bool(status == "running")
        return False

    @gathered
    def gone(self) -> dict[str, Exchange]:
        """What the deleted template's names are answered."""
        bare = self.bare()
        if not self.use().deletion.succeeded:
            not_checked("because the template could not be deleted")
        return {
            "read by id": self._read(bare.id),
            "read by slug": self._read(bare.slug),
            "changed": self._update(bare.id, {"name": "Back from the dead"}),
            "deleted again": self._delete(bare.slug),
        }

    @gathered
    def use_of_the_gone(self) -> Exchange:
        """What a create of a run of the deleted template is answered."""
        self.gone()
        body = self._world.run_body(template=self.bare().slug)
        answer = self._session.call("createRun", body=body)
        run_id = members(answer.json).get("id")
        if answer.succeeded and isinstance(run_id, str):
            self._session.call("cancelRun", path={"id": run_id})
        return answer

    @gathered
    def orphan(self) -> Exchange:
        """The run of the template when that is gone. Ends in `not_checked` when it was not seen ended."""
        self.gone()
        ended = self.use().run_at_last
        run = members(ended.json) if ended is not None else {}
        if run.get("status") not in ENDED:
            not_checked("because no run of the template was seen to end")
        return self._look(str(run.get("id")))

    @gathered
    def list_after(self) -> Listing:
        """The list when one template has changed, the other is gone, and what must be refused was refused."""
        self.reads_after()
        self.gone()
        if self.list_before().having("isSystem", True):
            self.system_refusals()
        return everything(self._session, "listTemplates")

    @gathered
    def slug_again(self) -> Exchange:
        """A create with the slug of the deleted template."""
        self.list_after()
        return self._create(self.bare().given)

    @gathered
    def read_again(self) -> Exchange:
        """What that slug names then."""
        self.slug_again()
        return self._read(self.bare().slug)

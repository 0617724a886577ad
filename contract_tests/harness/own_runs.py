"""Four runs that differ in all that a rule could ask for, each with an end of its own, and the answers about them.

They are started, read, cancelled and followed once; many rules look at what was answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from contract_tests.harness.audience import REFUSED, Audience
from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange, Query
from contract_tests.harness.extremes import GREATEST, SMALLEST
from contract_tests.harness.lifecycle import ACTIVE, ENDED
from contract_tests.harness.lives import Life, Lives, status_of
from contract_tests.harness.money import amount
from contract_tests.harness.provoke import Provocations
from contract_tests.harness.reading import items, members
from contract_tests.harness.rules import not_checked
from contract_tests.harness.session import Session
from contract_tests.harness.template_lives import FULL, Made, TemplateLives
from contract_tests.harness.world import ODD_TEXT, OWN_TEMPLATE, PROMPT, World, as_long_as

_RUNS = 4
RECEIVED_CALLBACK, REFUSED_CALLBACK, FAILED_CALLBACK = "received", "refused", "of a failed run"
ROOM_FOR_REQUESTS = 45
"""So many requests fit between two waits for a window: what happens in a window's time is not to be missed."""
TEMPLATE_ENV = FULL["envVars"]
OWN_GUARDRAILS = {"maxTurns": 3, "maxCostUsd": 0.2, "timeoutSeconds": 60}
OWN_ENV = {"SECOND": "of the run", "CT_RUN": "run", "FIRST": "", "CT_ODD": ODD_TEXT, "ct_number": "007"}
METADATA = {
    "suite": "contract tests",
    "Ticket-ID": "ABC-12",
    "a.dotted key": "007",
    "odd": ODD_TEXT,
    "empty": "",
    "a key of more than forty characters, as there may be": "a value of more than a hundred characters, " * 4 + "well",
}
TELLING: Mapping[str, Any] = {"env": {"CT_ODD": ODD_TEXT}, "metadata": {"odd": ODD_TEXT}}
"""What a run is given so that it shows when something leaves it out."""
_NO_MORE = "There is nothing else to do. "
LONGEST_PAGE = 100
MOST_LOGS = 250
TRIES = 3
_APART_SECONDS = 1.1
"""Between two creates, so that their times differ however coarse the server's are."""
_LOOK_AGAIN_SECONDS = (5, 600)
"""When an ended run is read again, on a real clock and on one that is moved."""


STOPPING = "stopping"
"""The state of a run that was asked to stop and may have done so."""


@dataclass(frozen=True)
class Try:
    """A delete of a template while a run of it was pending, running or stopping; a look at the run if it succeeded."""

    state: str
    deletion: Exchange
    look: Exchange | None

    @property
    def came_too_late(self) -> bool:
        """Whether the template was deleted, but the run may have ended before that."""
        over = self.look is None or status_of(self.look) in ENDED
        return self.deletion.succeeded and over


@dataclass(frozen=True)
class Story:
    """What became of the four runs."""

    whole: Life
    """Everything set, on a template with everything set; followed to its end by itself."""
    brief: Life
    """No guardrails set, on the template `used`, which limits the cost; cancelled while it runs, again at once and at
    the end. Its callback is refused.
    """
    short: Life
    """A timeout set, on a template that limits the turns; cancelled once."""
    plain: Life
    """Nothing set, on the template of `whole`; cancelled as soon as it was created."""
    usage_before: Exchange
    """The organization's usage before the first of them."""
    active: Exchange
    """The list of the active runs, while three of the four were."""
    running: Exchange
    """The list of the running runs, right after `brief` was read and before it was asked to stop."""
    stopping: Exchange
    """The list of the active runs when one of them had been asked to stop."""
    narrowed: Exchange
    """The list with filters that leave nothing, at the same time."""
    early_logs: Exchange
    """The logs of `whole` before its end."""
    refused: Exchange
    """A create on a template that there is none of, with the greatest values for all else."""
    tries: tuple[Try, ...]
    """What came of deleting the template `used` while `brief` was pending, running and stopping."""

    @property
    def lives(self) -> tuple[Life, Life, Life, Life]:
        """In the order of their creation."""
        return self.whole, self.brief, self.short, self.plain


@dataclass(frozen=True)
class Logs:
    """The logs of `whole` after its end: all of them, and parts."""

    all: Exchange
    part: Exchange
    of_category: Exchange
    part_of_category: Exchange
    of_other_category: Exchange
    category: str
    """One that some records have and others do not, if there is one."""
    other_category: str
    """One that no record has, if there is one."""
    other_run: Exchange
    """The logs of `brief`."""


PART = {"limit": 3, "offset": 2}
PART_OF_CATEGORY = {"limit": 2, "offset": 1}


class OwnRuns:
    """The runs and what was asked of the server about them, each gathered when a rule first looks at it."""

    def __init__(
        self,
        session: Session,
        world: World,
        provocations: Provocations,
        templates: TemplateLives,
        audience: Audience,
    ) -> None:
        self._session, self._world, self._provocations = session, world, provocations
        self._templates, self._audience = templates, audience
        self._lives = Lives(session, world)
        self.word = f"batch{world.tag}"
        """What the prompts of all four have in common, and no other prompt."""
        self._lists: dict[tuple[tuple[str, str | int], ...], Exchange] = {}
        self._started = False
        """Whether a run of them was started."""

    def own_word(self, name: str) -> str:
        """What only the prompt of this run has."""
        return f"{name}{self._world.tag}"

    # Their lives

    @gathered
    def story(self) -> Story:
        """Let them live. Ends in `not_checked` when one cannot be started."""
        session, world, lives = self._session, self._world, self._lives
        session.demand("createRun", _RUNS)
        world.make_room(wanted=1)
        self._audience.assemble()
        session.ensure(ROOM_FOR_REQUESTS)
        usage_before = session.call("getUsage")
        full, used = self._as_asked(self._templates.full()), self._as_asked(self._templates.used())
        small = {**OWN_TEMPLATE, **{name: world.template()[name] for name in ("id", "slug")}}
        refused = session.call("createRun", body=self._to_be_refused())

        whole = self._start("whole", full, **self._everything())
        self._audience.lose_one()
        refused_there = self._audience.callback(REFUSED_CALLBACK, REFUSED)
        brief = self._start("brief", used, model="opus", env={}, metadata={}, callbackUrl=refused_there)
        lives.read(whole)
        tries = [self._try_to_delete("pending", used["id"], brief)]
        lives.read(brief)
        short = self._start("short", small, guardrails={"timeoutSeconds": 45})
        active, narrowed = self._active_lists()

        lives.read_until(brief, "running", within_seconds=15)
        running = self.listing({"status": "running"}, fresh=True)
        lives.read(whole)
        early_logs = session.call("listRunLogs", path={"id": whole.id}, query={"limit": MOST_LOGS})
        if status_of(brief.answers[-1]) == "running" and not tries[0].deletion.succeeded:
            tries.append(self._try_to_delete("running", used["slug"], brief))
        lives.cancel(brief)
        lives.cancel(brief)
        stopping = self._active_list()
        if not any(one.deletion.succeeded for one in tries):
            tries.append(self._try_to_delete(STOPPING, used["id"], brief))
        lives.read(brief)
        lives.cancel(short)
        plain = self._start("plain", full)
        world.extremes.take_body("createRun", SMALLEST)
        lives.cancel(plain)
        for life in (brief, short, plain):
            lives.read_until(life)
        if brief.ended:
            lives.cancel(brief)
            lives.read(brief)
        lives.read_until(whole)
        if not whole.ended:
            lives.cancel(whole)
            lives.read_until(whole)
        return Story(
            *(whole, brief, short, plain, usage_before),
            *(active, running, stopping, narrowed, early_logs, refused),
            tries=tuple(tries),
        )

    def _as_asked(self, made: Made) -> Mapping[str, Any]:
        """What was asked of a template, with the id that it got."""
        size = self._session.document.at(("components", "schemas", "TemplateCreate", "properties", "size"))
        return {"size": size["default"], **made.given, "id": made.id}

    def _to_be_refused(self) -> dict[str, Any]:
        greatest = self._world.extremes.take_body("createRun", GREATEST)
        own = {"repo": self._world.repositories()[0], "template": self._world.fresh_name()}
        return {**greatest, **own, "prompt": as_long_as(greatest["prompt"], self._prompt("refused"))}

    def _try_to_delete(self, state: str, name: str, life: Life) -> Try:
        deletion = self._templates.delete(name)
        look = self._session.call("getRun", path={"id": life.id}) if deletion.succeeded else None
        return Try(state, deletion, look)

    def _prompt(self, name: str) -> str:
        """A prompt that is longer than what a list might have room for."""
        return f"{PROMPT} {_NO_MORE * 40}It is {self.own_word(name)} of {self.word}, no more. {ODD_TEXT}"

    def _start(self, name: str, template: Mapping[str, Any], **members_: Any) -> Life:
        if self._started:
            self._session.target.wait(_APART_SECONDS)
        self._started = True
        body = {**members_, "prompt": " ".join([self._prompt(name), members_.get("prompt", "")]).strip()}
        return self._lives.start(f"the run {name!r}", template, body)

    def _everything(self) -> dict[str, Any]:
        branch = self._world.default_branch(self._world.repositories()[0])
        return {
            **self._to_complete(),
            "model": "haiku",
            "guardrails": dict(OWN_GUARDRAILS),
            "env": dict(OWN_ENV),
            "metadata": dict(METADATA),
            "callbackUrl": self._audience.callback(RECEIVED_CALLBACK),
            **({} if branch is None else {"branch": branch}),
        }

    def _to_complete(self) -> Mapping[str, Any]:
        """What makes a run complete with outputs of all kinds on a server that can be told to."""
        difference = self._provocations.runs.get("completed")
        return difference.body if difference is not None else {}

    def _active_lists(self) -> tuple[Exchange, Exchange]:
        """The active runs, and a list that its filters leave empty, with nothing begun or ended between the two."""
        extremes = self._world.extremes.take_query("listRuns", 0)
        nothing = {**extremes, "search": as_long_as(extremes["search"], self.own_word("nothing"))}
        for left in reversed(range(TRIES)):
            active = self.listing({"status": ",".join(ACTIVE)}, fresh=True)
            narrowed = self.listing(nothing, fresh=True)
            one, other = (members(members(exchange.json).get("meta")) for exchange in (active, narrowed))
            if not left or one.get("activeCount") == other.get("activeCount"):
                return active, narrowed
        raise AssertionError("unreachable")

    def _active_list(self) -> Exchange:
        """The active runs, asked for once more where the count does not fit and others may have come in between."""
        for left in reversed(range(TRIES)):
            answer = self.listing({"status": ",".join(ACTIVE)}, fresh=True)
            if not left or members(members(answer.json).get("meta")).get("activeCount") == len(items(answer)):
                return answer
        raise AssertionError("unreachable")

    def followed(self) -> Life:
        """`whole`, once it has come to its end by itself."""
        whole = self.story().whole
        if not whole.ended_by_itself:
            not_checked("because the run did not come to its end in time")
        return whole

    def ended(self) -> tuple[Life, Life, Life, Life]:
        """All four, once none of them should change any more. Ends in `not_checked` when one has not ended."""
        lives = self.story().lives
        for life in lives:
            if not life.ended:
                not_checked(f"because {life.name} did not end in time")
        return lives

    def charged_for(self) -> list[Life]:
        """Those that have ended and show that their sandbox was up; none when none could be started."""
        try:
            lives = self.story().lives
        except pytest.skip.Exception:
            return []
        return [life for life in lives if life.ended and amount(life.sandbox.get("durationSeconds"))]

    @gathered
    def later(self) -> Life:
        """`whole`, asked to stop after its end and read again later, as is `brief`."""
        whole = self.followed()
        self._lives.cancel(whole)
        seconds = _LOOK_AGAIN_SECONDS[self._session.target.moves_its_clock]
        self._session.target.wait(seconds, "before an ended run is read again")
        for life in (whole, self.story().brief):
            self._lives.read(life)
        return whole

    @gathered
    def after_a_change(self) -> tuple[Life, Life]:
        """`whole` and `plain`, read again after their ends when their template has changed."""
        whole, plain = self.later(), self.story().plain
        self._templates.updates()
        for life in (whole, plain):
            self._lives.read(life)
        return whole, plain

    @gathered
    def logs(self) -> Logs:
        """The logs of `whole` after its end."""
        whole = self.followed()

        def page(query: Query, life: Life = whole) -> Exchange:
            return self._session.call("listRunLogs", path={"id": life.id}, query={"limit": MOST_LOGS, **query})

        everything = page({})
        found = [str(record.get("category")) for record in items(everything)]
        known: list[str] = self._session.document.at(("components", "schemas", "LogCategory", "enum"))
        some = [name for name in known if 0 < found.count(name) < len(found)]
        category = max(some, key=found.count, default=known[0])
        other = next((name for name in known if name not in found), known[-1])
        return Logs(
            all=everything,
            part=page(PART),
            of_category=page({"category": category}),
            part_of_category=page({"category": category, **PART_OF_CATEGORY}),
            of_other_category=page({"category": other}),
            category=category,
            other_category=other,
            other_run=page({}, self.story().brief),
        )

    # Lists

    def listing(self, query: Query, *, fresh: bool = False) -> Exchange:
        """A list of runs, asked for once unless it is to be fresh."""
        query = {"limit": LONGEST_PAGE, **query}
        key = tuple(sorted(query.items()))
        if fresh or key not in self._lists:
            self._lists[key] = self._session.call("listRuns", query=query)
        return self._lists[key]

    @gathered
    def made_to_fail(self) -> Exchange | None:
        """A run of the suite's own as it was read last after it was made to fail; None where that cannot be had."""
        session, difference = self._session, self._provocations.runs.get("failed")
        if difference is None or not session.may("createRun"):
            return None
        key = difference.key.get_secret_value() if difference.key else None
        self._world.make_room()
        told = {"callbackUrl": self._audience.callback(FAILED_CALLBACK), **TELLING}
        body = {**self._world.run_body(), **told, **difference.body}
        created = session.send(
            replace(session.build("createRun", body=body, key=key), headers=dict(difference.headers))
        )
        run_id = members(created.json).get("id")
        if not created.succeeded or not isinstance(run_id, str):
            return None
        return self._world.await_end(run_id, key)

    @gathered
    def failed(self) -> tuple[Mapping[str, Any], Exchange]:
        """A failed run as the list has it and as it is read: the own one, else any of the organization."""
        difference, own = self._provocations.runs.get("failed"), self.made_to_fail()
        key = difference.key.get_secret_value() if difference and difference.key else None
        answer = self._session.call("listRuns", query={"status": "failed", "limit": 1}, key=key)
        listed = next((item for item in items(answer) if isinstance(item.get("id"), str)), None)
        if listed is None:
            not_checked("because no run has failed, and COSPEC_PROVOKE does not tell how to make one fail")
        if own is not None and members(own.json).get("id") == listed["id"]:
            return listed, own
        return listed, self._session.call("getRun", path={"id": listed["id"]}, key=key)

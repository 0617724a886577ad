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
from contract_tests.harness.world import ODD_TEXT, PROMPT, World, as_long_as

_RUNS = 4
RECEIVED_CALLBACK, REFUSED_CALLBACK, FAILED_CALLBACK = "received", "refused", "of a failed run"
ROOM_FOR_REQUESTS = 45
"""So many requests fit between two waits for a window: what happens in a window's time is not to be missed."""
TEMPLATE_ENV = FULL["envVars"]
OWN_GUARDRAILS = {"maxTurns": 3, "timeoutSeconds": 60}
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
    """All but the cost set, on a template with everything set; followed to its end by itself."""
    brief: Life
    """No guardrails set, on the template `used`, which limits the cost; cancelled while it runs, and again at once. Its
    callback is refused.
    """
    short: Life
    """A model and a timeout set, on the template of `whole`; cancelled as soon as it was created."""
    plain: Life
    """Nothing set, on a template that limits nothing; cancelled soon after it was created."""
    usage_before: Exchange
    """The organization's usage before the first of them."""
    active: Exchange
    """The list of the active runs, when `short` has ended, `brief` was asked to stop and `plain` is new."""
    narrowed: Exchange
    """The list with filters that leave nothing, at the same time."""
    of_others: Exchange | None
    """The list of another organization, meanwhile; None without a key of one."""
    early_logs: Exchange | None
    """The logs of `whole` before its end, unless there is little time."""
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
    part_of_category: Exchange
    category: str
    """One that some records have and others do not, if there is one."""


@dataclass(frozen=True)
class MoreLogs:
    """More parts of the logs of `whole`, and those of another run."""

    part: Exchange
    of_category: Exchange
    of_other_category: Exchange
    """Of one that no record has, if there is one."""
    other_run: Exchange
    """The logs of `brief`."""


class OwnRuns:
    """The runs and what was asked of the server about them, each gathered when a rule first looks at it."""

    def __init__(
        self,
        session: Session,
        world: World,
        provocations: Provocations,
        templates: TemplateLives,
        audience: Audience,
        *,
        is_brief: bool,
    ) -> None:
        """`is_brief`: a run is asked to stop once; its template is to be deleted, and its logs are read, late only."""
        self._is_brief = is_brief
        self._session, self._world, self._provocations = session, world, provocations
        self._templates, self._audience = templates, audience
        self._lives = Lives(session, world)
        self.word = f"batch{world.tag}"
        """What the prompts of all four have in common, and no other prompt."""
        self.phrase = f"of {self.word}, no more. {ODD_TEXT}"
        """What all prompts but that of `short` have in common."""
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
        bare = self._as_asked(self._templates.bare())
        refused = session.call("createRun", body=self._to_be_refused())

        whole = self._start("whole", full, **self._everything())
        self._audience.lose_one()
        refused_there = self._audience.callback(REFUSED_CALLBACK, REFUSED)
        brief = self._start("brief", used, model="haiku", env={}, metadata={}, callbackUrl=refused_there)
        tries = [] if self._is_brief else [self._try_to_delete("pending", used["id"], brief)]
        short = self._start("short", full, model="haiku", guardrails={"timeoutSeconds": 45})
        lives.cancel(short)
        lives.read(brief)

        lives.read_until_it_runs(brief)
        early_logs = None if self._is_brief else self._logs(whole, {"limit": MOST_LOGS})
        if status_of(brief.answers[-1]) == "running" and tries and not tries[0].deletion.succeeded:
            tries.append(self._try_to_delete("running", used["slug"], brief))
        plain = self._start("plain", bare)
        world.extremes.take_body("createRun", SMALLEST)
        lives.cancel(brief)
        if not self._is_brief:
            lives.cancel(brief)
        active, narrowed = self._active_lists()
        of_others = self._list_of_others()
        if not any(one.deletion.succeeded for one in tries):
            tries.append(self._try_to_delete(STOPPING, used["id"], brief))
        lives.read(brief)
        lives.cancel(plain)
        for life in (plain, short, brief, whole):
            lives.read_to_the_end(life)
        if not whole.ended:
            lives.cancel(whole)
            lives.read_to_the_end(whole)
        return Story(
            *(whole, brief, short, plain, usage_before),
            *(active, narrowed, of_others, early_logs, refused),
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
        """A prompt that is longer than what a list might have room for. All have the same words, and all but one the
        same `phrase`.
        """
        phrase = self.phrase if name != "short" else f"no more of {self.word}. {ODD_TEXT}"
        return f"{PROMPT} {_NO_MORE * 40}It is {self.own_word(name)} {phrase}"

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
        """The active runs, and a list that its filters leave empty: once more where the counts do not fit, for others
        may have come in between.
        """
        extremes = self._world.extremes.take_query("listRuns", 0)
        nothing = {**extremes, "search": as_long_as(extremes["search"], self.own_word("nothing"))}
        for left in reversed(range(TRIES)):
            active = self.listing({"status": ",".join(ACTIVE)}, fresh=True)
            narrowed = self.listing(nothing, fresh=True)
            one, other = (members(members(exchange.json).get("meta")) for exchange in (active, narrowed))
            if not left or one.get("activeCount") == other.get("activeCount") == len(items(active)):
                return active, narrowed
        raise AssertionError("unreachable")

    def _list_of_others(self) -> Exchange | None:
        """A stranger's runs, once more where the count does not fit and they may have changed it in between."""
        stranger = self._session.target.stranger
        if stranger is None:
            return None
        for left in reversed(range(TRIES)):
            answer = self._session.call("listRuns", query={"limit": LONGEST_PAGE}, key=stranger)
            active = [item for item in items(answer) if item.get("status") in ACTIVE]
            if not left or members(members(answer.json).get("meta")).get("activeCount") == len(active):
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
        """`whole` and `short`, read again after their ends when their template has changed."""
        whole, short = self.later(), self.story().short
        self._templates.updates()
        for life in (whole, short):
            self._lives.read(life)
        return whole, short

    @gathered
    def logs(self) -> Logs:
        """The logs of `whole` after its end; of a category the records between the first and the last of few."""
        whole = self.followed()
        everything = self._logs(whole, {"limit": MOST_LOGS})
        found = [str(record.get("category")) for record in items(everything)]
        some = [name for name in self._log_categories if 0 < found.count(name) < len(found)]
        category = max(some, key=found.count, default=self._log_categories[0])
        part = self._logs(whole, {"category": category, "limit": 2, "offset": 1})
        return Logs(everything, part, category)

    @gathered
    def more_logs(self) -> MoreLogs:
        """More of them, and the logs of `brief`."""
        whole, logs = self.followed(), self.logs()
        found = {record.get("category") for record in items(logs.all)}
        other = next((name for name in self._log_categories if name not in found), self._log_categories[-1])
        return MoreLogs(
            part=self._logs(whole, {"limit": 3, "offset": 2}),
            of_category=self._logs(whole, {"category": logs.category, "limit": MOST_LOGS}),
            of_other_category=self._logs(whole, {"category": other, "limit": MOST_LOGS}),
            other_run=self._logs(self.story().brief, {"limit": MOST_LOGS}),
        )

    def _logs(self, life: Life, query: Query) -> Exchange:
        return self._session.call("listRunLogs", path={"id": life.id}, query=query)

    @property
    def _log_categories(self) -> list[str]:
        known: list[str] = self._session.document.at(("components", "schemas", "LogCategory", "enum"))
        return known

    # Lists

    @gathered
    def list_of_ours(self) -> Exchange:
        """The list of the four runs, the oldest first, on a page of the default length, with the organization's second
        key.
        """
        query: Query = {"search": self.word, "order": "asc"}
        return self._session.call("listRuns", query=query, key=self._session.target.second)

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

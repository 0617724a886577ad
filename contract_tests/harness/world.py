"""What the tests need on the server: a repository, a template, runs, a webhook; made once, and removed at the end.

Everything that is made bears the run's tag in its name. What the suite did not make it leaves alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract_tests.harness.evidence import gathered, is_gathered
from contract_tests.harness.exchange import Exchange, Query
from contract_tests.harness.extremes import GREATEST, Extremes
from contract_tests.harness.journal import new_tag
from contract_tests.harness.known_lists import KnownLists
from contract_tests.harness.ledger import Ledger
from contract_tests.harness.lifecycle import ENDED
from contract_tests.harness.line import LineError
from contract_tests.harness.listing import everything
from contract_tests.harness.reading import items, members
from contract_tests.harness.rules import hindered, not_checked
from contract_tests.harness.session import Session
from contract_tests.harness.trials import Trials
from generated.contract import OPERATIONS, WEBHOOKS_PER_ORGANIZATION, ProblemCode

LEAST_GUARDRAILS = {"maxTurns": 1, "maxCostUsd": 0.01, "timeoutSeconds": 30}
"""What the suite's own runs may use."""
REPOSITORIES_OF_THE_NODE = 100
"""As many repositories the official n8n node asks for."""
HEADERS_OF_THE_NODE = {"X-Cospec-Source": "n8n"}
"""What it sends on every call."""
ODD_TEXT = 'é ✓ 中 😀 <b>&amp;</b> "it\'s" a=b  c 100 % \\ $HOME {{x}}'
"""What comes back as it is from a server that takes text for text."""
PROMPT = "Answer with the single word OK and change nothing. This is a contract test."
_OWN_RUNS_AT_ONCE = 4
_LONGEST_PAGE = 100
PATIENCE_SECONDS = 60
"""How long to wait for own runs to stop, and for places that others take."""
_STEP_SECONDS = 3
_STOP_STEPS_SECONDS = (2, 3, 5, 10, 20, 20)
"""How long to wait before each look at own runs that are to stop."""
_LOOKS = 4
"""So often own runs may have to be looked at until they have stopped."""
_REAL_STEPS_SECONDS = (2, 3, 5, 5, 5, 10, 10, 10, 15, 15)
_MOVED_STEPS_SECONDS = (40, 60, 600, 3600)
"""How long to wait before each look at a run that is to end."""


class World:
    """The suite's own things on the server."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.trials = Trials(session.document)
        self.extremes = Extremes(self.trials, self.PINNED)
        self.tag = session.journal.tag if session.journal is not None else new_tag()
        self.ledger = Ledger()
        session.observers.append(self.ledger.note)
        self.lists = KnownLists({session.target.key, session.target.second})
        session.observers.append(self.lists.note)
        if session.journal is not None:
            session.journal.follow(self.ledger)
            session.observers.append(session.journal.note)
        self._count = 0
        self._system_slug: str | None = None
        self._template: dict[str, Any] | None = None
        self.lingering: dict[str, Exchange] = {}
        """Runs that were asked to stop and were still at work when patience ran out, as they were seen then."""
        self._firsts: dict[str, str] = {}
        """What lists show first, where only what is there already can be read."""
        self._in_use: set[str] = set()
        """The ids of what was made for a rule."""

    # Names

    def fresh_name(self) -> str:
        """A slug that nothing has yet."""
        self._count += 1
        return f"ct-{self.tag}-{self._count}"

    def fresh_url(self) -> str:
        """A webhook's URL that nothing has yet; its host never resolves."""
        return f"https://hooks.acme.example/Contract-Tests/{self.fresh_name()}?by=suite"

    @property
    def is_settled(self) -> bool:
        """Whether repository and template are known, so that naming them costs no request."""
        return is_gathered(self, World.repository_list) and is_gathered(self, World.bare_template)

    # What is there

    @gathered
    def current_key(self) -> Exchange:
        """What the server says of the main key; the run has asked for that before it began."""
        return self.session.greeting or self.session.call("getCurrentApiKey")

    @gathered
    def repository_list(self) -> Exchange:
        """The list of repositories as the official n8n node asks for it."""
        query: Query = {"limit": REPOSITORIES_OF_THE_NODE}
        return self.session.send(self.session.build("listRepositories", query=query, headers=HEADERS_OF_THE_NODE))

    def _usable_repositories(self) -> dict[str, Mapping[str, Any]]:
        """The listed repositories whose names are of the documented form, by name; those in groups of groups, as GitLab
        has them, where there are no others.
        """
        named = {str(item.get("fullName")): item for item in items(self.repository_list())}
        plain = {name: item for name, item in named.items() if name.count("/") == 1}
        return plain or {name: item for name, item in named.items() if all(name.split("/")) and "/" in name}

    def repositories(self) -> list[str]:
        """The names of the repositories that the server lists; the document's example when it lists none."""
        named = self.trials.fullest_example("createRun")["repo"].removeprefix("https://github.com/")
        return list(self._usable_repositories()) or [named]

    def repository_of(self, provider: str) -> str:
        """A listed repository that this provider hosts, the first one when none is said to be there."""
        listed = self._usable_repositories()
        return next((name for name, item in listed.items() if item.get("provider") == provider), self.repositories()[0])

    def default_branch(self, repository: str) -> str | None:
        """The default branch that the list tells of a repository."""
        branch = self._usable_repositories().get(repository, {}).get("defaultBranch")
        return branch if isinstance(branch, str) else None

    def system_slug(self) -> str:
        """The slug of a system template, which every organization has."""
        if self._system_slug is None:
            known = self.lists.whole("listTemplates", {})
            listed = items(known.exchange) if known is not None else everything(self.session, "listTemplates").items
            for item in (item for item in listed if item.get("isSystem") is True):
                if isinstance(item.get("slug"), str):
                    self._system_slug = str(item["slug"])
                    break
        return self._system_slug or not_checked("because no system template is listed")

    def template(self) -> dict[str, Any]:
        """A template of the suite's own that no rule changes."""
        if self._template is None:
            given, answer = self.bare_template()
            self._template = self._made(given, answer)
        elif self._template["id"] not in self.ledger.templates:
            self._template = self.new_template()
        return self._template

    @gathered
    def bare_template(self) -> tuple[Mapping[str, Any], Exchange]:
        """What a template is given that gets nothing but what it needs, and the answer to its create. Its slug is the
        longest that there is, where the server takes that.
        """
        slug = f"2{self.fresh_name()}"
        longest = as_long_as(self.extremes.body("createTemplate", GREATEST)["slug"], slug)
        given = {"slug": longest, "name": "Contract test, bare", "baseImage": "php-8.3"}
        answer = self.session.call("createTemplate", body=given)
        if answer.status == 400:
            given["slug"] = slug
            answer = self.session.call("createTemplate", body=given)
        return given, answer

    def new_template(self, **members: Any) -> dict[str, Any]:
        """Create a template for one rule."""
        name = self.fresh_name()
        body = {"slug": name, "name": name, "baseImage": "node-22", **members}
        return self._made(body, self.session.call("createTemplate", body=body))

    def _made(self, body: Mapping[str, Any], answer: Exchange) -> dict[str, Any]:
        """The template that an answer shows. Ends in `hindered` when it shows none."""
        template = answer.json.get("template") if isinstance(answer.json, dict) else None
        if not answer.succeeded or not isinstance(template, dict) or not isinstance(template.get("id"), str):
            hindered(f"because no template could be created: {answer.summary()}")
        self._in_use.add(template["id"])
        return {**template, "slug": body["slug"]}

    def new_webhook(self, **members: Any) -> dict[str, Any]:
        """Register a webhook for one rule."""
        body = {"url": self.fresh_url(), "events": ["run.completed"], **members}
        answer = self.session.call("createWebhook", body=body)
        if answer.code == ProblemCode.WEBHOOK_LIMIT_EXCEEDED:
            self.remove_spare_webhooks()
            answer = self.session.call("createWebhook", body=body)
            if answer.code == ProblemCode.WEBHOOK_LIMIT_EXCEEDED and self._has_all_webhooks():
                not_checked("because the organization has no room for more webhooks")
        if not answer.succeeded or not isinstance(answer.json, dict) or not isinstance(answer.json.get("id"), str):
            hindered(f"because no webhook could be registered: {answer.summary()}")
        webhook: dict[str, Any] = answer.json
        self._in_use.add(webhook["id"])
        return webhook

    def _has_all_webhooks(self) -> bool:
        """Whether the organization has as many webhooks as it may have."""
        return len(items(self.session.call("listWebhooks"))) >= WEBHOOKS_PER_ORGANIZATION

    # Runs

    def harmless_prompt(self) -> str:
        """A prompt that asks for nothing and that no other run has."""
        return f"{PROMPT} ({self.fresh_name()})"

    def run_body(self, **members: Any) -> dict[str, Any]:
        """The body of a harmless run with the least guardrails."""
        self.session.demand("createRun")
        return {
            "repo": self.repositories()[0],
            "prompt": self.harmless_prompt(),
            "template": self.template()["slug"],
            "guardrails": dict(LEAST_GUARDRAILS),
            **members,
        }

    def create_run(self, body: Any) -> Exchange:
        """Send a createRun that is to succeed: make room first, and try again when others took the room."""
        self.make_room()
        deadline = self.session.target.now() + PATIENCE_SECONDS
        while True:
            answer = self.session.call("createRun", body=body)
            full = answer.code == ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED
            unlucky = answer.status in (502, 503)
            if not (full or unlucky) or self.lingering or self.session.target.now() > deadline:
                return answer
            if unlucky:
                deadline = min(deadline, self.session.target.now() + _STEP_SECONDS)
            self.session.target.wait(_STEP_SECONDS, "for a place among the active runs", PATIENCE_SECONDS)

    def new_run(self, **given: Any) -> str:
        """Start a run for one rule and return its id."""
        return self._id_of_run(self.create_run(self.run_body(**given)))

    @gathered
    def first_run(self) -> Exchange:
        """The answer to a create of a harmless run, in the repository that is listed last."""
        return self.create_run(self.run_body(repo=self.repositories()[-1]))

    def a_run(self) -> str:
        """A run of the suite's own, in whatever state, that is only read, or cancelled."""
        own = [one for one in self.ledger.every_run if self.ledger.keys[one] == self.session.target.key]
        return own[-1] if own else self._id_of_run(self.first_run())

    def run_to_read(self) -> str:
        """A run that is only read: any of the organization where the suite may start none."""
        return self.a_run() if self.session.may("createRun") else self._listed("createRun", "listRuns")

    def template_to_read(self) -> str:
        """The id of a template that is only read: any that is listed where the suite may make none."""
        if self.session.may("createTemplate"):
            return str(self.template()["id"])
        return self._listed("createTemplate", "listTemplates")

    def _listed(self, create: str, list_: str) -> str:
        """The id of what a list shows first. Ends the test for want of permission to create when it shows nothing."""
        if list_ not in self._firsts:
            found = items(self.session.call(list_))
            self._firsts[list_] = next((item["id"] for item in found if isinstance(item.get("id"), str)), "")
        if not self._firsts[list_]:
            self.session.demand(create)
        return self._firsts[list_]

    @staticmethod
    def _id_of_run(answer: Exchange) -> str:
        run_id = members(answer.json).get("id")
        if not answer.succeeded or not isinstance(run_id, str):
            hindered(f"because no run could be started: {answer.summary()}")
        return run_id

    def await_end(self, run_id: str, key: str | None = None) -> Exchange:
        """Read a run again and again until it has ended or patience runs out. Returns the last answer."""
        steps = _MOVED_STEPS_SECONDS if self.session.target.moves_its_clock else _REAL_STEPS_SECONDS
        answer: Exchange | None = None
        for seconds in steps:
            self.session.target.wait(seconds, "for a run to end", sum(steps))
            answer = self.session.call("getRun", path={"id": run_id}, key=key)
            if answer.status == 404 or members(answer.json).get("status") in ENDED:
                break
        assert answer is not None
        return answer

    def make_room(self, wanted: int = _OWN_RUNS_AT_ONCE) -> None:
        """Cancel own runs and wait until fewer of them than the limit allows are at work."""
        if len(self._at_work()) < wanted:
            return
        if len(self.ledger.runs - self.ledger.stopping) > 1:
            self._look_for_ended()
            if len(self._at_work()) < wanted:
                return
        for run_id in sorted(self.ledger.runs - self.ledger.stopping):
            self.session.call("cancelRun", path={"id": run_id}, key=self.ledger.keys.get(run_id))
        for seconds in _STOP_STEPS_SECONDS:
            if not self._at_work():
                break
            self.session.target.wait(seconds, "for our runs to stop", PATIENCE_SECONDS)
            self._look_for_ended()
        for run_id in self._at_work():
            answer = self.session.call("getRun", path={"id": run_id}, key=self.ledger.keys.get(run_id))
            if answer.status == 404:
                self.ledger.runs.discard(run_id)
            elif run_id in self.ledger.runs:
                self.lingering[run_id] = answer

    def _at_work(self) -> list[str]:
        """The own runs that may be at work and are not known to go on for ever."""
        return sorted(self.ledger.runs - self.lingering.keys())

    def _look_for_ended(self) -> None:
        """List the runs that have ended, so that the ledger learns which of the own ones did."""
        query = {"status": ",".join(ENDED), "limit": _LONGEST_PAGE}
        for key in sorted({self.ledger.keys[run_id] for run_id in self.ledger.runs}):
            self.session.call("listRuns", query=query, key=key)

    # Fitting requests to what is there

    PINNED = ("repo", "template", "branch")
    """Members whose value must agree with what is on the server."""

    def path_parameters(self, operation_id: str) -> dict[str, str]:
        """Values of the operation's path parameters that name something of the suite's own, made for it if need be."""
        if "{" not in OPERATIONS[operation_id].path:
            return {}
        if operation_id in ("deleteTemplate", "updateTemplate"):
            return {"idOrSlug": self._spare_template()}
        if operation_id == "deleteWebhook":
            return {"id": self._spare_webhook()}
        if "{idOrSlug}" in OPERATIONS[operation_id].path:
            return {"idOrSlug": self.template_to_read()}
        return {"id": self.run_to_read() if OPERATIONS[operation_id].method == "GET" else self.a_run()}

    def _spare_template(self) -> str:
        """The id of an own template that no rule needs as it is, the newest."""
        spare = [one for one in self.ledger.templates if self._is_spare(one)]
        return spare[-1] if spare else str(self.new_template()["id"])

    def _spare_webhook(self) -> str:
        """The id of an own webhook that no rule needs."""
        spare = sorted(filter(self._is_spare, self.ledger.webhooks))
        return spare[0] if spare else str(self.new_webhook()["id"])

    def _is_spare(self, made: str) -> bool:
        """Whether the main key's organization has it, and no rule needs it as it is."""
        return made not in self._in_use and self.ledger.keys[made] == self.session.target.key

    def remove_spare_webhooks(self) -> None:
        """Delete the own webhooks that no rule needs."""
        for webhook_id in sorted(self.ledger.webhooks - self._in_use):
            self.session.call("deleteWebhook", path={"id": webhook_id}, key=self.ledger.keys.get(webhook_id))

    def fitted(self, operation_id: str, body: Any) -> Any:
        """A body whose pinned members name what is there, or what is not there yet."""
        if not isinstance(body, dict):
            return body
        body = dict(body)
        if operation_id == "createRun":
            self.session.demand("createRun")
            body = self.harmless({**body, "repo": self.repositories()[0], "template": self.template()["slug"]})
            body.pop("branch", None)
        elif operation_id == "createTemplate":
            name, told = self.fresh_name(), body.get("description")
            body["slug"] = as_long_as(body.get("slug"), name)
            if name not in body["slug"]:
                body["description"] = name.ljust(len(told) if isinstance(told, str) else 0, "a")
        elif operation_id == "createWebhook":
            body["url"] = as_long_as(body.get("url"), self.fresh_url())
        return body

    def harmless(self, body: Any) -> Any:
        """The body of a create of a run with a prompt that asks for nothing and the least guardrails, where runs cost.

        What breaks the schema stays as it is.
        """
        if self.session.target.is_mock or not isinstance(body, dict):
            return body
        body, given = dict(body), body.get("guardrails")
        schema = self.session.document.request_body("createRun")
        assert schema is not None
        wrong = {error.where[:depth] for error in self.session.document.errors(schema, body) for depth in (1, 2)}
        if isinstance(body.get("prompt"), str) and ("prompt",) not in wrong:
            body["prompt"] = as_long_as(body["prompt"], self.harmless_prompt())
        if isinstance(given, dict):
            kept = {name for name in LEAST_GUARDRAILS if ("guardrails", name) not in wrong}
            body["guardrails"] = given | {name: LEAST_GUARDRAILS[name] for name in kept & given.keys()}
        return body

    def send_body(self, operation_id: str, path: Mapping[str, str], body: Any) -> Exchange:
        """Send a valid body, fitted to what is there."""
        body = self.fitted(operation_id, body)
        if operation_id == "createRun":
            return self.create_run(body)
        return self.session.call(operation_id, path=path, body=body)

    def send_invalid(self, operation_id: str, path: Mapping[str, str], body: Any) -> Exchange:
        """Send a body that is to be refused for what it is, and again when it was for want of room for a webhook."""
        answer = self.session.call(operation_id, path=path, body=body)
        if answer.code == ProblemCode.WEBHOOK_LIMIT_EXCEEDED:
            self.remove_spare_webhooks()
            answer = self.session.call(operation_id, path=path, body=body)
        return answer

    # Leaving

    @property
    def requests_to_leave(self) -> int:
        """How many requests `clean` will send, where runs stop before long."""
        ledger = self.ledger
        runs = len(ledger.runs - ledger.stopping) + _LOOKS if ledger.runs else 0
        return len(ledger.templates) + len(ledger.webhooks) + runs

    def clean(self) -> list[str]:
        """Remove everything that the suite has made. Returns what could not be removed."""
        session, left = self.session, []
        try:
            self.make_room(wanted=1)
            for webhook_id in sorted(self.ledger.webhooks):
                session.call("deleteWebhook", path={"id": webhook_id}, key=self.ledger.keys.get(webhook_id))
            for template_id in sorted(self.ledger.templates):
                session.call("deleteTemplate", path={"idOrSlug": template_id}, key=self.ledger.keys.get(template_id))
        except LineError as error:
            left.append(str(error))
        left += [f"webhook {webhook_id}" for webhook_id in sorted(self.ledger.webhooks)]
        left += [f"template {slug}" for slug in sorted(self.ledger.templates.values())]
        return left + [f"run {run_id}" for run_id in sorted(self.ledger.runs)]


def as_long_as(given: Any, fresh: str) -> str:
    """A fresh name that is as long as the given one, if it can be; a single letter stays what it is."""
    if not isinstance(given, str) or len(given) == 1:
        return given if isinstance(given, str) else fresh
    return fresh.ljust(len(given), given[-1:] or "a")

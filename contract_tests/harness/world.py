"""What the tests need on the server: a repository, a template, runs, a webhook; made once, and removed at the end.

Everything that is made bears the run's tag in its name. What the suite did not make it leaves alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.listing import everything
from contract_tests.harness.reading import items, members
from contract_tests.harness.rules import not_checked
from contract_tests.harness.session import LineError, Session
from contract_tests.harness.trials import Trials
from generated.contract import OPERATIONS, ProblemCode

ENDED = ("completed", "failed", "cancelled")
LEAST_GUARDRAILS = {"maxTurns": 1, "maxCostUsd": 0.01, "timeoutSeconds": 30}
"""What the suite's own runs may use."""
PROMPT = "Answer with the single word OK and change nothing. This is a contract test."
_OWN_RUNS_AT_ONCE = 4
_PATIENCE_SECONDS = 60
_STEP_SECONDS = 3
_REAL_STEPS_SECONDS = (2, 3, 5, 5, 5, 10, 10, 10, 15, 15)
_MOVED_STEPS_SECONDS = (40, 60, 600, 3600)
"""How long to wait before each look at a run that is to end."""


def _tag() -> str:
    """Six characters that differ from run to run."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    number = time.time_ns() // 1_000_000
    text = ""
    for _ in range(6):
        number, digit = divmod(number, 36)
        text = digits[digit] + text
    return text


@dataclass
class Ledger:
    """What the suite has made and not yet removed."""

    templates: dict[str, str] = field(default_factory=dict)
    """Slug by id."""
    webhooks: set[str] = field(default_factory=set)
    runs: set[str] = field(default_factory=set)
    """Runs that may still be pending or running."""
    keys: dict[str, str] = field(default_factory=dict)
    """The key that a thing was made with, by the thing's id."""

    def note(self, exchange: Exchange) -> None:
        """Learn from any successful exchange what came to be and what is gone."""
        body = exchange.json
        operation_id = exchange.request.operation_id
        if not exchange.succeeded or operation_id is None:
            return
        last = exchange.request.path.rpartition("/")[2]
        if operation_id == "deleteTemplate":
            for template_id, slug in list(self.templates.items()):
                if last in (template_id, slug):
                    del self.templates[template_id]
        elif operation_id == "deleteWebhook":
            self.webhooks.discard(last)
        if not isinstance(body, dict):
            return
        template = body.get("template")
        if operation_id == "createTemplate" and isinstance(template, dict) and isinstance(template.get("id"), str):
            self.templates[template["id"]] = str(template.get("slug"))
            self._note_key(template["id"], exchange)
        made = body.get("id")
        if isinstance(made, str):
            if operation_id == "createWebhook":
                self.webhooks.add(made)
                self._note_key(made, exchange)
            elif operation_id == "createRun":
                self.runs.add(made)
                self._note_key(made, exchange)
            elif body.get("status") in ENDED:
                self.runs.discard(made)

    def _note_key(self, made: str, exchange: Exchange) -> None:
        self.keys[made] = (exchange.request.authorization or "").removeprefix("Bearer ")


class World:
    """The suite's own things on the server."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.trials = Trials(session.document)
        self.tag = _tag()
        self.ledger = Ledger()
        session.observers.append(self.ledger.note)
        self._count = 0
        self._repositories: list[str] | None = None
        self._providers: dict[str, Any] = {}
        self._system_slug: str | None = None
        self._template: dict[str, Any] | None = None
        self._run: str | None = None

    # Names

    def fresh_name(self) -> str:
        """A slug that nothing has yet."""
        self._count += 1
        return f"ct-{self.tag}-{self._count}"

    def fresh_url(self) -> str:
        """A webhook's URL that nothing has yet; its host never resolves."""
        return f"https://hooks.acme.example/{self.fresh_name()}"

    @property
    def is_settled(self) -> bool:
        """Whether repository and template are known, so that naming them costs no request."""
        return self._repositories is not None and self._template is not None

    # What is there

    def repositories(self) -> list[str]:
        """The repositories that the server lists first; the document's example when it lists none."""
        if self._repositories is None:
            for item in items(self.session.call("listRepositories")):
                name = item.get("fullName")
                if isinstance(name, str) and name.count("/") == 1:
                    self._providers.setdefault(name, item.get("provider"))
            self._repositories = list(self._providers) or [
                self.trials.fullest_example("createRun")["repo"].removeprefix("https://github.com/")
            ]
        return self._repositories

    def repository_of(self, provider: str) -> str:
        """A listed repository that this provider hosts, the first one when none is said to be there."""
        repositories = self.repositories()
        return next((name for name in repositories if self._providers.get(name) == provider), repositories[0])

    def system_slug(self) -> str:
        """The slug of a system template, which every organization has."""
        if self._system_slug is None:
            for item in everything(self.session, "listTemplates").having("isSystem", True):
                if isinstance(item.get("slug"), str):
                    self._system_slug = str(item["slug"])
                    break
        return self._system_slug or not_checked("because no system template is listed")

    def template(self) -> dict[str, Any]:
        """A template of the suite's own that no rule changes."""
        if self._template is None or self._template["id"] not in self.ledger.templates:
            self._template = self.new_template()
        return self._template

    def new_template(self, **members: Any) -> dict[str, Any]:
        """Create a template for one rule."""
        name = self.fresh_name()
        body = {"slug": name, "name": name, "baseImage": "node-22", **members}
        answer = self.session.call("createTemplate", body=body)
        template = answer.json.get("template") if isinstance(answer.json, dict) else None
        if not answer.succeeded or not isinstance(template, dict) or not isinstance(template.get("id"), str):
            not_checked(f"no template could be created: {answer.summary()}")
        return {**template, "slug": body["slug"]}

    def new_webhook(self, **members: Any) -> dict[str, Any]:
        """Register a webhook for one rule."""
        body = {"url": self.fresh_url(), "events": ["run.completed"], **members}
        answer = self.session.call("createWebhook", body=body)
        if not answer.succeeded or not isinstance(answer.json, dict) or not isinstance(answer.json.get("id"), str):
            not_checked(f"no webhook could be registered: {answer.summary()}")
        webhook: dict[str, Any] = answer.json
        return webhook

    # Runs

    def run_body(self, **members: Any) -> dict[str, Any]:
        """The body of a harmless run with the least guardrails."""
        return {
            "repo": self.repositories()[0],
            "prompt": PROMPT,
            "template": self.template()["slug"],
            "guardrails": dict(LEAST_GUARDRAILS),
            **members,
        }

    def create_run(self, body: Any) -> Exchange:
        """Send a createRun that is to succeed: make room first, and try again when others took the room."""
        self.make_room()
        deadline = self.session.target.now() + _PATIENCE_SECONDS
        while True:
            answer = self.session.call("createRun", body=body)
            full = answer.code == ProblemCode.CONCURRENT_RUN_LIMIT_EXCEEDED
            unlucky = answer.status in (502, 503)
            if not (full or unlucky) or self.session.target.now() > deadline:
                return answer
            if unlucky:
                deadline = min(deadline, self.session.target.now() + _STEP_SECONDS)
            self.session.target.wait(_STEP_SECONDS)

    def new_run(self, **members: Any) -> str:
        """Start a run for one rule and return its id."""
        answer = self.create_run(self.run_body(**members))
        run_id = answer.json.get("id") if isinstance(answer.json, dict) else None
        if not answer.succeeded or not isinstance(run_id, str):
            not_checked(f"no run could be started: {answer.summary()}")
        return run_id

    def a_run(self) -> str:
        """A run of the suite's own, in whatever state, that is only read."""
        if self._run is None:
            self._run = self.new_run()
            self.session.call("cancelRun", path={"id": self._run})
        return self._run

    def await_end(self, run_id: str) -> Exchange:
        """Read a run again and again until it has ended or patience runs out. Returns the last answer."""
        steps = _MOVED_STEPS_SECONDS if self.session.target.moves_its_clock else _REAL_STEPS_SECONDS
        answer: Exchange | None = None
        for seconds in steps:
            self.session.target.wait(seconds)
            answer = self.session.call("getRun", path={"id": run_id})
            if answer.status == 404 or members(answer.json).get("status") in ENDED:
                break
        assert answer is not None
        return answer

    def make_room(self, wanted: int = _OWN_RUNS_AT_ONCE) -> None:
        """Cancel own runs and wait until fewer of them than the limit allows are at work."""
        if len(self.ledger.runs) < wanted:
            return
        for run_id in sorted(self.ledger.runs):
            self.session.call("cancelRun", path={"id": run_id}, key=self.ledger.keys.get(run_id))
        deadline = self.session.target.now() + _PATIENCE_SECONDS
        while self.ledger.runs and self.session.target.now() < deadline:
            self.session.target.wait(_STEP_SECONDS)
            for run_id in sorted(self.ledger.runs):
                answer = self.session.call("getRun", path={"id": run_id}, key=self.ledger.keys.get(run_id))
                if answer.status == 404:
                    self.ledger.runs.discard(run_id)

    # Fitting requests to what is there

    PINNED = ("repo", "template", "branch")
    """Members whose value must agree with what is on the server."""

    def path_parameters(self, operation_id: str) -> dict[str, str]:
        """Values of the operation's path parameters that name something of the suite's own, made for it if need be."""
        if "{" not in OPERATIONS[operation_id].path:
            return {}
        if operation_id in ("deleteTemplate", "updateTemplate"):
            return {"idOrSlug": self.new_template()["id"]}
        if operation_id == "deleteWebhook":
            return {"id": self.new_webhook()["id"]}
        if operation_id == "cancelRun":
            return {"id": self.new_run()}
        if "{idOrSlug}" in OPERATIONS[operation_id].path:
            return {"idOrSlug": self.template()["id"]}
        return {"id": self.a_run()}

    def fitted(self, operation_id: str, body: Any) -> Any:
        """A body whose pinned members name what is there, or what is not there yet."""
        if not isinstance(body, dict):
            return body
        body = dict(body)
        if operation_id == "createRun":
            body |= {"repo": self.repositories()[0], "template": self.template()["slug"]}
            body.pop("branch", None)
        elif operation_id == "createTemplate":
            body["slug"] = _as_long_as(body.get("slug"), self.fresh_name())
        elif operation_id == "createWebhook":
            body["url"] = _as_long_as(body.get("url"), self.fresh_url())
        return body

    # Leaving

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


def _as_long_as(given: Any, fresh: str) -> str:
    """A fresh name that is as long as the given one, if it can be; a single letter stays what it is."""
    if not isinstance(given, str) or len(given) == 1:
        return given if isinstance(given, str) else fresh
    return fresh.ljust(len(given), "a")

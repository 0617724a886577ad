"""Whose things are whose: keys of one organization share everything, keys of different organizations nothing.

The main key makes a run, a template and a webhook. A key of another organization asks for each of them in every way
that there is; then the main key looks what became of them, and a second key of its own organization works with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from contract_tests.harness.evidence import gathered
from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lifecycle import ENDED
from contract_tests.harness.listing import Listing, everything
from contract_tests.harness.own_runs import OwnRuns
from contract_tests.harness.reading import answered, differences, items, listed, members, shown, total
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.session import Session
from contract_tests.harness.template_lives import TemplateLives, template_of, unlike
from contract_tests.harness.world import World
from generated.contract import OPERATIONS, ProblemCode

REQUESTS_OF_A_RUN = 20
"""For how many requests the window must have room while the run is to be at work."""
TAKEN_OVER = "Contract test, taken over by another organization"
LONGEST_PAGE = 100


@dataclass(frozen=True)
class Things:
    """What the main key made."""

    run_id: str
    template: Mapping[str, Any]
    webhook: Mapping[str, Any]


@dataclass(frozen=True)
class View:
    """The things as the main key sees them when the stranger, if there is one, has asked for them."""

    run: Exchange
    template: Exchange
    webhooks: Exchange


class Tenants:
    """The main key and what other keys do to what it made."""

    def __init__(self, session: Session, world: World, own_runs: OwnRuns, templates: TemplateLives) -> None:
        self._session, self._world, self._own_runs, self._templates = session, world, own_runs, templates

    @property
    def stranger(self) -> str:
        return self._session.target.key_other_org or not_checked("because COSPEC_API_KEY_OTHER_ORG is not set")

    @property
    def second(self) -> str:
        return self._session.target.key_second or not_checked("because COSPEC_API_KEY_SECOND is not set")

    @gathered
    def things(self) -> Things:
        session, world = self._session, self._world
        session.demand("createRun")
        world.make_room()
        template, webhook = world.template(), world.new_webhook()
        session.ensure(REQUESTS_OF_A_RUN)
        run_id = world.a_run()
        is_at_work = run_id in world.ledger.runs - world.ledger.stopping
        return Things(run_id if is_at_work else world.new_run(), template, webhook)

    @gathered
    def intrusions(self) -> dict[str, Exchange]:
        """What the stranger's requests for the things are answered. Cancelling comes before what needs no run."""
        key, things = self.stranger, self.things()
        run, template = {"id": things.run_id}, {"idOrSlug": str(things.template["id"])}
        slug = {"idOrSlug": str(things.template.get("slug"))}
        call = self._session.call
        return {
            "cancel a run": call("cancelRun", path=run, key=key),
            "read a run": call("getRun", path=run, key=key),
            "read the logs of a run": call("listRunLogs", path=run, key=key),
            "read a template by its id": call("getTemplate", path=template, key=key),
            "read a template by its slug": call("getTemplate", path=slug, key=key),
            "change a template": call("updateTemplate", path=template, body={"name": TAKEN_OVER}, key=key),
            "change a template by its slug": call("updateTemplate", path=slug, body={"name": TAKEN_OVER}, key=key),
            "delete a template": call("deleteTemplate", path=template, key=key),
            "delete a template by its slug": call("deleteTemplate", path=slug, key=key),
            "delete a webhook": call("deleteWebhook", path={"id": str(things.webhook["id"])}, key=key),
        }

    @gathered
    def use_of_template(self) -> Exchange:
        """What the stranger's run of the template is answered."""
        key = self.stranger
        body = self._world.run_body(template=self.things().template.get("slug"))
        answer = self._session.call("createRun", body=body, key=key)
        run_id = members(answer.json).get("id")
        if answer.succeeded and isinstance(run_id, str):
            self._session.call("cancelRun", path={"id": run_id}, key=key)
        return answer

    @gathered
    def namesakes(self) -> tuple[Exchange, Exchange]:
        """The answers to the stranger's creates of a template with the slug, and of a webhook with the URL, of ours."""
        key, things = self.stranger, self.things()
        self.use_of_template()
        slug, url = str(things.template.get("slug")), things.webhook.get("url")
        template = {"slug": slug, "name": slug, "baseImage": "node-22"}
        webhook = {"url": url, "events": ["run.completed"]}
        made = self._session.call("createWebhook", body=webhook, key=key)
        if made.succeeded:
            self._session.call("deleteWebhook", path={"id": str(members(made.json).get("id"))}, key=key)
        return self._session.call("createTemplate", body=template, key=key), made

    @gathered
    def lists(self) -> dict[str, Listing]:
        """What the stranger's lists hold."""
        key = self.stranger
        self.things()
        webhooks = self._session.call("listWebhooks", key=key)
        records = self._session.call("listUsageLogs", query={"limit": LONGEST_PAGE}, key=key)
        return {
            "template": everything(self._session, "listTemplates", key=key),
            "webhook": Listing(tuple(items(webhooks)), (webhooks,)),
            "usage record": Listing(tuple(items(records)), (records,)),
        }

    def runs(self) -> tuple[Exchange, list[str]]:
        """A stranger's list of runs, and the ids of ours that were there by then."""
        story = self._own_runs.story()
        answer = story.of_others or not_checked("because COSPEC_API_KEY_OTHER_ORG is not set")
        return answer, [life.id for life in story.lives if life.created.number < answer.number]

    def seen_anyway(self) -> tuple[Exchange, list[str], Exchange]:
        """A list of runs and a template as the second key sees them in other tests, and the runs' ids."""
        assert self.second  # without one, they were asked for with the main key
        runs, template = self._own_runs.list_of_ours(), self._templates.reads_after()[0]
        return runs, [life.id for life in self._own_runs.story().lives], template

    @gathered
    def own_view(self) -> View:
        things = self.things()
        if self._session.target.key_other_org:
            self.intrusions()
        return View(
            self._session.call("getRun", path={"id": things.run_id}),
            self._session.call("getTemplate", path={"idOrSlug": str(things.template["id"])}),
            self._session.call("listWebhooks"),
        )

    @gathered
    def shared(self) -> tuple[Exchange, Exchange]:
        """The run and the template as the second key sees them."""
        key, things = self.second, self.things()
        self.own_view()
        return (
            self._session.call("getRun", path={"id": things.run_id}, key=key),
            self._session.call("getTemplate", path={"idOrSlug": str(things.template.get("slug"))}, key=key),
        )

    @gathered
    def worked(self) -> dict[str, Exchange]:
        """What the second key's requests for the things are answered."""
        key, things = self.second, self.things()
        self.shared()
        call, template = self._session.call, {"idOrSlug": str(things.template["id"])}
        return {
            "the logs of a run": call("listRunLogs", path={"id": things.run_id}, key=key),
            "an update of a template": call("updateTemplate", path=template, body={}, key=key),
            "the list of webhooks": call("listWebhooks", key=key),
        }

    @gathered
    def removed(self) -> tuple[Exchange, Exchange]:
        """The second key deletes the webhook; what the main key is then answered to the same."""
        self.worked()
        path = {"id": str(self.things().webhook["id"])}
        first = self._session.call("deleteWebhook", path=path, key=self.second)
        return first, self._session.call("deleteWebhook", path=path)

    @gathered
    def organizations(self) -> dict[str, Exchange]:
        """What the other keys say of themselves."""
        keys = {"second": self._session.target.key_second, "stranger": self._session.target.key_other_org}
        return {name: self._session.call("getCurrentApiKey", key=key) for name, key in keys.items() if key}

    def organization(self, name: str) -> Any:
        return members(self.organizations()[name].json).get("organizationId")


@pytest.fixture(name="tenants", scope="session")
def _tenants(session: Session, world: World, own_runs: OwnRuns, template_lives: TemplateLives) -> Tenants:
    return Tenants(session, world, own_runs, template_lives)


@rule("isolation/other-organizations-find-nothing", source="overview")
def test_other_organizations_find_nothing(tenants: Tenants) -> None:
    """Another organization's run, template or webhook is answered 404, to read, change, cancel or delete."""
    for words, exchange in tenants.intrusions().items():
        is_assumed = OPERATIONS[exchange.request.operation_id or ""].source == "assumed"
        right = exchange.status == 404 or (is_assumed and 400 <= exchange.status < 500)
        require(right, f"another organization may {words}: the answer is {answered(exchange)}", exchange)


@rule("isolation/other-organizations-change-nothing", source="overview")
def test_other_organizations_change_nothing(tenants: Tenants) -> None:
    """What another organization asks of a run, a template or a webhook leaves it as it was."""
    tenants.intrusions()
    after, things = tenants.own_view(), tenants.things()
    require(after.run.succeeded, "a run is gone after another organization asked for it", after.run)
    run = members(after.run.json)
    asked = run.get("cancelRequestedAt") or run.get("status") == "cancelled"
    require(not asked, "a run is cancelled after another organization asked for it", after.run)
    require(after.template.succeeded, "a template is gone after another organization asked for it", after.template)
    renamed = template_of(after.template).get("name") == TAKEN_OVER
    require(not renamed, "a template has the name that another organization gave it", after.template)
    found = [item for item in items(after.webhooks) if item.get("id") == things.webhook["id"]]
    require(found, "a webhook is gone after another organization asked for it", after.webhooks)


OF_RUNS_AND_OTHERS = pytest.mark.parametrize("of_runs", [True, False], ids=["runs", "others"])
"""Lists of runs are looked at beside other tests, and the rest later."""


@OF_RUNS_AND_OTHERS
@rule("isolation/lists-hold-only-the-own", source="overview")
def test_lists_hold_only_the_own(tenants: Tenants, of_runs: bool) -> None:
    """No list of another organization holds the run, the template, the webhook or a usage record of this one."""
    if of_runs:
        answer, ours = tenants.runs()
        held = [item for item in items(answer) if item.get("id") in ours]
        require(not held, "another organization's list holds a run that is not its own", answer)
        return
    lists, things = tenants.lists(), tenants.things()
    for name, thing_id in (("template", things.template["id"]), ("webhook", things.webhook["id"])):
        held = lists[name].having("id", thing_id)
        require(not held, f"another organization's list holds a {name} that is not its own", lists[name].first)
    own = members(tenants.own_view().run.json).get("organizationId")
    records = lists["usage record"]
    held = records.having("organizationId", own) if own is not None else []
    require(not held, "another organization's list holds a usage record that is not its own", records.first)


@OF_RUNS_AND_OTHERS
@rule("isolation/counts-hold-only-the-own", source="reference")
def test_counts_hold_only_the_own(tenants: Tenants, of_runs: bool) -> None:
    """An organization's activeCount and totals count its own runs and templates, and nobody else's."""
    if not of_runs:
        listing = tenants.lists()["template"]
        count = total(listing.exchanges[-1])
        seen = f"{len(listing.items)} templates are listed, the total is {shown(count)}"
        require(count in (None, len(listing.items)), seen, listing.exchanges[-1])
        return
    exchange, _ = tenants.runs()
    runs, count = items(exchange), total(exchange)
    told = members(members(exchange.json).get("meta")).get("activeCount")
    if isinstance(count, int) and count > LONGEST_PAGE:
        not_checked("because the other organization has too many runs")
    active = sum(item.get("status") not in ENDED for item in runs)
    seen = f"{len(runs)} runs are listed, {active} active; the total is {shown(count)}, activeCount {shown(told)}"
    require((count, told) == (len(runs), active), seen, exchange)


@rule("isolation/templates-are-not-shared", source="overview")
def test_templates_are_not_shared(tenants: Tenants) -> None:
    """Another organization cannot start a run of a template that is not its own."""
    answer = tenants.use_of_template()
    require(not answer.succeeded, "another organization starts a run of a template that is not its own", answer)


@rule("isolation/names-are-not-shared", source="reference")
def test_names_are_not_shared(tenants: Tenants) -> None:
    """A slug or a URL that another organization uses is free: slugs and URLs are unique in an organization."""
    template, webhook = tenants.namesakes()
    taken = template.code == ProblemCode.TEMPLATE_SLUG_EXISTS
    require(not taken, "another organization's slug is taken", template)
    require(webhook.code != ProblemCode.WEBHOOK_URL_DUPLICATE, "another organization's URL is taken", webhook)


@OF_RUNS_AND_OTHERS
@rule("isolation/one-organization-sees-the-same", source="overview")
def test_keys_of_one_organization_see_the_same(tenants: Tenants, of_runs: bool) -> None:
    """Every key of an organization finds its runs and templates, by id, by slug and in lists, and sees the same."""
    if of_runs:
        runs, ours, template = tenants.seen_anyway()
        listed_ids = [item.get("id") for item in items(runs)]
        missing = [run_id for run_id in ours if run_id not in listed_ids]
        require(not missing, "a second key's list of runs lacks a run of its organization", runs)
        require(template.succeeded, "a second key does not find a template of its organization", template)
        return
    (run, template), view = tenants.shared(), tenants.own_view()
    require(run.succeeded, "a second key does not find a run of its organization", run)
    names = ("id", "organizationId", "templateId", "repo", "prompt", "model", "createdAt", "metadata")
    wrong = differences(members(run.json), members(view.run.json), names) if view.run.succeeded else []
    require(not wrong, f"a second key sees another run: {listed(wrong)}", run)
    require(template.succeeded, "a second key does not find a template of its organization", template)
    wrong = unlike(template_of(template), template_of(view.template)) if view.template.succeeded else []
    require(not wrong, f"a second key sees another template: {listed(wrong)}", template)


@rule("isolation/one-organization-works-on-the-same", source="overview")
def test_keys_of_one_organization_work_on_the_same(tenants: Tenants) -> None:
    """What one key of an organization changes has changed for every key of it."""
    for words, exchange in tenants.worked().items():
        require(exchange.succeeded, f"to a second key {words} is answered {answered(exchange)}", exchange)
    webhooks = tenants.worked()["the list of webhooks"]
    found = [item for item in items(webhooks) if item.get("id") == tenants.things().webhook["id"]]
    require(found, "a second key's list of webhooks lacks a webhook of its organization", webhooks)
    first, again = tenants.removed()
    answer = answered(first)
    require(first.succeeded, f"a second key deletes a webhook of its organization: {answer}", first)
    require(not again.succeeded, "what a second key has deleted is there for the first", again)


@rule("isolation/keys-tell-their-organization", source="reference")
def test_keys_tell_their_organization(tenants: Tenants) -> None:
    """Keys of one organization tell the same organizationId, keys of another organization a different one."""
    told = tenants.organizations()
    if not told:
        not_checked("because neither COSPEC_API_KEY_SECOND nor COSPEC_API_KEY_OTHER_ORG is set")
    own = members(tenants.own_view().run.json).get("organizationId")
    if own is None:
        not_checked("because the run does not tell its organization")
    if "second" in told:
        named = tenants.organization("second")
        require(named == own, f"a second key says {shown(named)}, a run of the first {shown(own)}", told["second"])
    if "stranger" in told:
        named = tenants.organization("stranger")
        require(named != own, f"a key of another organization says {shown(named)} too", told["stranger"])

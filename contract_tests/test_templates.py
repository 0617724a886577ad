"""Templates: what is made is there until it is deleted, changes where it is told to, and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.lifecycle import ENDED
from contract_tests.harness.own_runs import STOPPING, OwnRuns
from contract_tests.harness.reading import (
    alike,
    answered,
    differences,
    instant,
    listed,
    members,
    seconds_between,
    shown,
)
from contract_tests.harness.rules import not_checked, require, rule
from contract_tests.harness.session import Session
from contract_tests.harness.template_lives import (
    ASSUMED,
    EMPTY,
    FULL,
    NULL,
    STATE,
    TemplateLives,
    left_over,
    misfits,
    surplus,
    template_of,
    unlike,
)
from contract_tests.harness.template_use import TemplateUse
from contract_tests.harness.unknown import names_nothing
from contract_tests.harness.world import World
from generated.contract import ProblemCode

SLACK_SECONDS = 1
"""How far apart two times of the same moment may be, one of them in whole seconds."""


@pytest.fixture(name="lives", scope="session")
def _lives(template_lives: TemplateLives) -> TemplateLives:
    return template_lives


@pytest.fixture(name="use", scope="session")
def _use(session: Session, world: World, template_lives: TemplateLives, own_runs: OwnRuns) -> TemplateUse:
    return TemplateUse(session, world, template_lives, own_runs)


def is_refused(exchange: Exchange, status: int, code: ProblemCode, words: str) -> None:
    """Hold the current rule to a refusal."""
    right = exchange.status == status and exchange.code == code
    require(right, f"{words} is answered {answered(exchange)}, not {status} {code}", exchange)


def succeeds(exchange: Exchange, words: str) -> None:
    """Hold the current rule to a success."""
    answer = answered(exchange)
    require(exchange.succeeded, f"{words} is answered {answer}", exchange)


@rule("templates/created-is-echoed", source="reference")
def test_created_is_echoed(lives: TemplateLives) -> None:
    """The answer to a create shows the template as it was given, with an id of its own, and not as the system's."""
    for made in (lives.full(), lives.bare()):
        wrong = misfits(made.template, made.given) + surplus(made.template, made.given)
        require(not wrong, f"in the answer {listed(wrong)}", made.exchange)
        is_system = made.template.get("isSystem")
        require(is_system is False, f"isSystem is {shown(is_system)} on an own template", made.exchange)
    require(lives.full().id != lives.bare().id, "two templates have the same id", lives.bare().exchange)


@rule("templates/created-is-read", source="reference")
def test_created_is_read(lives: TemplateLives) -> None:
    """What was created is what is read: every member that was given, and all that the answer to the create showed."""
    made, (by_id, _) = lives.full(), lives.reads_before()
    succeeds(by_id, "the id of a new template")
    read = template_of(by_id)
    wrong = misfits(read, made.given) + surplus(read, made.given) or unlike(read, made.template)
    require(not wrong, f"read after the create, {listed(wrong)}", by_id)


@rule("templates/read-by-slug-as-by-id", source="reference")
def test_a_slug_reads_as_the_id(lives: TemplateLives) -> None:
    """A template is the same whether it is read by its slug or by its id, when it is new and after changes."""
    for by_id, by_slug in (lives.reads_before(), lives.reads_after()):
        succeeds(by_slug, "the slug of a template")
        if by_id.succeeded:
            wrong = differences(template_of(by_slug), template_of(by_id), (*STATE, "updatedAt"))
            require(not wrong, f"read by slug and not by id, {listed(wrong)}", by_slug)


@rule("templates/listed-once-as-read", source="node")
def test_a_template_is_listed_once(lives: TemplateLives, use: TemplateUse) -> None:
    """The list holds each template of the organization exactly once, as it is read alone, new and after changes."""
    full, bare = lives.full(), lives.bare()
    for listing, (read, _) in ((lives.list_before(), lives.reads_before()), (use.list_after(), lives.reads_after())):
        found = listing.having("id", full.id)
        require(len(found) == 1, f"a template is listed {len(found)} times", listing.first)
        if read.succeeded:
            wrong = unlike(found[0], template_of(read))
            wrong += differences(found[0], template_of(read), ["updatedAt"])
            require(not wrong, f"in the list and not as read alone, {listed(wrong)}", listing.first)
    found = lives.list_before().having("id", bare.id)
    require(len(found) == 1, f"another template is listed {len(found)} times", lives.list_before().first)


@rule("templates/default-size", source="guide")
def test_the_default_size(lives: TemplateLives, session: Session) -> None:
    """A template that is created without a size has the size that the document names as default, m."""
    default = session.document.at(("components", "schemas", "TemplateCreate", "properties", "size", "default"))
    made = lives.bare()
    for view in (made.template, *lives.list_before().having("id", made.id)):
        size = view.get("size")
        require(size in (default, None), f"without a size the template has {shown(size)}", made.exchange)


@rule("templates/size-is-shown", source="assumed")
def test_the_size_is_shown(lives: TemplateLives) -> None:
    """A template shows its size, given or not."""
    for made in (lives.full(), lives.bare()):
        require(made.template.get("size") is not None, "the template shows no size", made.exchange)


@rule("templates/unset-is-empty", source="assumed")
def test_what_is_not_given_is_empty(lives: TemplateLives) -> None:
    """A template that is created without envVars, egressDomains and description has none."""
    made = lives.bare()
    for name, empty in (("envVars", {}), ("egressDomains", []), ("description", None)):
        has = made.template.get(name)
        require(alike(has, empty) or has == "", f"{name} is {shown(has)} though it was not given", made.exchange)


@rule("templates/slug-is-unique", source="overview")
def test_a_slug_is_unique(lives: TemplateLives, use: TemplateUse) -> None:
    """A create with a slug that a template has is refused with TEMPLATE_SLUG_EXISTS and creates and changes nothing."""
    is_refused(lives.slug_taken(), 409, ProblemCode.TEMPLATE_SLUG_EXISTS, "a create with a slug that is taken")
    made, after = lives.full(), template_of(lives.reads_before()[0])
    wrong = unlike(after, made.template) if after else []
    require(not wrong, f"after a refused create with its slug, the template's {listed(wrong)}", lives.slug_taken())
    count = len(use.list_after().having("slug", lives.full().slug))
    require(count == 1, f"after a refused create {count} templates of the slug are listed", lives.slug_taken())


@rule("templates/system-slug-is-taken", source="assumed")
def test_a_system_slug_is_taken(lives: TemplateLives) -> None:
    """The slugs of system templates are taken: a create with one is refused with TEMPLATE_SLUG_EXISTS."""
    refused = lives.system_slug_taken()
    is_refused(refused, 409, ProblemCode.TEMPLATE_SLUG_EXISTS, "a create with the slug of a system template")


@rule("templates/system-ones-are-listed", source="guide")
def test_system_templates_are_listed(lives: TemplateLives) -> None:
    """The list holds the system's templates, with isSystem true."""
    listing = lives.list_before()
    require(listing.having("isSystem", True), "no template with isSystem true is listed", listing.first)


@rule("templates/system-ones-are-read-only", source="overview")
def test_system_templates_are_read_only(lives: TemplateLives, use: TemplateUse) -> None:
    """A system template refuses change and deletion with TEMPLATE_SYSTEM_READONLY, and stays as it was."""
    refusals, listing = lives.system_refusals(), use.list_after()
    last = [*refusals.values()][-1]
    kept = [(system, listing.having("id", system["id"])) for system in lives.systems()]
    wrong = [text for system, found in kept if found for text in differences(found[0], system, STATE)]
    if wrong:
        lives.restore_systems()
    for words, exchange in refusals.items():
        is_refused(exchange, 403, ProblemCode.TEMPLATE_SYSTEM_READONLY, f"the {words} of a system template")
    gone = [system["slug"] for system, found in kept if not found]
    require(not gone, f"after refused deletions the system template {listed(gone)} is not listed any more", last)
    require(not wrong, f"after a refused change, the system template's {listed(wrong)}", last)


def _updates(lives: TemplateLives) -> Iterator[tuple[Mapping[str, Any], Exchange, Mapping[str, Any]]]:
    """Each change with its answer and the template as it was answered before."""
    before = template_of(lives.reads_before()[0])
    for change, exchange in zip(lives.changes, lives.updates(), strict=True):
        yield change, exchange, before
        before = template_of(exchange) or before


@rule("templates/update-changes-what-it-is-given", source="reference")
def test_an_update_changes_what_it_is_given(lives: TemplateLives) -> None:
    """Every member that an update is given is changed, in the answer and from then on, by slug and by id."""
    expected: dict[str, Any] = {}
    for number, (change, exchange, _) in enumerate(_updates(lives)):
        if number != EMPTY:
            succeeds(exchange, f"an update of {', '.join(change)}")
            wrong = misfits(template_of(exchange), {**change})
            require(not wrong, f"after an update of {', '.join(change)}, {listed(wrong)}", exchange)
            expected |= change
    for read in lives.reads_after():
        if read.succeeded:
            wrong = misfits(template_of(read), expected)
            require(not wrong, f"read after the updates, {listed(wrong)}", read)


@rule("templates/update-leaves-the-rest", source="reference")
def test_an_update_leaves_the_rest(lives: TemplateLives) -> None:
    """What an update is not given stays as it was."""
    for number, (change, exchange, before) in enumerate(_updates(lives)):
        now = template_of(exchange)
        if now:
            wrong = unlike(now, before) if number == 0 else differences(now, before, STATE)
            others = [text for text in wrong if text.partition(" is ")[0] not in change]
            require(not others, f"after an update of {', '.join(change) or 'nothing'}, {listed(others)}", exchange)


@rule("templates/update-replaces-whole", source="assumed")
def test_a_given_member_replaces_the_old_one(lives: TemplateLives) -> None:
    """Guardrails, variables and domains that an update is given replace the old ones whole: nothing is left of them."""
    for change, exchange, before in _updates(lives):
        now = template_of(exchange)
        if now:
            left = left_over(before, now, change, [lives.full().given, *lives.changes]) + surplus(now, change)
            require(not left, f"after an update of {', '.join(change)}, {listed(left)}", exchange)


@rule("templates/timeout-in-minutes", source="assumed")
def test_the_timeout_is_kept(lives: TemplateLives) -> None:
    """The guardrails of a template keep the timeoutMinutes that they are given."""
    exchange = lives.timeout_given()
    succeeds(exchange, "an update of guardrails.timeoutMinutes")
    minutes = members(template_of(exchange).get("guardrails")).get(ASSUMED)
    given = exchange.request.body["guardrails"][ASSUMED]
    require(minutes == given, f"timeoutMinutes is {shown(minutes)}, not {given}", exchange)


@rule("templates/null-clears-the-description", source="reference")
def test_null_clears_the_description(lives: TemplateLives) -> None:
    """An update with description null leaves the template without a description."""
    cleared = lives.updates()[NULL]
    succeeds(cleared, "an update with description null")
    for exchange in (cleared, *lives.reads_after()):
        description = template_of(exchange).get("description")
        require(description in (None, ""), f"after null the description is {shown(description)}", exchange)


@rule("templates/empty-update-changes-nothing", source="reference")
def test_an_empty_update_changes_nothing(lives: TemplateLives) -> None:
    """An update without members succeeds and changes nothing."""
    exchange, before = lives.updates()[EMPTY], template_of(lives.reads_before()[0])
    succeeds(exchange, "an update without members")
    wrong = unlike(template_of(exchange), before)
    require(not wrong, f"after an update without members, {listed(wrong)}", exchange)


@rule("templates/slug-and-image-stay", source="reference")
def test_slug_and_image_cannot_change(lives: TemplateLives) -> None:
    """The slug and the base image of a template cannot change: an update that names them leaves them as they are."""
    given = {name: FULL.get(name, lives.full().slug) for name in ("slug", "baseImage")}
    for exchange in (lives.renaming(), *lives.reads_after()):
        if exchange.succeeded:
            wrong = differences(template_of(exchange), given, given)
            require(not wrong, f"after an update that named both, {listed(wrong)}", exchange)
    succeeds(lives.reads_after()[1], "the slug, after an update that named another,")


@rule("templates/update-is-read", source="reference")
def test_an_update_is_read(lives: TemplateLives) -> None:
    """The answer to an update is the template as it is read afterwards, by id and by slug."""
    last = lives.renaming() if lives.renaming().succeeded else lives.updates()[-1]
    if not last.succeeded:
        not_checked(f"because the last update was refused: {last.summary()[:200]}")
    for read in lives.reads_after():
        succeeds(read, "a template after its updates")
        wrong = unlike(template_of(read), template_of(last))
        wrong += differences(template_of(read), template_of(last), ["updatedAt"])
        require(not wrong, f"read, and not as it was answered last, {listed(wrong)}", read)


@rule("templates/times-tell-creation-and-change", source="reference")
def test_times_tell_creation_and_change(lives: TemplateLives) -> None:
    """The createdAt of a template never changes; its updatedAt is never earlier than that and never goes back."""
    exchanges = [lives.full().exchange, *lives.reads_before(), *lives.updates(), *lives.reads_after()]
    views = [(template_of(exchange), exchange) for exchange in exchanges if template_of(exchange)]
    created = views[0][0].get("createdAt")
    latest = created
    for view, exchange in views:
        now, updated = view.get("createdAt"), view.get("updatedAt")
        require(alike(now, created), f"createdAt went from {shown(created)} to {shown(now)}", exchange)
        gap = seconds_between(latest, updated)
        back = gap is not None and gap < -SLACK_SECONDS
        require(not back, f"updatedAt {shown(updated)} is before {shown(latest)}", exchange)
        latest = updated if instant(updated) is not None else latest


@rule("templates/updated-at-moves-with-a-change", source="assumed")
def test_updated_at_moves_with_a_change(lives: TemplateLives) -> None:
    """A change moves updatedAt ahead, whatever it changes."""
    before, last = template_of(lives.reads_before()[0]), lives.updates()[-1]
    gap = seconds_between(before.get("updatedAt"), template_of(last).get("updatedAt"))
    if gap is None:
        not_checked("because updatedAt is not told")
    require(gap > 0, f"after changes updatedAt is still {shown(template_of(last).get('updatedAt'))}", last)
    for number, (change, exchange, view) in enumerate(_updates(lives)):
        passed = exchange.sent_at - instant_of(view)
        gap = seconds_between(view.get("updatedAt"), template_of(exchange).get("updatedAt"))
        stands = number != EMPTY and passed > SLACK_SECONDS and gap == 0
        require(not stands, f"after an update of {', '.join(change)} updatedAt stands still", exchange)


def instant_of(view: Mapping[str, Any]) -> float:
    """When a template was last changed, in Unix seconds; for ever ahead when it does not tell."""
    updated = instant(view.get("updatedAt"))
    return math.inf if updated is None else updated.timestamp()


@rule("templates/in-use-cannot-be-deleted", source="overview")
def test_a_template_in_use_cannot_be_deleted(use: TemplateUse) -> None:
    """A template with a pending or running run, asked to stop or not, refuses deletion with
    TEMPLATE_HAS_RUNNING_SANDBOXES, and stays.
    """
    tries = use.tries()
    for one in tries:
        if not one.came_too_late:
            words = f"the deletion of a template with a {one.state} run"
            is_refused(one.deletion, 409, ProblemCode.TEMPLATE_HAS_RUNNING_SANDBOXES, words)
    at_last = use.use().deletion
    gone = at_last.status == 404 and not any(one.deletion.succeeded for one in tries)
    require(not gone, "a template is gone although its deletion was refused", at_last)
    if any(one.came_too_late for one in tries if one.state != STOPPING):
        not_checked("because the run ended before the template could be deleted")


@rule("templates/unused-can-be-deleted", source="guide")
def test_a_template_can_be_deleted_after_use(use: TemplateUse) -> None:
    """A template whose runs have all ended can be deleted."""
    found = use.use()
    if found.run_at_last is not None and members(found.run_at_last.json).get("status") not in ENDED:
        not_checked("because the run did not end in time")
    succeeds(found.deletion, "the deletion of a template whose run has ended")


@rule("templates/deletion-is-final", source="guide")
def test_a_deletion_is_final(lives: TemplateLives, use: TemplateUse, session: Session) -> None:
    """A deleted template is not found by id nor by slug, to read, to change or to delete, and is not listed."""
    for words, exchange in use.gone().items():
        names_nothing(session, exchange)
        is_refused(exchange, 404, ProblemCode.TEMPLATE_NOT_FOUND, f"a deleted template, {words},")
    listing = use.list_after()
    require(not listing.having("id", lives.used().id), "a deleted template is listed", listing.first)


@rule("templates/deleted-starts-no-run", source="overview")
def test_a_deleted_template_starts_no_run(use: TemplateUse) -> None:
    """A create of a run of a deleted template is refused with RUN_TEMPLATE_NOT_FOUND."""
    is_refused(
        use.use_of_the_gone(), 400, ProblemCode.RUN_TEMPLATE_NOT_FOUND, "a create of a run of a deleted template"
    )


@rule("templates/changes-leave-ended-runs", source="guide")
def test_changes_leave_ended_runs(own_runs: OwnRuns) -> None:
    """An ended run never changes: a change of its template leaves its guardrails and variables as they were."""
    for life in own_runs.after_a_change():
        if life.ended:
            wrong = differences(life.run, members(life.ended[0].json), ("guardrails", "envVars", "templateSlug"))
            require(not wrong, f"after a change of its template, of {life.name} {listed(wrong)}", life.readings[-1])


@rule("templates/runs-outlive-their-template", source="guide")
def test_runs_outlive_their_template(use: TemplateUse) -> None:
    """An ended run never changes: it is read as before when its template was deleted."""
    after, ended = use.orphan(), use.use().run_at_last
    succeeds(after, "the run of a deleted template")
    before = members(ended.json) if ended is not None else {}
    wrong = differences(members(after.json), before, ("id", "templateSlug", "status", "prompt", "completedAt"))
    require(not wrong, f"with its template deleted, a run's {listed(wrong)}", after)


@rule("templates/deletion-frees-the-slug", source="assumed")
def test_a_deletion_frees_the_slug(lives: TemplateLives, use: TemplateUse) -> None:
    """A deleted template's slug can be given to a new template, which has another id and is what the slug names."""
    again = use.slug_again()
    succeeds(again, "a create with the slug of a deleted template")
    same = template_of(again).get("id") == lives.used().id
    require(not same, "the new template has the deleted one's id", again)
    named = template_of(use.read_again()).get("id")
    new = template_of(again).get("id")
    require(named == new, f"the slug names {shown(named)}, not the new template {shown(new)}", use.read_again())

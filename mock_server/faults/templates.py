"""What can go wrong with templates: being created, found, listed, changed, deleted, and the system's own?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from generated.contract import ProblemCode
from mock_server import templates
from mock_server.altered import Bench, Exchange, map_member, set_member
from mock_server.calls import Answer, Call, Handler
from mock_server.clock import timestamp
from mock_server.faults.isolation import Everyone
from mock_server.faults.registry import fault
from mock_server.organization import Template
from mock_server.problems import Refusal

ONE = ["createTemplate", "getTemplate", "updateTemplate"]


def _own(call: Call) -> Template | None:
    """The organization's own template that the call names."""
    name = call.path["idOrSlug"]
    own = call.organization.templates.values()
    return next((each for each in own if name in (each.id, each.slug)), None)


def _updating(mock: Bench, change: Callable[[Template, dict[str, Any]], dict[str, Any]]) -> None:
    """Templates are updated by another body than was sent."""

    def handle(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        return inner(call if template is None else replace(call, body=change(template, dict(call.body))))

    mock.handle("updateTemplate", handle)


def _creating(mock: Bench, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Templates are created by another body than was sent."""
    mock.handle("createTemplate", lambda call, inner: inner(replace(call, body=change(dict(call.body)))))


@fault("templates/slug-is-unique")
def taken_slugs_are_given_again(mock: Bench) -> None:
    """A slug that a template of the organization has is refused."""

    def handle(call: Call, inner: Handler) -> Answer:
        own = call.organization.templates
        others = {name: each for name, each in own.items() if each.slug == call.body["slug"]}
        for name in others:
            del own[name]
        try:
            return inner(call)
        finally:
            own.update(others)

    mock.handle("createTemplate", handle)


@fault("templates/slug-is-unique")
def a_taken_slug_overwrites_its_template(mock: Bench) -> None:
    """A create that is refused because its slug is taken changes nothing."""

    def handle(call: Call, inner: Handler) -> Answer:
        taken = next((each for each in call.organization.templates.values() if each.slug == call.body["slug"]), None)
        if taken is not None:
            taken.name = call.body["name"]
        return inner(call)

    mock.handle("createTemplate", handle)


@fault("templates/system-slug-is-taken", source="assumed")
def slugs_of_the_system_are_free(mock: Bench) -> None:
    """The slugs of system templates are taken."""

    def handle(call: Call, inner: Handler) -> Answer:
        slug = call.body["slug"]
        if not any(each.slug == slug for each in templates.SYSTEM_TEMPLATES):
            return inner(call)
        answer = inner(replace(call, body={**call.body, "slug": f"{slug}-own"}))
        call.organization.templates[answer.body["template"]["id"]].slug = slug
        return Answer(answer.status, {"template": {**answer.body["template"], "slug": slug}})

    mock.handle("createTemplate", handle)


@fault("templates/default-size", source="guide")
def the_default_size_is_s(mock: Bench) -> None:
    """size is m by default."""
    _creating(mock, lambda body: {"size": "s", **body})


@fault("templates/created-is-read", "templates/created-is-echoed", source="reference")
def descriptions_are_dropped(mock: Bench) -> None:
    """A template has the description that it was created with."""
    _creating(mock, lambda body: {name: value for name, value in body.items() if name != "description"})


@fault("templates/created-is-read", "templates/created-is-echoed", source="reference")
def egress_domains_are_dropped(mock: Bench) -> None:
    """A template has the egress domains that it was created with."""
    _creating(mock, lambda body: {**body, "egressDomains": []})


@fault("templates/created-is-read", "templates/created-is-echoed", source="reference")
def env_vars_are_dropped(mock: Bench) -> None:
    """A template has the variables that it was created with."""
    _creating(mock, lambda body: {**body, "envVars": {}})


@fault("templates/timeout-in-minutes", source="assumed")
def timeout_minutes_are_dropped(mock: Bench) -> None:
    """A template keeps its timeoutMinutes."""
    mock.after(
        map_member(
            "template.guardrails",
            lambda guardrails: {name: value for name, value in guardrails.items() if name != "timeoutMinutes"},
        ),
        ONE,
        [200, 201],
    )


@fault("templates/created-is-echoed", source="reference")
def creates_echo_another_name(mock: Bench) -> None:
    """The answer to a create shows the template as it was given."""
    mock.after(map_member("template.name", str.title), ["createTemplate"], [201])


@fault("templates/created-is-echoed", "templates/created-is-read", source="reference")
def own_templates_are_called_the_systems(mock: Bench) -> None:
    """A template of the organization is none of the system's: isSystem is false."""
    mock.after(set_member("template.isSystem", True), ["createTemplate"], [201])


@fault("templates/read-by-slug-as-by-id", "templates/created-is-read", source="reference")
def templates_are_not_found_by_slug(mock: Bench) -> None:
    """A template is found by its slug."""
    _unfindable(mock, lambda template: template.slug)


@fault("templates/read-by-slug-as-by-id", "templates/created-is-read", source="reference")
def templates_are_not_found_by_id(mock: Bench) -> None:
    """A template is found by its id."""
    _unfindable(mock, lambda template: template.id)


def _unfindable(mock: Bench, name: Callable[[Template], str]) -> None:
    def handle(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        if template is not None and name(template) == call.path["idOrSlug"]:
            raise Refusal(ProblemCode.TEMPLATE_NOT_FOUND, "No template has this name.")
        return inner(call)

    mock.handle("getTemplate", handle)


@fault("templates/read-by-slug-as-by-id", source="reference")
def reads_by_slug_are_cached(mock: Bench) -> None:
    """A template is the same whether it is read by its slug or by its id, after changes too."""
    seen: dict[tuple[str, str], Answer] = {}

    def handle(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        if template is None or template.slug != call.path["idOrSlug"]:
            return inner(call)
        return seen.setdefault((call.organization.name, template.id), inner(call))

    mock.handle("getTemplate", handle)


@fault("templates/listed-once-as-read", source="node")
def new_templates_are_not_listed(mock: Bench) -> None:
    """The list holds every template of the organization."""

    def handle(call: Call, inner: Handler) -> Answer:
        own = dict(list(call.organization.templates.items())[:-1])
        return inner(replace(call, organization=replace(call.organization, templates=own)))

    mock.handle("listTemplates", handle)


@fault("templates/listed-once-as-read", "pagination/templates-pages-partition-the-list", source="node")
def templates_are_listed_twice(mock: Bench) -> None:
    """The list holds each template once."""

    def handle(call: Call, inner: Handler) -> Answer:
        own = dict(call.organization.templates)
        own |= {f"{name} again": each for name, each in list(own.items())[:1]}
        return inner(replace(call, organization=replace(call.organization, templates=own)))

    mock.handle("listTemplates", handle)


@fault("templates/listed-once-as-read", source="node")
def listed_templates_are_stale(mock: Bench) -> None:
    """A listed template is as reading it shows, after changes too."""
    seen: dict[str, str] = {}

    def change(exchange: Exchange) -> None:
        for item in exchange.items:
            item["name"] = seen.setdefault(item["id"], item["name"])

    mock.after(change, ["listTemplates"], [200])
    mock.after(lambda exchange: _note(exchange, seen), ["createTemplate"], [201])


def _note(exchange: Exchange, seen: dict[str, str]) -> None:
    template = exchange.body["template"]
    seen.setdefault(template["id"], template["name"])


@fault("templates/update-changes-what-it-is-given", source="reference")
def updates_are_not_kept(mock: Bench) -> None:
    """What an update changes stays changed."""

    def handle(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        if template is None:
            return inner(call)
        before = replace(template)
        answer = inner(call)
        call.organization.templates[template.id] = before
        return answer

    mock.handle("updateTemplate", handle)


@fault("templates/update-is-read", "templates/update-changes-what-it-is-given", source="reference")
def updates_answer_what_was(mock: Bench) -> None:
    """The answer to an update is the template as it is afterwards."""

    def handle(call: Call, inner: Handler) -> Answer:
        before = templates.get_template(call)
        inner(call)
        return before

    mock.handle("updateTemplate", handle)


@fault("templates/update-changes-what-it-is-given", source="reference")
def sizes_cannot_be_updated(mock: Bench) -> None:
    """An update changes size."""
    _updating(mock, lambda template, body: {**body, "size": template.size})


@fault("templates/update-changes-what-it-is-given", source="reference")
def guardrails_cannot_be_updated(mock: Bench) -> None:
    """An update changes guardrails."""
    _updating(mock, lambda template, body: {**body, "guardrails": template.guardrails})


@fault("templates/update-leaves-the-rest", source="reference")
def updates_reset_the_size(mock: Bench) -> None:
    """What an update is not given stays as it was."""
    _updating(mock, lambda template, body: {"size": "m", **body})


@fault("templates/update-leaves-the-rest", source="reference")
def updates_clear_the_description(mock: Bench) -> None:
    """A description that an update is not given stays."""
    _updating(mock, lambda template, body: {"description": None, **body})


@fault("templates/null-clears-the-description", source="reference")
def null_leaves_the_description(mock: Bench) -> None:
    """An update with description null clears it."""
    _updating(
        mock,
        lambda template, body: {name: value for name, value in body.items() if (name, value) != ("description", None)},
    )


@fault("templates/update-replaces-whole", source="assumed")
def updates_merge_variables(mock: Bench) -> None:
    """Variables that an update is given replace the old ones whole."""
    _updating(
        mock,
        lambda template, body: (
            {**body, "envVars": {**template.env_vars, **body["envVars"]}} if "envVars" in body else body
        ),
    )


@fault("templates/update-replaces-whole", source="assumed")
def updates_merge_guardrails(mock: Bench) -> None:
    """Guardrails that an update is given replace the old ones whole."""
    _updating(
        mock,
        lambda template, body: (
            {**body, "guardrails": {**template.guardrails, **body["guardrails"]}} if "guardrails" in body else body
        ),
    )


@fault("templates/update-replaces-whole", source="assumed")
def updates_add_domains(mock: Bench) -> None:
    """Egress domains that an update is given replace the old ones."""
    _updating(
        mock,
        lambda template, body: (
            {**body, "egressDomains": [*template.egress_domains, *body["egressDomains"]]}
            if "egressDomains" in body
            else body
        ),
    )


@fault("templates/empty-update-changes-nothing", source="reference")
def empty_updates_reset_everything(mock: Bench) -> None:
    """An update without members changes nothing."""
    _updating(
        mock, lambda template, body: body or {"description": None, "envVars": {}, "guardrails": {}, "egressDomains": []}
    )


def _letting_change(mock: Bench, member: str, attribute: str) -> None:
    def handle(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        if template is not None and member in call.body:
            setattr(template, attribute, call.body[member])
        return inner(call)

    mock.handle("updateTemplate", handle)


@fault("templates/slug-and-image-stay", source="reference")
def slugs_can_be_changed(mock: Bench) -> None:
    """A template's slug cannot change."""
    _letting_change(mock, "slug", "slug")


@fault("templates/slug-and-image-stay", source="reference")
def base_images_can_be_changed(mock: Bench) -> None:
    """A template's baseImage cannot change."""
    _letting_change(mock, "baseImage", "base_image")


@fault("templates/times-tell-creation-and-change", source="reference")
def updates_move_the_creation(mock: Bench) -> None:
    """A template's createdAt never changes."""

    def handle(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        if template is not None:
            template.created_at = call.now
        return inner(call)

    mock.handle("updateTemplate", handle)


@fault("templates/times-tell-creation-and-change", source="reference")
def updated_before_created(mock: Bench) -> None:
    """A template's updatedAt is not before its createdAt."""
    mock.after(set_member("template.updatedAt", timestamp(0)), ["getTemplate"], [200])


@fault("templates/updated-at-moves-with-a-change", source="assumed")
def updated_at_stands_still(mock: Bench) -> None:
    """A change moves updatedAt ahead."""

    def handle(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        before = None if template is None else template.updated_at
        answer = inner(call)
        if template is None or before is None:
            return answer
        template.updated_at = before
        return templates.get_template(call)

    mock.handle("updateTemplate", handle)


@fault("templates/deletion-is-final", source="guide")
def deleted_templates_can_be_read(mock: Bench) -> None:
    """A deleted template is not found any more."""
    graves: dict[str, Template] = {}

    def delete(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        answer = inner(call)
        if template is not None:
            graves[template.id] = graves[template.slug] = template
        return answer

    def read(call: Call, inner: Handler) -> Answer:
        template = graves.get(call.path["idOrSlug"])
        if template is None or _own(call) is not None:
            return inner(call)
        return inner(replace(call, organization=replace(call.organization, templates={template.id: template})))

    mock.handle("deleteTemplate", delete)
    mock.handle("getTemplate", read)


@fault("templates/deletion-is-final", source="guide")
def deleting_templates_does_nothing(mock: Bench) -> None:
    """A deleted template is gone."""
    mock.handle("deleteTemplate", _pretend_to_delete)


def _pretend_to_delete(call: Call, inner: Handler) -> Answer:
    template = _own(call)
    answer = inner(call)
    if template is not None:
        call.organization.templates[template.id] = template
    return answer


@fault("templates/deletion-is-final", source="guide")
def deleting_twice_succeeds(mock: Bench) -> None:
    """A deleted template is not found to be deleted again."""
    deleted: set[str] = set()

    def handle(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        if template is None and call.path["idOrSlug"] in deleted:
            return Answer(204)
        answer = inner(call)
        if template is not None:
            deleted.update({template.id, template.slug})
        return answer

    mock.handle("deleteTemplate", handle)


@fault("templates/deletion-is-final", source="guide")
def deleted_templates_are_listed(mock: Bench) -> None:
    """A deleted template is not listed any more."""
    graves: dict[str, dict[str, Template]] = {}

    def delete(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        answer = inner(call)
        if template is not None:
            graves.setdefault(call.organization.name, {})[template.id] = template
        return answer

    def show(call: Call, inner: Handler) -> Answer:
        whole = {**call.organization.templates, **graves.get(call.organization.name, {})}
        return inner(replace(call, organization=replace(call.organization, templates=whole)))

    mock.handle("deleteTemplate", delete)
    mock.handle("listTemplates", show)


@fault("templates/deletion-frees-the-slug", source="assumed")
def slugs_of_deleted_templates_stay_taken(mock: Bench) -> None:
    """A deleted template's slug can be given again."""
    taken: set[tuple[str, str]] = set()

    def create(call: Call, inner: Handler) -> Answer:
        slug = (call.organization.name, call.body["slug"])
        if slug in taken:
            raise Refusal(ProblemCode.TEMPLATE_SLUG_EXISTS, "The slug is taken.")
        answer = inner(call)
        taken.add(slug)
        return answer

    mock.handle("createTemplate", create)


@fault("templates/in-use-cannot-be-deleted")
def templates_in_use_can_be_deleted(mock: Bench) -> None:
    """A template with active runs cannot be deleted."""

    def handle(call: Call, inner: Handler) -> Answer:
        with _no_active_runs(call, lambda status: True):
            return inner(call)

    mock.handle("deleteTemplate", handle)


@fault("templates/in-use-cannot-be-deleted")
def templates_of_pending_runs_can_be_deleted(mock: Bench) -> None:
    """A template with pending runs cannot be deleted, not only one with running ones."""

    def handle(call: Call, inner: Handler) -> Answer:
        with _no_active_runs(call, lambda status: status == "pending"):
            return inner(call)

    mock.handle("deleteTemplate", handle)


@contextmanager
def _no_active_runs(call: Call, hides: Callable[[str], bool]) -> Iterator[None]:
    active = call.organization.active_runs
    hidden = {name: run for name, run in active.items() if hides(run.status)}
    for name in hidden:
        del active[name]
    try:
        yield
    finally:
        active.update(hidden)


@fault("templates/in-use-cannot-be-deleted")
def templates_in_use_are_deleted_all_the_same(mock: Bench) -> None:
    """A template whose deletion is refused stays."""

    def handle(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        try:
            return inner(call)
        except Refusal:
            if template is not None:
                del call.organization.templates[template.id]
            raise

    mock.handle("deleteTemplate", handle)


@fault("templates/unused-can-be-deleted", source="guide")
def templates_that_were_used_cannot_be_deleted(mock: Bench) -> None:
    """A template whose runs have all ended can be deleted."""

    def handle(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        if template is not None and any(run.template_id == template.id for run in call.organization.runs.values()):
            raise Refusal(ProblemCode.TEMPLATE_HAS_RUNNING_SANDBOXES, "The template was used.")
        return inner(call)

    mock.handle("deleteTemplate", handle)


def _yielding_system_templates(mock: Bench, operation_id: str) -> None:
    """System templates are treated as the organization's own."""

    def handle(call: Call, inner: Handler) -> Answer:
        name = call.path["idOrSlug"]
        system = next((each for each in templates.SYSTEM_TEMPLATES if name in (each.id, each.slug)), None)
        if system is None:
            return inner(call)
        return Answer(204) if operation_id == "deleteTemplate" else templates.get_template(call)

    mock.handle(operation_id, handle)


@fault("templates/system-ones-are-read-only")
def system_templates_can_be_changed(mock: Bench) -> None:
    """A system template cannot be changed."""
    _yielding_system_templates(mock, "updateTemplate")


@fault("templates/system-ones-are-read-only")
def system_templates_can_be_deleted(mock: Bench) -> None:
    """A system template cannot be deleted."""
    _yielding_system_templates(mock, "deleteTemplate")


@fault("templates/system-ones-are-listed", source="guide")
def system_templates_are_not_listed(mock: Bench) -> None:
    """System templates are listed for everyone."""

    def change(exchange: Exchange) -> None:
        own = [item for item in exchange.items if not item["isSystem"]]
        exchange.body["data"] = own

    mock.after(change, ["listTemplates"], [200])


@fault("templates/system-ones-are-listed", source="guide")
def system_templates_are_not_called_so(mock: Bench) -> None:
    """A system template has isSystem true."""
    mock.after(set_member("data.*.isSystem", False), ["listTemplates"], [200])
    mock.after(set_member("template.isSystem", False), ["getTemplate"], [200])


@fault("templates/unset-is-empty", source="assumed")
def templates_have_a_variable_from_the_start(mock: Bench) -> None:
    """A template that is created without envVars has none."""
    _creating(mock, lambda body: {"envVars": {"CI": "true"}, **body})


@fault("templates/system-ones-are-read-only")
def only_the_first_system_template_is_read_only(mock: Bench) -> None:
    """Every system template refuses changes."""

    def handle(call: Call, inner: Handler) -> Answer:
        name = call.path["idOrSlug"]
        others = [each for each in templates.SYSTEM_TEMPLATES[1:] if name in (each.id, each.slug)]
        if not others:
            return inner(call)
        shown = mock.handlers["getTemplate"](call).body["template"]
        return Answer(200, {"template": {**shown, **call.body}})

    mock.handle("updateTemplate", handle)


@fault("templates/system-ones-are-read-only")
def system_templates_can_be_deleted_by_slug(mock: Bench) -> None:
    """A system template refuses deletion by its slug, too."""

    def handle(call: Call, inner: Handler) -> Answer:
        slugs = [each.slug for each in templates.SYSTEM_TEMPLATES]
        return Answer(204) if call.path["idOrSlug"] in slugs else inner(call)

    mock.handle("deleteTemplate", handle)


@fault("templates/system-ones-are-read-only")
def refused_changes_of_system_templates_are_made(mock: Bench) -> None:
    """A system template whose change is refused stays as it was."""
    names: dict[str, str] = {}

    def handle(call: Call, inner: Handler) -> Answer:
        if any(call.path["idOrSlug"] in (each.id, each.slug) for each in templates.SYSTEM_TEMPLATES):
            names[call.path["idOrSlug"]] = call.body.get("name", "")
        return inner(call)

    def after(exchange: Exchange) -> None:
        for item in exchange.items:
            item["name"] = names.get(item["slug"]) or names.get(item["id"]) or item["name"]

    mock.handle("updateTemplate", handle)
    mock.after(after, ["listTemplates"], [200])


@fault("responses/template-is-as-asked", "templates/update-changes-what-it-is-given", source="reference")
def names_cannot_be_updated(mock: Bench) -> None:
    """An update changes name."""
    _updating(mock, lambda template, body: {**body, "name": template.name})


@fault("responses/template-is-as-asked", "templates/update-changes-what-it-is-given", source="reference")
def updates_keep_one_variable(mock: Bench) -> None:
    """An update changes every variable that it is given."""
    _updating(
        mock,
        lambda template, body: body | ({"envVars": dict([*body["envVars"].items()][:1])} if "envVars" in body else {}),
    )


@fault("responses/template-is-as-asked", "templates/update-changes-what-it-is-given", source="reference")
def updated_amounts_are_whole(mock: Bench) -> None:
    """An updated maxCostUsd is an amount, with its cents."""

    def change(template: Template, body: dict[str, Any]) -> dict[str, Any]:
        limits = body.get("guardrails", {})
        if "maxCostUsd" not in limits:
            return body
        return {**body, "guardrails": {**limits, "maxCostUsd": max(1, round(limits["maxCostUsd"]))}}

    _updating(mock, change)


@fault("responses/template-is-as-asked", source="reference")
def long_names_are_cut(mock: Bench) -> None:
    """A name of 100 characters comes back whole."""
    _creating(mock, lambda body: {**body, "name": body["name"][:99]})


@fault("templates/update-replaces-whole", source="assumed")
def empty_variables_leave_the_old_ones(mock: Bench) -> None:
    """Variables that an update is given replace the old ones whole, also when it is given none."""
    _updating(
        mock,
        lambda template, body: {
            name: value for name, value in body.items() if not (name in ("envVars", "guardrails") and value == {})
        },
    )


@fault("responses/created-at-is-now", source="reference")
def new_templates_were_created_hours_ahead(mock: Bench) -> None:
    """A template's createdAt is a moment: local time with a Z behind it is another."""
    mock.after(
        lambda exchange: exchange.body["template"].update(createdAt=timestamp(exchange.clock.now() + 7200)),
        ["createTemplate"],
        [201],
    )


class _Graveyard:
    """The templates that were deleted, by organization and slug."""

    def __init__(self, mock: Bench) -> None:
        self.by_slug: dict[tuple[str, str], Template] = {}
        mock.handle("deleteTemplate", self._delete)

    def _delete(self, call: Call, inner: Handler) -> Answer:
        template = _own(call)
        answer = inner(call)
        if template is not None:
            self.by_slug[call.organization.name, template.slug] = template
        return answer


@fault("templates/deletion-frees-the-slug", source="assumed")
def slugs_that_are_given_again_name_the_old_template(mock: Bench) -> None:
    """A slug that is given again names the new template."""
    graveyard = _Graveyard(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        old = graveyard.by_slug.get((call.organization.name, call.path["idOrSlug"]))
        answer = inner(call)
        return answer if old is None else Answer(200, {"template": answer.body["template"] | {"id": old.id}})

    mock.handle("getTemplate", handle)


@fault("templates/deleted-starts-no-run")
def runs_start_in_deleted_templates(mock: Bench) -> None:
    """A deleted template does not exist for a run."""
    graveyard = _Graveyard(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        own = call.organization.templates
        old = graveyard.by_slug.get((call.organization.name, call.body["template"]))
        if old is None or templates.by_slug(call.organization, old.slug) is not None:
            return inner(call)
        own[old.id] = old
        try:
            return inner(call)
        finally:
            del own[old.id]

    mock.handle("createRun", handle)


@fault("templates/runs-outlive-their-template", source="guide")
def runs_go_with_their_template(mock: Bench) -> None:
    """An ended run stays when its template is deleted."""

    def handle(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        answer = inner(call)
        for run in list(call.organization.runs.values()):
            if template is not None and run.template_id == template.id:
                del call.organization.runs[run.id]
        return answer

    mock.handle("deleteTemplate", handle)


@fault("responses/template-is-as-asked", source="reference")
def refused_updates_change_the_name(mock: Bench) -> None:
    """An update that is refused for one member changes nothing, not the others either."""
    everyone = Everyone(mock)

    def after(exchange: Exchange) -> None:
        name = exchange.request_body.get("name")
        key = exchange.api_key
        if exchange.code != "VALIDATION_FAILED" or key is None or not isinstance(name, str) or not name:
            return
        own = everyone.organizations.get(key.organization_name)
        for template in own.templates.values() if own is not None else ():
            if exchange.path.endswith(template.id):
                template.name = name[:100]

    mock.after(after, ["updateTemplate"])


@fault("templates/updated-at-moves-with-a-change", source="assumed")
def updated_at_tells_only_of_names(mock: Bench) -> None:
    """A change moves updatedAt ahead, whatever it changes."""

    def handle(call: Call, inner: Handler) -> Answer:
        template = _own(call)
        before = None if template is None else template.updated_at
        answer = inner(call)
        if template is None or before is None or "name" in call.body:
            return answer
        template.updated_at = before
        return Answer(answer.status, {"template": answer.body["template"] | {"updatedAt": timestamp(before)}})

    mock.handle("updateTemplate", handle)


@fault("templates/listed-once-as-read", source="node")
def listed_templates_were_never_updated(mock: Bench) -> None:
    """A listed template tells when it was last changed."""

    def after(exchange: Exchange) -> None:
        for item in exchange.items:
            item["updatedAt"] = item["createdAt"]

    mock.after(after, ["listTemplates"], [200])


@fault("templates/in-use-cannot-be-deleted")
def templates_of_stopping_runs_can_be_deleted(mock: Bench) -> None:
    """A template with a run that was asked to stop and has not ended cannot be deleted."""

    def handle(call: Call, inner: Handler) -> Answer:
        going = replace(call.organization)
        going.active_runs = {
            name: run for name, run in call.organization.active_runs.items() if run.cancel_requested_at is None
        }
        return inner(replace(call, organization=going))

    mock.handle("deleteTemplate", handle)

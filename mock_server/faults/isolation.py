"""What can go wrong between keys and organizations: what one may see, change or use up of another's?"""

from __future__ import annotations

from dataclasses import replace

from generated.contract import ProblemCode
from mock_server import templates
from mock_server.altered import Bench
from mock_server.calls import Answer, Call, Handler
from mock_server.faults.registry import fault
from mock_server.organization import Organization
from mock_server.problems import Refusal


class Everyone:
    """All organizations that the mock has met."""

    def __init__(self, mock: Bench) -> None:
        self.organizations: dict[str, Organization] = {}
        mock.handle_all(self._meet)

    def _meet(self, call: Call, inner: Handler) -> Answer:
        self.organizations[call.organization.name] = call.organization
        return inner(call)

    def owner_of(self, kind: str, identifier: str, call: Call) -> Call:
        """The call as if it came from the organization that has the run, template or webhook of this id."""
        for organization in self.organizations.values():
            if identifier in getattr(organization, kind):
                return replace(call, organization=organization)
        return call


def _reach(mock: Bench, operation_id: str, kind: str, parameter: str = "id") -> None:
    """The operation finds what it is given among all organizations' things."""
    everyone = Everyone(mock)
    mock.handle(operation_id, lambda call, inner: inner(everyone.owner_of(kind, call.path[parameter], call)))


@fault("isolation/other-organizations-find-nothing")
def runs_of_others_can_be_read(mock: Bench) -> None:
    """Another organization's run is 404 to read."""
    _reach(mock, "getRun", "runs")


@fault("isolation/other-organizations-find-nothing")
def logs_of_others_can_be_read(mock: Bench) -> None:
    """The logs of another organization's run are 404."""
    _reach(mock, "listRunLogs", "runs")


@fault("isolation/other-organizations-find-nothing", "isolation/other-organizations-change-nothing")
def runs_of_others_can_be_cancelled(mock: Bench) -> None:
    """Another organization's run is 404 to cancel."""
    _reach(mock, "cancelRun", "runs")


@fault("isolation/other-organizations-find-nothing")
def templates_of_others_can_be_read(mock: Bench) -> None:
    """Another organization's template is 404 to read."""
    _reach(mock, "getTemplate", "templates", "idOrSlug")


@fault("isolation/other-organizations-find-nothing")
def templates_of_others_can_be_read_by_slug(mock: Bench) -> None:
    """Another organization's template is 404 to read by its slug too."""
    everyone = Everyone(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        slug = call.path["idOrSlug"]
        organizations = [call.organization, *everyone.organizations.values()]
        owner = next((each for each in organizations if templates.by_slug(each, slug)), call.organization)
        return inner(replace(call, organization=owner))

    mock.handle("getTemplate", handle)


@fault("isolation/other-organizations-find-nothing", "isolation/other-organizations-change-nothing")
def templates_of_others_can_be_changed(mock: Bench) -> None:
    """Another organization's template is 404 to change."""
    _reach(mock, "updateTemplate", "templates", "idOrSlug")


@fault("isolation/other-organizations-find-nothing", "isolation/other-organizations-change-nothing")
def templates_of_others_can_be_deleted(mock: Bench) -> None:
    """Another organization's template is 404 to delete."""
    _reach(mock, "deleteTemplate", "templates", "idOrSlug")


@fault("isolation/other-organizations-find-nothing", "isolation/other-organizations-change-nothing")
def webhooks_of_others_can_be_deleted(mock: Bench) -> None:
    """Another organization's webhook is 404 to delete."""
    _reach(mock, "deleteWebhook", "webhooks")


@fault("isolation/templates-are-not-shared")
def runs_start_in_templates_of_others(mock: Bench) -> None:
    """Another organization's template does not exist for a run."""
    everyone = Everyone(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        slug = call.body["template"]
        organization = call.organization
        owners = [each for each in everyone.organizations.values() if templates.by_slug(each, slug)]
        if templates.by_slug(organization, slug) or not owners:
            return inner(call)
        template = templates.by_slug(owners[0], slug)
        assert template is not None
        organization.templates[template.id] = template
        try:
            return inner(call)
        finally:
            del organization.templates[template.id]

    mock.handle("createRun", handle)


@fault("isolation/other-organizations-find-nothing")
def forbidden_tells_of_runs_of_others(mock: Bench) -> None:
    """Another organization's run is 404, as if it did not exist: a 403 would tell that it does."""
    everyone = Everyone(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        if everyone.owner_of("runs", call.path["id"], call).organization is not call.organization:
            body = {"type": "FORBIDDEN", "title": "Forbidden", "status": 403}
            return Answer(403, body)
        return inner(call)

    mock.handle("getRun", handle)


@fault("isolation/lists-hold-only-the-own")
def run_lists_show_everyones(mock: Bench) -> None:
    """A list of runs shows those of the key's organization only."""
    everyone = Everyone(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        whole = replace_state(call.organization)
        for other in everyone.organizations.values():
            whole.runs |= other.runs
        return inner(replace(call, organization=whole))

    mock.handle("listRuns", handle)


@fault("isolation/counts-hold-only-the-own")
def active_count_counts_everyones(mock: Bench) -> None:
    """meta.activeCount counts the organization's own runs only."""
    everyone = Everyone(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        whole = replace_state(call.organization)
        for other in everyone.organizations.values():
            whole.active_runs |= other.active_runs
        return inner(replace(call, organization=whole))

    mock.handle("listRuns", handle)


@fault("isolation/lists-hold-only-the-own")
def template_lists_show_everyones(mock: Bench) -> None:
    """A list of templates shows the organization's own and the system's only."""
    everyone = Everyone(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        whole = replace_state(call.organization)
        for other in everyone.organizations.values():
            whole.templates |= other.templates
        return inner(replace(call, organization=whole))

    mock.handle("listTemplates", handle)


@fault("isolation/lists-hold-only-the-own")
def webhook_lists_show_everyones(mock: Bench) -> None:
    """A list of webhooks shows those of the key's organization only."""
    everyone = Everyone(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        whole = replace_state(call.organization)
        for other in everyone.organizations.values():
            whole.webhooks |= other.webhooks
        return inner(replace(call, organization=whole))

    mock.handle("listWebhooks", handle)


@fault("isolation/lists-hold-only-the-own")
def usage_logs_show_everyones(mock: Bench) -> None:
    """Usage records are those of the key's organization only."""
    everyone = Everyone(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        whole = replace_state(call.organization)
        others = [each for each in everyone.organizations.values() if each.name != call.organization.name]
        whole.usage_logs = [*(log for other in others for log in other.usage_logs), *whole.usage_logs]
        return inner(replace(call, organization=whole))

    mock.handle("listUsageLogs", handle)


@fault("concurrency/organizations-do-not-share")
def run_places_are_shared_by_everyone(mock: Bench) -> None:
    """Ten runs may be active in each organization, however many others have."""
    everyone = Everyone(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        others = [each for each in everyone.organizations.values() if each.name != call.organization.name]
        active = {run_id: run for other in others for run_id, run in other.active_runs.items()}
        call.organization.active_runs |= active
        try:
            return inner(call)
        finally:
            for run_id in active:
                call.organization.active_runs.pop(run_id, None)

    mock.handle("createRun", handle)


@fault("isolation/one-organization-sees-the-same")
def second_key_sees_only_its_own_runs(mock: Bench) -> None:
    """Keys of one organization see the same runs."""
    creators: dict[str, str] = {}

    def create(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        creators[answer.body["id"]] = call.api_key.id
        return answer

    def listing(call: Call, inner: Handler) -> Answer:
        own = replace_state(call.organization)
        for run_id in list(own.runs):
            if creators.get(run_id, call.api_key.id) != call.api_key.id:
                del own.runs[run_id]
        return inner(replace(call, organization=own))

    mock.handle("createRun", create)
    mock.handle("listRuns", listing)


@fault("isolation/one-organization-sees-the-same")
def second_key_cannot_read_templates_of_the_first(mock: Bench) -> None:
    """Keys of one organization see the same templates."""

    def handle(call: Call, inner: Handler) -> Answer:
        own = replace_state(call.organization)
        for template in list(own.templates.values()):
            if template.created_by not in (None, call.api_key.id):
                del own.templates[template.id]
        return inner(replace(call, organization=own))

    mock.handle("getTemplate", handle)


@fault("isolation/keys-tell-their-organization", "runs/belongs-to-the-organization", source="reference")
def keys_of_one_organization_name_different_organizations(mock: Bench) -> None:
    """Keys of one organization name the same organization."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        organization_id = f"{answer.body['organizationId']}_{call.api_key.number}"
        return Answer(answer.status, {**answer.body, "organizationId": organization_id})

    mock.handle("getCurrentApiKey", handle)


@fault("runs/belongs-to-the-organization", source="reference")
def runs_name_another_organization_than_the_key(mock: Bench) -> None:
    """A run's organizationId is that of the key that reads it."""

    def handle(call: Call, inner: Handler) -> Answer:
        answer = inner(call)
        return Answer(answer.status, {**answer.body, "organizationId": "org_default"})

    mock.handle("getRun", handle)


def replace_state(organization: Organization) -> Organization:
    """A copy of the organization whose collections can be changed without harm."""
    copied = replace(organization)
    copied.runs = dict(organization.runs)
    copied.active_runs = dict(organization.active_runs)
    copied.templates = dict(organization.templates)
    copied.webhooks = dict(organization.webhooks)
    copied.usage_logs = list(organization.usage_logs)
    return copied


@fault("isolation/other-organizations-find-nothing")
def templates_of_others_can_be_deleted_by_slug(mock: Bench) -> None:
    """Another organization's template is 404 to delete by its slug too."""
    everyone = Everyone(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        slug = call.path["idOrSlug"]
        if templates.by_slug(call.organization, slug) is None:
            for other in everyone.organizations.values():
                if templates.by_slug(other, slug) is not None:
                    return inner(replace(call, organization=other))
        return inner(call)

    mock.handle("deleteTemplate", handle)


@fault("isolation/names-are-not-shared", source="reference")
def urls_of_others_are_taken(mock: Bench) -> None:
    """A URL that another organization's webhook has is free."""
    everyone = Everyone(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        taken = {webhook.url for other in everyone.organizations.values() for webhook in other.webhooks.values()}
        if call.body["url"] in taken:
            raise Refusal(ProblemCode.WEBHOOK_URL_DUPLICATE, "A webhook has this URL.")
        return inner(call)

    mock.handle("createWebhook", handle)


@fault("isolation/names-are-not-shared", source="reference")
def slugs_of_others_are_taken(mock: Bench) -> None:
    """A slug that another organization's template has is free."""
    everyone = Everyone(mock)

    def handle(call: Call, inner: Handler) -> Answer:
        taken = {template.slug for other in everyone.organizations.values() for template in other.templates.values()}
        if call.body["slug"] in taken:
            raise Refusal(ProblemCode.TEMPLATE_SLUG_EXISTS, "A template has this slug.")
        return inner(call)

    mock.handle("createTemplate", handle)


@fault("isolation/one-organization-works-on-the-same")
def second_key_cannot_change_templates_of_the_first(mock: Bench) -> None:
    """A template can be changed with every key of its organization."""

    def handle(call: Call, inner: Handler) -> Answer:
        name = call.path["idOrSlug"]
        for template in call.organization.templates.values():
            if name in (template.id, template.slug) and template.created_by != call.api_key.id:
                raise Refusal(ProblemCode.TEMPLATE_NOT_FOUND, "No template has this name.")
        return inner(call)

    mock.handle("updateTemplate", handle)

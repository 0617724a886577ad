"""What else may runs, templates and credits do where nothing published tells?"""

from __future__ import annotations

from dataclasses import replace

from generated.contract import ProblemCode
from mock_server import runs, templates
from mock_server.altered import Bench
from mock_server.calls import Answer, Call, Handler
from mock_server.problems import Refusal
from mock_server.variants.registry import variant


@variant
def runs_cannot_be_cancelled(mock: Bench) -> None:
    """There is no operation that cancels a run: runs end by themselves."""

    def handle(call: Call, inner: Handler) -> Answer:
        raise Refusal(ProblemCode.NOT_FOUND, "There is nothing here.")

    mock.handle("cancelRun", handle)


@variant
def cancelling_an_ended_run_succeeds(mock: Bench) -> None:
    """To cancel a run that has ended is answered with the run."""

    def handle(call: Call, inner: Handler) -> Answer:
        run = call.organization.runs.get(call.path["id"])
        return inner(call) if run is None or run.is_active else runs.get_run(call)

    mock.handle("cancelRun", handle)


@variant
def updates_are_merged(mock: Bench) -> None:
    """The variables and guardrails that an update is given are added to those that the template has."""

    def handle(call: Call, inner: Handler) -> Answer:
        body = dict(call.body)
        for template in call.organization.templates.values():
            if call.path["idOrSlug"] in (template.id, template.slug):
                for name, has in (("envVars", template.env_vars), ("guardrails", template.guardrails)):
                    if name in body:
                        body[name] = {**has, **body[name]}
        return inner(replace(call, body=body))

    mock.handle("updateTemplate", handle)


@variant
def a_deleted_slug_is_not_given_again(mock: Bench) -> None:
    """The slug of a deleted template is not given again."""
    taken: set[tuple[str, str]] = set()

    def create(call: Call, inner: Handler) -> Answer:
        if (call.organization.name, call.body["slug"]) in taken:
            raise Refusal(ProblemCode.TEMPLATE_SLUG_EXISTS, "A template had this slug.")
        return inner(call)

    def delete(call: Call, inner: Handler) -> Answer:
        name = call.path["idOrSlug"]
        found = [one for one in call.organization.templates.values() if name in (one.id, one.slug)]
        answer = inner(call)
        taken.update((call.organization.name, template.slug) for template in found)
        return answer

    mock.handle("createTemplate", create)
    mock.handle("deleteTemplate", delete)


@variant
def organizations_may_take_slugs_of_the_system(mock: Bench) -> None:
    """An organization may give a template the slug of a system template, which is found by it as before."""
    of_the_system = {template.slug for template in templates.SYSTEM_TEMPLATES}

    def handle(call: Call, inner: Handler) -> Answer:
        slug = call.body["slug"]
        own = [template.slug for template in call.organization.templates.values()]
        if slug not in of_the_system or slug in own:
            return inner(call)
        shown = inner(replace(call, body={**call.body, "slug": f"{slug}-"})).body["template"]
        call.organization.templates[shown["id"]].slug = slug
        return Answer(201, {"template": {**shown, "slug": slug}})

    mock.handle("createTemplate", handle)


@variant
def credits_have_other_members(mock: Bench) -> None:
    """GetCredits tells of the credits in words of its own."""

    def handle(call: Call, inner: Handler) -> Answer:
        told = inner(call).body
        return Answer(200, {"balance": {"amount": told["remainingUsd"], "currency": "USD"}})

    mock.handle("getCredits", handle)

"""What are runs started in? The rules of templates, the system's and the organization's own, and their operations."""

from __future__ import annotations

from typing import Any

from generated.contract import ProblemCode
from mock_server.calls import Answer, Call
from mock_server.clock import timestamp
from mock_server.identifiers import new_id
from mock_server.organization import Organization, Template
from mock_server.pagination import page_of
from mock_server.problems import Refusal

_SYSTEM_SINCE = 1_767_225_600.0
"""When the system templates were made: the start of 2026."""

SYSTEM_TEMPLATES: tuple[Template, ...] = tuple(
    Template(
        id=f"tpl_system_{word}",
        slug=f"{word}-default",
        name=name,
        description=f"{name} with the usual tools.",
        base_image=base_image,
        env_vars={},
        guardrails={},
        egress_domains=[],
        size="m",
        is_system=True,
        created_by=None,
        created_at=_SYSTEM_SINCE,
        updated_at=_SYSTEM_SINCE,
    )
    for word, name, base_image in (
        ("node", "Node.js", "node-22"),
        ("python", "Python", "python-3.12"),
        ("php", "PHP", "php-8.3"),
    )
)


def all_templates(organization: Organization) -> list[Template]:
    """The system's, then the organization's own, the oldest first."""
    return [*SYSTEM_TEMPLATES, *organization.templates.values()]


def by_slug(organization: Organization, slug: str) -> Template | None:
    """The template that has this slug now."""
    return next((template for template in all_templates(organization) if template.slug == slug), None)


def _find(call: Call) -> Template:
    """By id or slug; ids hold an underscore and slugs cannot, so neither hides another template's."""
    name = call.path["idOrSlug"]
    for template in all_templates(call.organization):
        if name in (template.id, template.slug):
            return template
    raise Refusal(ProblemCode.TEMPLATE_NOT_FOUND, "No template has this id or slug.")


def _find_own(call: Call) -> Template:
    template = _find(call)
    if template.is_system:
        raise Refusal(ProblemCode.TEMPLATE_SYSTEM_READONLY, f"{template.slug} is a system template.")
    return template


def _document(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        "slug": template.slug,
        "name": template.name,
        "description": template.description,
        "baseImage": template.base_image,
        "envVars": template.env_vars,
        "guardrails": template.guardrails,
        "egressDomains": template.egress_domains,
        "size": template.size,
        "isSystem": template.is_system,
        "createdBy": template.created_by,
        "createdAt": timestamp(template.created_at),
        "updatedAt": timestamp(template.updated_at),
    }


def _guardrails(given: dict[str, Any]) -> dict[str, Any]:
    """The guardrails that the document names, whole numbers written as such."""
    limits = {name: given[name] for name in ("maxTurns", "maxCostUsd", "timeoutMinutes") if name in given}
    return {name: value if name == "maxCostUsd" else int(value) for name, value in limits.items()}


def create_template(call: Call) -> Answer:
    """Operation createTemplate."""
    organization, body = call.organization, call.body
    if by_slug(organization, body["slug"]) is not None:
        raise Refusal(ProblemCode.TEMPLATE_SLUG_EXISTS, f"The slug {body['slug']} is taken.")
    template = Template(
        id=new_id("tpl"),
        slug=body["slug"],
        name=body["name"],
        description=body.get("description"),
        base_image=body["baseImage"],
        env_vars=body.get("envVars", {}),
        guardrails=_guardrails(body.get("guardrails", {})),
        egress_domains=body.get("egressDomains", []),
        size=body.get("size", "m"),
        is_system=False,
        created_by=call.api_key.id,
        created_at=call.now,
        updated_at=call.now,
    )
    organization.templates[template.id] = template
    return Answer(201, {"template": _document(template)})


def list_templates(call: Call) -> Answer:
    """Operation listTemplates."""
    templates, pagination = page_of(all_templates(call.organization), call.query)
    return Answer(200, {"data": [_document(template) for template in templates], "pagination": pagination})


def get_template(call: Call) -> Answer:
    """Operation getTemplate."""
    return Answer(200, {"template": _document(_find(call))})


def update_template(call: Call) -> Answer:
    """Operation updateTemplate. A given member replaces the old one whole; an empty body changes nothing at all."""
    template, body = _find_own(call), call.body
    before = _document(template)
    template.name = body.get("name", template.name)
    template.description = body.get("description", template.description)
    template.env_vars = body.get("envVars", template.env_vars)
    template.guardrails = _guardrails(body.get("guardrails", template.guardrails))
    template.egress_domains = body.get("egressDomains", template.egress_domains)
    template.size = body.get("size", template.size)
    if _document(template) != before:
        template.updated_at = call.now
    return Answer(200, {"template": _document(template)})


def delete_template(call: Call) -> Answer:
    """Operation deleteTemplate. The slug is free again afterwards."""
    template = _find_own(call)
    if any(run.template_id == template.id for run in call.organization.active_runs.values()):
        raise Refusal(ProblemCode.TEMPLATE_HAS_RUNNING_SANDBOXES, f"Runs of {template.slug} are pending or running.")
    del call.organization.templates[template.id]
    return Answer(204)

"""Which organizations are there? Each begins with its first request; how it begins depends on its scenario."""

from __future__ import annotations

from typing import Any

from generated.contract import CONCURRENT_RUNS, WEBHOOKS_PER_ORGANIZATION
from mock_server import usage
from mock_server.deliveries import new_secret
from mock_server.organization import Organization, Template, Webhook
from mock_server.repositories import address_of
from mock_server.run_events import RunEvents
from mock_server.runs import new_run
from mock_server.scenarios import Scenario, Word


class Organizations:
    """The organizations by name."""

    def __init__(self, run_events: RunEvents) -> None:
        self._run_events = run_events
        self._by_name: dict[str, Organization] = {}

    def get(self, name: str, now: float) -> Organization:
        """The organization of this name, which begins now if there is none yet."""
        organization = self._by_name.get(name)
        if organization is None:
            organization = self._by_name[name] = Organization(name)
            self._set_up(organization, now)
        return organization

    def forget(self, name: str | None) -> list[Organization]:
        """Ends the organization of this name, or all; gives what was ended."""
        names = list(self._by_name) if name is None else [name]
        ended = [self._by_name.pop(name) for name in names if name in self._by_name]
        for organization in ended:
            organization.forgotten = True
        return ended

    def _set_up(self, organization: Organization, now: float) -> None:
        if organization.scenario is not Scenario.NO_CREDITS:
            usage.grant(organization, usage.FIRST_CREDITS_USD, "First credits", now)
        if organization.scenario is Scenario.FULL:
            self._fill(organization, now)

    def _fill(self, organization: Organization, now: float) -> None:
        """The scenario `full`, with the ids that the table of scenarios promises."""
        template = Template(
            id="tpl_full_in_use",
            slug="in-use",
            name="In use",
            description="A template with active runs.",
            base_image="node-22",
            env_vars={},
            guardrails={},
            egress_domains=[],
            size="m",
            is_system=False,
            created_by=None,
            created_at=now,
            updated_at=now,
        )
        organization.templates[template.id] = template
        address = address_of("acme/storefront")
        assert address is not None

        def body(prompt: str) -> dict[str, Any]:
            return {"repo": "acme/storefront", "prompt": prompt, "template": template.slug}

        ended = new_run(organization, template, address, body("End at once."), now, "run_full_ended")
        self._run_events.end_now(organization, ended, now)
        for number in range(1, CONCURRENT_RUNS + 1):
            prompt = f"Stay pending. [mock:{Word.STUCK_PENDING}]"
            run = new_run(organization, template, address, body(prompt), now, f"run_full_active_{number}")
            self._run_events.begin(organization, run)
        for number in range(1, WEBHOOKS_PER_ORGANIZATION + 1):
            url = f"https://hooks.full.example/{number}"
            webhook = Webhook(f"wh_full_{number}", url, ["run.completed"], new_secret(), now)
            organization.webhooks[webhook.id] = webhook

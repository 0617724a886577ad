"""What does an organization have? Its state, and nothing of the rules that change it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mock_server.clock import timestamp
from mock_server.scenarios import Scenario, scenario_of

if TYPE_CHECKING:
    from mock_server.runs import Run

HEALTH_WINDOW_SECONDS = 24 * 60 * 60
HEALTH_WINDOW = "24h"


@dataclass(slots=True)
class Template:
    """A template. Times are Unix seconds; `guardrails` holds what is set of the document's TemplateGuardrails."""

    id: str
    slug: str
    name: str
    description: str | None
    base_image: str
    env_vars: dict[str, str]
    guardrails: dict[str, Any]
    egress_domains: list[str]
    size: str
    is_system: bool
    created_by: str | None
    created_at: float
    updated_at: float


@dataclass(slots=True)
class WebhookHealth:
    """How the attempts to deliver went. Times are Unix seconds; `recent` pairs each attempt's with its success."""

    recent: list[tuple[float, bool]] = field(default_factory=list)
    last_success_at: float | None = None
    last_failure_at: float | None = None
    last_failure_reason: str | None = None
    last_delivery: tuple[float, bool] | None = None

    def record(self, at: float, failure: str | None) -> None:
        """Counts an attempt of the time `at`; `failure` tells why it failed, None when it did not.

        Attempts may become known in another order than that in which they were made.
        """
        success = failure is None
        self.recent.append((at, success))
        if self.last_delivery is None or at >= self.last_delivery[0]:
            self.last_delivery = (at, success)
        if success:
            self.last_success_at = max(at, self.last_success_at or at)
        elif self.last_failure_at is None or at >= self.last_failure_at:
            self.last_failure_at, self.last_failure_reason = at, failure

    def document(self, now: float) -> dict[str, Any]:
        """The document's WebhookHealth."""
        start = now - HEALTH_WINDOW_SECONDS
        self.recent = [attempt for attempt in self.recent if attempt[0] > start]
        total = len(self.recent)
        succeeded = sum(success for _, success in self.recent)
        return {
            "window": HEALTH_WINDOW,
            "successCount": succeeded,
            "failedCount": total - succeeded,
            "totalCount": total,
            "successRate": round(succeeded / total, 4) if total else None,
            "lastDeliveryAt": optional_timestamp(self.last_delivery[0] if self.last_delivery else None),
            "lastSuccessAt": optional_timestamp(self.last_success_at),
            "lastFailureAt": optional_timestamp(self.last_failure_at),
            "lastFailureReason": self.last_failure_reason,
            "lastStatus": None if self.last_delivery is None else "success" if self.last_delivery[1] else "failed",
        }


@dataclass(slots=True)
class Webhook:
    """A webhook with its secret."""

    id: str
    url: str
    events: list[str]
    secret: str
    created_at: float
    health: WebhookHealth = field(default_factory=WebhookHealth)


@dataclass(slots=True)
class UsageLog:
    """A charge or a grant of credits: the document's UsageLog, with the time beside it for filters."""

    created_at: float
    resource_type: str
    body: dict[str, Any]


@dataclass(eq=False)
class Organization:
    """The state of one organization. Everything is kept in the order in which it was created."""

    name: str
    runs: dict[str, Run] = field(default_factory=dict)
    active_runs: dict[str, Run] = field(default_factory=dict)
    """Those of `runs` that are pending or running."""
    templates: dict[str, Template] = field(default_factory=dict)
    """Its own, by id."""
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    usage_logs: list[UsageLog] = field(default_factory=list)
    credits_usd: float = 0.0
    used_usd: float = 0.0
    forgotten: bool = False
    """Whether the control interface has reset it: what was started for it must not go on."""

    def __post_init__(self) -> None:
        self.id = f"org_{self.name}"
        self.scenario: Scenario | None = scenario_of(self.name)


def optional_timestamp(moment: float | None) -> str | None:
    """The moment as the API writes it, None for none."""
    return None if moment is None else timestamp(moment)

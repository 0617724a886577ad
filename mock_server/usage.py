"""What do the credits say? Charges and grants, and the operations getCredits, getUsage and listUsageLogs.

Credits pay for sandbox time. What the agent costs is paid with the organization's own Anthropic key, so it is shown
on a run but not charged here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from generated.contract import ProblemCode
from mock_server.calls import Answer, Call
from mock_server.clock import month_of, timestamp
from mock_server.identifiers import new_id
from mock_server.organization import Organization, UsageLog
from mock_server.pagination import page_of
from mock_server.problems import FieldError, Refusal

FIRST_CREDITS_USD = 100.0

SANDBOX = "sandbox"
CREDIT_GRANT = "credit_grant"


def money(amount_usd: float) -> float:
    """The amount as it is told: in millionths of a dollar."""
    return round(amount_usd, 6)


def remaining_usd(organization: Organization) -> float:
    """What is left of the credits; below 0 when the last run cost more than was left."""
    return money(organization.credits_usd - organization.used_usd)


def grant(organization: Organization, amount_usd: float, reason: str, now: float) -> None:
    """Gives credits."""
    before = remaining_usd(organization)
    organization.credits_usd = money(organization.credits_usd + amount_usd)
    _record(
        organization,
        CREDIT_GRANT,
        now,
        before,
        {"quantity": amount_usd, "costUsd": 0, "waived": False, "metadata": {"reason": reason}},
    )


def charge(organization: Organization, record: dict[str, Any], now: float) -> None:
    """Charges for a sandbox. `record`: the document's UsageLog but for what stands in every record."""
    before = remaining_usd(organization)
    organization.used_usd = money(organization.used_usd + record["costUsd"])
    _record(organization, SANDBOX, now, before, record)


def _record(organization: Organization, resource_type: str, now: float, before: float, record: dict[str, Any]) -> None:
    body = {
        "id": new_id("use"),
        "organizationId": organization.id,
        "resourceType": resource_type,
        "sandboxId": None,
        "runId": None,
        "ratePerMinuteUsd": None,
        **record,
        "balanceBeforeUsd": before,
        "balanceAfterUsd": remaining_usd(organization),
        "createdAt": timestamp(now),
    }
    organization.usage_logs.append(UsageLog(now, resource_type, body))


def _credits(organization: Organization) -> dict[str, float]:
    return {
        "creditsUsd": organization.credits_usd,
        "usedUsd": organization.used_usd,
        "remainingUsd": remaining_usd(organization),
    }


def get_credits(call: Call) -> Answer:
    """Operation getCredits."""
    return Answer(200, _credits(call.organization))


def get_usage(call: Call) -> Answer:
    """Operation getUsage. The month is that of the mock's clock, in UTC; runs count in the month of their creation."""
    month = month_of(call.now)
    charges = [
        log.body
        for log in call.organization.usage_logs
        if log.resource_type == SANDBOX and month_of(log.created_at) == month
    ]
    return Answer(
        200,
        {
            "organization": _credits(call.organization),
            "currentMonth": {
                "sandboxSeconds": round(sum(charge["quantity"] for charge in charges) * 60, 3),
                "sandboxCostUsd": money(sum(charge["costUsd"] for charge in charges)),
                "runsCount": sum(month_of(run.created_at) == month for run in call.organization.runs.values()),
            },
        },
    )


def list_usage_logs(call: Call) -> Answer:
    """Operation listUsageLogs. Both dates belong to the period that they bound."""
    query = call.query
    start, end = (_moment(name, query[name]) for name in ("startDate", "endDate"))
    logs = [
        log.body
        for log in reversed(call.organization.usage_logs)
        if query["resourceType"] in (None, log.resource_type)
        and (start is None or log.created_at >= start)
        and (end is None or log.created_at <= end)
    ]
    data, pagination = page_of(logs, query)
    return Answer(200, {"data": data, "pagination": pagination})


_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))", re.IGNORECASE
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(name: str, text: str | None) -> float | None:
    """Unix seconds of an RFC 3339 date-time. Raises VALIDATION_FAILED for the few that no calendar here can hold."""
    if text is None:
        return None
    match = _DATE_TIME.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
        leap = second == 60
        date = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=UTC)
        microseconds = int((match[7] or "0")[:6].ljust(6, "0"))
        offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0)) * (-1 if match[8] == "-" else 1)
        return (date - _EPOCH - offset + timedelta(seconds=leap, microseconds=microseconds)).total_seconds()
    except ValueError:
        raise Refusal(
            ProblemCode.VALIDATION_FAILED,
            "Invalid query parameters",
            (FieldError(name, "Invalid date-time", "invalid_string"),),
        ) from None

"""What has happened in a run so far? Its log records from its life, the oldest first, and the operation listRunLogs.

Records only ever come to the end of the list: what was once shown keeps its place and its id.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from mock_server.clock import timestamp

if TYPE_CHECKING:
    from mock_server.runs import Run

_Event = tuple[float, str, str, dict[str, Any]]
"""Time, eventType, category, data."""

_SETUP: tuple[tuple[float, str, str, dict[str, Any]], ...] = (
    (0.0, "sandbox.started", "system", {}),
    (0.02, "git.cloned", "git", {"depth": 1}),
    (0.04, "mcp.connected", "mcp", {"server": "repository-tools"}),
    (0.05, "agent.started", "agent", {}),
)
"""What happens at first, by the share of the running time."""

_STEPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("agent.message", "agent", {"text": "Looking at the code."}),
    ("file.read", "filesystem", {"path": "src/index"}),
    ("agent.tool_used", "agent", {"tool": "search"}),
    ("file.written", "filesystem", {"path": "src/change"}),
    ("web.fetched", "web", {"url": "https://docs.example.com/"}),
    ("mcp.called", "mcp", {"tool": "list_symbols"}),
    ("git.committed", "git", {"files": 1}),
    ("github.commented", "github", {"body": "Working on it."}),
)
_STEPS_FROM, _STEPS_UNTIL = 0.08, 0.97


def records(run: Run, now: float) -> list[dict[str, Any]]:
    """The document's RunLog records of the run up to `now`."""
    until = now if run.completed_at is None else run.completed_at
    events = sorted((event for event in _events(run) if event[0] <= until), key=lambda event: event[0])
    return [
        {
            "id": f"log_{run.id}_{number}",
            "eventType": event_type,
            "category": category,
            "timestamp": timestamp(moment),
            "data": data,
        }
        for number, (moment, event_type, category, data) in enumerate(events, start=1)
    ]


def _events(run: Run) -> list[_Event]:
    events: list[_Event] = [(run.created_at, "run.created", "system", {"template": run.template_slug})]
    if run.started_at is not None:
        events += [
            (round(run.started_at + share * run.plan.running_seconds, 3), event_type, category, data)
            for share, event_type, category, data in (*_SETUP, *_steps(run.id))
        ]
    if run.cancel_requested_at is not None:
        events.append((run.cancel_requested_at, "run.cancel_requested", "system", {}))
    if run.completed_at is not None:
        if run.error is not None:
            events.append((run.completed_at, "run.error", "error", dict(run.error)))
        events.append((run.completed_at, f"run.{run.status}", "system", {}))
    return events


def _steps(run_id: str) -> list[tuple[float, str, str, dict[str, Any]]]:
    """Between 55 and 75 steps of the agent, evenly spread."""
    chance = Random(f"{run_id} logs")
    count = chance.randint(55, 75)
    width = (_STEPS_UNTIL - _STEPS_FROM) / count
    return [(_STEPS_FROM + number * width, *_STEPS[number % len(_STEPS)]) for number in range(count)]

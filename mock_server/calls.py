"""What does an operation get, and what does it give? The types between the application and the resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mock_server.api_keys import ApiKey
    from mock_server.organization import Organization
    from mock_server.run_events import RunEvents


@dataclass(frozen=True, slots=True)
class Call:
    """A request that fits the document. Path, query and body hold what it names, defaults of the query filled in."""

    organization: Organization
    api_key: ApiKey
    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    now: float
    """The time on the mock's clock, in Unix seconds."""
    run_events: RunEvents
    """What makes runs live on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: status and JSON body, None for no body."""

    status: int
    body: Any = None


Handler = Callable[[Call], Answer]
"""One operation: answers the call or raises a Refusal, without waiting for anything in between."""

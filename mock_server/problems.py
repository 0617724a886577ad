"""How is a request refused? The exception that carries a problem, and the problem as RFC 9457 writes it.

When to refuse is for the modules of the resources, titles and statuses are the document's.
"""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass
from typing import Any

from generated.contract import PROBLEMS, ProblemCode

PROBLEM_MEDIA_TYPE = "application/problem+json"

UNAVAILABLE_STATUS = 503
"""The one documented problem status without a listed code (`503` of createRun)."""
UNAVAILABLE_CODE = "SANDBOX_UNAVAILABLE"
UNAVAILABLE_TITLE = "Sandbox failed to start"

_process = secrets.token_hex(4)
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one member of the body (a dotted path) or one parameter (its name)."""

    field: str
    message: str
    code: str


class Refusal(Exception):
    """The request is answered with a problem instead; nothing of it has taken effect.

    `retry_after_seconds` goes with a 429 only.
    """

    def __init__(
        self,
        code: ProblemCode | None,
        detail: str,
        errors: tuple[FieldError, ...] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        """`code` None is the unlisted one of status 503."""
        super().__init__(detail)
        if code is None:
            self.code, self.status, self.title = UNAVAILABLE_CODE, UNAVAILABLE_STATUS, UNAVAILABLE_TITLE
        else:
            kind = PROBLEMS[code]
            self.code, self.status, self.title = kind.code.value, kind.status, kind.title
        self.detail = detail
        self.errors = errors
        self.retry_after_seconds = retry_after_seconds

    def body(self, instance: str) -> dict[str, Any]:
        """The problem. `instance`: the path of the request. Every call gives another requestId."""
        problem: dict[str, Any] = {
            "type": self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "requestId": f"req-{_process}{next(_numbers):06x}",
        }
        if self.errors:
            problem["errors"] = [
                {"field": error.field, "message": error.message, "code": error.code} for error in self.errors
            ]
        return problem

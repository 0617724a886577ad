"""Whose request is this? Reads the Authorization header, and answers the operation getCurrentApiKey.

A key is `csk_live_NAME` or `csk_live_NAME__2`; it needs no registration. States of whole organizations are scenarios.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from generated.contract import ProblemCode
from mock_server.calls import Answer, Call
from mock_server.problems import Refusal
from mock_server.scenarios import INVALID_KEY_SCENARIOS, scenario_of

KEY_START = "csk_live_"

_KEY = re.compile(KEY_START + r"([A-Za-z0-9_-]{4,128}?)(?:__([0-9]{1,6}))?")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key. Each has a rate window of its own, whatever organization it belongs to."""

    id: str
    organization_name: str
    number: int
    """1 for the organization's first key, else what stands after the two underscores."""
    prefix: str
    """As much of the key as may be shown."""


def authenticate(values: list[bytes]) -> ApiKey:
    """The key of a request whose Authorization headers have these values. Raises the Refusal of the 401s."""
    if len(values) != 1:
        raise Refusal(ProblemCode.AUTH_UNAUTHORIZED, "Send one header `Authorization: Bearer csk_live_...`.")
    scheme, _, token = values[0].strip(b" \t").partition(b" ")
    token = token.strip(b" \t")
    if scheme.lower() != b"bearer" or not token:
        raise Refusal(ProblemCode.AUTH_UNAUTHORIZED, "The Authorization header is not `Bearer csk_live_...`.")
    key = _key(token)
    if key is None:
        raise Refusal(ProblemCode.API_KEY_INVALID, "The key is not known or was revoked.")
    return key


@lru_cache(maxsize=4096)
def _key(token: bytes) -> ApiKey | None:
    match = _KEY.fullmatch(token.decode("latin-1"))
    if match is None or scenario_of(match[1]) in INVALID_KEY_SCENARIOS:
        return None
    name = match[1]
    shown = min(4, len(name) // 2)
    return ApiKey(
        id=f"key_{hashlib.sha256(token).hexdigest()[:12]}",
        organization_name=name,
        number=int(match[2] or 1),
        prefix=KEY_START + name[:shown],
    )


def get_current_api_key(call: Call) -> Answer:
    """Operation getCurrentApiKey."""
    return Answer(
        200,
        {
            "id": call.api_key.id,
            "name": f"Key {call.api_key.number}",
            "keyPrefix": call.api_key.prefix,
            "organizationId": call.organization.id,
        },
    )

"""What are new things called? Ids of letters and digits behind a word that tells the kind."""

from __future__ import annotations

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 14


def new_id(kind: str) -> str:
    """An id such as `run_8kQ2mXw4Ztb1Yc`, never given before (83 random bits)."""
    return f"{kind}_{''.join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))}"

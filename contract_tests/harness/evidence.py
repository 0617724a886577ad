"""What several rules look at: gathered when the first of them asks for it, and only then.

A gathering that ends in `not_checked` tells every rule the same reason.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")


def gathered(method: Callable[[S], T]) -> Callable[[S], T]:
    """Let a method that gathers evidence do so once: later calls get the same result, or the same exception."""
    store = _store(method)

    @functools.wraps(method)
    def gather(self: S) -> T:
        known: dict[str, Any] | None = vars(self).get(store)
        if known is None:
            known = {}
            vars(self)[store] = known
            try:
                known["result"] = method(self)
            except BaseException as error:  # pytest's skip is no Exception
                known["error"] = error
                raise
        if "error" in known:
            raise known["error"]
        result: T = known["result"]
        return result

    return gather


def is_gathered(owner: object, method: Callable[..., object]) -> bool:
    """Whether the evidence of an owner's method is at hand."""
    return _store(method) in vars(owner)


def _store(method: Callable[..., object]) -> str:
    return f"_{method.__name__}_gathered"

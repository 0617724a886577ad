"""What is a fault, and where are they kept? A fault breaks one promise of the contract, its docstring, and no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from generated.contract import SOURCES
from mock_server.altered import Alteration


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break one promise."""

    name: str
    promise: str
    """The sentence that no longer holds."""
    source: str
    """A name of `SOURCES`: who makes the promise."""
    rules: tuple[str, ...]
    """Ids of the suite's rules that state the promise: any of them may catch the fault."""
    alter: Alteration
    breaks_too: Mapping[str, str] = field(default_factory=dict)
    """Ids of rules that state published promises which this one cannot be broken without, each with the reason."""

    @property
    def is_assumed(self) -> bool:
        """Whether the promise is assumed, so that breaking it is worth a warning and no more."""
        return SOURCES[self.source].level == "should"


FAULTS: dict[str, Fault] = {}
"""All faults by name; filled when the modules of `mock_server.faults` are imported."""


def fault(
    *rules: str, source: str = "overview", breaks_too: Mapping[str, str] | None = None
) -> Callable[[Alteration], Alteration]:
    """Registers a fault: the function's name is its name, its docstring the promise that it breaks."""

    def register(alter: Alteration) -> Alteration:
        add(alter.__name__.replace("_", "-"), " ".join((alter.__doc__ or "").split()), alter, rules, source, breaks_too)
        return alter

    return register


def add(
    name: str,
    promise: str,
    alter: Alteration,
    rules: tuple[str, ...],
    source: str = "overview",
    breaks_too: Mapping[str, str] | None = None,
) -> None:
    """Registers a fault that is an entry of a table."""
    if name in FAULTS:
        raise ValueError(f"two faults are named {name}")
    FAULTS[name] = Fault(name, promise, SOURCES[source].name, rules, alter, breaks_too or {})

"""What is a variant, and where are they kept? Something that a right server may do and the mock does not."""

from __future__ import annotations

from dataclasses import dataclass

from mock_server.altered import Alteration


@dataclass(frozen=True, slots=True)
class Variant:
    """A legal choice of a server."""

    name: str
    choice: str
    """What this server does, in a sentence."""
    alter: Alteration


VARIANTS: dict[str, Variant] = {}
"""All variants by name; filled when the modules of `mock_server.variants` are imported."""


def variant(alter: Alteration) -> Alteration:
    """Registers a variant: the function's name is its name, its docstring the choice."""
    name = alter.__name__.replace("_", "-")
    if name in VARIANTS:
        raise ValueError(f"two variants are named {name}")
    VARIANTS[name] = Variant(name, " ".join((alter.__doc__ or "").split()), alter)
    return alter

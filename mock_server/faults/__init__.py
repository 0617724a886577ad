"""Which promise shall the mock break? Deliberate faults, so that a suite can be shown to catch them."""

from importlib import import_module
from pkgutil import iter_modules

from mock_server.faults.registry import FAULTS, Fault

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["FAULTS", "Fault"]

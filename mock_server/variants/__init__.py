"""Which legal choice shall the mock make otherwise? Variants, so that a suite can be shown to leave them alone."""

from importlib import import_module
from pkgutil import iter_modules

from mock_server.variants.registry import VARIANTS, Variant

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["VARIANTS", "Variant"]

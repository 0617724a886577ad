"""How do the project's own tests run? Every property test draws the same examples each time."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "project",
    derandomize=True,
    deadline=None,
    database=None,
    print_blob=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("project")


def pytest_configure(config: pytest.Config) -> None:
    """Know the suite's marker, so that its modules can be imported."""
    config.addinivalue_line("markers", "rule(rule): the promise that a test of the suite checks")

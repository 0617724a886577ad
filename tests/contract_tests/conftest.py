"""Fixtures of the suite's tests: a mock server to run it against."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mock_server import hosting


@pytest.fixture(scope="session")
def mock_url() -> Iterator[str]:
    """The URL of a mock that every test shares; keys keep the tests apart."""
    with hosting.running() as url:
        yield url

"""Fixtures of the suite's tests: a mock server to run it against."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from contract_tests.harness.results import Results
from contract_tests.harness.session import Session
from contract_tests.harness.target import MovedClock, Target
from mock_server import hosting
from tests.contract_tests.exchanges import document

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def mock_url() -> Iterator[str]:
    """The URL of a mock that every test shares; keys keep the tests apart."""
    with hosting.running() as url:
        yield url


@pytest.fixture
def session(mock_url: str) -> Session:
    return _session(mock_url)


@pytest.fixture(scope="module")
def lasting_session(mock_url: str) -> Session:
    """One that the tests of a file share."""
    return _session(mock_url)


def _session(mock_url: str) -> Session:
    """A session on the mock, in an organization of its own and with all the keys that matter."""
    name = f"csk_live_harness_{next(_numbers)}"
    target = Target(mock_url, MovedClock(f"{mock_url}/_control"), name, f"{name}__2", f"{name}_other")
    return Session(target, document(), Results(), timeout_seconds=10, verify=True)

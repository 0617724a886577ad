"""Fixtures of the mock's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mock_server.in_process import Client, Mock, Receivers


@pytest.fixture
def receivers() -> Receivers:
    return Receivers()


@pytest.fixture
def mock(receivers: Receivers) -> Iterator[Mock]:
    mock = Mock(receivers)
    yield mock
    mock.close()


@pytest.fixture
def client(mock: Mock) -> Client:
    return mock.client()

"""Every operation of the document is found, and nothing else is."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.contract import OPERATIONS
from mock_server.routing import Router

ROUTER = Router()
METHODS = {operation.method for operation in OPERATIONS.values()} | {"PUT", "HEAD", "OPTIONS", "get"}


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_each_operation_is_found_by_its_own_method_only(operation_id: str) -> None:
    operation = OPERATIONS[operation_id]
    path = operation.path.replace("{", "").replace("}", "").encode()
    found = {method: route for method in METHODS if (route := ROUTER.find(method, path)) is not None}
    assert found[operation.method].operation is operation
    assert all(route.operation.path == operation.path for route in found.values())


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: text not in (".", "..")))
def test_a_parameter_is_what_was_encoded(value: str) -> None:
    route = ROUTER.find("GET", f"/v1/runs/{quote(value, safe='')}/logs".encode())
    assert route is not None
    assert route.operation.operation_id == "listRunLogs"
    assert route.parameters == {"id": value}


@given(st.binary())
def test_no_path_is_too_odd(path: bytes) -> None:
    assert ROUTER.find("GET", b"/" + path) is None
    assert ROUTER.find("GET", path) is None

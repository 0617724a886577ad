"""The mock reads the requests of all operations from the document."""

from __future__ import annotations

from generated.contract import OPERATIONS
from mock_server import document


def test_every_operation_has_a_request() -> None:
    assert document.request_shapes().keys() == OPERATIONS.keys()


def test_parameters_that_are_references_are_read() -> None:
    names = {parameter.name for parameter in document.request_shapes()["listRuns"].query}
    expected = {"page", "limit", "status", "search", "template", "model", "outputTypes", "sortBy", "order"}
    assert names == expected


def test_lists_are_comma_separated_and_bodies_are_where_the_document_has_them() -> None:
    shapes = document.request_shapes()
    assert {parameter.name for parameter in shapes["listRuns"].query if not parameter.explode} == {
        "status",
        "outputTypes",
    }
    assert {operation_id for operation_id, shape in shapes.items() if shape.body is not None} == {
        "createRun",
        "createTemplate",
        "updateTemplate",
        "createWebhook",
    }

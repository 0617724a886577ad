"""Requests are plainly valid when the document's schemas hold and no line is touched that nothing published draws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contract_tests.harness.exchange import Request
from contract_tests.harness.plain_requests import PlainRequests
from contract_tests.harness.trials import Trials, altered
from generated.contract import OPERATIONS
from tests.contract_tests.exchanges import document

PLAIN = PlainRequests(document())
TRIALS = Trials(document())
TEMPLATE = {"slug": "a", "name": "a", "baseImage": "node-22"}


def request(operation_id: str, body: Any = None, **asked: Any) -> Request:
    operation = OPERATIONS[operation_id]
    has_body = asked.pop("has_body", body is not None)
    return Request(operation.method, operation.path, operation_id, body=body, has_body=has_body, **asked)


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_the_valid_side_of_every_constraint_is_plainly_valid(operation_id: str) -> None:
    if document().request_body(operation_id) is None:
        assert PLAIN.holds(request(operation_id))
    for body in TRIALS.valid_bodies(operation_id, ()):
        assert PLAIN.holds(request(operation_id, body)), body
    for query in TRIALS.valid_queries(operation_id):
        plain = dict(query)
        if "startDate" in plain:
            del plain["endDate"]  # dates that are the same are in no order
        assert PLAIN.holds(request(operation_id, query=plain)), plain


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_the_invalid_side_of_no_constraint_is(operation_id: str) -> None:
    for violation in TRIALS.violations(operation_id):
        if violation.constraint.location == "query":
            wrong = request(operation_id, query={str(violation.constraint.path[0]): violation.value})
        else:
            body = altered(TRIALS.fullest_example(operation_id), violation.constraint.path, violation.value)
            wrong = request(operation_id, body, has_body=True)
        assert not PLAIN.holds(wrong), violation


@pytest.mark.parametrize(
    "odd",
    [
        request("createTemplate", TEMPLATE | {"owner": "me"}),
        request("createTemplate", TEMPLATE | {"guardrails": {"maxRuns": 1}}),
        request("createTemplate", TEMPLATE, content_type="text/plain"),
        request("createTemplate", b'{"slug": "a"}'),
        request("createTemplate"),
        request("getCredits", {}),
        request("getCredits", query={"page": 1}),
        request("listRuns", query={"limit": "+1"}),
        request("listRuns", query={"limit": "1.0"}),
        request("listRuns", query={"limit": "١"}),
        request("listRuns", query={"limit": "9" * 5000}),
        request("listRuns", query={"status": "completed,"}),
        request("listUsageLogs", query={"startDate": "2026-03-02T00:00:00Z", "endDate": "2026-03-01T00:00:00Z"}),
        replace(request("getCredits"), on_the_line=True),
        replace(request("getCredits"), provokes=500),
        Request("GET", "/v1/nothing"),
    ],
)
def test_what_a_right_server_may_refuse_is_not(odd: Request) -> None:
    assert not PLAIN.holds(odd)


def test_what_is_given_twice_is_not_plainly_valid() -> None:
    twice = {"url": "https://hooks.acme.example/a", "events": ["run.failed", "run.failed"]}
    assert PLAIN.holds(request("createWebhook", {**twice, "events": ["run.failed", "run.completed"]}))
    assert not PLAIN.holds(request("createWebhook", twice))
    assert not PLAIN.holds(request("createTemplate", {**TEMPLATE, "egressDomains": ["a.example", "a.example"]}))
    assert not PLAIN.holds(request("listRuns", query={"status": "pending,pending"}))

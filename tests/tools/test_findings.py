"""Are the tools' own words read rightly? Small pieces of what they say, and the files that they are given."""

from __future__ import annotations

import json
from typing import Any

import yaml

from generated.contract import OPERATIONS
from scripts.tools import dredd, prism, schemathesis, specmatic

DOCUMENT: dict[str, Any] = yaml.safe_load(specmatic.DOCUMENT.read_text(encoding="utf-8"))

DREDD = """\
pass: POST (201) /v1/runs duration: 213ms
fail: GET (200) /v1/templates/node-default duration: 117ms
fail: GET (200) /v1/templates/node-default duration: 117ms
fail: body: At '/template/size' Missing required property: size
headers: At '/retry-after' Missing required property: retry-after

request:
method: GET
body: 1

error: GET (200) /v1/runs duration: 3ms
skip: DELETE (409) /v1/templates/node-default
complete: 1 passing, 1 failing, 1 errors, 1 skipped, 4 total
"""


def test_dredd_names_the_transaction_and_what_is_wrong() -> None:
    assert dredd.findings(DREDD) == {
        "GET (200) /v1/templates/node-default: body: At '/template/size' Missing required property: size",
        "GET (200) /v1/templates/node-default: headers: At '/retry-after' Missing required property: retry-after",
        "GET (200) /v1/runs: failed",
    }


PRISM = """\
[10:07:15 PM] \u203a     [VALIDATOR] \u2716  error     Violation: request.body Request body must be object
[10:07:16 PM] \u203a     [VALIDATOR] \u2716  error     Violation: response.body.data.0.id Response body must be string
[10:07:17 PM] \u203a     [VALIDATOR] \u2716  error     Violation: response.body.data.12.id Response body must be string
\u001b[31m[VALIDATOR]\u001b[39m Violation: response.header.x-ratelimit-limit Header must have it
"""


def test_prism_is_heard_of_answers_only_and_once_for_a_list() -> None:
    assert prism.findings(PRISM) == {
        "response.body.data.*.id: Response body must be string",
        "response.header.x-ratelimit-limit: Header must have it",
    }


SPECMATIC = """\
Scenario: GET /v1/runs -> 200 has FAILED
API: GET /v1/runs -> 200
  >> RESPONSE.STATUS

Unsuccessful Scenarios:
  "+ve  Scenario: POST /v1/runs -> 201 with the request from the example 'pending' FAILED"
        Reason:
    API: POST /v1/runs -> 201

      >> RESPONSE.STATUS

          R0002: HTTP status mismatch
          Specification expected status 201 but response contained status 400

  "GET /v1/templates FAILED"
        Reason:
    API: GET /v1/templates -> 200

      >> RESPONSE.BODY.data[0].size

          R2001: Missing
      >> RESPONSE.BODY.data[7].size

          R2001: Missing

  "GET /v1/webhooks FAILED"
        Reason:
    API: GET /v1/webhooks -> 200

Tests run: 3, Successes: 0, Failures: 3, WIP: 0, Errors: 0
"""


def test_specmatic_names_operation_place_and_expectation() -> None:
    assert specmatic.findings(SPECMATIC) == {
        "POST /v1/runs -> 201: RESPONSE.STATUS: Specification expected status 201 but response contained status 400",
        "GET /v1/templates -> 200: RESPONSE.BODY.data[*].size",
        "GET /v1/webhooks -> 200",
    }


def test_specmatic_is_given_ids_that_exist_under_the_names_of_the_answers() -> None:
    changed = specmatic.prepared(DOCUMENT, {"createRun": "run_there"})
    operation = OPERATIONS["getRun"]
    node = changed["paths"][operation.path]["get"]
    (content,) = node["responses"]["200"]["content"].values()
    (parameter,) = node["parameters"]
    assert parameter["examples"] == {name: {"value": "run_there"} for name in content["examples"]}
    assert "example" not in parameter


def test_specmatic_is_given_requests_under_the_names_of_the_answers() -> None:
    node = specmatic.prepared(DOCUMENT, {})["paths"]["/v1/runs"]["post"]
    (request,) = node["requestBody"]["content"].values()
    (answer,) = node["responses"]["201"]["content"].values()
    assert list(request["examples"]) == list(answer["examples"])


def test_what_specmatic_is_given_is_else_the_document() -> None:
    before = json.dumps(DOCUMENT)
    changed = specmatic.prepared(DOCUMENT, {})
    assert json.dumps(DOCUMENT) == before
    assert changed["components"] == DOCUMENT["components"]


def test_schemathesis_names_failures_and_errors_by_operation() -> None:
    report = {
        "failures": [{"title": "Response violates schema", "operations": ["GET /v1/runs", "GET /v1/templates"]}],
        "errors": [{"title": "Network Error", "operations": []}],
    }
    assert schemathesis.findings(report) == {
        "Response violates schema: GET /v1/runs",
        "Response violates schema: GET /v1/templates",
        "Network Error: as a whole",
    }

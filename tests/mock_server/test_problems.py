"""Problems have the catalogue's status and title and an id of their own."""

from __future__ import annotations

import pytest

from generated.contract import PROBLEMS, ProblemCode
from mock_server.problems import FieldError, Refusal


@pytest.mark.parametrize("code", ProblemCode)
def test_a_problem_is_what_the_catalogue_says(code: ProblemCode) -> None:
    problem = Refusal(code, "Why.").body("/v1/runs")
    kind = PROBLEMS[code]
    assert (problem["type"], problem["status"], problem["title"]) == (kind.code, kind.status, kind.title)
    assert (problem["detail"], problem["instance"]) == ("Why.", "/v1/runs")
    assert "errors" not in problem


def test_field_errors_are_listed() -> None:
    errors = (FieldError("a.b", "Required", "required"),)
    problem = Refusal(ProblemCode.VALIDATION_FAILED, "Why.", errors).body("/")
    assert problem["errors"] == [{"field": "a.b", "message": "Required", "code": "required"}]


def test_every_answer_has_a_request_id_of_its_own() -> None:
    refusal = Refusal(ProblemCode.CONFLICT, "Why.")
    assert refusal.body("/")["requestId"] != refusal.body("/")["requestId"]


def test_the_status_without_a_listed_code_has_a_bare_word() -> None:
    problem = Refusal(None, "Why.").body("/")
    assert (problem["status"], problem["type"].isupper()) == (503, True)
    assert problem["type"] not in set(ProblemCode)

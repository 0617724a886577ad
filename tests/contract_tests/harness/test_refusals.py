"""The answer to an invalid request is held to the rules of refusal: that it is one, its code, the field it names."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.harness.exchange import Exchange
from contract_tests.harness.refusals import NAMES_FIELD, REFUSAL_CODE, REFUSES, REFUSES_ASSUMED, refused
from contract_tests.harness.trials import Constraint, Path
from generated.contract import ProblemCode
from tests.contract_tests.exchanges import problem, success
from tests.contract_tests.scripted import answer, scripted


def judged(exchange: Exchange, path: Path, source: str = "reference", *, no_object: bool = False) -> dict[str, bool]:
    """Which rules spoke of an answer, and whether they held."""
    with scripted([answer()]) as (session, *_):
        refused(session, exchange, Constraint("createTemplate", "body", path, "is right", source), no_object=no_object)
        held = {name: True for name, result in session.results.rules.items() if result.held}
        return held | {found.rule.id: False for found in session.breaks}


def naming(*fields: Any) -> Exchange:
    errors = [{"field": field, "message": "is wrong", "code": "x"} for field in fields]
    return problem("createTemplate", ProblemCode.VALIDATION_FAILED, {"errors": errors})


@pytest.mark.parametrize(("source", "rule"), [("reference", REFUSES), ("guide", REFUSES), ("assumed", REFUSES_ASSUMED)])
def test_what_is_accepted_breaks_the_rule_of_its_source(source: str, rule: Any) -> None:
    assert judged(success("createTemplate"), ("name",), source) == {rule.id: False}
    assert judged(naming("name"), ("name",), source)[rule.id]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (("name",), ["name"]),
        (("guardrails", "maxTurns"), ["guardrails.maxTurns"]),
        (("guardrails", "maxTurns"), ["guardrails"]),
        (("egressDomains", 0), ["egressDomains.0"]),
        (("egressDomains", 0), ["egressDomains[0]"]),
        (("envVars",), ["envVars.WRONG"]),
        (("name",), ["slug", "name"]),
    ],
)
def test_a_field_names_the_place_the_way_to_it_or_what_is_below(path: Path, fields: list[str]) -> None:
    assert judged(naming(*fields), path) == {REFUSES.id: True, REFUSAL_CODE.id: True, NAMES_FIELD.id: True}


@pytest.mark.parametrize("fields", [["slug"], ["guardrails.maxCostUsd"], [""], [7], ["max"], ["maxTurns"]])
def test_another_field_is_another_place(fields: list[Any]) -> None:
    assert judged(naming(*fields), ("guardrails", "maxTurns"))[NAMES_FIELD.id] is False


def test_another_code_is_none_of_a_refusal() -> None:
    bad = problem("createTemplate", ProblemCode.BAD_REQUEST)
    assert judged(bad, ("name",)) == {REFUSES.id: True, REFUSAL_CODE.id: False}
    assert judged(bad, (), no_object=True) == {REFUSES.id: True, REFUSAL_CODE.id: True}
    exists = problem("createTemplate", ProblemCode.TEMPLATE_SLUG_EXISTS)
    assert judged(exists, ("name",))[REFUSAL_CODE.id] is False


@pytest.mark.parametrize("code", [ProblemCode.API_KEY_INVALID, ProblemCode.RATE_LIMIT_EXCEEDED])
def test_who_may_not_ask_hears_of_that_first(code: ProblemCode) -> None:
    assert judged(problem("createTemplate", code), ("name",)) == {REFUSES.id: True}

"""Amounts are compared as exactly as they are told, and a charge fits its time and rate."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.harness.money import amount, is_charge, rounding, same


@pytest.mark.parametrize("value", [True, "1", None, [], float("nan"), float("inf")])
def test_only_numbers_are_amounts(value: Any) -> None:
    assert amount(value) is None


@pytest.mark.parametrize(
    ("values", "slack"),
    [
        ([], 0.005),
        ([1], 0.005),
        ([1.5], 0.005),
        ([0.015], 0.0005),
        ([1, 0.0001], 0.00005),
        ([0.123456789], 0.0000005),
        (["x", None], 0.005),
    ],
)
def test_how_exact_amounts_are_is_told_by_their_places(values: list[Any], slack: float) -> None:
    assert rounding(values) == pytest.approx(slack)


def test_amounts_are_one_when_either_is_rounded() -> None:
    exact, cents = [0.0124, 0.0061, 1.5], [0.01, 0.01, 1.5]
    assert same(0.0124, 0.01, exact, cents)
    assert same(0.01, 0.0124, cents, exact)
    assert not same(0.0161, 0.01, exact, cents)


def test_amounts_that_are_told_alike_are_one_only_when_they_are_equal() -> None:
    assert same(0.1 + 0.2, 0.3, [0.3], [0.3])
    assert not same(0.01, 0.02, [0.01], [0.02])


@given(st.integers(1, 20_000), st.sampled_from([0.01, 0.03, 0.06]))
def test_every_way_to_count_time_is_a_charge(seconds: int, rate: float) -> None:
    exact, by_minute = seconds / 60 * rate, -(-seconds // 60) * rate
    assert is_charge(exact, seconds, rate, 1e-6)
    assert is_charge(by_minute, seconds, rate, 1e-6)


@given(st.integers(120, 20_000), st.sampled_from([0.01, 0.03, 0.06]))
def test_what_is_far_from_its_time_or_rate_is_none(seconds: int, rate: float) -> None:
    exact = seconds / 60 * rate
    assert not is_charge(exact * 60, seconds, rate, 1e-6)
    assert not is_charge(exact / 60, seconds, rate, 1e-6)
    assert not is_charge(0, seconds, rate, 0.005)
    assert not is_charge(-exact, seconds, rate, 1e-6)


def test_a_moment_may_cost_nothing_where_cents_are_told() -> None:
    assert is_charge(0, 5, 0.01, 0.005)

"""What a body says is read whatever shape it has, and what says the same is alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_tests.harness.reading import alike, differences, instant, items, listed, members, seconds_between, shown
from tests.contract_tests.exchanges import exchange

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_everything_is_like_itself(value: Any) -> None:
    assert alike(value, value)


@given(json_values, json_values)
def test_likeness_goes_both_ways(one: Any, other: Any) -> None:
    assert alike(one, other) == alike(other, one)


@given(json_values)
def test_any_body_can_be_read(value: Any) -> None:
    read = exchange("listRuns", 200, value if value is not None else {})
    assert all(isinstance(item, dict) for item in items(read))
    assert isinstance(members(value), dict)
    assert len(shown(value)) < 130
    instant(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 1, "b": None}),
        ({"a": {"b": None}}, {"a": {}}),
        (1, 1.0),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00"),
        ([{"a": None}], [{}]),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.999Z"),
        ("2026-03-01T12:00:00.124Z", "2026-03-01T12:00:00.123501Z"),
        ("2026-03-01T12:00:00.123456Z", "2026-03-01T12:00:00.123456789Z"),
        (0.1 + 0.2, 0.3),
        (0.20000000298023224, 0.2),
    ],
)
def test_what_says_the_same_is_alike(one: Any, other: Any) -> None:
    assert alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        (1, "1"),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ({"a": 1}, {"a": 2}),
        ({"a": 0}, {}),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:01.000Z"),
        ("2026-03-01T12:00:00.123Z", "2026-03-01T12:00:00.124Z"),
        ("2026-03-01T12:00:00.123Z", "2026-03-01T12:00:00.125000Z"),
        (0.25, 0.2501),
        ("a", "A"),
        (None, 0),
    ],
)
def test_what_says_something_else_is_not(one: Any, other: Any) -> None:
    assert not alike(one, other)


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-03-01", "2026-03-01T12:00:00", "2026-02-30T12:00:00Z", "12:00", 1772366400, None, True]
)
def test_what_names_no_moment_is_none(text: Any) -> None:
    assert instant(text) is None
    assert seconds_between(text, "2026-03-01T12:00:00Z") is None


def test_time_between_two_moments_is_in_seconds_and_has_a_sign() -> None:
    assert seconds_between("2026-03-01T12:00:00Z", "2026-03-01T12:01:30.5Z") == 90.5
    assert seconds_between("2026-03-01T12:00:00+01:00", "2026-03-01T11:00:00Z") == 0
    assert seconds_between("2026-03-01T12:00:01.123456789Z", "2026-03-01T12:00:00Z") == pytest.approx(-1.123456)


def test_differences_are_told_in_sentences() -> None:
    told = differences({"a": 1, "b": None, "c": "x"}, {"a": 2, "c": "x"}, ["a", "b", "c"])
    assert told == ["a is 1, not 2"]
    assert differences({}, {"a": 1}, ["a"]) == ["a is null or left out, not 1"]


def test_of_many_findings_the_first_few_are_told() -> None:
    assert listed(["a", "b"]) == "a; b"
    assert listed(["a", "b", "c", "d", "e"]) == "a; b; c and 2 more"


def test_only_a_success_has_items() -> None:
    page = {"data": [{"id": 1}, 7, None, {"id": 2}]}
    assert items(exchange("listRuns", 200, page)) == [{"id": 1}, {"id": 2}]
    assert items(exchange("listRuns", 404, page)) == []
    assert items(exchange("listRuns", 200, {"data": {"id": 1}})) == []

"""A hint tells a kind and a shape; no two expected values of one kind give two hints."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.domains.spreadsheet.hints import hint, shown

NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False), st.just("12.5"), st.just("1e3"))
TEXTS = st.sampled_from(["Total", "12,5 EUR", "x" * 90, "2024-01-05", "  "])
DATES = st.one_of(st.datetimes(), st.dates())
TELLING = st.sampled_from([None, "", True, False, "#N/A", "#REF!", "#DIV/0!"])
FOUND = st.one_of(NUMBERS, TEXTS, DATES, TELLING, st.times(), st.timedeltas())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("kind", [NUMBERS, TEXTS, DATES, TELLING, st.times(), st.timedeltas()])
def test_a_hint_depends_on_the_kind_of_what_is_expected_and_on_nothing_else(
    kind: st.SearchStrategy[object],
) -> None:
    @given(kind, kind, FOUND)
    def law(one: object, other: object, found: object) -> None:
        assert hint(one, found) == hint(other, found)

    law()


@pytest.mark.parametrize(
    ("expected", "found", "told"),
    [
        (12.5, None, "empty, where a number is expected"),
        (12.5, "$12.50", "text '$12.50', where a number is expected"),
        ("12.5", 3, "a number, but another one"),
        ("abc", "abd", "text, but another one"),
        (
            at("2024-01-05"),
            "2024-01-05",
            "a date as text '2024-01-05', where a date is expected",
        ),
        (
            date(2024, 1, 5),
            "5 January 2024",
            "a date as text '5 January 2024', where a date is expected",
        ),
        (time(10), 0.5, "a number, where a time is expected"),
        (timedelta(1), time(10), "a time, where a duration is expected"),
        (3, "#N/A", "the error value #N/A, where a number is expected"),
        (None, 3, "a number, where something else is expected"),
        (True, False, "true or false, where something else is expected"),
        ("#N/A", "n/a", "text 'n/a', where something else is expected"),
        ("x", "y" * 90, "text, but another one"),
        (1, "y" * 90, f"text '{'y' * 40}…', where a number is expected"),
    ],
)
def test_a_hint(expected: object, found: object, told: str) -> None:
    assert hint(expected, found) == told


def test_a_formula_that_nobody_computed_is_told() -> None:
    told = hint(3, None, formula=True)

    assert told == "a formula without a stored value, where a number is expected"


def test_people_see_values() -> None:
    assert shown(None) == "(empty)"
    assert shown("a\n") == r"'a\n'"
    assert shown(at("2024-01-05")) == "2024-01-05 00:00:00"
    assert len(shown("x" * 5000)) < 210

"""What a program would have to hold, were it to hold the answer."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.domains.spreadsheet.cells import same
from skillgit.domains.spreadsheet.literals import spellings


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (1234567, {"1234567", "1_234_567", "1,234,567"}),
        (-1234.5, {"1234.5"}),
        (1.23456, {"1.23456", "1.23"}),
        (12, set()),
        ("ab", set()),
        (" Yellow ", {"Yellow"}),
        ("it's\nso", {"it's\nso", r"it's\nso"}),
        ("1e3", {"1e3", "1000", "1_000", "1,000"}),
        (True, set()),
        (None, set()),
        ("inf", {"inf"}),
        (date(2024, 1, 5), {"2024-01-05", "2024, 1, 5", "2024/01/05"}),
        (time(10, 30), {"10:30"}),
        (timedelta(hours=26), {"1 day, 2:00:00"}),
    ],
)
def test_spellings(value: object, texts: set[str]) -> None:
    assert spellings([value]) == texts


def test_a_moment_is_a_date_a_clock_and_a_number() -> None:
    assert {"2024-01-05", "2024-01-05 06:00", "45296.25"} <= spellings([at("2024-01-05T06:00")])


@given(st.floats(0, 1e12).filter(lambda number: len(repr(round(number, 2)).rstrip("0")) > 4))
def test_the_shortest_number_that_would_pass_is_among_them(number: float) -> None:
    shortest = repr(round(number, 2))

    assert same(number, float(shortest))
    assert any(text in shortest for text in spellings([number]))

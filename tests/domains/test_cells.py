"""The official verdict on two values, measured and by law."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.domains.spreadsheet.cells import same

MEASURED = Path(__file__).parents[3] / "shared/data/spreadsheetbench/compare_cell_cases.json"

READERS: dict[str, Callable[..., object]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta_s": lambda seconds: timedelta(seconds=seconds),
}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
)


def value(told: object) -> object:
    if isinstance(told, dict):
        ((kind, text),) = told.items()
        return READERS[kind](text)
    return told


@pytest.mark.skipif(not MEASURED.exists(), reason="needs the measured verdicts in ../shared")
def test_every_measured_verdict_is_reproduced() -> None:
    cases = json.loads(MEASURED.read_text())

    assert len(cases) == 56
    wrong = [
        case for case in cases if same(value(case["gt"]), value(case["proc"])) != case["equal"]
    ]
    assert wrong == []


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("gold", "found", "equal"),
    [
        (None, "", True),
        (None, 0, False),
        (" ", None, False),
        (1, True, True),
        (True, "TRUE", False),
        (1.004, "1.0", True),
        (2.675, 2.68, False),
        ("1e3", 1000, True),
        ("1_000", " 1000 ", True),
        ("1,000", 1000, False),
        ("50%", 0.5, False),
        ("nan", "nan", False),
        ("a", "a ", False),
        (time(10, 30), time(10, 30, 45), True),
        (time(10, 30), "10:30", True),
        (at("2024-01-01"), 45292, True),
        (at("2024-01-01"), at("2024-01-01T12:00"), True),
        (at("2024-01-01"), at("2024-01-01T12:01"), False),
        (at("2024-01-01"), date(2024, 1, 1), False),
        (at("2024-01-01"), "2024-01-01", False),
        (timedelta(hours=1), timedelta(hours=1), True),
    ],
)
def test_a_verdict(gold: object, found: object, equal: bool) -> None:  # noqa: FBT001 - a case
    assert same(gold, found) is equal


@given(VALUES, VALUES)
def test_the_order_of_the_two_does_not_matter(one: object, other: object) -> None:
    try:
        assert same(one, other) == same(other, one)
    except OverflowError:  # an integer beyond all floats breaks the official scorer too
        assert any(isinstance(each, int) and abs(each) > 10**300 for each in (one, other))


@given(VALUES.filter(lambda value: str(value).strip().lower().lstrip("+-") != "nan"))
def test_a_value_is_itself(one: object) -> None:
    assert same(one, one)

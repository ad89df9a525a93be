"""How a position is read, officially and as it was meant."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.domains.spreadsheet.ranges import (
    Box,
    Region,
    cell_name,
    official_cells,
    official_doubt,
    official_parts,
    pieces,
    strict_box,
    strict_parts,
)

MEASURED = Path(__file__).parents[3] / "shared/data/spreadsheetbench/range_parse_cases.json"


def as_measured(span: str) -> object:
    try:
        names = list(official_cells(span))
    except ValueError as error:
        return f"EXC ValueError: {error}"
    return names if len(names) <= 6 else [*names[:6], f"…{len(names)}"]


@pytest.mark.skipif(not MEASURED.exists(), reason="needs the measured ranges in ../shared")
def test_every_measured_range_is_read_as_officially() -> None:
    cases = json.loads(MEASURED.read_text())

    assert len(cases) == 17
    assert {c["range"]: as_measured(c["range"]) for c in cases} == {
        c["range"]: c["official"] for c in cases
    }


def test_the_official_faults() -> None:
    assert list(official_cells("A1:B2")) == ["A1", "A2", "B1", "B2"]
    assert list(official_cells("B2:A1")) == []
    assert list(official_cells("BD2:308")) == []
    assert list(official_cells("a1:b2")) == ["AG1", "AG2", "AH1", "AH2"]
    assert list(official_cells(" G11:G12"))[:2] == ["11", "12"]
    with pytest.raises(ValueError, match="invalid literal"):
        official_cells("A:B")
    with pytest.raises(ValueError, match="too many values"):
        official_cells("A1:B2:C3")
    with pytest.raises(ValueError, match="more than 2000000 cells"):
        official_cells("A1:XFD1048576")


def test_official_parts_split_at_every_comma_and_lose_their_quotes() -> None:
    assert official_parts("Sheet3'!A:G,'99250!A1:F9',B1") == [
        ("Sheet3", "A:G"),
        ("99250", "A1:F9"),
        (None, "B1"),
    ]
    assert official_parts("'a, b'!A1") == [(None, "a"), (" b", "A1")]
    with pytest.raises(ValueError, match="too many values"):
        official_parts("a!b!A1")


@pytest.mark.parametrize(
    ("span", "box"),
    [
        ("B2", Box(2, 2, 2, 2)),
        ("$A$1:$B$2", Box(1, 1, 2, 2)),
        ("B2:A1", Box(1, 1, 2, 2)),
        ("E4:j11", Box(5, 4, 10, 11)),
        ("G12：J15", Box(7, 12, 10, 15)),
        (" A5 : B6'", Box(1, 5, 2, 6)),
        ("BD2:308", Box(56, 2, 56, 308)),
        ("A:G", Box(1, 1, 7, None)),
        ("1:3", Box(1, 1, None, 3)),
        ("A5:B", Box(1, 5, 2, None)),
        ("A:B7", Box(1, 1, 2, 7)),
    ],
)
def test_a_range_as_it_was_meant(span: str, box: Box) -> None:
    assert strict_box(span) == box


@pytest.mark.parametrize(
    "span", ["", "A", "7", ":", "A:", "A1:B2:C3", "b2b", "A0", "A1:", "A:3", "Ä1"]
)
def test_what_is_no_range(span: str) -> None:
    with pytest.raises(ValueError, match=r"is no|count from 1"):
        strict_box(span)


@pytest.mark.parametrize(
    ("position", "sheets"),
    [
        ("Sheet3'!A:G,'Sheet4'!A:G", ["Sheet3", "Sheet4"]),
        ("'99250!A1:F9','99251!A1:F9'", ["99250", "99251"]),
        ("'Sheet1!'A1:A50,'Sheet2!'A1:E20", ["Sheet1", "Sheet2"]),
        ("'Sheet2'!'B7:C22", ["Sheet2"]),
        ("'b2b, sez, de'!A5:V10", ["b2b, sez, de"]),
        ("'A1, B2'!C3", ["A1, B2"]),
        ("\N{NO-BREAK SPACE}Sheet1!A1, sheet1!B1", ["Sheet1", "Sheet1"]),
        ("'It''s'!A1", ["It's"]),
    ],
)
def test_odd_sheet_names_are_understood(position: str, sheets: list[str]) -> None:
    known = sorted(set(sheets))

    assert [sheet for sheet, _ in strict_parts(Region(position), known)] == sheets


def test_without_a_sheet_the_one_that_is_meant_counts_and_else_the_first() -> None:
    sheets = ["Ranges", "Lists"]

    assert strict_parts(Region("A1", "LISTS"), sheets)[0][0] == "Lists"
    assert strict_parts(Region("A1", "'Ranges', 'Lists'"), sheets)[0][0] == "Ranges"
    with pytest.raises(ValueError, match="no sheet 'Other'"):
        strict_parts(Region("Other!A1"), sheets)


def test_a_position_that_ends_within_a_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="is no range"):
        pieces("'a, b")
    with pytest.raises(ValueError, match="is no range"):
        pieces("A1,")


@pytest.mark.parametrize(
    ("position", "doubt"),
    [
        ("A1:B2,'My sheet'!C3", ""),
        ("$A$1", ""),
        ("BD2:308", "passes any answer"),
        ("A:G", "breaks"),
        ("A1, B2:B3", "no cell that can be read"),
        ("'b2b, sez'!A1", "no cell that can be read"),
        ("K4:k35", "other cells"),
        ("a!b!A1", "breaks"),
    ],
)
def test_what_is_odd_officially_is_told(position: str, doubt: str) -> None:
    found = official_doubt(position)

    assert doubt in found
    assert bool(doubt) == bool(found)


COLUMNS, ROWS = st.integers(1, 16384), st.integers(1, 1048576)


@given(COLUMNS, ROWS, st.integers(0, 5), st.integers(0, 5))
def test_both_readings_agree_on_a_plain_range(column: int, row: int, wide: int, high: int) -> None:
    span = f"{cell_name(row, column)}:{cell_name(row + high, column + wide)}"
    box = strict_box(span)

    assert box == Box(column, row, column + wide, row + high)
    cells = box.cells
    assert cells is not None
    assert {cell_name(*cell) for cell in cells} == set(official_cells(span))
    assert official_doubt(span) == ""


@given(st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=9), st.booleans())
def test_a_region_is_one_text_and_back(sheet: str, misnamed: bool) -> None:  # noqa: FBT001 - drawn
    region = Region("A1:B2,Sheet2!C3", sheet, misnamed)

    assert Region.parse(region.text) == region


@given(st.text(max_size=12))
def test_no_text_is_more_than_a_value_error(text: str) -> None:
    official_doubt(text)
    with contextlib.suppress(ValueError):
        assert pieces(text)


def test_a_box_knows_what_it_holds() -> None:
    box = Box(2, 3, None, 5)

    assert box.holds(3, 2)
    assert box.holds(5, 900)
    assert not box.holds(6, 2)
    assert not box.holds(3, 1)
    assert box.cells is None
    assert Box(1, 1, 16384, 1048576).cells is None

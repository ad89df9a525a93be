"""Tables of the data set, as workbooks that are the same everywhere."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook  # type: ignore[import-untyped]  # openpyxl ships no types

from skillgit.domains.spreadsheet.opening import refusal
from skillgit.domains.spreadsheet.plain_book import plain_book
from skillgit.domains.tableqa.tables import as_workbook, kept, rows_of
from skillgit.errors import SurroundingsError

CELLS = st.one_of(
    st.none(),
    st.integers(-(10**9), 10**9),
    st.floats(-1e9, 1e9).filter(lambda number: number != int(number)),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="￾￿"), max_size=9),
)


def read(path: Path) -> dict[str, list[list[object]]]:
    book = load_workbook(path)
    return {sheet.title: [[cell.value for cell in row] for row in sheet.rows] for sheet in book}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("books") / "book.xlsx"


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=4))
def test_what_is_written_is_read_again(place: Path, rows: list[list[str | float | None]]) -> None:
    rows.append(["the", "last", "row"])  # openpyxl knows no empty rows behind all others
    place.write_bytes(plain_book({"A & 'b' \"c\"": rows}))

    wanted = [[None if cell == "" else cell for cell in row] for row in rows]
    assert refusal(place) == ""
    assert read(place) == {"A & 'b' \"c\"": wanted}


def test_nothing_of_the_machine_is_in_it(place: Path) -> None:
    data = plain_book({"one": [["a", 1, 0.5, None, "=1+1"]], "two": []})

    place.write_bytes(data)
    with ZipFile(place) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {(entry.compress_type, entry.create_system) for entry in archive.infolist()} == {
            (0, 0)
        }
    assert str(datetime.now(tz=UTC).year).encode() not in data
    # A change of these bytes changes the digests of all tasks of the data set.
    assert hashlib.sha256(data).hexdigest()[:16] == "345db423a51d687d"
    assert read(place) == {"one": [["a", 1, 0.5, None, "=1+1"]], "two": []}


def test_what_a_workbook_cannot_hold_is_a_blank(place: Path) -> None:
    place.write_bytes(plain_book({"s": [["a\x00b\x1fc\ud800\r\nd\re\tf"]]}))

    assert read(place) == {"s": [["a b c�\nd\ne\tf"]]}


def test_the_sets_own_escapes_are_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        'Name,Size\n"The \\"Big\\", one","5\' \\\\ 6"\n"two\nlines",""\n', encoding="utf-8"
    )

    assert rows_of(tmp_path / "t.csv") == [
        ["Name", "Size"],
        ['The "Big", one', "5' \\ 6"],
        ["two\nlines", ""],
    ]


@pytest.mark.parametrize(
    "data", [b'a,"b\n', b"\xff", b'"' + b"x" * 200_000 + b'"'], ids=["torn", "no UTF-8", "long"]
)
def test_what_is_no_table(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(data)

    with pytest.raises(ValueError, match=r"unexpected end|decode|limit"):
        rows_of(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("column", "stored"),
    [
        (["1", "-20", "", "0"], [1, -20, None, 0]),
        (["0.5", "3"], [0.5, 3]),
        (["1", "1,234"], ["1", "1,234"]),
        (["1", "2.50"], ["1", "2.50"]),
        (["007"], ["007"]),
        (["-0"], ["-0"]),
        (["1e5"], ["1e5"]),
        (["12345678901"], ["12345678901"]),
        (["", ""], [None, None]),
    ],
)
def test_a_column_is_numbers_as_a_whole_or_not_at_all(
    place: Path, column: list[str], stored: list[object]
) -> None:
    place.write_bytes(as_workbook([["1", "x"], *([cell, "x"] for cell in column), ["", "x", "y"]]))

    rows = read(place)["table"]
    assert rows[0] == ["1", "x", None]
    assert [row[0] for row in rows[1:-1]] == stored
    assert rows[-1] == [None, "x", "y"]


@given(st.from_regex(r"-?[0-9]{1,10}(\.[0-9]{1,5})?", fullmatch=True))
def test_a_number_is_written_back_as_it_was(place: Path, text: str) -> None:
    place.write_bytes(as_workbook([["n"], [text]]))

    assert str(read(place)["table"][1][0]) == text


def test_a_workbook_is_kept_once_and_mended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = kept(b"book")

    assert first.is_relative_to(tmp_path / "cache/skillgit/tables")
    written = first.stat().st_mtime_ns
    assert kept(b"book") == first
    assert first.stat().st_mtime_ns == written
    first.write_bytes(b"spoiled")
    assert kept(b"book").read_bytes() == b"book"
    assert kept(b"other") != first
    assert [path.suffix for path in first.parent.iterdir()] == [".xlsx", ".xlsx"]


def test_a_cache_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    with pytest.raises(SurroundingsError, match="writing a table") as told:
        kept(b"book")
    assert "XDG_CACHE_HOME" in told.value.hint
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert kept(b"book").is_relative_to(Path.home() / ".cache")

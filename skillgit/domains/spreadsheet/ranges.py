"""Which cells an `answer_position` names: as the official scorer reads it, and as it was meant.

The official reading is kept with its faults (measured on the ranges of the published sets): a
reversed range or `BD2:308` names no cell, `E4:j11` names hundreds of others, `A:G` and a full-width
colon name none that can be read. The strict reading mends these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_CELLS = 2_000_000
"""A range of more cells is looked at where something is stored, or not at all (official)."""
_LETTERS = 26
_CELL = re.compile(r"\$?[A-Za-z]{1,3}\$?[1-9][0-9]*")
_SPAN = re.compile(r"([A-Z]{0,3})([0-9]*)(?::([A-Z]{0,3})([0-9]*))?")


@dataclass(frozen=True, slots=True)
class Region:
    """What is compared. Without a `position` it is everything that the gold workbook holds.

    `sheet` is meant where the position names none; the official scorer takes the first one.
    `misnamed`: the official scorer does not find the gold file under the name that it has.
    """

    position: str = ""
    sheet: str = ""
    misnamed: bool = False

    @property
    def text(self) -> str:
        """One value for `Case.region`; `parse` reads it back."""
        lines = [self.position, *([f"sheet: {self.sheet}"] if self.sheet else [])]
        return "\n".join([*lines, "gold: misnamed"] if self.misnamed else lines)

    @classmethod
    def parse(cls, text: str) -> Region:
        """A plain range is a region as well."""
        position, *lines = text.split("\n")
        sheet = next((line[7:] for line in lines if line.startswith("sheet: ")), "")
        return cls(position, sheet, "gold: misnamed" in lines)


@dataclass(frozen=True, slots=True)
class Box:
    """A block of cells; without a last column or row it goes on to the end of the sheet."""

    first_column: int
    first_row: int
    last_column: int | None
    last_row: int | None

    def holds(self, row: int, column: int) -> bool:
        """Does the cell lie in it?"""
        return (
            self.first_row <= row
            and self.first_column <= column
            and (self.last_row is None or row <= self.last_row)
            and (self.last_column is None or column <= self.last_column)
        )

    @property
    def cells(self) -> Iterator[tuple[int, int]] | None:
        """(row, column) of each, row by row; None where they have no end, or are too many."""
        if self.last_row is None or self.last_column is None:
            return None
        rows = range(self.first_row, self.last_row + 1)
        columns = range(self.first_column, self.last_column + 1)
        if len(rows) * len(columns) > MOST_CELLS:
            return None
        return ((row, column) for row in rows for column in columns)


# --------------------------------------------------------------------------- official


def official_parts(position: str) -> list[tuple[str | None, str]]:
    """(sheet or None, range) of each part; ValueError where a part has two exclamation marks."""
    parts: list[tuple[str | None, str]] = []
    for part in position.split(","):
        if "!" in part:
            sheet, span = part.split("!")
            parts.append((sheet.strip("'"), span.strip("'")))
        else:
            parts.append((None, part.strip("'")))
    return parts


def official_cells(span: str) -> Iterator[str]:
    """The names that the official scorer looks up, column by column; many are no cells.

    ValueError where it would break, or the range is too large to be compared by anybody.
    """
    if ":" not in span:
        return iter((span,))
    start, end = span.split(":")
    first_column, first_row = _taken_apart(start)
    last_column, last_row = _taken_apart(end)
    columns = range(first_column, last_column + 1)
    rows = range(first_row, last_row + 1)
    if len(columns) * len(rows) > MOST_CELLS:
        raise ValueError(f"more than {MOST_CELLS} cells")
    return (f"{_column_name(column)}{row}" for column in columns for row in rows)


def official_doubt(position: str) -> str:
    """What is odd about how the official scorer reads this position, or ""."""
    try:
        parts = official_parts(position)
        for _, span in parts:
            name = next(official_cells(span), None)
            if name is None:
                return f"{span!r} names no cell: the official scorer passes any answer there"
            if not _CELL.fullmatch(name):
                return f"{span!r} names no cell that can be read: no answer passes officially"
            if ":" in span and span != span.upper():
                return f"{span!r} is read as other cells than it says"
    except ValueError:
        return f"{position!r} breaks the official scorer: no answer passes officially"
    return ""


def _taken_apart(cell: str) -> tuple[int, int]:
    letters = "".join(char for char in cell if not char.isdigit())
    digits = "".join(char for char in cell if char.isdigit())
    number = 0
    for char in letters:
        # Whatever is no capital letter counts as well: `a` is 33, `$` is -28.
        number = number * _LETTERS + ord(char) - ord("A") + 1
    return number, int(digits)


def _column_name(number: int) -> str:
    name = ""
    while number > 0:
        number, letter = divmod(number - 1, _LETTERS)
        name = chr(ord("A") + letter) + name
    return name


# --------------------------------------------------------------------------- strict


def strict_parts(region: Region, sheets: Sequence[str]) -> list[tuple[str, Box]]:
    """(sheet, block) of each part as it was meant; ValueError says what cannot be understood."""
    return [
        (_sheet(region.sheet if named is None else named, sheets, lenient=named is None), box)
        for named, box in pieces(region.position)
    ]


def pieces(position: str) -> list[tuple[str | None, Box]]:
    """(sheet as it is written or None, block); ValueError says what is no range."""
    found: list[tuple[str | None, Box]] = []
    pending: list[str] = []
    for part in position.split(","):
        pending.append(part)
        whole = ",".join(pending)
        if _is_unfinished(whole):
            continue  # the comma belongs to the name of a sheet
        name, mark, span = whole.rpartition("!")
        found.append((_plain(name) if mark else None, strict_box(span)))
        pending = []
    if pending:
        raise ValueError(f"{','.join(pending)!r} is no range of cells")
    return found


def strict_box(span: str) -> Box:
    """The block of a range: case, `$`, blanks, width and order do not matter."""
    plain = re.sub(r"[\s$']", "", unicodedata.normalize("NFKC", span)).upper()
    found = _SPAN.fullmatch(plain)
    if not found or not plain:
        raise ValueError(f"{span!r} is no range of cells")
    first, top, last, bottom = (found[n] or "" for n in range(1, 5))
    if ":" not in plain:
        last, bottom = first, top
        if not first or not top:
            raise ValueError(f"{span!r} is no cell")
    elif first and top and bottom and not last:
        last = first  # BD2:308
    if bool(first) != bool(last) or not (first or top) or not (last or bottom):
        raise ValueError(f"{span!r} is no range of cells")
    left, right = _ordered(_number(first), _number(last))
    upper, lower = _ordered(int(top) if top else None, int(bottom) if bottom else None)
    if upper == 0:
        raise ValueError(f"{span!r}: rows count from 1")
    return Box(left, upper, right, lower)


def cell_name(row: int, column: int) -> str:
    """`B2` for (2, 2)."""
    return f"{_column_name(column)}{row}"


def _number(letters: str) -> int | None:
    return _taken_apart(f"{letters}1")[0] if letters else None


def _ordered(start: int | None, end: int | None) -> tuple[int, int | None]:
    if start is None or end is None:
        return start or 1, end
    return min(start, end), max(start, end)


def _is_unfinished(text: str) -> bool:
    quoted = text.lstrip()
    if quoted.startswith("'") and "!" not in quoted and quoted.count("'") == 1:
        return True
    try:
        strict_box(text.rpartition("!")[2])
    except ValueError:
        return True
    return False


def _sheet(named: str, sheets: Sequence[str], *, lenient: bool) -> str:
    if named in sheets:
        return named
    alike = [sheet for sheet in sheets if _plain(sheet).casefold() == _plain(named).casefold()]
    if alike:
        return alike[0]
    if lenient and sheets:
        return sheets[0]  # no sheet, several sheets, or a remark stood where one is named
    raise ValueError(f"the gold workbook has no sheet {named!r}")


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().strip("'").replace("''", "'").strip()

"""Workbooks in memory; the only module that knows openpyxl. It runs in the reader's process."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from skillgit.domains.spreadsheet.opening import refusal
from skillgit.domains.spreadsheet.ranges import Box

Sheet: TypeAlias = Any  # openpyxl ships no types

_PREVIEW_ROWS = 6
_PREVIEW_COLUMNS = 26
_PREVIEW_SHEETS = 12
_PREVIEW_VALUE = 60


class Unreadable(Exception):  # noqa: N818 - never leaves this room: it becomes a problem of a grade
    """Why a workbook cannot be opened."""


class Book:
    """The stored values of a workbook, or its formulas; Unreadable where it cannot be opened."""

    def __init__(self, path: Path, *, formulas: bool = False) -> None:
        # Here, so that whoever only asks about ranges does not wait for it.
        from openpyxl import load_workbook  # type: ignore[import-untyped]  # noqa: PLC0415, TID251

        if reason := refusal(path):
            raise Unreadable(reason)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what openpyxl cannot keep is not ours to mourn
                self._book: Any = load_workbook(filename=str(path), data_only=not formulas)
        except MemoryError as error:
            raise Unreadable("the workbook needs more memory than a workbook may") from error
        except Exception as error:  # openpyxl raises anything
            raise Unreadable(f"the workbook cannot be read ({type(error).__name__})") from error

        self._computed: Book | None = None

    def complete(self, computed: Book) -> None:
        """Take from a recalculated copy the values of formulas that have none stored.

        A stored value stays: no engine knows all functions, and none may spoil what is right.
        """
        self._computed = computed

    @property
    def sheets(self) -> list[str]:
        """All names in order, those of chart sheets too."""
        return [str(name) for name in self._book.sheetnames]

    def looked_up(self, sheet: str, name: str) -> object:
        """The value under a name, as the official scorer looks it up.

        A name such as `1` is a whole row and has no value: AttributeError, as there.
        """
        cell = self._book[sheet][name]
        if self._computed and _lacks_value(cell) and sheet in self._computed.sheets:
            return self._computed.looked_up(sheet, name)
        return cell.value

    def at(self, sheet: str, row: int, column: int) -> object:
        """The value of one cell; None where nothing is stored, and on a sheet without cells."""
        cell = self._cells(sheet).get((row, column))
        if self._computed and _lacks_value(cell) and sheet in self._computed.sheets:
            return self._computed.at(sheet, row, column)
        return None if cell is None else cell.value

    def lacks(self, sheet: str, row: int, column: int) -> bool:
        """Is no value stored there, not even the empty text that a formula may leave?"""
        lacking = _lacks_value(self._cells(sheet).get((row, column)))
        if lacking and self._computed and sheet in self._computed.sheets:
            return self._computed.lacks(sheet, row, column)
        return lacking

    def stored(self, sheet: str, box: Box) -> Iterator[tuple[int, int]]:
        """(row, column) of the cells in a block that hold something."""
        for row, column in self._cells(sheet):
            if box.holds(row, column) and self.at(sheet, row, column) not in (None, ""):
                yield row, column

    def values(self) -> Iterator[object]:
        """Every value that is stored anywhere."""
        for sheet in self.sheets:
            for cell in self._cells(sheet).values():
                if cell.value is not None:
                    yield cell.value

    def preview(self) -> Iterator[str]:
        """The first rows of each sheet, in lines."""
        for name in self.sheets[:_PREVIEW_SHEETS]:
            cells = self._cells(name)
            last = max((column for _, column in cells), default=0)
            used = self._book[name].dimensions if cells else "none"
            yield f"Sheet {name!r}, used cells {used}:"
            for row in range(1, min(_PREVIEW_ROWS, max((r for r, _ in cells), default=0)) + 1):
                shown = [
                    _short(self.at(name, row, column))
                    for column in range(1, min(last, _PREVIEW_COLUMNS) + 1)
                ]
                more = ", …" if last > _PREVIEW_COLUMNS else ""
                yield f"row {row}: [{', '.join(shown)}{more}]"
        if len(self.sheets) > _PREVIEW_SHEETS:
            yield f"and {len(self.sheets) - _PREVIEW_SHEETS} more sheets"

    def _cells(self, sheet: str) -> Mapping[tuple[int, int], Any]:
        # iter_rows would walk a million empty rows for one cell at the end of a sheet.
        return getattr(self._book[sheet], "_cells", {})


def _lacks_value(cell: Any) -> bool:  # noqa: ANN401 - openpyxl ships no types
    # An empty text that a formula left is stored, as a text (`str`) without a value.
    return cell is None or (cell.value is None and cell.data_type != "str")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _PREVIEW_VALUE else f"{text[:_PREVIEW_VALUE]}…"

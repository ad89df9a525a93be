"""A column of a workbook as texts: how an answer of a few values is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING

from skillgit.domains.spreadsheet.ranges import Box

if TYPE_CHECKING:  # it knows openpyxl, which only the reader imports
    from skillgit.domains.spreadsheet.books import Book

MOST_VALUES = 1000
_MOST_CHARS = 32_767
"""What a cell of Excel holds."""


@dataclass(frozen=True, slots=True)
class Column:
    """The texts from the top down without the empty cells, or why there are none."""

    texts: tuple[str, ...] = ()
    problem: str = ""


def column(answer: Book, written: Book, sheet: str) -> Column:
    """Column A of a sheet, whose name may differ in case; `written` has the formulas."""
    named = [name for name in answer.sheets if name.casefold() == sheet.casefold()]
    if not named:
        return Column(problem=f"the answer has no sheet {sheet!r}")
    box = Box(1, 1, 1, None)
    lacking = [row for row, _ in written.stored(named[0], box) if answer.lacks(named[0], row, 1)]
    if lacking:
        return Column(problem=f"{sheet}!A{min(lacking)} holds a formula without a stored value")
    places = sorted(answer.stored(named[0], box))
    if len(places) > MOST_VALUES:
        return Column(problem=f"column A of {sheet!r} has more than {MOST_VALUES} values")
    return Column(tuple(_texts(answer, named[0], places)))


def _texts(book: Book, sheet: str, places: list[tuple[int, int]]) -> Iterator[str]:
    for row, number in places:
        yield as_text(book.at(sheet, row, number))[:_MOST_CHARS]


def as_text(value: object) -> str:
    """A stored value as people write it; its format does not count."""
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() != time():
            return f"{value.date().isoformat()} {as_text(value.time())}"
        case time():
            return value.isoformat("seconds" if value.second else "minutes")
        case datetime():
            return value.date().isoformat()
        case _:
            return str(value)

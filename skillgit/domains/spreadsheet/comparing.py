"""One answer against the gold workbook: the official comparison, and the strict one of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from skillgit.domains.spreadsheet.books import Book
from skillgit.domains.spreadsheet.cells import same
from skillgit.domains.spreadsheet.hints import hint, shown
from skillgit.domains.spreadsheet.ranges import (
    Box,
    Region,
    cell_name,
    official_cells,
    official_parts,
    strict_parts,
)
from skillgit.domains.task import Mismatch

MOST_MISMATCHES = 10_000
"""So many are listed; all are counted."""

Pair: TypeAlias = tuple[str, str, object, object]
"""Sheet, cell, expected and found."""


@dataclass(slots=True)
class Comparison:
    """What was compared so far."""

    compared: int = 0
    different: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Officially also where nothing at all was compared."""
        return not self.different and not self.problem


class Misfit(Exception):  # noqa: N818 - never leaves this room: it becomes a problem of a grade
    """Why the comparison cannot go on."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared. `written` gives the answer once more, with its formulas, if need be."""

    gold: Book
    answer: Book
    written: Callable[[], Book]


def compare(sides: Sides, region: Region, *, strict: bool) -> Comparison:
    """Compare all places of a region; whatever breaks is a problem of the comparison."""
    result = Comparison()
    try:
        for sheet, name, expected, found in _pairs(sides, region, strict=strict):
            result.compared += 1
            if not same(expected, found):
                result.different += 1
                _list(result, (sheet, name, expected, found), sides.written)
    except Misfit as reason:
        result.problem = str(reason)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError) as error:
        # What breaks the official scorer is a failed answer there, whoever is to blame.
        result.problem = f"the range or a value in it cannot be compared ({type(error).__name__})"
    if strict and not result.compared and not result.problem:
        result.problem = "the range names no cell that holds anything"
    return result


def places(gold: Book, region: Region) -> Iterator[tuple[str, int, int]]:
    """(sheet, row, column) of what a region covers in the gold workbook, as it was meant."""
    for sheet, box in _blocks(gold, region):
        cells = box.cells
        for row, column in gold.stored(sheet, box) if cells is None else cells:
            yield sheet, row, column


def _pairs(sides: Sides, region: Region, *, strict: bool) -> Iterator[Pair]:
    if region.misnamed and not strict:
        raise Misfit("the official scorer does not find this task's gold file: it is misnamed")
    if strict or not region.position:
        return _strict_pairs(sides.gold, sides.answer, region)
    return _official_pairs(sides.gold, sides.answer, region.position)


def _official_pairs(gold: Book, answer: Book, position: str) -> Iterator[Pair]:
    for named, span in official_parts(position):
        sheet = gold.sheets[0] if named is None else named
        if sheet not in answer.sheets:
            raise Misfit(f"the answer has no sheet {sheet!r}")
        for name in official_cells(span):
            yield sheet, name, gold.looked_up(sheet, name), answer.looked_up(sheet, name)


def _strict_pairs(gold: Book, answer: Book, region: Region) -> Iterator[Pair]:
    for sheet, box in _blocks(gold, region):
        if sheet not in answer.sheets:
            raise Misfit(f"the answer has no sheet {sheet!r}")
        cells = box.cells
        if cells is None:
            cells = iter(sorted({*gold.stored(sheet, box), *answer.stored(sheet, box)}))
        for row, column in cells:
            expected, found = gold.at(sheet, row, column), answer.at(sheet, row, column)
            yield sheet, cell_name(row, column), expected, found


def _blocks(gold: Book, region: Region) -> list[tuple[str, Box]]:
    if not region.position:
        return [(sheet, Box(1, 1, None, None)) for sheet in gold.sheets]
    try:
        return strict_parts(region, gold.sheets)
    except ValueError as error:
        raise Misfit(f"the range cannot be read: {error}") from error


def _list(result: Comparison, pair: Pair, written: Callable[[], Book]) -> None:
    if len(result.mismatches) >= MOST_MISMATCHES:
        return
    sheet, name, expected, found = pair
    formula = found in (None, "") and _is_formula(written().looked_up(sheet, name))
    told = hint(expected, found, formula=formula)
    result.mismatches.append(Mismatch(f"{sheet}!{name}", shown(found), shown(expected), told))


def _is_formula(value: object) -> bool:
    # An array formula is an object that holds its text.
    return str(getattr(value, "text", value)).startswith("=")

"""Grade a workbook by its stored cell values; what the agent says about its work plays no part."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeAlias

from openpyxl import load_workbook  # type: ignore[import-untyped]  # openpyxl ships no types

Cell: TypeAlias = Any  # whatever a stranger's workbook holds
Expected: TypeAlias = Mapping[str, Mapping[str, Cell]]

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Grade:
    """Passed or not, and in words what differs."""

    passed: bool
    detail: str


def grade(output: Path, expected: Expected) -> Grade:
    """Compare the cells that a task expects with those that are stored in `output`."""
    if not output.is_file():
        return Grade(passed=False, detail="output.xlsx was not written")
    try:
        values, formulas = load_workbook(output, data_only=True), load_workbook(output)
    except Exception as error:  # noqa: BLE001 - a broken workbook of an agent is a failed task
        return Grade(passed=False, detail=f"output.xlsx cannot be opened: {type(error).__name__}")
    misses = list(_misses(values, formulas, expected))
    count = sum(len(cells) for cells in expected.values())
    if not misses:
        return Grade(passed=True, detail=f"all {count} checked cells hold the expected value")
    rest = f"; and {len(misses) - SHOWN} more" if len(misses) > SHOWN else ""
    head = f"{len(misses)} of {count} checked cells differ: "
    return Grade(passed=False, detail=head + "; ".join(misses[:SHOWN]) + rest)


def _misses(values: Cell, formulas: Cell, expected: Expected) -> Iterator[str]:
    for sheet, cells in expected.items():
        if sheet not in values.sheetnames:
            yield from (f"{sheet}!{name}: there is no sheet {sheet}" for name in cells)
            continue
        for name, want in cells.items():
            found = values[sheet][name].value
            if not _same(want, found):
                shown = _shown(found, formulas[sheet][name].value)
                yield f"{sheet}!{name}: expected {_wanted(want)}, found {shown}"


def _same(want: Cell, found: Cell) -> bool:
    if want is None:
        return found is None or found == ""
    if isinstance(want, str) and want.startswith("date:"):
        return isinstance(found, date) and _day(found) == want.removeprefix("date:")
    if isinstance(want, str):
        return bool(found == want)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    return math.isclose(want, found, rel_tol=0, abs_tol=0.005)


def _day(found: date) -> str:
    return (found.date() if isinstance(found, datetime) else found).isoformat()


def _wanted(want: Cell) -> str:
    if want is None:
        return "an empty cell"
    if isinstance(want, str) and want.startswith("date:"):
        return f"the date {want.removeprefix('date:')}"
    return f"the text {want!r}" if isinstance(want, str) else f"the number {want}"


def _shown(found: Cell, formula: Cell) -> str:
    if found is None and isinstance(formula, str) and formula.startswith("="):
        return f"the formula {formula[:60]} without a stored value"
    if found is None:
        return "an empty cell"
    if isinstance(found, str):
        return f"the text {found[:60]!r}"
    return f"the {type(found).__name__} {found}"

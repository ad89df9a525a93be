"""Small workbooks for tests, good ones and hostile ones."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from openpyxl import Workbook  # type: ignore[import-untyped]  # openpyxl ships no types

Sheets: TypeAlias = Mapping[str, Mapping[str, object]]
"""Sheet → cell → value; a text that begins with = is a formula."""


def workbook(path: Path, sheets: Sheets) -> Path:
    """Write a workbook as openpyxl does: its formulas have no stored values."""
    book = Workbook()
    book.remove(book.active)
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for place, value in cells.items():
            sheet[place] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def repacked(source: Path, target: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """Copy a workbook with each of its parts changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return target


def with_sheet_xml(source: Path, target: Path, old: bytes, new: bytes) -> Path:
    """Copy a workbook with bytes of its first sheet replaced; they must be there."""

    def change(name: str, data: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return data
        assert old in data
        return data.replace(old, new)

    return repacked(source, target, change)

"""A table of the data set as a workbook: its CSV with the escapes of the set, and a file of it."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from skillgit.domains.spreadsheet.plain_book import Cell, plain_book
from skillgit.errors import SurroundingsError

SHEET = "table"

# What comes back from a number exactly as it was written: no 007, 2.50 or +1, at most 15 digits.
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{0,4}[1-9])?")


def rows_of(path: Path) -> list[list[str]]:
    r"""The rows of a CSV in which `\"` is a quotation mark and `\\` a backslash.

    ValueError where it is none. Read as usual, with `""` for a quotation mark, 111 of the 2,108
    tables come out wrong (measured against the data set's own TSV files).
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file, escapechar="\\", doublequote=False, strict=True))
    except csv.Error as error:
        raise ValueError(str(error)) from error


def as_workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """The table on a sheet; a column of plain numbers becomes numbers, any other stays text."""
    width = max(map(len, rows), default=0)
    padded = [[*row, *[""] * (width - len(row))] for row in rows]
    columns = [[column[0], *_cells(column[1:])] for column in zip(*padded, strict=True)]
    return plain_book({SHEET: list(zip(*columns, strict=True))})


def _cells(column: Sequence[str]) -> Sequence[Cell]:
    filled = [text for text in column if text]
    if not all(_PLAIN.fullmatch(text) and text != "-0" for text in filled):
        return column
    return [(float(text) if "." in text else int(text)) if text else None for text in column]


def kept(data: bytes) -> Path:
    """The file with these bytes among those of this user; SurroundingsError if it can't be had.

    Named by what it holds, so that it is the same file for whoever asks, and never changes.
    """
    folder = _cache() / "skillgit" / "tables"
    place = folder / f"{hashlib.sha256(data).hexdigest()}.xlsx"
    with suppress(OSError):
        if place.read_bytes() == data:
            return place
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
            file.write(data)
        Path(file.name).replace(place)
    except OSError as error:
        raise SurroundingsError(
            f"writing a table as a workbook into {folder}: {error.strerror or error}",
            hint="name a folder that you may write to with XDG_CACHE_HOME",
        ) from error
    return place


def _cache() -> Path:
    given = os.environ.get("XDG_CACHE_HOME", "")
    return Path(given) if Path(given).is_absolute() else Path.home() / ".cache"

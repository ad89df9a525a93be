"""A table of figures as text for a terminal, as Markdown for a forge, and as CSV for a program.

Cells may be text of strangers. Whoever prints the text makes it safe for a terminal.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from skillgit.provenance.trailers import plain
from skillgit.publish import markdown
from skillgit.publish.markdown import clipped

_WIDEST = 60
_FORMULA = ("=", "+", "-", "@", "\t")
"""With these a spreadsheet takes a cell for a formula, which a title must not become."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below a head; the columns named in `right` hold figures."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[str, ...] = ()


def as_text(table: Table) -> str:
    """Columns, two blanks apart."""
    rows = [[clipped(plain(cell), _WIDEST) for cell in row] for row in (table.head, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if name in table.right else cell.ljust(width)
            for cell, width, name in zip(row, widths, table.head, strict=True)
        ).rstrip()
        for row in rows
    )


def as_markdown(table: Table) -> str:
    """One row in a line; nothing in a cell is Markdown, and figures need no care."""
    rows = (
        [
            cell if name in table.right else markdown.text(cell)
            for name, cell in zip(table.head, row, strict=True)
        ]
        for row in table.rows
    )
    return markdown.table(table.head, rows, table.right)


def as_csv(table: Table) -> str:
    """As RFC 4180 has it, with the line ends of Unix; cells of text begin no formula."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(table.head)
    for row in table.rows:
        named = zip(table.head, row, strict=True)
        writer.writerow([cell if name in table.right else _harmless(cell) for name, cell in named])
    return written.getvalue().removesuffix("\n")


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


FORMATS: Mapping[str, Callable[[Table], str]] = MappingProxyType(
    {"text": as_text, "markdown": as_markdown, "csv": as_csv}
)


def share(part: int, whole: int) -> str:
    """A part of a whole in percent; nothing of nothing is no figure."""
    return f"{100 * part / whole:.1f}" if whole else "-"

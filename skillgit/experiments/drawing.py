"""A table as SVG: a panel for each column, a point with its interval for each row.

Written by hand: some sixty lines of SVG need no drawing library, and a file that is made of text
alone is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from xml.sax.saxutils import escape

from skillgit.experiments.plan import INIT, NO_SKILL
from skillgit.experiments.tables import Cell, Column, Filled, Row

_LABEL, _PANEL, _GAP = 230, 130, 18
_LINE, _TOP, _BOTTOM, _NOTE = 22, 64, 42, 15
_INK, _FAINT, _POINT, _REFERENCE = "#222222", "#cccccc", "#0072b2", "#777777"
"""The blue of Okabe and Ito, which the colour-blind tell from grey."""


def svg(filled: Filled) -> str:
    """One picture of a table; what the differences are from is not in it."""
    if filled.table.against:  # scores and differences share no scale
        filled = replace(filled, rows=tuple(row for row in filled.rows if row.is_difference))
    panels = [column for column in filled.columns if _values(filled, column)]
    heads = _headings(filled.rows)
    told = [_caption(filled), *filled.stand_ins]
    body = _TOP + _LINE * (len(filled.rows) + len(heads)) + _BOTTOM
    height = body + _NOTE * len(told)
    width = _LABEL + (_PANEL + _GAP) * max(len(panels), 1)
    title = f"Table {filled.table.number}. {filled.table.title}"
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    look = f'font-family="sans-serif" font-size="11" fill="{_INK}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {look}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(8, 18, title, size=13),
    ]
    places = list(_places(filled.rows))
    for (row, above), y in places:
        parts += [_text(8, y - _LINE * (len(above) - n), one) for n, one in enumerate(above)]
        parts.append(_text(20, y, row.label))
    for number, column in enumerate(panels):
        left = _LABEL + number * (_PANEL + _GAP)
        parts += _panel(filled, column, left, [(row, y) for (row, _), y in places])
    if not panels:
        parts.append(_text(_LABEL, _TOP, "no cell has a figure yet"))
    parts += [_text(8, body + _NOTE * number, note) for number, note in enumerate(told)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _caption(filled: Filled) -> str:
    """What the points are."""
    against = filled.table.against
    if not against:
        return "Scores with their 95 % intervals."
    named = {INIT: "from the skill that each round began with", NO_SKILL: "from no skill"}
    return f"Differences {named.get(against, f'from {against}')}, with their 95 % intervals."


def _panel(
    filled: Filled, column: Column, left: int, places: Sequence[tuple[Row, int]]
) -> Iterator[str]:
    low, high = _scale(_values(filled, column))
    at = filled.columns.index(column)
    bottom = places[-1][1] + 8

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * _PANEL

    yield _text(left, _TOP - 24, f"{column.title}")
    yield _text(left, _TOP - 10, column.measure.name, weight="bold")
    for edge in (low, high):
        yield _rule(x(edge), _TOP, x(edge), bottom, _FAINT)
        anchor = "start" if edge == low else "end"
        yield _text(x(edge), bottom + 14, _told(edge, column), anchor=anchor)
    if low < 0 < high:
        yield _rule(x(0), _TOP, x(0), bottom, _INK)
    for row, y in places:
        yield from _point(row.cells[at], x, y - 4, _POINT if row.is_difference else _REFERENCE)


def _point(cell: Cell, x: object, y: float, colour: str) -> Iterator[str]:
    if cell.figure is None or not callable(x):
        return
    value = cell.figure.value
    yield _rule(x(value.low), y, x(value.high), y, colour)
    yield f'<circle cx="{x(value.estimate):.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'


def _places(rows: Sequence[Row]) -> Iterator[tuple[tuple[Row, tuple[str, ...]], int]]:
    """Where each row stands, and the headings above it."""
    y = _TOP
    before: tuple[str, ...] = ()
    for row in rows:
        fresh = tuple(
            heading
            for depth, heading in enumerate(row.headings)
            if row.headings[: depth + 1] != before[: depth + 1]
        )
        before = row.headings
        y += _LINE * (len(fresh) + 1)
        yield (row, fresh), y


def _headings(rows: Sequence[Row]) -> list[str]:
    return [heading for (_, above), _ in _places(rows) for heading in above]


def _values(filled: Filled, column: Column) -> list[float]:
    at = filled.columns.index(column)
    figures = [row.cells[at].figure for row in filled.rows]
    return [
        bound
        for figure in figures
        if figure
        for bound in (figure.value.low, figure.value.estimate, figure.value.high)
    ]


def _scale(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if high - low < 0.01:
        return low - 0.01, high + 0.01
    return low, high


def _told(value: float, column: Column) -> str:
    if column.measure.percent:
        return f"{100 * value:.0f}".replace("-", "−")
    return f"{value:.2f}".replace("-", "−")


def _text(
    x: float, y: float, text: str, *, size: int = 11, weight: str = "", anchor: str = ""
) -> str:
    more = (f' font-size="{size}"' if size != 11 else "") + (
        f' font-weight="{weight}"' if weight else ""
    )
    more += f' text-anchor="{anchor}"' if anchor else ""
    shown = "".join(char if char.isprintable() else "�" for char in text)
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(shown)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="1.5"/>'
    )

"""What a person reads of the worth of lessons: words, a table, intervals drawn."""

from __future__ import annotations

from collections.abc import Sequence

from skillgit.evaluation.plot import line
from skillgit.evaluation.report import points
from skillgit.evaluation.statistics import Interval
from skillgit.types import Effect

_NUMBERS = (1, 2, 4)
"""The columns that stand to the right."""


def in_words(effect: Effect) -> str:
    """One effect in a line: `helps: +12.5 points (+3.1 to +20.2)`."""
    return f"{effect.worth}: {points(effect.estimate)} points ({span(effect)})"


def span(effect: Effect) -> str:
    """The interval, in points."""
    return f"{points(effect.low)} to {points(effect.high)}"


def drawn(effect: Effect) -> str:
    """The interval between −100 and +100 points, 0 marked."""
    return line(Interval(effect.estimate, effect.low, effect.high), -1, {0: "│"})


def table(named: Sequence[tuple[str, Effect]]) -> list[str]:
    """A line for each effect, and a head."""
    head = ("", "points", "interval", "", "tasks", "−100 to +100", "ended")
    cells = [
        (
            name,
            points(effect.estimate),
            span(effect),
            str(effect.worth),
            str(effect.tasks),
            drawn(effect),
            effect.ended,
        )
        for name, effect in named
    ]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    return [
        "  ".join(
            f"{cell:{'>' if n in _NUMBERS else '<'}{width}}"
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *cells)
    ]

"""How numbers of a table are written."""

from __future__ import annotations

from collections.abc import Callable

from skillgit.experiments.plan import Measure
from skillgit.experiments.tables import Filled

_MINUTE, _HOUR = 60.0, 3600.0


def duration(seconds: float) -> str:
    """As people say it."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h"


def common(filled: Filled) -> Measure:
    """What an average is shown as: like its columns."""
    first = filled.columns[0].measure
    most = max(one.measure.decimals for one in filled.columns)
    return Measure("Avg", first.domain, percent=first.percent, decimals=most)


def form_of(measure: Measure, *, signed: bool) -> Callable[[float], str]:
    """How a number of the measure is written."""
    sign = "+" if signed else ""

    def told(value: float) -> str:
        scaled = 100 * value if measure.percent else value
        rounded = round(scaled, measure.decimals) + 0.0  # + 0.0: a rounded −0.0 is 0
        return f"{rounded:{sign}.{measure.decimals}f}".replace("-", "−")

    return told


def number(value: float, measure: Measure) -> str:
    """For programs: ASCII, two digits more than people read."""
    scaled = 100 * value if measure.percent else value
    return f"{round(scaled, measure.decimals + 2) + 0.0:.{measure.decimals + 2}f}"

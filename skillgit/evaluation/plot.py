"""Intervals and counts as lines of text, for people who rather look than read."""

from __future__ import annotations

from collections.abc import Mapping

from skillgit.evaluation.statistics import Interval

WIDTH = 41
LONGEST_BAR = 30


def line(interval: Interval, least: float, marks: Mapping[float, str], width: int = WIDTH) -> str:
    """An interval as `├──●──┤` on a scale from `least` to 1; `marks` are drawn beneath it."""

    def place(value: float) -> int:
        share = (min(1.0, max(least, value)) - least) / (1 - least)
        return round(share * (width - 1))

    canvas = [" "] * width
    for value, mark in marks.items():
        canvas[place(value)] = mark
    low, high = place(interval.low), place(interval.high)
    canvas[low : high + 1] = "─" * (high + 1 - low)
    canvas[low], canvas[high] = "├", "┤"
    canvas[place(interval.estimate)] = "●"
    return "".join(canvas)


def bars(counts: Mapping[str, int]) -> list[str]:
    """One bar for each count, with its name before and the number behind it."""
    most = max(counts.values(), default=0)
    names = max(map(len, counts), default=0)
    step = max(1.0, most / LONGEST_BAR)
    return [
        " ".join(
            filter(None, (name.rjust(names), "█" * max(round(count / step), count > 0), str(count)))
        )
        for name, count in counts.items()
    ]

"""The passages of a run that an analyst can cite, each named by its step and lines.

A model chooses one name out of the list that the schema gives, so a citation always exists, was
shown, and can be cut out verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from skillgit.trajectories.view import QUOTE_LINES, View, cut_out, step_lines
from skillgit.types import LineRange, Quote

_NAME = re.compile(r"step (\d+) lines (\d+)(?:-(\d+))?")


def citations(shown: View) -> Mapping[str, Quote]:
    """Every passage of at most six lines of what the agent did and saw; the task is no evidence."""
    agent = (step.number for step in shown.trajectory.steps if step.source == "agent")
    acted = next(agent, 1)
    found: dict[str, Quote] = {}
    for step in shown.trajectory.steps:
        numbers = shown.shown.get(step.number, ()) if step.number >= acted else ()
        text = step_lines(step) if numbers else ()
        for lines in _passages(numbers):
            quote = cut_out(shown.trajectory.id, step.number, text, lines)
            if isinstance(quote, Quote):
                found.setdefault(f"step {step.number} lines {lines}", quote)
    return found


def cited(shown: View, names: Iterable[str]) -> tuple[Quote, ...]:
    """The passages of these names, which the schema took from `citations`; each of them once."""
    places = (_NAME.fullmatch(name) for name in dict.fromkeys(names))
    quotes = (shown.quote(int(at[1]), _range(at)) for at in places if at)
    return tuple(quote for quote in quotes if isinstance(quote, Quote))


def _range(named: re.Match[str]) -> LineRange:
    return LineRange(int(named[2]), int(named[3] or named[2]))


def _passages(numbers: tuple[int, ...]) -> Iterator[LineRange]:
    """Runs of consecutive lines, cut into passages."""
    breaks = [at for at, (one, other) in enumerate(pairwise(numbers), 1) if other != one + 1]
    for first, last in pairwise([0, *breaks, len(numbers)]):
        for start in range(first, last, QUOTE_LINES):
            part = numbers[start : min(start + QUOTE_LINES, last)]
            yield LineRange(part[0], part[-1])

"""The passages of a run that an analyst can cite, each named by its step and lines.

A model chooses one name out of the list that the schema gives, so a citation always exists, was
shown, and can be cut out verbatim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from skillgit.trajectories.view import QUOTE_LINES, View
from skillgit.types import LineRange, Quote

_NAME = re.compile(r"step (\d+) lines (\d+)(?:-(\d+))?")


def citations(shown: View) -> tuple[str, ...]:
    """Every passage of at most six lines of what the agent did and saw; the task is no evidence.

    Each begins with a line that is shown, and no blank line is: each can be cut out.
    """
    agent = (step.number for step in shown.trajectory.steps if step.source == "agent")
    acted = next(agent, 1)
    return tuple(
        f"step {step} lines {first}-{last}" if first < last else f"step {step} lines {first}"
        for step, numbers in shown.shown.items()
        if step >= acted
        for first, last in _passages(numbers)
    )


def cited(shown: View, names: Iterable[str]) -> tuple[Quote, ...]:
    """The passages of these names, which the schema took from `citations`; each of them once."""
    places = (_NAME.fullmatch(name) for name in dict.fromkeys(names))
    quotes = (shown.quote(int(at[1]), _range(at)) for at in places if at)
    return tuple(quote for quote in quotes if isinstance(quote, Quote))


def _range(named: re.Match[str]) -> LineRange:
    return LineRange(int(named[2]), int(named[3] or named[2]))


def _passages(numbers: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """The first and the last lines of runs of consecutive lines, cut into passages."""
    breaks = [at for at, (one, other) in enumerate(pairwise(numbers), 1) if other != one + 1]
    for first, last in pairwise([0, *breaks, len(numbers)]):
        for start in range(first, last, QUOTE_LINES):
            yield numbers[start], numbers[min(start + QUOTE_LINES, last) - 1]

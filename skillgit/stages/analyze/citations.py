"""The passages of a run that an analyst can cite, each named by its step and lines.

A model chooses one name out of the list that the schema gives, so a citation always exists, was
shown, and can be cut out verbatim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from skillgit.trajectories.view import QUOTE_LINES, View
from skillgit.types import LineRange, Quote


def citations(shown: View) -> Mapping[str, Quote]:
    """Every passage of at most six lines of what the agent did and saw; the task is no evidence."""
    agent = (step.number for step in shown.trajectory.steps if step.source == "agent")
    acted = next(agent, 1)
    found: dict[str, Quote] = {}
    for step, numbers in shown.shown.items():
        for lines in _passages(numbers) if step >= acted else ():
            quote = shown.quote(step, lines)
            if isinstance(quote, Quote):
                found.setdefault(f"step {step} lines {lines}", quote)
    return found


def _passages(numbers: tuple[int, ...]) -> Iterator[LineRange]:
    """Runs of consecutive lines, cut into passages."""
    breaks = [at for at, (one, other) in enumerate(pairwise(numbers), 1) if other != one + 1]
    for first, last in pairwise([0, *breaks, len(numbers)]):
        for start in range(first, last, QUOTE_LINES):
            part = numbers[start : min(start + QUOTE_LINES, last)]
            yield LineRange(part[0], part[-1])

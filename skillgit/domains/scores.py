"""Soft and hard scores of tasks with several cases, as SpreadsheetBench defines them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

OFFICIAL_CASES = 3


@dataclass(frozen=True, slots=True)
class Scores:
    """Means over tasks, each between 0 and 1; of no tasks at all they are 0.

    `official_soft` and `official_hard` are what SpreadsheetBench's own code computes on its 912
    tasks: it divides by 3 and asks for 3 passes also where a task has fewer cases (measured; four
    tasks can never reach hard there). With one case each (Verified) soft and hard are the same.
    """

    tasks: int
    soft: float
    hard: float
    official_soft: float
    official_hard: float


def scores(counts: Iterable[tuple[int, int]]) -> Scores:
    """The scores of tasks, each given as (cases passed, cases)."""
    pairs = list(counts)
    for passed, cases in pairs:
        if not 0 <= passed <= cases or not cases:
            raise ValueError(f"{passed} of {cases} cases cannot have passed")
    many = max(1, len(pairs))
    return Scores(
        tasks=len(pairs),
        soft=sum(passed / cases for passed, cases in pairs) / many,
        hard=sum(passed == cases for passed, cases in pairs) / many,
        official_soft=sum(min(passed, OFFICIAL_CASES) / OFFICIAL_CASES for passed, _ in pairs)
        / many,
        official_hard=sum(passed >= OFFICIAL_CASES for passed, _ in pairs) / many,
    )

"""Which lessons hurt? A bounded search over subsets of them, for `--gate-lessons`. Pure.

Lessons commute, so every subset of them is a skill that can be run on validation tasks. That
costs money, so a search starts with all lessons and takes away one at a time.

The value that a search ends with is flattered: it is the best of several that chance has shaken.
Only a measurement on other tasks, or with other seeds, says what was won.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Lessons: TypeAlias = frozenset[int]
Score: TypeAlias = float
"""Mean success on the validation tasks; more is better."""
Value: TypeAlias = Callable[[Lessons], Awaitable[Score]]

LEAST_GAIN = 1e-9
"""Less is the rounding of a mean, not a gain."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A lesson that hurt: the score with it and without it, the other lessons being equal."""

    lesson: int
    score_with: Score
    score_without: Score


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found. `exhausted`: the budget ended it; some removals were not tried."""

    kept: tuple[int, ...]
    dropped: tuple[Dropped, ...]
    """In the order in which they went."""
    start: Score
    """With all lessons."""
    end: Score
    """With those that were kept."""
    evaluations: int
    exhausted: bool


class _Purse:
    """Remembers what was evaluated, and pays for no more than the budget."""

    def __init__(self, value: Value, budget: int, known: Mapping[Lessons, Score]) -> None:
        self._value = value
        self._budget = budget
        self._known = dict(known)
        self.spent = 0
        self.refused = False

    async def scores(self, subsets: Iterable[Lessons]) -> list[tuple[Lessons, Score]]:
        """The scores of those subsets, in their order, that are known or can be paid for."""
        wanted = list(subsets)
        unknown = [subset for subset in wanted if subset not in self._known]
        affordable = unknown[: self._budget - self.spent]
        self.refused |= len(affordable) < len(unknown)
        self.spent += len(affordable)
        found = await _together(map(self._value, affordable))
        self._known.update(zip(affordable, found, strict=True))
        return [(subset, self._known[subset]) for subset in wanted if subset in self._known]


async def _together(values: Iterable[Awaitable[Score]]) -> list[Score]:
    """All at once; where one cannot be had, none of the others goes on."""
    tasks = [asyncio.ensure_future(value) for value in values]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def drop_what_hurts(
    lessons: int, value: Value, budget: int, known: Mapping[Lessons, Score] | None = None
) -> Search:
    """Leave out one lesson at a time, as long as that helps and the budget lasts.

    Lessons are numbered by support, strongest first. Each step tries every lesson that is left and
    drops the one without which the score is best, if it is better than with it: ties keep
    the lesson, and of two that hurt alike the weaker supported one goes. The subsets of
    a step are evaluated at once, those first that did best before, so that a short budget is spent
    where it may help. `value` is asked at most `budget` times; `known` scores cost nothing.
    """
    if lessons < 0 or budget < 1:
        raise ValueError(f"cannot search {lessons} lessons with {budget} evaluations")
    purse = _Purse(value, budget, known or {})
    kept = frozenset(range(lessons))
    ((_, start),) = await purse.scores([kept])
    score, dropped = start, list[Dropped]()
    promising = sorted(kept, reverse=True)
    while kept:
        found = await purse.scores(kept - {lesson} for lesson in promising)
        tried = {min(kept - subset): without for subset, without in found}
        hurts = max(tried, key=lambda one: (round(tried[one], 9), one), default=None)
        if hurts is None or tried[hurts] <= score + LEAST_GAIN:
            break
        dropped.append(Dropped(hurts, score, tried[hurts]))
        kept, score = kept - {hurts}, tried[hurts]
        promising = sorted(kept, key=lambda one: (-tried.get(one, -1.0), -one))
    return Search(tuple(sorted(kept)), tuple(dropped), start, score, purse.spent, purse.refused)

"""From graded runs to the figures of a cell: score, difference, average; each with an interval.

The unit is the task, as in `evaluation.statistics`: all seeds of a task stay together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import fmean

from skillgit.evaluation.statistics import Interval, bootstrap, rate
from skillgit.experiments.outcomes import Scored
from skillgit.experiments.plan import Score

_FINEST = 10_000
"""Scores are counted in so many steps."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number between −1 and 1, and what it rests on."""

    value: Interval
    tasks: int
    seeds: tuple[int, ...]
    runs: int


@dataclass(frozen=True, slots=True)
class Part:
    """A figure that goes into an average: measures of a group are averaged before groups are.

    Figures of one `stream` come from the same runs, as Soft and Hard do.
    """

    figure: Figure
    group: str
    stream: str


def score(runs: Sequence[Scored], what: Score) -> Figure:
    """The mean over tasks; ValueError where there is no run.

    Wilson's interval with as many observations as the runs are worth; for shares the same formula
    is the normal one, with the variance of the tasks.
    """
    shares = [fmean(found) for found in _by_task(runs, what).values()]
    if not shares:
        raise ValueError("there are no runs")
    estimate = fmean(shares)
    around = rate([min(1.0, max(0.0, share)) for share in shares], len(runs))
    return Figure(Interval(estimate, around.low, around.high), *_size(runs, len(shares)))


def difference(runs: Sequence[Scored], base: Sequence[Scored], what: Score) -> Figure:
    """Runs − base on the tasks and seeds that both have; ValueError where they share none.

    A task that has changed since is not the same task.
    """
    others = {(one.task, one.task_digest, one.seed): one for one in base}
    pairs = [(one, others.get((one.task, one.task_digest, one.seed))) for one in runs]
    both = [(one, other) for one, other in pairs if other is not None]
    if not both:
        raise ValueError("no task was run with both")
    ours = _by_task([one for one, _ in both], what)
    theirs = _by_task([other for _, other in both], what)
    gains = [_exact(found) - _exact(theirs[task]) for task, found in ours.items()]
    kept = [one for one, _ in both]
    return Figure(bootstrap(gains, len(_seeds(kept))), *_size(kept, len(gains)))


def average(parts: Iterable[Part]) -> Figure:
    """The paper's Avg (section 3.2): each group weighs the same, whatever it is made of.

    SpreadsheetBench is one group (Vrf, Soft, Hard of all users), WikiTQ the other. The interval
    adds what comes from the same runs, and takes the rest for independent.
    """
    found = list(parts)
    groups = {part.group: 0 for part in found}
    for part in found:
        groups[part.group] += 1
    weights = [1 / (len(groups) * groups[part.group]) for part in found]
    estimate = mean_of_groups([(part.group, part.figure.value.estimate) for part in found])

    def spread(side: Callable[[Interval], float]) -> float:
        streams: dict[str, float] = {}
        for weight, part in zip(weights, found, strict=True):
            wide = weight * side(part.figure.value)
            streams[part.stream] = streams.get(part.stream, 0.0) + wide
        return math.hypot(*streams.values())

    low = estimate - spread(lambda one: one.estimate - one.low)
    high = estimate + spread(lambda one: one.high - one.estimate)
    return Figure(
        Interval(estimate, low, high),
        sum({part.stream: part.figure.tasks for part in found}.values()),
        tuple(sorted({seed for part in found for seed in part.figure.seeds})),
        sum({part.stream: part.figure.runs for part in found}.values()),
    )


def mean_of_groups(values: Sequence[tuple[str, float]]) -> float:
    """The mean of the means of groups; ValueError where there is nothing."""
    if not values:
        raise ValueError("there is nothing to average")
    groups: dict[str, list[float]] = {}
    for group, value in values:
        groups.setdefault(group, []).append(value)
    return fmean(fmean(found) for found in groups.values())


def _by_task(runs: Iterable[Scored], what: Score) -> Mapping[str, list[float]]:
    found: dict[str, list[float]] = {}
    for run in runs:
        told = float(run.passed) if what is Score.HARD else run.score
        found.setdefault(run.task, []).append(told)
    return found


def _exact(scores: Sequence[float]) -> Fraction:
    whole = sum((Fraction(one).limit_denominator(_FINEST) for one in scores), Fraction())
    return whole / len(scores)


def _seeds(runs: Iterable[Scored]) -> tuple[int, ...]:
    return tuple(sorted({run.seed for run in runs}))


def _size(runs: Sequence[Scored], tasks: int) -> tuple[int, tuple[int, ...], int]:
    return tasks, _seeds(runs), len(runs)

"""One skill measured, and two compared on the runs that they share.

A rate is a mean over tasks: each task counts once, with the share of its runs that passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from functools import partial
from statistics import fmean, median

from skillgit.evaluation.runs import Ended, RunResult
from skillgit.evaluation.sample import Sample, Subject, align, sample
from skillgit.evaluation.statistics import Interval, SignTest, bootstrap, mcnemar, rate

FLOOR = "do-nothing"
"""The agent that leaves the inputs as they are."""
SAME_WITHIN = 0.02
"""Two points: a difference that is surely smaller is called none."""


class Verdict(StrEnum):
    """What the interval of the difference (other − base, success rates) says; tried in this order.

    The test is shown beside it and decides nothing: it counts tasks, the interval weighs them.
    """

    BETTER = "better"
    """The whole interval lies above 0."""
    WORSE = "worse"
    """The whole interval lies below 0."""
    EQUAL = "equal"
    """It holds 0 and lies within ±`SAME_WITHIN`: shown to be about the same, not only unproven."""
    UNCLEAR = "unclear"
    """It holds 0 and more: these runs do not tell. Never to be presented as an improvement."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Means over tasks. Where each task has one case, as in Verified-400, the two are the same."""

    hard: float
    """Share of the runs in which all cases pass."""
    soft: float
    """Share of the cases that pass."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a task set gives for nothing, and the most that it can give. None: not measured."""

    floor: Rates | None = None
    """An agent that leaves the inputs as they are."""
    ceiling: Rates | None = None
    """The gold files themselves, graded like answers."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Over runs. The mean is what one pays, the median is what is usual."""

    mean: float
    median: float


@dataclass(frozen=True, slots=True)
class Group:
    """A kind of task."""

    tasks: int
    hard: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the runs of one subject say."""

    subject: Subject
    tasks: int
    runs: int
    success: Interval
    """Hard."""
    soft: float
    by_seed: Mapping[int, float]
    by_group: Mapping[str, Group]
    """Empty where the tasks are all of one kind."""
    tokens: Spread
    """Prompt and output."""
    turns: Spread
    ended: Mapping[Ended, int]
    bounds: Bounds
    remarks: tuple[str, ...]
    official: Mapping[str, float] = field(default_factory=dict)
    """The same rate by the scorers of benchmarks, by name: never mixed with `success`."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that were run."""
        return tuple(self.by_seed)

    @property
    def repeats(self) -> int | None:
        """The k of avg@k, which `success` is: runs of each task; None where they differ."""
        return len(self.seeds) if self.runs == self.tasks * len(self.seeds) else None


@dataclass(frozen=True, slots=True)
class TaskPair:
    """One task under both: in how many of its runs it passed."""

    task: str
    group: str
    runs: int
    base: int
    other: int

    @property
    def gain(self) -> int:
        """Runs that pass now and did not, less those that no longer do."""
        return self.other - self.base


@dataclass(frozen=True, slots=True)
class PairTable:
    """Pairs of runs by who passed. No test is made on it: pairs of a task are not independent."""

    both: int
    only_base: int
    only_other: int
    neither: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`base` and `other` measured on the runs that both have, and what lies between them."""

    base: Measurement
    other: Measurement
    difference: Interval
    """other − base, from −1 to 1: reports show it in points, that is times 100."""
    verdict: Verdict
    test: SignTest
    tasks: tuple[TaskPair, ...]
    pairs: PairTable
    bounds: Bounds
    remarks: tuple[str, ...]

    @property
    def wins(self) -> tuple[TaskPair, ...]:
        """Tasks that pass under more seeds than before, greatest gain first."""
        return tuple(sorted((t for t in self.tasks if t.gain > 0), key=lambda t: (-t.gain, t.task)))

    @property
    def losses(self) -> tuple[TaskPair, ...]:
        """Tasks that pass under fewer seeds than before, greatest loss first."""
        return tuple(sorted((t for t in self.tasks if t.gain < 0), key=lambda t: (t.gain, t.task)))

    @property
    def ties(self) -> tuple[TaskPair, ...]:
        """Tasks that pass under as many seeds as before, perhaps others."""
        return tuple(task for task in self.tasks if task.gain == 0)


def bounds(
    do_nothing: Iterable[RunResult] | None = None, gold: Iterable[RunResult] | None = None
) -> Bounds:
    """The floor and the ceiling of a task set, from runs of the two agents without a model."""

    def of(results: Iterable[RunResult] | None) -> Rates | None:
        return None if results is None else _rates(sample(results))

    return Bounds(of(do_nothing), of(gold))


def measure(results: Iterable[RunResult], frame: Bounds | None = None) -> Measurement:
    """Success, cost and ends of the runs of one subject. FindingsError as in `sample`."""
    return _measure(sample(results), frame or Bounds())


def compare(
    base: Iterable[RunResult], other: Iterable[RunResult], frame: Bounds | None = None
) -> Comparison:
    """Is `other` better than `base`? FindingsError where they share no run, or are a mixture."""
    old, new = sample(base), sample(other)
    aligned = align(old, new)
    return _compare(
        _measure(aligned.base, frame or Bounds()),
        _measure(aligned.other, frame or Bounds()),
        _task_pairs(aligned.base, aligned.other),
        _pair_table(aligned.base, aligned.other),
        aligned.remarks,
    )


def _compare(
    base: Measurement,
    other: Measurement,
    tasks: tuple[TaskPair, ...],
    pairs: PairTable,
    remarks: tuple[str, ...],
) -> Comparison:
    difference = bootstrap([Fraction(one.gain, one.runs) for one in tasks], len(base.seeds))
    return Comparison(
        base=base,
        other=other,
        difference=difference,
        verdict=judge(difference),
        test=mcnemar(sum(one.gain > 0 for one in tasks), sum(one.gain < 0 for one in tasks)),
        tasks=tasks,
        pairs=pairs,
        bounds=base.bounds,
        remarks=(
            *remarks,
            *(f"base: {remark}" for remark in base.remarks),
            *(f"other: {remark}" for remark in other.remarks),
        ),
    )


def judge(difference: Interval) -> Verdict:
    """The verdict of an interval of a difference; see `Verdict`."""
    if difference.low > 0:
        return Verdict.BETTER
    if difference.high < 0:
        return Verdict.WORSE
    if difference.low >= -SAME_WITHIN and difference.high <= SAME_WITHIN:
        return Verdict.EQUAL
    return Verdict.UNCLEAR


def _measure(of: Sample, frame: Bounds) -> Measurement:
    runs = tuple(of.runs.values())
    rates = _rates(of)
    return Measurement(
        subject=of.subject,
        tasks=len(of.tasks),
        runs=len(runs),
        success=replace(rate(_shares(of), len(runs)), estimate=rates.hard),
        soft=rates.soft,
        by_seed={s: fmean(run.passed for run in runs if run.seed == s) for s in of.seeds},
        by_group=_groups(of),
        tokens=_spread([run.usage.prompt_tokens + run.usage.output_tokens for run in runs]),
        turns=_spread([run.turns for run in runs]),
        ended=dict(Counter(run.ended for run in runs).most_common()),
        bounds=frame,
        remarks=of.remarks + _beside_the_floor(of, rates, frame),
        official=_official(of),
    )


def _beside_the_floor(of: Sample, rates: Rates, frame: Bounds) -> tuple[str, ...]:
    itself = of.subject.model == FLOOR
    if itself or frame.floor is None or rates.hard > frame.floor.hard:
        return ()
    return ("an agent that does nothing passes as often",)


def _rates(of: Sample) -> Rates:
    return Rates(fmean(_shares(of)), fmean(_per_task(of, lambda run: run.score)))


def _official(of: Sample) -> dict[str, float]:
    """Of a scorer that says nothing of a run (it crashed, or has no answer) it has not passed."""
    names = sorted({name for run in of.runs.values() for name in run.official})
    return {name: fmean(_per_task(of, partial(_says, name))) for name in names}


def _says(name: str, run: RunResult) -> float:
    return run.official.get(name, False)


def _shares(of: Sample) -> list[float]:
    return _per_task(of, lambda run: run.passed)


def _per_task(of: Sample, figure: Callable[[RunResult], float]) -> list[float]:
    return [fmean(map(figure, runs)) for runs in of.tasks.values()]


def _groups(of: Sample) -> dict[str, Group]:
    shares: dict[str, list[float]] = {}
    for runs in of.tasks.values():
        shares.setdefault(runs[0].group, []).append(fmean(run.passed for run in runs))
    if len(shares) < 2:
        return {}
    return {name: Group(len(found), fmean(found)) for name, found in sorted(shares.items())}


def _spread(figures: Sequence[float]) -> Spread:
    return Spread(fmean(figures), float(median(figures)))


def _task_pairs(base: Sample, other: Sample) -> tuple[TaskPair, ...]:
    news = other.tasks
    return tuple(
        TaskPair(
            task,
            runs[0].group,
            len(runs),
            sum(run.passed for run in runs),
            sum(run.passed for run in news[task]),
        )
        for task, runs in base.tasks.items()
    )


def _pair_table(base: Sample, other: Sample) -> PairTable:
    counted = Counter((run.passed, other.runs[cell].passed) for cell, run in base.runs.items())
    return PairTable(
        both=counted[True, True],
        only_base=counted[True, False],
        only_other=counted[False, True],
        neither=counted[False, False],
    )

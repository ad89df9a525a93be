"""Are the effects of lessons what `skillgit ablate` says? On agents whose effects are known.

    PYTHONPATH=tests python -m experiments.lesson_effects [--times 1000]

An agent is a table: for each kind of task the chance of passing with every subset of the lessons.
So the true effects can be counted out, those of lessons that help, hurt, do nothing, stand in for
each other or only work together. Tasks are drawn from the kinds, and ablated again and again.
"""

from __future__ import annotations

import argparse
import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from random import Random
from statistics import fmean, pstdev

from skillgit.evaluation.ablation import Ablation, Terms, ablate
from skillgit.evaluation.design import Asked, Design, Lessons, Question, questions_of
from skillgit.evaluation.sample import Cell
from skillgit.types import Effect, Method, Worth

Chance = Callable[[Lessons], float]
LOOK_EVERY = 4
SIZES = ((24, 3), (60, 3), (200, 1), (400, 1))


@dataclass(frozen=True)
class Kind:
    """A kind of task: its share of all, and the chance of passing with a subset of the lessons."""

    share: float
    chance: Chance


@dataclass(frozen=True)
class SimulatedAgent:
    """An agent of which everything is known."""

    name: str
    lessons: int
    kinds: tuple[Kind, ...]
    methods: tuple[Method, ...] = tuple(Method)

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(questions_of(self.lessons, self.methods, range(self.lessons)))

    @cached_property
    def truth(self) -> Mapping[Question, float]:
        """The true effects, counted out over all subsets."""
        return {question: self._effect(question) for question in self.questions}

    def _rate(self, lessons: Lessons) -> float:
        return math.fsum(kind.share * kind.chance(lessons) for kind in self.kinds)

    def _effect(self, question: Question) -> float:
        everything = frozenset(range(self.lessons))
        if question.lesson is None:
            return self._rate(everything) - self._rate(frozenset())
        alone = frozenset({question.lesson})
        others = everything - alone
        if question.method is Method.LEAVE_ONE_OUT:
            return self._rate(everything) - self._rate(others)
        return math.fsum(
            self._gain(frozenset(before), alone) / math.comb(len(others), size)
            for size in range(self.lessons)
            for before in combinations(sorted(others), size)
        ) / (self.lessons)

    def _gain(self, before: Lessons, alone: Lessons) -> float:
        return self._rate(before | alone) - self._rate(before)

    def drawn(self, tasks: int, draw: Random) -> Mapping[str, Kind]:
        """Tasks of these kinds."""
        shares = [kind.share for kind in self.kinds]
        chosen = draw.choices(self.kinds, shares, k=tasks)
        return {f"task-{number}": kind for number, kind in enumerate(chosen)}


def logistic(base: float, gains: Mapping[int, float]) -> Chance:
    """Lessons add up, on the scale on which chances do."""

    def chance(lessons: Lessons) -> float:
        return 1 / (1 + math.exp(-base - sum(gains.get(one, 0.0) for one in lessons)))

    return chance


def five_lessons() -> SimulatedAgent:
    """One helps, one hurts, one does nothing, and two stand in for each other."""

    def either(lessons: Lessons) -> float:
        return 0.9 if lessons & {3, 4} else 0.15

    return SimulatedAgent(
        "help, hurt, nothing, stand-ins",
        5,
        (
            Kind(0.35, logistic(-2.0, {0: 4.5})),
            Kind(0.15, logistic(1.5, {0: 0.5, 1: -2.5})),
            Kind(0.25, either),
            Kind(0.15, lambda _: 0.02),
            Kind(0.10, lambda _: 0.97),
        ),
    )


def no_lesson() -> SimulatedAgent:
    """Nothing does anything: whatever is called an effect here is an error."""
    chances = (0.05, 0.3, 0.5, 0.7, 0.95)
    return SimulatedAgent(
        "no lesson does anything",
        5,
        tuple(Kind(0.2, lambda _, p=p: p) for p in chances),  # type: ignore[misc] # p is a default
    )


def together_only() -> SimulatedAgent:
    """Two lessons of three that work together and hurt alone."""

    def both(lessons: Lessons) -> float:
        return {0: 0.4, 1: 0.2, 2: 0.9}[len(lessons & {0, 1})]

    return SimulatedAgent("only together", 3, (Kind(0.6, both), Kind(0.4, logistic(0.0, {2: 1.0}))))


@dataclass
class Bench:
    """One ablation on tasks that are drawn for it."""

    agent: SimulatedAgent
    tasks: int
    seeds: int
    number: int
    passed: dict[Asked, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kinds = self.agent.drawn(self.tasks, Random(f"tasks {self.number}"))
        self.design = Design(
            self.agent.lessons,
            tuple(self.kinds),
            tuple(range(41, 41 + self.seeds)),
            self.agent.questions,
            name=str(self.number),
        )

    async def play(self, asked: Sequence[Asked]) -> Sequence[bool]:
        for one in asked:
            luck = Random(f"{self.number} {sorted(one.lessons)} {one.cell}").random()
            self.passed[one] = luck < self.kinds[one.cell.task].chance(one.lessons)
        return [self.passed[one] for one in asked]

    def ablated(self, terms: Terms) -> Ablation:
        return asyncio.run(ablate(self.design, terms, self.play))

    def usual(self, look_every: int) -> Iterator[tuple[Question, float, float]]:
        """What comes out where the usual 95 % interval is looked at until it does not hold 0."""
        for question in self.design.questions:
            gains: list[int] = []
            low = high = 0.0
            for count, task in enumerate(self.design.order, 1):
                pair = self.design.pairs(question, Cell(task, 41))
                gains.append(self.passed[pair.present] - self.passed[pair.absent])
                if count >= 8 and (count % look_every == 0 or count == self.tasks):
                    half = 1.96 * pstdev(gains) / math.sqrt(count)
                    low, high = fmean(gains) - half, fmean(gains) + half
                    if low > 0 or high < 0:
                        break
            yield question, low, high


@dataclass
class Tally:
    """What many ablations of one agent came to."""

    agent: SimulatedAgent
    ablations: int = 0
    all_held: int = 0
    held: int = 0
    intervals: int = 0
    wrong: int = 0
    """Ablations that say of a lesson that it helps, hurts or is equal, where it is not so."""
    runs: int = 0
    most_runs: int = 0
    found: Counter[Question] = field(default_factory=Counter)
    """How often the sign of an effect was told."""
    usual_held: int | None = None

    def count(self, ablation: Ablation, margin: float) -> None:
        truth = self.agent.truth
        holds = [e.low <= truth[q] <= e.high for q, e in ablation.effects.items()]
        self.ablations += 1
        self.all_held += all(holds)
        self.held += sum(holds)
        self.intervals += len(holds)
        wrong = [not right(e, truth[q], margin) for q, e in ablation.effects.items()]
        self.wrong += any(wrong)
        self.runs += ablation.runs
        self.most_runs += ablation.most_runs
        self.found.update(
            q for q, e in ablation.effects.items() if e.worth in {Worth.HELPS, Worth.HURTS}
        )

    def line(self, tasks: int, seeds: int) -> str:
        """A row of the table."""
        n = self.ablations
        clear = [q for q, effect in self.agent.truth.items() if abs(effect) >= 0.1]
        told = sum(self.found[q] for q in clear) / (n * len(clear)) if clear else math.nan
        usual = "–" if self.usual_held is None else f"{self.usual_held / n:.1%}"
        return (
            f"| {self.agent.name} | {tasks} × {seeds} | {n} | {self.all_held / n:.1%} "
            f"| {self.held / self.intervals:.2%} | {self.wrong / n:.1%} "
            f"| {'–' if math.isnan(told) else f'{told:.0%}'} "
            f"| {self.runs / n:,.0f} of {self.most_runs / n:,.0f} "
            f"({1 - self.runs / self.most_runs:.0%} saved) | {usual} |"
        )


def right(effect: Effect, truth: float, margin: float) -> bool:
    """Is it true, what is said of a lesson?"""
    return {
        Worth.HELPS: truth > 0,
        Worth.HURTS: truth < 0,
        Worth.EQUAL: abs(truth) <= margin,
        Worth.UNCLEAR: True,
    }[effect.worth]


def tallied(
    agent: SimulatedAgent,
    size: tuple[int, int],
    times: int,
    terms: Terms,
    *,
    usual: bool = False,
) -> Tally:
    """So many ablations, each on tasks of its own; `size` is tasks and seeds."""
    tally = Tally(agent)
    for number in range(times):
        bench = Bench(agent, *size, number)
        tally.count(bench.ablated(terms), terms.margin)
        if usual:
            everything = Bench(agent, size[0], 1, number)
            everything.ablated(Terms(early=False))
            tally.usual_held = (tally.usual_held or 0) + all(
                low <= agent.truth[question] <= high
                for question, low, high in everything.usual(LOOK_EVERY)
            )
    return tally


HEAD = (
    "| agent | tasks × seeds | ablations | all intervals hold | one interval holds "
    "| a wrong verdict | effects ≥ 10 points told | runs | the usual interval, looked at as often "
    "|\n|---|---|---:|---:|---:|---:|---:|---:|---:|"
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("--confidence", type=float, default=0.95)
    told = parser.parse_args()
    print(HEAD)  # noqa: T201 - a script
    for agent in (five_lessons(), no_lesson(), together_only()):
        for tasks, seeds in SIZES:
            terms = Terms(batch=LOOK_EVERY, confidence=told.confidence)
            tally = tallied(agent, (tasks, seeds), told.times, terms, usual=seeds == 1)
            print(tally.line(tasks, seeds), flush=True)  # noqa: T201 - a script


if __name__ == "__main__":
    main()

"""What is each lesson worth? Runs are made until all questions are answered, or none can be. Pure.

With the first seed one may stop after any task: tasks are independent draws, and the intervals of
`sequences` hold at every look. A further seed is run on all tasks, and then looked at: its
task means are new observations of the same tasks, so every seed has a share of the error of
its own (half goes to the first one, which needs it most), and the shares add up. All that is
reported divides it once more among the questions (Bonferroni): with the chance that was asked
for, every interval of an ablation is right at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from skillgit.evaluation.comparison import SAME_WITHIN
from skillgit.evaluation.design import Asked, Design, Question
from skillgit.evaluation.sample import Cell
from skillgit.evaluation.sequences import Counts, is_above, is_below, sequence
from skillgit.evaluation.statistics import CONFIDENCE
from skillgit.types import Effect, Worth

Play: TypeAlias = Callable[[Sequence[Asked]], Awaitable[Sequence[bool]]]
"""Make these runs; did they pass? In the same order."""


_ENOUGH = 24
"""Tasks; of fewer all runs are made, for they cost little and every one tells something."""
_HOPE = 0.2
"""What is left may come out as the ends of an 80 % interval; by simulation few answers are lost."""


class Stop(StrEnum):
    """Why no more runs were made for a question."""

    ANSWERED = "answered"
    HOPELESS = "too little is left to answer it"
    USED_UP = "all is used"
    RUNS = "no more runs allowed"


@dataclass(frozen=True, slots=True)
class Terms:
    """How sure one wants to be, and what that may take."""

    confidence: float = CONFIDENCE
    margin: float = SAME_WITHIN
    """An effect that is surely smaller is called none."""
    most_runs: int | None = None
    batch: int = 4
    """Tasks between two looks."""
    early: bool = True
    """False: everything is run, whatever comes out."""

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1 or not 0 <= self.margin < 1 or self.batch < 1:
            raise ValueError(f"these are no terms of an ablation: {self}")


@dataclass(frozen=True, slots=True)
class Ablation:
    """What was found out. Questions without an effect were not looked at: no run was allowed."""

    effects: Mapping[Question, Effect]
    runs: int
    most_runs: int
    """Without stopping early."""
    looks: int


async def ablate(design: Design, terms: Terms, play: Play) -> Ablation:
    """Ask for runs, look at them, stop what is answered; `play` is never asked for a run twice."""
    inquiry = _Inquiry(design, terms)
    for turn in range(len(design.seeds)):
        for cells in inquiry.portions(turn):
            asked = inquiry.wanted(cells)
            inquiry.note(cells, dict(zip(asked, await play(asked), strict=True)))
            if turn == 0 or len(cells) == len(design.tasks):
                inquiry.look(turn)
    return inquiry.ended()


def level(design: Design, terms: Terms, turn: int) -> float:
    """The share of the error that one interval may make after a seed."""
    each = (1 - terms.confidence) / len(design.questions)
    further = len(design.seeds) - 1
    if not further:
        return each
    return each / 2 if turn == 0 else each / (2 * further)


def fewest_tasks(design: Design, terms: Terms) -> int:
    """After how many tasks a question can be answered at best: where every pair says the same."""
    side = level(design, terms, 0) / 2
    answers = (n for n in range(1, len(design.tasks)) if is_above({1.0: n}, 0, side))
    return next(answers, len(design.tasks))


def can_answer(design: Design, terms: Terms) -> bool:
    """Would these tasks tell a lesson that decides all of them from one that does nothing?"""
    side = level(design, terms, len(design.seeds) - 1) / 2
    return is_above({1.0: len(design.tasks)}, 0, side)


class _Inquiry:
    """What was asked, what came out, and which questions are still open."""

    def __init__(self, design: Design, terms: Terms) -> None:
        self._design = design
        self._terms = terms
        self._order = design.order
        self._open = dict.fromkeys(design.questions, Stop.USED_UP)
        self._passed: dict[Asked, bool] = {}
        self._gains: dict[Question, dict[str, list[int]]] = {q: {} for q in design.questions}
        self._effects: dict[Question, Effect] = {}
        self._looks = 0

    # -------------------------------------------------------------- running

    def portions(self, turn: int) -> Iterator[Sequence[Cell]]:
        """The cells of a seed, as many at once as one wants to look at, as long as runs last."""
        cells = [Cell(task, self._design.seeds[turn]) for task in self._order]
        size = self._terms.batch if turn == 0 else len(cells)
        while cells and self._open:
            portion = self._affordable(cells[:size], whole=turn > 0)
            if not portion:
                self._open = dict.fromkeys(self._open, Stop.RUNS)
                self._close(turn)
                return
            yield portion
            cells = cells[len(portion) :]

    def wanted(self, cells: Sequence[Cell]) -> list[Asked]:
        """The runs that the open questions need, less those that are made."""
        runs = self._design.runs(self._open, cells)
        return [asked for asked in runs if asked not in self._passed]

    def note(self, cells: Sequence[Cell], passed: Mapping[Asked, bool]) -> None:
        """Hear what came out."""
        self._passed |= passed
        for question in self._open:
            for cell in cells:
                pair = self._design.pairs(question, cell)
                gain = self._passed[pair.present] - self._passed[pair.absent]
                self._gains[question].setdefault(cell.task, []).append(gain)

    def _affordable(self, cells: Sequence[Cell], *, whole: bool) -> Sequence[Cell]:
        """As many of the cells as the runs that are left suffice for."""
        most = self._terms.most_runs
        if most is None:
            return cells
        left = most - len(self._passed)
        while cells and len(self.wanted(cells)) > left:
            cells = () if whole else cells[:-1]
        return cells

    # -------------------------------------------------------------- looking

    def look(self, turn: int) -> None:
        """Close the questions that are answered, or that nothing left could answer."""
        self._looks += 1
        answered: dict[Question, Stop] = {}
        for question in self._open if self._terms.early else ():
            if self._said(Counter(self._means(question)), turn) is not Worth.UNCLEAR:
                answered[question] = Stop.ANSWERED
            elif self._is_hopeless(question):
                answered[question] = Stop.HOPELESS
        for question, why in answered.items():
            self._effects[question] = self._effect(question, turn, why)
            del self._open[question]

    def ended(self) -> Ablation:
        """The account, with the questions that are open as they stand after the last seed."""
        self._close(len(self._design.seeds) - 1)
        effects = {q: self._effects[q] for q in self._design.questions if q in self._effects}
        most = self._design.most_runs()
        return Ablation(effects, len(self._passed), most, self._looks)

    def _close(self, turn: int) -> None:
        """What is open now stays as it is; a seed that was not begun has told nothing."""
        for question, why in self._open.items():
            gains = self._gains[question].values()
            if gains:
                seen = max(map(len, gains)) - 1
                self._effects[question] = self._effect(question, min(turn, seen), why)
        self._open = {}

    def _means(self, question: Question) -> list[float]:
        """One observation of each task: the mean over its seeds."""
        return [sum(gains) / len(gains) for gains in self._gains[question].values()]

    def _effect(self, question: Question, turn: int, why: Stop) -> Effect:
        means = self._means(question)
        interval = sequence(means, self._level(turn))
        return Effect(
            method=question.method,
            estimate=interval.estimate,
            low=interval.low,
            high=interval.high,
            worth=self._said(Counter(means), turn),
            ended=str(why),
            tasks=len(means),
            pairs=sum(map(len, self._gains[question].values())),
            confidence=self._terms.confidence,
            intervals=len(self._design.questions),
        )

    def _level(self, turn: int) -> float:
        return level(self._design, self._terms, turn)

    def _said(self, counts: Counts, turn: int) -> Worth:
        side = self._level(turn) / 2
        if is_above(counts, 0, side):
            return Worth.HELPS
        if is_below(counts, 0, side):
            return Worth.HURTS
        margin = self._terms.margin
        if is_above(counts, -margin, side) and is_below(counts, margin, side):
            return Worth.EQUAL
        return Worth.UNCLEAR

    def _is_hopeless(self, question: Question) -> bool:
        """Would even the best that one may hope for, in all that is left, not answer it?

        A rule of thumb that costs no validity: the intervals hold however one stops.
        """
        means = self._means(question)
        if len(means) < _ENOUGH:
            return False
        hoped = sequence(means, _HOPE)
        last = len(self._design.seeds) - 1
        return all(
            self._said(self._completed(question, rest), last) is Worth.UNCLEAR
            for rest in (hoped.low, 0.0, hoped.high)
        )

    def _completed(self, question: Question, rest: float) -> Counts:
        """The tasks' means after the last seed, if all that is left came out as `rest`."""
        seeds = len(self._design.seeds)
        known = self._gains[question]
        done = [(sum(gains) + rest * (seeds - len(gains))) / seeds for gains in known.values()]
        return Counter([*done, *[rest] * (len(self._order) - len(done))])

"""Which runs tell what a lesson is worth: subsets of lessons on tasks, drawn once and for all.

A task is one observation, as everywhere in this house, and every observation is paired: the same
task, the same seed, two subsets that differ by one lesson. Leaving a lesson out of all is one such
pair. For the Shapley value each task draws an order in which lessons come in, and a lesson's
observation is what it changed when it came: over all orders the mean of that is the Shapley
value, whatever lessons do to each other (Castro, Gómez and Tejada, Computers & Operations Research
36, 2009). With the next seed the task takes the same order backwards, the one after that draws anew
(antithetic pairs; Mitchell, Cooper, Frank and Holmes, JMLR 23, 2022).

Tasks draw independently of each other, so observations of different tasks are independent too.
Of an order only the steps are run that somebody still asks about.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import TypeAlias

from skillgit.evaluation.sample import Cell
from skillgit.types import Method

Lessons: TypeAlias = frozenset[int]
"""Lessons by their place in commit order, from 0: together they are a skill."""


@dataclass(frozen=True, slots=True)
class Question:
    """What one lesson is worth by one method; `lesson` None asks about all of them together."""

    method: Method
    lesson: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A run: a task with a seed, and the lessons that the skill has."""

    lessons: Lessons
    cell: Cell


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs that differ by what is asked about; with it less without it is one difference."""

    present: Asked
    absent: Asked


@dataclass(frozen=True, slots=True)
class Design:
    """What is to be found out, and on what. The same values always draw the same runs."""

    lessons: int
    tasks: tuple[str, ...]
    seeds: tuple[int, ...]
    questions: tuple[Question, ...]
    name: str = ""
    """Goes into what is drawn: another round draws other orders."""

    def __post_init__(self) -> None:
        if not (self.lessons and self.tasks and self.seeds and self.questions):
            raise ValueError("an ablation needs lessons, tasks, seeds and questions")
        if len(set(self.tasks)) < len(self.tasks) or len(set(self.seeds)) < len(self.seeds):
            raise ValueError("a task or a seed is named twice")

    @property
    def order(self) -> tuple[str, ...]:
        """The tasks as they come: shuffled, for in a set those of a kind stand together."""
        shuffled = sorted(self.tasks)
        _drawn(self.name, "order").shuffle(shuffled)
        return tuple(shuffled)

    def pairs(self, question: Question, cell: Cell) -> Pair:
        """The two runs that a task with a seed needs to answer a question."""
        everything = frozenset(range(self.lessons))
        if question.lesson is None:
            return Pair(Asked(everything, cell), Asked(frozenset(), cell))
        if question.method is Method.LEAVE_ONE_OUT:
            return Pair(Asked(everything, cell), Asked(everything - {question.lesson}, cell))
        coming = self.coming(cell)
        before = frozenset(coming[: coming.index(question.lesson)])
        return Pair(Asked(before | {question.lesson}, cell), Asked(before, cell))

    def coming(self, cell: Cell) -> tuple[int, ...]:
        """The order in which lessons come in on a task with a seed."""
        turn = self.seeds.index(cell.seed)
        order = _coming(self.name, self.lessons, cell.task, turn // 2)
        return order[::-1] if turn % 2 else order

    def runs(self, questions: Iterable[Question], cells: Sequence[Cell]) -> Iterator[Asked]:
        """All runs that these cells need to answer these questions, each once."""
        wanted = list(questions)
        found = dict.fromkeys(
            asked
            for cell in cells
            for question in wanted
            for pair in (self.pairs(question, cell),)
            for asked in (pair.present, pair.absent)
        )
        yield from found

    def runs_of_a_task(self) -> int:
        """How many runs a task takes with one seed, as long as all questions are open."""
        return sum(1 for _ in self.runs(self.questions, [Cell(self.tasks[0], self.seeds[0])]))

    def most_runs(self) -> int:
        """How many runs there are where nothing is stopped early."""
        cells = [Cell(task, seed) for seed in self.seeds for task in self.tasks]
        return sum(1 for _ in self.runs(self.questions, cells))


@lru_cache(maxsize=4096)
def _coming(name: str, lessons: int, task: str, turn: int) -> tuple[int, ...]:
    order = list(range(lessons))
    _drawn(name, lessons, task, turn).shuffle(order)
    return tuple(order)


def _drawn(*what: str | int) -> Random:
    told = hashlib.sha256(json.dumps(what).encode()).digest()
    return Random(told)  # noqa: S311 - a design, not a secret


def questions_of(lessons: int, methods: Sequence[Method], only: Iterable[int]) -> list[Question]:
    """What is asked of these lessons. A single one is worth the same by both methods."""
    chosen = sorted(set(only))
    if lessons == 1:
        return [Question(Method.LEAVE_ONE_OUT, 0)]
    asked = [Question(method, lesson) for method in methods for lesson in chosen]
    return [*asked, *([Question(Method.SHAPLEY)] if Method.SHAPLEY in methods else [])]

"""Which runs are asked for, when one stops, and what an interval is made of."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillgit.evaluation.ablation import (
    Ablation,
    Stop,
    Terms,
    ablate,
    can_answer,
    fewest_tasks,
    level,
)
from skillgit.evaluation.design import Asked, Design, Lessons, Question, questions_of
from skillgit.evaluation.sample import Cell
from skillgit.evaluation.sequences import sequence
from skillgit.types import Effect, Method, Worth

LEFT_OUT, SHAPLEY = Method.LEAVE_ONE_OUT, Method.SHAPLEY
Passes = Callable[[Lessons, Cell], bool]


def design(
    lessons: int = 3,
    tasks: int = 30,
    seeds: Sequence[int] = (41,),
    methods: Sequence[Method] = tuple(Method),
) -> Design:
    questions = questions_of(lessons, methods, range(lessons))
    names = tuple(f"task-{number}" for number in range(tasks))
    return Design(lessons, names, tuple(seeds), tuple(questions), "a round")


class Table:
    """An agent that passes as a function says, and what it was asked."""

    def __init__(self, passes: Passes) -> None:
        self.passes = passes
        self.asked: list[Asked] = []
        self.portions: list[int] = []

    async def __call__(self, asked: Sequence[Asked]) -> Sequence[bool]:
        self.asked += asked
        self.portions.append(len(asked))
        return [self.passes(one.lessons, one.cell) for one in asked]


def played(of: Design, passes: Passes, terms: Terms | None = None) -> tuple[Ablation, Table]:
    table = Table(passes)
    return asyncio.run(ablate(of, terms or Terms(), table)), table


def first_decides(lessons: Lessons, cell: Cell) -> bool:
    del cell
    return 0 in lessons


# ------------------------------------------------------------------ the design


def test_a_lesson_is_left_out_of_all_or_joins_those_that_came_before_it() -> None:
    of, cell = design(4), Cell("task-0", 41)
    order = of.coming(cell)
    everything = frozenset(range(4))

    pair = of.pairs(Question(LEFT_OUT, 2), cell)
    assert (pair.present.lessons, pair.absent.lessons) == (everything, everything - {2})
    for place, lesson in enumerate(order):
        pair = of.pairs(Question(SHAPLEY, lesson), cell)
        assert pair.absent.lessons == frozenset(order[:place])
        assert pair.present.lessons == frozenset(order[: place + 1])
    pair = of.pairs(Question(SHAPLEY), cell)
    assert (pair.present.lessons, pair.absent.lessons) == (everything, frozenset())


def test_a_task_with_all_questions_open_takes_two_runs_a_lesson() -> None:
    for lessons in (2, 3, 5, 10):
        assert design(lessons).runs_of_a_task() == 2 * lessons
        assert design(lessons, methods=[LEFT_OUT]).runs_of_a_task() == lessons + 1
        assert design(lessons, methods=[SHAPLEY]).runs_of_a_task() == lessons + 1
    assert design(1).questions == (Question(LEFT_OUT, 0),), "by both methods it is the same"


def test_every_order_of_coming_is_as_likely_and_tasks_draw_by_themselves() -> None:
    of = design(3, tasks=3000)
    counts = Counter(of.coming(Cell(task, 41)) for task in of.tasks)

    assert set(counts) == set(permutations(range(3)))
    assert all(abs(count - 500) < 100 for count in counts.values())


def test_the_second_seed_takes_the_order_of_the_first_backwards_the_third_another() -> None:
    of = design(6, seeds=(41, 42, 43, 44))
    orders = [[of.coming(Cell(task, seed)) for task in of.tasks] for seed in of.seeds]

    assert orders[1] == [order[::-1] for order in orders[0]]
    assert orders[3] == [order[::-1] for order in orders[2]]
    assert orders[2] != orders[0]


def test_the_same_design_draws_the_same_and_another_round_draws_anew() -> None:
    of = design(6)
    cells = [Cell(task, 41) for task in of.tasks]
    again, other = replace(of), replace(of, name="another round")

    assert again.order == of.order
    assert [again.coming(cell) for cell in cells] == [of.coming(cell) for cell in cells]
    assert other.order != of.order
    assert [other.coming(cell) for cell in cells] != [of.coming(cell) for cell in cells]
    assert sorted(of.order) == sorted(of.tasks)
    assert of.order != of.tasks


@pytest.mark.parametrize(
    "wrong",
    [
        {"tasks": ()},
        {"seeds": ()},
        {"questions": ()},
        {"lessons": 0},
        {"seeds": (41, 41)},
        {"tasks": ("a", "a")},
    ],
)
def test_a_design_asks_something_of_something(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"ablation needs|named twice"):
        replace(design(), **wrong)  # type: ignore[arg-type] # what a test leaves out


# ------------------------------------------------------------------ running and stopping


def test_effects_are_those_of_the_table_when_nothing_is_stopped() -> None:
    def together(lessons: Lessons, cell: Cell) -> bool:
        del cell
        return {0, 1} <= lessons

    found, table = played(design(3, tasks=60, seeds=(41, 42)), together, Terms(early=False))
    estimates = {q: effect.estimate for q, effect in found.effects.items()}

    assert estimates[Question(LEFT_OUT, 0)] == estimates[Question(LEFT_OUT, 1)] == 1
    assert estimates[Question(LEFT_OUT, 2)] == estimates[Question(SHAPLEY, 2)] == 0
    # In an order and its reverse each of the two comes last once: no chance is left.
    assert estimates[Question(SHAPLEY, 0)] == estimates[Question(SHAPLEY, 1)] == 0.5
    assert estimates[Question(SHAPLEY)] == 1
    assert found.runs == found.most_runs == len(table.asked) == 60 * 2 * 6
    assert {effect.ended for effect in found.effects.values()} == {Stop.USED_UP}


def test_no_run_is_asked_for_twice() -> None:
    _, table = played(design(4, tasks=40, seeds=(41, 42, 43)), first_decides)
    assert len(table.asked) == len(set(table.asked))


def test_what_is_clear_is_left_alone_and_the_others_go_on() -> None:
    found, table = played(design(3, tasks=120, methods=[LEFT_OUT]), first_decides)
    clear, open_ = found.effects[Question(LEFT_OUT, 0)], found.effects[Question(LEFT_OUT, 1)]

    assert (clear.worth, clear.ended) == (Worth.HELPS, Stop.ANSWERED)
    assert clear.tasks < 20 < open_.tasks
    assert open_.worth is Worth.UNCLEAR
    without_first = frozenset({1, 2})
    assert sum(one.lessons == without_first for one in table.asked) == clear.tasks
    assert found.runs < 0.75 * found.most_runs


def test_a_lesson_that_hurts_is_told_as_soon_as_one_that_helps() -> None:
    def hurts(lessons: Lessons, cell: Cell) -> bool:
        return not first_decides(lessons, cell)

    helps, _ = played(design(3, tasks=40), first_decides)
    harms, _ = played(design(3, tasks=40), hurts)
    for question, effect in helps.effects.items():
        turned = harms.effects[question]
        assert (turned.estimate, turned.low) == pytest.approx((-effect.estimate, -effect.high))
    assert harms.effects[Question(LEFT_OUT, 0)].worth is Worth.HURTS


def test_enough_ties_show_that_a_lesson_makes_no_difference() -> None:
    found, _ = played(
        design(2, tasks=300, methods=[LEFT_OUT]), first_decides, Terms(margin=0.1, batch=10)
    )
    effect = found.effects[Question(LEFT_OUT, 1)]

    assert (effect.worth, effect.ended) == (Worth.EQUAL, Stop.ANSWERED)
    assert -0.1 <= effect.low < 0 < effect.high <= 0.1
    assert effect.tasks < 150


def test_few_tasks_are_all_run_and_many_are_given_up_when_nothing_could_be_told() -> None:
    few, _ = played(design(3, tasks=12, seeds=(41, 42)), lambda *_: True)
    many, _ = played(design(3, tasks=60), lambda *_: True)

    assert few.runs == few.most_runs
    assert {effect.ended for effect in few.effects.values()} == {Stop.USED_UP}
    assert {effect.ended for effect in many.effects.values()} == {Stop.HOPELESS}
    assert many.runs < many.most_runs


@settings(deadline=None, max_examples=40)
@given(
    most=st.integers(0, 400),
    seeds=st.integers(1, 3),
    batch=st.integers(1, 9),
    table=st.randoms(use_true_random=False),
)
def test_no_more_runs_than_allowed_and_each_interval_is_of_whole_looks(
    most: int, seeds: int, batch: int, table: object
) -> None:
    passes: dict[Asked, bool] = {}

    def drawn(lessons: Lessons, cell: Cell) -> bool:
        return passes.setdefault(Asked(lessons, cell), bool(table.getrandbits(1)))  # type: ignore[attr-defined] # Random

    of = design(3, tasks=20, seeds=range(41, 41 + seeds))
    found, asked = played(of, drawn, Terms(most_runs=most, batch=batch))

    assert found.runs == len(asked.asked) <= most
    for effect in found.effects.values():
        assert effect.pairs % effect.tasks == 0, "a seed is on all tasks, or counts for none"
        assert effect.ended in set(Stop)
    assert bool(found.effects) == (most >= of.runs_of_a_task())


def test_a_seed_that_cannot_be_finished_is_not_begun() -> None:
    of = design(3, tasks=10, seeds=(41, 42))
    found, _ = played(of, lambda *_: True, Terms(most_runs=119))

    assert found.runs == 60
    assert {effect.ended for effect in found.effects.values()} == {Stop.RUNS}


def test_nothing_is_found_where_not_one_task_can_be_run() -> None:
    found, table = played(design(3), first_decides, Terms(most_runs=5))
    assert (found.effects, found.runs, table.asked) == ({}, 0, [])


# ------------------------------------------------------------------ the error


@pytest.mark.parametrize("seeds", [1, 2, 3, 5])
def test_the_errors_of_all_intervals_at_all_seeds_add_up_to_what_was_allowed(seeds: int) -> None:
    of, terms = design(4, seeds=range(seeds)), Terms(confidence=0.9)
    total = sum(level(of, terms, turn) for turn in range(seeds)) * len(of.questions)

    assert total == pytest.approx(0.1)
    assert level(of, terms, 0) >= level(of, terms, seeds - 1)


def test_an_interval_is_the_sequence_of_the_tasks_means_at_its_level() -> None:
    def odd(lessons: Lessons, cell: Cell) -> bool:
        return 0 in lessons and (int(cell.task[5:]) + cell.seed) % 3 > 0

    of, terms = (
        design(2, tasks=18, seeds=(41, 42), methods=[LEFT_OUT]),
        Terms(confidence=0.8, early=False),
    )
    found, _ = played(of, odd, terms)
    effect = found.effects[Question(LEFT_OUT, 0)]
    means = [sum((n + seed) % 3 > 0 for seed in (41, 42)) / 2 for n in range(18)]
    expected = sequence(means, level(of, terms, 1))

    assert (effect.tasks, effect.pairs) == (18, 36)
    assert (effect.low, effect.estimate, effect.high) == pytest.approx(
        (expected.low, expected.estimate, expected.high)
    )
    assert (effect.confidence, effect.intervals) == (0.8, 2)


def test_how_many_tasks_an_answer_takes_at_best() -> None:
    of, terms = design(3, tasks=40), Terms()
    fewest = fewest_tasks(of, terms)
    found, _ = played(of, first_decides, Terms(batch=1))

    assert found.effects[Question(LEFT_OUT, 0)].tasks == fewest
    assert can_answer(of, terms)
    assert not can_answer(design(3, tasks=fewest - 1), terms)
    assert fewest_tasks(design(3, tasks=3), terms) == 3


@pytest.mark.parametrize(
    "wrong", [{"confidence": 1.0}, {"confidence": 0.0}, {"margin": -0.1}, {"batch": 0}]
)
def test_terms_that_are_none(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no terms"):
        replace(Terms(), **wrong)  # type: ignore[arg-type] # what a test gets wrong


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": 0.2},
        {"high": 2.0},
        {"estimate": float("nan")},
        {"tasks": 0},
        {"pairs": 3},
        {"confidence": 1.0},
        {"intervals": 0},
        {"worth": Worth.HELPS},
        {"worth": Worth.HURTS},
        {"low": 0.05},
        {"high": 0.15, "low": 0.05, "worth": Worth.EQUAL},
    ],
)
def test_an_effect_that_cannot_be_is_not_built(wrong: dict[str, object]) -> None:
    effect = Effect(SHAPLEY, 0.1, -0.1, 0.3, Worth.UNCLEAR, "all is used", 4, 8, 0.95, 3)
    with pytest.raises(ValueError, match="an effect"):
        replace(effect, **wrong)  # type: ignore[arg-type] # what a test gets wrong

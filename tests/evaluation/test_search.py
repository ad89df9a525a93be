from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.evaluation.search import Dropped, Lessons, Score, Search, drop_what_hurts


class Tasks:
    """Validation tasks on which every lesson helps or hurts by so many tasks of a thousand."""

    def __init__(self, effects: list[int], pairs: Mapping[Lessons, int] | None = None) -> None:
        self.effects = effects
        self.pairs = pairs or {}
        self.asked: list[Lessons] = []
        self.under_way = 0
        self.at_once = 0

    async def value(self, subset: Lessons) -> Score:
        self.asked.append(subset)
        self.under_way += 1
        self.at_once = max(self.at_once, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        together = sum(bonus for pair, bonus in self.pairs.items() if pair <= subset)
        return (500 + sum(self.effects[one] for one in subset) + together) / 1000

    def search(self, budget: int = 1000, known: Mapping[Lessons, Score] | None = None) -> Search:
        return asyncio.run(drop_what_hurts(len(self.effects), self.value, budget, known))


def test_the_lessons_that_hurt_go_worst_first() -> None:
    found = Tasks([20, -10, 0, -30, 5]).search()

    assert found.kept == (0, 2, 4)
    assert found.dropped == (Dropped(3, 0.485, 0.515), Dropped(1, 0.515, 0.525))
    assert (found.start, found.end) == (0.485, 0.525)
    assert found.evaluations == 1 + 5 + 4 + 3
    assert not found.exhausted


def test_where_one_cannot_be_evaluated_none_of_the_others_goes_on() -> None:
    finished = []

    async def value(subset: Lessons) -> Score:
        if len(subset) == 3:
            return 0.5
        if subset == {0, 1}:
            raise OSError("gone")
        await asyncio.sleep(0.01)
        finished.append(subset)
        return 0.5

    async def search() -> None:
        with pytest.raises(OSError, match="gone"):
            await drop_what_hurts(3, value, 100)
        await asyncio.sleep(0.05)

    asyncio.run(search())

    assert finished == []


def test_ties_keep() -> None:
    found = Tasks([0, 0, 0]).search()

    assert found.kept == (0, 1, 2)
    assert found.evaluations == 4


def test_rounding_is_no_gain() -> None:
    async def value(subset: Lessons) -> Score:
        return 0.3 if len(subset) == 2 else 0.1 + 0.2  # 0.30000000000000004

    found = asyncio.run(drop_what_hurts(2, value, 100))

    assert found.dropped == ()


def test_of_two_that_hurt_alike_the_weaker_supported_goes_first() -> None:
    found = Tasks([-10, -10]).search()

    assert [one.lesson for one in found.dropped] == [1, 0]
    assert found.kept == ()


def test_two_lessons_that_only_hurt_together_lose_one() -> None:
    found = Tasks([10, 10], {frozenset({0, 1}): -50}).search()

    assert found.kept == (0,)


def test_a_step_is_evaluated_at_once() -> None:
    tasks = Tasks([1, 2, 3, 4])
    tasks.search()

    assert tasks.at_once == 4


def test_a_budget_for_the_start_alone_tries_nothing_and_says_so() -> None:
    found = Tasks([-10, -10]).search(budget=1)

    assert found == Search((0, 1), (), 0.48, 0.48, 1, exhausted=True)


def test_a_short_budget_still_drops_what_it_found() -> None:
    found = Tasks([5, 5, 5, -10]).search(budget=3)

    assert [one.lesson for one in found.dropped] == [3]
    assert found.exhausted


def test_a_budget_that_suffices_exactly_is_not_what_ended_the_search() -> None:
    assert not Tasks([5, 5]).search(budget=3).exhausted


def test_what_did_best_before_is_tried_first() -> None:
    tasks = Tasks([-20, 10, -10, 10])
    tasks.search()

    assert tasks.asked[5] == {1, 3}  # after lesson 0, lesson 2: the next best of the first step


def test_known_scores_cost_nothing() -> None:
    tasks = Tasks([5, -10])
    found = tasks.search(budget=2, known={frozenset({0, 1}): 0.495, frozenset({0}): 0.505})

    assert found.kept == (0,)
    assert tasks.asked == [frozenset({1}), frozenset()]
    assert found.evaluations == 2
    assert not found.exhausted


def test_without_lessons_only_the_base_is_valued() -> None:
    assert Tasks([]).search() == Search((), (), 0.5, 0.5, 1, exhausted=False)


@pytest.mark.parametrize(("lessons", "budget"), [(-1, 5), (3, 0)])
def test_an_impossible_search_is_refused(lessons: int, budget: int) -> None:
    with pytest.raises(ValueError, match="cannot search"):
        asyncio.run(drop_what_hurts(lessons, Tasks([0] * 3).value, budget))


EFFECTS = st.lists(st.integers(-30, 30), max_size=7)
PAIRS = st.dictionaries(
    st.frozensets(st.integers(0, 6), min_size=2, max_size=3), st.integers(-40, 40), max_size=4
)


@given(EFFECTS, PAIRS, st.integers(1, 40))
def test_a_search_keeps_its_accounts(
    effects: list[int], pairs: Mapping[Lessons, int], budget: int
) -> None:
    tasks = Tasks(effects, pairs)
    found = tasks.search(budget)

    gone = [one.lesson for one in found.dropped]
    assert sorted([*found.kept, *gone]) == list(range(len(effects)))
    assert found.evaluations == len(tasks.asked) <= budget
    assert len(set(tasks.asked)) == len(tasks.asked)
    assert found.end == asyncio.run(tasks.value(frozenset(found.kept)))
    scores = [found.start, *(one.score_without for one in found.dropped)]
    assert [one.score_with for one in found.dropped] == scores[:-1]
    assert scores == sorted(set(scores))
    assert scores[-1] == found.end


@given(EFFECTS, PAIRS)
def test_with_enough_budget_no_single_removal_helps_any_more(
    effects: list[int], pairs: Mapping[Lessons, int]
) -> None:
    tasks = Tasks(effects, pairs)
    found = tasks.search()

    assert not found.exhausted
    for lesson in found.kept:
        assert asyncio.run(tasks.value(frozenset(found.kept) - {lesson})) <= found.end


@given(EFFECTS)
def test_lessons_that_work_independently_are_sorted_perfectly(effects: list[int]) -> None:
    assert Tasks(effects).search().kept == tuple(
        number for number, effect in enumerate(effects) if effect >= 0
    )

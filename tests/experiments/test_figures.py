"""Figures from graded runs."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pretended import digest

from skillgit.evaluation.statistics import Interval, rate
from skillgit.experiments.figures import Figure, Part, average, difference, score
from skillgit.experiments.outcomes import Scored
from skillgit.experiments.plan import Score


def runs(shares: list[list[float]], version: str = "") -> list[Scored]:
    """The scores of each task by seed; a full score passes."""
    return [
        Scored(f"t{n}", digest(f"t{n}{version}"), 41 + seed, share == 1, share)
        for n, found in enumerate(shares)
        for seed, share in enumerate(found)
    ]


def test_a_score_is_the_mean_over_tasks_hard_and_soft() -> None:
    found = runs([[1, 1, 1], [1, 0.5, 0], [0, 0, 0.5]])
    hard, soft = score(found, Score.HARD), score(found, Score.SOFT)
    assert hard.value.estimate == pytest.approx(4 / 9)
    assert soft.value.estimate == pytest.approx((1 + 0.5 + 0.5 / 3) / 3)
    assert (hard.tasks, hard.seeds, hard.runs) == (3, (41, 42, 43), 9)
    around = rate([1, 1 / 3, 0], 9)
    assert (hard.value.low, hard.value.high) == (around.low, around.high)


def test_a_difference_is_paired_by_task_and_leaves_changed_tasks_out() -> None:
    base = [*runs([[0, 0], [0, 1]]), Scored("x", digest("old"), 41, passed=False, score=0)]
    ours = [*runs([[1, 1], [0, 1]]), Scored("x", digest("new"), 41, passed=True, score=1)]
    found = difference(ours, base, Score.HARD)
    assert found.value.estimate == 0.5
    assert (found.tasks, found.runs) == (2, 4)
    with pytest.raises(ValueError, match="no task was run with both"):
        difference(runs([[1]]), runs([[1]], "changed"), Score.HARD)
    with pytest.raises(ValueError, match="no runs"):
        score([], Score.HARD)


@given(st.lists(st.lists(st.sampled_from([0, 0.25, 1]), min_size=2, max_size=2), min_size=2))
def test_swapping_the_sides_mirrors_a_difference(shares: list[list[float]]) -> None:
    ours, base = runs(shares), runs([[1 - one for one in found] for found in shares])
    there, back = difference(ours, base, Score.SOFT), difference(base, ours, Score.SOFT)
    assert there.value.estimate == pytest.approx(-back.value.estimate)
    assert there.value.low == pytest.approx(-back.value.high)
    assert there.value.low <= there.value.estimate <= there.value.high


def test_groups_weigh_the_same_and_what_comes_from_the_same_runs_adds_up() -> None:
    def part(value: float, group: str, stream: str, half: float = 0.1) -> Part:
        around = Interval(value, value - half, value + half)
        return Part(Figure(around, 10, (41,), 10), group, stream)

    apart = average([part(0.2, "a", "1"), part(0.4, "a", "2"), part(0.9, "b", "3")])
    assert apart.value.estimate == pytest.approx((0.3 + 0.9) / 2)
    width = (0.25**2 + 0.25**2 + 0.5**2) ** 0.5 * 0.1
    assert apart.value.high - apart.value.estimate == pytest.approx(width)
    together = average([part(0.2, "a", "1"), part(0.4, "a", "1"), part(0.9, "b", "1")])
    assert together.value.high - together.value.estimate == pytest.approx(0.1)
    assert (apart.tasks, together.tasks, together.runs) == (30, 10, 10)


def test_intervals_of_shares_hold_the_truth_about_as_often_as_they_say() -> None:
    luck, held, tries = random.Random(7), 0, 300
    for _ in range(tries):
        found = runs([[luck.choice([0, 1 / 3, 2 / 3, 1]) for _ in range(3)] for _ in range(40)])
        around = score(found, Score.SOFT).value
        held += around.low <= 0.5 <= around.high
    assert 0.91 <= held / tries <= 0.99

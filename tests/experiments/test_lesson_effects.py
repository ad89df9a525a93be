"""The intervals of an ablation hold as often as is said, on agents whose effects are known."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean, stdev

import pytest
from experiments.lesson_effects import (
    Bench,
    SimulatedAgent,
    Tally,
    five_lessons,
    no_lesson,
    tallied,
    together_only,
)

from skillgit.evaluation.ablation import Terms
from skillgit.evaluation.design import Question
from skillgit.types import Method, Worth

TIMES = 30


@pytest.mark.parametrize(
    ("agent", "size"),
    [
        (five_lessons, (24, 1)),
        (no_lesson, (24, 1)),
        (together_only, (40, 1)),
        (together_only, (20, 2)),
    ],
)
def test_all_intervals_hold_at_once_as_often_as_is_said(
    agent: Callable[[], SimulatedAgent], size: tuple[int, int]
) -> None:
    """At 60 %, for at 95 % sixty tries would hardly show an interval that is too narrow."""
    tally = tallied(agent(), size, TIMES, Terms(confidence=0.6, batch=4))

    assert tally.all_held / TIMES >= 0.6
    assert tally.wrong / TIMES <= 0.4


def test_the_usual_interval_does_not_when_it_is_looked_at_as_often() -> None:
    """And these tries show it: so they would show ours."""
    tally = tallied(together_only(), (40, 1), TIMES, Terms(confidence=0.6, batch=4), usual=True)

    assert tally.usual_held is not None
    assert tally.usual_held / TIMES < 0.6


@pytest.mark.parametrize("agent", [five_lessons, together_only])
def test_estimates_are_right_on_average_if_nothing_is_stopped(
    agent: Callable[[], SimulatedAgent],
) -> None:
    found: dict[Question, list[float]] = {}
    for number in range(40):
        ablation = Bench(agent(), 25, 2, number).ablated(Terms(early=False))
        for question, effect in ablation.effects.items():
            found.setdefault(question, []).append(effect.estimate)

    for question, truth in agent().truth.items():
        estimates = found[question]
        error = stdev(estimates) / len(estimates) ** 0.5
        assert fmean(estimates) == pytest.approx(truth, abs=4 * error), question


def test_what_is_told_is_right_and_stopping_saves_runs() -> None:
    terms = Terms(batch=4)
    tally = tallied(five_lessons(), (200, 1), 4, terms)
    helps = Question(Method.LEAVE_ONE_OUT, 0)

    assert tally.wrong == 0
    assert tally.found[helps] == 4
    assert tally.runs < 0.8 * tally.most_runs
    assert Bench(five_lessons(), 200, 1, 0).ablated(Terms(early=False)).runs == 2000


def test_lessons_that_stand_in_for_each_other_are_told_by_their_shapley_values() -> None:
    """Leaving one of them out costs nothing, for the other is there."""
    agent = five_lessons()
    left_out, value = (Question(method, 3) for method in Method)
    assert (round(agent.truth[left_out], 6), round(agent.truth[value], 6)) == (0.0, 0.09375)

    found = Bench(agent, 800, 1, 3).ablated(Terms(batch=16)).effects
    assert found[value].worth is Worth.HELPS
    assert found[left_out].worth is not Worth.HELPS


def test_true_shapley_values_add_up_to_the_effect_of_all_lessons() -> None:
    for agent in (five_lessons(), together_only()):
        values = [
            v for q, v in agent.truth.items() if q.method is Method.SHAPLEY and q.lesson is not None
        ]
        assert sum(values) == pytest.approx(agent.truth[Question(Method.SHAPLEY)])


def test_a_tally_counts_an_interval_that_misses() -> None:
    agent = no_lesson()
    ablation = Bench(five_lessons(), 200, 1, 0).ablated(Terms(batch=4))
    tally = Tally(agent)
    tally.count(ablation, 0.02)

    assert (tally.all_held, tally.wrong) == (0, 1)

"""Intervals that hold at every look, against exact chances and against laws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from math import log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.evaluation.sequences import is_above, is_below, log_wealth, mirrored, sequence

Ended = Callable[[dict[float, int]], bool]


def chance_of_ever(ended: Ended, chances: dict[float, float], looks: int) -> float:
    """The exact chance that a rule is met at one look at least, of `looks` after each other.

    What it sees are counts, so paths with the same counts are one state; those that have met the
    rule go no further.
    """
    values = sorted(chances)
    open_states: dict[tuple[int, ...], float] = {(0,) * len(values): 1.0}
    met = 0.0
    for _ in range(looks):
        after: Counter[tuple[int, ...]] = Counter()
        for state, chance in open_states.items():
            for place, value in enumerate(values):
                grown = (*state[:place], state[place] + 1, *state[place + 1 :])
                after[grown] += chance * chances[value]  # type: ignore[assignment] # a sum of chances
        open_states = {}
        for state, chance in after.items():
            if ended(dict(zip(values, state, strict=True))):
                met += chance
            else:
                open_states[state] = chance
    return met


# Of a pair of runs: lost, alike, won. Rare and frequent differences, with and without an effect.
PAIRS = [
    {-1.0: 0.1, 0.0: 0.8, 1.0: 0.1},
    {-1.0: 0.3, 0.0: 0.4, 1.0: 0.3},
    {-1.0: 0.02, 0.0: 0.78, 1.0: 0.2},
    {-1.0: 0.45, 0.0: 0.4, 1.0: 0.15},
    {-1.0: 0.0, 0.0: 0.95, 1.0: 0.05},
]


@pytest.mark.parametrize("chances", PAIRS)
@pytest.mark.parametrize("alpha", [0.05, 0.4])
def test_the_truth_is_refuted_no_more_often_than_was_said_however_often_one_looks(
    chances: dict[float, float], alpha: float
) -> None:
    truth = sum(value * chance for value, chance in chances.items())

    def refuted(counts: dict[float, int]) -> bool:
        return is_above(counts, truth, alpha / 2) or is_below(counts, truth, alpha / 2)

    assert chance_of_ever(refuted, chances, 24) <= alpha


@pytest.mark.parametrize("alpha", [0.4, 0.2])
def test_it_is_no_empty_promise(alpha: float) -> None:
    """An interval that is never wrong would say nothing; one half as sure would be found out."""
    even = {-1.0: 0.5, 1.0: 0.5}

    def refuted_by(share: float) -> float:
        return chance_of_ever(
            lambda counts: is_above(counts, 0, share / 2) or is_below(counts, 0, share / 2),
            even,
            100,
        )

    assert alpha / 3 < refuted_by(alpha) <= alpha
    assert refuted_by(2 * alpha) > alpha


def test_the_same_looks_with_the_usual_interval_would_be_wrong_too_often() -> None:
    """Why all this: what holds once does not hold after every task."""

    def refuted(counts: dict[float, int]) -> bool:
        n = sum(counts.values())
        mean = sum(value * count for value, count in counts.items()) / n
        spread = sum(count * (value - mean) ** 2 for value, count in counts.items()) / n
        return n >= 10 and mean**2 * n > 1.96**2 * spread

    assert chance_of_ever(refuted, PAIRS[1], 60) > 0.15


@pytest.mark.parametrize("chances", PAIRS)
def test_a_bet_against_the_truth_is_fair(chances: dict[float, float]) -> None:
    """The mean wealth over all that may come is 1: that is why the chance is what it is."""
    truth = sum(value * chance for value, chance in chances.items())
    wealth = 0.0
    for path in product(chances, repeat=5):
        weight = 1.0
        for value in path:
            weight *= chances[value]
        wealth += weight * 2.718281828459045 ** log_wealth(Counter(path), truth)

    assert wealth == pytest.approx(1.0)


VALUES = st.lists(
    st.sampled_from([-1.0, -2 / 3, -0.5, -1 / 3, 0.0, 1 / 3, 0.5, 2 / 3, 1.0]),
    min_size=1,
    max_size=60,
)
ALPHAS = st.sampled_from([0.001, 0.05, 0.5])


@given(values=VALUES, alpha=ALPHAS)
def test_an_interval_holds_its_mean_and_is_mirrored_with_its_values(
    values: list[float], alpha: float
) -> None:
    found, turned = sequence(values, alpha), sequence([-one for one in values], alpha)

    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))
    assert sequence(sorted(values), alpha) == found, "the order of coming does not count"


@given(values=VALUES, alpha=ALPHAS)
def test_a_bound_is_where_the_refuted_means_end(values: list[float], alpha: float) -> None:
    found, counts = sequence(values, alpha), Counter(values)

    assert not is_above(counts, found.low + 1e-6, alpha / 2)
    assert found.low == -1 or is_above(counts, found.low - 1e-6, alpha / 2)
    assert found.high == 1 or is_below(counts, found.high + 1e-6, alpha / 2)


@given(values=VALUES)
def test_more_certainty_takes_a_wider_interval(values: list[float]) -> None:
    sure, surer = sequence(values, 0.1), sequence(values, 0.01)

    assert surer.low <= sure.low
    assert sure.high <= surer.high


def test_more_of_the_same_makes_it_narrower_and_ties_do_so_fastest() -> None:
    def widths(values: list[float]) -> Iterator[float]:
        for times in (1, 4, 16):
            found = sequence(values * times, 0.05)
            yield found.high - found.low

    noisy, tied = list(widths([1.0, -1.0, 0.0, 0.0] * 4)), list(widths([0.0] * 16))

    assert noisy == sorted(noisy, reverse=True)
    assert tied == sorted(tied, reverse=True)
    assert tied[2] < 0.1 < noisy[2]


def test_it_costs_about_a_third_more_width_than_an_interval_for_one_look() -> None:
    """What may be stopped at any time is wider than Student's interval after 200; not twice."""
    draw = Random(7)
    values = [float(draw.choice((-1, 0, 0, 0, 1))) for _ in range(200)]
    spread = (sum(one * one for one in values) / 200) ** 0.5
    found = sequence(values, 0.05)

    assert 1.2 < (found.high - found.low) / (2 * 1.96 * spread / 200**0.5) < 1.8


def test_no_values_no_interval() -> None:
    for values, alpha in (([], 0.05), ([0.0], 0.0), ([0.0], 1.0)):
        with pytest.raises(ValueError, match="no interval"):
            sequence(values, alpha)


def test_what_cannot_be_is_refuted_for_good() -> None:
    assert log_wealth({-1.0: 3}, -1.0) == 0, "that all are lost does not refute that all are"
    assert log_wealth({-1.0: 3, 1.0: 1}, -1.0) == float("inf")
    assert log_wealth({}, 0.0) == pytest.approx(log(1))
    assert mirrored({1.0: 2, 0.0: 1}) == {-1.0: 2, 0.0: 1}

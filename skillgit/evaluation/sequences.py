"""Intervals that hold at every look: one may stop because of what one saw, and they still hold.

A bet against a mean m that is the true one wins nothing in the long run: whoever stakes the share f
of their wealth on each observation x between 0 and 1, so that it grows by 1 − f + f·x/m, has a
wealth that is expected to stay what it was. That it ever reaches 1/α has a chance of α at most
(Ville's inequality), whenever one looks and however often. So a mean against which that much
was won is refuted at level α, and the means that are left are a confidence sequence: betting, as in
Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", Journal of the
Royal Statistical Society B 86 (2024), pages 1 to 27. No distribution is assumed but the bounds.

Here the wealth is spread over fixed shares f instead of being staked by a forecast (the universal
portfolio; Orabona and Jun, IEEE Transactions on Information Theory 70, 2024): what was
won then depends on how often each value came, not on the order, and on no chance of ours.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from skillgit.evaluation.statistics import Interval

Counts: TypeAlias = Mapping[float, int]
"""How often each value came; values from −1 to 1."""

_SHARES = 10
_HALVINGS = 40

# Wealth in equal parts on equally spaced shares. A small share finds small means only after many
# hundreds of observations, and no task set has those; the largest must stay below 1, or a single
# observation at the far end would cost that part for good.
_STAKES = tuple((2 * n + 1) / (2 * _SHARES) for n in range(_SHARES))


def log_wealth(counts: Counts, mean: float) -> float:
    """The logarithm of what bets that the true mean is larger than `mean` have made of 1."""
    even = (mean + 1) / 2
    if even <= 0:
        return math.inf if any(value > -1 for value, count in counts.items() if count) else 0.0
    odds = [((value + 1) / 2 / even - 1, count) for value, count in counts.items()]
    made = [sum(n * math.log1p(stake * gain) for gain, n in odds) for stake in _STAKES]
    most = max(made)
    return most + math.log(sum(math.exp(one - most) for one in made) / _SHARES)


def is_above(counts: Counts, mean: float, alpha: float) -> bool:
    """Is the true mean larger than `mean`? Said in error, at any look, with a chance ≤ `alpha`."""
    return log_wealth(counts, mean) >= -math.log(alpha)


def is_below(counts: Counts, mean: float, alpha: float) -> bool:
    """Is the true mean smaller than `mean`?"""
    return is_above(mirrored(counts), -mean, alpha)


def sequence(values: Iterable[float], alpha: float) -> Interval:
    """The mean of independent values from −1 to 1, and bounds that hold at all looks together.

    Whatever the rule by which one stops, the truth lies outside with a chance ≤ `alpha`. The
    estimate is the plain mean; who stops early for a large one reads a little too much in it.
    """
    counts = Counter(values)
    n = counts.total()
    if not n or not 0 < alpha < 1:
        raise ValueError(f"no interval of {n} values at level {alpha}")
    mean = math.fsum(value * count for value, count in counts.items()) / n
    low = _lowest(counts, mean, alpha / 2)
    high = -_lowest(mirrored(counts), -mean, alpha / 2)
    return Interval(mean, low, high)


def mirrored(counts: Counts) -> Counts:
    """The same with all signs turned."""
    return {-value: count for value, count in counts.items()}


def _lowest(counts: Counts, mean: float, alpha: float) -> float:
    """The least mean that is not refuted; what was won falls as `mean` rises, and is ≤ 1 there."""
    low, high = -1.0, mean
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if is_above(counts, middle, alpha):
            low = middle
        else:
            high = middle
    return max(-1.0, min(low, mean))

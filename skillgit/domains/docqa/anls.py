"""ANLS, the metric of DocVQA: how near an answer is to the nearest of the accepted ones.

The similarity of two texts is 1 minus their Levenshtein distance by the length of the longer one,
whatever their case and blanks; from a distance of half that length on it is 0 (arXiv:1905.13648).
The mean over questions is ANLS. Of implementations in use some keep a similarity of just one half,
and some give 0 where both texts are empty; the verdicts here are those of the definition.
"""

from __future__ import annotations

from collections.abc import Iterable

ACCURATE = 0.5
"""The paper counts an answer as accurate from there on. No score lies between it and 0."""


def anls(golds: Iterable[str], answer: str) -> float:
    """The similarity to the nearest of the accepted answers, 0 to 1."""
    return max((similarity(gold, answer) for gold in golds), default=0.0)


def similarity(gold: str, answer: str) -> float:
    """How near two texts are, 0 or above one half up to 1; of two empty ones 1."""
    gold, answer = normal(gold), normal(answer)
    longest = max(len(gold), len(answer))
    if gold == answer:
        return 1.0
    if 2 * min(len(gold), len(answer)) <= longest:  # so much must be added at the least
        return 0.0
    apart = distance(gold, answer)
    # In whole numbers: a quotient could fall on the wrong side of the half.
    return 1 - apart / longest if 2 * apart < longest else 0.0


def normal(text: str) -> str:
    """The text as it is compared: in small letters, each run of blanks as one."""
    return " ".join(text.lower().split())


def distance(first: str, second: str) -> int:
    """Levenshtein's: how many characters must be put in, taken out or changed.

    By bits (Myers 1999, as Hyyrö 2003 words it): a column of the usual table is two numbers, which
    tell where it goes up and where down, so that long texts take a moment and not minutes.
    """
    if not first or not second:
        return len(first) + len(second)
    places: dict[str, int] = {}
    for at, char in enumerate(first):
        places[char] = places.get(char, 0) | 1 << at
    every, last = (1 << len(first)) - 1, 1 << len(first) - 1
    up, down, found = every, 0, len(first)
    for char in second:
        same = places.get(char, 0)
        diagonal = (((same & up) + up) ^ up) | same | down
        right_up, right_down = down | (every & ~(diagonal | up)), up & diagonal
        found += bool(right_up & last) - bool(right_down & last)
        right_up, right_down = (right_up << 1 | 1) & every, right_down << 1 & every
        up, down = right_down | (every & ~(diagonal | right_up)), right_up & diagonal
    return found

"""Of what kind an answer is: all that a model may know of the right one."""

from __future__ import annotations

import re

from skillgit.domains.math.numbers import plain

_KINDS = (
    (r".*\\begin\{[pbvBV]?matrix\}.*", "a matrix"),
    (r"\\?\{.*\\?\}|.*\\cup.*", "a set"),
    (r"(\\left *)?[(\[].*,.*[)\]]", "a pair, or an interval"),
    (r".*[^\d,],.*|.*, .*", "a list"),
    (r".*=.*", "an equation"),
    (r"-?\\[dt]?frac[{ ]*\d+[} ]*[{ ]*\d+\}?|-?\d+ */ *\d+", "a fraction"),
    (r"\\text\{.*\}|[A-Za-z ]{2,}", "a word"),
)


def kind(answer: str) -> str:
    """In words, with its article."""
    number = plain(answer)
    if number is not None and number.denominator == 1:
        return "a whole number"
    if number is not None and "." in answer:
        return "a decimal number"
    for pattern, name in _KINDS:
        if re.fullmatch(pattern, answer, re.DOTALL):
            return name
    return "an expression"

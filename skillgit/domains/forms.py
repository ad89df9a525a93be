"""The form of a text: what a grader may tell a model of an answer that it must not show.

Conventions are about forms: two decimals, a blank before the sign, the day after the month. A form
tells them in signs and in words, and no letter and no digit can be read off.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import groupby

_MOST_FORM = 40
_MOST_PARTS = 4
_EXACT = {"9": 4, "A": 3, "a": 2, "?": 1}
"""Runs up to this length are told exactly, longer ones as if they had it."""
_KEPT = frozenset(" !\"#$%&'()*,./:;<=>@[\\]^_`{|}~-€£¥°")
_DECIMAL = re.compile(r"([^9]*)(9+)([.,])(9+)([^9]*)")
_PART = re.compile(r"[9Aa?]+")
_COUNTS = ("no", "one", "two", "three", "four")


def form(text: str) -> str:
    """The shape of a text: 9 for a digit, A and a for letters, ASCII punctuation as it is."""
    runs = ((mark, sum(1 for _ in run)) for mark, run in groupby(map(_mark, text)))
    shape = "".join(mark * min(length, _EXACT.get(mark, length)) for mark, length in runs)
    return shape if len(shape) <= _MOST_FORM else f"{shape[:_MOST_FORM]}…"


def hint(expected: str, found: str) -> str:
    """What a model may know of a line that another one should be."""
    wanted, seen = form(expected), form(found)
    if not any(mark in wanted for mark in "9aA"):
        return "another line is expected"  # signs alone would be the answer itself
    if wanted == seen:
        return "the form is right, the content is not"
    words = in_words(wanted)
    return f'the form must be "{wanted}"{f" ({words})" if words else ""}, not "{seen}"'


def near(expected: str, found: str) -> float:
    """How alike two lines are, 0 to below 1; forms count for most.

    Of two answers of the right form the one with more right is nearer.
    """
    forms = SequenceMatcher(None, form(expected), form(found), autojunk=False).ratio()
    texts = SequenceMatcher(None, expected, found, autojunk=False).ratio()
    return 0.99 * (0.7 * forms + 0.3 * texts)


def in_words(shape: str) -> str:
    """What stands out of a form, for readers who do not count signs; "" where nothing does."""
    if decimal := _DECIMAL.fullmatch(shape):
        return _decimal(*decimal.groups())
    parts, between = _PART.findall(shape), _PART.split(shape)[1:-1]
    if len(parts) < 2 or shape.endswith("…"):
        return ""
    if len(set(between)) == 1 and len(set(parts)) == 1:
        return f'{len(parts)} × {_kind(parts[0])} with "{between[0]}" between them'
    if len(parts) > _MOST_PARTS:
        return f"{len(parts)} parts"
    told = [f'{_kind(part)}, then "{gap}"' for part, gap in zip(parts, between, strict=False)]
    return ", then ".join([*told, _kind(parts[-1])])


def _decimal(before: str, _: str, point: str, decimals: str, after: str) -> str:
    count = _COUNTS[len(decimals)] if len(decimals) < _EXACT["9"] else "many"
    digits = f"{count} digit{'s' * (len(decimals) > 1)}"
    told = [f'"{before}" first'] if before else []
    told.append(f"{digits} after the {'point' if point == '.' else 'comma'}")
    told.append(f'then "{after}"' if after else "then nothing")
    return ", ".join(told)


def _kind(part: str) -> str:
    if set(part) == {"9"}:
        return f"a number of {_COUNTS[len(part)]} digit{'s' * (len(part) > 1)}"
    if set(part) == {"A"} and len(part) > 1:
        return "a word in capitals"
    if part[0] == "A" and set(part[1:]) <= {"a"}:
        return "a word with a capital"
    return "a word" if set(part) <= {"A", "a"} else "a part"


def _mark(char: str) -> str:
    if char.isdigit():
        return "9"
    if char.isalpha():
        return "A" if char.isupper() else "a"
    return char if char in _KEPT else "?"

"""Texts as the official evaluator compares them, without the time that a hostile one costs there.

Its regular expression for footnote marks takes two ways through each `[1]`, so that thirty of them
before another word take minutes; here every mark is looked at once, from the end.
"""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = dict.fromkeys(map(ord, "‘’´`"), "'")
_QUOTES = dict.fromkeys(map(ord, "“”"), '"')
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
_PLAIN = _APOSTROPHES | _QUOTES | _DASHES
_MARKS = frozenset("•♦†‡*#+")
_DIGITS = re.compile(r"[0-9]+")


def normalised(text: str) -> str:
    """Without accents, typographic signs, footnotes, a trailing parenthesis, quotes and case.

    Decomposing comes first, as there: ½ becomes 1⁄2, a raised 2 becomes 2, and of `´` a blank is
    left before it could count as an apostrophe.
    """
    text = unicodedata.normalize("NFKD", text)
    text = "".join(char for char in text if unicodedata.category(char) != "Mn")
    text = text.translate(_PLAIN)
    while True:
        before = text
        text = _without_footnotes(text.strip())
        text = _without_details(text.strip())
        text = _without_quotes(text.strip())
        if text == before:
            break
    text = text.removesuffix(".")
    # Letter by letter: Python 2, in which the evaluator is written, knows no final sigma.
    return "".join(map(str.lower, re.sub(r"\s+", " ", text))).strip()


def _without_footnotes(text: str) -> str:
    """Without [notes] and signs at the end. A note is no whole text, unless it is a number."""
    reached = bytearray(len(text) + 1)
    reached[-1] = 1
    first, waiting = len(text), 1
    for end in range(len(text), -1, -1):
        if not waiting:
            break
        if reached[end]:
            first, waiting = end, waiting - 1
            for start in _beginnings(text, end):
                waiting += not reached[start]
                reached[start] = 1
    return text[:first]


def _beginnings(text: str, end: int) -> list[int]:
    """Where a mark that ends here may begin: several places, for a note may hold `[` but no `]`."""
    if text[end - 1 : end] in _MARKS:
        return [end - 1]
    if text[end - 1 : end] != "]":
        return []
    found = []
    start = text.rfind("]", 0, end - 1) + 1
    while (start := text.find("[", start, end)) >= 0:
        if start or _DIGITS.fullmatch(text, 1, end - 1):
            found.append(start)
        start += 1
    return found


def _without_details(text: str) -> str:
    """Without parentheses at the end that a blank stands before."""
    while text.endswith(")"):
        start = text.find(" (", text.rfind(")", 0, len(text) - 1) + 1)
        if start <= 0:
            break
        text = text[:start]
    return text


def _without_quotes(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
        return text[1:-1]
    return text

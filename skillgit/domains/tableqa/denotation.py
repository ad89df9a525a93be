"""When an answer is right: a set of values against a set of values, as the official evaluator says.

A value is a number, a date or a text. An expected one is what its `targetCanon` says, where there
is one: "10 years" is 10. An answer is read by itself. Each set holds a value once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from skillgit.domains.tableqa.normalising import normalised

Day: TypeAlias = tuple[int | None, int | None, int | None]
"""Year, month, day; None where it is not known."""

_NEAR = 1e-6
_MOST_MONTH, _MOST_DAY = 12, 31


@dataclass(frozen=True, slots=True)
class Value:
    """A value; two are the same if kind and content are. `words` is its normalised text."""

    content: int | float | Day | str
    words: str = field(compare=False)

    def matches(self, other: Value) -> bool:
        """Is `other` an answer where this is expected?"""
        if self.words == other.words:
            return True
        mine, its = self.content, other.content
        if isinstance(mine, int | float) and isinstance(its, int | float):
            return _close(mine, its)
        return isinstance(mine, tuple) and mine == its

    @property
    def kind(self) -> str:
        """In words."""
        if isinstance(self.content, str):
            return "text"
        return "a date" if isinstance(self.content, tuple) else "a number"


def values(texts: Sequence[str], canons: Sequence[str | None] = ()) -> list[Value]:
    """The set of what texts mean, in their order; of the same ones the first."""
    paired = zip(texts, canons or [None] * len(texts), strict=True)
    return list(dict.fromkeys(meaning(text, canon) for text, canon in paired))


def right(expected: Sequence[Value], found: Sequence[Value]) -> bool:
    """The official verdict: as many values, and each expected one is matched by some answer."""
    return len(expected) == len(found) and not unmatched(expected, found)


def unmatched(expected: Iterable[Value], found: Sequence[Value]) -> list[Value]:
    """The expected values that no answer matches."""
    return [value for value in expected if not any(value.matches(one) for one in found)]


def meaning(text: str, canon: str | None = None) -> Value:
    """What one text means, by its canonical form where there is one."""
    canon = canon or text
    number = _number(canon)
    if number is None:
        day = _day(canon)
        if day and day[1:] != (None, None):
            return Value(day, normalised(text or canon))
        number = day[0] if day else None  # a year by itself is a number
    if number is None:
        words = normalised(text)
        return Value(words, words)
    # Cut, not rounded, as it is there: 2.9999999 becomes 2.
    near = isinstance(number, float) and abs(number - round(number)) < _NEAR
    content = int(number) if near else number
    return Value(content, normalised(text or str(content)))


def _number(text: str) -> int | float | None:
    if "_" in text:  # 1_000 is a number for newer Pythons alone
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _day(text: str) -> Day | None:
    parts = text.lower().split("-")
    if len(parts) != len(("year", "month", "day")):
        return None
    unknown = ({"xx", "xxxx"}, {"xx"}, {"xx"})
    found: list[int | None] = []
    for part, names in zip(parts, unknown, strict=True):
        number = None if part in names else _number(part)
        if part not in names and not isinstance(number, int):
            return None
        found.append(number if isinstance(number, int) else None)
    year, month, day = found
    possible = (month is None or 1 <= month <= _MOST_MONTH) and (
        day is None or 1 <= day <= _MOST_DAY
    )
    return (year, month, day) if possible and found != [None] * len(found) else None


def _close(one: float, other: float) -> bool:
    try:
        return abs(one - other) < _NEAR
    except OverflowError:  # a whole number beyond all floats, and a fraction
        return False

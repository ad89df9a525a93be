"""Wordings that are the same but for spelling: which of many, and fast.

Two wordings are alike where the token-sort ratio of rapidfuzz says so. To ask it about every pair
takes minutes at 25,000 wordings, so a filter comes first that never loses a pair: whoever turns
one text into another by inserting and deleting characters changes, with each step, one count of
one character. The counts of all texts lie side by side as the bytes of large integers, so that 24
additions compare one text with all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from rapidfuzz import fuzz, process  # noqa: TID251 - its home

NEAR = 92.0
"""Token-sort ratio (0 to 100) from which two wordings count as one."""
_KINDS = 24
"""Characters are counted in so many kinds: fewer kinds can only make texts look more alike."""
_MOST = 5
"""A difference of more counts as this, so that 24 of them and `_FULL` fit into a byte."""
_FULL = 127
_ROOM = 2048
"""Texts in one block; those of later blocks are not compared with earlier texts."""
_FEW = 24
"""So few texts are compared one by one."""


class Wordings:
    """Distinct texts, some of which are `known`: the nearest of these is looked for."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._sorted = [_by_word(text) for text in texts]
        self._blocks = _blocks(self._sorted) if len(texts) > _FEW else []
        self._known: dict[int, str] = {}

    def know(self, number: int) -> None:
        """From now on the text of this number may be found; those before it were asked about."""
        self._known[number] = self._sorted[number]

    def know_all(self) -> None:
        """Every text may be found."""
        self._known = dict(enumerate(self._sorted))

    def nearest(self, text: str) -> str | None:
        """The known text that is most like this one, the first of equals; None if none is."""
        number = self._nearest(_by_word(text))
        return None if number is None else self._texts[number]

    def nearest_to(self, number: int) -> int | None:
        """The same for one of the texts, and its number; what is known stands before it."""
        return self._nearest(self._sorted[number], number)

    def all_near(self, text: str) -> list[str]:
        """All known texts that are like this one, the nearest first."""
        text = _by_word(text)
        known = self._compared(text)
        near = process.extract(text, known, scorer=fuzz.ratio, score_cutoff=NEAR, limit=None)
        return [self._texts[number] for _, _, number in near]

    def _nearest(self, text: str, before: int | None = None) -> int | None:
        known = self._compared(text, before)
        near = process.extractOne(text, known, scorer=fuzz.ratio, score_cutoff=NEAR)
        return near[2] if near else None

    def _compared(self, text: str, before: int | None = None) -> Mapping[int, str]:
        """The known texts that the counts of characters do not rule out."""
        if not self._blocks:
            return self._known
        last = len(self._texts) if before is None else before
        return {number: self._known[number] for number in self._candidates(text, last)}

    def _candidates(self, text: str, before: int) -> Iterator[int]:
        counts = _counts(text)
        for block in self._blocks:
            if block.first >= before:
                return
            for number in block.near(counts, len(text)):
                if number < before and number in self._known:
                    yield number


def near(one: str, other: str) -> bool:
    """Are two texts the same but for spelling?"""
    return fuzz.ratio(_by_word(one), _by_word(other)) >= NEAR


def _by_word(text: str) -> str:
    """As `token_sort_ratio` compares texts, whose words stand in order: done once for each."""
    return " ".join(sorted(text.split()))


def _counts(text: str) -> bytes:
    counts = [0] * _KINDS
    for char in set(text):
        counts[ord(char) % _KINDS] += text.count(char)
    return bytes(min(count, 255) for count in counts)


@cache
def _differences(count: int) -> bytes:
    """For each count that a byte can tell, how much it differs from this one."""
    return bytes(min(abs(other - count), _MOST) for other in range(256))


def _blocks(texts: Sequence[str]) -> list[_Block]:
    return [_Block(first, texts[first : first + _ROOM]) for first in range(0, len(texts), _ROOM)]


class _Block:
    """The counts of some texts, one byte for each text in an integer for each kind and count."""

    def __init__(self, first: int, texts: Sequence[str]) -> None:
        self.first = first
        self._size = len(texts)
        self._columns = [bytes(column) for column in zip(*map(_counts, texts), strict=True)]
        self._lengths = [len(text) for text in texts]
        self._apart: dict[tuple[int, int], int] = {}
        self._allowed: dict[int, int] = {}
        self._over = int.from_bytes(b"\x80" * self._size, "little")

    def near(self, counts: bytes, length: int) -> Iterator[int]:
        """The numbers of the texts whose counts differ by no more than their lengths allow."""
        total = self._allowance(length)
        for kind, count in enumerate(counts):
            total += self._difference(kind, count)
        fits = ~total & self._over
        if not fits:
            return
        marks = fits.to_bytes(self._size, "little")
        at = marks.find(0x80)
        while at >= 0:
            yield self.first + at
            at = marks.find(0x80, at + 1)

    def _difference(self, kind: int, count: int) -> int:
        """How much each text differs from `count` of a kind, up to a limit."""
        found = self._apart.get((kind, count))
        if found is None:
            apart = self._columns[kind].translate(_differences(count))
            found = int.from_bytes(apart, "little")
            self._apart[kind, count] = found
        return found

    def _allowance(self, length: int) -> int:
        """What is added so that a byte is full, from 128 on, where a text differs by too much."""
        found = self._allowed.get(length)
        if found is None:
            share = 1 - NEAR / 100
            steps = (int(share * (length + other)) + 1 for other in self._lengths)
            found = int.from_bytes(bytes(max(0, _FULL - step) for step in steps), "little")
            self._allowed[length] = found
        return found

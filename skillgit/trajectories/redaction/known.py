"""Values that were found once by their name or place, and are looked for everywhere."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from skillgit.trajectories.redaction.spans import Kind, Span

_TELLING = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).{8,512}|(?=.*[^\w\s])\S{10,512}", re.DOTALL)
"""A value that stands nowhere by chance: `Summary` as a password is no reason to hide the word."""
_HEAD = 8
_FEW = 32
"""So many are looked for one by one."""
_BEGINNING = re.compile(rf"(?<![^\W_])(?=([\s\S]{{{_HEAD}}}))")


class Known:
    """A set of values that can be found in a text in a time that their number does not decide."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}
        self._sizes: defaultdict[str, set[int]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._kinds)

    def add(self, value: str, kind: Kind) -> None:
        """Remember it, if it tells."""
        if value not in self._kinds and _TELLING.fullmatch(value):
            self._kinds[value] = kind
            self._sizes[value[:_HEAD]].add(len(value))

    def places(self, text: str) -> Iterator[Span]:
        """Where one of them stands by itself."""
        places = self._one_by_one if len(self) <= _FEW else self._all_at_once
        for start, end in places(text):
            if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
                yield Span(start, end, self._kinds[text[start:end]])

    def _one_by_one(self, text: str) -> Iterator[tuple[int, int]]:
        for value in self._kinds:
            at = text.find(value)
            while at >= 0:
                yield at, at + len(value)
                at = text.find(value, at + 1)

    def _all_at_once(self, text: str) -> Iterator[tuple[int, int]]:
        for found in _BEGINNING.finditer(text):
            start = found.start()
            for size in self._sizes.get(found[1], ()):
                if text[start : start + size] in self._kinds:
                    yield start, start + size

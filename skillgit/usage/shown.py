"""Which lines of a skill what came back of a call holds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from skillgit.names import SkillPath
from skillgit.types import LineRange
from skillgit.usage.hits import Hit, Kind, hit
from skillgit.usage.pages import Page

_NUMBERED = re.compile(r"^\s*\d+(?:\t|\u2192|[|:] ?|-(?=\s))")
_FEWEST_LETTERS = 12
_FEWEST_LINES = 2
"""So many lines in a row must stand there, where nothing says that the file was opened."""


class Shown:
    """Looks for the lines of a skill in what came back."""

    def __init__(self, pages: Mapping[SkillPath, Page]) -> None:
        self._lines = {
            path: [(n, told) for n, line in enumerate(page.lines, 1) if (told := _plain(line))]
            for path, page in pages.items()
        }
        self._all = {told for lines in self._lines.values() for _, told in lines}
        self._code = {
            path: {
                line
                for fence in (page.found.fences if page.found else ())
                for line in range(fence.lines.first, fence.lines.last + 1)
            }
            for path, page in pages.items()
        }
        places: defaultdict[str, list[tuple[SkillPath, int]]] = defaultdict(list)
        for path, lines in self._lines.items():
            for at, (_, told) in enumerate(lines):
                if sum(map(str.isalnum, told)) >= _FEWEST_LETTERS:
                    places[told].append((path, at))
        self._places = {told: found for told, found in places.items() if len(found) == 1}

    def hits(self, step: int, seen: str, opened: Collection[SkillPath]) -> Iterator[Hit]:
        """The runs of lines that stand in it; of an opened file each line counts."""
        told = [one for line in seen.split("\n") if (one := _plain(_NUMBERED.sub("", line)))]
        at = 0
        while at < len(told):
            run = self._run(told, at)
            if run is None:
                at += 1
                continue
            path, first, begin, length = run
            at = begin + length
            numbers = [n for n, _ in self._lines[path][first : first + length]]
            known = path in opened
            if not known and (length < _FEWEST_LINES or set(numbers) <= self._code[path]):
                continue
            lines = LineRange(numbers[0], numbers[-1])
            yield hit(step, Kind.SHOWN, path, lines, told[begin])

    def holds(self, text: str, fewest: int = _FEWEST_LINES + 1) -> set[int]:
        """The lines of a text, counted from 0, that are the skill's, if `fewest` are telling."""
        told = [_plain(_NUMBERED.sub("", line)) for line in text.split("\n")]
        if len({line for line in told if line in self._places}) < fewest:
            return set()
        return {number for number, line in enumerate(told) if line in self._all}

    def _run(self, told: list[str], at: int) -> tuple[SkillPath, int, int, int] | None:
        """A file, where in it, where in the text, and how many lines in a row."""
        found = self._places.get(told[at])
        if found is None:
            return None
        path, first = found[0]
        lines, begin, end = self._lines[path], at, at + 1
        while begin and first and told[begin - 1] == lines[first - 1][1]:
            begin, first = begin - 1, first - 1
        while (own := first + end - begin) < len(lines) and end < len(told):
            if told[end] != lines[own][1]:
                break
            end += 1
        return path, first, begin, end - begin


def _plain(line: str) -> str:
    return " ".join(line.split())

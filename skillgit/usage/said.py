"""Which lines of a skill an agent quotes, and which of its files and headings it names.

A quotation is eight words in a row, or a whole sentence of five, that stand in one place of the
skill only and that nobody but the skill has told the agent before.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from skillgit.names import SkillPath
from skillgit.types import MANIFEST, LineRange
from skillgit.usage.hits import Hit, Kind, hit
from skillgit.usage.pages import Page, Word, paragraphs, words

_RUN = 8
_SENTENCE = 5
_FEWEST_CHARACTERS = 25

Run = tuple[str, ...]


class Quotations:
    """Looks for the sentences of a skill in what is said."""

    def __init__(self, pages: Mapping[SkillPath, Page]) -> None:
        found: defaultdict[Run, list[tuple[SkillPath, int, int]]] = defaultdict(list)
        for path, page in pages.items():
            for paragraph in paragraphs(page):
                for first, last in _runs(paragraph):
                    run = tuple(word.text for word in paragraph[first:last])
                    found[run].append((path, paragraph[first].line, paragraph[last - 1].line))
        self._places = {run: where[0] for run, where in found.items() if len(where) == 1}
        self._lengths = sorted({len(run) for run in self._places}, reverse=True)

    @property
    def places(self) -> Collection[tuple[SkillPath, int, int]]:
        """Where a quotation could come from: path, first and last line."""
        return self._places.values()

    def told(self, text: str) -> set[Run]:
        """The runs that a text of somebody else holds."""
        return {run for run, _, _ in self._found(words(text))}

    def hits(self, step: int, text: str, known: Collection[Run]) -> Iterator[Hit]:
        """What an agent quotes and was not `known` otherwise; runs that meet are one quotation."""
        said = words(text)
        open_: list[tuple[SkillPath, int, int, int, int]] = []
        for run, first, last in self._found(said):
            if run in known:
                continue
            path, begin, end = self._places[run]
            if open_ and open_[-1][0] == path and first <= open_[-1][4]:
                _, low, high, start, stop = open_.pop()
                open_.append((path, min(low, begin), max(high, end), start, max(stop, last)))
            else:
                open_.append((path, begin, end, first, last))
        for path, begin, end, first, last in open_:
            quoted = text[said[first].start : said[last - 1].end]
            yield hit(step, Kind.QUOTED, path, LineRange(begin, end), quoted)

    def _found(self, said: Sequence[Word]) -> Iterator[tuple[Run, int, int]]:
        texts = tuple(word.text for word in said)
        for first in range(len(texts)):
            for length in self._lengths:
                run = texts[first : first + length]
                if len(run) == length and run in self._places:
                    yield run, first, first + length


def _runs(paragraph: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """The runs of a paragraph by which it is known: eight words, and short sentences."""
    for first in range(len(paragraph) - _RUN + 1):
        yield first, first + _RUN
    start = 0
    for at, word in enumerate(paragraph, start=1):
        if word.ends or at == len(paragraph):
            length = sum(len(one.text) for one in paragraph[start:at])
            if _SENTENCE <= at - start < _RUN and length >= _FEWEST_CHARACTERS:
                yield start, at
            start = at


class Names:
    """Looks for the names of files and headings in what is said."""

    def __init__(self, pages: Mapping[SkillPath, Page], files: Collection[SkillPath]) -> None:
        named = [path for path in files if "/" in path or path == MANIFEST]
        either = "|".join(re.escape(path) for path in sorted(named, key=len, reverse=True))
        self._files = re.compile(rf"(?<![\w./~-])(?:\./)?({either})(?![\w/-]|\.\w)")
        titles: defaultdict[str, list[tuple[SkillPath, LineRange]]] = defaultdict(list)
        for path, page in pages.items():
            for heading in page.found.headings if page.found else ():
                title = " ".join(heading.title.replace("`", "").replace("*", "").split())
                titles[title.casefold()].append((path, heading.lines))
        self._titles = {
            title: places[0] for title, places in titles.items() if title and len(places) == 1
        }
        self._quoted = _titles(self._titles)

    def hits(self, step: int, text: str) -> Iterator[Hit]:
        """Each file and each heading once."""
        for name in dict.fromkeys(found[1] for found in self._files.finditer(text)):
            yield hit(step, Kind.NAMED, SkillPath(name), None, name)
        if self._quoted is None:
            return
        done: set[str] = set()
        for found in self._quoted.finditer(" ".join(text.split())):
            title = (found["before"] or found["after"] or found["quoted"]).casefold()
            # One word in quotation marks may mean anything; behind "section" it means that.
            if title not in done and (found["quoted"] is None or " " in title):
                done.add(title)
                path, lines = self._titles[title]
                yield hit(step, Kind.NAMED, path, lines, found[0])


def _titles(titles: Collection[str]) -> re.Pattern[str] | None:
    """A heading in quotation marks, or beside the word "section"."""
    if not titles:
        return None
    either = "|".join(re.escape(one) for one in sorted(titles, key=len, reverse=True))
    mark = "[\"'`\u201c\u201d\u2018\u2019*]{1,2}"
    return re.compile(
        rf"\bsection:? {mark}?(?P<before>{either})(?!\w)"
        rf"|{mark}(?P<after>{either}){mark} section\b"
        rf"|{mark}(?P<quoted>{either}){mark}",
        re.IGNORECASE,
    )

"""A skill as lines that can leave traces: its sections, its sentences, its pieces of code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skillgit.names import SkillPath
from skillgit.skill.lines import text_lines
from skillgit.skill.markdown import Section, Structure, structure
from skillgit.types import MANIFEST, LineRange, Skill

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.!?:;](?=\s|$)|\u2014|\s-\s")
_TOKEN = re.compile(r"[A-Za-z_]\w*|\d+(?:\.\d+)?|[^\s\w]")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_HOLE = re.compile(r"<[\w .:/-]+>|\u2026|\.\.\.")
_IMPORT = re.compile(r"(?:import|from|require|use|#|//|--)\b|#|//")
_FILE_NAME = re.compile(r"[\w./*-]+\.[a-z0-9]{1,5}")
_FEWEST_TOKENS, _FEWEST_CHARACTERS = 3, 10
_LONGEST = 4000
"""Characters of a line that are searched for spans of code: a hostile one takes long."""


@dataclass(frozen=True, slots=True)
class Page:
    """A text file of a skill; `found` is None where it is no Markdown that an agent reads."""

    path: SkillPath
    lines: tuple[str, ...]
    found: Structure | None

    @property
    def sections(self) -> Sequence[Section]:
        """Its sections in order, the lines before the first heading among them."""
        if self.found is None or not self.lines:
            return ()
        starts = [1, *(one.line for one in self.found.headings)]
        if 0 < self.found.frontmatter_end < len(self.lines):
            starts.append(self.found.frontmatter_end + 1)
        told = (self.found.section_of(line) for line in sorted(starts))
        return tuple(dict.fromkeys(one for one in told if one.first > self.found.frontmatter_end))


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is compared, where it stands in its text, and on which line of the page."""

    text: str
    start: int
    end: int
    line: int
    ends: bool = False
    """Is it the last of its sentence?"""


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of code, or a span of it in a sentence, as tokens that are compared."""

    path: SkillPath
    line: int
    tokens: tuple[str, ...]


def pages(skill: Skill) -> Mapping[SkillPath, Page]:
    """All text files of a skill."""
    found: dict[SkillPath, Page] = {}
    for path in skill.files:
        text = skill.text(path)
        if text is not None:
            is_read = path == MANIFEST or (path.startswith("references/") and path.endswith(".md"))
            lines = tuple(text_lines(text))
            found[path] = Page(path, lines, structure(text) if is_read else None)
    return found


# ------------------------------------------------------------------ sentences


def words(text: str, line: int = 0) -> list[Word]:
    """The words of a text; case, markup and punctuation do not count."""
    ends = [one.start() for one in _SENTENCE_END.finditer(text)]
    found = list(_WORD.finditer(text))
    told: list[Word] = []
    at = 0
    for n, one in enumerate(found):
        after = found[n + 1].start() if n + 1 < len(found) else len(text) + 1
        while at < len(ends) and ends[at] < one.end():
            at += 1
        is_last = at < len(ends) and ends[at] < after
        told.append(Word(one[0].casefold(), one.start(), one.end(), line, is_last))
    return told


def paragraphs(page: Page) -> Iterator[Sequence[Word]]:
    """The words of each paragraph and table of a page; a paragraph ends a sentence."""
    if page.found is None:
        return
    for block in page.found.blocks:
        if block.kind in {"paragraph", "table"}:
            told = [
                word
                for line in range(block.lines.first, block.lines.last + 1)
                for word in words(page.lines[line - 1], line)
            ]
            if told:
                yield told


# ------------------------------------------------------------------ code


def tokens(code: str) -> list[str]:
    """Code as it is compared: blanks and the kind of quotation marks do not count."""
    return ["'" if one == '"' else one for one in _TOKEN.findall(code)]


def pieces(page: Page) -> Iterator[Piece]:
    """The commands and pieces of code of a page that are telling enough to be known again."""
    if page.found is None:
        return
    inside = {
        line
        for block in page.found.blocks
        if block.kind in {"fence", "code"}
        for line in range(block.lines.first, block.lines.last + 1)
    }
    fences = {one.lines.first for one in page.found.fences}
    fences |= {one.lines.last for one in page.found.fences if one.closed}
    for number, line in enumerate(page.lines, start=1):
        if number <= page.found.frontmatter_end or number in fences:
            continue
        texts = [line] if number in inside else [one[2] for one in _SPAN.finditer(line[:_LONGEST])]
        for text in texts:
            for part in _HOLE.split(text):
                if (told := _telling(part)) is not None:
                    yield Piece(page.path, number, told)


def _telling(code: str) -> tuple[str, ...] | None:
    code = code.strip().removeprefix("$ ").strip()
    if _IMPORT.match(code) or _FILE_NAME.fullmatch(code):
        return None
    found = tuple(tokens(code))
    names = [one for one in found if len(one) > 1 and not one[0].isdigit()]
    long = sum(map(len, found)) >= _FEWEST_CHARACTERS
    return found if len(found) >= _FEWEST_TOKENS and len(names) >= 2 and long else None


def span(lines: Sequence[int]) -> LineRange:
    """From the first to the last of them."""
    return LineRange(min(lines), max(lines))

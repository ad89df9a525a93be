"""The places of a base where a lesson can go, each named by its file, its line and its words.

A model chooses one name out of the list that the schema gives, so the number and the words of a
place can never disagree, and no place is inside a fence, a table or the frontmatter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from skillgit.names import SkillPath
from skillgit.skill.lines import text_lines
from skillgit.skill.markdown import Structure, structure
from skillgit.skill.placement import gaps
from skillgit.types import MANIFEST, LineRange, Skill

_WORDS = 40
_REPLACEABLE = {"item", "paragraph"}


@dataclass(frozen=True, slots=True)
class Anchor:
    """A line after which lines can be added; `block` are the lines that a replacement takes."""

    path: SkillPath
    line: int
    block: LineRange | None


def editable(skill: Skill) -> tuple[SkillPath, ...]:
    """The files that a lesson may change: SKILL.md first, then the Markdown of references/."""
    references = (
        path
        for path in skill.files
        if path.startswith("references/") and path.endswith(".md") and skill.text(path) is not None
    )
    return (MANIFEST, *references)


def anchors(skill: Skill, *, references: bool = True) -> Mapping[str, Anchor]:
    """Every place by its name, `SKILL.md:12| - Save with…`, in the order of the files."""
    return {
        name: anchor
        for path in editable(skill)
        if references or path == MANIFEST
        for name, anchor in _of_file(path, skill.text(path) or "")
    }


@lru_cache(maxsize=64)
def _of_file(path: SkillPath, text: str) -> tuple[tuple[str, Anchor], ...]:
    # remembered: every edit of a round asks for the places of the same few files
    lines, found = text_lines(text), structure(text)
    places = [gap for gap in gaps(text) if gap and lines[gap - 1].strip()] or [found.gaps[-1]]
    return tuple(
        (_name(path, gap, lines[gap - 1] if gap else ""), Anchor(path, gap, _block(found, gap)))
        for gap in places
    )


def _name(path: SkillPath, line: int, words: str) -> str:
    start = " ".join(words.split())
    return f"{path}:{line}| {start if len(start) <= _WORDS else start[:_WORDS] + '…'}"


def _block(found: Structure, line: int) -> LineRange | None:
    """The smallest item or paragraph that ends at this line."""
    if line <= found.frontmatter_end:
        return None
    ending = [
        block.lines
        for block in found.blocks
        if block.kind in _REPLACEABLE and block.lines.first <= line <= block.lines.last
    ]
    if not ending:
        return None
    innermost = max(ending, key=lambda lines: lines.first)
    return LineRange(innermost.first, max(line, innermost.first))

"""How the words of a lesson become lines that fit the place where they go.

An analyst names a line and gives words; the program makes them a list item beside list items and
a paragraph elsewhere, and moves an insertion out of fences, tables, paragraphs and frontmatter to
the next place where lines may stand. So no edit can tear a structure, whatever the model writes.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from functools import lru_cache
from itertools import count

from skillgit.names import SkillPath
from skillgit.skill.lines import text_lines
from skillgit.skill.markdown import structure
from skillgit.types import Change, CreateFile, DeleteFile, Insert, LineRange, Replace, Skill

_ITEM = re.compile(r"^(\s*)([-*+]|(\d{1,9})([.)]))(\s+)\S")
_LONGEST_NAME = 48
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:-\d+)?")
"""Names that Windows opens as a device, whatever their ending."""
_BLOCK_START = re.compile(r"^\s*(#{1,6}\s|```|~~~|\||>|[-*+]\s|\d{1,9}[.)]\s)")


def insertion(skill: Skill, path: SkillPath, after: int, words: str) -> Insert:
    """New lines after base line `after` of a Markdown file, shaped for the nearest free gap.

    Raises ValueError where the file is not text, the line does not exist, or nothing is said.
    """
    text = _text_of(skill, path)
    lines = _lines(text)
    if not 0 <= after <= len(lines):
        raise ValueError(f"{path} has {len(lines)} lines, not {after}")
    gap = next((gap for gap in gaps(text) if gap >= after), structure(text).gaps[-1])
    gap = _before_blank(lines, _before_list(lines, gap))
    return Insert(path, gap, shaped(lines, gap, words))


def _before_blank(lines: Sequence[str], gap: int) -> int:
    """Before the blank line that parts it from what follows, which would else be glued to it."""
    if gap == len(lines) or _list_marker(lines, gap):
        return gap
    while gap and not lines[gap - 1].strip():
        gap -= 1
    return gap


def _before_list(lines: Sequence[str], gap: int) -> int:
    """Behind the heading of a list, a lesson is its first item and no paragraph before it."""
    if not gap or not lines[gap - 1].startswith("#"):
        return gap
    below = next((at for at in range(gap, len(lines)) if lines[at].strip()), gap)
    return below if below < len(lines) and _ITEM.match(lines[below]) else gap


@lru_cache(maxsize=64)
def gaps(text: str) -> tuple[int, ...]:
    """Where lines can be added: not after words that announce what follows ("for example:")."""
    announced, last = [False], ""
    for line in _lines(text):
        last = line.rstrip() or last
        announced.append(last.endswith(":"))
    return tuple(gap for gap in structure(text).gaps if not announced[gap])


@lru_cache(maxsize=64)
def _lines(text: str) -> tuple[str, ...]:
    return tuple(text_lines(text))


def shaped(lines: Sequence[str], gap: int, words: str) -> str:
    """The words as lines that may stand after line `gap`: an item in a list, else a block."""
    body = _tidy(words)
    above, below = (lines[gap - 1] if gap else ""), (lines[gap] if gap < len(lines) else "")
    marker = _list_marker(lines, gap)
    if marker and not _BLOCK_START.match(body[0]):
        body = [marker + body[0], *(" " * len(marker) + line.strip() for line in body[1:] if line)]
    in_list = bool(_ITEM.match(body[0])) and bool(marker)
    if above.strip() and not in_list:
        body = ["", *body]
    if below.strip() and not (in_list and _ITEM.match(below)):
        body = [*body, ""]
    return "\n".join(body)


def replacement(skill: Skill, path: SkillPath, lines: LineRange, words: str) -> Replace:
    """Other words for base lines; a list item stays one. ValueError where no such lines are."""
    base = _lines(_text_of(skill, path))
    if lines.last > len(base):
        raise ValueError(f"{path} has {len(base)} lines, not {lines.last}")
    if not words.strip():
        return Replace(path, lines, "")
    body = _tidy(words)
    old = _ITEM.match(base[lines.first - 1])
    if old and not _BLOCK_START.match(body[0]):
        body[0] = f"{old[1]}{old[2]}{old[5]}{body[0].strip()}"
    return Replace(path, lines, "\n".join(body))


def reference(
    skill: Skill, link_at: Insert, title: str, words: str, taken: Container[str] = ()
) -> CreateFile:
    """A file of its own under references/ for a niche lesson, linked from where it was meant to go.

    `taken` are the folded paths that other new files have already.
    """
    path = _free_path(title, {path.folded for path in skill.files}, taken)
    lines = _lines(_text_of(skill, link_at.path))
    label = re.sub(r"[\[\]`<>]", "", title)
    link = shaped(lines, link_at.after, f"{label}: see [{path}]({path}).")
    body = "\n".join(_tidy(words)).strip()
    return CreateFile(path, f"# {title}\n\n{body}", Insert(link_at.path, link_at.after, link))


def _free_path(title: str, here: Container[str], taken: Container[str]) -> SkillPath:
    words = re.findall(r"[a-z0-9]+", title.casefold())
    while len("-".join(words)) > _LONGEST_NAME and len(words) > 1:
        words.pop()
    slug = "-".join(words)[:_LONGEST_NAME] or "lesson"
    slug = f"lesson-{slug}" if _DEVICE.fullmatch(slug) else slug
    names = (f"references/{slug}{'' if n == 1 else f'-{n}'}.md" for n in count(1))
    paths = ((path, path.folded) for path in map(SkillPath, names))
    return next(path for path, name in paths if name not in here and name not in taken)


def words_of(change: Change) -> str:
    """The words of a lesson without the list marker and blank lines that its place asked for."""
    match change:
        case CreateFile(_, text, _):
            return text.partition("\n\n")[2] if text.startswith("# ") else text
        case Insert(_, _, text) | Replace(_, _, text):
            body = text.strip("\n")
            item = _ITEM.match(body)
            return body[item.end() - 1 :] if item and "\n" not in body else body
        case DeleteFile():
            return ""


def seats(skill: Skill, insert: Insert) -> list[int]:
    """The gaps of the insertion's own section, nearest first; the last resort is none."""
    text = _text_of(skill, insert.path)
    found = structure(text)
    section = found.section_of(max(insert.after, 1))
    low = max(section.first if section.title else section.first - 1, found.frontmatter_end)
    inside = [gap for gap in gaps(text) if low <= gap <= section.last]
    return sorted(inside, key=lambda gap: (abs(gap - insert.after), gap))


def _tidy(words: str) -> list[str]:
    lines = [line.rstrip() for line in words.strip("\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise ValueError("an edit without words")
    return lines


def _list_marker(lines: Sequence[str], gap: int) -> str:
    """The marker that a new item would have after line `gap`, empty where no list is near."""
    above = gap
    while above and lines[above - 1].strip() and not _ITEM.match(lines[above - 1]):
        above -= 1
    item = _ITEM.match(lines[above - 1]) if above and lines[above - 1].strip() else None
    if item is None and gap < len(lines):
        item = _ITEM.match(lines[gap])
        return _marker(item, step=0) if item else ""
    return _marker(item, step=1) if item else ""


def _marker(item: re.Match[str], step: int) -> str:
    mark = f"{int(item[3]) + step}{item[4]}" if item[3] else item[2]
    return f"{item[1]}{mark} "


def _text_of(skill: Skill, path: SkillPath) -> str:
    text = skill.text(path)
    if text is None:
        raise ValueError(f"{path} does not exist in the base, or is not text")
    return text

"""Rules on one edit against the base (SKILLS_FORMAT.md, SG2xx); what a round and a reviewer check.

A rule is a function of the base and a change that gives the reason against it, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from skillgit.names import SkillPath
from skillgit.rules.suppressions import MARKER
from skillgit.skill.hunks import hunks
from skillgit.skill.markdown import structure
from skillgit.types import MANIFEST, Change, CreateFile, DeleteFile, Insert, Replace, Skill


def broken_rule(skill: Skill, change: Change) -> str:
    """The first rule that a change breaks, as `SG2xx: reason`; empty where it breaks none."""
    return next(filter(None, (rule(skill, change) for rule in _RULES)), "")


def _exists(skill: Skill, change: Change) -> str:
    """SG201: what is changed must be there."""
    paths = [change.path] if not isinstance(change, CreateFile) else [change.link.path]
    if isinstance(change, DeleteFile):
        paths += [part.path for part in change.unlink]
    missing = [path for path in paths if skill.text(path) is None]
    return f"SG201: {missing[0]} does not exist in the base" if missing else ""


def _fits(skill: Skill, change: Change) -> str:
    """SG206 and SG201: a new file must be new, and lines must be there."""
    try:
        hunks(skill, change)
    except ValueError as error:
        return f"{'SG206' if isinstance(change, CreateFile) else 'SG201'}: {error}"
    return ""


def _in_its_place(_: Skill, change: Change) -> str:
    """SG203: new files belong under references/, one level deep."""
    if not isinstance(change, CreateFile):
        return ""
    if not is_lesson_file(change.path):
        return f"SG203: a lesson may create references/<name>.md, not {change.path}"
    return ""


def is_lesson_file(path: str) -> bool:
    """May a lesson create a file there?"""
    folder, name = path.rpartition("/")[::2]
    return folder == "references" and name.endswith(".md")


def _linked(_: Skill, change: Change) -> str:
    """SG206: a new file needs a link that leads to it."""
    if isinstance(change, CreateFile) and f"({change.path})" not in change.link.text:
        return f"SG206: the link does not lead to {change.path}"
    return ""


def _unprotected(skill: Skill, change: Change) -> str:
    """SG205: scripts, licences, the frontmatter, and all but Markdown are a person's to change."""
    for path, first in _touched(change):
        if is_protected(path):
            return f"SG205: {path} is protected"
        if path == MANIFEST and first < structure(skill.text(path) or "").frontmatter_end:
            return "SG205: the frontmatter of SKILL.md is protected"
    return ""


def is_protected(path: str) -> bool:
    """Is the whole file a person's to change?"""
    licence = path.rpartition("/")[2].upper().startswith(("LICENSE", "LICENCE", "NOTICE"))
    return licence or not path.endswith(".md") or path.startswith(("scripts/", "assets/"))


def _touched(change: Change) -> list[tuple[SkillPath, int]]:
    """Each file that a change alters, and how many base lines stay above the alteration."""
    match change:
        case Insert(path, after, _):
            return [(path, after)]
        case Replace(path, lines, _):
            return [(path, lines.first - 1)]
        case CreateFile(_, _, link):
            return [(link.path, link.after)]
        case DeleteFile(path, unlink):
            return [(path, 0), *((part.path, part.lines.first - 1) for part in unlink)]


def _not_empty(skill: Skill, change: Change) -> str:
    """SG207: an edit must change something."""
    return "" if any(not hunk.empty for hunk in hunks(skill, change)) else "SG207: changes nothing"


def _tears_nothing(skill: Skill, change: Change) -> str:
    """SG209: no insertion inside a fence or table, no replacement of half of one."""
    place = change.link if isinstance(change, CreateFile) else change
    if isinstance(place, DeleteFile):
        return ""
    found = structure(skill.text(place.path) or "")
    if isinstance(place, Insert):
        inside = place.after not in found.gaps
        return f"SG209: line {place.after} of {place.path} is inside a block" if inside else ""
    for block in found.blocks:
        if block.kind not in {"fence", "table"}:
            continue
        first, last = place.lines.first, place.lines.last
        meets = first <= block.lines.last and block.lines.first <= last
        covers = first <= block.lines.first and block.lines.last <= last
        within = block.lines.first < first and last < block.lines.last
        if meets and not (covers or within):
            return f"SG209: lines {place.lines} of {place.path} tear a {block.kind}"
    return ""


def _silences_nothing(_: Skill, change: Change) -> str:
    """SG210: a model does not choose the rules."""
    match change:
        case CreateFile(_, text, link):
            texts = [text, link.text]
        case DeleteFile(_, unlink):
            texts = [part.text for part in unlink]
        case _:
            texts = [change.text]
    return "SG210: it switches a rule off" if any(map(MARKER.search, texts)) else ""


_RULES: tuple[Callable[[Skill, Change], str], ...] = (
    _exists,
    _fits,
    _in_its_place,
    _linked,
    _unprotected,
    _not_empty,
    _tears_nothing,
    _silences_nothing,
)

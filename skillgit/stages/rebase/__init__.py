"""rebase: the base moved; where does each edit of a round stand now?

A three-way question without a model: the lines between which an edit stood, or which it replaced,
are looked for in the new base. Where people changed them, or wrote what the edit says, it is stale.

    drift.py     which line of the old base is which of the new one
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from skillgit.names import SkillPath
from skillgit.skill.lines import split_lines
from skillgit.skill.placement import insertion, words_of
from skillgit.stages.rebase.drift import Drift
from skillgit.types import (
    Change,
    ChangeSet,
    CreateFile,
    DeleteFile,
    Edit,
    Fate,
    Insert,
    LineRange,
    Replace,
    Skill,
    State,
)

_MARKER = re.compile(rb"^\s*(?:[-*+]|\d{1,9}[.)])\s+")


def rebase(old: Skill, new: Skill, edits: Sequence[Edit]) -> ChangeSet:
    """The edits on the new base, and a fate with the reason for each one that is stale."""
    drift = Drift(old, new)
    kept: list[Edit] = []
    fates: list[Fate] = []
    for edit in edits:
        try:
            kept.append(replace(edit, change=_anchored(drift, edit.change)))
        except ValueError as stale:
            fates.append(Fate(edit.id, State.WITHHELD, f"stale: {stale}"))
    return ChangeSet(tuple(kept), tuple(fates))


def _anchored(drift: Drift, change: Change) -> Change:
    """The change on the new base; ValueError says why it is stale."""
    match change:
        case Insert():
            return _insert(drift, change)
        case Replace():
            return _replace(drift, change)
        case CreateFile(path, text, link):
            _must_be_new(drift, path, text)
            return replace(change, link=_insert(drift, link))
        case DeleteFile(path, unlink):
            if path not in drift.new.files:
                raise ValueError(f"{path} is gone already")
            if drift.new.files[path] != drift.old.files.get(path):
                raise ValueError(f"people changed {path}")
            return replace(change, unlink=tuple(_replace(drift, part) for part in unlink))


def _insert(drift: Drift, change: Insert) -> Insert:
    _must_be_unsaid(drift, change.path, change.text)
    gap = drift.gap(change.path, change.after)
    if gap is None:
        where = f"line {change.after} of {change.path}"
        raise ValueError(f"people changed the lines around {where}, where it belongs")
    if gap.unchanged:
        return replace(change, after=gap.after)
    return insertion(drift.new, change.path, gap.after, words_of(change))


def _replace(drift: Drift, change: Replace) -> Replace:
    lines = drift.lines(change.path, change.lines)
    if lines is not None:
        return replace(change, lines=lines)
    where = f"{_named(change.lines)} of {change.path}"
    if not change.text.strip() and drift.gone(change.path, change.lines):
        raise ValueError(f"what it takes out, {where}, is gone already")
    _must_be_unsaid(drift, change.path, change.text)
    raise ValueError(f"people changed {where}")


def _named(lines: LineRange) -> str:
    return f"line {lines}" if lines.first == lines.last else f"lines {lines}"


def _must_be_new(drift: Drift, path: SkillPath, text: str) -> None:
    there = next((one for one in drift.new.files if one.folded == path.folded), None)
    if there is None:
        return
    same = split_lines(drift.new.files[there]) == split_lines(text.encode())
    raise ValueError(f"its text stands there already, as {there}" if same else f"{path} exists now")


def _must_be_unsaid(drift: Drift, path: SkillPath, text: str) -> None:
    """People may have taken the lesson over by hand, or merged it."""
    said = _words(text.encode())
    here, before = _words(drift.new.files.get(path, b"")), _words(drift.old.files.get(path, b""))
    if said and _holds(here, said) and not _holds(before, said):
        raise ValueError(f"its text stands in {path} already")


def _words(data: bytes) -> list[bytes]:
    """The lines that say something, without the marker of a list."""
    return [_MARKER.sub(b"", line).strip() for line in split_lines(data) if line.strip()]


def _holds(lines: Sequence[bytes], part: Sequence[bytes]) -> bool:
    size = len(part)
    return any(lines[at : at + size] == part for at in range(len(lines) - size + 1))

"""The hard budget of a skill: SKILL.md is read whole by every agent, on every task.

Limits of the specification (under 500 lines, under 5,000 tokens) and ours for references (under
300 lines). The least supported is demoted to references/ first, then withheld.
"""

from __future__ import annotations

from collections.abc import Sequence

from skillgit.config import Consolidate
from skillgit.names import SkillPath
from skillgit.skill.diff import context_cost, line_count
from skillgit.skill.hunks import apply_changes
from skillgit.stages.consolidate.join import by_strength
from skillgit.stages.consolidate.seat import demoted
from skillgit.types import (
    MANIFEST,
    ChangeSet,
    CreateFile,
    Edit,
    Fate,
    Insert,
    Skill,
    State,
)


def within_budget(skill: Skill, edits: Sequence[Edit], options: Consolidate) -> ChangeSet:
    """Demote, then withhold, the least supported edits until every file is within its limit.

    A base that is over a limit already may not grow; it is not made to shrink.
    """
    kept = list(by_strength(edits))
    fates: list[Fate] = []
    while kept and (path := _over(skill, kept, options)) is not None:
        weakest = _weakest(kept, path)
        if weakest is None:
            break
        kept.remove(weakest)
        smaller = _demoted(skill, weakest, kept, path)
        if smaller is not None:
            kept.append(smaller)
            kept = list(by_strength(kept))
            continue
        fates.append(Fate(weakest.id, State.WITHHELD, f"budget: {path} would be too long"))
    return ChangeSet(tuple(kept), tuple(fates))


def _over(skill: Skill, edits: Sequence[Edit], options: Consolidate) -> SkillPath | None:
    """A file that is over its limit, and larger than the base has it."""
    files = apply_changes(skill, (edit.change for edit in edits))
    for path, data in files.items():
        lines, old = line_count(data), skill.files.get(path, b"")
        limit = _line_limit(path, options)
        if limit and lines > limit and lines > line_count(old):
            return path
        cost, before = context_cost({path: data}), context_cost({path: old})
        if path == MANIFEST and cost > options.max_skill_tokens and cost > before:
            return path
    return None


def _line_limit(path: SkillPath, options: Consolidate) -> int:
    if path == MANIFEST:
        return options.max_skill_lines
    return options.max_reference_lines if path.startswith("references/") else 0


def _weakest(edits: Sequence[Edit], path: SkillPath) -> Edit | None:
    """The least supported edit that adds to the file."""
    return next((edit for edit in reversed(edits) if path in _paths(edit)), None)


def _paths(edit: Edit) -> set[SkillPath]:
    change = edit.change
    return {change.path} | ({change.link.path} if isinstance(change, CreateFile) else set())


def _demoted(skill: Skill, edit: Edit, kept: Sequence[Edit], path: SkillPath) -> Edit | None:
    """The lesson in a file of its own, where its link is shorter than the lesson itself."""
    if path != MANIFEST or not isinstance(edit.change, Insert):
        return None
    taken = {one.change.path.folded for one in kept if isinstance(one.change, CreateFile)}
    smaller = demoted(skill, edit, taken)
    if not isinstance(smaller.change, CreateFile):
        return None
    return smaller if len(smaller.change.link.text) < len(edit.change.text) else None

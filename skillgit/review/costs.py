"""What a lesson costs: the lines and tokens that an agent reads because of it."""

from __future__ import annotations

from dataclasses import dataclass

from skillgit.errors import UsageError
from skillgit.provenance.evidence import LessonRecord
from skillgit.review.claims import Archive
from skillgit.skill.diff import context_cost, line_count
from skillgit.skill.hunks import apply_changes
from skillgit.types import MANIFEST, Skill


@dataclass(frozen=True, slots=True)
class Cost:
    """Lines and tokens (about) that SKILL.md and all other files grow by; less than 0 = shrink.

    SKILL.md is read on every task, the other files only where an agent follows a link.
    """

    skill_lines: int = 0
    skill_tokens: int = 0
    other_lines: int = 0
    other_tokens: int = 0

    def __str__(self) -> str:
        parts = (
            ("SKILL.md", self.skill_lines, self.skill_tokens),
            ("references", self.other_lines, self.other_tokens),
        )
        told = [
            f"{lines:+d} {'line' if abs(lines) == 1 else 'lines'}, {tokens:+d} tokens in {name}"
            for name, lines, tokens in parts
            if lines or tokens
        ]
        return "; ".join(told) or "no lines"


def lesson_cost(archive: Archive, record: LessonRecord) -> Cost | None:
    """What one lesson adds to its base; None where the base is not here or does not fit."""
    try:
        skill = archive.base(record.skill, record.base)
        return _cost(skill, record)
    except (UsageError, ValueError):
        return None


def _cost(skill: Skill, record: LessonRecord) -> Cost:
    after = apply_changes(skill, (edit.change for edit in record.edits))
    lines, tokens = [0, 0], [0, 0]
    for path in {*skill.files, *after}:
        old, new = skill.files.get(path, b""), after.get(path, b"")
        if old != new:
            place = int(path != MANIFEST)
            lines[place] += line_count(new) - line_count(old)
            tokens[place] += context_cost({path: new}) - context_cost({path: old})
    return Cost(lines[0], tokens[0], lines[1], tokens[1])

"""What a round tells a person about the safety of what it leaves."""

from __future__ import annotations

from skillgit.errors import UsageError
from skillgit.rules.capabilities import gained, named
from skillgit.rules.licence import forbids_changes
from skillgit.types import Branch, Round, Skill


def changeable(skill: Skill, *, rights_held: bool) -> Skill:
    """Before any call is paid for: a skill whose licence forbids derivatives stays as it is."""
    forbidding = "" if rights_held else forbids_changes(skill)
    if forbidding:
        raise UsageError(
            f"evolving the skill {skill.root or '.'}: its licence forbids derivatives (SG410): "
            f"{forbidding}",
            hint="ask its owner; if you hold the rights, say so with --i-hold-the-rights",
        )
    return skill


def waiting(skill: Skill, branch: Branch, this: Round) -> tuple[str, ...]:
    """The lessons that must not be merged before a person approves of them (SG403)."""
    told = []
    for number, lesson in enumerate(branch.lessons, start=1):
        found = (gain for edit in lesson.edits for gain in gained(skill, edit.change))
        if gains := tuple(dict.fromkeys(found)):
            told.append(
                f"lesson {number} brings in {named(gains)}: read it, then "
                f"skillgit approve {this.id}/{number}"
            )
    return tuple(told)

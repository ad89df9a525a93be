"""Which edits stand or fall together, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from skillgit.skill.hunks import group_edits, hunks
from skillgit.types import Change, Edit, Lesson, Skill


@dataclass(frozen=True, slots=True)
class Draft:
    """A lesson before it is a commit: edits that one cannot keep without the others.

    They stay in the order in which the guardrails saw them: it decides what two insertions at one
    place give.
    """

    edits: tuple[Edit, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        """What its edits do to the base."""
        return tuple(edit.change for edit in self.edits)

    @property
    def support(self) -> int:
        """The number of distinct source trajectories of all its edits."""
        return len(frozenset[str]().union(*(edit.sources for edit in self.edits)))

    @property
    def lesson(self) -> Lesson:
        """The lesson of the best supported edit; it names what else it teaches."""
        first, *others = sorted(self.edits, key=lambda edit: (-edit.support, edit.id))
        more = sorted({edit.lesson.title for edit in others} - {first.lesson.title})
        also = f" This commit also says: {'; '.join(more)}." if more else ""
        return Lesson(first.lesson.title, f"{first.lesson.reason}{also}")


def drafts(skill: Skill, edits: Sequence[Edit]) -> tuple[Draft, ...]:
    """One draft for each group of edits that touch, strongest first."""
    return in_order(Draft(group) for group in group_edits(skill, edits))


def in_order(found: Iterable[Draft]) -> tuple[Draft, ...]:
    """By support, then by id: never by arrival."""
    return tuple(sorted(found, key=lambda one: (-one.support, min(e.id for e in one.edits))))


def fused(found: Sequence[Draft], one: int, other: int) -> tuple[Draft, ...]:
    """The same lessons with two of them made one."""
    both = Draft(found[one].edits + found[other].edits)
    return in_order([*(d for n, d in enumerate(found) if n not in {one, other}), both])


def nearest(skill: Skill, found: Sequence[Draft], one: int) -> int:
    """The lesson whose hunks lie nearest to those of another, in base lines."""
    others = (number for number in range(len(found)) if number != one)
    return min(others, key=lambda other: (_distance(skill, found[one], found[other]), other))


def _distance(skill: Skill, one: Draft, other: Draft) -> float:
    gaps = [
        max(a.first - b.last, b.first - a.last, 0)
        for edit in one.edits
        for a in hunks(skill, edit.change)
        for against in other.edits
        for b in hunks(skill, against.change)
        if a.path == b.path
    ]
    return min(gaps, default=float("inf"))

"""What a lesson lets an agent do that its base does not, and who approved of that (SG403)."""

from __future__ import annotations

from dataclasses import dataclass

from skillgit.errors import UsageError
from skillgit.provenance.evidence import LessonRecord
from skillgit.provenance.trailers import Approval
from skillgit.review.catalogue import FoundLesson
from skillgit.review.claims import Archive
from skillgit.rules.capabilities import Gain, gained, named


@dataclass(frozen=True, slots=True)
class Question:
    """What a lesson brings in, and the approvals on its commit; both may be empty."""

    gains: tuple[Gain, ...] = ()
    approvals: tuple[Approval, ...] = ()

    @property
    def is_open(self) -> bool:
        """Does it wait for a person?"""
        return bool(self.gains) and not self.approvals

    @property
    def wants(self) -> str:
        """What it brings in, in words."""
        return named(self.gains)

    def __str__(self) -> str:
        if not self.gains:
            return ""
        if self.is_open:
            return f"needs approval: {self.wants}"
        return f"approved by {', '.join(one.by for one in self.approvals)}: {self.wants}"


def gains_of(archive: Archive, record: LessonRecord) -> tuple[Gain, ...] | None:
    """What a lesson brings in; None where its base is not here."""
    try:
        skill = archive.base(record.skill, record.base)
    except UsageError:
        return None
    found = (gain for edit in record.edits for gain in gained(skill, edit.change))
    return tuple(dict.fromkeys(found))


def question(archive: Archive, lesson: FoundLesson) -> Question:
    """Does a lesson wait for a person? Nothing is known without its evidence and its base."""
    gains = gains_of(archive, lesson.record) if lesson.record else None
    return Question(gains or (), lesson.trailers.approvals if lesson.trailers else ())

"""The rounds and lessons of a repository's history, what became of them, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from skillgit.names import Digest, Oid, RoundId
from skillgit.ports import History
from skillgit.provenance.effects import EffectRecord
from skillgit.provenance.evidence import Support
from skillgit.review.catalogue import FoundLesson, KnownRound, read_catalogue
from skillgit.review.claims import Archive
from skillgit.review.costs import Cost, lesson_cost
from skillgit.review.gains import Question, question
from skillgit.review.lessons import LessonState
from skillgit.review.noting import Noted, read_noted
from skillgit.review.states import Standing, standings


@dataclass(frozen=True, slots=True)
class LessonEntry:
    """A lesson, its state, and its cost, which is None where evidence or base are not here."""

    lesson: FoundLesson
    standing: Standing
    cost: Cost | None
    question: Question = field(default_factory=Question)
    """What it brings in that a person must approve of."""
    worth: tuple[EffectRecord, ...] = ()
    """What it was measured to be worth, as notes claim, the latest first."""

    @property
    def commit(self) -> Oid | None:
        """The commit that HEAD has, else one that a branch has."""
        return self.lesson.commit

    @property
    def state(self) -> LessonState:
        """What became of it."""
        return self.standing.state

    @property
    def merged(self) -> bool:
        """Does HEAD have it?"""
        return self.state is LessonState.MERGED

    @property
    def support(self) -> Support | None:
        """As its trailers or its evidence count it; None where neither can be read."""
        told = self.lesson.trailers or self.lesson.record
        return told.support if told else None

    @property
    def patch(self) -> Digest | None:
        """The digest of its change."""
        told = self.lesson.trailers or self.lesson.record
        return told.patch if told else None


@dataclass(frozen=True, slots=True)
class RoundEntry:
    """A round; `branch` is empty where its own is gone, `complete` is false without its evidence.

    Without evidence nobody can tell which lessons were dropped.
    """

    id: RoundId
    skill: str
    base: Oid
    model: str
    branch: str
    lessons: tuple[LessonEntry, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Lore:
    """All rounds, newest first, and the commits whose trailers cannot be read."""

    rounds: tuple[RoundEntry, ...]
    unreadable: tuple[Oid, ...]
    unreadable_notes: Mapping[Oid, str] = field(default_factory=dict)
    """Commits with a note that should tell effects and does not, and why."""


def read_lore(history: History, skill: str | None = None) -> Lore:
    """The rounds of one skill, or of all, that branches, HEAD or evidence refs know."""
    catalogue = read_catalogue(history, skill)
    known, archive = standings(history, catalogue), Archive(history)
    noted = read_noted(history)
    rounds = tuple(_entry(one, known, archive, noted) for one in catalogue.rounds)
    return Lore(rounds, catalogue.unreadable, noted.unreadable)


def _entry(
    known: KnownRound, states: Mapping[Oid, Standing], archive: Archive, noted: Noted
) -> RoundEntry:
    lessons = tuple(
        LessonEntry(
            one,
            states[one.evidence],
            lesson_cost(archive, one.record) if one.record else None,
            question(archive, one),
            noted.of(one),
        )
        for one in known.lessons
    )
    return RoundEntry(
        known.id,
        known.skill,
        known.base,
        known.model,
        known.branch,
        lessons,
        complete=known.record is not None,
    )

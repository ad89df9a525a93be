"""The lessons of a round that can be taken apart: those that stand, as they were recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from skillgit.errors import UsageError
from skillgit.names import RoundId
from skillgit.ports import History
from skillgit.provenance.evidence import LessonRecord
from skillgit.provenance.patch_digest import patch_digest
from skillgit.review.catalogue import FoundLesson, KnownRound, read_catalogue
from skillgit.review.dossier import read_dossier
from skillgit.review.lessons import find_round
from skillgit.types import Skill


@dataclass(frozen=True, slots=True)
class StandingLessons:
    """A round's base and the lessons that a branch or HEAD still has, with their evidence."""

    round: RoundId
    base: Skill
    lessons: tuple[FoundLesson, ...]
    records: tuple[LessonRecord, ...]
    remarks: tuple[str, ...] = ()


def standing_lessons(history: History, name: str, tasks: Sequence[str] = ()) -> StandingLessons:
    """The lessons of the round that a person names; UsageError where none can be taken apart.

    `tasks` are those to measure on: who taught the round says little about it.
    """
    round_id = find_round(history, name)
    known = next(one for one in read_catalogue(history).rounds if one.id == round_id)
    lessons = tuple(one for one in known.lessons if one.commit is not None)
    if not lessons:
        raise UsageError(
            f"taking round {round_id} apart: none of its lessons stands on a branch or in HEAD",
            hint="`skillgit log` tells what became of them; `skillgit keep` puts them back",
        )
    records = tuple(one.record for one in lessons if one.record is not None)
    if len(records) < len(lessons):
        raise UsageError(
            f"taking round {round_id} apart: the evidence of its lessons is not here",
            hint="fetch it with `skillgit evidence fetch`",
        )
    return StandingLessons(
        round_id,
        history.read_skill(known.skill, known.base),
        lessons,
        records,
        (*_gone(known), *_edited(history, lessons, records), *_taught(history, round_id, tasks)),
    )


def _gone(known: KnownRound) -> Iterator[str]:
    gone = [str(one.number) for one in known.lessons if one.commit is None]
    if gone:
        yield f"dropped, and left out: {_named('lesson', gone)}"


def _edited(
    history: History, lessons: Sequence[FoundLesson], records: Sequence[LessonRecord]
) -> Iterator[str]:
    """A lesson is measured as its evidence has it, whatever a person made of its commit."""
    diffs = history.diffs([one.commit for one in lessons if one.commit])
    recorded = {one.commit: record.patch for one, record in zip(lessons, records, strict=True)}
    numbers = {one.commit: one.number for one in lessons}
    edited = [
        str(numbers[commit])
        for commit, diff in diffs.items()
        if patch_digest(diff) != recorded[commit]
    ]
    if edited:
        yield f"changed since it was recorded, measured as recorded: {_named('lesson', edited)}"


def _taught(history: History, round_id: RoundId, tasks: Sequence[str]) -> Iterator[str]:
    dossier = read_dossier(history, round_id)
    taught = {one.task for one in dossier.trajectories.values()} if dossier else set()
    both = [task for task in tasks if task in taught]
    if both:
        yield (
            f"{len(both)} of {len(tasks)} tasks have the name of one that taught this round: if"
            " they are the same, its lessons look better on them than they are"
        )


def _named(word: str, numbers: Iterable[str]) -> str:
    found = list(numbers)
    return f"{word}{'s' * (len(found) > 1)} {', '.join(found)}"

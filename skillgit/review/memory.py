"""What reviewers did not want, found from Git alone: the next round heeds it.

A lesson is unwanted where somebody refused it (`drop`, `revert`), where HEAD took it out again, or
where its round was reviewed without it: HEAD has others of the round, or the branch of the round
still has others. That a branch is gone says nothing: in a clone without branches all are.
It is wanted again once HEAD has a lesson of a later round that brings it back or says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from skillgit.names import Digest, EditId, Oid, RoundId, TrajectoryId
from skillgit.ports import History, Signature
from skillgit.provenance.evidence import Refusal, Returned
from skillgit.review.catalogue import Catalogue, FoundLesson, KnownRound, read_catalogue
from skillgit.review.lessons import LessonState
from skillgit.review.refusals import read_refusals, refusal
from skillgit.review.standing_lines import Lines
from skillgit.review.states import Standing, standings
from skillgit.types import Edit

LEFT_OUT = "left out when its round was merged"
TAKEN_OFF = "taken off the branch of its round"
_IN_HEAD = {LessonState.MERGED, LessonState.REVERTED}
_GONE = {LessonState.DROPPED, LessonState.REVERTED}


@dataclass(frozen=True, slots=True)
class Unwanted:
    """A lesson that people did not want, and the trajectories that its round had read."""

    patch: Digest
    refusal: Refusal
    seen: frozenset[TrajectoryId] | None = None
    """None where nobody can tell: then nothing is new to it."""


@dataclass(frozen=True, slots=True)
class Anew:
    """What teaches an unwanted lesson again that it had not seen: runs, and the tasks of these."""

    runs: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Memory:
    """The unwanted lessons of a skill, and what brings one of them back."""

    unwanted: tuple[Unwanted, ...] = ()
    need: int = 0
    """Tasks with new runs that are enough; with 0 nothing is."""
    tasks: Mapping[TrajectoryId, str] = field(default_factory=dict)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """As merges are shown them."""
        return tuple(one.refusal for one in self.unwanted)

    def anew(self, one: Unwanted, sources: Iterable[TrajectoryId]) -> Anew:
        """How much of these sources is new to an unwanted lesson.

        Several runs of one task count once: a seed more is no second opinion.
        """
        new = set() if one.seen is None else set(sources) - one.seen
        return Anew(len(new), len({self.tasks.get(source) or source for source in new}))

    def returns(self, one: Unwanted, sources: Iterable[TrajectoryId]) -> bool:
        """Is the new support enough?"""
        return 0 < self.need <= self.anew(one, sources).tasks

    def without(self, those: Iterable[Unwanted]) -> Memory:
        """The same without some of them."""
        gone = {one.patch for one in those}
        kept = tuple(one for one in self.unwanted if one.patch not in gone)
        return replace(self, unwanted=kept)


def read_unwanted(history: History, root: str) -> tuple[Unwanted, ...]:
    """The unwanted lessons of one skill, in an order that does not depend on how they are kept."""
    found = {name: one for name, one in read_refusals(history).items() if one.skill == root}
    catalogue = read_catalogue(history, root)
    known = standings(history, catalogue) if catalogue.rounds else {}
    for lesson, reason, when in _without_a_word(history, catalogue, known):
        name, told = refusal(lesson, reason, Signature("", "", when))
        found.setdefault(name, told)
    wanted = _wanted_again(catalogue, known)
    unwanted = (
        Unwanted(name, one, _seen(catalogue, name, one))
        for name, one in found.items()
        if all(wanted.get(key, "") <= one.round for key in (name, *one.words))
    )
    return tuple(
        sorted(unwanted, key=lambda one: (one.refusal.when, one.refusal.title, one.refusal.words))
    )


def _without_a_word(
    history: History, catalogue: Catalogue, known: Mapping[Oid, Standing]
) -> Iterator[tuple[FoundLesson, str, int]]:
    """Lessons that reviewers left out or took out without telling skillgit, with what they did."""
    lines = Lines(history, catalogue)
    tips = history.refs("refs/heads", "refs/remotes")
    # The lessons of a round that was put on another base are those of the round there.
    rebased = {one.record.rebased_from for one in catalogue.rounds if one.record}
    for this in catalogue.rounds:
        states = {known[lesson.evidence].state for lesson in this.lessons}
        branch = this.branch if LessonState.OPEN in states else ""
        when = this.record.started if this.record else 0
        for lesson in this.lessons if this.id not in rebased else ():
            standing, record = known[lesson.evidence], lesson.record
            if record is None or standing.state not in _GONE:
                continue
            if standing.state is LessonState.REVERTED:
                yield lesson, f"reverted {standing.how}", when
            elif states & _IN_HEAD:
                yield lesson, LEFT_OUT, when
            elif branch and not lines.stand(record, tips[branch]):
                yield lesson, TAKEN_OFF, when


def _wanted_again(catalogue: Catalogue, known: Mapping[Oid, Standing]) -> Mapping[str, RoundId]:
    """What lessons in HEAD bring back, by its patch, and what they say; with their newest round."""
    wanted: dict[str, RoundId] = {}
    for this in reversed(catalogue.rounds):
        for lesson in this.lessons:
            if lesson.record and known[lesson.evidence].state is LessonState.MERGED:
                _, told = refusal(lesson, "", Signature("", "", 0))
                names = (*told.words, *(one.patch for one in lesson.record.returned))
                wanted |= dict.fromkeys(names, this.id)
    return wanted


def _seen(catalogue: Catalogue, patch: Digest, unwanted: Refusal) -> frozenset[TrajectoryId] | None:
    """What the rounds had read that proposed the lesson, be it the same or in the same words."""
    seen: set[TrajectoryId] = set()
    is_known = False
    for this in catalogue.rounds:
        for lesson in this.lessons:
            if lesson.evidence == unwanted.evidence or _says(lesson, patch, unwanted):
                is_known = is_known or lesson.record is not None
                seen.update(_read_by(this, lesson))
    return frozenset(seen) if is_known else None


def _says(lesson: FoundLesson, patch: Digest, unwanted: Refusal) -> bool:
    told = lesson.record or lesson.trailers
    if told is None:
        return False
    _, said = refusal(lesson, "", Signature("", "", 0))
    return told.patch == patch or bool(said.words and said.words == unwanted.words)


def _read_by(this: KnownRound, lesson: FoundLesson) -> Iterator[TrajectoryId]:
    yield from this.record.analysed if this.record else ()
    told = lesson.record or lesson.trailers
    yield from (source.trajectory for source in told.sources) if told else ()


def returned_with(
    edits: Iterable[Edit], returned: Mapping[EditId, Sequence[Returned]]
) -> tuple[Returned, ...]:
    """What comes back with a lesson, each once: as the edit tells it that most runs teach."""
    found = (one for edit in edits for one in returned.get(edit.id, ()))
    return tuple({one.patch: one for one in sorted(found, key=lambda one: one.runs)}.values())

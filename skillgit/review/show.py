"""Everything about one lesson: what it changes, who taught it, and the way it came."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from skillgit.errors import UsageError
from skillgit.names import Digest, EditId
from skillgit.ports import Commit, History
from skillgit.provenance.effects import EffectRecord
from skillgit.provenance.evidence import LessonRecord, Source, TrajectoryRecord
from skillgit.provenance.patch_digest import patch_digest
from skillgit.review.catalogue import FoundLesson
from skillgit.review.claims import FETCH, Archive
from skillgit.review.costs import Cost, lesson_cost
from skillgit.review.dossier import Dossier, read_dossier
from skillgit.review.gains import Question, question
from skillgit.review.lessons import find_lesson
from skillgit.review.noting import read_noted
from skillgit.review.replay import tree_of
from skillgit.review.states import Standing, standing_of
from skillgit.types import Cause, Edit, Fate, Memory, Patch, Proof, Quote


@dataclass(frozen=True, slots=True)
class Teacher:
    """A source trajectory: how it ended, what it is quoted with, and what its analyst made of it.

    `edits` are those of its edits that went into the lesson, as the analyst proposed them.
    """

    source: Source
    record: TrajectoryRecord | None
    quotes: tuple[Quote, ...]
    edits: tuple[Edit, ...] = ()
    causes: tuple[Cause, ...] = ()
    memories: tuple[Memory, ...] = ()
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One stop on the way: `parts` became `into`. `level` 0 is before the tree of merges.

    `how` is `program`, `model`, or `fallback: <reason>`; `into` is None where the evidence keeps
    no more than that these parts were joined into the lesson.
    """

    level: int
    node: int
    how: str
    parts: tuple[EditId, ...]
    into: EditId | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """A lesson with all that is known of it; `remarks` say what is not, and why."""

    lesson: FoundLesson
    standing: Standing
    diff: bytes
    diff_of: str
    """`commit`, or `evidence` where it was rebuilt from edits and base; empty without a diff."""
    cost: Cost | None = None
    teachers: tuple[Teacher, ...] = ()
    steps: tuple[Step, ...] = ()
    remarks: tuple[str, ...] = ()
    question: Question = field(default_factory=Question)
    worth: tuple[EffectRecord, ...] = ()
    """What it was measured to be worth, as notes claim, the latest first."""


def tell(history: History, name: str) -> Story:
    """The story of the lesson that a person names; UsageError where there is no such lesson."""
    lesson = find_lesson(history, name)
    standing = standing_of(history, lesson)
    diff, diff_of, why_none = _diff(history, lesson)
    remarks = [why_none] if why_none else []
    worth = read_noted(history).of(lesson)
    record = lesson.record
    if record is None:
        remarks.append(f"its evidence {lesson.evidence[:12]} is not here or no use; {FETCH}")
        return Story(lesson, standing, diff, diff_of, remarks=tuple(remarks), worth=worth)
    dossier = read_dossier(history, lesson.round)
    if dossier is None:
        remarks.append(f"the other evidence of round {lesson.round} is not here; {FETCH}")
    else:
        remarks += dossier.problems
    return Story(
        lesson,
        standing,
        diff,
        diff_of,
        cost=lesson_cost(Archive(history), record),
        question=question(Archive(history), lesson),
        teachers=tuple(_teacher(one, record, dossier) for one in record.sources),
        steps=tuple(steps(record, dossier)) if dossier else (),
        remarks=tuple(remarks),
        worth=worth,
    )


def _diff(history: History, lesson: FoundLesson) -> tuple[bytes, str, str]:
    """The diff, where it is from, and why there is none; a commit counts only if unchanged."""
    told = lesson.record or lesson.trailers
    commit = _unchanged(history, lesson, told.patch) if told else None
    if commit is not None:
        return history.diff(commit.parents[0], commit.id), "commit", ""
    if lesson.record is None:
        return b"", "", "its commit was changed, and its evidence is not here to tell its diff"
    try:
        skill = history.read_skill(lesson.record.skill, lesson.record.base)
        changes = [edit.change for edit in lesson.record.edits]
        with history.scratch() as scratch:
            return scratch.diff(skill.commit, tree_of(scratch, skill, changes)), "evidence", ""
    except (UsageError, ValueError) as unfit:
        return b"", "", f"its diff cannot be rebuilt from the evidence: {unfit}"


def _unchanged(history: History, lesson: FoundLesson, patch: Digest) -> Commit | None:
    """A commit of the lesson that still makes the recorded change and no other."""
    for oid in dict.fromkeys(filter(None, (lesson.commit, *lesson.copies))):
        [commit] = (one for one in history.commits(f"{oid}^!") if one.id == oid)
        if len(commit.parents) == 1:
            diff = history.diff(commit.parents[0], commit.id)
            if patch_digest(diff) == patch:
                return commit
    return None


def _teacher(source: Source, record: LessonRecord, dossier: Dossier | None) -> Teacher:
    found = dossier.patches.get(source.trajectory) if dossier else None
    patch = found or Patch(source.trajectory, ())
    inside = _inside(record)
    own = tuple(edit for edit in patch.edits if edit.id in inside)
    quotes = [
        quote
        for edit in (*record.edits, *own)
        for quote in edit.quotes
        if quote.trajectory == source.trajectory
    ]
    return Teacher(
        source,
        dossier.trajectories.get(source.trajectory) if dossier else None,
        tuple(sorted(dict.fromkeys(quotes), key=lambda one: (one.step, one.lines))),
        own,
        patch.causes,
        patch.memories,
        patch.proof,
    )


def _inside(record: LessonRecord) -> frozenset[EditId]:
    """All edits that the lesson is made of, its own and those that went into them."""
    own = {edit.id for edit in record.edits}
    return frozenset(own.union(*record.merged.values()))


def steps(record: LessonRecord, dossier: Dossier) -> tuple[Step, ...]:
    """The merges that the lesson came through, from the bottom of the tree upwards.

    First what was joined before the tree: the evidence keeps who took part, not who led.
    """
    inside, seen = _inside(record), set[EditId]()
    merges: list[Step] = []
    for one in dossier.merges:
        joined: defaultdict[EditId, list[Fate]] = defaultdict(list)
        for fate in one.fates:
            if fate.into in inside and fate.edit in inside and fate.into is not None:
                joined[fate.into].append(fate)
                seen.add(fate.edit)
        for into, fates in sorted(joined.items()):
            parts = tuple(sorted(fate.edit for fate in fates))
            reason = next(filter(None, (fate.reason for fate in fates)), "")
            merges.append(Step(one.level, one.node, one.how, parts, into, reason))
    before = frozenset[EditId]().union(*record.merged.values()) - seen
    reason = "the same lesson, by its proof or its wording"
    first = [Step(0, 0, "program", tuple(sorted(before)), None, reason)] if before else []
    return (*first, *merges)

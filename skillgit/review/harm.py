"""Lessons that were measured to hurt, or are said to: what the skill is without them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from skillgit.errors import SkillgitError
from skillgit.names import Oid, SkillPath
from skillgit.ports import Keeper
from skillgit.provenance.effects import EffectRecord
from skillgit.review.catalogue import FoundLesson, read_catalogue
from skillgit.review.chain import standings_of
from skillgit.review.lessons import LessonState
from skillgit.review.noting import read_noted
from skillgit.review.reverting import merged_as, tree_without
from skillgit.types import Skill, Worth


@dataclass(frozen=True, slots=True)
class Harmful:
    """A lesson, why it is called harmful, and the files of the skill without it."""

    lesson: FoundLesson
    reason: str
    files: dict[SkillPath, bytes]
    problem: str = ""
    """Why it cannot be taken out; the files mean nothing then."""


def measured_harm(repo: Keeper, root: str) -> tuple[tuple[FoundLesson, str], ...]:
    """The lessons in HEAD that the latest measurement of each kind finds to hurt, and its figures.

    One that helps by another measurement is left to people.
    """
    noted = read_noted(repo)
    lessons = read_catalogue(repo, root).lessons if noted.effects else ()
    told = [(one, noted.of(one)) for one in lessons]
    found = [(one, worst) for one, records in told if (worst := _worst(records)) is not None]
    standing = standings_of(repo, [one for one, _ in found]) if found else {}
    return tuple(
        (one, _figures(record))
        for one, record in found
        if standing[one.evidence].state is LessonState.MERGED
    )


def _worst(records: Sequence[EffectRecord]) -> EffectRecord | None:
    worths = {one.effect.worth for one in records}
    if Worth.HURTS not in worths or Worth.HELPS in worths:
        return None
    return next(one for one in records if one.effect.worth is Worth.HURTS)


def _figures(record: EffectRecord) -> str:
    effect = record.effect
    return (
        f"skillgit ablate measured that it changes the success rate by {100 * effect.estimate:+.1f}"
        f" points ({100 * effect.confidence:.0f} % interval {100 * effect.low:+.1f} to"
        f" {100 * effect.high:+.1f}, {effect.method}, {effect.pairs} pairs of runs on"
        f" {effect.tasks} tasks, {record.model})"
    )


def without(
    repo: Keeper, skill: Skill, lessons: Iterable[tuple[FoundLesson, str]]
) -> tuple[Harmful, ...]:
    """The skill at its commit without each of these lessons alone; nothing is kept of the trial."""
    once = {one.evidence: (one, reason) for one, reason in lessons}
    standing = standings_of(repo, [one for one, _ in once.values()]) if once else {}
    done: list[Harmful] = []
    with repo.scratch() as scratch:
        for one, reason in once.values():
            try:
                commit = merged_as(scratch, one, standing[one.evidence])
                tree = tree_without(scratch, one, commit, skill.commit)
                files = _files(scratch, skill, tree)
            except SkillgitError as problem:
                done.append(Harmful(one, reason, {}, problem.message))
            else:
                done.append(Harmful(one, reason, files))
    return tuple(done)


def _files(repo: Keeper, skill: Skill, tree: Oid) -> dict[SkillPath, bytes]:
    who = repo.author(0)
    commit = repo.write_commit(tree, [skill.commit], "without a lesson\n", who)
    return dict(repo.read_skill(skill.root, commit).files)

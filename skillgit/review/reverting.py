"""Lessons taken out of merged history: one revert commit each, on a branch of its own.

The branch begins at HEAD, so bringing it in is a fast-forward; HEAD itself is the user's.
"""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from skillgit.errors import FindingsError, UsageError
from skillgit.names import Oid
from skillgit.ports import Commit, Keeper, Merged, RefMove, Signature
from skillgit.provenance.patch_digest import patch_digest
from skillgit.provenance.trailers import plain
from skillgit.review.catalogue import FoundLesson
from skillgit.review.chain import evidence_of, standings_of
from skillgit.review.claims import FETCH
from skillgit.review.lessons import LessonState
from skillgit.review.refusals import Decision, decide, refusal
from skillgit.review.replay import tree_of
from skillgit.review.states import Standing


@dataclass(frozen=True, slots=True)
class RevertCommit:
    """The revert of one lesson; `reverted` is None where a squash holds it, with other things."""

    lesson: FoundLesson
    reverted: Oid | None
    commit: Oid


@dataclass(frozen=True, slots=True)
class Reverted:
    """The branch that takes lessons out again; it grows from `head`."""

    branch: str
    head: Oid
    commits: tuple[RevertCommit, ...]


def revert(
    repo: Keeper,
    lessons: Sequence[FoundLesson],
    reason: str,
    who: Signature,
    prefix: str = "skillgit",
    *,
    dry_run: bool = False,
) -> Reverted:
    """Make a branch from HEAD with one revert commit for each lesson, and refuse the lessons.

    UsageError for a lesson that HEAD has not; FindingsError, with the paths, where later changes
    conflict: then nothing is written.
    """
    head = repo.resolve("HEAD")
    once = tuple({lesson.evidence: lesson for lesson in lessons}.values())
    found = standings_of(repo, once)
    merged = [merged_as(repo, lesson, found[lesson.evidence]) for lesson in once]
    done: list[RevertCommit] = []
    tip = head
    for lesson, commit in zip(once, merged, strict=True):
        tree = tree_without(repo, lesson, commit, tip)
        tip = repo.write_commit(tree, [tip], _message(lesson, commit, reason), who)
        done.append(RevertCommit(lesson, commit.id if commit else None, tip))
    branch = _free_name(repo, prefix, head, once)
    if not dry_run:
        refused = dict(refusal(lesson, reason, who) for lesson in once)
        move = RefMove(f"refs/heads/{branch}", tip, None)
        why = f"skillgit: revert {len(once)} lesson{'' if len(once) == 1 else 's'}"
        decide(repo, Decision(refused=refused), who, [move], why)
    return Reverted(branch, head, tuple(done))


def merged_as(repo: Keeper, lesson: FoundLesson, standing: Standing) -> Commit | None:
    """The commit of HEAD that is the lesson; None where a squash brought it with other things.

    UsageError where HEAD has not got it.
    """
    if standing.state is LessonState.MERGED:
        name = standing.commit
        found = repo.commits(f"{name}^!") if name else ()
        return next((one for one in found if one.id == name and _is_it(repo, one, lesson)), None)
    was = f"it was reverted already, {standing.how}"
    raise UsageError(
        f"reverting the lesson {lesson.title!r}: "
        + (was if standing.state is LessonState.REVERTED else "HEAD has not got it"),
        hint=f"a lesson that is not merged is dropped: skillgit drop {lesson.name}"
        if standing.state is LessonState.OPEN
        else "`skillgit log` shows what became of each lesson",
    )


def _is_it(repo: Keeper, commit: Commit, lesson: FoundLesson) -> bool:
    """Is a commit this lesson and nothing else?"""
    told = lesson.record or lesson.trailers
    if told is None or len(commit.parents) != 1:
        return False
    if evidence_of(commit) == lesson.evidence:
        return True
    return patch_digest(repo.diff(commit.parents[0], commit.id)) == told.patch


def tree_without(repo: Keeper, lesson: FoundLesson, commit: Commit | None, tip: Oid) -> Oid:
    """The tree of `tip` without what the lesson did; FindingsError where that conflicts."""
    if commit is not None:
        merged = repo.merge_trees(commit.id, tip, commit.parents[0])
    else:
        merged = _from_evidence(repo, lesson, tip)
    if merged.conflicts:
        raise FindingsError(
            f"reverting the lesson {lesson.title!r}: what came later changes the same lines of "
            f"{', '.join(merged.conflicts)}",
            hint="nothing was written; take the lesson out of the text by hand, and commit that",
        )
    if not repo.changed_paths(tip, merged.tree):
        raise UsageError(
            f"reverting the lesson {lesson.title!r}: nothing is left of it, nothing would change",
            hint="`skillgit log` shows what became of each lesson",
        )
    return merged.tree


def _from_evidence(repo: Keeper, lesson: FoundLesson, tip: Oid) -> Merged:
    """A squash merge leaves no commit of the lesson; what it changed of the base is known still."""
    record = lesson.record
    if record is None:
        raise FindingsError(
            f"reverting the lesson {lesson.title!r}: HEAD has no commit of it, and its evidence "
            "is not here",
            hint=FETCH,
        )
    try:
        skill = repo.read_skill(record.skill, record.base)
        alone = tree_of(repo, skill, [edit.change for edit in record.edits])
    except ValueError as unfit:
        raise FindingsError(
            f"reverting the lesson {lesson.title!r}: its edits do not fit its base: {unfit}",
            hint="`skillgit check --range` says what is wrong with its evidence",
        ) from unfit
    return repo.merge_trees(alone, tip, record.base)


def _message(lesson: FoundLesson, commit: Commit | None, reason: str) -> str:
    """As `git revert` words it, so that everyone who reads histories understands it."""
    subject = plain(lesson.title)
    said = f"This takes lesson {lesson.name} out, which was squashed with other changes."
    if commit is not None:
        subject = plain(commit.message.partition("\n")[0])
        said = f"This reverts commit {commit.id}."
    told = textwrap.wrap(f"Reason: {plain(reason)}", 72, subsequent_indent="  ")
    return "\n".join(
        [f'Revert "{subject}"', "", said, *(["", *told] if reason.strip() else []), ""]
    )


def _free_name(repo: Keeper, prefix: str, head: Oid, lessons: Sequence[FoundLesson]) -> str:
    """Named after what is reverted from where; the same request again gets the next number."""
    asked = " ".join([head, *sorted(lesson.evidence for lesson in lessons)])
    name = f"{prefix.strip('/')}/revert-{hashlib.sha256(asked.encode()).hexdigest()[:8]}"
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(one for one in names if repo.read_ref(f"refs/heads/{one}") is None)

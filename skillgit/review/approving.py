"""A person takes what lessons bring in upon themselves: a trailer on the commit of each (SG403).

Only messages change, so trees, digests and evidence stay what they are; later commits get other
ids and nothing else. As with `drop`, HEAD, index and work tree are not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skillgit.errors import FindingsError, UsageError
from skillgit.names import Oid, RoundId
from skillgit.ports import Commit, Keeper, RefMove, Signature
from skillgit.provenance.trailers import Approval, Trailers, approved, parse
from skillgit.review.catalogue import FoundLesson
from skillgit.review.chain import RoundBranch, must_be_free, round_branch, standings_of
from skillgit.review.claims import FETCH, Archive
from skillgit.review.gains import gains_of
from skillgit.review.lessons import LessonState
from skillgit.rules.capabilities import Gain


@dataclass(frozen=True, slots=True)
class Approved:
    """What was approved on the branch of one round: each lesson, and what it brings in."""

    round: RoundId
    branch: str
    old: Oid
    tip: Oid
    lessons: tuple[tuple[FoundLesson, tuple[Gain, ...]], ...]


def approve(
    repo: Keeper,
    lessons: Sequence[FoundLesson],
    reason: str,
    who: Signature,
    *,
    dry_run: bool = False,
) -> tuple[Approved, ...]:
    """Write the approval of `who` on the commits of these lessons, on the branches of their rounds.

    UsageError for a lesson that brings nothing in, that its branch does not have, or whose branch
    is checked out. Who approved before is not written twice.
    """
    if not who.name.strip() or not who.email.strip():
        raise UsageError(
            "approving a lesson: Git does not know who you are",
            hint="tell it: git config user.name NAME; git config user.email ADDRESS",
        )
    archive = Archive(repo)
    once = {lesson.evidence: lesson for lesson in lessons}.values()
    rounds = dict.fromkeys(lesson.round for lesson in once)
    approval = Approval(f"{_safe(who.name)} <{_safe(who.email)}>", reason)
    done = [
        _approved(repo, archive, [one for one in once if one.round == each], approval)
        for each in rounds
    ]
    moves = [RefMove(f"refs/heads/{one.branch}", one.tip, one.old) for one in done]
    moves = [move for move in moves if move.new != move.expected]
    if moves and not dry_run:
        repo.move_refs(moves, f"skillgit: approve {len(once)} lesson(s)")
    return tuple(done)


def _safe(text: str) -> str:
    return " ".join(text.translate({ord("<"): " ", ord(">"): " "}).split())


def _approved(
    repo: Keeper, archive: Archive, lessons: Sequence[FoundLesson], approval: Approval
) -> Approved:
    told = lessons[0].record or lessons[0].trailers
    branch = round_branch(repo, lessons[0].round, told.base) if told else None
    gains = tuple((lesson, _asked_for(archive, lesson)) for lesson in lessons)
    for lesson in lessons:
        if branch is None or lesson.evidence not in branch.lessons:
            raise _not_there(repo, lesson)
    if branch is None:  # said above, lesson by lesson
        raise _not_there(repo, lessons[0])
    must_be_free(repo, branch, "approve")
    tip = _reworded(repo, branch, {branch.lessons[one.evidence].id for one in lessons}, approval)
    return Approved(lessons[0].round, branch.name, branch.tip, tip, gains)


def _asked_for(archive: Archive, lesson: FoundLesson) -> tuple[Gain, ...]:
    gains = gains_of(archive, lesson.record) if lesson.record else None
    if gains is None:
        raise FindingsError(
            f"approving the lesson {lesson.title!r}: its evidence or its base is not here, so "
            "nobody can say what it brings in",
            hint=FETCH,
        )
    if not gains:
        raise UsageError(
            f"approving the lesson {lesson.title!r}: it needs no approval",
            hint="only what SG403 names does: `skillgit rule SG403`",
        )
    return gains


def _not_there(repo: Keeper, lesson: FoundLesson) -> UsageError:
    merged = standings_of(repo, [lesson])[lesson.evidence].state is LessonState.MERGED
    return UsageError(
        f"approving the lesson {lesson.title!r}: the branch of its round does not have it"
        f"{', HEAD has it already' if merged else ''}",
        hint=f"look at it with: skillgit show {lesson.name}"
        if merged
        else f"put it back with: skillgit keep {lesson.name}",
    )


def _reworded(repo: Keeper, branch: RoundBranch, wanted: set[Oid], approval: Approval) -> Oid:
    tip = branch.start
    for commit in branch.commits:
        new = commit.id in wanted and approval.by not in _approvers(commit)
        message = approved(commit.message, approval) if new else None
        tip = repo.rewritten(commit.id, None, tip, message)
    return tip


def _approvers(commit: Commit) -> set[str]:
    told = parse(commit.message)
    return {one.by for one in told.approvals} if isinstance(told, Trailers) else set()

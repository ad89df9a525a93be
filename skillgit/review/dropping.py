"""Taking lessons off the branch of their round, and putting them back.

Objects are written, then the branch and the refusals move together or not at all. HEAD, index and
work tree are not touched, so a branch that is checked out somewhere is not moved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from skillgit.errors import FindingsError, UsageError
from skillgit.names import Digest, Oid, RoundId
from skillgit.ports import Commit, Keeper, RefMove, Signature
from skillgit.review.catalogue import FoundLesson
from skillgit.review.chain import (
    Replayed,
    RoundBranch,
    must_be_free,
    replay,
    round_branch,
    standings_of,
)
from skillgit.review.claims import FETCH
from skillgit.review.dossier import Dossier, read_dossier
from skillgit.review.lessons import LessonState
from skillgit.review.rebuilding import Rebuilder
from skillgit.review.refusals import Decision, decide, read_refusals, refusal
from skillgit.review.states import Standing


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of the branch of one round; `branch` is empty where it has none here."""

    round: RoundId
    lessons: tuple[FoundLesson, ...]
    """Those that were asked for."""
    moved: tuple[FoundLesson, ...]
    """Those of them that the branch lost, or has again."""
    branch: str = ""
    old: Oid | None = None
    tip: Oid | None = None
    left: int = 0
    """How many lessons it has now."""
    emptied: tuple[Commit, ...] = ()
    """Commits of people that would change nothing any more and were left out."""


def drop(
    repo: Keeper,
    lessons: Sequence[FoundLesson],
    reason: str,
    who: Signature,
    *,
    dry_run: bool = False,
) -> tuple[Rebuilt, ...]:
    """Rebuild the branches without these lessons, and refuse them.

    A lesson that its branch does not have is refused all the same. UsageError for one that is
    merged or whose branch is checked out, FindingsError where a commit of a person builds on it.
    """
    known = standings_of(repo, lessons)
    done = [_without(repo, round_id, those, known) for round_id, those in _by_round(lessons)]
    if not dry_run:
        refused = dict(refusal(lesson, reason, who) for lesson in lessons)
        why = f"drop {_counted(len(refused))}"
        decide(repo, Decision(refused=refused), who, _moves(done), f"skillgit: {why}")
    return tuple(done)


def keep(
    repo: Keeper, lessons: Sequence[FoundLesson], who: Signature, *, dry_run: bool = False
) -> tuple[Rebuilt, ...]:
    """Put lessons back on the branches of their rounds, and withdraw their refusals.

    They come back from the evidence, byte for byte, at their place among the others: on a branch
    of lessons alone all commits have their old ids again. UsageError where nothing was dropped.
    """
    in_head = {LessonState.MERGED, LessonState.REVERTED}
    merged = {blob for blob, one in standings_of(repo, lessons).items() if one.state in in_head}
    refused = read_refusals(repo)
    for lesson in lessons:
        _must_be_unwanted(repo, lesson, merged, refused)
    done = [_with(repo, round_id, those, merged) for round_id, those in _by_round(lessons)]
    if not dry_run:
        withdrawn = frozenset(name for lesson in lessons if (name := patch_of(lesson)))
        why = f"skillgit: keep {_counted(len(lessons))}"
        decide(repo, Decision(withdrawn=withdrawn), who, _moves(done), why)
    return tuple(done)


def patch_of(lesson: FoundLesson) -> Digest | None:
    """The digest of its change, by which a refusal names it."""
    told = lesson.record or lesson.trailers
    return told.patch if told else None


def _by_round(
    lessons: Sequence[FoundLesson],
) -> list[tuple[RoundId, tuple[FoundLesson, ...]]]:
    once = {lesson.evidence: lesson for lesson in lessons}.values()
    rounds = dict.fromkeys(lesson.round for lesson in once)
    return [(name, tuple(one for one in once if one.round == name)) for name in rounds]


def _moves(done: Sequence[Rebuilt]) -> list[RefMove]:
    return [
        RefMove(f"refs/heads/{one.branch}", one.tip, one.old)
        for one in done
        if one.tip is not None and one.tip != one.old
    ]


def _counted(count: int) -> str:
    return f"{count} lesson{'' if count == 1 else 's'}"


def _branch(repo: Keeper, round_id: RoundId, lesson: FoundLesson) -> RoundBranch | None:
    told = lesson.record or lesson.trailers
    return round_branch(repo, round_id, told.base) if told else None


# ------------------------------------------------------------------ dropping


def _without(
    repo: Keeper,
    round_id: RoundId,
    lessons: tuple[FoundLesson, ...],
    known: Mapping[Oid, Standing],
) -> Rebuilt:
    branch = _branch(repo, round_id, lessons[0])
    there = {} if branch is None else branch.lessons
    gone = {there[one.evidence].id for one in lessons if one.evidence in there}
    if branch is not None and gone:
        must_be_free(repo, branch, "drop")
    for lesson in lessons:
        _must_not_be_merged(lesson, known[lesson.evidence])
        _must_be_reachable(repo, branch, lesson)
    if branch is None:
        return Rebuilt(round_id, lessons, ())
    replayed = _replayed_without(repo, branch, gone)
    moved = tuple(one for one in lessons if one.evidence in there)
    return Rebuilt(
        round_id,
        lessons,
        moved,
        branch.name,
        branch.tip,
        replayed.tip,
        len(there) - len(moved),
        replayed.emptied,
    )


def _must_not_be_merged(lesson: FoundLesson, standing: Standing) -> None:
    if standing.state is LessonState.MERGED:
        how = standing.how or (f"as {standing.commit[:12]}" if standing.commit else "")
        raise UsageError(
            f"dropping the lesson {lesson.title!r}: HEAD has it already, {how}",
            hint=f"take it out of merged history with: skillgit revert {lesson.name}",
        )


def _must_be_reachable(repo: Keeper, branch: RoundBranch | None, lesson: FoundLesson) -> None:
    """A lesson below a merge commit would need that merge to be made again."""
    if branch is None or branch.merge is None or lesson.evidence in branch.lessons:
        return
    if not repo.commits(branch.merge.id, containing=lesson.evidence):
        return
    raise FindingsError(
        f"dropping the lesson {lesson.title!r}: {branch.name} holds a merge "
        f"({branch.merge.id[:12]}), and what lies below a merge is not rebuilt",
        hint="revert it on the branch: git revert COMMIT",
    )


def _replayed_without(repo: Keeper, branch: RoundBranch, gone: set[Oid]) -> Replayed:
    if not gone:
        return Replayed(branch.tip)
    first = next(n for n, one in enumerate(branch.commits) if one.id in gone)
    rest = [one for one in branch.commits[first:] if one.id not in gone]
    return replay(repo, rest, branch.commits[first].parents[0])


# ------------------------------------------------------------------ keeping


def _must_be_unwanted(
    repo: Keeper, lesson: FoundLesson, merged: Collection[Oid], refused: Mapping[Digest, object]
) -> None:
    """There must be something to undo: a refusal, or a lesson that its branch lacks."""
    branch = _branch(repo, lesson.round, lesson)
    there = branch is not None and lesson.evidence in branch.lessons
    if (there or lesson.evidence in merged) and patch_of(lesson) not in refused:
        raise UsageError(
            f"keeping the lesson {lesson.title!r}: it is neither dropped nor refused",
            hint="`skillgit log` shows what became of each lesson",
        )


def _with(
    repo: Keeper,
    round_id: RoundId,
    lessons: tuple[FoundLesson, ...],
    merged: Collection[Oid],
) -> Rebuilt:
    branch = _branch(repo, round_id, lessons[0])
    there = {} if branch is None else branch.lessons
    back = [one for one in lessons if one.evidence not in there and one.evidence not in merged]
    if not back or branch is None:
        if back:
            raise _no_branch(round_id)
        return Rebuilt(round_id, lessons, (), *_as_it_is(branch))
    must_be_free(repo, branch, "keep")
    dossier = read_dossier(repo, round_id)
    replayed = _replayed_with(repo, branch, _known(dossier, back), back)
    left = len(there) + len(back)
    return Rebuilt(
        round_id,
        lessons,
        tuple(back),
        branch.name,
        branch.tip,
        replayed.tip,
        left,
        replayed.emptied,
    )


def _as_it_is(branch: RoundBranch | None) -> tuple[str, Oid | None, Oid | None, int]:
    if branch is None:
        return "", None, None, 0
    return branch.name, branch.tip, branch.tip, len(branch.lessons)


def _no_branch(round_id: RoundId) -> UsageError:
    return UsageError(
        f"keeping a lesson of round {round_id}: its branch is not here",
        hint="make it again where the round's base is, or fetch it: "
        f"git branch skillgit/SKILL/{round_id} BASE",
    )


def _known(dossier: Dossier | None, back: Sequence[FoundLesson]) -> Dossier:
    missing = [one for one in back if dossier is None or one.evidence not in dossier.lessons]
    if dossier is None or missing:
        raise FindingsError(
            f"keeping the lesson {missing[0].title!r}: its evidence is not here", hint=FETCH
        )
    return dossier


def _replayed_with(
    repo: Keeper, branch: RoundBranch, dossier: Dossier, back: Sequence[FoundLesson]
) -> Replayed:
    """Each lesson comes back before the first one on the branch that follows it in the round."""
    order = {blob: number for number, blob in enumerate(dossier.lessons)}
    places = {commit.id: order.get(blob, -1) for blob, commit in branch.lessons.items()}
    builder = Rebuilder(repo, dossier)
    rest = list(branch.commits)
    tip = branch.start
    emptied: tuple[Commit, ...] = ()
    for lesson in sorted(back, key=lambda one: order[one.evidence]):
        own = order[lesson.evidence]
        at = next((n for n, one in enumerate(rest) if places.get(one.id, -1) > own), len(rest))
        replayed = replay(repo, rest[:at], tip)
        emptied += replayed.emptied
        tip = builder.commit(lesson.evidence, replayed.tip)
        rest = rest[at:]
    replayed = replay(repo, rest, tip)
    return Replayed(replayed.tip, emptied + replayed.emptied)

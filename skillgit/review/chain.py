"""The commits of a round's branch, and how they are put on another one: what a rebase does.

Objects only. A lesson commutes with the others, so it always fits; a commit of a person between
them is merged three ways, and where that conflicts nothing is rebuilt at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skillgit.errors import FindingsError, UsageError
from skillgit.names import Oid, RoundId
from skillgit.ports import Commit, History, Keeper
from skillgit.provenance.trailers import Malformed, parse, plain
from skillgit.review.catalogue import FoundLesson, read_catalogue
from skillgit.review.states import Standing, standing_of, standings


@dataclass(frozen=True, slots=True)
class RoundBranch:
    """The branch of a round: its full name, and the commits on it since the base.

    `commits` end at the tip. They are those that can be put on another commit: where a merge
    stands between base and tip, only what comes after it.
    """

    ref: str
    tip: Oid
    commits: tuple[Commit, ...]
    merge: Commit | None = None

    @property
    def name(self) -> str:
        """As people write it."""
        return self.ref.removeprefix("refs/heads/")

    @property
    def lessons(self) -> Mapping[Oid, Commit]:
        """The lesson commits by the evidence that they name."""
        return {blob: one for one in self.commits if (blob := evidence_of(one)) is not None}

    @property
    def start(self) -> Oid:
        """The commit below the first of them."""
        return self.commits[0].parents[0] if self.commits else self.tip


def round_branch(history: History, round_id: RoundId, base: Oid) -> RoundBranch | None:
    """The local branch of a round; None where there is none. UsageError where there are two."""
    found = {
        ref: tip for ref, tip in history.refs("refs/heads").items() if ref.endswith(f"/{round_id}")
    }
    if len(found) > 1:
        names = ", ".join(ref.removeprefix("refs/heads/") for ref in sorted(found))
        raise UsageError(
            f"looking for the branch of round {round_id}: {len(found)} are called so: {names}",
            hint="rename or delete the one that you do not review: git branch -m OLD NEW",
        )
    for ref, tip in found.items():
        commits, merge = _straight(history.commits(f"{base}..{tip}"), tip)
        return RoundBranch(ref, tip, commits, merge)
    return None


def must_be_free(repo: Keeper, branch: RoundBranch, verb: str) -> None:
    """UsageError where it is checked out, since a checkout is never touched."""
    if where := repo.in_use(branch.ref):
        raise UsageError(
            f"rebuilding {branch.name}: it is checked out in {where}, and a checkout is never "
            "touched",
            hint=f"go to another branch there (git switch main), then {verb} again",
        )


def _straight(commits: Sequence[Commit], tip: Oid) -> tuple[tuple[Commit, ...], Commit | None]:
    """The commits that stand in a line below the tip, and the merge that ends the line."""
    known = {commit.id: commit for commit in commits}
    line: list[Commit] = []
    at = known.get(tip)
    while at is not None and len(at.parents) == 1:
        line.append(at)
        at = known.get(at.parents[0])
    return tuple(reversed(line)), at if at is not None and at.parents else None


def evidence_of(commit: Commit) -> Oid | None:
    """The evidence that a lesson commit names; None for a commit that is none."""
    trailers = parse(commit.message)
    return None if trailers is None or isinstance(trailers, Malformed) else trailers.evidence


@dataclass(frozen=True, slots=True)
class Replayed:
    """A new tip, and the commits of people that would change nothing any more and were left out."""

    tip: Oid
    emptied: tuple[Commit, ...] = ()


def replay(repo: Keeper, commits: Sequence[Commit], onto: Oid) -> Replayed:
    """The commits on another one, in their order, with their authors, dates and messages.

    FindingsError where one of them conflicts.
    """
    tip, tree = onto, None
    emptied: list[Commit] = []
    for commit in commits:
        parent = commit.parents[0]
        if parent == tip:
            tip, tree = commit.id, None
            continue
        merged = repo.picked(commit.id, parent, tip)
        if merged.conflicts:
            raise _conflict(commit, merged.conflicts)
        same = merged.tree == tree if tree else not repo.changed_paths(tip, merged.tree)
        if same and repo.changed_paths(parent, commit.id):
            emptied.append(commit)
        else:
            tip, tree = repo.rewritten(commit.id, merged.tree, tip), merged.tree
    return Replayed(tip, tuple(emptied))


def _conflict(commit: Commit, paths: Sequence[str]) -> FindingsError:
    subject = plain(commit.message.partition("\n")[0])
    return FindingsError(
        f"rebuilding the branch: commit {commit.id[:12]} ({subject!r}) does not fit without "
        f"conflict in {', '.join(paths)}",
        hint="nothing was changed; it seems to build on the lesson: drop that commit first, or "
        "resolve the conflict yourself with `git rebase -i`",
    )


def standings_of(history: History, lessons: Sequence[FoundLesson]) -> Mapping[Oid, Standing]:
    """What became of some lessons, by their evidence; several are asked about at once."""
    if len(lessons) == 1:
        return {lessons[0].evidence: standing_of(history, lessons[0])}
    known = standings(history, read_catalogue(history))
    return {one.evidence: known.get(one.evidence) or standing_of(history, one) for one in lessons}

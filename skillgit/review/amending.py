"""May a commit that is being made call itself a lesson? What the commit-msg hook asks.

Git does not tell that hook whether the commit amends another. It need not: the staged change is
taken against HEAD and, where HEAD is the same lesson, against HEAD's parent. One of the two must be
the change that `Skillgit-Patch` names.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillgit.errors import UsageError
from skillgit.names import Oid
from skillgit.ports import Commit, History
from skillgit.provenance.patch_digest import patch_digest
from skillgit.provenance.trailers import Malformed, Trailers, parse
from skillgit.review import claims
from skillgit.review.claims import Archive


def objections(history: History, message: str, tree: Oid) -> tuple[str, ...]:
    """Why a commit of `tree` with that message, without comments, may not be made; () = it may.

    A message that claims nothing is a person's, and theirs to write. What the evidence does not
    bear out is told where the evidence is here; a clone without it still tells a changed change.
    """
    trailers = parse(message)
    if trailers is None:
        return ()
    if isinstance(trailers, Malformed):
        return (trailers.reason,)
    return tuple(_untrue(history, message, trailers, tree))


def _untrue(history: History, message: str, trailers: Trailers, tree: Oid) -> Iterator[str]:
    parent = next(
        (one for one in _parents(history, trailers) if _is_named(history, trailers, one, tree)),
        None,
    )
    if parent is None:
        yield "what is staged is not the change that Skillgit-Patch names"
        return
    if _is_merge(history):
        yield "a lesson has one parent, and this commit merges"
    # A commit that is not there yet is named by its tree.
    draft = Commit(tree, (parent,), "", 0, message)
    claim, _ = Archive(history).claim(draft, trailers)
    for _, what in (*claims.support_adds_up(claim), *claims.agrees_with_evidence(claim)):
        yield what


def _is_named(history: History, trailers: Trailers, parent: Oid, tree: Oid) -> bool:
    return patch_digest(history.diff(parent, tree)) == trailers.patch


def _parents(history: History, trailers: Trailers) -> Iterator[Oid]:
    """HEAD, for a new commit; its parent too, where HEAD is this lesson and may be amended."""
    head = _commit(history, "HEAD")
    if head is None:
        return
    yield head.id
    told = parse(head.message)
    if isinstance(told, Trailers) and told.patch == trailers.patch and len(head.parents) == 1:
        yield head.parents[0]


def _commit(history: History, revision: str) -> Commit | None:
    try:
        found = history.commits(f"{history.resolve(revision)}^!")
    except UsageError:  # a repository without a commit
        return None
    return found[-1]


def _is_merge(history: History) -> bool:
    try:
        history.resolve("MERGE_HEAD")
    except UsageError:
        return False
    return True

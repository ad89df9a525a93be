"""Evidence from one repository to another: plain pushes and fetches, told ref by ref.

The evidence of a round is written once, so two repositories that have other evidence under one
name disagree, and a person must look. Refusals, and notes of what lessons are worth, grow on both
sides; a fetch joins them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from skillgit.errors import FindingsError
from skillgit.names import Oid
from skillgit.ports import Keeper, Remote, Signature
from skillgit.review.noting import NOTES, joined_notes
from skillgit.review.refusals import REFUSALS

EVIDENCE = "refs/skillgit/"
_GROWING = (REFUSALS, NOTES)
FETCHED_ALWAYS = "refs/skillgit/rounds/*:refs/skillgit/rounds/*"
"""What `--configure` adds: rounds never change, so `git fetch` cannot fail on them.

The refusals are left out: where both sides have refused something, every `git fetch` would fail.
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """A ref that moved, from where (None = it is new), and to where."""

    ref: str
    old: Oid | None
    new: Oid


def push(repo: Keeper, remote: Remote) -> tuple[Moved, ...]:
    """Send what the remote lacks; what moved there.

    Raises FindingsError, before anything is sent, where the remote has something else.
    """
    mine, theirs = _here(repo), _there(remote)
    for ref in _GROWING:
        if ref in mine and ref in theirs and theirs[ref] != mine[ref]:
            remote.fetch_objects(ref)  # to see which of the two contains the other
    moves = [
        Moved(ref, theirs.get(ref), tip)
        for ref, tip in mine.items()
        if theirs.get(ref) != tip and not _grows(repo, ref, tip, theirs.get(ref))
    ]
    differing = [one for one in moves if one.old and not _grows(repo, one.ref, one.old, one.new)]
    _agree(f"pushing evidence to {remote.name}", differing)
    if moves:
        remote.push([one.ref for one in moves])
    return tuple(moves)


def fetch(repo: Keeper, remote: Remote, who: Callable[[], Signature]) -> tuple[Moved, ...]:
    """Bring what is missing here; what moved here.

    Refusals and notes of both sides are joined in a commit by `who`. Raises FindingsError where
    the two have other evidence under one name; everything else is fetched all the same.
    """
    before, theirs = _here(repo), _there(remote)
    missing = [ref for ref in theirs if ref not in before]
    changed = [ref for ref in theirs if ref in before and theirs[ref] != before[ref]]
    if missing:
        remote.fetch(missing)
    differing = []
    for ref in changed:
        if _grows(repo, ref, theirs[ref], before[ref]):
            continue  # this side knows more
        remote.fetch_objects(ref)
        if _grows(repo, ref, before[ref], theirs[ref]):
            repo.move_ref(ref, theirs[ref], before[ref], f"skillgit: fetched from {remote.name}")
        elif not _joined(repo, ref, (before[ref], theirs[ref]), who):
            differing.append(Moved(ref, before[ref], theirs[ref]))
    _agree(f"fetching evidence from {remote.name}", differing)
    return _moved(before, _here(repo))


def _here(repo: Keeper) -> Mapping[str, Oid]:
    """What is shared: the evidence, the refusals, and the notes."""
    return {**repo.refs(EVIDENCE), **_notes_alone(repo.refs(NOTES))}


def _there(remote: Remote) -> Mapping[str, Oid]:
    return {**remote.refs(EVIDENCE), **_notes_alone(remote.refs(NOTES))}


def _notes_alone(found: Mapping[str, Oid]) -> Mapping[str, Oid]:
    """Asked for a beginning, Git tells other notes too."""
    return {ref: tip for ref, tip in found.items() if ref == NOTES}


def _grows(repo: Keeper, ref: str, older: Oid, newer: Oid | None) -> bool:
    """Is it a ref that may grow, and does one of its tips contain the other?"""
    return ref in _GROWING and newer is not None and repo.is_ancestor(older, newer)


def _agree(doing: str, differing: Sequence[Moved]) -> None:
    if not differing:
        return
    first = differing[0]
    more = f" (and {len(differing) - 1} more)" if len(differing) > 1 else ""
    old = first.old[:12] if first.old else "nothing"
    raise FindingsError(
        f"{doing}: {first.ref} is not the same on both sides, {old} and {first.new[:12]}{more}",
        hint="nothing is ever forced; `skillgit evidence fetch` brings refusals together, and of "
        "two rounds of one name one must go: look at both, and delete a ref with "
        "`git update-ref -d` or `git push REMOTE --delete`",
    )


def _joined(repo: Keeper, ref: str, tips: tuple[Oid, Oid], who: Callable[[], Signature]) -> bool:
    """What grew on both sides as one; False where refusals differ about one lesson."""
    mine, theirs = tips
    if ref == NOTES:
        joined_notes(repo, mine, theirs, who)
        return True
    tree = repo.merge(mine, theirs) if ref == REFUSALS and repo.merges else None
    if tree is None:
        return False
    commit = repo.write_commit(tree, [mine, theirs], "refusals of two repositories\n", who())
    repo.move_ref(REFUSALS, commit, mine, "skillgit: refusals of two repositories")
    return True


def _moved(before: Mapping[str, Oid], after: Mapping[str, Oid]) -> tuple[Moved, ...]:
    return tuple(
        Moved(ref, before.get(ref), tip) for ref, tip in after.items() if before.get(ref) != tip
    )

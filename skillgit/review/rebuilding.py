"""A lesson commit made again from its evidence, byte for byte as the round made it."""

from __future__ import annotations

from skillgit.errors import FindingsError
from skillgit.names import Oid
from skillgit.ports import Keeper, Signature
from skillgit.provenance.evidence import LessonRecord, round_ref
from skillgit.review.dossier import Dossier
from skillgit.review.replay import message_of, tree_of


class Rebuilder:
    """Makes the lesson commits of one round."""

    def __init__(self, repo: Keeper, dossier: Dossier) -> None:
        told = dossier.round
        self._repo = repo
        self._dossier = dossier
        self._skill = repo.read_skill(told.skill, told.base)
        self._who = _recorder(repo, round_ref(told.round))

    def commit(self, evidence: Oid, parent: Oid) -> Oid:
        """The lesson on another commit; FindingsError where it conflicts there."""
        claim = self._dossier.lessons[evidence]
        told = self._dossier.round
        try:
            alone = tree_of(self._repo, self._skill, [edit.change for edit in claim.edits])
        except ValueError as unfit:
            raise _unfit(claim, str(unfit)) from unfit
        merged = self._repo.merge_trees(told.base, parent, alone)
        if merged.conflicts:
            raise _unfit(claim, f"it conflicts in {', '.join(merged.conflicts)}")
        message = message_of(claim, self._skill, told.model, evidence)
        return self._repo.write_commit(merged.tree, [parent], message, self._who)


def _recorder(repo: Keeper, ref: str) -> Signature:
    """Who recorded a round and when: the evidence was committed by the same hand."""
    commit = repo.commits(ref)[-1]
    name, _, address = commit.author.rpartition(" <")
    return Signature(name, address.removesuffix(">"), commit.seconds)


def _unfit(claim: LessonRecord, reason: str) -> FindingsError:
    return FindingsError(
        f"putting the lesson {claim.title!r} back: {reason}",
        hint="nothing was changed; a commit on the branch changes the same lines",
    )

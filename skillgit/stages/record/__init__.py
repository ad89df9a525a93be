"""record: how does the history tell it?

Edits whose hunks touch become one lesson, lessons are ordered by support, each becomes a commit
made of Git objects, and at the very end two refs are made at once: the evidence's, the branch's.
The checkout, the index, HEAD and the stash are never looked at. The same round gives the same
commits, so doing it again changes nothing.

    account.py     what the round can tell about itself
    lessons.py     which edits stand or fall together
    trial.py       do they, as Git sees it?
    documents.py   the evidence
    names.py       what the branch is called
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from skillgit import config
from skillgit.errors import FindingsError, SkillgitError, TakenError
from skillgit.names import Oid
from skillgit.ports import RefMove, Signature, TreeChange, Workshop
from skillgit.provenance.evidence import lesson_path, render, round_ref
from skillgit.provenance.patch_digest import patch_digest
from skillgit.review.replay import message_of, trees_of
from skillgit.skill.hunks import apply_changes
from skillgit.stages.record.account import Account
from skillgit.stages.record.documents import claim_of, round_documents
from skillgit.stages.record.lessons import Draft, drafts
from skillgit.stages.record.names import branch_name
from skillgit.stages.record.trial import settle
from skillgit.types import Branch, Edit, LessonCommit, Round, Skill

__all__ = ["Account", "record"]


def record(
    repo: Workshop,
    skill: Skill,
    edits: Sequence[Edit],
    round_: Round,
    account: Account,
    options: config.Record,
) -> Branch:
    """Write one commit per lesson on a new branch, and the evidence beside it.

    Raises FindingsError where there is nothing to record, a lesson would change nothing, or the
    branch exists with other commits; TakenError where other evidence has the round's name; and
    SkillgitError where someone else moved a ref meanwhile.
    """
    if not edits:
        raise FindingsError(
            f"recording round {round_.id}: no edit is left to commit",
            hint="the summary says why each was withheld; more trajectories raise the support",
        )
    round_ = replace(round_, skill=skill.root, base=skill.commit)
    who = repo.author(round_.started)
    settled = settle(repo, skill, drafts(skill, edits))
    _must_change(skill, settled)
    lessons = _commit_lessons(repo, skill, settled, (round_, account, who))
    evidence = _commit_evidence(repo, lessons, (round_, account, who), options)
    name = branch_name(options.branch_prefix, skill, round_.id)
    tip = lessons[-1].commit
    _create(repo, {round_ref(round_.id): evidence, f"refs/heads/{name}": tip}, round_)
    return Branch(name, tip, round_ref(round_.id), lessons)


def _must_change(skill: Skill, lessons: Sequence[Draft]) -> None:
    """A commit that changes nothing could not be reverted; two edits can undo each other."""
    for draft in lessons:
        if apply_changes(skill, draft.changes) == skill.files:
            raise FindingsError(
                f"recording the lesson {draft.lesson.title!r}: its edits undo each other (SG207)",
                hint="the guardrails let only edits through that do not touch: report this",
            )


_Told = tuple[Round, Account, Signature]


def _commit_lessons(
    repo: Workshop, skill: Skill, settled: Sequence[Draft], told: _Told
) -> tuple[LessonCommit, ...]:
    round_, account, who = told
    done = accumulate((draft.changes for draft in settled), initial=())
    trees = trees_of(repo, skill, list(done))
    patches = map(patch_digest, repo.diffs_between(list(pairwise(trees))))
    claims = [
        claim_of(draft, skill, round_, account, patch)
        for draft, patch in zip(settled, patches, strict=True)
    ]
    blobs = repo.write_blobs(map(render, claims))
    lessons: list[LessonCommit] = []
    tip = skill.commit
    for draft, tree, claim, blob in zip(settled, trees[1:], claims, blobs, strict=True):
        tip = repo.write_commit(tree, [tip], message_of(claim, skill, round_.model, blob), who)
        sources = frozenset(source.trajectory for source in claim.sources)
        lessons.append(LessonCommit(tip, blob, claim.patch, claim.title, draft.edits, sources))
    return tuple(lessons)


def _commit_evidence(
    repo: Workshop, lessons: Sequence[LessonCommit], told: _Told, options: config.Record
) -> Oid:
    round_, account, who = told
    named = [(lesson_path(n, one.title), one.evidence) for n, one in enumerate(lessons, start=1)]
    documents = round_documents(
        round_, account, [name for name, _ in named], whole=options.store_trajectories
    )
    blobs = repo.write_blobs(map(render, documents.values()))
    files = [
        *(TreeChange(name, blob) for name, blob in named),
        *(TreeChange(name, blob) for name, blob in zip(documents, blobs, strict=True)),
    ]
    text = f"evidence of round {round_.id}\n\nWhat the round left behind; see round.json.\n"
    return repo.write_commit(repo.write_tree(None, files), [], text, who)


def _create(repo: Workshop, refs: Mapping[str, Oid], round_: Round) -> None:
    """Make all of the refs or none; be content with those that an earlier run of the round made."""
    missing = _missing(repo, refs, round_)
    if not missing:
        return
    try:
        repo.move_refs(missing, f"skillgit: round {round_.id}")
    except SkillgitError:
        # Another run of the same round, on another machine, may just have made them.
        if _missing(repo, refs, round_):
            raise


def _missing(repo: Workshop, refs: Mapping[str, Oid], round_: Round) -> list[RefMove]:
    found = {ref: repo.read_ref(ref) for ref in refs}
    for ref, new in refs.items():
        now = found[ref]
        if now is not None and now != new:
            other = TakenError if ref == round_ref(round_.id) else FindingsError
            raise other(
                f"recording round {round_.id}: {ref} exists already, with other commits "
                f"({now[:12]}, not {new[:12]})",
                hint=f"look at it with `git log {ref}`; keep it and start a new round, or drop it "
                f"with `git update-ref -d {ref}` and run this again",
            )
    return [RefMove(ref, new, None) for ref, new in refs.items() if found[ref] is None]

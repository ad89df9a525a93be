"""The evidence of a round: everything that it claims, and what is behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from skillgit.names import Digest, EditId, TrajectoryId
from skillgit.provenance.evidence import (
    Document,
    LessonRecord,
    RoundRecord,
    TrajectoryList,
    TrajectoryRecord,
    WithheldList,
    WithheldRecord,
    merge_paths,
)
from skillgit.review.memory import returned_with
from skillgit.review.totals import proofs
from skillgit.stages.record.account import Account
from skillgit.stages.record.lessons import Draft
from skillgit.types import Edit, Quote, Round, Skill, State


def claim_of(
    draft: Draft, skill: Skill, round_: Round, account: Account, patch: Digest
) -> LessonRecord:
    """Everything that a lesson commit will claim."""
    paths = merge_paths(account.fates)
    return LessonRecord(
        round=round_.id,
        skill=skill.root,
        base=skill.commit,
        title=draft.lesson.title,
        reason=draft.lesson.reason,
        edits=draft.edits,
        merged={edit.id: paths[edit.id] for edit in draft.edits if edit.id in paths},
        analysed=len(set(account.analysed)),
        sources=account.sources(draft.edits),
        patch=patch,
        returned=returned_with(draft.edits, account.returned),
    )


def round_documents(
    round_: Round, account: Account, lessons: Sequence[str], *, whole: bool
) -> dict[str, Document]:
    """All documents but the lessons', by path; `whole` adds the (redacted) trajectories."""
    documents: dict[str, Document] = {
        "round.json": RoundRecord(
            round=round_.id,
            skill=round_.skill,
            base=round_.base,
            started=round_.started,
            model=round_.model,
            signals=round_.signals,
            settings=dict(round_.settings),
            analysed=tuple(sorted(set(account.analysed))),
            excluded=tuple(sorted(account.excluded, key=lambda one: one.trajectory)),
            lessons=tuple(lessons),
            duplicates=account.pool.duplicates,
            redactions=account.pool.redactions,
            hidden=dict(account.pool.hidden),
            error_analysts=_error_analysts(round_, account),
            rebased_from=account.rebased_from,
        ),
        "trajectories.json": _trajectory_list(account),
        "withheld.json": _withheld(account),
    }
    if account.gate:
        documents["gate.json"] = account.gate
    documents |= {f"patches/{patch.trajectory}.json": patch for patch in account.patches}
    documents |= {f"merges/{one.level}/{one.node:04}.json": one for one in account.merges}
    if whole:
        kept = [replace(one, origin=_portable(one.origin)) for one in account.trajectories]
        documents |= {f"trajectories/{one.id}.json": one for one in kept}
    return documents


def _error_analysts(round_: Round, account: Account) -> dict[str, int]:
    failed = (one.id for one in account.pool.failed)
    told = proofs(round_, failed, account.patches, account.excluded)
    return told.counts if told else {}


def _trajectory_list(account: Account) -> TrajectoryList:
    quotes: defaultdict[TrajectoryId, set[Quote]] = defaultdict(set)
    for edit in _all_edits(account).values():
        for quote in edit.quotes:
            quotes[quote.trajectory].add(quote)
    return TrajectoryList(
        tuple(
            TrajectoryRecord(
                id=one.id,
                digest=one.digest,
                task=one.task,
                origin=_portable(one.origin),
                outcome=one.outcome,
                quotes=tuple(sorted(quotes[one.id], key=lambda q: (q.step, q.lines, q.text))),
                skills=one.skills,
            )
            for one in account.trajectories
        )
    )


def _portable(origin: str) -> str:
    """Where a trajectory was read from, without telling how a machine is arranged."""
    path = PurePath(origin)
    return path.name if path.is_absolute() or ".." in path.parts else origin


def _withheld(account: Account) -> WithheldList:
    known = _all_edits(account)
    fates = {fate.edit: fate for patch in account.patches for fate in patch.fates}
    fates |= {fate.edit: fate for fate in account.fates}
    return WithheldList(
        tuple(
            WithheldRecord(fates[key], known.get(key))
            for key in sorted(fates)
            if fates[key].state in {State.WITHHELD, State.REJECTED}
        )
    )


def _all_edits(account: Account) -> dict[EditId, Edit]:
    proposed = (edit for patch in account.patches for edit in patch.edits)
    return {edit.id: edit for edit in (*proposed, *account.reworded)}

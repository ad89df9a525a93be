"""A round on another base: its lessons re-anchored, checked by the guardrails, recorded anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from skillgit import __version__
from skillgit.config import Record
from skillgit.errors import UsageError
from skillgit.names import Digest, EditId, Oid, RoundId
from skillgit.pipeline import DRAFTS
from skillgit.ports import Keeper
from skillgit.provenance.evidence import LessonRecord, TrajectoryRecord
from skillgit.review.chain import evidence_of, round_branch
from skillgit.review.dossier import Dossier
from skillgit.review.refusals import read_refusals
from skillgit.stages.guard import guard
from skillgit.stages.rebase import rebase
from skillgit.stages.record import Account, record
from skillgit.types import (
    Branch,
    Edit,
    Fate,
    Finding,
    Pool,
    Result,
    Round,
    Severity,
    State,
    Step,
    Trajectory,
)


@dataclass(frozen=True, slots=True)
class Stale:
    """A lesson of which not every edit came along, and why; `left` edits of it did."""

    number: int
    title: str
    reasons: tuple[str, ...]
    left: int = 0


@dataclass(frozen=True, slots=True)
class RebasedRound:
    """What became of a round on another base; `edits` are those that came along.

    `branch` is None in a dry run, and where nothing is left.
    """

    old: RoundId
    base: Oid
    onto: Oid
    edits: tuple[Edit, ...]
    stale: tuple[Stale, ...]
    findings: tuple[Finding, ...] = ()
    branch: Branch | None = None
    round: RoundId | None = None


class Rebasing:
    """The lessons of one round that are still wanted, and where they stand on the new base."""

    def __init__(
        self, repository: Keeper, dossier: Dossier, onto: Oid, begun: Callable[[Digest], int]
    ) -> None:
        told = dossier.round
        if onto == told.base:
            raise UsageError(
                f"rebasing round {told.round}: it read {onto[:12]} already",
                hint="name the commit that it shall stand on: --onto main",
            )
        self._repo, self._dossier, self._onto, self._begun = repository, dossier, onto, begun
        self._new = repository.read_skill(told.skill, onto)
        unwanted = dict(_unwanted(repository, dossier, onto))
        wanted = [
            edit
            for blob, lesson in dossier.lessons.items()
            if blob not in unwanted
            for edit in lesson.edits
        ]
        moved = rebase(repository.read_skill(told.skill, told.base), self._new, wanted)
        self._verdict = guard(self._new, moved.edits)
        dropped = [
            Fate(edit.id, State.WITHHELD, reason)
            for blob, reason in unwanted.items()
            for edit in dossier.lessons[blob].edits
        ]
        self._fates = (*dropped, *moved.fates, *self._verdict.fates)

    def told(self) -> RebasedRound:
        """What came along, and what is stale."""
        reasons = {fate.edit: fate.reason for fate in self._fates}
        return RebasedRound(
            self._dossier.round.round,
            self._dossier.round.base,
            self._onto,
            self._verdict.edits if self._verdict.passed else (),
            tuple(_stale(self._dossier.lessons.values(), reasons)),
            self._verdict.findings,
        )

    def recorded(self, options: Record) -> RebasedRound:
        """The same with its branch and its evidence, where something is left."""
        if not self._verdict.passed:
            return self.told()
        gate = self._dossier.gate
        draft = f"{options.branch_prefix}/{DRAFTS}" if gate and not gate.passed else None
        place = replace(
            options,
            branch_prefix=draft or options.branch_prefix,
            # Their steps are not in the evidence of every round; they stay in the old one's.
            store_trajectories=False,
        )
        this = self._round()
        edits = self._verdict.edits
        branch = record(self._repo, self._new, edits, this, self._account(), place)
        return replace(self.told(), branch=branch, round=this.id)

    def _round(self) -> Round:
        """Named after the old round, the new base and what came along."""
        old = self._dossier.round
        kept = sorted(edit.id for edit in self._verdict.edits)
        asked = json.dumps([__version__, old.round, self._onto, kept])
        digest = Digest(f"sha256:{hashlib.sha256(asked.encode()).hexdigest()}")
        started = self._begun(digest)
        stamp = datetime.fromtimestamp(started, UTC).strftime("%Y%m%dT%H%M%SZ")
        return Round(
            RoundId(f"{stamp}-{digest[7:13]}"),
            old.skill,
            self._onto,
            started,
            old.model,
            old.signals,
            old.settings,
        )

    def _account(self) -> Account:
        """The old round's, with what became of its lessons here."""
        old = self._dossier
        merged = [
            Fate(part, State.MERGED, "", edit)
            for lesson in old.lessons.values()
            for edit, parts in lesson.merged.items()
            for part in parts
        ]
        withheld = [one.fate for one in old.withheld]
        lost = [one.edit for one in old.withheld if one.edit is not None]
        worded = [edit for lesson in old.lessons.values() for edit in lesson.edits]
        return Account(
            pool=_pool(old.trajectories.values(), old),
            analysed=old.round.analysed,
            patches=tuple(old.patches.values()),
            excluded=old.round.excluded,
            merges=old.merges,
            fates=(*merged, *withheld, *self._fates),
            reworded=(*lost, *worded),
            rebased_from=old.round.round,
        )


def _unwanted(repository: Keeper, dossier: Dossier, onto: Oid) -> Iterable[tuple[Oid, str]]:
    """Lessons that people dropped, with or without a word."""
    told = dossier.round
    refused = read_refusals(repository)
    branch = round_branch(repository, told.round, told.base)
    reviewed = {onto} if branch is None else {branch.tip, onto}
    found = {
        evidence_of(commit)
        for tip in reviewed
        for commit in repository.commits(f"{told.base}..{tip}", containing="Skillgit-Evidence:")
    }
    for blob, lesson in dossier.lessons.items():
        if lesson.patch in refused:
            reason = refused[lesson.patch].reason
            yield blob, f"refused: {reason}" if reason else "refused"
        elif branch is not None and blob not in found:
            yield blob, "dropped from the branch of its round"


def _stale(lessons: Iterable[LessonRecord], reasons: Mapping[EditId, str]) -> Iterable[Stale]:
    for number, lesson in enumerate(lessons, start=1):
        said = [reasons[edit.id] for edit in lesson.edits if edit.id in reasons]
        if said:
            yield Stale(
                number, lesson.title, tuple(dict.fromkeys(said)), len(lesson.edits) - len(said)
            )


def _pool(found: Iterable[TrajectoryRecord], dossier: Dossier) -> Pool:
    """The trajectories as far as evidence knows them, which is all that recording asks for."""
    known = [
        Trajectory(
            digest=one.digest,
            task=one.task,
            steps=(Step(1, "system", f"not kept by round {dossier.round.round}"),),
            outcome=one.outcome,
            origin=one.origin,
        )
        for one in found
    ]
    by_result = {
        result: tuple(one for one in known if one.outcome.result is result) for result in Result
    }
    return Pool(
        by_result[Result.PASS],
        by_result[Result.FAIL],
        by_result[Result.UNKNOWN],
        duplicates=dossier.round.duplicates,
        redactions=dossier.round.redactions,
    )


def failed(rebased: RebasedRound) -> bool:
    """Is nothing left, or does the skill break a rule with what is left?"""
    broken = any(finding.severity is Severity.ERROR for finding in rebased.findings)
    return broken or not rebased.edits

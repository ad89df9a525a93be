"""A round on another base: its lessons re-anchored, checked by the guardrails, recorded anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from skillgit import __version__
from skillgit.config import Consolidate, Record, Strategy
from skillgit.errors import UsageError
from skillgit.names import Digest, EditId, Oid, RoundId
from skillgit.pipeline import DRAFTS
from skillgit.pipeline.naming import named
from skillgit.ports import Keeper, Model
from skillgit.provenance.evidence import LessonRecord, TrajectoryRecord
from skillgit.review.chain import evidence_of, round_branch
from skillgit.review.dossier import Dossier
from skillgit.review.memory import Memory, Unwanted
from skillgit.review.refusals import read_refusals
from skillgit.review.totals import final_fates
from skillgit.skill.placement import words_of
from skillgit.stages.consolidate import consolidate
from skillgit.stages.guard import guard
from skillgit.stages.rebase import rebase
from skillgit.stages.record import Account, record
from skillgit.types import (
    Branch,
    Edit,
    Fate,
    Finding,
    MergeRecord,
    Pool,
    Result,
    Round,
    Severity,
    State,
    Step,
    Trajectory,
    Verdict,
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


@dataclass(frozen=True, slots=True)
class _Come:
    """What comes along, what befell the rest, and by which merges."""

    verdict: Verdict
    fates: tuple[Fate, ...]
    merges: tuple[MergeRecord, ...]
    reworded: tuple[Edit, ...]
    stale: tuple[Stale, ...]


class Rebasing:
    """A round whose base moved: what of it stands on the new one."""

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
        self._old = repository.read_skill(told.skill, told.base)
        self._new = repository.read_skill(told.skill, onto)
        self._unwanted = dict(_unwanted(repository, dossier, onto))
        self._come = self._lessons()

    @property
    def _in_sequence(self) -> bool:
        """Were its lessons made one upon the other? Then those that touch belong together."""
        settings = self._dossier.round.settings
        return settings.get("consolidate.strategy") == Strategy.SEQUENTIAL

    def _lessons(self) -> _Come:
        """Its lessons as they were merged, each edit re-anchored; no model is needed."""
        old = self._dossier
        wanted = [
            edit
            for blob, lesson in old.lessons.items()
            if blob not in self._unwanted
            for edit in lesson.edits
        ]
        moved = rebase(self._old, self._new, wanted)
        verdict = guard(self._new, moved.edits, apart=not self._in_sequence)
        dropped = [
            Fate(edit.id, State.WITHHELD, reason)
            for blob, reason in self._unwanted.items()
            for edit in old.lessons[blob].edits
        ]
        fates = (*dropped, *moved.fates, *verdict.fates)
        merged = [
            Fate(part, State.MERGED, "", edit)
            for lesson in old.lessons.values()
            for edit, parts in lesson.merged.items()
            for part in parts
        ]
        return _Come(
            verdict,
            fates=(*merged, *(one.fate for one in old.withheld), *fates),
            merges=old.merges,
            reworded=(
                *(one.edit for one in old.withheld if one.edit is not None),
                *(edit for lesson in old.lessons.values() for edit in lesson.edits),
            ),
            stale=tuple(_stale(old.lessons.values(), {one.edit: one.reason for one in fates})),
        )

    async def merge_again(
        self, options: Consolidate, model: Model, refused: Sequence[Unwanted]
    ) -> None:
        """Re-anchor what the analysts proposed, and merge that.

        A lesson whose words became stale can live on in those of another analyst. Questions that
        are the same as before are answered from memory. UsageError for a round that was rebased
        itself: its patches speak of the base before.
        """
        old = self._dossier
        if old.round.rebased_from is not None:
            raise UsageError(
                f"merging round {old.round.round} again: its patches are those of the round "
                f"{old.round.rebased_from}, and speak of its base",
                hint=f"skillgit rebase-round {old.round.rebased_from} --with-model, or this one "
                "without a model",
            )
        if self._in_sequence:
            raise UsageError(
                f"merging round {old.round.round} again: its batches were analysed one after the "
                "other, so each of its patches speaks of another text",
                hint="rebase it without --with-model; or evolve the skill from its new base",
            )
        unwanted = {
            edit: reason
            for blob, reason in self._unwanted.items()
            for edit in _members(old.lessons[blob])
        }
        fates = [fate for patch in old.patches.values() for fate in patch.fates]
        patches = []
        for patch in old.patches.values():
            moved = rebase(
                self._old, self._new, [edit for edit in patch.edits if edit.id not in unwanted]
            )
            fates += moved.fates
            patches.append(replace(patch, edits=moved.edits))
        memory = self._memory(refused, options.return_support)
        changes = await consolidate(self._new, patches, options, model, memory)
        verdict = guard(self._new, changes.edits)
        fates += [
            Fate(edit, State.WITHHELD, unwanted[edit]) for edit in old.edits if edit in unwanted
        ]
        fates += [*changes.fates, *verdict.fates]
        self._come = _Come(
            verdict,
            fates=tuple(fates),
            merges=changes.merges,
            reworded=changes.edits,
            stale=tuple(_gone(old.lessons.values(), fates)),
        )

    def _memory(self, refused: Sequence[Unwanted], need: int) -> Memory:
        found = self._dossier.trajectories.items()
        return Memory(tuple(refused), need, {name: one.task for name, one in found})

    def told(self) -> RebasedRound:
        """What came along, and what is stale."""
        verdict = self._come.verdict
        return RebasedRound(
            self._dossier.round.round,
            self._dossier.round.base,
            self._onto,
            verdict.edits if verdict.passed else (),
            self._come.stale,
            verdict.findings,
        )

    def recorded(self, options: Record) -> RebasedRound:
        """The same with its branch and its evidence, where something is left."""
        if not self._come.verdict.passed:
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
        edits = self._come.verdict.edits
        branch = record(self._repo, self._new, edits, this, self._account(), place)
        return replace(self.told(), branch=branch, round=this.id)

    def _round(self) -> Round:
        """Named after the old round, the new base and what came along."""
        old = self._dossier.round
        kept = sorted((edit.id, words_of(edit.change)) for edit in self._come.verdict.edits)
        asked = json.dumps([__version__, old.round, self._onto, kept])
        name, started = named(asked, self._begun)
        return Round(
            name,
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
        return Account(
            pool=_pool(old.trajectories.values(), old),
            analysed=old.round.analysed,
            patches=tuple(old.patches.values()),
            excluded=old.round.excluded,
            merges=self._come.merges,
            fates=self._come.fates,
            reworded=self._come.reworded,
            rebased_from=old.round.round,
            returned={
                edit.id: lesson.returned
                for lesson in old.lessons.values()
                for edit in lesson.edits
                if lesson.returned
            },
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


def _gone(lessons: Iterable[LessonRecord], fates: Iterable[Fate]) -> Iterable[Stale]:
    """The lessons of which no edit came along, in whatever words."""
    known = tuple(fates)
    for number, lesson in enumerate(lessons, start=1):
        ends = final_fates(_members(lesson), known).values()
        lost = [end.reason for end in ends if end.state in {State.WITHHELD, State.REJECTED}]
        if len(lost) == len(ends):
            yield Stale(number, lesson.title, tuple(dict.fromkeys(lost)))


def _members(lesson: LessonRecord) -> tuple[EditId, ...]:
    """Its edits, and all that were merged into them."""
    parts = (part for parts in lesson.merged.values() for part in parts)
    return (*(edit.id for edit in lesson.edits), *parts)


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
        hidden=dossier.round.hidden,
    )


def failed(rebased: RebasedRound) -> bool:
    """Is nothing left, or does the skill break a rule with what is left?"""
    broken = any(finding.severity is Severity.ERROR for finding in rebased.findings)
    return broken or not rebased.edits

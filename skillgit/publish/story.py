"""What a round did, as its readers are told: counted from Git and its evidence, never from memory.

Both documents of this room are made from one `Story`, so they cannot tell two tales.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from skillgit.adapters.timings import Timings
from skillgit.errors import FindingsError, UsageError
from skillgit.names import EditId, Oid, RoundId, SkillPath
from skillgit.ports import History
from skillgit.provenance.effects import EffectRecord
from skillgit.provenance.evidence import LessonRecord, Refusal, WithheldRecord, round_ref
from skillgit.provenance.trailers import Trailers, parse
from skillgit.review.catalogue import KnownRound, read_catalogue
from skillgit.review.dossier import Dossier, read_dossier
from skillgit.review.gains import Question
from skillgit.review.noting import Noted, read_noted
from skillgit.review.refusals import read_refusals
from skillgit.rules.capabilities import gained
from skillgit.skill.diff import context_cost, line_count
from skillgit.skill.hunks import apply_changes
from skillgit.types import MANIFEST, Skill, State


@dataclass(frozen=True, slots=True)
class Size:
    """How large a skill is: what every task pays for, and what is read on demand."""

    lines: int
    tokens: int
    other_lines: int
    other_tokens: int

    @classmethod
    def of(cls, files: Mapping[SkillPath, bytes]) -> Size:
        """Counted; tokens are the house's estimate."""
        others = {path: data for path, data in files.items() if path != MANIFEST}
        main = files.get(MANIFEST, b"")
        return cls(
            line_count(main),
            context_cost({MANIFEST: main}),
            sum(map(line_count, others.values())),
            context_cost(others),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """One lesson. `commit` is None where no commit is at hand that still carries it."""

    number: int
    evidence: Oid
    record: LessonRecord
    commit: Oid | None
    files: tuple[SkillPath, ...]
    tokens: int
    """What it adds to SKILL.md, which every task pays for."""
    other_tokens: int
    """What it adds to files that are read on demand."""
    refusal: Refusal | None = None
    question: Question = field(default_factory=Question)
    """What it brings in that a person must approve of."""


@dataclass(frozen=True, slots=True)
class Story:
    """A round. `branch` is its short name, empty where it is gone; so is `tip` then."""

    dossier: Dossier
    base: Skill
    branch: str
    tip: Oid | None
    kept: tuple[Told, ...]
    """The lessons that the branch has, in commit order; without a branch all of them."""
    dropped: tuple[Told, ...]
    before: Size
    after: Size
    evidence: Oid
    """The commit of the round's evidence."""
    timings: Timings | None = None
    trajectories: Mapping[str, int] = field(default_factory=dict)
    """How many ended in which state; they add up to all that were found."""
    edits: Mapping[State, int] = field(default_factory=dict)
    noted: Noted = field(default_factory=Noted)
    """What its lessons were measured to be worth, as notes claim."""

    @property
    def id(self) -> RoundId:
        """The round."""
        return self.dossier.round.round

    @property
    def skill(self) -> str:
        """How people call the skill's folder."""
        return self.dossier.round.skill or "the skill of this repository"

    @property
    def draft(self) -> bool:
        """Did the gate not find it better?"""
        return self.dossier.gate is not None and not self.dossier.gate.passed

    def worth_of(self, one: Told) -> tuple[EffectRecord, ...]:
        """What one of its lessons was measured to be worth, the latest first."""
        return self.noted.effects.get(one.record.patch, ())


def read_story(history: History, round_id: RoundId, timings: Timings | None = None) -> Story:
    """Everything about a round; UsageError where its evidence or its base is not here."""
    dossier = read_dossier(history, round_id)
    if dossier is None:
        raise UsageError(
            f"reading round {round_id}: its evidence {round_ref(round_id)} is not here",
            hint="fetch it with `skillgit evidence fetch`",
        )
    known = next((one for one in read_catalogue(history).rounds if one.id == round_id), None)
    base = history.read_skill(dossier.round.skill, dossier.round.base)
    branch = known.branch if known else ""
    tip = history.refs(branch).get(branch) if branch else None
    lessons = _lessons(history, dossier, base, known, tip)
    kept = tuple(one for one in lessons if tip is None or one.commit is not None)
    return Story(
        dossier=dossier,
        base=base,
        branch=re.sub(r"^refs/(?:heads|remotes)/", "", branch),
        tip=tip,
        kept=kept,
        dropped=tuple(one for one in lessons if one not in kept),
        before=Size.of(base.files),
        after=_after(history, base, tip, kept),
        evidence=history.refs(round_ref(round_id))[round_ref(round_id)],
        timings=timings,
        trajectories=_trajectories(dossier),
        edits=_edits(dossier),
        noted=read_noted(history),
    )


def _lessons(
    history: History, dossier: Dossier, base: Skill, known: KnownRound | None, tip: Oid | None
) -> list[Told]:
    """All lessons of the evidence, each with the commit of the branch, else of HEAD."""
    found = {one.evidence: (one.commit, one.trailers) for one in known.lessons} if known else {}
    if tip is not None:
        found = dict(_on_branch(history, base, tip))
    refusals = read_refusals(history)
    return [
        replace(
            _told(number, evidence, record, base, found.get(evidence, (None, None))),
            refusal=refusals.get(record.patch),
        )
        for number, (evidence, record) in enumerate(dossier.lessons.items(), start=1)
    ]


_Found = tuple[Oid | None, Trailers | None]


def _on_branch(history: History, base: Skill, tip: Oid) -> Iterable[tuple[Oid, _Found]]:
    for commit in history.commits(f"{base.commit}..{tip}", containing="Skillgit-Round:"):
        trailers = parse(commit.message)
        if isinstance(trailers, Trailers):
            yield trailers.evidence, (commit.id, trailers)


def _told(
    number: int,
    evidence: Oid,
    record: LessonRecord,
    base: Skill,
    found: _Found,
) -> Told:
    alone = _applied(base, [record])
    size, before = Size.of(alone), Size.of(base.files)
    return Told(
        number,
        evidence,
        record,
        found[0],
        tuple(p for p in sorted({*alone, *base.files}) if alone.get(p) != base.files.get(p)),
        size.tokens - before.tokens,
        size.other_tokens - before.other_tokens,
        question=Question(
            tuple(gain for edit in record.edits for gain in gained(base, edit.change)),
            found[1].approvals if found[1] else (),
        ),
    )


def _after(history: History, base: Skill, tip: Oid | None, kept: tuple[Told, ...]) -> Size:
    if tip is not None:
        try:
            return Size.of(history.read_skill(base.root, tip).files)
        except UsageError:  # somebody moved it on the branch
            pass
    return Size.of(_applied(base, [one.record for one in kept]))


def _applied(base: Skill, records: Iterable[LessonRecord]) -> Mapping[SkillPath, bytes]:
    """The skill with these lessons; FindingsError where the evidence does not fit the base."""
    records = list(records)
    try:
        return apply_changes(base, [edit.change for one in records for edit in one.edits])
    except ValueError as unfit:
        raise FindingsError(
            f"reading round {records[0].round}: a lesson does not fit its base: {unfit}",
            hint="somebody changed the evidence: `skillgit evidence verify` looks at all of it",
        ) from unfit


# ------------------------------------------------------------------ accounts


def _trajectories(dossier: Dossier) -> dict[str, int]:
    """Each trajectory that was found, in one state; what taught nothing is told as well."""
    this = dossier.round
    taught = {s.trajectory for one in dossier.lessons.values() for s in one.sources}
    excluded = Counter(f"excluded: {one.kind}" for one in this.excluded)
    known = {*this.analysed, *(one.trajectory for one in this.excluded)}
    counts = {
        "taught a lesson": len(taught),
        "analysed, no lesson of theirs was kept": len(set(this.analysed) - taught),
        **dict(sorted(excluded.items())),
        "left out: no outcome, or not asked for": len(dossier.trajectories.keys() - known),
        "duplicates": this.duplicates,
    }
    return {state: count for state, count in counts.items() if count}


def _edits(dossier: Dossier) -> dict[State, int]:
    """Each edit that an analyst proposed, in its final state."""
    applied = {edit.id for one in dossier.lessons.values() for edit in one.edits}
    merged = {part for one in dossier.lessons.values() for ps in one.merged.values() for part in ps}
    ends = {one.fate.edit: one.fate.state for one in dossier.withheld}
    counts: Counter[State] = Counter()
    for edit in _proposed(dossier):
        if edit in applied:
            counts[State.APPLIED] += 1
        elif edit in merged:
            counts[State.MERGED] += 1
        else:
            # What is in no document of its own shares the end of an edit that carried it on.
            counts[ends.get(edit, State.WITHHELD)] += 1
    return {state: counts[state] for state in State}


def _proposed(dossier: Dossier) -> set[EditId]:
    patches = dossier.patches.values()
    return {edit.id for patch in patches for edit in patch.edits} | {
        fate.edit for patch in patches for fate in patch.fates
    }


def strongest_withheld(dossier: Dossier) -> list[WithheldRecord]:
    """Those with a text, best supported first."""
    told = [one for one in dossier.withheld if one.edit is not None]
    return sorted(told, key=lambda one: (-(one.edit.support if one.edit else 0), one.fate.edit))

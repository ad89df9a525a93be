"""A round without a model: what nobody used moves or goes, what was measured to hurt goes.

Each trajectory that had the skill speaks for each cut that it has no trace of, as an analyst would;
the program merges them. So support, evidence and trailers are those of any other round, and so are
the guardrails: a person reviews the branch, drops what they want to keep, and measures the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from skillgit import __version__
from skillgit.config import Record
from skillgit.names import Digest, EditId, TrajectoryId
from skillgit.pipeline import named
from skillgit.pipeline.safeguards import waiting
from skillgit.ports import Workshop
from skillgit.provenance.evidence import Refusal
from skillgit.review.harm import Harmful
from skillgit.skill.hunks import Ground
from skillgit.skill.restoring import changes_between
from skillgit.stages.guard import guard
from skillgit.stages.record import Account, record
from skillgit.types import (
    NO_MODEL,
    Branch,
    Edit,
    Fate,
    Finding,
    Lesson,
    MergeRecord,
    Patch,
    Pool,
    Round,
    Skill,
    State,
    Verdict,
)
from skillgit.usage.cuts import SIGNALS, Aim, Cut, Spared, cuts
from skillgit.usage.totals import SkillUse


@dataclass(frozen=True, slots=True)
class Pruning:
    """What is proposed; `cuts` passed the guardrails, `edits` are theirs in the same order.

    `branch` is None in a dry run and where nothing is left.
    """

    cuts: tuple[Cut, ...]
    spared: tuple[Spared, ...]
    edits: tuple[Edit, ...]
    findings: tuple[Finding, ...] = ()
    branch: Branch | None = None
    round: Round | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be pruned from: the skill, its use, the trajectories behind it, the harm."""

    skill: Skill
    use: SkillUse
    pool: Pool
    harmful: tuple[Harmful, ...] = ()
    refused: Sequence[Refusal] = ()
    """Lessons of this skill that people dropped before, cuts among them."""
    any_version: bool = False


def prune(judged: Judged, aim: Aim) -> Pruning:
    """Find what can go, and keep what the guardrails let through."""
    skill = judged.skill
    unused, spared = cuts(skill, judged.use, aim)
    harmful, stuck = _harmful(judged)
    wanted, unwanted = _asked_before((*harmful, *unused), judged.refused)
    chosen, rivals = _apart(skill, wanted)
    kept, verdict, broken = _guarded(skill, chosen)
    return Pruning(
        kept,
        (*stuck, *spared, *unwanted, *rivals, *broken),
        _edits(kept),
        verdict.findings,
    )


def recorded(
    repository: Workshop,
    judged: Judged,
    aim: Aim,
    found: Pruning,
    told: tuple[Record, Callable[[Digest], int]],
) -> Pruning:
    """The same with its branch and its evidence, one commit for each cut."""
    if not found.edits:
        return found
    options, begun = told
    this = _round(judged, aim, found, begun)
    account = _account(judged, found)
    place = replace(options, store_trajectories=False)
    branch = record(repository, judged.skill, found.edits, this, account, place)
    return replace(found, branch=branch, round=this, remarks=waiting(judged.skill, branch, this))


# ------------------------------------------------------------------ what goes


def _harmful(judged: Judged) -> tuple[list[Cut], list[Spared]]:
    """Each harmful lesson undone, whatever else was taught since."""
    had = frozenset(one.trajectory.id for one in judged.use.traces)
    found: list[Cut] = []
    stuck: list[Spared] = []
    for one in judged.harmful:
        name = f"the lesson {one.lesson.name} {one.lesson.title!r}"
        try:
            changes = () if one.problem else changes_between(judged.skill, one.files)
        except ValueError as unfit:
            hint = f"skillgit revert {one.lesson.name}"
            stuck.append(Spared(name, f"{unfit}: {hint}"))
            continue
        if one.problem or not changes:
            stuck.append(Spared(name, one.problem or "nothing of it is left"))
        elif not had:
            stuck.append(Spared(name, "no trajectory had the skill, so none can be named"))
        else:
            reason = (
                f"{one.reason}. The trajectories named here had the skill with it; they are no"
                " proof of the harm."
            )
            title = f"Take out the harmful lesson: {one.lesson.title}"
            found.append(Cut(title, reason, changes, had))
    return found, stuck


def _asked_before(
    found: Sequence[Cut], refused: Iterable[Refusal]
) -> tuple[list[Cut], list[Spared]]:
    """Without what a person dropped: `skillgit keep` withdraws that."""
    reasons = {one.title: one.reason for one in refused}
    spared = [
        Spared(cut.title, f"dropped before: {reasons[cut.title] or 'without a reason'}")
        for cut in found
        if cut.title in reasons
    ]
    return [cut for cut in found if cut.title not in reasons], spared


def _apart(skill: Skill, wanted: Sequence[Cut]) -> tuple[list[Cut], list[Spared]]:
    """Those that can be dropped or merged each alone; of two that touch the first stays."""
    ground = Ground(skill, (change for cut in wanted for change in cut.changes))
    kept: list[Cut] = []
    spared: list[Spared] = []
    for cut in wanted:
        rival = next(
            (
                one
                for one in kept
                if any(ground.touch(a, b) for a in one.changes for b in cut.changes)
            ),
            None,
        )
        if rival is None:
            kept.append(cut)
        else:
            reason = f"SG202: it touches {rival.title!r}; prune again when that is merged"
            spared.append(Spared(cut.title, reason))
    return kept, spared


def _guarded(skill: Skill, wanted: Sequence[Cut]) -> tuple[tuple[Cut, ...], Verdict, list[Spared]]:
    """Those of which the guardrails let every edit through; a cut stands or falls as a whole."""
    kept, spared = tuple(wanted), []
    while True:
        edits = _edits(kept)
        # Nothing that a trajectory says is added, so none can leak; see `guard` on the pool.
        verdict = guard(skill, edits, apart=False)
        reasons = {fate.edit: fate.reason for fate in verdict.fates}
        refused = {cut: reasons[edit.id] for cut, edit in _pairs(kept, edits) if edit.id in reasons}
        spared += [Spared(cut.title, reason) for cut, reason in refused.items()]
        if not refused:
            return (kept if verdict.passed else ()), verdict, spared
        kept = tuple(cut for cut in kept if cut not in refused)


def _pairs(kept: Sequence[Cut], edits: Sequence[Edit]) -> Iterable[tuple[Cut, Edit]]:
    each = (cut for cut in kept for _ in cut.changes)
    return zip(each, edits, strict=True)


# ------------------------------------------------------------------ as a round


def _edits(kept: Sequence[Cut]) -> tuple[Edit, ...]:
    """The merged edits: one for each change of each cut, with all that speak for it."""
    changes = [(cut, change) for cut in kept for change in cut.changes]
    return tuple(
        Edit(
            EditId(f"m1-0.{number}"),
            change,
            Lesson(cut.title, cut.reason),
            cut.sources,
        )
        for number, (cut, change) in enumerate(changes, start=1)
    )


def _part(source: TrajectoryId, edit: Edit) -> EditId:
    return EditId(f"{source}.{edit.id.rpartition('.')[2]}")


def _account(judged: Judged, found: Pruning) -> Account:
    analysed = tuple(one.trajectory.id for one in judged.use.traces)
    fates = tuple(
        Fate(_part(source, edit), State.MERGED, "not used", edit.id)
        for edit in found.edits
        for source in sorted(edit.sources)
    )
    merge = MergeRecord(
        level=1,
        node=0,
        inputs=tuple(fate.edit for fate in fates),
        outputs=tuple(edit.id for edit in found.edits),
        fates=fates,
        how="program",
    )
    return Account(
        pool=judged.pool,
        analysed=analysed,
        patches=tuple(_patch(one, found.edits) for one in analysed),
        merges=(merge,),
        fates=fates,
        reworded=found.edits,
    )


def _patch(source: TrajectoryId, edits: Sequence[Edit]) -> Patch:
    """What one trajectory speaks for."""
    return Patch(
        source,
        tuple(
            replace(edit, id=_part(source, edit), sources=frozenset({source}))
            for edit in edits
            if source in edit.sources
        ),
    )


def _round(judged: Judged, aim: Aim, found: Pruning, begun: Callable[[Digest], int]) -> Round:
    settings = settings_of(aim, any_version=judged.any_version)
    asked = json.dumps(
        {
            "version": __version__,
            "verb": "prune",
            "skill": judged.skill.root,
            "base": judged.skill.commit,
            "settings": settings,
            "cuts": [[cut.title, cut.reason, sorted(cut.sources)] for cut in found.cuts],
            "trajectories": sorted(one.trajectory.digest for one in judged.use.traces),
        },
        sort_keys=True,
    )
    name, started = named(asked, begun)
    skill = judged.skill
    return Round(name, skill.root, skill.commit, started, NO_MODEL, SIGNALS, settings)


def settings_of(aim: Aim, *, any_version: bool) -> Mapping[str, str | int | float | bool]:
    """As the evidence of the round tells them."""
    return {
        "prune.how": str(aim.how),
        "prune.min_runs": aim.min_runs,
        "prune.max_users": aim.max_users,
        "prune.min_tokens": aim.min_tokens,
        "prune.any_version": any_version,
    }

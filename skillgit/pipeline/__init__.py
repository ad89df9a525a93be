"""A round from its first line to its last: the table of contents of the house."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace

from skillgit import __version__
from skillgit.config import Analyze, Config, ErrorAnalyst, Record, Signals, Strategy
from skillgit.errors import TakenError, UsageError
from skillgit.names import Digest, EditId, RoundId
from skillgit.pipeline.naming import (
    again,
    hidden_patterns,
    made_again,
    named,
    proven_on,
    settings_of,
)
from skillgit.pipeline.remembering import asked_of, came_back, memory_of
from skillgit.pipeline.safeguards import waiting
from skillgit.pipeline.sequence import Room, in_sequence
from skillgit.ports import Executor, Model, Workshop
from skillgit.review.memory import Memory, Unwanted
from skillgit.review.totals import final_fates
from skillgit.stages.analyze import Analysis, Crew, Desk, analyze
from skillgit.stages.analyze.bench import Bench
from skillgit.stages.collect import collect
from skillgit.stages.consolidate import consolidate
from skillgit.stages.consolidate.refused import returned_by
from skillgit.stages.gate import Passage, Trial, gate
from skillgit.stages.guard import guard
from skillgit.stages.record import Account, record
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.outcome_table import OutcomeTable
from skillgit.types import (
    MANIFEST,
    Branch,
    ChangeSet,
    Diagnostic,
    Edit,
    Evolution,
    Fate,
    Patch,
    Pool,
    Round,
    Skill,
    Usage,
    Verdict,
)

__all__ = [
    "DRAFTS",
    "Proposal",
    "Request",
    "Tools",
    "begin",
    "choose",
    "evolve",
    "must_be_provable",
    "named",
    "not_unseen",
    "propose",
    "readable",
]

DRAFTS = "draft"
"""The folder of the branches that a gate did not let through."""
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for: the skill as of a revision, and what teaches it."""

    skill: str
    base: str
    files: Iterable[SourceFile | Diagnostic]
    config: Config
    outcomes: OutcomeTable | None = None
    no_branch: bool = False
    evolutions: int = 1
    """How many are made, with a seed each; the best on the validation tasks is kept."""
    refused: Sequence[Unwanted] = ()
    """Lessons of this skill that people dropped before."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The outside world of a round. Without a `bench` nothing can be proven."""

    repository: Workshop
    model: Model
    executor: Executor[Desk]
    """Where the analysts work."""
    model_name: str
    usage: Callable[[], Usage]
    begun: Callable[[Digest], int]
    """When a round that was asked to do exactly this began: now, or long ago if it resumes."""
    bench: Bench | None = None
    trial: Trial | None = None
    """The validation tasks, where there are any."""
    reseeded: Callable[[int], Tools] | None = None
    """The same tools with another seed."""
    tasks: Mapping[Digest, Digest] = field(default_factory=dict)
    """The tasks of the trajectories, as far as they are known."""
    turn: Callable[[RoundId], AbstractAsyncContextManager[None]] = lambda _: nullcontext()
    """Only one process at a time makes a round: the next finds the replies, and pays for none."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one evolution proposes, and how it came to it."""

    round: Round
    analysis: Analysis
    changes: ChangeSet
    verdict: Verdict
    memory: Memory
    passage: Passage | None = None

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What is to be committed."""
        return self.passage.edits if self.passage else self.verdict.edits

    @property
    def fates(self) -> tuple[Fate, ...]:
        """What befell all other edits."""
        misfits = (fate for patch in self.analysis.patches for fate in patch.fates)
        gated = self.passage.fates if self.passage else ()
        return (*misfits, *self.changes.fates, *self.verdict.fates, *gated)


async def evolve(request: Request, tools: Tools) -> Evolution:
    """Turn trajectories into one branch that a person can review."""
    skill = readable(tools.repository.read_skill(request.skill, request.base))
    pool = collect(request.files, request.config.collect, request.outcomes)
    must_be_provable(pool, request.config.analyze, tasks=tools.bench is not None)
    _unseen(pool, tools)
    async with tools.turn(begin(request, skill, pool, tools).id):
        return await _evolved(skill, pool, request, tools)


async def _evolved(skill: Skill, pool: Pool, request: Request, tools: Tools) -> Evolution:
    rivals = [
        await propose(skill, pool, *_seeded(request, tools, number))
        for number in range(request.evolutions)
    ]
    best = await choose(skill, rivals, tools.trial)
    evolution = _told(best, pool, tools)
    if request.no_branch or not best.verdict.passed or not best.edits:
        return evolution
    account, place = _account(best, pool), _place(request.config.record, best)
    this, branch = _recorded(best, skill, tools, account, place)
    told = (*waiting(skill, branch, this), *came_back(branch, account.returned))
    remarks = (*evolution.remarks, *made_again(best.round, this), *told)
    return replace(evolution, round=this, branch=branch, remarks=remarks)


def _recorded(
    best: Proposal, skill: Skill, tools: Tools, account: Account, place: Record
) -> tuple[Round, Branch]:
    """Replies that failed before may come now: that is another round, and both are kept."""
    this, number = best.round, 0
    while True:
        try:
            return this, record(tools.repository, skill, best.edits, this, account, place)
        except TakenError:
            number += 1
            this = again(best.round, number, tools.begun)


async def propose(skill: Skill, pool: Pool, request: Request, tools: Tools) -> Proposal:
    """Analyze, consolidate, guard: which edits would be kept?"""
    config, model = request.config, tools.model
    this = begin(request, skill, pool, tools)
    crew = Crew.of(tools.executor, config.endpoint.workers, tools.bench)
    memory = memory_of(request.refused, config.consolidate.return_support, pool)
    if config.consolidate.strategy is Strategy.SEQUENTIAL:
        analysis, changes = await in_sequence(skill, pool, Room(config, model, crew, memory))
        verdict = guard(skill, changes.edits, pool, apart=False)
        return Proposal(this, analysis, changes, verdict, memory)
    analysis = await analyze(skill, pool, config.analyze, model, crew)
    changes = await consolidate(skill, analysis.patches, config.consolidate, model, memory)
    return Proposal(this, analysis, changes, guard(skill, changes.edits, pool), memory)


async def choose(skill: Skill, rivals: Sequence[Proposal], trial: Trial | None) -> Proposal:
    """The best on the validation tasks, where there are any, without the lessons that hurt."""
    able = [one for one in rivals if one.verdict.passed]
    if trial is None or not able:
        return rivals[0]
    best, passage = await gate(skill, [one.verdict.edits for one in able], trial)
    return replace(able[best], passage=passage)


def _seeded(request: Request, tools: Tools, number: int) -> tuple[Request, Tools]:
    """The n-th evolution has the n-th seed after the configured one."""
    if not number or tools.reseeded is None:
        return request, tools
    seed = request.config.endpoint.seed + number
    endpoint = replace(request.config.endpoint, seed=seed)
    config = replace(request.config, endpoint=endpoint)
    return replace(request, config=config), tools.reseeded(seed)


def readable(skill: Skill) -> Skill:
    """Before any call is paid for: without lines there is nothing that an edit could name."""
    if skill.text(MANIFEST) is None:
        raise UsageError(
            f"reading the skill {skill.root or '.'}: its SKILL.md is not UTF-8 text",
            hint="`skillgit check` says where; commit it as UTF-8",
        )
    return skill


def must_be_provable(pool: Pool, options: Analyze, *, tasks: bool) -> None:
    """Before any call is paid for: an error analyst that must prove its cause needs the tasks."""
    agentic = options.error_analyst is ErrorAnalyst.AGENTIC
    if pool.failed and agentic and not tasks and options.signals is not Signals.SUCCESS:
        raise UsageError(
            f"analysing {len(pool.failed)} failed trajectories: their causes cannot be proven "
            "without the tasks",
            hint="give the task set with --tasks PATH; or --error-analyst single-call, whose "
            "lessons are only plausible; or --signals success",
        )


def _unseen(pool: Pool, tools: Tools) -> None:
    """Before any call is paid for: what taught a skill says nothing about other tasks."""
    if tools.trial is None:
        return
    known, validation = tools.tasks, tools.trial.tasks
    digests = set(validation.values())
    both = {
        one.task or one.id
        for one in (*pool.passed, *pool.failed, *pool.unknown)
        if known.get(one.digest) in digests or (one.digest not in known and one.task in validation)
    }
    if both:
        raise not_unseen(sorted(both), "gave trajectories")


def not_unseen(tasks: Sequence[str], what: str) -> UsageError:
    """Of tasks of the gate that may not be there, and what they did."""
    more = ", …" if len(tasks) > _SHOWN else ""
    return UsageError(
        f"reading the tasks of the gate: {len(tasks)} of them {what} "
        f"({', '.join(tasks[:_SHOWN])}{more})",
        hint="give tasks that gave no trajectory; `skillgit rollout --part` draws halves",
    )


def _told(best: Proposal, pool: Pool, tools: Tools) -> Evolution:
    patches = best.analysis.patches
    return Evolution(
        round=best.round,
        pool=pool,
        analysed=best.analysis.analysed,
        patches=patches,
        excluded=best.analysis.excluded,
        fates=final_fates(_proposed(patches), best.fates),
        findings=best.verdict.findings,
        usage=tools.usage(),
        merges=best.changes.merges,
        gate=best.passage.report if best.passage else None,
    )


def _account(best: Proposal, pool: Pool) -> Account:
    return Account(
        pool=pool,
        analysed=best.analysis.analysed,
        patches=best.analysis.patches,
        excluded=best.analysis.excluded,
        merges=best.changes.merges,
        fates=best.fates,
        reworded=best.changes.edits,
        gate=best.passage.report if best.passage else None,
        returned=returned_by(best.edits, best.memory),
    )


def _place(options: Record, best: Proposal) -> Record:
    """What is not shown to be better is a draft, and its branch says so."""
    if best.passage is None or best.passage.report.passed:
        return options
    return replace(options, branch_prefix=f"{options.branch_prefix}/{DRAFTS}")


def _proposed(patches: Sequence[Patch]) -> list[EditId]:
    """Every edit that an analyst proposed, also those that did not fit the base."""
    return [
        *(edit.id for patch in patches for edit in patch.edits),
        *(fate.edit for patch in patches for fate in patch.fates),
    ]


def begin(request: Request, skill: Skill, pool: Pool, tools: Tools) -> Round:
    """Name the round after what it is asked to do: the same request gives the same commits.

    A later version of skillgit may do otherwise with it, so it names another round.
    """
    trial = tools.trial
    asked = json.dumps(
        {
            "version": __version__,
            "skill": skill.root,
            "base": skill.commit,
            "model": tools.model_name,
            "settings": (settings := settings_of(request.config)),
            "trajectories": sorted(
                (trajectory.digest, trajectory.outcome.result)
                for trajectory in (*pool.passed, *pool.failed, *pool.unknown)
            ),
            "prompts": tools.model.prompts.digest(),
            "tasks": proven_on(tools.bench),
            "gate": [sorted(trial.tasks.items()), trial.seeds, trial.search, request.evolutions]
            if trial
            else [],
            **asked_of(request.refused),
            **hidden_patterns(request.config),
        },
        sort_keys=True,
    )
    name, started = named(asked, tools.begun)
    return Round(
        name,
        skill.root,
        skill.commit,
        started,
        tools.model_name,
        request.config.analyze.signals,
        settings,
    )

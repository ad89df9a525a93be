"""One run as work for an executor: make it, grade it, keep it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from skillgit.agent.workspace import forget_images
from skillgit.evaluation.runs import Ended, RunResult
from skillgit.names import Digest
from skillgit.stages.rollout.attempt import Attempt, Order, attempt, told_of
from skillgit.stages.rollout.terms import Actor, Bench, Options
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.found import found_in
from skillgit.types import Usage
from skillgit.usage import Reader


@dataclass(frozen=True, slots=True)
class Done:
    """A run that is kept, and what of its files was not, by kind."""

    result: RunResult
    left_out: Mapping[str, int]


async def run(bench: Bench, options: Options, order: Order) -> Done:
    """Make one run, and keep it; raises what `attempt` raises."""
    async with attempt(order, options, bench) as made:
        trajectory = made.trajectory()
        result = await asyncio.to_thread(_result, made, options, trajectory)
        kept = None if options.actor is Actor.GOLD else made.work
        if kept:
            await asyncio.to_thread(forget_images, made.images, kept)
        stored = await asyncio.to_thread(bench.shelf.save, result, trajectory, kept)
    return Done(result, stored.left_out)


def _result(made: Attempt, options: Options, trajectory: bytes) -> RunResult:
    order, episode, task = made.order, made.episode, made.order.task
    passes = sum(grade.passed for grade in made.grades)
    # A run that broke off between two cases has not passed the others.
    cases = len(task.cases)
    return RunResult(
        task=task.id,
        task_digest=task.digest,
        domain=task.domain,
        seed=order.identity.seed,
        skill=order.version,
        model=options.model,
        harness=options.harness,
        passed=passes == cases and not made.problem,
        score=sum(grade.score for grade in made.grades) / cases,
        cases_passed=passes,
        cases=cases,
        ended=Ended.CRASHED if made.problem else episode.ended if episode else Ended.ANSWERED,
        detail=_detail(made),
        turns=len(episode.turns) if episode else 0,
        usage=episode.usage if episode else Usage(),
        seconds=round(episode.seconds, 3) if episode else 0.0,
        trajectory=Digest(f"sha256:{hashlib.sha256(trajectory).hexdigest()}"),
        recalc=options.recalc,
        group=task.group,
        problem=made.problem or (episode.reason if episode else ""),
        used=_used(made, trajectory),
        official=_official(made),
    )


def _official(made: Attempt) -> dict[str, bool]:
    """A scorer that has not seen every case has not passed the run."""
    cases = len(made.order.task.cases)
    said: dict[str, list[bool]] = {}
    for grade in made.grades:
        for name, passed in grade.official.items():
            said.setdefault(name, []).append(passed)
    return {name: all(each) and len(each) == cases for name, each in said.items()}


def _used(made: Attempt, trajectory: bytes) -> tuple[str, ...]:
    """Which files of the skill were opened, and which of its lines cited or followed."""
    skill = made.order.skill
    if skill is None or made.episode is None:
        return ()
    reader = Reader(skill)
    found = found_in(SourceFile("trajectory.json", trajectory)).found
    return tuple(mark for one in found for mark in reader.traces(one.trajectory).used)


def _detail(made: Attempt) -> str:
    """For models as well: what crashed may name places of this machine, so it stays out."""
    if made.problem:
        return "failed: the run broke off before its answer was graded"
    return told_of(made.grades)

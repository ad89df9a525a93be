"""Stage 1: run an agent on tasks, so that there are trajectories with graded outcomes.

Section 2.2 of the paper. SKILL.md stands whole in the system prompt, its frontmatter included: what
a round may edit is what the agent reads, and the digest names exactly that. The other files of the
skill lie where the agent can find them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

from skillgit.domains.task import Task
from skillgit.errors import PartialError, SurroundingsError, UsageError
from skillgit.evaluation.runs import Ended, RunIdentity, RunResult, SkillVersion
from skillgit.names import Digest
from skillgit.skill.digest import skill_digest
from skillgit.stages.rollout.attempt import Attempt, Order, attempt, told_of
from skillgit.stages.rollout.terms import Actor, Bench, Options
from skillgit.types import MANIFEST, Skill, Usage

STAGE = "rollout"


async def rollout(
    skill: Skill | None,
    tasks: Sequence[Task],
    seeds: Sequence[int],
    options: Options,
    bench: Bench,
) -> tuple[RunResult, ...]:
    """Run every task with every seed, at most `options.agent.parallel` at once; results in order.

    Finished runs are not run again, and a run that crashes is a result like any other. Raises
    UsageError before anything is run where a place is taken by another run; and where the endpoint
    or the sandbox is gone PartialError if runs are finished, they are kept, else SurroundingsError.
    """
    orders = _orders(skill, tasks, seeds, options)
    tally = _Tally(len(orders), bench)
    finished = [bench.shelf.finished(order.identity) for order in orders]
    bench.progress.start(STAGE, len(orders))
    for result in filter(None, finished):
        tally.count(result)
    slots = asyncio.Semaphore(options.agent.parallel)

    async def run(order: Order) -> RunResult:
        async with slots:
            result = await _run(order, options, bench)
        tally.count(result)
        return result

    # Of the runs that wait, none begins once one has found that the surroundings are gone.
    waiting = [
        asyncio.ensure_future(run(order))
        for order, result in zip(orders, finished, strict=True)
        if result is None
    ]
    try:
        made = iter(await asyncio.gather(*waiting))
    except SurroundingsError as error:
        raise tally.stopped(error) from error
    finally:
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    bench.progress.finish(STAGE)
    return tuple(result or next(made) for result in finished)


def _orders(
    skill: Skill | None, tasks: Sequence[Task], seeds: Sequence[int], options: Options
) -> list[Order]:
    """All runs, seed by seed: a rollout that is stopped has rather whole seeds than whole tasks."""
    version = None
    if skill:
        if skill.text(MANIFEST) is None:
            raise UsageError(
                f"reading the skill {skill.root or '.'}: its SKILL.md is not UTF-8 text",
                hint="`skillgit check` says where; commit it as UTF-8",
            )
        version = SkillVersion(skill.root, skill.commit, skill_digest(skill.files))
    return [
        Order(task, _identity(task, seed, version, options), skill, version)
        for seed in dict.fromkeys(seeds)
        for task in tasks
    ]


def _identity(task: Task, seed: int, version: SkillVersion | None, options: Options) -> RunIdentity:
    return RunIdentity(
        task=task.id,
        task_digest=task.digest,
        seed=seed,
        skill=version.digest if version else None,
        model=options.model,
        harness=options.harness,
    )


async def _run(order: Order, options: Options, bench: Bench) -> RunResult:
    async with attempt(order, options, bench) as made:
        trajectory = made.trajectory()
        result = _result(made, options, trajectory)
        kept = None if options.actor is Actor.GOLD else made.work
        await asyncio.to_thread(bench.shelf.save, result, trajectory, kept)
    return result


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
        score=passes / cases,
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
    )


def _detail(made: Attempt) -> str:
    """For models as well: what crashed may name places of this machine, so it stays out."""
    if made.problem:
        return "failed: the run broke off before its answer was graded"
    return told_of(made.grades)


class _Tally:
    """How many runs are done, and how many of them passed, for the person who waits."""

    def __init__(self, total: int, bench: Bench) -> None:
        self._total = total
        self._bench = bench
        self._done = 0
        self._passed = 0

    def count(self, result: RunResult) -> None:
        self._done += 1
        self._passed += result.passed
        share = f"{self._passed} of {self._done} passed, {self._passed / self._done:.0%}"
        self._bench.progress.advance(STAGE, share)

    def stopped(self, error: SurroundingsError) -> Exception:
        """The surroundings are gone; with finished runs that is a stop, not a false start."""
        if not self._done:
            return error
        return PartialError(
            f"{error.message}; {self._done} of {self._total} runs are finished and kept",
            hint=f"{error.hint}; then the same command goes on where this one stopped",
        )

"""Stage 1: run an agent on tasks, so that there are trajectories with graded outcomes.

Section 2.2 of the paper. SKILL.md stands whole in the system prompt, its frontmatter included: what
a round may edit is what the agent reads, and the digest names exactly that. The other files of the
skill lie where the agent can find them.
"""

from __future__ import annotations

from collections.abc import Sequence

from skillgit.domains.task import Task
from skillgit.errors import PartialError, SurroundingsError, UsageError
from skillgit.evaluation.runs import RunIdentity, RunResult, SkillVersion
from skillgit.ports import Progress
from skillgit.skill.digest import skill_digest
from skillgit.stages.rollout.attempt import Order
from skillgit.stages.rollout.run import Done, run
from skillgit.stages.rollout.terms import Crew, Options
from skillgit.types import MANIFEST, Skill

STAGE = "rollout"


async def rollout(
    skill: Skill | None,
    tasks: Sequence[Task],
    seeds: Sequence[int],
    options: Options,
    crew: Crew,
) -> tuple[RunResult, ...]:
    """Run every task with every seed, at most `options.agent.parallel` at once; results in order.

    Finished runs are not run again, and a run that crashes is a result like any other. Raises
    UsageError before anything is run where a place is taken by another run; and where the endpoint
    or the sandbox is gone PartialError if runs are finished, they are kept, else SurroundingsError.
    """
    orders = _orders(skill, tasks, seeds, options)
    tally = _Tally(len(orders), crew.progress)
    finished = [crew.shelf.finished(order.identity) for order in orders]
    crew.progress.start(STAGE, len(orders))
    for result in filter(None, finished):
        tally.count(result)

    def told(done: Done) -> None:
        crew.shelf.note(done.left_out)
        tally.count(done.result)

    waiting = [order for order, result in zip(orders, finished, strict=True) if result is None]
    try:
        made = await crew.executor.each(run, options, waiting, told, options.agent.parallel)
    except SurroundingsError as error:
        raise tally.stopped(error) from error
    crew.progress.finish(STAGE)
    new = (done.result for done in made)
    return tuple(result or next(new) for result in finished)


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


class _Tally:
    """How many runs are done, and how many of them passed, for the person who waits."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total = total
        self._progress = progress
        self._done = 0
        self._passed = 0

    def count(self, result: RunResult) -> None:
        self._done += 1
        self._passed += result.passed
        share = f"{self._passed} of {self._done} passed, {self._passed / self._done:.0%}"
        self._progress.advance(STAGE, share)

    def stopped(self, error: SurroundingsError) -> Exception:
        """The surroundings are gone; with finished runs that is a stop, not a false start."""
        if not self._done:
            return error
        return PartialError(
            f"{error.message}; {self._done} of {self._total} runs are finished and kept",
            hint=f"{error.hint}; then the same command goes on where this one stopped",
        )

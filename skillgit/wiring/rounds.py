"""A round, from what a person asked to the branch."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from skillgit.adapters.files import read_outcomes_file, read_trajectory_files
from skillgit.adapters.git import GitRepository
from skillgit.adapters.prompts import JinjaPrompts
from skillgit.adapters.runs import RunFolder
from skillgit.adapters.settings import load_settings
from skillgit.agent.episode import Budget
from skillgit.config import Config
from skillgit.domains.loading import load_tasks
from skillgit.domains.task import TaskSet
from skillgit.endpoint.ask import Reseeded, StoredAsk
from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE, ReplyStore
from skillgit.errors import SurroundingsError, UsageError
from skillgit.evaluation.runs import RunResult
from skillgit.pipeline import Request, Tools, evolve
from skillgit.ports import Model, Progress
from skillgit.skill.digest import skill_digest
from skillgit.stages.analyze.bench import Bench
from skillgit.stages.gate import Trial
from skillgit.trajectories.outcome_table import read_table
from skillgit.types import Evolution, Skill
from skillgit.wiring.asking import asking, begun, partial_stop
from skillgit.wiring.bench import exhibits
from skillgit.wiring.errands import Errand
from skillgit.wiring.measuring import measured
from skillgit.wiring.places import open_repository, skill_root, uncommitted
from skillgit.wiring.runs import Runner, Work, model_runner

ROLLOUTS_FOLDER = "rollouts"
"""In the private state of the repository: what agents did on the tasks of a round."""


@dataclass(frozen=True, slots=True)
class _Site:
    """What one round works with: its errand and settings, the repository, who waits."""

    errand: Errand
    config: Config
    repository: GitRepository
    progress: Progress
    root: str

    @property
    def state(self) -> Path:
        """The private state of the repository."""
        return self.repository.common_dir / STATE_FOLDER


def run_round(errand: Errand, progress: Progress) -> Evolution:
    """One whole round, from files or tasks to a branch."""
    if not errand.trajectories and errand.tasks is None:
        raise UsageError(
            "looking for what teaches: neither trajectories nor tasks are given",
            hint="give --trajectories PATH, or --tasks PATH to run the agent first",
        )
    config = load_settings(errand.start, errand.options).config
    with open_repository(errand.start) as repository:
        root = skill_root(errand.skill, errand.start, repository)
        return asyncio.run(_round(_Site(errand, config, repository, progress, root)))


async def _round(site: _Site) -> Evolution:
    errand = site.errand
    async with asking(site.config, site.state / STORE_FILE, replay=errand.replay) as (ask, store):
        try:
            runner = await _runner(site, ask, store)
            tasks = _load(errand.tasks)
            trajectories = errand.trajectories
            if runner and tasks and not trajectories:
                trajectories = (await _rolled_out(site, runner, tasks),)
            bench = _bench(site, runner, trajectories, tasks)
            tools = Tools(
                repository=site.repository,
                model=Model(ask, JinjaPrompts(), site.progress),
                model_name=await ask.model(),
                usage=lambda: ask.usage,
                begun=begun(store.remember_round),
                bench=bench,
                trial=_trial(site, runner),
            )
            return await evolve(_request(site, trajectories), _reseedable(tools))
        except SurroundingsError as error:
            raise partial_stop(error, ask) from error


async def _runner(site: _Site, ask: StoredAsk, store: ReplyStore) -> Runner | None:
    """What runs agents and proves causes; a round without tasks needs no sandbox."""
    errand = site.errand
    if not (errand.tasks or errand.gate):
        return None
    return await model_runner(
        site.config, ask, store, unsafe=errand.unsafe, replay=bool(errand.replay)
    )


async def _rolled_out(site: _Site, runner: Runner, tasks: TaskSet) -> Path:
    """The folder of runs of the base on all tasks, one for each (section 3.1 of the paper)."""
    skill = site.repository.read_skill(site.root, site.errand.base)
    asked = [skill_digest(skill.files), runner.options.model, runner.options.harness, tasks.digest]
    name = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    folder = site.state / ROLLOUTS_FOLDER / name
    work = Work(skill, tasks.tasks, (site.config.endpoint.seed,))
    await runner.run(work, RunFolder(folder, overwrite=True), site.progress)
    return folder


def _bench(
    site: _Site, runner: Runner | None, trajectories: Sequence[Path], tasks: TaskSet | None
) -> Bench | None:
    if runner is None or runner.model is None or tasks is None:
        return None
    return Bench(
        exhibits=exhibits(trajectories, tasks),
        domains=runner.domains,
        sandbox=runner.model.sandbox,
        mind=runner.model.mind,
        speech=runner.options.speech,
        budget=Budget.of(site.config.agent),
        seed=site.config.endpoint.seed,
        parallel=site.config.agent.parallel,
        answer_bytes=runner.options.answer_bytes,
    )


def _trial(site: _Site, runner: Runner | None) -> Trial | None:
    """The replay on tasks that gave no trajectory."""
    gate = site.errand.gate
    if gate is None or runner is None:
        return None
    tasks = load_tasks(gate.tasks)
    _must_be_others(tasks, _load(site.errand.tasks))

    async def measure(skill: Skill, seeds: Sequence[int]) -> Sequence[RunResult]:
        work = Work(skill, tasks.tasks, seeds)
        return await measured(work, runner, site.state, site.progress, name="gate", committed=False)

    search = site.config.gate.search if gate.lessons else 0
    return Trial(measure, gate.seeds, search, tasks.digest)


def _must_be_others(validation: TaskSet, teaching: TaskSet | None) -> None:
    """What a skill was taught with says nothing about other tasks."""
    taught = {task.digest for task in teaching.tasks} if teaching else set()
    both = [task.id for task in validation.tasks if task.digest in taught]
    if both:
        raise UsageError(
            f"reading the tasks of the gate in {validation.origin}: {len(both)} of them teach as "
            f"well ({', '.join(both[:3])})",
            hint="give tasks that gave no trajectory; `skillgit rollout --part` draws halves",
        )


def _request(site: _Site, trajectories: Sequence[Path]) -> Request:
    errand = site.errand
    return Request(
        skill=site.root,
        base=errand.base,
        files=chain(
            uncommitted(site.repository, site.root, errand.base),
            read_trajectory_files(trajectories),
        ),
        config=site.config,
        outcomes=read_table(read_outcomes_file(errand.outcomes)) if errand.outcomes else None,
        dry_run=errand.dry_run,
        evolutions=errand.gate.evolutions if errand.gate else 1,
    )


def _reseedable(tools: Tools) -> Tools:
    """Tools that can be had with another seed: other replies, another choice of proofs."""

    def reseeded(seed: int) -> Tools:
        model = replace(tools.model, ask=Reseeded(tools.model.ask, seed))
        bench = replace(tools.bench, seed=seed) if tools.bench else None
        return replace(tools, model=model, bench=bench)

    return replace(tools, reseeded=reseeded)


def _load(path: Path | None) -> TaskSet | None:
    return load_tasks(path) if path else None

"""Agents on tasks, with the real endpoint, sandbox and folder: for `rollout`, `eval` and `evolve`.

async with asking(config, place_of_the_store) as (ask, store):
    runner = await model_runner(config, ask, store, unsafe=False)
    results = await runner.run(Work(skill, tasks, (41, 42)), RunFolder(folder), progress)
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.adapters.settings import load_settings
from skillgit.config import Config, Speech
from skillgit.errors import SurroundingsError
from skillgit.ports import Progress
from skillgit.types import Diagnostic, Usage
from skillgit.wiring.asking import asking, key_of, partial_stop
from skillgit.wiring.places import open_repository, skill_root, uncommitted

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.adapters.git import GitRepository
    from skillgit.adapters.runs import RunFolder
    from skillgit.domains.selection import Selection
    from skillgit.domains.task import Domain, Task, TaskSet
    from skillgit.endpoint.ask import StoredAsk
    from skillgit.endpoint.store import ReplyStore
    from skillgit.evaluation.runs import RunResult, SkillVersion
    from skillgit.stages.rollout.terms import Model, Options
    from skillgit.types import Skill

_OWN_FOLDER = ".skillgit"
"""In a folder of runs: the memory of runs that belong to no repository."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be run: every task with every seed, with a skill or without one."""

    skill: Skill | None
    tasks: Sequence[Task]
    seeds: Sequence[int]


@dataclass(frozen=True, slots=True)
class Runner:
    """What all runs of a command share; `options` names the model and the harness of each."""

    options: Options
    domains: Mapping[str, Domain]
    model: Model | None = None

    async def run(self, work: Work, folder: RunFolder, progress: Progress) -> tuple[RunResult, ...]:
        """The results in order; finished runs of the folder are not run again.

        Raises as `stages.rollout` does: PartialError where something is finished and kept.
        """
        from skillgit.stages.rollout import rollout  # noqa: PLC0415
        from skillgit.stages.rollout.terms import Bench  # noqa: PLC0415

        bench = Bench(self.domains, folder, progress, self.model)
        return await rollout(work.skill, work.tasks, work.seeds, self.options, bench)


async def model_runner(
    config: Config,
    ask: StoredAsk,
    store: ReplyStore,
    *,
    unsafe: bool = False,
    replay: bool = False,
    tried: bool = True,
) -> Runner:
    """A runner with the model that `ask` asks; SurroundingsError without a sandbox or endpoint.

    `tried` False leaves it to the caller to try the sandbox out, before anything is run in it.
    """
    from skillgit.adapters.prompts import JinjaPrompts  # noqa: PLC0415
    from skillgit.agent.episode import Mind  # noqa: PLC0415
    from skillgit.doctor.speech import choose_speech  # noqa: PLC0415
    from skillgit.domains.registry import graders  # noqa: PLC0415
    from skillgit.endpoint.ask import StoredObservations  # noqa: PLC0415
    from skillgit.sandbox import open_sandbox, untried_sandbox  # noqa: PLC0415
    from skillgit.stages.rollout.harness import harness_digest  # noqa: PLC0415
    from skillgit.stages.rollout.terms import Actor, Model, Options  # noqa: PLC0415

    domains = graders(config.grading)
    opened = open_sandbox if tried else untried_sandbox
    sandbox = await asyncio.to_thread(opened, config.sandbox, unsafe=unsafe)
    name = await ask.model()
    speech = await choose_speech(config, name, store, key_of(config), replay=replay)
    prompts = JinjaPrompts()
    options = Options(
        model=name,
        harness=harness_digest(config, Actor.MODEL, speech, prompts, sandbox),
        agent=config.agent,
        speech=speech,
        answer_bytes=config.sandbox.file_mb << 20,
        recalc=str(config.grading.recalc),
    )
    mind = Mind(ask.converse, StoredObservations(store, config.endpoint, name))
    return Runner(options, domains, Model(mind, prompts, sandbox))


def idle_runner(config: Config, actor: str) -> Runner:
    """A runner for the floor (`do-nothing`) or the ceiling (`gold`): neither model nor sandbox."""
    from skillgit.adapters.prompts import JinjaPrompts  # noqa: PLC0415
    from skillgit.domains.registry import graders  # noqa: PLC0415
    from skillgit.stages.rollout.harness import harness_digest  # noqa: PLC0415
    from skillgit.stages.rollout.terms import Actor, Options  # noqa: PLC0415

    options = Options(
        model=actor,
        harness=harness_digest(config, Actor(actor), Speech.TEXT, JinjaPrompts(), None),
        actor=Actor(actor),
        agent=config.agent,
        recalc=str(config.grading.recalc),
    )
    return Runner(options, graders(config.grading))


@dataclass(frozen=True, slots=True)
class RolloutErrand:
    """What a person asked `skillgit rollout` for, as they said it. No skill: the baseline."""

    tasks: Path
    out: Path
    skill: str | None
    selection: Selection
    actor: str = "model"
    seeds: tuple[int, ...] = ()
    """None: the seed of the settings."""
    options: dict[str, object] = field(default_factory=dict)
    start: Path = Path()
    base: str = "HEAD"
    replay: Path | bool = False
    unsafe: bool = False
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Rollout:
    """Everything that a person is shown at the end of a rollout."""

    tasks: TaskSet
    skill: SkillVersion | None
    model: str
    results: tuple[RunResult, ...]
    out: Path
    usage: Usage
    left_out: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[Diagnostic, ...] = ()


def run_rollout(errand: RolloutErrand, progress: Progress) -> Rollout:
    """All runs that were asked for, from the files of the tasks to a folder of runs."""
    from skillgit.domains.loading import load_tasks  # noqa: PLC0415
    from skillgit.domains.selection import select  # noqa: PLC0415

    config = load_settings(errand.start, errand.options).config
    with ExitStack() as opened:
        repository = opened.enter_context(open_repository(errand.start)) if errand.skill else None
        tasks = select(load_tasks(errand.tasks), errand.selection)
        return asyncio.run(_rollout(errand, config, tasks, repository, progress))


async def _rollout(
    errand: RolloutErrand,
    config: Config,
    tasks: TaskSet,
    repository: GitRepository | None,
    progress: Progress,
) -> Rollout:
    from skillgit.adapters.runs import RunFolder  # noqa: PLC0415
    from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE  # noqa: PLC0415

    skill, remarks = _skill(errand, repository)
    folder = RunFolder(errand.out, overwrite=errand.overwrite)
    work = Work(skill, tasks.tasks, errand.seeds or (config.endpoint.seed,))
    usage = Usage()
    if errand.actor != "model":
        runner = idle_runner(config, errand.actor)
        results = await runner.run(work, folder, progress)
    else:
        home = repository.common_dir / STATE_FOLDER if repository else errand.out / _OWN_FOLDER
        async with asking(config, home / STORE_FILE, replay=errand.replay) as (ask, store):
            try:
                runner = await model_runner(
                    config, ask, store, unsafe=errand.unsafe, replay=bool(errand.replay)
                )
                results = await runner.run(work, folder, progress)
            except SurroundingsError as error:
                raise partial_stop(error, ask) from error
            usage = ask.usage
    return Rollout(
        tasks=tasks,
        skill=results[0].skill,
        model=runner.options.model,
        results=results,
        out=errand.out,
        usage=usage,
        left_out=dict(folder.left_out),
        remarks=(*remarks, *(Diagnostic(tasks.origin, remark) for remark in tasks.remarks)),
    )


def _skill(
    errand: RolloutErrand, repository: GitRepository | None
) -> tuple[Skill | None, list[Diagnostic]]:
    """The skill as it is committed, as a round reads it; and what is not read of it."""
    if repository is None or errand.skill is None:
        return None, []
    root = skill_root(errand.skill, errand.start, repository)
    skill = repository.read_skill(root, errand.base)
    return skill, uncommitted(repository, root, errand.base)

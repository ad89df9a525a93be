"""`skillgit rollout`, from what a person asked to a folder of graded runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.adapters.settings import load_settings
from skillgit.config import Config
from skillgit.endpoint.caps import Caps
from skillgit.errors import SurroundingsError
from skillgit.ports import Progress
from skillgit.types import Diagnostic, Usage
from skillgit.wiring.asking import Purse, asking, partial_stop
from skillgit.wiring.measuring import framed
from skillgit.wiring.places import open_repository, skill_root, uncommitted
from skillgit.wiring.recalling import Retriever, read_bank, taught_by
from skillgit.wiring.runs import Work, idle_runner, model_runner
from skillgit.wiring.timing import StopWatch
from skillgit.wiring.workplace import workplace

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.adapters.git import GitRepository
    from skillgit.domains.selection import Selection
    from skillgit.domains.task import TaskSet
    from skillgit.evaluation.comparison import Bounds
    from skillgit.evaluation.runs import RunResult, SkillVersion
    from skillgit.types import Skill

_OWN_FOLDER = ".skillgit"
"""In a folder of runs: the memory of runs that belong to no repository."""


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
    caps: Purse = field(default_factory=Caps)
    overwrite: bool = False
    bank: Path | None = None
    """A memory bank: each run is told what was remembered of tasks like its own."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """Everything that a person is shown at the end of a rollout."""

    tasks: TaskSet
    skill: SkillVersion | None
    model: str
    results: tuple[RunResult, ...]
    out: Path
    usage: Usage
    bounds: Bounds | None = None
    """Floor and ceiling of the task set, beside the score of a model."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[Diagnostic, ...] = ()
    recalls: bool = False
    """Were the runs told what a memory bank holds?"""


def run_rollout(errand: RolloutErrand, progress: Progress) -> Rollout:
    """All runs that were asked for, from the files of the tasks to a folder of runs."""
    from skillgit.domains.loading import load_tasks  # noqa: PLC0415
    from skillgit.domains.selection import select  # noqa: PLC0415

    config = load_settings(errand.start, errand.options).config
    watch = StopWatch(progress)
    with ExitStack() as opened, watch.told_at_a_stop():
        repository = opened.enter_context(open_repository(errand.start)) if errand.skill else None
        tasks = select(load_tasks(errand.tasks), errand.selection)
        return asyncio.run(_rollout(errand, config, tasks, repository, watch))


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
    bank = read_bank(errand.bank) if errand.bank else None
    told = taught_by(bank, tasks.tasks) if bank else ()
    folder = RunFolder(errand.out, overwrite=errand.overwrite)
    work = Work(skill, tasks.tasks, errand.seeds or (config.endpoint.seed,))
    usage, bounds = Usage(), None
    if errand.actor != "model":
        runner = idle_runner(config, errand.actor)
        results = await runner.run(work, folder, progress)
    else:
        home = repository.common_dir / STATE_FOLDER if repository else errand.out / _OWN_FOLDER
        async with asking(config, home / STORE_FILE, replay=errand.replay, caps=errand.caps) as (
            ask,
            store,
        ):
            try:
                runner = await model_runner(
                    config, ask, store, unsafe=errand.unsafe, replay=bool(errand.replay)
                )
                retriever = Retriever(config, ask, store)
                runner = await retriever.recalling(runner, bank, tasks.tasks)
                async with workplace(config, ask, store) as place:
                    results = await runner.at(place).run(work, folder, progress)
            except SurroundingsError as error:
                raise partial_stop(error, ask) from error
            usage = ask.usage
        bounds = (await framed(tasks.tasks, config, home, progress)).bounds
    return Rollout(
        tasks=tasks,
        skill=results[0].skill,
        model=runner.options.model,
        results=results,
        out=errand.out,
        usage=usage,
        bounds=bounds,
        left_out=dict(folder.left_out),
        remarks=(*remarks, *(Diagnostic(tasks.origin, one) for one in (*tasks.remarks, *told))),
        recalls=bank is not None,
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

"""Skills measured on tasks, for `eval` and for the gate of `evolve`; what is known is not run.

results = await measured(Work(skill, tasks.tasks, (41, 42, 43)), runner, state, progress)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.config import Config
from skillgit.ports import Progress
from skillgit.wiring.runs import Runner, Work, idle_runner

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.domains.task import Task
    from skillgit.evaluation.comparison import Bounds
    from skillgit.evaluation.runs import RunResult, SkillVersion
    from skillgit.types import Skill

RUNS_FOLDER = "runs"
"""In the private state of the repository: the runs of all measurements."""
SEEDS = (41, 42, 43)
"""Those of the paper (section 3.1)."""
IDLE_SEED = SEEDS[0]
"""The agents without a model roll no dice: one run of a task says all."""


async def measured(
    work: Work,
    runner: Runner,
    state: Path,
    progress: Progress,
    *,
    name: str = "eval",
    committed: bool = True,
) -> tuple[RunResult, ...]:
    """The results of `work`, seed by seed; what `state` (`.git/skillgit`) holds is not run again.

    `name` is what the person who waits reads. A skill that is in no commit yet is called by its
    digest (`committed` False). Raises as `stages.rollout`: PartialError where the surroundings
    vanished and runs are kept, SurroundingsError where nothing was done.
    """
    from skillgit.adapters.kept_runs import KeptRuns  # noqa: PLC0415 - --help has no time
    from skillgit.stages.rollout import rollout  # noqa: PLC0415
    from skillgit.stages.rollout.terms import Bench  # noqa: PLC0415

    bench = Bench(
        runner.domains, KeptRuns(state / RUNS_FOLDER), _Named(progress, name), runner.model
    )
    results = await rollout(work.skill, work.tasks, work.seeds, runner.options, bench)
    version = _version(work.skill, committed=committed)
    groups = {task.id: task.group for task in work.tasks}
    # Kept under its digest, a run may have been made for another commit or in another group.
    return tuple(replace(one, skill=version, group=groups[one.task]) for one in results)


def _version(skill: Skill | None, *, committed: bool) -> SkillVersion | None:
    from skillgit.evaluation.runs import SkillVersion  # noqa: PLC0415
    from skillgit.skill.digest import skill_digest  # noqa: PLC0415

    if skill is None:
        return None
    commit = skill.commit if committed else None
    return SkillVersion(skill.root, commit, skill_digest(skill.files))


@dataclass(frozen=True, slots=True)
class Frame:
    """What a task set gives for nothing and the most that it can give."""

    bounds: Bounds
    broken: tuple[str, ...]
    """Tasks that not even their own gold answers pass: no agent can."""


async def framed(tasks: Sequence[Task], config: Config, state: Path, progress: Progress) -> Frame:
    """Floor and ceiling of tasks; they cost no model and no sandbox, and are kept as well."""
    from skillgit.evaluation.comparison import bounds  # noqa: PLC0415

    found = {
        actor: await measured(
            Work(None, tasks, (IDLE_SEED,)), idle_runner(config, actor), state, progress, name=name
        )
        for actor, name in (("do-nothing", "floor"), ("gold", "ceiling"))
    }
    broken = tuple(one.task for one in found["gold"] if not one.passed)
    return Frame(bounds(found["do-nothing"], found["gold"]), broken)


@dataclass(frozen=True, slots=True)
class _Named:
    """A rollout under another name, so that a person sees which side is under way."""

    progress: Progress
    name: str

    def start(self, stage: str, total: int) -> None:
        del stage
        self.progress.start(self.name, total)

    def advance(self, stage: str, note: str = "") -> None:
        del stage
        self.progress.advance(self.name, note)

    def finish(self, stage: str) -> None:
        del stage
        self.progress.finish(self.name)

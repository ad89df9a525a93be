"""Skills measured on tasks, for `eval` and for the gate of `evolve`; what is kept is not run again.

results = await measured(Work(skill, tasks.tasks, (41, 42, 43)), runner, state, progress)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.config import SEEDS, Config
from skillgit.ports import Progress
from skillgit.wiring.runs import Runner, Work, idle_runner

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.adapters.kept_runs import KeptRuns
    from skillgit.domains.task import Task
    from skillgit.evaluation.comparison import Bounds
    from skillgit.evaluation.runs import RunIdentity, RunResult, SkillVersion
    from skillgit.stages.rollout.terms import Options
    from skillgit.types import Skill

RUNS_FOLDER = "runs"
"""In the private state of the repository: the runs of all measurements."""
IDLE_SEED = SEEDS[0]
"""The agents without a model roll no dice: one run of a task says all."""
IDLE = ("do-nothing", "gold")


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
    from skillgit.stages.rollout import rollout  # noqa: PLC0415 - --help has no time

    with runner.crew(work, _shelf(state), _Named(progress, name)) as crew:
        results = await rollout(work.skill, work.tasks, work.seeds, runner.options, crew)
    version = _version(work.skill, committed=committed)
    groups = {task.id: task.group for task in work.tasks}
    # Kept under its digest, a run may have been made for another commit or in another group.
    return tuple(replace(one, skill=version, group=groups[one.task]) for one in results)


def kept(work: Work, options: Options, state: Path) -> int:
    """How many runs of `work` need not be made."""
    return len(found_runs(work, options, state))


def found_runs(work: Work, options: Options, state: Path) -> tuple[RunResult, ...]:
    """The runs of `work` that are there already."""
    shelf = _shelf(state)
    return tuple(filter(None, map(shelf.finished, _identities(work, options))))


def forget(work: Work, options: Options, state: Path) -> None:
    """Let all runs of `work` be made again; other runs stay."""
    shelf = _shelf(state)
    for one in _identities(work, options):
        shelf.forget(one)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a task set gives for nothing and the most that it can give."""

    floor: tuple[RunResult, ...]
    ceiling: tuple[RunResult, ...]

    @property
    def bounds(self) -> Bounds:
        """The figures."""
        from skillgit.evaluation.comparison import bounds  # noqa: PLC0415

        return bounds(self.floor, self.ceiling)

    @property
    def broken(self) -> tuple[str, ...]:
        """Tasks that not even their own gold answers pass: no agent can."""
        return tuple(one.task for one in self.ceiling if not one.passed)


async def framed(
    tasks: Sequence[Task], config: Config, state: Path, progress: Progress, *, again: bool = False
) -> Frame:
    """Floor and ceiling of tasks; they cost no model and no sandbox, and are kept as well."""
    work = Work(None, tasks, (IDLE_SEED,))
    found = []
    for actor, name in zip(IDLE, ("floor", "ceiling"), strict=True):
        runner = idle_runner(config, actor)
        if again:
            forget(work, runner.options, state)
        found.append(await measured(work, runner, state, progress, name=name))
    return Frame(*found)


def _shelf(state: Path) -> KeptRuns:
    from skillgit.adapters.kept_runs import KeptRuns  # noqa: PLC0415

    return KeptRuns(state / RUNS_FOLDER)


def _identities(work: Work, options: Options) -> Iterator[RunIdentity]:
    from skillgit.evaluation.runs import RunIdentity  # noqa: PLC0415

    version = _version(work.skill, committed=True)
    skill = version.digest if version else None
    for seed in dict.fromkeys(work.seeds):
        for task in work.tasks:
            yield RunIdentity(task.id, task.digest, seed, skill, options.model, options.harness)


def _version(skill: Skill | None, *, committed: bool) -> SkillVersion | None:
    from skillgit.evaluation.runs import SkillVersion  # noqa: PLC0415
    from skillgit.skill.digest import skill_digest  # noqa: PLC0415

    if skill is None:
        return None
    commit = skill.commit if committed else None
    return SkillVersion(skill.root, commit, skill_digest(skill.files))


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

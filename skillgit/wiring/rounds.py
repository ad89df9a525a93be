"""A round, from what a person asked to the branch."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

from skillgit.adapters.files import read_outcomes_file, read_trajectory_files
from skillgit.adapters.git import GitRepository
from skillgit.adapters.prompts import JinjaPrompts
from skillgit.adapters.runs import RunFolder
from skillgit.adapters.settings import load_settings
from skillgit.adapters.timings import keep_timings
from skillgit.agent.episode import Budget
from skillgit.config import Config, ErrorAnalyst, Signals
from skillgit.domains.task import TaskSet
from skillgit.endpoint.ask import Reseeded, StoredAsk
from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE, ReplyStore
from skillgit.errors import SurroundingsError, UsageError
from skillgit.evaluation.runs import RunResult
from skillgit.pipeline import Request, Tools, evolve, not_unseen, readable
from skillgit.pipeline.safeguards import changeable
from skillgit.ports import Executor, Model, Progress
from skillgit.skill.digest import skill_digest
from skillgit.stages.analyze import Bench, Desk
from skillgit.stages.gate import Trial
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.outcome_table import OutcomeTable, read_table
from skillgit.trajectories.redaction import shown_of_files
from skillgit.types import Diagnostic, Evolution, Skill
from skillgit.wiring.asking import asking, begun, partial_stop
from skillgit.wiring.bench import exhibits, tasks_of_runs
from skillgit.wiring.desks import Lodging, analysts
from skillgit.wiring.errands import Errand
from skillgit.wiring.measuring import measured
from skillgit.wiring.places import open_repository, skill_root, uncommitted
from skillgit.wiring.refusing import no_refusals, refused_lessons
from skillgit.wiring.runs import Runner, Work, model_runner
from skillgit.wiring.timing import StopWatch
from skillgit.wiring.turns import turns
from skillgit.wiring.workplace import Workplace, workplace

ROLLOUTS_FOLDER = "rollouts"
"""In the private state of the repository: what agents did on the tasks of a round."""


@dataclass(frozen=True, slots=True)
class _Site:
    """What one round works with: all that was named is there, and read, before a call is paid."""

    errand: Errand
    config: Config
    repository: GitRepository
    progress: Progress
    skill: Skill
    tasks: TaskSet | None
    validation: TaskSet | None
    outcomes: OutcomeTable | None

    @property
    def state(self) -> Path:
        """The private state of the repository."""
        return self.repository.common_dir / STATE_FOLDER

    @property
    def proves(self) -> bool:
        """May there be error analysts that must prove their cause?"""
        options = self.config.analyze
        taught_by_failures = options.signals is not Signals.SUCCESS
        return taught_by_failures and options.error_analyst is ErrorAnalyst.AGENTIC


def run_round(errand: Errand, progress: Progress) -> Evolution:
    """One whole round, from files or tasks to a branch."""
    if not errand.trajectories and errand.tasks is None:
        raise UsageError(
            "looking for what teaches: neither trajectories nor tasks are given",
            hint="give --trajectories PATH, or --tasks PATH to run the agent first",
        )
    watch = StopWatch(progress)
    with open_repository(errand.start) as repository, watch.told_at_a_stop():
        site = _site(errand, repository, watch)
        made: list[Evolution] = []
        asyncio.run(_into(made, site))
        evolution = replace(made[0], remarks=(*made[0].remarks, *_moved_meanwhile(site)))
        keep_timings(site.state, watch.timings(evolution))
    return evolution


async def _into(made: list[Evolution], site: _Site) -> None:
    # When asyncio.run ends, Python prints what the task gave into a message that nobody sees: a
    # round holds all its trajectories, so that cost seconds and doubled the memory.
    made.append(await _round(site))


def _site(errand: Errand, repository: GitRepository, progress: Progress) -> _Site:
    root = skill_root(errand.skill, errand.start, repository)
    tasks, validation = _load(errand.tasks), _load(errand.gate.tasks if errand.gate else None)
    _must_be_others(validation, tasks)
    return _Site(
        errand=errand,
        config=load_settings(errand.start, errand.options).config,
        repository=repository,
        progress=progress,
        skill=changeable(
            readable(repository.read_skill(root, errand.base)), rights_held=errand.rights_held
        ),
        tasks=tasks,
        validation=validation,
        outcomes=read_table(read_outcomes_file(errand.outcomes)) if errand.outcomes else None,
    )


def _moved_meanwhile(site: _Site) -> tuple[str, ...]:
    """A round is about the commit that it read, and says so where its base has moved on."""
    read, base = site.skill.commit, site.errand.base
    try:
        now = site.repository.resolve(base)
    except UsageError:
        return (f"{base} names no commit any more; the lessons are on {read[:10]}, as it was",)
    if now == read:
        return ()
    told = f"{base} moved to {now[:10]} meanwhile; the lessons are on {read[:10]}, which was read"
    return (f"{told}: `skillgit rebase-round latest --onto {base}` puts them on its tip",)


async def _round(site: _Site) -> Evolution:
    replay, trajectories, rollouts = site.errand.replay, site.errand.trajectories, ""
    given = read_trajectory_files(trajectories)
    caps = site.errand.caps
    async with asking(site.config, site.state / STORE_FILE, replay=replay, caps=caps) as (
        ask,
        store,
    ):
        try:
            async with workplace(site.config, ask, store) as place:
                runner = await _runner(site, ask, store, place)
                if runner and site.tasks and not trajectories:
                    trajectories = (await _rolled_out(site, runner, site.tasks),)
                    given, rollouts = read_trajectory_files(trajectories), str(trajectories[0])
                model = Model(ask, JinjaPrompts(), site.progress, ask.fits)
                bench = _bench(site, runner, trajectories)
                lodging = _lodging(site, runner, model, await ask.model(), place)
                seat = partial(analysts, place, lodging)
                tools = Tools(
                    repository=site.repository,
                    model=model,
                    executor=seat(Desk(model, bench)),
                    model_name=await ask.model(),
                    usage=lambda: ask.usage,
                    begun=begun(store.remember_round),
                    bench=bench,
                    trial=_trial(site, runner),
                    tasks=tasks_of_runs(trajectories) if site.validation else {},
                    turn=turns(site.state, site.progress),
                )
                evolution = await evolve(_request(site, given), _reseedable(tools, seat))
                return replace(evolution, rollouts=rollouts)
        except SurroundingsError as error:
            raise partial_stop(error, ask) from error


async def _runner(
    site: _Site, ask: StoredAsk, store: ReplyStore, place: Workplace
) -> Runner | None:
    """What runs agents and proves causes; a round that does neither needs no sandbox."""
    errand = site.errand
    if not (errand.gate or (errand.tasks and (site.proves or not errand.trajectories))):
        return None
    runner = await model_runner(
        site.config, ask, store, unsafe=errand.unsafe, replay=bool(errand.replay)
    )
    return runner.at(place)


def _lodging(
    site: _Site, runner: Runner | None, model: Model, name: str, place: Workplace
) -> Lodging:
    """What the desks of analysts are built from, where they are not here."""
    if runner and runner.lodging:
        return runner.lodging
    lodging = Lodging.of(site.config, name, model.prompts.digest())
    return replace(lodging, replay=bool(site.errand.replay)).shared_by(place.workers)


async def _rolled_out(site: _Site, runner: Runner, tasks: TaskSet) -> Path:
    """The folder of runs of the base on all tasks, one for each (section 3.1 of the paper).

    Nothing else lies in it: all of it is read as trajectories.
    """
    skill, options, seed = site.skill, runner.options, site.config.endpoint.seed
    asked = [skill_digest(skill.files), options.model, options.harness, tasks.digest, seed]
    name = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    folder = site.state / ROLLOUTS_FOLDER / name
    work = Work(skill, tasks.tasks, (seed,))
    async with turns(site.state, site.progress)(name):
        await runner.run(work, RunFolder(folder, overwrite=True), site.progress)
    return folder


def _bench(site: _Site, runner: Runner | None, trajectories: Sequence[Path]) -> Bench | None:
    if runner is None or runner.model is None or site.tasks is None:
        return None
    return Bench(
        exhibits=exhibits(trajectories, site.tasks),
        domains=runner.domains,
        sandbox=runner.model.sandbox,
        mind=runner.model.mind,
        speech=runner.options.speech,
        budget=Budget.of(site.config.agent),
        seed=site.config.endpoint.seed,
        parallel=site.config.agent.parallel,
        answer_bytes=runner.options.answer_bytes,
        clean=shown_of_files(site.config.collect),
    )


def _trial(site: _Site, runner: Runner | None) -> Trial | None:
    """The replay on tasks that gave no trajectory."""
    gate, validation = site.errand.gate, site.validation
    if gate is None or validation is None or runner is None:
        return None
    turn = asyncio.Lock()

    async def measure(skill: Skill, seeds: Sequence[int]) -> Sequence[RunResult]:
        work = Work(skill, validation.tasks, seeds)
        # A search asks for several at once, and each alone takes as many sandboxes as may run.
        async with turn:
            return await measured(
                work, runner, site.state, site.progress, name="gate", committed=False
            )

    search = site.config.gate.search if gate.lessons else 0
    return Trial(measure, gate.seeds, search, {task.id: task.digest for task in validation.tasks})


def _must_be_others(validation: TaskSet | None, teaching: TaskSet | None) -> None:
    """What a skill was taught with says nothing about other tasks."""
    if validation is None or teaching is None:
        return
    taught = {task.digest for task in teaching.tasks}
    both = [task.id for task in validation.tasks if task.digest in taught]
    if both:
        raise not_unseen(both, "teach as well")


def _request(site: _Site, files: Iterable[SourceFile | Diagnostic]) -> Request:
    errand, root = site.errand, site.skill.root
    return Request(
        skill=root,
        base=site.skill.commit,
        files=chain(
            uncommitted(site.repository, root, errand.base), no_refusals(site.repository), files
        ),
        config=site.config,
        outcomes=site.outcomes,
        no_branch=errand.no_branch,
        evolutions=errand.gate.evolutions if errand.gate else 1,
        refused=refused_lessons(site.repository, root, site.config.consolidate),
    )


def _reseedable(tools: Tools, seat: Callable[[Desk, int], Executor[Desk]]) -> Tools:
    """Tools that can be had with another seed: other replies, another choice of proofs."""

    def reseeded(seed: int) -> Tools:
        model = replace(tools.model, ask=Reseeded(tools.model.ask, seed))
        bench = replace(tools.bench, seed=seed) if tools.bench else None
        executor = seat(Desk(model, bench), seed)
        return replace(tools, model=model, bench=bench, executor=executor)

    return replace(tools, reseeded=reseeded)


def _load(path: Path | None) -> TaskSet | None:
    if path is None:
        return None
    from skillgit.domains.loading import load_tasks  # noqa: PLC0415 - most rounds have no tasks

    return load_tasks(path)

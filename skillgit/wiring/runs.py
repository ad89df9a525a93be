"""Agents on tasks, with the real endpoint, sandbox and folder: for `rollout`, `eval` and `evolve`.

async with asking(config, place_of_the_store) as (ask, store):
    runner = await model_runner(config, ask, store, unsafe=False)
    results = await runner.run(Work(skill, tasks, (41, 42)), RunFolder(folder), progress)
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from skillgit.config import Config, Speech
from skillgit.executors.local import LocalExecutor
from skillgit.ports import Progress
from skillgit.wiring.asking import key_of
from skillgit.wiring.workplace import Needed, Workplace, marked, needed_by

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.adapters.kept_runs import KeptRuns
    from skillgit.adapters.runs import RunFolder
    from skillgit.domains.task import Domain, Task
    from skillgit.endpoint.ask import StoredAsk
    from skillgit.endpoint.store import ReplyStore
    from skillgit.evaluation.runs import RunResult
    from skillgit.stages.rollout.terms import Crew, Model, Options
    from skillgit.types import Skill
    from skillgit.wiring.desks import Lodging

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
    place: Workplace = field(default_factory=Workplace)
    lodging: Lodging | None = None
    """How a worker on another machine builds the same."""

    def at(self, place: Workplace) -> Runner:
        """The same runs, made somewhere else."""
        lodging = self.lodging and self.lodging.shared_by(place.workers)
        return replace(self, place=place, lodging=lodging)

    @contextmanager
    def crew(self, work: Work, shelf: RunFolder | KeptRuns, progress: Progress) -> Iterator[Crew]:
        """Where the runs of `work` are made, to be kept on `shelf`."""
        from skillgit.stages.rollout.terms import Bench, Crew  # noqa: PLC0415

        desk = Bench(self.domains, shelf, self.model)
        if self.place.cluster is None or self.lodging is None:
            yield Crew(LocalExecutor(desk), shelf, progress)
            return
        from skillgit.wiring.desks import RunDesk  # noqa: PLC0415

        with marked(shelf.root) as mark:
            files = Needed(mark.files + needed_by(work.tasks).files)
            yield Crew(self.place.at(desk, RunDesk(self.lodging, shelf, files)), shelf, progress)

    async def run(self, work: Work, folder: RunFolder, progress: Progress) -> tuple[RunResult, ...]:
        """The results in order; finished runs of the folder are not run again.

        Raises as `stages.rollout` does: PartialError where something is finished and kept.
        """
        from skillgit.stages.rollout import rollout  # noqa: PLC0415

        with self.crew(work, folder, progress) as crew:
            return await rollout(work.skill, work.tasks, work.seeds, self.options, crew)


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
    from skillgit.wiring.desks import Lodging  # noqa: PLC0415

    domains = graders(config.grading)
    opened = open_sandbox if tried else untried_sandbox
    sandbox = await asyncio.to_thread(opened, config.sandbox, unsafe=unsafe)
    name = await ask.model()
    speech = await choose_speech(
        config, name, store, key_of(config), replay=replay, allowance=ask.allowance
    )
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
    lodging = replace(
        Lodging.of(config, name, prompts.digest()), speech=speech, unsafe=unsafe, replay=replay
    )
    return Runner(options, domains, Model(mind, prompts, sandbox), lodging=lodging)


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

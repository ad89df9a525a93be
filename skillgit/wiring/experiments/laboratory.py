"""One step of an experiment, made of what `new`, `rollout`, `evolve` and `eval` are made of.

What a step depends on is its key; what came of it is kept under that key, and found again without
endpoint, sandbox or model.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from skillgit import __version__
from skillgit.adapters.collection import MAIN, open_collection, put_skill
from skillgit.adapters.kept_steps import KeptSteps
from skillgit.adapters.prompts import JinjaPrompts
from skillgit.adapters.settings import load_settings
from skillgit.adapters.timings import read_timings
from skillgit.config import Config
from skillgit.domains.digests import task_set
from skillgit.domains.loading import load_tasks
from skillgit.domains.selection import Selection, select
from skillgit.domains.task import TaskSet
from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE
from skillgit.errors import FindingsError, UsageError
from skillgit.evaluation.runs import Ended, RunResult
from skillgit.experiments.matrix import Drafted, Evaluated, Evolved, Rollouts
from skillgit.experiments.outcomes import Runs, Scored, Taught, Written
from skillgit.experiments.plan import FolderSkill, Kind, ModelChoice, Split
from skillgit.ports import Progress
from skillgit.skill.digest import skill_digest
from skillgit.stages.rollout.harness import VERSION
from skillgit.types import Evolution, Skill, State
from skillgit.wiring.asking import asking
from skillgit.wiring.creation import Commission, draft_skill
from skillgit.wiring.errands import Errand
from skillgit.wiring.measuring import measured
from skillgit.wiring.rollouts import RolloutErrand, run_rollout
from skillgit.wiring.rounds import run_round
from skillgit.wiring.runs import Work, model_runner
from skillgit.wiring.workplace import workplace

COLLECTION = "skills.git"
_NOT_ASKED = {"base_url", "api_key_env", "workers", "timeout", "retries", "patience", "parallel"}
"""Settings that change how hard an endpoint is driven, not what comes of it."""
_OF_NO_STEP = {"check", "gate", "executor"}
_OF_ROUNDS = {"analyze", "collect", "consolidate", "record"}
_ROLES = {"success", "error", "merge", "reconcile", "diagnose", "remember"}
_CRASHED = {Ended.CRASHED, Ended.NO_REPLY}
_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Bench:
    """Where an experiment is made, and what a person allows."""

    folder: Path
    replay: bool = False
    unsafe: bool = False
    rights_held: bool = False


class Laboratory:
    """Makes steps. Several threads may ask at once, each for steps of its own."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.kept = KeptSteps(bench.folder / "steps")
        self._sets: dict[Path, TaskSet] = {}
        self._given: dict[FolderSkill, Written] = {}
        self._lock = threading.RLock()

    # ----------------------------------------------------------------- what steps depend on

    @property
    def place(self) -> Path:
        """The repository of the experiment."""
        return self.bench.folder / COLLECTION

    def tasks(self, split: Split) -> TaskSet:
        """The tasks of a split; UsageError where there is none."""
        with self._lock:
            if split.tasks not in self._sets:
                self._sets[split.tasks] = load_tasks(split.tasks)
            whole = self._sets[split.tasks]
        part = select(whole, Selection(part=split.part, stratified=split.stratified))
        chosen = part.tasks[split.start : split.stop]
        chosen = chosen[: split.limit] if split.limit else chosen
        if not chosen:
            raise UsageError(
                f"choosing tasks of {split.tasks}: from {split.start} on there is none of "
                f"{len(part.tasks)}",
                hint="look at from and to in the plan",
            )
        return task_set(chosen, whole.origin, whole.remarks)

    def given(self, skill: FolderSkill) -> Written:
        """A skill that somebody wrote, as a commit of the experiment's repository."""
        with self._lock:
            if skill not in self._given:
                with open_collection(self.place) as repository:
                    root, commit = put_skill(repository, skill.name, skill.folder)
                    files = repository.read_skill(root, commit).files
                self._given[skill] = Written(root, commit, skill_digest(files))
            return self._given[skill]

    def options(self, model: ModelChoice, **more: object) -> dict[str, object]:
        """The settings of a step: the model's, then the step's own."""
        named = {"endpoint.model": model.model, "endpoint.base_url": model.base_url}
        told = {key: value for key, value in named.items() if value}
        own = {key.replace("__", "."): value for key, value in more.items()}
        return {**dict(model.settings), **told, **own}

    def config(self, options: Mapping[str, object]) -> Config:
        """These settings on top of the environment's."""
        self.place.mkdir(parents=True, exist_ok=True)
        return load_settings(self.place, options).config

    def key(self, kind: str, options: Mapping[str, object], **more: object) -> str:
        """What a step depends on, as one word. Without a model's name its address stands for it."""
        config = self.config(options)
        told = {
            "kind": kind,
            "version": [__version__, VERSION, JinjaPrompts().digest()],
            "model": config.endpoint.model or config.endpoint.base_url,
            "settings": _asked(config, whole=kind == "round"),
            **more,
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:_DIGITS]

    # ----------------------------------------------------------------- the steps

    def draft(self, step: Drafted, progress: Progress) -> Written:
        """A skill from what a model knows."""
        options = self.options(step.model)
        key = self.draft_key(step)
        options["record.branch_prefix"] = f"drafts/{key[:8]}"
        with open_collection(self.place):
            pass
        commission = Commission(
            name=step.skill.draft,
            describe=step.skill.describe,
            options=options,
            start=self.place,
            base=MAIN,
            replay=self.bench.replay,
        )
        creation, usage = draft_skill(commission, progress)
        if creation.commit is None:
            raise FindingsError(
                f"drafting {step.skill.name}: {'; '.join(creation.misfits) or 'nothing came'}",
                hint="say more exactly what it is for in the plan's describe",
            )
        with open_collection(self.place) as repository:
            skill = repository.read_skill(creation.seat.root, creation.commit)
        return Written(
            root=creation.seat.root,
            commit=creation.commit,
            digest=skill_digest(skill.files),
            branch=creation.seat.branch,
            calls=usage.calls,
        )

    def draft_key(self, step: Drafted) -> str:
        """What a draft depends on."""
        skill = step.skill
        return self.key("draft", self.options(step.model), draft=[skill.draft, skill.describe])

    def roll_out(self, step: Rollouts, base: Written, progress: Progress) -> Taught:
        """Trajectories to learn from."""
        tasks = self.tasks(step.split)
        key = self.rollouts_key(step, base)
        folder = self.bench.folder / "rollouts" / key[:16]
        errand = RolloutErrand(
            tasks=step.split.tasks,
            out=folder,
            skill=base.root,
            selection=Selection(ids=tuple(task.id for task in tasks.tasks)),
            seeds=(step.seed,),
            options=self.options(step.model),
            start=self.place,
            base=base.commit,
            replay=self.bench.replay,
            unsafe=self.bench.unsafe,
            overwrite=True,
        )
        done = run_rollout(errand, progress)
        passed = sum(one.passed for one in done.results)
        return Taught(
            folder=folder.relative_to(self.bench.folder).as_posix(),
            passed=passed,
            failed=len(done.results) - passed,
            tasks=tuple(task.digest for task in tasks.tasks),
            names=tuple(task.id for task in tasks.tasks),
        )

    def rollouts_key(self, step: Rollouts, base: Written) -> str:
        """What trajectories depend on."""
        tasks = self.tasks(step.split).digest
        options = self.options(step.model)
        return self.key("rollouts", options, skill=base.digest, tasks=tasks, seed=step.seed)

    def evolve(self, step: Evolved, base: Written, taught: Taught, progress: Progress) -> Written:
        """A round on trajectories."""
        errand = Errand(
            skill=base.root,
            trajectories=(self.bench.folder / taught.folder,),
            tasks=step.rollouts.split.tasks,
            options=self.round_options(step),
            start=self.place,
            base=base.commit,
            replay=self.bench.replay,
            rights_held=self.bench.rights_held,
            unsafe=self.bench.unsafe,
        )
        return self._written(run_round(errand, progress), base, taught)

    def round_options(self, step: Evolved) -> dict[str, object]:
        """The settings of a round."""
        options = self.options(
            step.model,
            analyze__signals=str(step.signals),
            analyze__error_analyst=str(step.analyst),
            endpoint__seed=step.rollouts.seed,
        )
        if step.strategy.kind is Kind.SEQUENTIAL:
            options["consolidate.strategy"] = "sequential"
            options["consolidate.batch"] = step.strategy.batch
        return options

    def round_key(self, step: Evolved, base: Written, taught: Taught) -> str:
        """What a round depends on: the trajectories by what made them."""
        return self.key(
            "round",
            self.round_options(step),
            skill=base.digest,
            trajectories=[taught.folder, taught.tasks],
            strategy=str(step.strategy),
        )

    def _written(self, evolution: Evolution, base: Written, taught: Taught) -> Written:
        timings = read_timings(self.place / STATE_FOLDER, evolution.round.id)
        branch, usage = evolution.branch, evolution.usage
        commit, notes = base.commit, list[str]()
        if branch:
            commit = branch.tip
        else:
            notes.append(f"the round left the skill as it was: {_why_nothing(evolution)}")
        with open_collection(self.place) as repository:
            files = repository.read_skill(base.root, commit).files
        return Written(
            root=base.root,
            commit=commit,
            digest=skill_digest(files),
            branch=branch.name if branch else "",
            round=evolution.round.id,
            lessons=len(branch.lessons) if branch else 0,
            seconds=timings.seconds if timings else 0.0,
            calls=usage.calls,
            tokens=usage.prompt_tokens + usage.output_tokens,
            tasks=taught.tasks,
            names=taught.names,
            notes=tuple(notes),
        )

    def evaluate(self, step: Evaluated, skill: Written | None, progress: Progress) -> Runs:
        """An agent with a skill on the tasks of a split."""
        tasks = self.tasks(step.split)
        with open_collection(self.place) as repository:
            read = repository.read_skill(skill.root, skill.commit) if skill else None
        results = asyncio.run(self._measured(step, read, tasks, progress))
        scored = tuple(
            Scored(one.task, one.task_digest, one.seed, one.passed, one.score) for one in results
        )
        crashed = sum(one.ended in _CRASHED for one in results)
        return Runs(scored, results[0].model, crashed, tuple(_remarks(tasks, skill)))

    async def _measured(
        self, step: Evaluated, skill: Skill | None, tasks: TaskSet, progress: Progress
    ) -> tuple[RunResult, ...]:
        config = self.config(self.options(step.model))
        state, bench = self.place / STATE_FOLDER, self.bench
        work = Work(skill, tasks.tasks, step.seeds)
        async with asking(config, state / STORE_FILE, replay=bench.replay) as (ask, store):
            runner = await model_runner(
                config, ask, store, unsafe=bench.unsafe, replay=bench.replay
            )
            async with workplace(config, ask, store) as place:
                return await measured(work, runner.at(place), state, progress, name="runs")

    def evaluation_key(self, step: Evaluated, skill: Written | None) -> str:
        """What an evaluation depends on."""
        return self.key(
            "evaluation",
            self.options(step.model),
            skill=skill.digest if skill else None,
            bank=skill.bank if skill else "",
            taught=skill.names if skill else (),
            tasks=self.tasks(step.split).digest,
            seeds=step.seeds,
        )


def _asked(config: Config, *, whole: bool) -> dict[str, object]:
    """The settings that change what comes of a step; `whole`: of a round, not of runs alone."""
    tables = asdict(config)
    left = _OF_NO_STEP if whole else _OF_NO_STEP | _OF_ROUNDS
    roles = set() if whole else {name for name in _ROLES if name in tables["endpoint"]}
    return {
        table: {key: told for key, told in values.items() if key not in _NOT_ASKED | roles}
        for table, values in tables.items()
        if table not in left
    }


def _why_nothing(evolution: Evolution) -> str:
    """Why no lesson came out of a round."""
    if not evolution.patches:
        left = Counter(one.reason for one in evolution.excluded)
        reasons = [f"{count} excluded: {reason}" for reason, count in left.most_common(2)]
        return "; ".join([f"{len(evolution.analysed)} trajectories taught nothing", *reasons])
    told = Counter(
        f"{fate.state}: {fate.reason}".rstrip(": ")
        for fate in evolution.fates.values()
        if fate.state in {State.WITHHELD, State.REJECTED}
    )
    reasons = [f"{count} edits {reason}" for reason, count in told.most_common(2)]
    return "; ".join([*reasons, *(one.message for one in evolution.findings[:2])]) or "no edits"


def _remarks(tasks: TaskSet, skill: Written | None) -> list[str]:
    """What a reader of a figure must know: a skill may have been taught with what measures it."""
    digests, names = set(skill.tasks if skill else ()), set(skill.names if skill else ())
    both = sum(task.digest in digests or task.id in names for task in tasks.tasks)
    if not both:
        return []
    return [f"{both} of {len(tasks.tasks)} tasks are among those that taught the skill"]

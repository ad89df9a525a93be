"""What the steps of an experiment depend on: tasks, skills, settings; and the key of each step."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from skillgit import __version__
from skillgit.adapters.collection import open_collection, put_skill
from skillgit.adapters.git import GitRepository
from skillgit.adapters.kept_steps import KeptSteps
from skillgit.adapters.prompts import JinjaPrompts
from skillgit.adapters.settings import load_settings
from skillgit.config import Config, Sandbox
from skillgit.domains.digests import task_set
from skillgit.domains.loading import load_tasks
from skillgit.domains.selection import Selection, select
from skillgit.domains.task import TaskSet
from skillgit.endpoint.allowance import Allowance
from skillgit.endpoint.caps import Caps
from skillgit.errors import UsageError
from skillgit.experiments.matrix import Drafted, Evaluated, Evolved, Rollouts
from skillgit.experiments.outcomes import Taught, Written
from skillgit.experiments.plan import FolderSkill, Kind, ModelChoice, Split
from skillgit.skill.digest import skill_digest
from skillgit.stages.rollout.harness import VERSION
from skillgit.wiring.asking import Purse

COLLECTION = "skills.git"
_NOT_ASKED = {"base_url", "api_key_env", "workers", "timeout", "retries", "patience", "parallel"}
"""Settings that change how hard an endpoint is driven, not what comes of it."""
_OF_RUNS = ("endpoint", "agent", "sandbox", "grading")
_OF_ROUNDS = (*_OF_RUNS, "analyze", "collect", "consolidate", "record")
_OF_BANKS = (*_OF_RUNS, "recall")
_ROLES = {"success", "error", "merge", "reconcile", "diagnose", "remember"}
_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Bench:
    """Where an experiment is made, and what a person allows."""

    folder: Path
    replay: bool = False
    unsafe: bool = False
    rights_held: bool = False
    caps: Caps = field(default_factory=Caps)


class Silence:
    """`ports.Progress` for who is asked to be quiet."""

    def start(self, stage: str, total: int) -> None:
        """Nothing."""

    def advance(self, stage: str, note: str = "") -> None:
        """Nothing."""

    def finish(self, stage: str) -> None:
        """Nothing."""


class Ground:
    """Several threads may ask at once."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.kept = KeptSteps(bench.folder / "steps")
        self._sets: dict[Path, TaskSet] = {}
        self._given: dict[FolderSkill, Written] = {}
        self._tried: set[Sandbox] = set()
        """Sandboxes that worked before: each trial takes as long as a run."""
        self._lock = threading.RLock()
        self._account = Allowance(bench.caps)

    @property
    def place(self) -> Path:
        """The repository of the experiment."""
        return self.bench.folder / COLLECTION

    @property
    def purse(self) -> Purse:
        """Where there are caps, one account, for one step at a time; else each step has its own."""
        return self._account if self.bench.caps else self.bench.caps

    def repository(self) -> GitRepository:
        """The same, open; only one thread at a time may make it."""
        with self._lock:
            return open_collection(self.place)

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
                with self.repository() as repository:
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
            "settings": _asked(config, kind),
            **more,
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:_DIGITS]

    def draft_key(self, step: Drafted) -> str:
        """What a draft depends on."""
        skill = step.skill
        return self.key("draft", self.options(step.model), draft=[skill.draft, skill.describe])

    def rollouts_key(self, step: Rollouts, base: Written) -> str:
        """What trajectories depend on."""
        tasks = self.tasks(step.split).digest
        options = self.options(step.model)
        return self.key("rollouts", options, skill=base.digest, tasks=tasks, seed=step.seed)

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

    def evaluation_key(self, step: Evaluated, skill: Written | None) -> str:
        """What an evaluation depends on."""
        return self.key(
            "recalling" if skill and skill.bank else "evaluation",
            self.options(step.model),
            skill=skill.digest if skill else None,
            bank=skill.bank if skill else "",
            taught=skill.names if skill else (),
            tasks=self.tasks(step.split).digest,
            seeds=step.seeds,
        )


def _asked(config: Config, kind: str) -> dict[str, object]:
    """The settings that change what comes of a kind of step."""
    tables = asdict(config)
    chosen = {"round": _OF_ROUNDS, "recalling": _OF_BANKS}.get(kind, _OF_RUNS)
    left = _NOT_ASKED | (set() if kind == "round" else _ROLES)
    return {
        table: {key: told for key, told in tables[table].items() if key not in left}
        for table in chosen
    }

"""What a plan says; frozen values that `reading.py` makes and checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from skillgit.config import SEEDS, ErrorAnalyst, Signals
from skillgit.domains.selection import Part

NO_SKILL = "none"
"""In the references of a table: the same agent without any skill."""
SAME = "same"
"""Instead of authors: each user's skill is written by the user itself."""
FEW_TURNS = 10
"""Of a run and of an error analyst in a miniature."""
INIT = "init"
"""A difference is counted from the skill that the round began with."""


class Mode(StrEnum):
    """Where a round begins (section 2.5 of the paper)."""

    DEEPENING = "deepening"
    CREATION = "creation"


class Score(StrEnum):
    """What is counted of a run: does it pass, or the share that the grader gives."""

    HARD = "hard"
    SOFT = "soft"


class Kind(StrEnum):
    """How trajectories become something that an agent is given."""

    HIERARCHICAL = "hierarchical"
    SEQUENTIAL = "sequential"
    BANK = "bank"
    """Lessons stored per trajectory and found again by likeness (section 4.2 of the paper)."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """As a plan writes it: `hierarchical`, `sequential-4`, `bank`."""

    kind: Kind = Kind.HIERARCHICAL
    batch: int = 0
    """Trajectories between two edits of a sequential round; 0 where there is no such thing."""

    def __str__(self) -> str:
        return f"{self.kind}-{self.batch}" if self.batch else str(self.kind)


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a model's server does, told by a person; without it no GPU hours are told."""

    source: str
    """Who measured it, and on what."""
    prompt: float = 0.0
    """Prompt tokens of one second that no cache held."""
    output: float = 0.0
    gpus: float = 1.0
    """GPUs that do so much together."""
    call: float = 0.0
    """Instead of tokens: GPU seconds of one turn of an agent."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model under the name that the tables have for it."""

    name: str
    title: str = ""
    model: str = ""
    """As its endpoint calls it; "": the only one served."""
    base_url: str = ""
    """"": that of the settings."""
    settings: tuple[tuple[str, str | int | float | bool], ...] = ()
    """Those of the plan, and its own."""
    throughput: Throughput | None = None


@dataclass(frozen=True, slots=True)
class FolderSkill:
    """A skill that somebody wrote."""

    name: str
    title: str
    folder: Path


@dataclass(frozen=True, slots=True)
class DraftSkill:
    """A skill that a model drafts from what it knows: the paper's Parametric."""

    name: str
    title: str
    draft: str
    """The name of its folder."""
    describe: str
    author: str


SkillChoice: TypeAlias = FolderSkill | DraftSkill


@dataclass(frozen=True, slots=True)
class Split:
    """Tasks of a set: a part of it, then some places of that, then the first few."""

    tasks: Path
    part: Part = Part.ALL
    stratified: bool = True
    start: int = 0
    stop: int | None = None
    limit: int = 0
    told: int = 0
    """How many there are, for an estimate without the files."""


@dataclass(frozen=True, slots=True)
class DomainChoice:
    """A kind of task: what teaches and what measures."""

    name: str
    test: Split | None = None
    evolve: Split | None = None
    seeds: tuple[int, ...] = ()
    """Of its runs, where they are others than the plan's (avg@8 has eight)."""
    turns: float = 0.0
    """Turns of a run, for an estimate; 0: as assumed for all."""
    fail_share: float | None = None
    """Runs that fail, for an estimate; None: as assumed for all."""
    opening: float = 0.0
    """Tokens of a run's first prompt, for an estimate; 0: as assumed for all."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A column: what is counted on which tasks. Measures of a group are averaged first."""

    name: str
    domain: str
    score: Score = Score.HARD
    group: str = ""
    percent: bool = True
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class Table:
    """One table: references, then every author, mode, strategy, signal and analyst."""

    number: int
    title: str
    users: tuple[str, ...]
    measures: tuple[str, ...]
    evolve: str = ""
    """The domain that teaches; "" in a table of references alone."""
    references: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    """Models, or `same` alone."""
    modes: tuple[Mode, ...] = ()
    strategies: tuple[Strategy, ...] = (Strategy(),)
    signals: tuple[Signals, ...] = (Signals.COMBINED,)
    analysts: tuple[ErrorAnalyst, ...] = (ErrorAnalyst.AGENTIC,)
    against: str = ""
    """What differences are counted from: `init`, a reference, or "" for scores as they are."""
    average: bool = False
    time: bool = False
    sections: tuple[str, ...] = ()
    """What becomes a heading, of `author` and `mode`; the rest is told in each row."""
    row: str = "+{signal}"
    names: Mapping[str, str] = field(default_factory=dict)
    """How values are called in rows, where not by themselves."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What an estimate rests on, where nothing is known yet. Tokens, unless said otherwise."""

    turns: float = 50.0
    """Turns of one run: section 2.2 of the paper tells of "50+"."""
    opening: float = 3000.0
    """The first prompt of a run, with its skill."""
    turn: float = 200.0
    """What an agent writes in a turn."""
    observation: float = 300.0
    """What it reads in a turn."""
    fail_share: float = 0.5
    """Runs that fail, and are read by error analysts."""
    diagnosis_turns: float = 20.0
    shown: float = 3000.0
    """A trajectory as analysts are shown it; `analyze.trajectory_chars` is the bound."""
    lesson: float = 300.0
    thought: float = 2000.0
    """What a model thinks before it answers a single call."""
    edits: float = 2.0
    """Edits of one patch."""
    edit: float = 140.0
    """An edit as a merge is shown it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a plan says."""

    name: str
    models: Mapping[str, ModelChoice]
    skills: Mapping[str, SkillChoice]
    modes: Mapping[Mode, str]
    """The skill that each mode begins with."""
    domains: Mapping[str, DomainChoice]
    measures: Mapping[str, Measure]
    tables: tuple[Table, ...]
    seeds: tuple[int, ...] = SEEDS
    evolve_seed: int = SEEDS[0]
    assume: Assumptions = field(default_factory=Assumptions)

    def miniature(self, tasks: int) -> Plan:
        """The same with so many tasks of each set, one seed and few turns: for a laptop.

        Few trajectories cannot support a lesson twice, so one is enough.
        """

        def small(split: Split | None) -> Split | None:
            return replace(split, limit=tasks) if split else None

        return replace(
            self,
            models={name: _quick(one) for name, one in self.models.items()},
            domains={
                name: replace(
                    one, test=small(one.test), evolve=small(one.evolve), seeds=one.seeds[:1]
                )
                for name, one in self.domains.items()
            },
            seeds=self.seeds[:1],
        )

    def seeds_of(self, domain: DomainChoice) -> tuple[int, ...]:
        """The seeds with which its test tasks are run."""
        return domain.seeds or self.seeds


def _quick(model: ModelChoice) -> ModelChoice:
    """A model for a miniature."""
    told = dict(model.settings)
    support = {"consolidate.min_support": 1, "consolidate.main_support": 1}
    turns = {
        key: min(int(told.get(key, FEW_TURNS)), FEW_TURNS)
        for key in ("agent.turns", "analyze.turns")
    }
    return replace(model, settings=tuple({**support, **told, **turns}.items()))

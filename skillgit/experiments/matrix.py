"""From a plan to conditions and steps.

A step is named by all that it depends on, so two cells that need the same thing have one step:
every round of an author on one skill shares its trajectories, and a skill that several tables
measure is evolved once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from skillgit.config import ErrorAnalyst, Signals
from skillgit.experiments.plan import (
    INIT,
    NO_SKILL,
    SAME,
    DraftSkill,
    FolderSkill,
    Measure,
    Mode,
    ModelChoice,
    Plan,
    Split,
    Strategy,
    Table,
)

_ROLES = ("success", "error", "merge", "reconcile", "diagnose", "draft", "remember")
"""Who is asked in a round, or for a draft."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """A skill from what a model knows."""

    skill: DraftSkill
    model: ModelChoice

    @property
    def needs(self) -> tuple[Step, ...]:
        """The steps that must be done before."""
        return ()

    @property
    def label(self) -> str:
        """What a person reads while it runs."""
        return f"draft {self.skill.name} by {self.model.name}"


Base: TypeAlias = FolderSkill | Drafted


@dataclass(frozen=True, slots=True)
class Rollouts:
    """One trajectory for each task that teaches (section 2.2 of the paper)."""

    base: Base
    model: ModelChoice
    split: Split
    seed: int

    @property
    def needs(self) -> tuple[Step, ...]:
        """The steps that must be done before."""
        return _step_of(self.base)

    @property
    def label(self) -> str:
        """What a person reads while it runs."""
        return f"rollouts of {_name_of(self.base)} by {self.model.name}"


@dataclass(frozen=True, slots=True)
class Evolved:
    """A round on these trajectories, by the model that made them."""

    rollouts: Rollouts
    model: ModelChoice
    signals: Signals
    analyst: ErrorAnalyst
    strategy: Strategy

    @property
    def needs(self) -> tuple[Step, ...]:
        """The steps that must be done before."""
        return (self.rollouts,)

    @property
    def label(self) -> str:
        """What a person reads while it runs."""
        what = f"{self.strategy} {self.lessons}"
        return f"round on {_name_of(self.rollouts.base)} by {self.model.name}, {what}"

    @property
    def lessons(self) -> str:
        """Whose: `+error`, or `+error single-call` where its analysts prove nothing."""
        analyst = "" if self.analyst is ErrorAnalyst.AGENTIC else f" {self.analyst}"
        return f"+{self.signals}{analyst}"


Source: TypeAlias = Base | Evolved | None
"""What an agent is given; None: nothing."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """An agent with a skill on tasks that taught nothing."""

    source: Source
    model: ModelChoice
    split: Split
    seeds: tuple[int, ...]

    @property
    def needs(self) -> tuple[Step, ...]:
        """The steps that must be done before."""
        return _step_of(self.source)

    @property
    def label(self) -> str:
        """What a person reads while it runs."""
        return f"{_name_of(self.source)} used by {self.model.name} on {self.split.tasks.name}"


Step: TypeAlias = Drafted | Rollouts | Evolved | Evaluated


@dataclass(frozen=True, slots=True)
class Condition:
    """A row of a table: what each user is given, and what that is held against."""

    label: str
    headings: tuple[str, ...] = ()
    reference: str = ""
    """The skill of a reference row, or `none`."""
    author: str = ""
    """"" in a reference; `same`: each user."""
    init: str = ""
    signals: Signals = Signals.COMBINED
    analyst: ErrorAnalyst = ErrorAnalyst.AGENTIC
    strategy: Strategy = field(default_factory=Strategy)

    @property
    def is_reference(self) -> bool:
        """Is nothing evolved in it?"""
        return not self.author


def conditions(plan: Plan, table: Table) -> Iterator[Condition]:
    """The rows: references first, then authors, modes, strategies, signals and analysts."""
    for name in table.references:
        label = "No Skill" if name == NO_SKILL else plan.skills[name].title
        yield Condition(table.names.get(name, label), (), reference=name)
    for author in table.authors:
        for mode in table.modes:
            for strategy in table.strategies:
                for signals in table.signals:
                    for analyst in table.analysts:
                        yield _condition(plan, table, (author, mode, strategy, signals, analyst))


def _condition(
    plan: Plan, table: Table, of: tuple[str, Mode, Strategy, Signals, ErrorAnalyst]
) -> Condition:
    author, mode, strategy, signals, analyst = of
    init = plan.skills[plan.modes[mode]]
    told = {
        "author": author,
        "mode": table.names.get(mode, str(mode).capitalize()),
        "init": init.title,
        "signal": table.names.get(signals, str(signals).capitalize()),
        "analyst": table.names.get(analyst, str(analyst)),
        "strategy": table.names.get(str(strategy), str(strategy)),
    }
    written = plan.models[author].title if author in plan.models else "the skill user"
    headings = {
        "author": f"Skill Author: {written}",
        "mode": f"{told['mode']} (init: {init.title})",
    }
    return Condition(
        table.row.format(**told).strip(),
        tuple(headings[name] for name in table.sections),
        author=author,
        init=init.name,
        signals=signals,
        analyst=analyst,
        strategy=strategy,
    )


@dataclass(frozen=True, slots=True)
class Matrix:
    """The steps behind the rows of one table."""

    plan: Plan
    table: Table

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The rows, in the order of the table."""
        return tuple(conditions(self.plan, self.table))

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The columns of each user."""
        return tuple(self.plan.measures[name] for name in self.table.measures)

    def evaluated(self, condition: Condition, user: str, measure: Measure) -> Evaluated:
        """The step that one cell shows."""
        source: Source = self.evolved(condition, user)
        if source is None:
            source = self._base(condition.reference)
        return self._evaluated(source, user, measure)

    def held_against(self, condition: Condition, user: str, measure: Measure) -> Evaluated | None:
        """The step that a cell is the difference from; None for a score as it is."""
        against = self.table.against
        if not against or condition.is_reference:
            return None
        name = condition.init if against == INIT else against
        return self._evaluated(self._base(name), user, measure)

    def evolved(self, condition: Condition, user: str) -> Evolved | None:
        """The round behind a row for a user; None in a reference row."""
        if condition.is_reference:
            return None
        author = self.plan.models[user if condition.author == SAME else condition.author]
        split, base = self.plan.domains[self.table.evolve].evolve, self._base(condition.init)
        if split is None or base is None:
            raise ValueError(f"nothing teaches in table {self.table.number}")
        rollouts = Rollouts(base, as_agent(author), split, self.plan.evolve_seed)
        return Evolved(rollouts, author, condition.signals, condition.analyst, condition.strategy)

    def cells(self) -> Iterator[Evaluated]:
        """All that is shown, and what it is held against."""
        for condition in self.conditions:
            for user in self.table.users:
                for measure in self.measures:
                    against = self.held_against(condition, user, measure)
                    if against is not None:
                        yield against
                    yield self.evaluated(condition, user, measure)

    def _base(self, name: str) -> Base | None:
        if name == NO_SKILL:
            return None
        skill = self.plan.skills[name]
        if isinstance(skill, FolderSkill):
            return skill
        return Drafted(skill, as_agent(self.plan.models[skill.author], "endpoint.draft."))

    def _evaluated(self, source: Source, user: str, measure: Measure) -> Evaluated:
        domain = self.plan.domains[measure.domain]
        if domain.test is None:
            raise ValueError(f"the domain {domain.name} has no test tasks")
        seeds = self.plan.seeds_of(domain)
        return Evaluated(source, as_agent(self.plan.models[user]), domain.test, seeds)


_OF_ROUNDS = (
    *("analyze.", "collect.", "consolidate.", "record.", "gate.", "check."),
    *(f"endpoint.{role}." for role in _ROLES),
)


def as_agent(model: ModelChoice, kept: str = "") -> ModelChoice:
    """A model without the settings that only a round heeds: plans that differ in these share runs.

    `kept` are some that are heeded all the same.
    """
    settings = tuple(
        (key, value)
        for key, value in model.settings
        if not key.startswith(_OF_ROUNDS) or (kept and key.startswith(kept))
    )
    return replace(model, settings=settings)


def steps(plans: Iterable[Plan]) -> tuple[Step, ...]:
    """All steps of all tables of the plans, each once and behind those that it needs."""
    found: dict[Step, None] = {}
    for plan in plans:
        for table in plan.tables:
            for cell in Matrix(plan, table).cells():
                _put(found, cell)
    return tuple(found)


def _put(found: dict[Step, None], step: Step) -> None:
    for need in step.needs:
        _put(found, need)
    found.setdefault(step)


def _step_of(source: Source) -> tuple[Step, ...]:
    return () if source is None or isinstance(source, FolderSkill) else (source,)


def _name_of(source: Source) -> str:
    match source:
        case None:
            return "no skill"
        case FolderSkill():
            return source.name
        case Drafted():
            return source.skill.name
        case Evolved():
            author, strategy = source.model.name, source.strategy
            return f"{_name_of(source.rollouts.base)} {source.lessons} ({author}, {strategy})"

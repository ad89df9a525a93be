"""Several names for one model: its steps are made once, and an estimate counts them once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from skillgit.experiments.matrix import (
    Base,
    Drafted,
    Evaluated,
    Evolved,
    Rollouts,
    Source,
    Step,
)
from skillgit.experiments.plan import ModelChoice


def under_one_name(every: Iterable[Step], models: Iterable[ModelChoice]) -> tuple[Step, ...]:
    """The steps as they are made: each model under the first of its names."""
    first: dict[tuple[str, str], ModelChoice] = {}
    for model in models:
        first.setdefault((model.model, model.base_url), model)
    names = _Names(first)
    return tuple(dict.fromkeys(map(names.step, every)))


@dataclass(frozen=True, slots=True)
class _Names:
    first: Mapping[tuple[str, str], ModelChoice]

    def step(self, of: Step) -> Step:
        match of:
            case Drafted():
                return replace(of, model=self.model(of.model))
            case Rollouts():
                return self.rollouts(of)
            case Evolved():
                return self.evolved(of)
            case Evaluated():
                return replace(of, source=self.source(of.source), model=self.model(of.model))

    def model(self, of: ModelChoice) -> ModelChoice:
        one = self.first.get((of.model, of.base_url), of)
        return replace(of, name=one.name, title=one.title, throughput=one.throughput)

    def base(self, of: Base) -> Base:
        return replace(of, model=self.model(of.model)) if isinstance(of, Drafted) else of

    def rollouts(self, of: Rollouts) -> Rollouts:
        return replace(of, base=self.base(of.base), model=self.model(of.model))

    def evolved(self, of: Evolved) -> Evolved:
        return replace(of, rollouts=self.rollouts(of.rollouts), model=self.model(of.model))

    def source(self, of: Source) -> Source:
        if of is None:
            return None
        return self.evolved(of) if isinstance(of, Evolved) else self.base(of)

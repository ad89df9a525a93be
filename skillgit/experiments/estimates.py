"""What a plan will ask of its models, before it asks: calls, tokens, GPU hours.

A sketch, and every number that it rests on is told beside it: how many tasks there are, what a turn
takes (`assume` in the plan), what a server does (`throughput`). Nobody's throughput is guessed: a
model without one has no GPU hours.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace

from skillgit.config import Consolidate, ErrorAnalyst, Signals
from skillgit.experiments.matrix import Drafted, Evaluated, Evolved, Rollouts, Step
from skillgit.experiments.plan import (
    Assumptions,
    DomainChoice,
    Kind,
    ModelChoice,
    Plan,
    Split,
    Throughput,
)

_VERDICT = 10.0
"""What a merge says of an edit."""
_KINDS = ("drafts", "rollouts", "rounds", "evaluations")


@dataclass(frozen=True, slots=True)
class Load:
    """What steps ask: `fresh` are the prompt tokens that no prefix cache can hold."""

    steps: int = 0
    runs: float = 0.0
    calls: float = 0.0
    prompt: float = 0.0
    fresh: float = 0.0
    output: float = 0.0

    def __add__(self, other: Load) -> Load:
        return Load(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Load)))

    def times(self, factor: float) -> Load:
        """The same so many times; the number of steps stays."""
        return Load(
            self.steps,
            *(getattr(self, one.name) * factor for one in fields(Load) if one.name != "steps"),
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """The load of each model by kind of step; `gpu_hours` None where nobody told a throughput."""

    loads: Mapping[tuple[str, str], Load]
    """By model and kind."""
    gpu_hours: Mapping[str, float | None]
    throughputs: Mapping[str, Throughput]
    done: int
    """Steps that are kept from before and cost nothing."""
    assumed: Mapping[str, Assumptions]
    """What each plan assumes, by its name."""
    unknown: tuple[str, ...] = ()
    """Task sets whose size nobody knows; they count as empty."""

    def __add__(self, other: Estimate) -> Estimate:
        loads, hours = dict(self.loads), dict(self.gpu_hours)
        for place, load in other.loads.items():
            loads[place] = loads.get(place, Load()) + load
        for model, more in other.gpu_hours.items():
            so_far = hours.get(model, 0.0)
            hours[model] = None if so_far is None or more is None else so_far + more
        return Estimate(
            loads,
            hours,
            {**self.throughputs, **other.throughputs},
            self.done + other.done,
            {**self.assumed, **other.assumed},
            tuple(sorted({*self.unknown, *other.unknown})),
        )

    @property
    def total(self) -> Load:
        """All of it."""
        return sum(self.loads.values(), Load())

    def of_model(self, model: str) -> Load:
        """All that one model is asked."""
        return sum((load for (name, _), load in self.loads.items() if name == model), Load())


def estimate(
    plan: Plan,
    steps: Iterable[Step],
    counts: Mapping[Split, int],
    done: Container[Step] = frozenset(),
) -> Estimate:
    """The estimate of a plan's steps; `counts` are the tasks of the splits, as far as known.

    Add those of several plans, each with the steps that no other one has asked for.
    """
    scale = _Scale(plan.assume, counts, _domains(plan), _batch(plan))
    loads: dict[tuple[str, str], Load] = {}
    models: dict[str, ModelChoice] = {}
    kept = 0
    for step in steps:
        if step in done:
            kept += 1
            continue
        place = (step.model.name, _kind(step))
        models[step.model.name] = step.model
        loads[place] = loads.get(place, Load()) + scale.load(step)
    found = Estimate(loads, {}, {}, kept, {plan.name: plan.assume}, tuple(sorted(scale.unknown)))
    told = {name: one.throughput for name, one in models.items() if one.throughput}
    hours = {name: _gpu_hours(found.of_model(name), told.get(name), plan.assume) for name in models}
    return replace(found, gpu_hours=hours, throughputs=told)


def _domains(plan: Plan) -> dict[Split, DomainChoice]:
    return {
        split: domain
        for domain in plan.domains.values()
        for split in (domain.test, domain.evolve)
        if split is not None
    }


def _batch(plan: Plan) -> int:
    settings = dict(next(iter(plan.models.values())).settings)
    told = settings.get("consolidate.merge_batch", Consolidate().merge_batch)
    return max(2, int(told))


def _kind(step: Step) -> str:
    kinds = (Drafted, Rollouts, Evolved, Evaluated)
    return next(word for kind, word in zip(kinds, _KINDS, strict=True) if isinstance(step, kind))


@dataclass(slots=True)
class _Scale:
    """How large each step is."""

    assume: Assumptions
    counts: Mapping[Split, int]
    domains: Mapping[Split, DomainChoice]
    batch: int
    unknown: set[str] = field(default_factory=set)

    def load(self, step: Step) -> Load:
        """What one step asks."""
        match step:
            case Drafted():
                return Load(1, 0, 2, 2 * self.assume.opening, self.assume.opening, 2000)
            case Rollouts():
                return self._runs(step, 1)
            case Evaluated():
                return self._runs(step, len(step.seeds))
            case Evolved():
                return self._round(step)

    def _tasks(self, split: Split) -> int:
        count = self.counts.get(split, split.told)
        if not count:
            self.unknown.add(str(split.tasks))
        return min(count, split.limit) if split.limit else count

    def _runs(self, step: Rollouts | Evaluated, seeds: int) -> Load:
        runs = self._tasks(step.split) * seeds
        domain = self.domains.get(step.split)
        turns = (domain.turns if domain else 0.0) or self.assume.turns
        turns = min(turns, _most(step.model, "agent.turns"))
        opening = (domain.opening if domain else 0.0) or self.assume.opening
        one = self._conversation(opening, turns)
        whole = one.times(runs)
        return Load(1, runs, whole.calls, whole.prompt, whole.fresh, whole.output)

    def _conversation(self, opening: float, turns: float) -> Load:
        """Each prompt holds all before it; a prefix cache lacks what the last turn added."""
        grown = self.assume.turn + self.assume.observation
        prompt = turns * opening + grown * turns * (turns - 1) / 2
        fresh = opening + grown * max(turns - 1, 0)
        return Load(0, 0, turns, prompt, fresh, turns * self.assume.turn)

    def _round(self, step: Evolved) -> Load:
        of, trajectories = self.assume, self._tasks(step.rollouts.split)
        domain = self.domains.get(step.rollouts.split)
        told = domain.fail_share if domain else None
        fails = of.fail_share if told is None else told
        failed = trajectories * fails if step.signals is not Signals.SUCCESS else 0.0
        passed = trajectories * (1 - fails) if step.signals is not Signals.ERROR else 0.0
        asked = of.opening + of.shown
        single = Load(0, 0, 1, asked, of.shown, of.thought + of.lesson)
        agentic = step.analyst is ErrorAnalyst.AGENTIC and step.strategy.kind is not Kind.BANK
        turns = min(of.diagnosis_turns, _most(step.model, "analyze.turns"))
        error = single + self._conversation(asked, turns) if agentic else single
        read = error.times(failed) + single.times(passed) + Load(1)
        return (
            read if step.strategy.kind is Kind.BANK else read + self._merges(step, failed + passed)
        )

    def _merges(self, step: Evolved, patches: float) -> Load:
        """A tree of batches, or a chain of them."""
        of = self.assume
        edits = patches * of.edits
        if step.strategy.kind is Kind.SEQUENTIAL:
            calls = math.ceil(patches / step.strategy.batch) if step.strategy.batch > 1 else 0
            levels = 1.0 if calls else 0.0
        else:
            calls, left, levels = 0, patches, 0.0
            while left > 1:
                left = math.ceil(left / self.batch)
                calls, levels = calls + int(left), levels + 1
        prompt = calls * of.opening + edits * of.edit * levels
        output = calls * of.thought + edits * _VERDICT * levels
        return Load(0, 0, calls, prompt, edits * of.edit * levels, output)


def _most(model: ModelChoice, key: str) -> float:
    """A bound that the settings of a model have."""
    told = dict(model.settings).get(key)
    return math.inf if told is None else float(told)


def _gpu_hours(load: Load, told: Throughput | None, assume: Assumptions) -> float | None:
    """By tokens; or by turns, a call that writes more than a turn counting as so many turns."""
    if told is None:
        return None
    if told.call:
        turns = max(load.calls, load.output / max(assume.turn, 1.0))
        return turns * told.call / 3600
    return (load.fresh / told.prompt + load.output / told.output) * told.gpus / 3600


# --------------------------------------------------------------------------- in words


def text(of: Estimate) -> str:
    """On one screen."""
    return "\n".join([*_table(of), "", *_told(of)]) + "\n"


def _table(of: Estimate) -> Iterator[str]:
    head = ("", "steps", "runs", "calls", "prompt tokens", "not cached", "output tokens", "GPU h")
    rows: list[tuple[str, ...]] = [head]
    for model, hours in of.gpu_hours.items():
        for kind in _KINDS:
            load = of.loads.get((model, kind))
            if load is not None:
                rows.append((f"{model} {kind}", *_figures(load), ""))
        told = "?" if hours is None else f"{hours:,.1f}"
        rows.append((f"{model} in all", *_figures(of.of_model(model)), told))
    sum_of = [hours for hours in of.gpu_hours.values() if hours is not None]
    whole = f"{sum(sum_of):,.1f}" if len(sum_of) == len(of.gpu_hours) else "?"
    rows.append(("all models", *_figures(of.total), whole))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *rest = row
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        yield "  ".join([first.ljust(widths[0]), *cells]).rstrip()


def _figures(load: Load) -> tuple[str, ...]:
    return (
        f"{load.steps}",
        f"{load.runs:,.0f}",
        f"{load.calls:,.0f}",
        _tokens(load.prompt),
        _tokens(load.fresh),
        _tokens(load.output),
    )


def _tokens(count: float) -> str:
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count:,.0f}"


def _told(of: Estimate) -> Iterator[str]:
    """What is believed, and by whom it was told."""
    if of.done:
        yield f"Kept          {of.done} steps are done and cost nothing"
    different = list(dict.fromkeys(of.assumed.values()))
    for assume in different:
        names = ", ".join(name for name, told in of.assumed.items() if told == assume)
        yield from _believed(assume, f"{names}: " if len(different) > 1 else "")
    yield "              no call fails, and the prefix cache holds all that was sent before"
    for model, hours in of.gpu_hours.items():
        told = of.throughputs.get(model)
        if told is None or hours is None:
            yield (
                f"GPU hours     not told for {model}: nobody says what its server does "
                f"(--throughput {model}=PROMPT/OUTPUT/GPUS, or throughput in the plan)"
            )
        else:
            yield f"GPU hours     {model}: {_speed(told)}; {told.source}"
    for path in of.unknown:
        yield f"Not counted   {path}: it is not there, and the plan does not say how many tasks"


def _believed(assume: Assumptions, whose: str) -> Iterator[str]:
    yield (
        f"Assumed       {whose}a run: {assume.turns:g} turns (or the domain's own), "
        f"{assume.opening:g} tokens at first (the same), {assume.turn:g} written and "
        f"{assume.observation:g} read in a turn"
    )
    yield (
        f"              a round: {assume.fail_share:.0%} of the runs fail (or as told); an error "
        f"analyst takes {assume.diagnosis_turns:g} turns; a trajectory is shown in "
        f"{assume.shown:g} tokens"
    )
    yield (
        f"              a single call thinks {assume.thought:g} tokens, writes {assume.lesson:g}; "
        f"{assume.edits:g} edits a patch, {assume.edit:g} tokens each in a merge"
    )


def _speed(told: Throughput) -> str:
    if told.call:
        return f"{told.call:g} GPU seconds a turn"
    return (
        f"{told.prompt:,.0f} prompt and {told.output:,.0f} output tokens a second "
        f"on {told.gpus:g} GPUs"
    )


def document(of: Estimate) -> dict[str, object]:
    """As JSON."""
    return {
        "loads": [
            {"model": model, "kind": kind, **{f.name: getattr(load, f.name) for f in fields(Load)}}
            for (model, kind), load in of.loads.items()
        ],
        "gpu_hours": dict(of.gpu_hours),
        "throughput": {
            name: {f.name: getattr(one, f.name) for f in fields(Throughput)}
            for name, one in of.throughputs.items()
        },
        "kept_steps": of.done,
        "unknown": list(of.unknown),
        "assumed": {
            name: {f.name: getattr(assume, f.name) for f in fields(Assumptions)}
            for name, assume in of.assumed.items()
        },
    }

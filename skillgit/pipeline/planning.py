"""What a round will ask of the model, before it asks: calls, tokens, time and cost.

Analysts that are one call are built as the round builds them, so they are counted exactly, and what
is remembered is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from skillgit.config import ErrorAnalyst, Signals
from skillgit.doctor.speed import Speed
from skillgit.endpoint.caps import Prices
from skillgit.pipeline.estimates import (
    Asked,
    Site,
    agent_runs,
    merges,
    of_runs_to_come,
    proofs,
    reconciliations,
    single_calls,
)
from skillgit.pipeline.sequence_plan import (
    analysts_in_turn,
    is_foretold,
    is_sequence,
    merges_in_turn,
)
from skillgit.pipeline.spending import Span, Step, lasting, summed
from skillgit.ports import Call
from skillgit.stages.analyze import terms_of
from skillgit.stages.analyze.planned import ToProve, planned
from skillgit.trajectories.view import view
from skillgit.types import Pool, Skill, Usage

STAGE = "plan"


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to be asked. `pool` is None where the trajectories have yet to be made."""

    steps: tuple[Step, ...]
    pool: Pool | None = None
    not_shown: int = 0
    """Trajectories of which nothing can be shown."""
    not_provable: int = 0
    """Failed runs without their task or files."""

    @property
    def total(self) -> Step:
        """All steps as one."""
        return summed(self.steps)

    def cost(self, prices: Prices) -> Span:
        """The least if all that is shared comes from the server's cache, the most if nothing."""
        total = self.total
        low, high = total.output.low, total.output.high
        return Span(
            prices.of(_usage(total.prompt.low, total.shared.low, low)),
            prices.of(_usage(total.prompt.high, 0, high)),
        )

    def seconds(self, speed: Speed) -> Span:
        """At the speed that a probe found, as if that held for any number of calls at once."""
        return lasting(self.steps, speed)


def _usage(prompt: float, cached: float, output: float) -> Usage:
    return Usage(prompt_tokens=int(prompt), cached_tokens=int(cached), output_tokens=int(output))


def plan_round(skill: Skill, pool: Pool, site: Site, gate: Span | None = None) -> Plan:
    """The plan of a round over trajectories that are there; `gate`: the runs of the gate."""
    count = _Count(skill, site)
    for number in range(site.evolutions):
        count.evolution(pool, number)
    analysts = count.steps()
    steps = (*analysts, *_behind(count.analysts, skill, site, gate))
    return Plan(steps, pool, count.not_shown, count.not_provable)


def plan_from_tasks(skill: Skill, tasks: int, site: Site, gate: Span | None = None) -> Plan:
    """The plan of a round that makes its trajectories first, one for each task."""
    options = site.config.analyze
    prove = options.error_analyst is ErrorAnalyst.AGENTIC and options.signals is not Signals.SUCCESS
    contract = len(terms_of(skill, options, site.model).contract.content)
    runs = [str(number) for number in range(tasks)]
    analysts = of_runs_to_come(tasks, contract, site, prove=prove)
    if is_sequence(site):
        (analysts,) = analysts_in_turn([analysts], site)
    rollouts = agent_runs("rollouts", skill, Span.of(tasks), site)
    return Plan((rollouts, _times(analysts, site.evolutions), *_behind(runs, skill, site, gate)))


def _behind(
    patches: Sequence[str], skill: Skill, site: Site, gate: Span | None
) -> tuple[Step, ...]:
    """What comes after the analysts."""
    made = (
        merges_in_turn(patches, step, site) if is_sequence(site) else step(patches, site)
        for step in (merges, reconciliations)
    )
    steps = [_times(step, site.evolutions) for step in made]
    return (*steps, *([agent_runs("gate", skill, gate, site)] if gate else []))


def _times(step: Step, count: int) -> Step:
    """The same once for each evolution: they are made one after the other."""
    return replace(
        step,
        subjects=step.subjects * count,
        calls=step.calls * count,
        prompt=step.prompt * count,
        shared=step.shared * count,
        output=step.output * count,
        in_turn=step.in_turn * count,
    )


class _Count:
    """The analysts of a round, one after the other: none of their prompts is kept."""

    def __init__(self, skill: Skill, site: Site) -> None:
        self._skill = skill
        self._site = site
        self._asked = {role: Asked(role) for role in ("success", "error")}
        self._to_prove: list[int] = []
        self.analysts: list[str] = []
        """The trajectories that may have a patch."""
        self.not_shown = 0
        self.not_provable = 0

    def evolution(self, pool: Pool, number: int) -> None:
        """Each has a seed of its own."""
        site, options = self._site, self._site.config.analyze
        seed = site.config.endpoint.seed + number if number else None
        progress = site.model.progress
        progress.start(STAGE, len(pool.passed) + len(pool.failed))
        for place, one in enumerate(planned(self._skill, pool, options, site.model)):
            match one:
                case Call():
                    call = replace(one, seed=seed)
                    self._name(call.label, number)
                    known = is_foretold(place, site) and site.remembered(call)
                    self._asked[call.role] = self._asked[call.role].and_one(call, remembered=known)
                case ToProve(trajectory) if trajectory.digest in site.provable:
                    self._to_prove.append(len(view(trajectory, options.trajectory_chars).text))
                    self._name(trajectory.id, number)
                case ToProve():
                    self.not_provable += number == 0
                case _:
                    self.not_shown += number == 0
            progress.advance(STAGE)
        progress.finish(STAGE)

    def _name(self, trajectory: str, evolution: int) -> None:
        if not evolution:
            self.analysts.append(trajectory)

    def steps(self) -> tuple[Step, ...]:
        """One for each kind of analyst that there is."""
        site = self._site
        found = [single_calls(asked, site) for asked in self._asked.values() if asked.subjects]
        if self._to_prove:
            terms = terms_of(self._skill, site.config.analyze, site.model)
            found.append(proofs(self._to_prove, len(terms.contract.content), site))
        return analysts_in_turn(found, site, site.evolutions) if is_sequence(site) else tuple(found)

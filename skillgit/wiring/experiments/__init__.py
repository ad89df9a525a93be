"""`skillgit experiment`: plans in, outcomes of their steps out; what is kept is not made again.

plans.py       what was asked for, and the plans
laboratory.py  one step, made of what the other verbs are made of
making.py      all steps, several endpoints at once
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.experiments.matrix import Evaluated, Rollouts, Step, steps
from skillgit.experiments.one_name import under_one_name
from skillgit.experiments.outcomes import Gap, Outcome
from skillgit.experiments.plan import Plan
from skillgit.ports import Progress
from skillgit.wiring.experiments.plans import ExperimentErrand, read_plans

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.experiments.estimates import Estimate
    from skillgit.wiring.experiments.ground import Bench
    from skillgit.wiring.experiments.laboratory import Laboratory

__all__ = ["Experiment", "ExperimentErrand", "plan_experiment", "run_experiment"]


@dataclass(frozen=True, slots=True)
class Experiment:
    """What a person is shown."""

    plans: tuple[Plan, ...]
    outcomes: Mapping[Step, Outcome]
    out: Path
    made: int
    kept: int

    @property
    def gaps(self) -> int:
        """Steps of which nothing came."""
        return sum(isinstance(one, Gap) for one in self.outcomes.values())


def run_experiment(errand: ExperimentErrand, progress: Progress) -> Experiment:
    """Make every step that is not there yet; what fails is a gap with a reason."""
    plans = read_plans(errand)
    from skillgit.wiring.experiments.laboratory import Laboratory  # noqa: PLC0415 - heavy
    from skillgit.wiring.experiments.making import Making  # noqa: PLC0415 - the same

    laboratory = Laboratory(_bench(errand))
    every, only_kept = steps(plans), errand.only_kept
    making = Making(laboratory, every, progress, at_once=errand.at_once, only_kept=only_kept)
    making.all()
    in_order = {step: making.outcomes[step] for step in every}  # however they came to be made
    return Experiment(plans, in_order, errand.out, making.made, making.kept)


def plan_experiment(errand: ExperimentErrand) -> Estimate:
    """What the same errand would ask of the models; nothing is asked, and nothing written."""
    from skillgit.experiments.estimates import estimate  # noqa: PLC0415 - as above
    from skillgit.wiring.experiments.laboratory import Laboratory  # noqa: PLC0415 - heavy

    plans = read_plans(errand)
    models = [model for plan in plans for model in plan.models.values()]
    whose: dict[Step, Plan] = {}
    for plan in plans:
        for step in under_one_name(steps((plan,)), models):
            whose.setdefault(step, plan)
    laboratory = Laboratory(_bench(errand))
    counts = {}
    for split in {one.split for one in whose if isinstance(one, Rollouts | Evaluated)}:
        if split.tasks.exists():  # else the plan may tell how many there are
            counts[split] = len(laboratory.tasks(split).tasks)
    done = _kept(errand, laboratory, tuple(whose))
    first, *others = (
        estimate(plan, [step for step, of in whose.items() if of is plan], counts, done)
        for plan in plans
    )
    return sum(others, first)


def _kept(errand: ExperimentErrand, laboratory: Laboratory, every: Sequence[Step]) -> set[Step]:
    """The steps that are done; nobody looks, and nothing is written, where none can be."""
    from skillgit.wiring.experiments.ground import Silence  # noqa: PLC0415 - heavy
    from skillgit.wiring.experiments.making import Making  # noqa: PLC0415 - the same

    if not (errand.out / "steps").is_dir():
        return set()
    making = Making(laboratory, every, Silence(), only_kept=True)
    making.all()
    return {step for step, found in making.outcomes.items() if not isinstance(found, Gap)}


def _bench(errand: ExperimentErrand) -> Bench:
    from skillgit.wiring.experiments.ground import Bench  # noqa: PLC0415 - heavy

    return Bench(
        folder=errand.out.absolute(),
        replay=errand.replay,
        unsafe=errand.unsafe,
        rights_held=errand.rights_held,
        caps=errand.caps,
    )

"""What the analysts of a round will be asked, without asking: what a plan counts.

The calls are built by the code that sends them, so their digests are those of the round, and what
is remembered is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skillgit.config import Analyze
from skillgit.ports import Call, Model
from skillgit.stages.analyze import must_prove, teachers, terms_of
from skillgit.stages.analyze.asking import call_of
from skillgit.stages.analyze.single import question_about
from skillgit.types import Excluded, Pool, Skill, Trajectory


@dataclass(frozen=True, slots=True)
class ToProve:
    """A failed run whose analyst works in a sandbox: how often it asks shows when it works."""

    trajectory: Trajectory


def planned(
    skill: Skill, pool: Pool, options: Analyze, model: Model
) -> Iterator[Call | ToProve | Excluded]:
    """One after the other, in the order in which they are asked; none is kept."""
    office = terms_of(skill, options, model).office(model)
    for trajectory in teachers(pool, options.signals):
        if must_prove(trajectory, options):
            yield ToProve(trajectory)
            continue
        question = question_about(office, trajectory)
        yield question if isinstance(question, Excluded) else call_of(office, question)

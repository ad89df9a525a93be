"""Who analyses, and where: the work of one analyst as an executor takes it, on whatever machine.

Desk     what an analyst works with; it is built where the work is done
Terms    what all of them share
Crew     where they sit, and how many at once
teachers, must_prove    whose run one analyst reads, and of which kind that is
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from skillgit.config import Analyze, ErrorAnalyst, Signals
from skillgit.names import Digest
from skillgit.ports import Executor, Message, Model
from skillgit.skill.anchors import anchors, editable
from skillgit.skill.lines import numbered
from skillgit.stages.analyze.asking import Office
from skillgit.stages.analyze.bench import Bench, Exhibit
from skillgit.stages.analyze.hiding import fit_to_keep
from skillgit.stages.analyze.proven import by_proof
from skillgit.stages.analyze.single import by_single_call
from skillgit.types import Excluded, Patch, Pool, Result, Skill, Trajectory


@dataclass(frozen=True, slots=True)
class Desk:
    """What an analyst works with. The exhibits of its bench do not count: they come with a case."""

    model: Model
    bench: Bench | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What all analysts of a round share, as values. `places` are those that an edit may name."""

    skill: Skill
    contract: Message
    places: tuple[str, ...]
    options: Analyze

    def office(self, model: Model) -> Office:
        """The same, with somebody to ask."""
        return Office(self.skill, self.contract, self.places, self.options, model)


@dataclass(frozen=True, slots=True)
class Case:
    """A failed run whose cause must be proven, and what it left, as far as it is there."""

    trajectory: Trajectory
    exhibit: Exhibit | None


@dataclass(frozen=True, slots=True)
class Crew:
    """Where analysts sit. Without a bench nothing can be proven."""

    executor: Executor[Desk]
    calls: int = 128
    """Requests that the endpoint takes at once."""
    exhibits: Mapping[Digest, Exhibit] | None = None
    proofs: int = 16
    """Analysts that work in a sandbox at once."""

    @classmethod
    def of(cls, executor: Executor[Desk], calls: int, bench: Bench | None) -> Crew:
        """With the exhibits and the places of a bench, where there is one."""
        return (
            cls(executor, calls, bench.exhibits, bench.parallel) if bench else cls(executor, calls)
        )

    @property
    def singles(self) -> int:
        """Analysts of one call at once: while some are answered, as many questions are made."""
        return 2 * self.calls

    def case(self, trajectory: Trajectory) -> Case:
        """A run with what it left."""
        return Case(trajectory, (self.exhibits or {}).get(trajectory.digest))


async def in_one_call(desk: Desk, terms: Terms, trajectory: Trajectory) -> Patch | Excluded:
    """Work for an executor: an analyst that is one call."""
    return fit_to_keep(await by_single_call(terms.office(desk.model), trajectory))


async def with_a_proof(desk: Desk, terms: Terms, case: Case) -> Patch | Excluded:
    """Work for an executor: an analyst that must prove its cause."""
    bench, trajectory = desk.bench, case.trajectory
    if bench:
        found = {trajectory.digest: case.exhibit} if case.exhibit else {}
        bench = replace(bench, exhibits=found)
    return fit_to_keep(await by_proof(terms.office(desk.model), trajectory, bench))


def terms_of(skill: Skill, options: Analyze, model: Model) -> Terms:
    """What all analysts of a round share."""
    return Terms(
        skill,
        Message("system", model.prompts("analyst", files=_shown_files(skill))),
        tuple(anchors(skill, references=options.references)),
        options,
    )


def must_prove(trajectory: Trajectory, options: Analyze) -> bool:
    """Is it for an analyst in a sandbox?"""
    failed = trajectory.outcome.result is Result.FAIL
    return failed and options.error_analyst is ErrorAnalyst.AGENTIC


def teachers(pool: Pool, signals: Signals) -> tuple[Trajectory, ...]:
    """The trajectories that may teach under these signals, in the order of their ids."""
    failed = pool.failed if signals is not Signals.SUCCESS else ()
    passed = pool.passed if signals is not Signals.ERROR else ()
    return tuple(sorted((*failed, *passed), key=lambda trajectory: trajectory.id))


def _shown_files(skill: Skill) -> list[dict[str, str]]:
    return [
        {"path": path, "text": numbered(text)}
        for path in editable(skill)
        if (text := skill.text(path)) is not None
    ]

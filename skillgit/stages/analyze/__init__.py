"""Stage 2: one analyst per trajectory, all against the frozen base, none sees another's patch.

Section 2.3 of the paper. A success analyst is one call. An error analyst works in a sandbox and
must prove by a repair why the run failed, else its trajectory teaches nothing; asked for in so many
words it is one call as well.

    single.py      an analyst that is one call
    proven.py      one that proves its cause: grade again, diagnose, teach
    diagnosis.py   its conversations; tools.py, attempts.py what it does in them
    proof.py       is a repair a proof?
    bench.py       what that needs
    crew.py        who analyses, and where: what an executor is given to do
    asking.py      the call that gives the edits; schema.py, reply.py what it may say
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from skillgit.config import Analyze
from skillgit.names import TrajectoryId
from skillgit.ports import Model
from skillgit.stages.analyze.bench import Bench, Exhibit
from skillgit.stages.analyze.crew import (
    Crew,
    Desk,
    in_one_call,
    must_prove,
    teachers,
    terms_of,
    with_a_proof,
)
from skillgit.types import Excluded, Patch, Pool, Skill

__all__ = [
    "Analysis",
    "Bench",
    "Crew",
    "Desk",
    "Exhibit",
    "analyze",
    "must_prove",
    "teachers",
    "terms_of",
]

STAGE = "analyze"
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Analysis:
    """The patches, the trajectories without one, and who was analysed: the support's "of N"."""

    patches: tuple[Patch, ...]
    excluded: tuple[Excluded, ...]

    @property
    def analysed(self) -> tuple[TrajectoryId, ...]:
        """The trajectories whose analyst gave a usable reply, with edits or without."""
        return tuple(patch.trajectory for patch in self.patches)


async def analyze(skill: Skill, pool: Pool, options: Analyze, model: Model, crew: Crew) -> Analysis:
    """Ask one analyst for each trajectory that may teach; results in the order of their ids.

    Where the desks of the crew have no bench nothing can be proven: agentic error analysts then
    exclude their trajectories.
    """
    chosen = teachers(pool, options.signals)
    model.progress.start(STAGE, len(chosen))
    terms = terms_of(skill, options, model)
    others = [one for one in chosen if not must_prove(one, options)]
    to_prove = [crew.case(one) for one in chosen if must_prove(one, options)]

    def told(result: Patch | Excluded) -> None:
        _tell(model, result)

    each = crew.executor.each
    ended = await _together(
        [
            each(in_one_call, terms, others, told, crew.singles),
            each(with_a_proof, terms, to_prove, told, crew.proofs),
        ]
    )
    model.progress.finish(STAGE)
    results = sorted((one for part in ended for one in part), key=lambda one: one.trajectory)
    return Analysis(
        tuple(result for result in results if isinstance(result, Patch)),
        tuple(result for result in results if isinstance(result, Excluded)),
    )


async def _together(works: Iterable[Awaitable[_Done]]) -> list[_Done]:
    """All at once; where the surroundings are gone for one, none of the others goes on."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tell(model: Model, result: Patch | Excluded) -> None:
    summary = result.reason if isinstance(result, Excluded) else f"{len(result.edits)} edits"
    model.progress.advance(STAGE, f"{result.trajectory} {summary}")

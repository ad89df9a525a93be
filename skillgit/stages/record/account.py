"""What a round can tell about itself, apart from the lessons: it goes into the evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from skillgit.errors import SkillgitError
from skillgit.names import EditId, RoundId, TrajectoryId
from skillgit.provenance.evidence import Returned, Source
from skillgit.types import Edit, Excluded, Fate, GateReport, MergeRecord, Patch, Pool, Trajectory


@dataclass(frozen=True, slots=True)
class Account:
    """The trajectories, what each analyst proposed, and what became of every edit."""

    pool: Pool
    analysed: tuple[TrajectoryId, ...]
    """Those whose analyst gave a usable reply: the 323 of `178/323`."""
    patches: tuple[Patch, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    merges: tuple[MergeRecord, ...] = ()
    fates: tuple[Fate, ...] = ()
    reworded: tuple[Edit, ...] = ()
    """Edits that a merge worded, so that withheld ones among them keep their texts."""
    gate: GateReport | None = None
    rebased_from: RoundId | None = None
    """The round whose lessons are put on another base."""
    returned: Mapping[EditId, tuple[Returned, ...]] = field(default_factory=dict)
    """The dropped lessons that come back, by the edits that bring them."""

    @property
    def trajectories(self) -> tuple[Trajectory, ...]:
        """All that were found, by id."""
        pool = self.pool
        found = {one.id: one for one in (*pool.passed, *pool.failed, *pool.unknown)}
        return tuple(found[key] for key in sorted(found))

    def sources(self, edits: Iterable[Edit]) -> tuple[Source, ...]:
        """Who taught these edits: first who taught most of them and is quoted most, then by id."""
        edits = tuple(edits)
        known = {one.id: one for one in self.trajectories}
        taught = Counter(source for edit in edits for source in edit.sources)
        quoted = Counter(quote.trajectory for edit in edits for quote in edit.quotes)
        if strangers := sorted(taught.keys() - known.keys()):
            raise SkillgitError(
                f"recording a lesson: its source {strangers[0]} is no trajectory of the round",
                hint="this is a mistake of skillgit; please open an issue",
            )
        order = sorted(taught, key=lambda one: (-taught[one], -quoted[one], one))
        return tuple(Source(one, known[one].digest, known[one].outcome.result) for one in order)

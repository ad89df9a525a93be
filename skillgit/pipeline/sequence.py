"""Sequential editing: the skill is edited batch after batch (section 4.1 of the paper).

The analysts of a batch are shown the skill as the batches before left it, and what survives of
their edits is applied before the next batch begins. All the while the edits are kept as edits of
the one base that the round read, so they become lessons like any others. What alters the words of
an earlier lesson becomes one with it; edits that touch stay, and are one lesson in the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from skillgit.config import Config
from skillgit.ports import Model, Progress
from skillgit.review.memory import Memory
from skillgit.skill.hunks import group_edits
from skillgit.skill.stack import Beside, Stack
from skillgit.stages.analyze import Analysis, Crew, analyze, teachers
from skillgit.stages.consolidate import consolidate
from skillgit.stages.guard import guard
from skillgit.types import (
    ChangeSet,
    CreateFile,
    DeleteFile,
    Edit,
    Excluded,
    Fate,
    Insert,
    MergeRecord,
    Patch,
    Pool,
    Replace,
    Result,
    Skill,
    State,
    Trajectory,
)

_STAGE = "analyze"
_AMENDS = "amends an earlier lesson"
_AMENDED = "a later batch words it anew"


@dataclass(frozen=True, slots=True)
class Room:
    """What all batches share."""

    config: Config
    model: Model
    crew: Crew
    refused: Memory


async def in_sequence(skill: Skill, pool: Pool, room: Room) -> tuple[Analysis, ChangeSet]:
    """Analyse batch after batch, each against the skill as it then stands; all edits of `skill`.

    Prevalence counts for nothing here: what one trajectory of a batch teaches is applied.
    """
    found = list(batches(pool, room.config))
    steps = _Steps(room.model.progress, len(found))
    steps.begin(sum(map(len, found)))
    history = _History(skill, pool, replace(room, model=replace(room.model, progress=steps)))
    for number, batch in enumerate(found, start=1):
        steps.number = number
        await history.go_on(batch)
    steps.end()
    return history.analysis(), history.changes()


def batches(pool: Pool, config: Config) -> Iterator[tuple[Trajectory, ...]]:
    """Who is analysed together, in the order of ids: it does not depend on how runs were given."""
    chosen = teachers(pool, config.analyze.signals)
    size = config.consolidate.batch
    return (chosen[first : first + size] for first in range(0, len(chosen), size))


class _History:
    """The edits so far, and the account of all that was proposed."""

    def __init__(self, skill: Skill, pool: Pool, room: Room) -> None:
        self._skill, self._pool, self._room = skill, pool, room
        self._options = replace(room.config.consolidate, min_support=1)
        self._stack = Stack(skill)
        self._edits: list[Edit] = []
        self._patches: list[Patch] = []
        self._excluded: list[Excluded] = []
        self._fates: list[Fate] = []
        self._merges: list[MergeRecord] = []
        self._nodes = Counter[int]()

    async def go_on(self, batch: Sequence[Trajectory]) -> None:
        """One batch: analysed, consolidated, checked and applied."""
        room, now = self._room, self._stack
        analysis = await analyze(
            now.skill, _pool(batch), room.config.analyze, room.model, room.crew
        )
        changes = await consolidate(
            now.skill, analysis.patches, self._options, room.model, room.refused
        )
        verdict = guard(now.skill, changes.edits, self._pool)
        self._excluded += analysis.excluded
        self._patches += [_told(patch, now) for patch in analysis.patches]
        self._fates += [*changes.fates, *verdict.fates]
        self._merges += map(self._numbered, changes.merges)
        # From the end on: so the lines of those that are to come keep their numbers.
        for edit in sorted(verdict.edits, key=_place, reverse=True):
            self._take(edit)

    def analysis(self) -> Analysis:
        """Who was analysed, and what they proposed."""
        return Analysis(tuple(self._patches), tuple(self._excluded))

    def changes(self) -> ChangeSet:
        """What is left of it, as edits of the base in the order in which they are applied."""
        return ChangeSet(tuple(self._edits), tuple(self._fates), tuple(self._merges))

    def _take(self, edit: Edit) -> None:
        try:
            carried, stack = self._stack.after(edit.change)
        except ValueError as unfit:
            self._fates.append(Fate(edit.id, State.WITHHELD, f"SG202: {unfit}"))
            return
        edits, fates = self._edits.copy(), list[Fate]()
        if isinstance(carried, Beside):
            edits.insert(carried.at, replace(edit, change=carried.change))
        else:
            edits[carried.at], fate = _one(
                replace(edits[carried.at], change=carried.change), edit, whole=carried.whole
            )
            fates.append(fate)
        most = self._options.max_lessons
        if len(edits) > most and len(group_edits(self._skill, edits)) > most:
            reason = f"beyond the first {most} lessons of a branch"
            self._fates.append(Fate(edit.id, State.WITHHELD, reason))
            return
        self._edits, self._stack = edits, stack
        self._fates += fates

    def _numbered(self, record: MergeRecord) -> MergeRecord:
        """The nodes of all batches are counted through, level by level."""
        self._nodes[record.level] += 1
        return replace(record, node=self._nodes[record.level] - 1)


def _one(earlier: Edit, later: Edit, *, whole: bool) -> tuple[Edit, Fate]:
    """A lesson and what alters its words; where none of them are left, the later one carries on."""
    head, other, why = (later, earlier, _AMENDED) if whole else (earlier, later, _AMENDS)
    both = replace(
        head,
        change=earlier.change,
        sources=head.sources | other.sources,
        quotes=tuple(dict.fromkeys((*head.quotes, *other.quotes))),
        marks=head.marks | other.marks,
    )
    return both, Fate(other.id, State.MERGED, why, head.id)


def _pool(batch: Sequence[Trajectory]) -> Pool:
    return Pool(
        tuple(one for one in batch if one.outcome.result is Result.PASS),
        tuple(one for one in batch if one.outcome.result is Result.FAIL),
    )


def _told(patch: Patch, now: Stack) -> Patch:
    """As a reader sees it who has the base beside it."""
    return replace(
        patch, edits=tuple(replace(edit, change=now.told(edit.change)) for edit in patch.edits)
    )


def _place(edit: Edit) -> tuple[str, int]:
    match edit.change:
        case Insert(path, after, _) | CreateFile(_, _, Insert(path, after, _)):
            return path, after
        case Replace(path, lines, _):
            return path, lines.first
        case DeleteFile(path, _):
            return path, 0


class _Steps:
    """All batches as one stage, for the one who waits; merges count as a part of it."""

    def __init__(self, progress: Progress, batches: int) -> None:
        self._progress, self._batches = progress, batches
        self.number = 0

    def begin(self, total: int) -> None:
        self._progress.start(_STAGE, total)

    def end(self) -> None:
        self._progress.finish(_STAGE)

    def start(self, stage: str, total: int) -> None:
        """A stage of one batch."""

    def advance(self, stage: str, note: str = "") -> None:
        if stage == _STAGE:
            self._progress.advance(stage, f"batch {self.number} of {self._batches}: {note}")

    def finish(self, stage: str) -> None:
        """A stage of one batch."""

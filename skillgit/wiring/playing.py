"""The runs of an ablation, each a task by itself with a skill of its own."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from skillgit.config import Config
from skillgit.names import Digest, RoundId
from skillgit.ports import Progress
from skillgit.types import Skill
from skillgit.wiring.measuring import kept, measured
from skillgit.wiring.runs import Runner, Work

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.domains.task import TaskSet
    from skillgit.evaluation.design import Asked, Design, Lessons
    from skillgit.evaluation.runs import RunResult
    from skillgit.provenance.evidence import LessonRecord
    from skillgit.review.catalogue import FoundLesson

STAGE = "runs"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subject:
    """A round that is taken apart: its base, the lessons that stand, the tasks, and the design."""

    round: RoundId
    base: Skill
    lessons: tuple[FoundLesson, ...]
    records: tuple[LessonRecord, ...]
    tasks: TaskSet
    design: Design
    remarks: tuple[str, ...] = ()

    def skill(self, lessons: Lessons) -> Skill:
        """The skill with these of the lessons, as an agent would be given it."""
        from skillgit.skill.hunks import apply_changes  # noqa: PLC0415 - --help has no time

        changes = [edit.change for one in sorted(lessons) for edit in self.records[one].edits]
        return replace(self.base, files=apply_changes(self.base, changes))

    @property
    def company(self) -> Digest:
        """Which lessons are taken together, and on what."""
        told = json.dumps([self.base.commit, sorted(one.patch for one in self.records)])
        return Digest(f"sha256:{hashlib.sha256(told.encode()).hexdigest()}")


@dataclass(frozen=True, slots=True)
class Room:
    """What all parts of an ablation share."""

    config: Config
    subject: Subject
    state: Path
    progress: Progress
    unsafe: bool = False
    """Without a sandbox."""


class Player:
    """Makes the runs that are asked for, as many at once as may be, each by itself."""

    def __init__(self, room: Room, runner: Runner) -> None:
        self._room = room
        self._runner = runner
        self._tasks = {one.id: one for one in room.subject.tasks.tasks}
        self._skills: dict[Lessons, Skill] = {}
        self._places = asyncio.Semaphore(room.config.agent.parallel)
        self._is_tried = False
        self._ended: Counter[str] = Counter()
        self.kept = 0

    @contextmanager
    def told(self, most: int) -> Iterator[None]:
        """The one who waits sees the most that there may be."""
        self._room.progress.start(STAGE, most)
        yield
        self._room.progress.finish(STAGE)

    async def __call__(self, asked: Sequence[Asked]) -> Sequence[bool]:
        """Did they pass, in the same order?"""
        works = [self._work(one) for one in asked]
        found = [kept(work, self._runner.options, self._room.state) for work in works]
        self.kept += sum(found)
        if not all(found):
            await self._try_sandbox()
        results = await _together(map(self._made, works))
        self._ended.update(str(one.ended) for one in results)
        return [one.passed for one in results]

    def remarks(self) -> Iterator[str]:
        """Ends that say nothing of a lesson."""
        for how in ("crashed", "no reply"):
            if count := self._ended[how]:
                yield f"{count} of {self._ended.total()} runs ended so and count as they are: {how}"

    def _work(self, asked: Asked) -> Work:
        if asked.lessons not in self._skills:
            self._skills[asked.lessons] = self._room.subject.skill(asked.lessons)
        skill, task = self._skills[asked.lessons], self._tasks[asked.cell.task]
        return Work(skill, (task,), (asked.cell.seed,))

    async def _made(self, work: Work) -> RunResult:
        async with self._places:
            (result,) = await measured(
                work, self._runner, self._room.state, _Silent(), committed=False
            )
        self._room.progress.advance(STAGE)
        return result

    async def _try_sandbox(self) -> None:
        from skillgit.sandbox import open_sandbox  # noqa: PLC0415 - --help has no time

        if not self._is_tried:
            config, unsafe = self._room.config.sandbox, self._room.unsafe
            await asyncio.to_thread(open_sandbox, config, unsafe=unsafe)
            self._is_tried = True


class _Silent:
    """A run among many tells nobody that it began."""

    def start(self, stage: str, total: int) -> None:
        """Nothing."""

    def advance(self, stage: str, note: str = "") -> None:
        """Nothing."""

    def finish(self, stage: str) -> None:
        """Nothing."""


async def _together(works: Iterable[Awaitable[T]]) -> list[T]:
    """All at once; where one cannot be done, none of the others goes on."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

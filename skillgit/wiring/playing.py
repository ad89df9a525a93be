"""The runs of an ablation: each is of a task and a skill of its own."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.config import Config
from skillgit.names import Digest, RoundId
from skillgit.ports import Progress
from skillgit.types import Skill
from skillgit.wiring.measuring import RUNS_FOLDER
from skillgit.wiring.runs import Runner, Work

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.domains.task import TaskSet
    from skillgit.evaluation.design import Asked, Design, Lessons
    from skillgit.evaluation.runs import SkillVersion
    from skillgit.provenance.evidence import LessonRecord
    from skillgit.review.catalogue import FoundLesson
    from skillgit.stages.rollout.attempt import Order

STAGE = "runs"


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
    """Makes the runs that are asked for: of many skills, and as many at once as may be."""

    def __init__(self, room: Room, runner: Runner) -> None:
        from skillgit.adapters.kept_runs import KeptRuns  # noqa: PLC0415 - --help has no time

        self._room = room
        self._runner = runner
        self._shelf = KeptRuns(room.state / RUNS_FOLDER)
        self._tasks = {one.id: one for one in room.subject.tasks.tasks}
        self._skills: dict[Lessons, tuple[Skill, SkillVersion]] = {}
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
        from skillgit.stages.rollout.run import Done, run  # noqa: PLC0415 - --help has no time

        orders = [self._order(one) for one in asked]
        found = [self._shelf.finished(order.identity) for order in orders]
        waiting = [order for order, known in zip(orders, found, strict=True) if known is None]
        self.kept += len(orders) - len(waiting)
        for _ in range(len(orders) - len(waiting)):
            self._room.progress.advance(STAGE)
        if waiting:
            await self._try_sandbox()

        def told(done: Done) -> None:
            del done
            self._room.progress.advance(STAGE)

        options, tasks = self._runner.options, [order.task for order in waiting]
        with self._runner.crew(Work(None, tasks, ()), self._shelf, self._room.progress) as crew:
            executor = crew.executor
            made = await executor.each(run, options, waiting, told, options.agent.parallel)
        new = (done.result for done in made)
        results = [known or next(new) for known in found]
        self._ended.update(str(one.ended) for one in results)
        return [one.passed for one in results]

    def remarks(self) -> Iterator[str]:
        """Ends that say nothing of a lesson."""
        for how in ("crashed", "endpoint failed", "no reply"):
            if count := self._ended[how]:
                yield f"{count} of {self._ended.total()} runs ended so and count as they are: {how}"

    def _order(self, asked: Asked) -> Order:
        from skillgit.evaluation.runs import RunIdentity  # noqa: PLC0415 - --help has no time
        from skillgit.stages.rollout.attempt import Order  # noqa: PLC0415

        skill, version = self._skill(asked.lessons)
        task, options = self._tasks[asked.cell.task], self._runner.options
        identity = RunIdentity(
            task.id, task.digest, asked.cell.seed, version.digest, options.model, options.harness
        )
        return Order(task, identity, skill, version)

    def _skill(self, lessons: Lessons) -> tuple[Skill, SkillVersion]:
        """Skills that are in no commit: they are called by their digests."""
        from skillgit.evaluation.runs import SkillVersion  # noqa: PLC0415 - --help has no time
        from skillgit.skill.digest import skill_digest  # noqa: PLC0415

        if lessons not in self._skills:
            skill = self._room.subject.skill(lessons)
            version = SkillVersion(skill.root, None, skill_digest(skill.files))
            self._skills[lessons] = skill, version
        return self._skills[lessons]

    async def _try_sandbox(self) -> None:
        from skillgit.sandbox import open_sandbox  # noqa: PLC0415 - --help has no time

        if not self._is_tried:
            config, unsafe = self._room.config.sandbox, self._room.unsafe
            await asyncio.to_thread(open_sandbox, config, unsafe=unsafe)
            self._is_tried = True

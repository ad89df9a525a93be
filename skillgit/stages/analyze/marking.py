"""What lies in a work folder as the answer, taken out and graded by the program.

The gold file is read here alone, outside of every sandbox and of every folder that a model's
program can see.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skillgit.agent.inside import NotTaken
from skillgit.agent.replay import replay
from skillgit.agent.tools import Room
from skillgit.agent.workspace import take_out
from skillgit.domains.task import Case, Domain, Grade, Mismatch
from skillgit.names import Digest
from skillgit.stages.analyze.bench import Bench, Exhibit
from skillgit.types import ToolCall


@dataclass(frozen=True, slots=True)
class Marked:
    """An answer and its grade; no artifact where there was no file that could be taken."""

    grade: Grade
    artifact: Digest | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What is wrong with what a run left: the first case that does not pass, counted from 1."""

    case: int
    grade: Grade
    artifact: Digest | None

    @property
    def report(self) -> str:
        """For the analyst; no expected value is in it."""
        told = self.grade.report()
        return told if self.case == 1 else f"passed with these inputs; with other inputs {told}"

    @property
    def near(self) -> float:
        """How near the run came, as `Judgement.near` counts it."""
        return self.case - 1 + self.grade.closeness

    @property
    def mismatches(self) -> tuple[Mismatch, ...]:
        """Where the first case differs; nothing where another case is the first to fail."""
        return self.grade.mismatches if self.case == 1 else ()


@contextmanager
def scratch(what: str) -> Iterator[Path]:
    """A folder that goes away. Resolved, for a sandbox binds it: the usual one may be a link."""
    prefix = f"skillgit-{what}-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()


async def mark(domain: Domain, case: Case, folder: Path, most_bytes: int) -> Marked:
    """Grade the answer that lies in a work folder, if a regular file of its name does."""
    return await asyncio.to_thread(_mark, domain, case, folder, most_bytes)


def _mark(domain: Domain, case: Case, folder: Path, most_bytes: int) -> Marked:
    with scratch("answer") as into:
        taken = take_out(folder, case.answer, into, most_bytes)
        if isinstance(taken, NotTaken):
            return Marked(Grade(passed=False, score=0.0, problem=taken.reason))
        with taken.open("rb") as file:
            digest = Digest(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
        return Marked(domain.grade(case, taken), digest)


async def failure_of(
    exhibit: Exhibit, calls: Sequence[ToolCall], domain: Domain, bench: Bench
) -> Failure | None:
    """Grade again what a run left, as a rollout does; None where it passes in every case."""
    first, *others = exhibit.task.cases
    marked = await mark(domain, first, exhibit.work, bench.answer_bytes)
    if not marked.grade.passed:
        return Failure(1, marked.grade, marked.artifact)
    for number, case in enumerate(others, 2):
        with scratch("replay") as folder:
            room = Room(bench.sandbox, folder / "work")
            await replay(calls, case, room)
            marked = await mark(domain, case, room.work, bench.answer_bytes)
        if not marked.grade.passed:
            return Failure(number, marked.grade, marked.artifact)
    return None

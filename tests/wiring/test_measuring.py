"""Measurements by themselves: skills that are in no commit, names, what is kept and forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sums import HONEST, write_tasks

from skillgit.config import Config
from skillgit.domains.loading import load_tasks
from skillgit.domains.task import Task
from skillgit.evaluation.runs import RunResult
from skillgit.names import Oid
from skillgit.skill.digest import skill_digest
from skillgit.types import MANIFEST, Skill
from skillgit.wiring.evaluating import parted
from skillgit.wiring.measuring import forget, framed, kept, measured
from skillgit.wiring.runs import Work, idle_runner

SKILL = Skill("skills/sums", Oid("a" * 40), {MANIFEST: b"# Sums\n"})
RUNNER = idle_runner(Config(), "gold")


@dataclass
class Told:
    """Progress as it was told."""

    notes: list[str] = field(default_factory=list)

    def start(self, stage: str, total: int) -> None:
        self.notes.append(f"{stage}: {total}")

    def advance(self, stage: str, note: str = "") -> None:
        self.notes.append(f"{stage}: {note}")

    def finish(self, stage: str) -> None:
        self.notes.append(f"{stage} over")


@pytest.fixture
def tasks(tmp_path: Path) -> tuple[Task, ...]:
    return load_tasks(write_tasks(tmp_path / "tasks", {"a": HONEST, "b": HONEST})).tasks


def run(work: Work, state: Path, *, committed: bool = True) -> Sequence[RunResult]:
    return asyncio.run(measured(work, RUNNER, state, Told(), committed=committed))


def test_a_skill_in_no_commit_is_called_by_its_digest(
    tmp_path: Path, tasks: tuple[Task, ...]
) -> None:
    work = Work(SKILL, tasks, (41, 42))
    results = run(work, tmp_path, committed=False)
    assert [(one.task, one.seed) for one in results] == [
        (task, seed) for seed in (41, 42) for task in "ab"
    ]
    assert {
        (one.skill.root, one.skill.commit, one.skill.digest) for one in results if one.skill
    } == {("skills/sums", None, skill_digest(SKILL.files))}


def test_kept_runs_are_told_as_of_now(tmp_path: Path, tasks: tuple[Task, ...]) -> None:
    first = run(Work(SKILL, tasks, (41,)), tmp_path)
    elsewhere = replace(SKILL, root="other/sums", commit=Oid("b" * 40))
    regrouped = [replace(task, group="new") for task in tasks]
    second = run(Work(elsewhere, regrouped, (41,)), tmp_path)
    assert [one.identity for one in first] == [one.identity for one in second]
    assert [one.trajectory for one in first] == [one.trajectory for one in second]
    assert {one.skill and one.skill.commit for one in second} == {"b" * 40}
    assert {one.group for one in second} == {"new"}


def test_what_is_kept_is_counted_and_can_be_forgotten(
    tmp_path: Path, tasks: tuple[Task, ...]
) -> None:
    both, one = Work(SKILL, tasks, (41, 42)), Work(SKILL, tasks[:1], (42,))
    assert kept(both, RUNNER.options, tmp_path) == 0
    run(both, tmp_path)
    assert kept(both, RUNNER.options, tmp_path) == 4
    assert kept(Work(None, tasks, (41, 42)), RUNNER.options, tmp_path) == 0
    assert kept(both, idle_runner(Config(), "do-nothing").options, tmp_path) == 0
    forget(one, RUNNER.options, tmp_path)
    assert kept(both, RUNNER.options, tmp_path) == 3
    forget(one, RUNNER.options, tmp_path)


def test_who_waits_sees_what_is_under_way(tmp_path: Path, tasks: tuple[Task, ...]) -> None:
    progress = Told()
    frame = asyncio.run(framed(tasks, Config(), tmp_path, progress))
    assert progress.notes == [
        "floor: 2",
        "floor: 0 of 1 passed, 0%",
        "floor: 0 of 2 passed, 0%",
        "floor over",
        "ceiling: 2",
        "ceiling: 1 of 1 passed, 100%",
        "ceiling: 2 of 2 passed, 100%",
        "ceiling over",
    ]
    assert frame.bounds.floor
    assert frame.bounds.ceiling
    assert (frame.bounds.floor.hard, frame.bounds.ceiling.hard) == (0.0, 1.0)
    assert frame.broken == ()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("skills/xlsx", ("skills/xlsx", "HEAD")),
        ("skills/xlsx@HEAD~1", ("skills/xlsx", "HEAD~1")),
        ("skills/xlsx/@HEAD~1", ("skills/xlsx", "HEAD~1")),
        ("skills/xlsx@origin/main", ("skills/xlsx", "origin/main")),
        ("skills/xlsx@HEAD@{1}", ("skills/xlsx", "HEAD@{1}")),
        ("skills/xlsx@@", ("skills/xlsx", "@")),
        (".@main", (".", "main")),
        ("skills/@team/xlsx", ("skills/@team/xlsx", "HEAD")),
        ("skills/@team/xlsx@v1", ("skills/@team/xlsx", "v1")),
        ("@team/xlsx@v1", ("@team/xlsx", "v1")),
    ],
)
def test_a_revision_stands_behind_the_folder(text: str, parts: tuple[str, str]) -> None:
    assert parted(text) == parts

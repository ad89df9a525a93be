"""What runs left is found again, from wherever a person points at it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from diagnosing import Lab
from scripted import ScriptedEndpoint

from skillgit.domains.loading import load_tasks
from skillgit.wiring.bench import exhibits


@pytest.fixture
def lab(tmp_path: Path, endpoint: ScriptedEndpoint) -> Lab:
    return Lab(tmp_path / "lab", endpoint)


@pytest.mark.parametrize(
    "given", ["runs", "runs/notes-7", "runs/notes-7/41", "runs/notes-7/41/trajectory.json", "."]
)
def test_a_run_is_found_from_above_and_from_within(lab: Lab, given: str) -> None:
    lab.folder.mkdir()
    digest = lab.failed_run()
    tasks = load_tasks(lab.folder / "tasks")
    (found,) = exhibits([lab.folder / given], tasks).items()
    assert found[0] == digest
    assert found[1].task == tasks.tasks[0]
    assert (found[1].work / "answer.txt").read_text() == "12.5"


def test_a_task_that_was_changed_since_is_another_task(lab: Lab) -> None:
    lab.folder.mkdir()
    lab.failed_run()
    lab.gold().write_text("another\n")
    assert not exhibits([lab.runs], load_tasks(lab.folder / "tasks"))


def test_what_an_agent_left_is_no_run_even_if_it_looks_like_one(lab: Lab) -> None:
    lab.folder.mkdir()
    lab.failed_run("work")
    place = lab.runs / "work/41"
    forged = place / "work/task/1"
    forged.mkdir(parents=True)
    for name in ("result.json", "trajectory.json"):
        (forged / name).write_bytes((place / name).read_bytes())
    (place / "work/result.json").write_text(json.dumps({"schema": "skillgit.run/1"}))
    tasks = load_tasks(lab.folder / "tasks")
    for given in (lab.runs, lab.folder, place):
        (found,) = exhibits([given], tasks).values()
        assert found.work == place / "work"


def test_folders_without_runs_give_nothing(lab: Lab) -> None:
    lab.folder.mkdir()
    lab.failed_run()
    assert not exhibits([lab.folder / "tasks"], load_tasks(lab.folder / "tasks"))
    assert not exhibits([], load_tasks(lab.folder / "tasks"))

"""A task set from a folder, whatever its layout: our own manifest, or a public set as it is."""

from __future__ import annotations

from pathlib import Path

from skillgit.domains import tasks_file
from skillgit.domains.spreadsheet import benchmark
from skillgit.domains.task import TaskSet
from skillgit.errors import UsageError


def load_tasks(path: Path) -> TaskSet:
    """The tasks at `path`, a folder or its manifest; UsageError says what cannot be used."""
    folder = path.parent if path.name in {tasks_file.MANIFEST, benchmark.MANIFEST} else path
    if (folder / tasks_file.MANIFEST).is_file():
        return tasks_file.load(folder)
    if benchmark.is_benchmark(folder):
        return benchmark.load_benchmark(folder)
    what = (
        "it is no folder" if not folder.is_dir() else "it holds no tasks.toml and no dataset.json"
    )
    raise UsageError(
        f"reading tasks from {path}: {what}",
        hint="give a folder with tasks.toml (section 11 of SKILLS_FORMAT.md), or SpreadsheetBench",
    )

"""A task set from a path, whatever its layout: our own manifest, or a public set as it is."""

from __future__ import annotations

from pathlib import Path

from skillgit.domains import tasks_file
from skillgit.domains.docqa import benchmark as docqa
from skillgit.domains.layout import Layout
from skillgit.domains.math import layouts as problems
from skillgit.domains.plug_ins import plug_ins
from skillgit.domains.spreadsheet import benchmark
from skillgit.domains.tableqa import dataset as tables
from skillgit.domains.task import TaskSet
from skillgit.errors import UsageError

LAYOUTS: tuple[Layout, ...] = (
    tasks_file.LAYOUT,
    benchmark.LAYOUT,
    tables.LAYOUT,
    docqa.LAYOUT,
    problems.LAYOUT,
)
"""The first one that fits reads the path; those of other packages are asked after ours."""


def load_tasks(path: Path) -> TaskSet:
    """The tasks at `path`, a folder or a file of one; UsageError says what cannot be used."""
    others = plug_ins()
    layouts = (*LAYOUTS, *(layout for one in others.found for layout in one.layouts))
    for layout in layouts:
        if layout.fits(path):
            return layout.load(path)
    signs = [layout.sign for layout in layouts]
    if path.is_dir():
        what = f"it holds no {', no '.join(signs[:-1])} and no {signs[-1]}"
    else:
        what = "no task set looks like this file" if path.is_file() else "it is no folder"
    raise UsageError(
        "; ".join([f"reading tasks from {path}: {what}", *others.problems]),
        hint="give a folder with tasks.toml (section 11 of SKILLS_FORMAT.md), or a public set as"
        " it is published (sections 11.2 and following)",
    )

"""What runs left, found again for the error analysts of a round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from skillgit.adapters.runs import RESULT, WORK, RunFolder, StoredRun
from skillgit.domains.task import TaskSet
from skillgit.names import Digest
from skillgit.stages.analyze.bench import Exhibit

_DEEPEST = 4
"""Folders between a path that a person gave and a run in it."""


def exhibits(paths: Iterable[Path], tasks: TaskSet) -> Mapping[Digest, Exhibit]:
    """The runs at or below `paths` whose task is in the set as it was run, by their trajectory.

    A path is what `--trajectories` takes: a folder of runs, one with several of them in it, a part
    of one, or a single trajectory.
    """
    known = {(task.id, task.digest): task for task in tasks.tasks}
    found: dict[Digest, Exhibit] = {}
    for run in _runs(paths):
        task = known.get((run.result.task, run.result.task_digest))
        if task:
            found[run.result.trajectory] = Exhibit(task, run.work, run.result)
    return found


def tasks_of_runs(paths: Iterable[Path]) -> Mapping[Digest, Digest]:
    """The tasks of all runs at or below `paths`, as they were run, by their trajectory."""
    return {run.result.trajectory: run.result.task_digest for run in _runs(paths)}


def _runs(paths: Iterable[Path]) -> Iterator[StoredRun]:
    for root in dict.fromkeys(root for path in paths for root in _roots(path.resolve())):
        yield from RunFolder(root).read().runs


def _roots(path: Path) -> Iterator[Path]:
    """The folders of runs that a path is in, or that are in it: `<root>/<task>/<seed>/`."""
    for place in (path, path.parent):  # a run, or its trajectory
        if (place / RESULT).is_file():
            yield place.parent.parent
    for depth in range(1, _DEEPEST + 1):
        for result in sorted(path.glob("/".join(["*"] * depth + [RESULT]))):
            if not _left_by_an_agent(result, path):
                yield result.parents[2]


def _left_by_an_agent(result: Path, path: Path) -> bool:
    """What agents left may look like a run as well."""
    above = result.parents[: len(result.relative_to(path).parts)]
    return any(each.name == WORK and (each.parent / RESULT).is_file() for each in above)

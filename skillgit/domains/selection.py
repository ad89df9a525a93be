"""Which tasks of a set are used: by id, by group, a half of it, the first few."""

from __future__ import annotations

import difflib
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from skillgit.domains.digests import task_set
from skillgit.domains.task import Task, TaskSet
from skillgit.errors import UsageError


class Part(StrEnum):
    """A part of a task set; the two halves together are the whole."""

    ALL = "all"
    FIRST_HALF = "first-half"
    SECOND_HALF = "second-half"


@dataclass(frozen=True, slots=True)
class Selection:
    """What is wanted. Applied in this order: part, ids, groups, limit (0 = all)."""

    part: Part = Part.ALL
    ids: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    limit: int = 0
    stratified: bool = True


def select(tasks: TaskSet, wanted: Selection) -> TaskSet:
    """The tasks that are wanted, in the order of the set; an id or group it has not is an error."""
    halves = split(tasks, stratified=wanted.stratified)
    parts = {Part.ALL: tasks, Part.FIRST_HALF: halves[0], Part.SECOND_HALF: halves[1]}
    chosen: Sequence[Task] = parts[wanted.part].tasks
    if wanted.ids:
        _require(wanted.ids, [task.id for task in tasks.tasks], "task", tasks.origin)
        chosen = [task for task in chosen if task.id in wanted.ids]
    if wanted.groups:
        _require(wanted.groups, [task.group for task in tasks.tasks], "group", tasks.origin)
        chosen = [task for task in chosen if task.group in wanted.groups]
    if wanted.limit:
        chosen = chosen[: wanted.limit]
    if not chosen:
        raise UsageError(
            f"choosing tasks of {tasks.origin}: none is left of {len(tasks.tasks)}",
            hint="ask for fewer things at once",
        )
    return _with(tasks, chosen)


def split(
    tasks: TaskSet, share: float = 0.5, *, stratified: bool = True
) -> tuple[TaskSet, TaskSet]:
    """The set in two parts, the first with `share` of the tasks; always the same two.

    Stratified, each group gives its share, chosen by the digest of the ids: SpreadsheetBench's
    order is by group, so that its first half (the paper's 0 to 199) is another kind of task than
    its second. Not stratified, the first part is the beginning of the set.
    """
    if not 0 < share < 1:
        raise ValueError(f"a share lies between 0 and 1: {share}")
    if stratified:
        groups: dict[str, list[Task]] = defaultdict(list)
        for task in tasks.tasks:
            groups[task.group].append(task)
        first = {task.id for members in groups.values() for task in _drawn(members, share)}
    else:
        first = {task.id for task in tasks.tasks[: _count(len(tasks.tasks), share)]}
    return (
        _with(tasks, (task for task in tasks.tasks if task.id in first)),
        _with(tasks, (task for task in tasks.tasks if task.id not in first)),
    )


def _drawn(members: Sequence[Task], share: float) -> Sequence[Task]:
    ordered = sorted(members, key=lambda task: hashlib.sha256(task.id.encode()).digest())
    return ordered[: _count(len(ordered), share)]


def _count(total: int, share: float) -> int:
    return int(total * share + 0.5)  # halves go up, unlike round()


def _with(tasks: TaskSet, chosen: Iterable[Task]) -> TaskSet:
    return task_set(chosen, tasks.origin, tasks.remarks)


def _require(wanted: Sequence[str], known: Sequence[str], word: str, origin: str) -> None:
    for one in wanted:
        if one not in known:
            near = difflib.get_close_matches(one, sorted(set(known)), n=1, cutoff=0.5)
            raise UsageError(
                f"choosing tasks of {origin}: there is no {word} {one!r}",
                hint=f"did you mean {near[0]!r}?" if near else f"look which {word}s the set has",
            )

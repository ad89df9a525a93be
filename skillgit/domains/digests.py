"""How tasks are named by what they hold: any change of a file or a word is another task."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from skillgit.domains.task import Case, Task, TaskSet
from skillgit.names import Digest


@dataclass(frozen=True, slots=True)
class Draft:
    """A task that has been read and has no digest yet."""

    id: str
    domain: str
    query: str
    cases: tuple[Case, ...]
    group: str = ""


def finished(draft: Draft) -> Task:
    """The task with its digest; reads every file of it. The group is no part of the digest."""
    told = {
        "id": draft.id,
        "domain": draft.domain,
        "query": draft.query,
        "cases": [_told(case) for case in draft.cases],
    }
    return Task(draft.id, draft.domain, draft.query, draft.cases, _digest(told), draft.group)


def task_set(tasks: Iterable[Task], origin: str, remarks: Sequence[str] = ()) -> TaskSet:
    """Tasks in this order, with the digest of all of them."""
    tasks = tuple(tasks)
    told = [[task.id, task.digest] for task in tasks]
    return TaskSet(tasks, _digest(told), origin, tuple(remarks))


def _told(case: Case) -> dict[str, object]:
    return {
        "inputs": {name: _of_file(path) for name, path in case.inputs.items()},
        "answer": case.answer,
        "gold": _of_file(case.gold) if case.gold else None,
        "region": case.region,
    }


def _of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(told: object) -> Digest:
    text = json.dumps(told, sort_keys=True, ensure_ascii=True)
    return Digest(f"sha256:{hashlib.sha256(text.encode()).hexdigest()}")

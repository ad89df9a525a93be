"""DocVQA as it is published: `val_v1.0.json` with a folder of pictures beside it.

`{"data": [{"questionId", "question", "image": "documents/….png", "answers": […], …}]}`, in later
files (`…_withQT.json`) with `question_types`. The pictures lie in `documents/` or, as they are
handed out now, in `spdocvqa_images/`. The test split has no answers, so nothing can be graded.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from skillgit.domains.digests import Draft, finished, task_set
from skillgit.domains.docqa.domain import DocQA, region_of
from skillgit.domains.docqa.pictures import read_image
from skillgit.domains.layout import Layout
from skillgit.domains.task import Case, Task, TaskSet
from skillgit.errors import UsageError
from skillgit.images import Image

Row: TypeAlias = Mapping[str, Any]

SIGN = "val_v1.0.json"
_NAMES = re.compile(r"(train|val|test)_v[0-9.]+(_withQT)?\.json")
_FOLDERS = ("", "documents", "spdocvqa_images")
_SHOWN_IDS = 5
_HINT = "DocVQA's folder holds val_v1.0.json, and its pictures in documents/"
_HOW = "Answer with a few words or a number, as the document has them, and with nothing else."


@dataclass(slots=True)
class _Reading:
    """A file of questions while it is read. Many share a picture, which is looked at once."""

    root: Path
    images: dict[str, tuple[Path, str] | str] = field(default_factory=dict)
    """By the name in the file: where it lies and of which kind it is, or why it cannot be used."""
    left_out: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def image(self, name: str) -> tuple[Path, str] | str:
        if name not in self.images:
            self.images[name] = self._looked_at(name)
        return self.images[name]

    def _looked_at(self, name: str) -> tuple[Path, str] | str:
        for path in self._places(name):
            image = read_image(path)
            return (path, image.kind) if isinstance(image, Image) else f"its picture: {image}"
        return "its picture is not there"

    def _places(self, name: str) -> Iterator[Path]:
        """The places in which it lies, inside the folder of the set."""
        last = PurePosixPath(name).name
        for path in (self.root / name, *(self.root / folder / last for folder in _FOLDERS)):
            if _is_inside(path, self.root):
                yield path


def _is_inside(path: Path, root: Path) -> bool:
    try:
        return path.is_file() and path.resolve().is_relative_to(root.resolve())
    except (OSError, ValueError):  # a name that is too long, or holds a NUL
        return False


def load_benchmark(path: Path) -> TaskSet:
    """The questions in the order of the file; those that are left out are told in the remarks."""
    file = _file(path)
    if file is None:
        raise UsageError(f"reading tasks from {path}: it holds no {SIGN}", hint=_HINT)
    reading = _Reading(file.parent)
    tasks: dict[str, Task] = {}
    for number, each in enumerate(_rows(file), 1):
        row = each if isinstance(each, dict) else {}
        name = str(row.get("questionId", "")).strip()
        task = _task(reading, name, row) if name else "it has no questionId"
        if not isinstance(task, str) and name in tasks:
            task = "another question has the same id"
        if isinstance(task, str):
            reading.left_out[task].append(name or f"entry {number}")
        else:
            tasks[name] = task
    remarks = [_told(reason, names) for reason, names in reading.left_out.items()]
    if not tasks:
        why = f": {remarks[0]}" if remarks else ""
        raise UsageError(f"reading {file}: no question of it can be used{why}", hint=_HINT)
    return task_set(tasks.values(), str(path), remarks)


def _file(path: Path) -> Path | None:
    """The file of questions that is meant; of a folder the validation split before others."""
    if path.is_file():
        return path if _NAMES.fullmatch(path.name) else None
    if not path.is_dir():
        return None
    found = (each for each in path.iterdir() if _NAMES.fullmatch(each.name) and each.is_file())
    return min(found, key=lambda each: (_rank(each.name), each.name), default=None)


def _rank(name: str) -> int:
    return ("val", "train", "test").index(name.partition("_")[0])


LAYOUT = Layout(SIGN, lambda path: _file(path) is not None, load_benchmark)


def _rows(file: Path) -> Iterable[object]:
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"reading {file}: {error}", hint=_HINT) from error
    rows = found.get("data") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        raise UsageError(f"reading {file}: it has no list 'data' of questions", hint=_HINT)
    return rows


def _task(reading: _Reading, name: str, row: Row) -> Task | str:
    """The task of a question, or why it cannot be used."""
    question, image = row.get("question"), row.get("image")
    if not (isinstance(question, str) and question.strip()):
        return "it has no question"
    answers = row.get("answers")
    golds = [one for one in answers if isinstance(one, str)] if isinstance(answers, list) else []
    if not golds:
        return "it has no answers, as in a test split"
    if not isinstance(image, str):
        return "it names no picture"
    found = reading.image(image)
    if isinstance(found, str):
        return found
    path, kind = found
    case = Case({f"page.{kind}": path}, DocQA.answer, region=region_of(golds))
    query = f"{question.strip()}\n\n{_HOW}"
    return finished(Draft(name, DocQA.name, query, (case,), _group(row)))


def _group(row: Row) -> str:
    types = row.get("question_types")
    return ", ".join(sorted(map(str, types))) if isinstance(types, list) else ""


def _told(reason: str, names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN_IDS} more" if len(names) > _SHOWN_IDS else ""
    return f"{', '.join(names[:_SHOWN_IDS])}{more}: left out: {reason}"

"""SpreadsheetBench as it is published: the Verified-400 set and the 912 tasks, as they lie there.

A folder with dataset.json and spreadsheet/<id>/. Files of case n are `n_<id>_init.xlsx` with
`n_<id>_golden.xlsx` (Verified) or `n_<id>_input.xlsx` with `n_<id>_answer.xlsx` (912); some have
blanks before the dot, another id in the name, or neither number nor id. An agent sees every case
as input.xlsx and leaves output.xlsx, so that what it did on one case can be done on another.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from skillgit.domains.digests import Draft, finished, task_set
from skillgit.domains.layout import Layout
from skillgit.domains.spreadsheet.ranges import Region, official_doubt
from skillgit.domains.task import Case, Task, TaskSet
from skillgit.errors import UsageError

Row: TypeAlias = Mapping[str, Any]

MANIFEST = "dataset.json"
INPUT, ANSWER = "input.xlsx", "output.xlsx"

_FILE = re.compile(
    r"(?i)(?:(?P<case>\d+)_(?:.*_)?)?(?P<role>init|input|initial|golden|answer)\s*\.xlsx"
)
_GOLD = {"golden", "answer"}
_HINT = "a SpreadsheetBench folder holds dataset.json and spreadsheet/<id>/"


@dataclass(slots=True)
class _Reading:
    folder: Path
    remarks: list[str] = field(default_factory=list)

    def leave_out(self, name: str, reason: str) -> None:
        self.remarks.append(f"{name}: left out: {reason}")


def load_benchmark(path: Path) -> TaskSet:
    """All tasks in the order of dataset.json; what is odd or left out is told in the remarks."""
    folder = _root(path)
    reading = _Reading(folder)
    tasks = [
        task
        for number, row in enumerate(_rows(folder / MANIFEST), 1)
        if (task := _task(reading, number, row))
    ]
    if not tasks:
        raise UsageError(
            f"reading {folder / MANIFEST}: it holds no task that can be used", hint=_HINT
        )
    return task_set(tasks, str(folder), reading.remarks)


def _root(path: Path) -> Path:
    return path.parent if path.name == MANIFEST else path


LAYOUT = Layout(MANIFEST, lambda path: (_root(path) / MANIFEST).is_file(), load_benchmark)


def _rows(manifest: Path) -> Sequence[object]:
    try:
        rows = json.loads(manifest.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"reading {manifest}: {error}", hint=_HINT) from error
    if not isinstance(rows, list):
        raise UsageError(f"reading {manifest}: it is no list of tasks", hint=_HINT)
    return rows


def _task(reading: _Reading, number: int, row: object) -> Task | None:
    if not isinstance(row, dict) or not isinstance(row.get("id"), str | int):
        reading.leave_out(f"entry {number}", "it has no id")
        return None
    name = str(row["id"])
    instruction, position = row.get("instruction"), row.get("answer_position")
    if not isinstance(instruction, str):
        reading.leave_out(name, "it has no instruction")
        return None
    if not (isinstance(position, str) and position.strip()):
        reading.leave_out(name, "it has no answer_position")
        return None
    cases = _cases(reading, name, row)
    if not cases:
        reading.leave_out(name, "its spreadsheet folder has no workbook to start from")
        return None
    if not instruction.strip():  # 55457: the official scorer counts it all the same
        reading.remarks.append(f"{name}: its instruction is empty")
    if doubt := official_doubt(position):
        reading.remarks.append(f"{name}: {doubt}")
    if row.get("exclude"):
        reading.remarks.append(f"{name}: marked to be excluded: {row['exclude']}")
    group = str(row.get("instruction_type", ""))
    return finished(Draft(name, "spreadsheet", _query(row), cases, group))


def _query(row: Row) -> str:
    position, sheet = row["answer_position"], row.get("answer_sheet")
    where = f"Where the answer is expected: {position}"
    if isinstance(sheet, str) and sheet and "!" not in position:
        where += f" (sheet: {sheet})"
    return "\n".join(
        [
            row["instruction"].strip(),
            "",
            f"Kind of task: {row.get('instruction_type', 'spreadsheet')}",
            where,
            f"The workbook is {INPUT}. Save the result as {ANSWER}.",
        ]
    )


def _cases(reading: _Reading, name: str, row: Row) -> tuple[Case, ...]:
    folder = _folder(reading, name, row)
    if folder is None:
        return ()
    inputs, golds = _sorted_files(reading, name, folder)
    sheet = row.get("answer_sheet")
    position = str(row["answer_position"])
    cases = []
    for number, path in sorted(inputs.items()):
        gold = golds.get(number)
        region = Region(
            position,
            sheet if isinstance(sheet, str) and "!" not in position else "",
            misnamed=gold is not None and not _is_named_officially(gold, number, name),
        )
        if gold is None:
            reading.remarks.append(f"{name}: case {number} has no gold file")
        elif region.misnamed:
            told = f"{name}: {gold.name!r} is misnamed: no answer passes officially"
            reading.remarks.append(told)
        cases.append(Case({INPUT: path}, ANSWER, gold, region.text))
    reading.remarks += [
        f"{name}: case {number} has no workbook to start from"
        for number in sorted({*golds} - {*inputs})
    ]
    return tuple(cases)


def _folder(reading: _Reading, name: str, row: Row) -> Path | None:
    root = reading.folder.resolve()
    for path in (row.get("spreadsheet_path"), f"spreadsheet/{name}"):
        if isinstance(path, str) and "\0" not in path:
            folder = (root / path).resolve()
            if folder.is_relative_to(root) and folder.is_dir():
                return folder
    return None


def _sorted_files(
    reading: _Reading, name: str, folder: Path
) -> tuple[dict[int, Path], dict[int, Path]]:
    """Inputs and gold files by case; of several, the one that is named officially, or the first."""
    found: dict[tuple[bool, int], list[Path]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        match = _FILE.fullmatch(path.name)
        if match and path.is_file() and path.resolve().is_relative_to(folder):
            is_gold = match["role"].lower() in _GOLD
            found[is_gold, int(match["case"] or 1)].append(path)
    sides: tuple[dict[int, Path], dict[int, Path]] = ({}, {})
    for (is_gold, number), paths in found.items():
        best = [path for path in paths if _is_named_officially(path, number, name)]
        sides[is_gold][number] = (best or paths)[0]
        if len(paths) > 1 and not best:
            reading.remarks.append(f"{name}: case {number}: {paths[0].name!r} is used of several")
    return sides


def _is_named_officially(path: Path, number: int, name: str) -> bool:
    return (
        re.fullmatch(rf"{number}_{re.escape(name)}_(init|input|golden|answer)\.xlsx", path.name)
        is not None
    )

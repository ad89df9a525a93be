"""The file of `--outcomes`: a table of who passed, kept apart from the trajectories.

CSV, TSV, a JSON list of objects, JSON Lines, or a report of SWE-bench. A row names its trajectory
by the most telling of its columns `id`, `file` and `task_id`; a row that fits none or several is
reported, not guessed.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from skillgit.errors import UsageError
from skillgit.names import TrajectoryId
from skillgit.trajectories.documents import JsonObject, JsonValue, SourceFile, documents
from skillgit.trajectories.drafts import first_text
from skillgit.trajectories.outcomes import outcome_of
from skillgit.types import Diagnostic, Outcome, Result

SAID_BY = "outcomes file"

_COLUMNS = {
    "id": ("id", "trajectory_id", "trajectory"),
    "file": ("file", "filename", "path"),
    "task": ("task_id", "task", "instance_id"),
}
_LINE = re.compile(r":\d+$")
_JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
_HINT = (
    "give CSV or TSV with a header, or JSON objects: one of id, file, task_id, "
    "and one of outcome, success, resolved, reward, score"
)
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One row: by which kind of name it means a trajectory, the name, and the outcome."""

    line: int
    kind: str
    name: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class OutcomeTable:
    """The rows of the file, and what is wrong with others."""

    origin: str
    rows: tuple[Row, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """What one trajectory may be called in a table: its ids, its files, its tasks."""

    ids: frozenset[str]
    origins: frozenset[str]
    tasks: frozenset[str]


def read_table(file: SourceFile) -> OutcomeTable:
    """Read the table; UsageError where not one row of it can be used."""
    rows: list[Row] = []
    faults: list[Diagnostic] = []
    for line, record in _records(file, faults):
        row = _row(line, record)
        if isinstance(row, Row):
            rows.append(row)
        else:
            faults.append(Diagnostic(file.origin, row, line))
    if not rows:
        reason = f": {faults[0].message}" if faults else ""
        raise UsageError(
            f"reading the outcomes in {file.origin}: no usable row{reason}", hint=_HINT
        )
    return OutcomeTable(file.origin, tuple(rows), tuple(faults))


def _records(file: SourceFile, faults: list[Diagnostic]) -> Iterator[tuple[int, JsonObject]]:
    if file.origin.lower().endswith(_JSON_SUFFIXES) or file.data.lstrip()[:1] in {b"[", b"{"}:
        for item in documents(file):
            if isinstance(item, Diagnostic):
                faults.append(item)
                continue
            for value in _rows_in(item.value):
                yield item.line, value if isinstance(value, dict) else {}
        return
    try:
        text = file.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(Diagnostic(file.origin, f"not UTF-8: byte {error.start} is invalid"))
        return
    yield from _table_records(file.origin, text, faults)


def _rows_in(value: JsonValue) -> Iterator[JsonValue]:
    """The rows of a JSON value. A report of SWE-bench lists ids, or has a verdict for each id."""
    if not isinstance(value, dict):
        yield from value if isinstance(value, list) else [value]
    elif isinstance(value.get("resolved_ids"), list):
        for key, resolved in (("resolved_ids", True), ("unresolved_ids", False)):
            ids = value.get(key)
            for id_ in ids if isinstance(ids, list) else ():
                yield {"instance_id": id_, "resolved": resolved}
    elif value and all(isinstance(one, dict) and "resolved" in one for one in value.values()):
        for id_, verdict in value.items():
            if isinstance(verdict, dict):
                yield {"instance_id": id_, "resolved": verdict["resolved"]}
    else:
        yield value


def _table_records(
    origin: str, text: str, faults: list[Diagnostic]
) -> Iterator[tuple[int, JsonObject]]:
    header = text.partition("\n")[0]
    delimiter = next((char for char in "\t;" if char in header), ",")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        columns = [cell.strip().lower() for cell in next(rows, [])]
        for cells in rows:
            if any(map(str.strip, cells)):
                filled = zip(columns, map(str.strip, cells), strict=False)
                yield rows.line_num, dict(filled)
    except csv.Error as error:
        faults.append(Diagnostic(origin, f"not a table: {error}", rows.line_num))


def _row(line: int, record: JsonObject) -> Row | str:
    outcome, fault = outcome_of(record)
    if fault:
        return fault
    if outcome == Outcome(Result.UNKNOWN, detail=outcome.detail):
        return "no value in any of the columns outcome, success, passed, resolved, reward, score"
    for kind, columns in _COLUMNS.items():
        name = first_text(record, *columns).strip()
        if name:
            return Row(line, kind, name, replace(outcome, said_by=SAID_BY))
    return "no value in any of the columns id, file, task_id"


# --------------------------------------------------------------------------- who is meant


def assign(
    table: OutcomeTable, known: Mapping[TrajectoryId, Names]
) -> tuple[dict[TrajectoryId, Outcome], tuple[Diagnostic, ...]]:
    """The outcome that the table gives each trajectory, and the rows that give none."""
    index = _index(known)
    given: defaultdict[TrajectoryId, list[Row]] = defaultdict(list)
    unmatched: list[Row] = []
    ambiguous: list[Row] = []
    for row in table.rows:
        meant = _meant(row, index)
        if len(meant) == 1:
            given[next(iter(meant))].append(row)
        else:
            (ambiguous if meant else unmatched).append(row)
    remarks = [
        *_remarks(table, unmatched, "match no trajectory"),
        *_remarks(table, ambiguous, "match several trajectories and are not used"),
    ]
    outcomes: dict[TrajectoryId, Outcome] = {}
    for trajectory, rows in given.items():
        if len({(row.outcome.result, row.outcome.score) for row in rows}) == 1:
            outcomes[trajectory] = rows[0].outcome
        else:
            remarks += _remarks(table, rows, f"contradict each other about {trajectory}")
    return outcomes, (*table.diagnostics, *remarks)


_Index = Mapping[tuple[str, str], set[TrajectoryId]]


def _index(known: Mapping[TrajectoryId, Names]) -> _Index:
    index: defaultdict[tuple[str, str], set[TrajectoryId]] = defaultdict(set)
    for trajectory, names in known.items():
        files = {name for origin in names.origins for name in file_names(origin)}
        for kind, texts in (("id", names.ids), ("file", files), ("task", names.tasks)):
            for text in texts:
                index[kind, text].add(trajectory)
    return index


def file_names(origin: str) -> Iterator[str]:
    """How a table may name a file: path or name, without suffixes, with `:line` and `#part`."""
    path, hash_, part = origin.partition("#")
    path, colon, line = path.rpartition(":") if _LINE.search(path) else (path, "", "")
    name = PurePosixPath(path).name
    stem = name.rsplit(".", 1)[0]
    for text in {path, name, stem, stem.removesuffix(".trajectory")}:
        yield from {text, f"{text}{colon}{line}", f"{text}{colon}{line}{hash_}{part}"}


def _meant(row: Row, index: _Index) -> set[TrajectoryId]:
    """`id` may be any kind of name; a path is tried as it is, then by its last part alone."""
    path = row.name.replace("\\", "/").removeprefix("./")
    kinds = ("id", "file", "task") if row.kind == "id" else (row.kind,)
    for kind in kinds:
        names = (row.name, path, PurePosixPath(path).name) if kind == "file" else (row.name,)
        for name in names:
            if found := index.get((kind, name)):
                return found
    return set()


def _remarks(table: OutcomeTable, rows: Sequence[Row], what: str) -> Iterable[Diagnostic]:
    """One remark for all rows of a kind: a table may cover far more than this round reads."""
    if not rows:
        return
    names = ", ".join(repr(row.name[:60]) for row in rows[:_EXAMPLES])
    more = f" and {len(rows) - _EXAMPLES} more" if len(rows) > _EXAMPLES else ""
    message = f"rows that {what}: {len(rows)} ({names}{more})"
    yield Diagnostic(table.origin, message, rows[0].line)

"""WikiTableQuestions as it is published, and as lines of JSON beside the same csv/ folder.

The official data set has data/*.tsv with the questions of a split, tagged/data/*.tagged with
`targetCanon` for some of them, and csv/. What a value means is taken from the tagged file of the
same name where it is there; without it verdicts are stricter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from skillgit.domains.digests import Draft, finished, task_set
from skillgit.domains.layout import Layout
from skillgit.domains.tableqa.domain import ANSWER, INPUT, NOTHING
from skillgit.domains.tableqa.domain import SHEET as ANSWER_SHEET
from skillgit.domains.tableqa.expected import Expected
from skillgit.domains.tableqa.tables import SHEET, as_workbook, kept, rows_of
from skillgit.domains.task import Case, Task, TaskSet
from skillgit.errors import UsageError

Row: TypeAlias = Mapping[str, object]

QUESTIONS = "questions.jsonl"
_COLUMNS = ("id", "utterance", "context", "targetValue")
_SPLITS = frozenset({".tsv", ".tagged"})
_TEST_SET = "pristine-unseen-tables.tsv"
_HINT = (
    "WikiTableQuestions has data/*.tsv (id, utterance, context, targetValue) and csv/;"
    f" {QUESTIONS} beside csv/ has the same names as keys"
)
_WHERE = f"""\
The table is on the sheet {SHEET} of {INPUT}; its first row has the names of the columns.
Save the answer as {ANSWER}: on a sheet named {ANSWER_SHEET}, in column A from A1 down, one value\
 to a cell, without a heading.
Write a value of the table as it stands there, and a number that you computed as a number."""
_PEEKED = 1 << 16
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANT = {"n": "\n", "p": "|"}


@dataclass(slots=True)
class _Reading:
    """`root` has the csv/ folder; of a table that many ask about one workbook is made."""

    source: Path
    root: Path
    remarks: list[str] = field(default_factory=list)
    books: dict[str, Path | str] = field(default_factory=dict)

    def leave_out(self, name: str, reason: str) -> None:
        self.remarks.append(f"{name}: left out: {reason}")


def load(path: Path) -> TaskSet:
    """All questions in their order; what is odd or left out is told in the remarks."""
    source = _source(path)
    rows = list(_lines_of_json(source) if source.name == QUESTIONS else _lines_of_tsv(source))
    reading = _Reading(source, _root(source))
    canons = _canons(reading)
    tasks: dict[str, Task] = {}
    for number, row in enumerate(rows, 1):
        name = row.get("id")
        if not isinstance(name, str) or not name:
            reading.leave_out(f"question {number}", "it has no id")
        elif name in tasks:
            reading.leave_out(name, "another question has the same id")
        elif task := _task(reading, name, {**row, **canons.get(name, {})}):
            tasks[name] = task
    if not tasks:
        told = "; ".join(reading.remarks[:1]) or "there is none"
        raise UsageError(f"reading {source}: it holds no usable question: {told}", hint=_HINT)
    return task_set(tasks.values(), str(source), reading.remarks)


# ------------------------------------------------------------------ which file it is


def fits(path: Path) -> bool:
    """A file of questions, or a folder with one or with splits."""
    if path.is_dir():
        return (path / QUESTIONS).is_file() or bool(_splits(path))
    return path.is_file() and (path.name == QUESTIONS or _is_split(path))


LAYOUT = Layout(QUESTIONS, fits, load)


def _source(path: Path) -> Path:
    if path.is_file():
        return path
    if (path / QUESTIONS).is_file():
        return path / QUESTIONS
    splits = _splits(path)
    if len(splits) == 1:
        return splits[0]
    names = [split.relative_to(path).as_posix() for split in splits]
    test = next((name for name in names if name.endswith(_TEST_SET)), names[0])
    raise UsageError(
        f"reading tasks from {path}: it holds {len(splits)} sets: {', '.join(names)}",
        hint=f"name one, as in {path / test}"
        + (", the test set" if test.endswith(_TEST_SET) else ""),
    )


def _splits(folder: Path) -> list[Path]:
    """The .tsv files of questions in it, or in its data/ folder."""
    return [
        path
        for place in (folder, folder / "data")
        for path in sorted(place.glob("*.tsv"))
        if path.is_file() and _is_split(path)
    ]


def _is_split(path: Path) -> bool:
    if path.suffix not in _SPLITS:
        return False
    try:
        with path.open("rb") as file:
            head = file.readline(_PEEKED).decode("utf-8", "replace")
    except OSError:
        return False
    return tuple(head.rstrip("\r\n").split("\t")[: len(_COLUMNS)]) == _COLUMNS


def _root(source: Path) -> Path:
    for folder in source.resolve().parents[:3]:
        if (folder / "csv").is_dir():
            return folder
    raise UsageError(f"reading {source}: there is no folder csv/ beside or above it", hint=_HINT)


# ------------------------------------------------------------------ what it says


def _lines_of_json(source: Path) -> Iterator[Row]:
    for number, line in enumerate(_text(source).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"reading {source}, line {number}: {error}", hint=_HINT) from error
        yield row if isinstance(row, dict) else {}


def _lines_of_tsv(source: Path) -> Iterator[Row]:
    # Not splitlines(): a line separator of Unicode is part of a question.
    head, *lines = _text(source).split("\n")
    names = head.rstrip("\r").split("\t")
    for line in lines:
        fields = dict(zip(names, line.rstrip("\r").split("\t"), strict=False))
        if fields.get("id"):
            yield {key: _field(key, text) for key, text in fields.items()}


def _field(key: str, text: str) -> object:
    if key in {"targetValue", "targetCanon"}:
        return [_unescaped(part) for part in text.split("|")]
    return _unescaped(text) if key == "utterance" else text


def _text(source: Path) -> str:
    try:
        return source.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise UsageError(f"reading {source}: {error}", hint=_HINT) from error


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: _MEANT.get(found[1], found[1]), text)


def _canons(reading: _Reading) -> Mapping[str, Row]:
    """What CoreNLP made of the values, by question, from the tagged file of the same name."""
    if reading.source.suffix != ".tsv":
        return {}
    tagged = reading.root / "tagged" / "data" / f"{reading.source.stem}.tagged"
    if not (tagged.is_file() and _is_split(tagged)):
        told = f"{reading.source.name}: without tagged/data/{tagged.name} verdicts are stricter"
        reading.remarks.append(told)
        return {}
    keys = ("targetCanon", "targetCanonType")
    return {
        str(row["id"]): {key: row[key] for key in keys if key in row}
        for row in _lines_of_tsv(tagged)
    }


# ------------------------------------------------------------------ a question as a task


def _task(reading: _Reading, name: str, row: Row) -> Task | None:
    question, context = row.get("utterance"), row.get("context")
    if not isinstance(question, str) or not question.strip():
        reading.leave_out(name, "it has no utterance")
        return None
    expected = _expected(reading, name, row)
    if expected is None:
        reading.leave_out(name, "it has no targetValue, a list of texts")
        return None
    book = _book(reading, context) if isinstance(context, str) else "it has no context"
    if isinstance(book, str):
        reading.leave_out(name, book)
        return None
    if not expected.answer:
        reading.remarks.append(f"{name}: {NOTHING}")
    case = Case({INPUT: book}, ANSWER, None, expected.text)
    group = row.get("targetCanonType")
    kind = group if isinstance(group, str) else ""
    return finished(Draft(name, "tableqa", _query(question), (case,), kind))


def _expected(reading: _Reading, name: str, row: Row) -> Expected | None:
    texts, canons = row.get("targetValue"), row.get("targetCanon") or ()
    if not isinstance(texts, list) or not texts or not _all_texts(texts):
        return None
    if not isinstance(canons, list | tuple) or not _all_texts([one or "" for one in canons]):
        canons = ()
        reading.remarks.append(f"{name}: its targetCanon is no list of texts, and not used")
    try:
        return Expected(tuple(texts), tuple(canons))
    except ValueError as error:
        reading.remarks.append(f"{name}: its targetCanon is not used: {error}")
        return Expected(tuple(texts))


def _all_texts(values: Sequence[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _query(question: str) -> str:
    return f"{question.strip()}\n\n{_WHERE}"


def _book(reading: _Reading, context: str) -> Path | str:
    """The workbook of a table, or why there is none."""
    if context not in reading.books:
        reading.books[context] = _made(reading.root, context)
    return reading.books[context]


def _made(root: Path, context: str) -> Path | str:
    path = (root / context).resolve() if "\0" not in context else root
    homes = (root, (root / "csv").resolve())  # csv/ itself may be a link, to have it only once
    if not any(map(path.is_relative_to, homes)) or not path.is_file():
        return f"there is no table {context}"
    try:
        rows = rows_of(path)
    except (OSError, ValueError) as error:
        return f"the table {context} cannot be read: {error}"
    return kept(as_workbook(rows)) if any(map(any, rows)) else f"the table {context} is empty"

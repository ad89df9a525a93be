"""GSM8K, MATH, AIME and DAPO-Math as they are published: known by the shape of their rows.

A file of rows (JSON lines, a JSON list, Parquet), a folder with one such file, or MATH's tree of
folders with a file for each problem. What a row is, `shapes.py` says. A problem that comes twice
counts once: DAPO-Math-17k is published with each problem about a hundred times.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from skillgit.domains.digests import Draft, finished, task_set
from skillgit.domains.layout import Layout
from skillgit.domains.math.domain import ANSWER
from skillgit.domains.math.expected import Expected
from skillgit.domains.math.rows import SUFFIXES, rows
from skillgit.domains.math.shapes import Problem, problem
from skillgit.domains.task import Case, TaskSet
from skillgit.errors import UsageError

SIGN = "file of GSM8K, MATH, AIME or DAPO-Math"

_HINT = "rows need a problem and a final answer (section 11 of SKILLS_FORMAT.md)"
_MOST_NAMED = 5


def fits(path: Path) -> bool:
    """Does the first row of the first file look like a problem with a final answer?"""
    try:
        first = next(_files(path), None)
        if first is None:
            return False
        if first.suffix == ".parquet":
            return True  # no other layout is; loading says what is missing to read it
        return isinstance(problem(next(rows(first), None)), Problem)
    except (OSError, UsageError):
        return False


def load_problems(path: Path) -> TaskSet:
    """All problems in the order of the file; the remarks tell what was left out."""
    remarks: list[str] = []
    drafts: dict[str, Draft] = {}
    known: dict[str, str] = {}
    repeated = 0
    for place, row in _all_rows(path):
        one = problem(row)
        if isinstance(one, str):
            remarks.append(f"{place}: left out: {one}")
            continue
        if one.text in known:
            repeated += 1
            if known[one.text] != one.answer:
                remarks.append(f"{place}: left out: the same problem has another answer before")
            continue
        known[one.text] = one.answer
        name = one.name if one.name and one.name not in drafts else place
        drafts[name] = _draft(name, one)
    if not drafts:
        raise UsageError(f"reading {path}: it holds no problem that can be used", hint=_HINT)
    if repeated:
        remarks.append(f"{repeated} rows repeat a problem and are left out")
    return task_set(map(finished, drafts.values()), str(path), remarks)


LAYOUT = Layout(SIGN, fits, load_problems)


def _draft(name: str, one: Problem) -> Draft:
    query = (
        f"{one.text}\n\nSolve the problem step by step and write the solution into {ANSWER}."
        f" {one.form.wanted}"
    )
    case = Case({}, ANSWER, region=Expected(one.answer, one.form).text)
    return Draft(name, "math", query, (case,), one.group)


def _all_rows(path: Path) -> Iterator[tuple[str, object]]:
    """Each row with the name of its place: the number in a file, the path in a tree."""
    files = list(_files(path))
    if path.is_dir() and len(files) > 1 and {file.suffix for file in files} != {".json"}:
        names = ", ".join(file.name for file in islice(files, _MOST_NAMED))
        raise UsageError(f"reading {path}: it holds several task sets: {names}", hint="name one")
    for file in files:
        tree = len(files) > 1
        for number, row in enumerate(rows(file), 1):
            yield str(file.relative_to(path)) if tree else f"{file.stem}-{number}", row


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        here = sorted(one for one in path.iterdir() if one.suffix in SUFFIXES and one.is_file())
        yield from here or sorted(one for one in path.glob("*/*.json") if one.is_file())
    elif path.suffix in SUFFIXES and path.is_file():
        yield path

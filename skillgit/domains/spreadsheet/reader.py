"""The process that opens workbooks: `python -m skillgit.domains.spreadsheet.reader REPLY`.

A stranger's workbook may ask for more memory or time than there is, or crash an engine; here it
takes no more with it than this process. A request comes as JSON on standard input, the reply goes
into the file REPLY. `confined.py` starts it.
"""

from __future__ import annotations

import contextlib
import json
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from skillgit.domains.spreadsheet.books import Book, Unreadable
from skillgit.domains.spreadsheet.columns import column
from skillgit.domains.spreadsheet.comparing import Misfit, Sides, compare, places
from skillgit.domains.spreadsheet.literals import spellings
from skillgit.domains.spreadsheet.opening import refusal
from skillgit.domains.spreadsheet.ranges import Region
from skillgit.domains.spreadsheet.recalc import with_formualizer

Json: TypeAlias = dict[str, Any]

_MOST_MEMORY = 3 << 30
_MOST_SECONDS = 300
_MOST_WRITTEN = 256 << 20


def main() -> None:
    """Do one job and write its reply; what cannot be done is a reply with a `problem`."""
    _confine()
    # openpyxl would import it for the types of cells that are written; nothing is written here.
    sys.modules["numpy"] = None  # type: ignore[assignment]  # the documented way to hide a module
    warnings.simplefilter("ignore")
    request: Json = json.load(sys.stdin)
    try:
        reply = _JOBS[request["job"]](request)
    except (Unreadable, Misfit) as reason:
        reply = {"problem": str(reason)}
    except MemoryError:
        reply = {"problem": "the workbook needs more memory than a workbook may"}
    Path(sys.argv[1]).write_text(json.dumps(reply), encoding="utf-8")


def _confine() -> None:
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    for kind, most in (
        (resource.RLIMIT_AS, _MOST_MEMORY),
        (resource.RLIMIT_CPU, _MOST_SECONDS),
        (resource.RLIMIT_FSIZE, _MOST_WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        if hard == resource.RLIM_INFINITY or hard > most:
            with contextlib.suppress(OSError, ValueError):  # macOS has RLIMIT_AS in name only
                resource.setrlimit(kind, (most, hard))


def _refuse(request: Json) -> Json:
    return {"problem": refusal(Path(request["path"]))}


def _grade(request: Json) -> Json:
    written = Path(request["answer"])
    notes: dict[str, str] = {}
    try:
        gold = Book(Path(request["gold"]))
    except Unreadable as reason:
        return {"problem": "the gold workbook cannot be read", "gold": str(reason)}
    answer = Book(written)
    if computed := _computed(request, written, notes):
        answer.complete(computed)
    sides = Sides(gold, answer, cache(lambda: Book(written, formulas=True)))
    result = compare(sides, Region.parse(request["region"]), strict=request["strict"])
    return {
        "passed": result.passed,
        "compared": result.compared,
        "different": result.different,
        "problem": result.problem,
        "notes": notes,
        "mismatches": [[m.place, m.found, m.expected, m.hint] for m in result.mismatches],
    }


def _column(request: Json) -> Json:
    written = Path(request["answer"])
    notes: dict[str, str] = {}
    answer = Book(written)
    if computed := _computed(request, written, notes):
        answer.complete(computed)
    found = column(answer, Book(written, formulas=True), request["sheet"])
    return {"texts": found.texts, "problem": found.problem, "notes": notes}


def _computed(request: Json, written: Path, notes: dict[str, str]) -> Book | None:
    """The answer with computed values, where they are asked for and can be had."""
    made, reason = Path(request["computed"] or written.with_name("computed.xlsx")), ""
    if request["recalc"] == "formualizer":
        reason = with_formualizer(written, made)
    if not reason and made.is_file():
        try:
            return Book(made)
        except Unreadable as error:
            reason = str(error)
    if reason:
        notes["recalc problem"] = reason
    return None


def _literals(request: Json) -> Json:
    gold = Book(Path(request["gold"]))
    if request["places"]:
        expected = [_named(gold, place) for place in request["places"]]
    else:
        expected = [gold.at(*one) for one in places(gold, Region.parse(request["region"]))]
    return {"literals": sorted(spellings(expected) - _known(request["inputs"]))}


def _named(gold: Book, place: str) -> object:
    sheet, _, name = place.rpartition("!")
    with contextlib.suppress(KeyError, ValueError, TypeError, AttributeError, IndexError):
        return gold.looked_up(sheet, name)
    return None


def _values(request: Json) -> Json:
    return {"values": sorted(_known(request["inputs"]))}


def _known(paths: Iterable[str]) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for path in paths:
        with contextlib.suppress(Unreadable):  # then nobody can have read a value there
            found |= spellings(Book(Path(path)).values())
    return found


def _preview(request: Json) -> Json:
    return {"lines": list(Book(Path(request["path"]), formulas=True).preview())}


_JOBS: Mapping[str, Callable[[Json], Json]] = {
    "refuse": _refuse,
    "grade": _grade,
    "column": _column,
    "literals": _literals,
    "values": _values,
    "preview": _preview,
}

if __name__ == "__main__":
    main()

"""`Domain` for questions about tables: the answer stands in a column of a workbook."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from skillgit.config import Grading
from skillgit.domains.answers import take
from skillgit.domains.previews import WORKBOOKS, preview
from skillgit.domains.spreadsheet.computing import by_libreoffice, require_engine
from skillgit.domains.spreadsheet.confined import ask
from skillgit.domains.spreadsheet.literals import spellings
from skillgit.domains.spreadsheet.opening import MOST_BYTES
from skillgit.domains.spreadsheet.plain_book import plain_book
from skillgit.domains.tableqa.denotation import Value
from skillgit.domains.tableqa.expected import Expected
from skillgit.domains.tableqa.grading import graded, place
from skillgit.domains.task import Case, Domain, Grade, Mismatch, Misstated, Stated

INPUT, ANSWER = "input.xlsx", "output.xlsx"
SHEET = "Answer"
NOTHING = "no answer passes officially"


class TableQA(Domain):
    """Grades answers about tables. Raises SurroundingsError where what computes formulas lacks."""

    name = "tableqa"
    answer = ANSWER
    keys = ("expected", "canon")

    def __init__(self, grading: Grading | None = None) -> None:
        self._recalc = (grading or Grading()).recalc
        require_engine(self._recalc)

    def grade(self, case: Case, answer: Path) -> Grade:
        """Compare column A of the sheet Answer, a set of values, with what is expected.

        Notes: `recalc`, where computing failed `recalc problem`, and `gold`, where no right answer
        is known.
        """
        notes = {"recalc": str(self._recalc)}
        try:
            expected = Expected.parse(case.region)
        except ValueError:
            told = {**notes, "gold": "none is known"}
            return Grade(passed=False, score=0.0, problem="no gold is known", notes=told)
        with tempfile.TemporaryDirectory(prefix="skillgit-grade-") as folder:
            copy = Path(folder, "answer.xlsx")
            reason = take(answer, copy, MOST_BYTES)
            if reason:
                return Grade(passed=False, score=0.0, problem=reason, notes=notes)
            computed, trouble = by_libreoffice(self._recalc, copy)
            told = dict(
                ask(
                    "column",
                    answer=str(copy),
                    computed=str(computed or ""),
                    recalc=str(self._recalc),
                    sheet=SHEET,
                )
            )
        notes |= {"recalc problem": trouble} if trouble else {}
        return _as_grade(expected, told, notes)

    def literals(self, case: Case, mismatches: tuple[Mismatch, ...]) -> frozenset[str]:
        """What is missing as a program would spell it, where no input has it."""
        try:
            expected = Expected.parse(case.region)
        except ValueError:
            return frozenset()
        named = {one.place for one in mismatches}
        wanted: list[object] = []
        for number, (value, text) in enumerate(expected.distinct.items(), 1):
            if place(number) in named or not named:
                wanted += [text, _as_cell(value)]
        return spellings(wanted) - _known(case.inputs)

    def preview(self, case: Case) -> str:
        """The sheet with its first rows."""
        return preview(case.inputs)

    def region(self, stated: Stated) -> str:
        """The expected texts, and what each means where `canon` says it."""
        texts = stated.texts("expected")
        canons = stated.texts("canon") if "canon" in stated.values else ()
        try:
            return Expected(texts, canons).text
        except ValueError as error:
            raise Misstated(f"'canon': {error}") from error

    def doubt(self, case: Case) -> str:
        """Can anything pass at all?"""
        return "" if Expected.parse(case.region).answer else NOTHING

    def ideal(self, case: Case, place: Path) -> Path | None:
        """A workbook with the right answer where it belongs."""
        try:
            expected = Expected.parse(case.region)
        except ValueError:
            return None
        if not expected.answer:
            return None
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(plain_book({SHEET: [[text] for text in expected.answer]}))
        return place


def _as_grade(expected: Expected, told: Mapping[str, Any], notes: dict[str, str]) -> Grade:
    notes |= told.get("notes", {})
    if told.get("problem"):
        return Grade(passed=False, score=0.0, problem=told["problem"], notes=notes)
    grade = graded(expected, told.get("texts", ()))
    return Grade(
        passed=grade.passed,
        score=grade.score,
        compared=grade.compared,
        mismatches=grade.mismatches,
        notes=notes,
    )


def _as_cell(value: Value) -> object:
    """A number or a whole date as a workbook would store it; None for all else."""
    match value.content:
        case int() | float():
            return value.content
        case (int(year), int(month), int(day)):
            with suppress(ValueError, OverflowError):
                return date(year, month, day)
        case _:
            pass
    return None


def _known(inputs: Mapping[str, Path]) -> frozenset[str]:
    paths = [str(path.resolve()) for path in inputs.values() if path.suffix.lower() in WORKBOOKS]
    return frozenset(ask("values", inputs=paths).get("values", ())) if paths else frozenset()

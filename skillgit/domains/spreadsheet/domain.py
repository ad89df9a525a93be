"""`Domain` for workbooks. Every workbook is opened in a process of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from skillgit.config import Grading
from skillgit.domains.answers import take
from skillgit.domains.previews import preview
from skillgit.domains.spreadsheet.computing import by_libreoffice, require_engine
from skillgit.domains.spreadsheet.confined import ask
from skillgit.domains.spreadsheet.opening import MOST_BYTES
from skillgit.domains.spreadsheet.ranges import Region, official_doubt, pieces
from skillgit.domains.task import Case, Domain, Grade, Mismatch, Misstated, Stated


class Spreadsheet(Domain):
    """Grades workbooks. Raises SurroundingsError where what `grading` asks for is not installed."""

    name = "spreadsheet"
    answer = "output.xlsx"
    keys = ("gold", "range")

    def __init__(self, grading: Grading | None = None) -> None:
        self._grading = grading or Grading()
        require_engine(self._grading.recalc)

    def grade(self, case: Case, answer: Path) -> Grade:
        """Compare the stored values of `answer` with the gold workbook, in `case.region`.

        `score` is 1 or 0. Notes: `scorer` (official or strict), `recalc`, where computing failed
        `recalc problem`, where the gold file is to blame `gold`, and `different` where more places
        differ than are listed.
        """
        notes = {
            "scorer": "strict" if self._grading.strict else "official",
            "recalc": str(self._grading.recalc),
        }
        if case.gold is None:
            return Grade(passed=False, score=0.0, problem="no gold is known", notes=notes)
        with tempfile.TemporaryDirectory(prefix="skillgit-grade-") as folder:
            copy = Path(folder, "answer.xlsx")
            reason = take(answer, copy, MOST_BYTES)
            if reason:
                return Grade(passed=False, score=0.0, problem=reason, notes=notes)
            computed, trouble = by_libreoffice(self._grading.recalc, copy)
            told = ask(
                "grade",
                gold=str(case.gold.resolve()),
                answer=str(copy),
                computed=str(computed or ""),
                region=case.region,
                strict=self._grading.strict,
                recalc=str(self._grading.recalc),
            )
        notes |= {"recalc problem": trouble} if trouble else {}
        return _as_grade(told, notes)

    def literals(self, case: Case, mismatches: tuple[Mismatch, ...]) -> frozenset[str]:
        """Expected values that differ, as a program would spell them; of all places without one."""
        if case.gold is None:
            return frozenset()
        told = ask(
            "literals",
            gold=str(case.gold.resolve()),
            region=case.region,
            places=[one.place for one in mismatches],
            inputs=_workbooks(case.inputs.values()),
        )
        return frozenset(told.get("literals", ()))

    def preview(self, case: Case) -> str:
        """Sheets, used cells and first rows of each input."""
        return preview(case.inputs)

    def region(self, stated: Stated) -> str:
        """Where the gold workbook counts; everywhere without a range."""
        if stated.gold is None:
            raise Misstated("'gold' is missing, the workbook with the right answer")
        position = stated.text("range", "")
        try:
            pieces(position) if position else ()
        except ValueError as error:
            hint = "as in A1:B9, or Sheet1!A1:B9,'My sheet'!C:D"
            raise Misstated(f"'range': {error}", hint) from error
        return Region(position).text

    def doubt(self, case: Case) -> str:
        """What is odd about how the official scorer reads the range."""
        position = Region.parse(case.region).position
        return official_doubt(position) if position else ""


def _as_grade(told: Any, notes: dict[str, str]) -> Grade:  # noqa: ANN401 - JSON is anything
    notes |= told.get("notes", {})
    if "gold" in told:
        notes["gold"] = told["gold"]
    if told.get("different", 0) > len(told.get("mismatches", ())):
        notes["different"] = str(told["different"])
    passed = bool(told.get("passed"))
    return Grade(
        passed=passed,
        score=float(passed),
        compared=told.get("compared", 0),
        mismatches=tuple(Mismatch(*parts) for parts in told.get("mismatches", ())),
        problem=told.get("problem", ""),
        notes=notes,
    )


def _workbooks(paths: Iterable[Path]) -> list[str]:
    return [str(path.resolve()) for path in paths if path.suffix.lower() in {".xlsx", ".xlsm"}]

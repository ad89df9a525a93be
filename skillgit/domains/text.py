"""The text domain: an answer file with a few lines, compared exactly."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from skillgit.domains.answers import take
from skillgit.domains.forms import hint, near
from skillgit.domains.previews import WORKBOOKS, preview
from skillgit.domains.spreadsheet.confined import ask
from skillgit.domains.task import Case, Domain, Grade, Mismatch, Misstated, Stated

MOST_BYTES = 1 << 20

_MOST_SHOWN = 200
_SHORTEST = 3
_NUMBER = re.compile(r"\d(?:[\d.,_:/-]*\d)?")
_MOST_INPUT = 16 << 20


class Text(Domain):
    """Grades text. Blanks at the ends of lines and empty lines at the end do not count."""

    name = "text"
    answer = "answer.txt"
    keys = ("gold", "expected")

    def grade(self, case: Case, answer: Path) -> Grade:
        """Compare `answer` line by line with the gold file, or with `case.region` without one.

        Notes: `gold`, where the gold file is to blame.
        """
        expected = _expected(case)
        if expected is None:
            reason = "it is no UTF-8 text" if case.gold else "none is known"
            return replace(_failed("the gold cannot be read"), notes={"gold": reason})
        with tempfile.TemporaryDirectory(prefix="skillgit-grade-") as folder:
            copy = Path(folder, "answer.txt")
            reason = take(answer, copy, MOST_BYTES)
            if reason:
                return _failed(reason)
            try:
                found = copy.read_bytes().decode("utf-8-sig")
            except UnicodeDecodeError:
                return _failed("the answer is no UTF-8 text")
        return _graded(_lines(expected), _lines(found))

    def literals(self, case: Case, mismatches: tuple[Mismatch, ...]) -> frozenset[str]:
        """Expected lines that differ, and the numbers in them, where no input has them."""
        lines = _lines(_expected(case) or "")
        places = {one.place for one in mismatches} - {_COUNT}
        if places:
            lines = [line for n, line in enumerate(lines, 1) if _place(n) in places]
        wanted = {part for line in lines for part in (line.strip(), *_NUMBER.findall(line))}
        return frozenset(
            part for part in wanted - _known(case.inputs.values()) if len(part) >= _SHORTEST
        )

    def preview(self, case: Case) -> str:
        """The first lines, or sheets and rows, of each input."""
        return preview(case.inputs)

    def region(self, stated: Stated) -> str:
        """The expected text; "" where there is a gold file instead."""
        if (stated.gold is None) == ("expected" not in stated.values):
            raise Misstated("a task needs either 'gold', a file, or 'expected', a text")
        return "" if stated.gold else stated.text("expected")

    def ideal(self, case: Case, place: Path) -> Path | None:
        """The gold file, or the expected text in one."""
        if case.gold is not None or not case.region:
            return super().ideal(case, place)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(case.region, encoding="utf-8")
        return place


_COUNT = "number of lines"


def _graded(expected: Sequence[str], found: Sequence[str]) -> Grade:
    mismatches = []
    if len(expected) != len(found):
        told = f"{_counted(len(found))}, where {_counted(len(expected))} should be"
        mismatches.append(Mismatch(_COUNT, str(len(found)), str(len(expected)), told))
    mismatches += [
        Mismatch(_place(number), _shown(got), _shown(want), hint(want, got), near(want, got))
        for number, (want, got) in enumerate(zip(expected, found, strict=False), 1)
        if want != got
    ]
    passed = not mismatches
    return Grade(
        passed=passed,
        score=float(passed),
        compared=max(len(expected), len(found)),
        mismatches=tuple(mismatches),
    )


def _counted(lines: int) -> str:
    return f"{lines} line" if lines == 1 else f"{lines} lines"


def _failed(problem: str) -> Grade:
    return Grade(passed=False, score=0.0, problem=problem)


def _expected(case: Case) -> str | None:
    if case.gold is None:
        return case.region or None
    try:
        return case.gold.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return None


def _lines(text: str) -> list[str]:
    # Not splitlines(): a form feed or a line separator is part of a line.
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _place(number: int) -> str:
    return f"line {number}"


def _shown(line: str) -> str:
    return line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]}…"


def _known(paths: Iterable[Path]) -> frozenset[str]:
    """Lines, numbers and cell values of the inputs."""
    workbooks = []
    known: set[str] = set()
    for path in paths:
        if path.suffix.lower() in WORKBOOKS:
            workbooks.append(str(path.resolve()))
            continue
        with path.open("rb") as file:
            text = file.read(_MOST_INPUT).decode("utf-8", "replace")
        known.update(line.strip() for line in text.splitlines())
        known.update(_NUMBER.findall(text))
    if workbooks:
        known.update(ask("values", inputs=workbooks).get("values", ()))
    return frozenset(known)

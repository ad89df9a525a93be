"""`Domain` for problems with one final answer."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from skillgit.domains.answers import take
from skillgit.domains.math.expected import Expected, Form
from skillgit.domains.math.finding import Found, final, unwrapped
from skillgit.domains.math.judging import judge
from skillgit.domains.math.kinds import kind
from skillgit.domains.math.numbers import in_base, measured, plain
from skillgit.domains.math.official import SCORER_OF, Verdict, in_form, verdicts, verdicts_on_bare
from skillgit.domains.math.spelling import as_tex, value
from skillgit.domains.previews import preview
from skillgit.domains.task import Case, Domain, Grade, Mismatch, Stated

MOST_BYTES = 1 << 20
ANSWER = "answer.txt"

_SHORTEST = 3
_MOST_SHOWN = 200
_PLACE = "final answer"
_NO_ANSWER = "no final answer is found: its last line must say it, as in Answer: 9"


class Math(Domain):
    """Grades the final answer of a solution, by what it is worth and not by how it is written."""

    name = "math"
    answer = ANSWER
    keys = ("expected",)

    def grade(self, case: Case, answer: Path) -> Grade:
        """Compare the final answer in the file with the expected one; see `graded`."""
        if not case.region:
            return Grade(passed=False, score=0.0, problem="no gold is known")
        with tempfile.TemporaryDirectory(prefix="skillgit-grade-") as folder:
            copy = Path(folder, ANSWER)
            reason = take(answer, copy, MOST_BYTES)
            if reason:
                return Grade(passed=False, score=0.0, problem=reason)
            try:
                solution = copy.read_bytes().decode("utf-8-sig")
            except UnicodeDecodeError:
                return Grade(passed=False, score=0.0, problem="the answer is no UTF-8 text")
        return graded(Expected.parse(case.region), solution)

    def literals(self, case: Case, mismatches: tuple[Mismatch, ...]) -> frozenset[str]:  # noqa: ARG002 - there is one place only
        """The expected answer, as it is written and as a bare number, if it is long enough."""
        answer = Expected.parse(case.region).answer
        number = plain(answer)
        spelled = {answer, unwrapped(answer)} | ({str(number)} if number is not None else set())
        return frozenset(one for one in spelled if len(one) >= _SHORTEST)

    def preview(self, case: Case) -> str:
        """The first lines of each input; problems have none, as a rule."""
        return preview(case.inputs)

    def region(self, stated: Stated) -> str:
        """The expected answer, in no form that anyone must keep to."""
        return Expected(stated.text("expected").strip()).text

    def ideal(self, case: Case, place: Path) -> Path | None:
        """The right answer in the form that is asked for."""
        if not case.region:
            return None
        expected = Expected.parse(case.region)
        place.parent.mkdir(parents=True, exist_ok=True)
        line = in_form(expected.answer, expected.form or Form.ANSWER)
        place.write_text(f"{line}\n", encoding="utf-8")
        return place


def graded(expected: Expected, solution: str) -> Grade:
    """Is the final answer of a solution the expected one?

    Equal numbers and equal texts are equal, the rest is for math-verify. Notes:
    `scorer` (equivalence), `by` (numbers, text, math-verify) and `extracted`. What is asked for in
    the form of a benchmark has the verdict of its scorer in `official`, else those of all scorers.
    """
    said = official(expected, solution)
    asked = (SCORER_OF[expected.form],) if expected.form else tuple(said)
    blank = Grade(
        passed=False,
        score=0.0,
        notes={"scorer": "equivalence"},
        official={name: said[name].passed for name in asked},
    )
    found = final(solution, expected.form)
    if found is None:
        return replace(blank, problem=_NO_ANSWER)
    passed, by, problem = _compared(expected.answer, found.text)
    grade = replace(
        blank,
        passed=passed,
        score=float(passed),
        compared=1,
        problem=problem,
        notes={**blank.notes, "by": by, "extracted": _shown(found.text)},
    )
    if passed or problem:
        return grade
    return replace(grade, mismatches=(_mismatch(expected.answer, found),))


def official(expected: Expected, solution: str) -> Mapping[str, Verdict]:
    """What the benchmarks' scorers say; a text that is nothing but an answer is given a form."""
    found = final(solution, expected.form)
    if found and found.form is None and len(solution.strip().splitlines()) == 1:
        return verdicts_on_bare(expected.answer, solution.strip())
    return verdicts(expected.answer, solution)


def _compared(gold: str, answer: str) -> tuple[bool, str, str]:
    """Is it equal, what says so, and why nothing can."""
    bare = unwrapped(gold)
    said = answer if "=" in bare else value(answer)
    verdict = _of_numbers(bare, said)
    if verdict is not None:
        return verdict, "numbers", ""
    if _squeezed(bare) == _squeezed(said):
        return True, "text", ""
    spellings = dict.fromkeys((answer, as_tex(answer)))
    judged = judge([(gold, each) for each in spellings])
    equal = any(one.equal for one in judged)
    return equal, "math-verify", "" if equal else judged[0].problem


def _of_numbers(gold: str, answer: str) -> bool | None:
    """None where it is not certain: whether 0.333333 is 1/3 is for math-verify to say."""
    bases = in_base(gold), in_base(answer)
    if all(bases):
        return bases[0] == bases[1]  # math-verify does not look at the base
    wanted, found = plain(gold), plain(answer)
    if found is None:
        found = measured(answer)
    if wanted is None or found is None:
        return None
    both_whole = wanted.denominator == found.denominator == 1
    return wanted == found if both_whole or wanted == found else None


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _mismatch(gold: str, found: Found) -> Mismatch:
    wanted, got = kind(unwrapped(gold)), kind(found.text)
    if wanted == got:
        hint = f"{got}, but not the right one"
    else:
        hint = f"{got}, where {wanted} is expected"
    return Mismatch(_PLACE, _shown(found.text), _shown(gold), hint, 0.5 * (wanted == got))


def _shown(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"

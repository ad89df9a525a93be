"""`skillgit grade math`: final answers against the right one."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import examples, out, safe
from skillgit.cli.grading import ValuesCommand, as_json, print_grade, show, values
from skillgit.domains.task import Grade

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skillgit.domains.math.expected import Expected
    from skillgit.domains.math.official import Verdict


@click.command(
    cls=ValuesCommand,
    epilog=examples(
        "skillgit grade math --gold '\\frac{1}{2}' --answer 0.5",
        "skillgit grade math --gold 72 --answer 'She sold 48 and 24. Answer: 72' --json",
        "skillgit grade math --gold 204 --answer 204 --answer 203 --answer 'Answer: 204'",
    ),
)
@values("gold", "The right answer, or a solution that ends with it; of several any will do.")
@values("answer", "An answer, or a solution that ends with it; several are attempts (avg@k).")
@as_json
def math(*, gold: tuple[str, ...], answer: tuple[str, ...], as_json: bool) -> int:
    r"""Grade final answers by what they are worth: 0.5 is 1/2, whatever the form.

    The answer of a solution is looked for as the benchmarks do it: behind `Answer:`, behind `####`,
    in the last \boxed{}. The verdicts of their own scorers, which compare texts, are reported
    beside the grade and never change it. Several answers are attempts at one problem: the score is
    the share of them that is right, and only all of them together pass.
    """
    from skillgit.domains.math import finding  # noqa: PLC0415 - not for --help

    wanted = [finding.gold(one) for one in gold]
    attempts = [_attempt(wanted, each) for each in answer]
    whole = _together([grade for grade, _ in attempts])
    if as_json:
        told = [_told(*attempt) for attempt in attempts]
        print_grade("math", whole, told[0] if len(told) == 1 else {"attempts": told})
        return int(not whole.passed)
    for grade, verdicts in attempts:
        show(grade, f" (by {grade.notes['by']})" if "by" in grade.notes else "")
        for name, verdict in verdicts.items():
            out(safe(f"  official {name}: {_in_words(verdict)}"))
    if len(attempts) > 1:
        out(f"avg@{len(attempts)}: {whole.score:.3f}")
    return int(not whole.passed)


def _attempt(wanted: Sequence[Expected], answer: str) -> tuple[Grade, Mapping[str, Verdict]]:
    """The first grade that passes, or the first one of all; with the verdicts on the same gold."""
    from skillgit.domains.math.domain import graded, official  # noqa: PLC0415 - not for --help

    grades = [(graded(one, answer), one) for one in wanted]
    grade, gold = next((pair for pair in grades if pair[0].passed), grades[0])
    return grade, official(gold, answer)


def _together(grades: Sequence[Grade]) -> Grade:
    if len(grades) == 1:
        return grades[0]
    return Grade(
        passed=all(grade.passed for grade in grades),
        score=fmean(grade.score for grade in grades),
        compared=sum(grade.compared for grade in grades),
        mismatches=tuple(
            replace(one, place=f"attempt {number}, {one.place}")
            for number, grade in enumerate(grades, 1)
            for one in grade.mismatches
        ),
        notes={"scorer": grades[0].notes["scorer"]},
    )


def _told(grade: Grade, verdicts: Mapping[str, Verdict]) -> dict[str, object]:
    return {
        "passed": grade.passed,
        "score": grade.score,
        "problem": grade.problem,
        "extracted": grade.notes.get("extracted"),
        "by": grade.notes.get("by"),
        "official": {
            name: {"passed": verdict.passed, "extracted": verdict.extracted}
            for name, verdict in verdicts.items()
        },
    }


def _in_words(verdict: Verdict) -> str:
    if verdict.extracted is None:
        return "failed, it finds no answer"
    return f"{'passed' if verdict.passed else 'failed'}, it finds {verdict.extracted}"

"""`skillgit grade`: one answer against its gold, for people; a model never sees this."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from skillgit.cli.console import examples, safe, say
from skillgit.cli.grade_docqa import docqa
from skillgit.cli.grade_math import math
from skillgit.cli.grade_tableqa import tableqa
from skillgit.cli.grading import as_json as _json
from skillgit.cli.grading import print_grade, show, verdict
from skillgit.config import Grading, Recalc
from skillgit.domains.task import Case, Domain, Grade
from skillgit.errors import UsageError

_gold = click.option(
    "--gold",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The right answer.",
)
_answer = click.option(
    "--answer",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The answer to grade; where it is missing, it fails.",
)


@click.group(
    epilog=examples(
        "skillgit grade spreadsheet --gold gold.xlsx --answer output.xlsx --range 'Sheet1!A2:C9'",
        "skillgit grade spreadsheet --gold gold.xlsx --answer output.xlsx --recalc formualizer",
        "skillgit grade text --gold gold.txt --answer answer.txt --json",
        "skillgit grade tableqa --gold '10 years' --gold-canon 10.0 --answer 10",
        "skillgit grade math --gold '\\frac{1}{2}' --answer 0.5",
        "skillgit grade docqa --gold 2 --gold 'page 2' --answer 'Page 2'",
    )
)
def command() -> None:
    """Grade one answer and list where it differs; exits with 1 where it fails."""


command.add_command(tableqa)
command.add_command(docqa)
command.add_command(math)


@command.command(
    epilog=examples(
        "skillgit grade spreadsheet --gold gold.xlsx --answer output.xlsx --range A2:A9",
        "skillgit grade spreadsheet --gold gold.xlsx --answer output.xlsx --strict --json",
    )
)
@_gold
@_answer
@click.option(
    "--range",
    "position",
    default="",
    metavar="RANGE",
    help="What is compared, as in Sheet1!A2:C9,'My sheet'!D:D; default: all that the gold holds.",
)
@click.option(
    "--recalc",
    type=click.Choice([str(each) for each in Recalc]),
    help="What fills in formulas without a stored value, on a copy. [grading.recalc]",
)
@click.option(
    "--strict/--official",
    default=None,
    help="Whose verdict counts: SpreadsheetBench's, or ours that mends it. [grading.strict]",
)
@_json
def spreadsheet(
    *,
    gold: Path,
    answer: Path,
    position: str,
    recalc: str | None,
    strict: bool | None,
    as_json: bool,
) -> int:
    """Grade a workbook by its stored values, as SpreadsheetBench does.

    Two scorers are reported and never mixed. The official one is reproduced with its faults: a
    range that it misreads may pass anything, or nothing. The strict one reads ranges as they were
    meant, and passes nothing where no cell was compared.
    """
    from skillgit.adapters.settings import load_settings  # noqa: PLC0415 - not for --help

    options = {"grading.recalc": recalc, "grading.strict": strict}
    grading = load_settings(Path.cwd(), options).config.grading
    case = Case({}, answer.name, gold, _region(position))
    grades = {
        scorer: _graded("spreadsheet", replace(grading, strict=scorer == "strict"), case, answer)
        for scorer in ("official", "strict")
    }
    counts = "strict" if grading.strict else "official"
    grade, other = grades.pop(counts), next(iter(grades.items()))
    if as_json:
        both = {counts: _brief(grade), other[0]: _brief(other[1])}
        print_grade("spreadsheet", grade, {"scorer": counts, **both, "recalc": str(grading.recalc)})
    else:
        show(grade, f" ({counts} scorer, recalculation: {grading.recalc})")
        if other[1].passed != grade.passed:
            say(f"note: the {other[0]} scorer disagrees: {safe(verdict(other[1]))}")
        if "recalc problem" in grade.notes:
            say(f"note: not recalculated: {safe(grade.notes['recalc problem'])}")
    return int(not grade.passed)


@command.command(
    epilog=examples(
        "skillgit grade text --gold gold.txt --answer answer.txt",
        "skillgit grade text --gold gold.txt --answer answer.txt --json",
    )
)
@_gold
@_answer
@_json
def text(*, gold: Path, answer: Path, as_json: bool) -> int:
    """Grade a text file line by line; blanks at line ends and empty lines at the end are equal."""
    grade = _graded("text", Grading(), Case({}, answer.name, gold), answer)
    if as_json:
        print_grade("text", grade)
    else:
        show(grade)
    return int(not grade.passed)


def _region(position: str) -> str:
    from skillgit.domains.spreadsheet.ranges import (  # noqa: PLC0415 - not for --help
        Region,
        official_doubt,
        pieces,
    )

    if not position:
        return ""
    try:
        pieces(position)
    except ValueError as error:
        hint = "give cells as in A2:C9, or with a sheet as in 'My sheet'!A2:C9"
        raise UsageError(f"reading --range: {error}", hint=hint) from error
    if doubt := official_doubt(position):
        say(f"note: {safe(doubt)}")
    return Region(position).text


def _graded(name: str, grading: Grading, case: Case, answer: Path) -> Grade:
    from skillgit.domains.registry import graders  # noqa: PLC0415 - not for --help

    domain: Domain = graders(grading)[name]
    grade = domain.grade(case, answer)
    if "gold" in grade.notes:
        message = f"reading {case.gold}: {grade.notes['gold']}"
        raise UsageError(message, hint="give the file with the right answer with --gold")
    return grade


def _brief(grade: Grade) -> dict[str, object]:
    return {"passed": grade.passed, "compared": grade.compared, "problem": grade.problem}

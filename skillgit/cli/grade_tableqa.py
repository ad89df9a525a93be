"""`skillgit grade tableqa`: values against the values of the right answer."""

from __future__ import annotations

import click

from skillgit.cli.console import examples
from skillgit.cli.grading import ValuesCommand, print_grade, show, values
from skillgit.cli.grading import as_json as _json
from skillgit.errors import UsageError


@click.command(
    cls=ValuesCommand,
    epilog=examples(
        "skillgit grade tableqa --gold '10 years' --gold-canon 10.0 --answer 10",
        "skillgit grade tableqa --gold Oslo Bergen --answer bergen oslo",
        "skillgit grade tableqa --gold 'March 2, 1990' --gold-canon 1990-03-02 --answer 1990-3-2"
        " --json",
    ),
)
@values("gold", "A value of the right answer.")
@values("gold-canon", "What it means (targetCanon): one for each --gold, or none.", required=False)
@values("answer", "A value of the answer to grade; without one it is empty.", required=False)
@_json
def tableqa(
    *,
    gold: tuple[str, ...],
    gold_canon: tuple[str, ...],
    answer: tuple[str, ...],
    as_json: bool,
) -> int:
    """Grade an answer about a table, as WikiTableQuestions does.

    Both sides are sets: their order does not count, and a value counts once. They must have the
    same size, and each value of the right answer must be matched: by the same text but for case,
    accents, footnotes and a trailing parenthesis, or by the same number or date. What a value of
    the right answer means is what --gold-canon says.
    """
    from skillgit.domains.tableqa.expected import Expected  # noqa: PLC0415 - not for --help
    from skillgit.domains.tableqa.grading import graded  # noqa: PLC0415 - the same

    try:
        expected = Expected(gold, gold_canon)
    except ValueError as error:
        hint = "give --gold-canon once for each --gold, in the same order, or not at all"
        raise UsageError(f"reading --gold-canon: {error}", hint=hint) from error
    grade = graded(expected, answer)
    if as_json:
        print_grade("tableqa", grade)
    else:
        show(grade)
    return int(not grade.passed)

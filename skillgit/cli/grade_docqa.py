"""`skillgit grade docqa`: a text against the accepted answers of a question, by ANLS."""

from __future__ import annotations

import click

from skillgit.cli.console import examples, out, safe
from skillgit.cli.grading import ValuesCommand, as_json, print_grade, values
from skillgit.domains.docqa.domain import graded
from skillgit.errors import UsageError


@click.command(
    cls=ValuesCommand,
    epilog=examples(
        "skillgit grade docqa --gold '$123,110' --answer '$123110'",
        "skillgit grade docqa --gold 2 'page 2' --answer 'Page 2' --json",
    ),
)
@values("gold", "An accepted answer; of several any will do.")
@values("answer", "The answer to grade, which may be empty.")
@as_json
def docqa(*, gold: tuple[str, ...], answer: tuple[str, ...], as_json: bool) -> int:
    """Grade an answer read off a document by ANLS, as DocVQA does.

    Case and runs of blanks do not count. The score is that of the nearest accepted answer: 1 minus
    the edit distance by the length of the longer text, or 0 where half of it or more differs. An
    answer passes where its score is not 0: what the paper counts as accurate.
    """
    if len(answer) > 1:
        raise UsageError(
            f"grading an answer: there are {len(answer)} of them",
            hint="give one --answer, in quotes where it has several words",
        )
    grade = graded(gold, answer[0])
    if as_json:
        print_grade("docqa", grade, {"anls": grade.score})
        return int(not grade.passed)
    out(f"{'passed' if grade.passed else 'failed'}: ANLS {grade.score:.4f}")
    for one in grade.mismatches:
        out(safe(f"  found {one.found!r}, expected {one.expected} ({one.hint})"))
    return int(not grade.passed)

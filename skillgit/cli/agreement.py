"""`skillgit agreement`: what two rounds made of the same trajectories."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.cli.options import AS_JSON, FORMAT
from skillgit.errors import UsageError

if TYPE_CHECKING:  # what reads Git is imported when it is asked for
    from skillgit.pipeline.agreement import Agreement, Case, Side
    from skillgit.publish.tables import Table

_NAMES = {
    "lines": "  changes of the same lines",
    "section": "  edits in the same section",
    "words": "  edits that share their telling words",
    "wording": "  edits in nearly the same words",
    "contrary": "  edits that contradict each other",
}


@click.command(
    epilog=examples(
        "skillgit agreement 20261121T231905Z-7f3ac1 20261122T101500Z-0a1b2c",
        "skillgit agreement latest 20261121T23 --cases",
        'skillgit agreement latest 20261121T23 --about "parse error"',
        "skillgit agreement latest 20261121T23 --format csv > agreement.csv",
    )
)
@click.argument("rounds", metavar="ROUND ROUND", nargs=2)
@click.option(
    "--of",
    "which",
    type=click.Choice(["fail", "pass", "all"]),
    default="fail",
    show_default=True,
    help="The trajectories that are compared, by their result.",
)
@click.option(
    "--about",
    metavar="PATTERN",
    help="Also count the analysts whose words match this regular expression, in any case.",
)
@click.option("--cases", is_flag=True, help="One line for each trajectory instead of the sums.")
@FORMAT
@AS_JSON
def command(
    *,
    rounds: tuple[str, str],
    which: str,
    about: str | None,
    cases: bool,
    layout: str,
    as_json: bool,
) -> None:
    """Compare what two rounds made of the same trajectories, edit by edit.

    Meant for a round with agentic error analysts and one with single calls, on the same files and
    the same skill: which runs did both diagnose, do their edits touch the same place, are they
    alike, do they contradict each other, and do they survive? All of it comes from the evidence of
    the two rounds; no model is asked. The column "chance" has the same of edits that belong to
    different runs.
    """
    from skillgit.pipeline.agreement import read_agreement  # noqa: PLC0415 - keeps the help fast
    from skillgit.publish.tables import FORMATS  # noqa: PLC0415 - the same
    from skillgit.types import Result  # noqa: PLC0415 - the same
    from skillgit.wiring import open_history  # noqa: PLC0415 - GitPython takes its time

    results = frozenset({Result.FAIL, Result.PASS} if which == "all" else {Result(which)})
    with open_history(Path.cwd()) as history:
        found = read_agreement(history, rounds, results, _pattern(about))
    for remark in found.remarks:
        say(f"note: {remark}")
    if as_json:
        print_json("agreement", _as_json(found, about))
        return
    tables = [_cases(found)] if cases else [_sides(found), _measures(found, about)]
    if layout == "csv":
        tables = tables[-1:]  # a file of two tables is none
    out("\n\n".join(safe(FORMATS[layout](table)) for table in tables))


def _pattern(about: str | None) -> re.Pattern[str] | None:
    try:
        return None if about is None else re.compile(about, re.IGNORECASE)
    except re.error as error:
        raise UsageError(
            f"reading --about {about!r}: {error}", hint="give a regular expression of Python's re"
        ) from error


def _sides(found: Agreement) -> Table:
    from skillgit.publish.tables import Table  # noqa: PLC0415 - as above

    both = found.sides
    ends = dict.fromkeys(end for side in both for end in side.ends)
    rows = [
        ("analysts of failures", *(side.analyst for side in both)),
        ("model", *(side.model for side in both)),
        *((end, *(str(side.ends.get(end, 0)) for side in both)) for end in ends),
        ("proven", *(str(side.proven) for side in both)),
        ("edits", *(str(side.edits) for side in both)),
        ("edits that survived", *(_part(side.survived, side.edits) for side in both)),
        ("taught where the other found no failure", *map(str, found.false_failures)),
    ]
    head = (f"{len(found.cases)} trajectories", *(side.round for side in both))
    return Table(head, tuple(rows), head[1:])


def _part(part: int, whole: int) -> str:
    from skillgit.publish.tables import share  # noqa: PLC0415 - as above

    return f"{part} ({share(part, whole)} %)"


def _measures(found: Agreement, about: str | None) -> Table:
    from skillgit.evaluation.statistics import wilson  # noqa: PLC0415 - as above
    from skillgit.pipeline.agreement import Verdict  # noqa: PLC0415 - as above
    from skillgit.publish.tables import Table, share  # noqa: PLC0415 - as above

    total = len(found.both)
    rows = [("diagnosed by both", str(total), "", "", "")]

    def row(name: str, count: int, key: str = "") -> None:
        sure = wilson(count / total, total) if total else None
        span = f"{100 * sure.low:.0f} to {100 * sure.high:.0f}" if sure else "-"
        chance = found.chance.get(key)
        by_chance = "" if chance is None else f"{100 * chance:.1f}"
        rows.append((name, str(count), share(count, total), span, by_chance))

    counts = found.counts()
    for verdict in Verdict:
        row(str(verdict), counts[verdict], verdict)
    for key, name in _NAMES.items():
        row(name, counts[key], key)
    row("  the same step quoted", sum(case.same_step for case in found.both))
    for at, side in enumerate(found.sides):
        if about is not None:
            told = f"  {side.round} speaks of {about!r}"
            row(told, sum(case.about[at] for case in found.both))
    for verdict in Verdict:
        cases = [case for case in found.both if case.verdict is verdict]
        kept = sum(all(case.survived) for case in cases)
        rows.append((f"  survived on both sides, {verdict}", *_of(kept, len(cases)), "", ""))
    head = ("Trajectories", "n", "%", "95 % interval", "chance, %")
    return Table(head, tuple(rows), head[1:])


def _of(part: int, whole: int) -> tuple[str, str]:
    from skillgit.publish.tables import share  # noqa: PLC0415 - as above

    return f"{part} of {whole}", share(part, whole)


def _cases(found: Agreement) -> Table:
    from skillgit.publish.tables import Table  # noqa: PLC0415 - as above

    rows = tuple(
        (
            case.trajectory,
            case.task,
            str(case.verdict or "-"),
            " ".join(name for name in case.alike.MEASURES if getattr(case.alike, name)) or "-",
            *("; ".join(titles) or end for titles, end in zip(case.titles, case.ends, strict=True)),
        )
        for case in found.cases
    )
    return Table(("Trajectory", "Task", "Verdict", "Same", "One", "Other"), rows)


def _as_json(found: Agreement, about: str | None) -> dict[str, object]:
    return {
        "sides": [_side(side) for side in found.sides],
        "shared": len(found.cases),
        "both": len(found.both),
        "counts": found.counts(),
        "chance": found.chance,
        "about": about,
        "taught_where_nothing_failed": list(found.false_failures),
        "cases": [_case(case) for case in found.cases],
        "remarks": list(found.remarks),
    }


def _side(side: Side) -> dict[str, object]:
    return {**asdict(side), "ends": dict(side.ends)}


def _case(case: Case) -> dict[str, object]:
    return {**asdict(case), "verdict": case.verdict}

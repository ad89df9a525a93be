"""`skillgit themes`: how prevalent each theme of a round is among its trajectories."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.cli.options import AS_JSON, FORMAT

if TYPE_CHECKING:  # what reads Git is imported when it is asked for
    from skillgit.publish.tables import Table
    from skillgit.review.themes import Theme, Themes


@click.command(
    epilog=examples(
        "skillgit themes",
        "skillgit themes latest --by place",
        "skillgit themes 20261121T231905Z-7f3ac1 --format markdown",
        "skillgit themes latest --least 10 --format csv > themes.csv",
    )
)
@click.argument("name", metavar="[ROUND]", default="latest")
@click.option(
    "--by",
    type=click.Choice(["lesson", "place", "tree"]),
    default="lesson",
    show_default=True,
    help="One theme for each lesson, each section of the skill, or each end of the merges.",
)
@click.option(
    "--least",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="Leave out themes that fewer trajectories teach.",
)
@FORMAT
@AS_JSON
def command(*, name: str, by: str, least: int, layout: str, as_json: bool) -> None:
    """Show what the trajectories of a round teach, the most prevalent first.

    Support is exact: the number of distinct trajectories behind all edits of a theme, as the
    evidence has them, with how those ended and of how many tasks they are. One trajectory can
    teach several themes. ROUND is an id, the beginning of one, or `latest`. No model is asked.
    """
    from skillgit.publish.tables import FORMATS  # noqa: PLC0415 - keeps the help fast
    from skillgit.review.themes import By, read_themes  # noqa: PLC0415 - the same
    from skillgit.wiring import open_history  # noqa: PLC0415 - GitPython takes its time

    with open_history(Path.cwd()) as history:
        found = read_themes(history, name, By(by))
    shown = [one for one in found.themes if one.support.sources >= least]
    if as_json:
        print_json("themes", _as_json(found, shown))
        return
    out(safe(FORMATS[layout](_table(found, shown))))
    _sums(found, len(found.themes) - len(shown))


def _table(found: Themes, shown: list[Theme]) -> Table:
    from skillgit.publish.tables import Table, share  # noqa: PLC0415 - as above

    analysed = found.analysed.analysed
    rows = tuple(
        (
            one.title,
            f"{one.support.sources}/{analysed}",
            share(one.support.sources, analysed),
            str(one.support.failed),
            str(one.support.passed),
            str(one.tasks),
            " ".join(map(str, one.lessons)),
            "; ".join(map(str, one.places)),
        )
        for one in shown
    )
    head = ("Theme", "Support", "%", "Fail", "Pass", "Tasks", "Lessons", "Where")
    return Table(head, rows, ("Support", "%", "Fail", "Pass", "Tasks"))


def _sums(found: Themes, hidden: int) -> None:
    analysed = found.analysed
    say(
        f"round {found.round}: {found.citations} citations of {analysed.analysed} analysed "
        f"trajectories ({analysed.failed} fail, {analysed.passed} pass), "
        f"{found.covered} of which teach at least one theme; "
        f"{found.withheld} edits were withheld and are in none"
    )
    if hidden:
        say(
            f"{hidden} theme{'' if hidden == 1 else 's'} with less support "
            f"{'is' if hidden == 1 else 'are'} not shown"
        )


def _as_json(found: Themes, shown: list[Theme]) -> dict[str, object]:
    return {
        "round": found.round,
        "skill": found.skill,
        "by": found.by,
        "analysed": found.analysed.analysed,
        "failed": found.analysed.failed,
        "passed": found.analysed.passed,
        "citations": found.citations,
        "covered": found.covered,
        "withheld": found.withheld,
        "themes": [
            {
                "title": one.title,
                "support": one.support.sources,
                "share": one.support.sources / max(1, found.analysed.analysed),
                "failed": one.support.failed,
                "passed": one.support.passed,
                "unknown": one.support.unknown,
                "tasks": one.tasks,
                "proposed": one.proposed,
                "lessons": list(one.lessons),
                "places": [asdict(place) for place in one.places],
            }
            for one in shown
        ],
    }

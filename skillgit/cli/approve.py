"""`skillgit approve`: a person's word for lessons that bring in commands and the like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from skillgit.cli.changing import DRY_RUN, LESSONS, wanted
from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.cli.options import AS_JSON

if TYPE_CHECKING:  # what reads Git is imported when it is asked for
    from skillgit.review.approving import Approved


@click.command(
    epilog=examples(
        "skillgit approve latest/3",
        'skillgit approve 7f3ac1d --reason "we pin this package already"',
        "skillgit approve latest/3 --dry-run",
    )
)
@LESSONS
@click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the commit.")
@DRY_RUN
@AS_JSON
def command(*, names: tuple[str, ...], reason: str, dry_run: bool, as_json: bool) -> None:
    """Take upon yourself what lessons bring in: commands, network calls, installs and the like.

    LESSON is a commit, ROUND/N, or a part of the title. Such a lesson fails `skillgit check
    --range` until a person said so (SG403). Your name is written into its commit as a trailer;
    later lessons follow, so push the branch with --force-with-lease. Your checkout stays as it is.
    """
    from skillgit.review.approving import approve  # noqa: PLC0415 - keeps the help fast

    with wanted(names, dry_run=dry_run) as found:
        done = approve(found.repo, found.lessons, reason, found.who, dry_run=dry_run)
    if as_json:
        print_json("approve", {"dry_run": dry_run, "reason": reason, "rounds": _told(done)})
        return
    for one in done:
        if one.tip == one.old:
            out(safe(f"{one.branch}: you have approved of this before"))
        else:
            would = "would be " if dry_run else ""
            out(
                safe(f"{one.branch}: {len(one.lessons)} {would}approved, its tip is {one.tip[:12]}")
            )
        for lesson, gains in one.lessons:
            out(safe(f"  {lesson.name}  {lesson.title}"))
            for gain in gains:
                out(safe(f"    {gain.capability}: {gain.words}"))
    if not dry_run:
        say("where the branch was pushed before: git push --force-with-lease REMOTE BRANCH")


def _told(done: Sequence[Approved]) -> list[dict[str, object]]:
    return [
        {
            "round": one.round,
            "branch": one.branch,
            "old": one.old,
            "tip": one.tip,
            "lessons": [
                {
                    "lesson": lesson.name,
                    "title": lesson.title,
                    "evidence": lesson.evidence,
                    "gains": [{"capability": g.capability, "words": g.words} for g in gains],
                }
                for lesson, gains in one.lessons
            ],
        }
        for one in done
    ]

"""`skillgit keep`: dropped lessons back on the branch of their round."""

from __future__ import annotations

import click

from skillgit.cli.changing import DRY_RUN, LESSONS, say_emptied, show_lessons, told, wanted
from skillgit.cli.console import examples, out, print_json, safe
from skillgit.cli.options import AS_JSON


@click.command(epilog=examples("skillgit keep latest/3", 'skillgit keep "recalculate after"'))
@LESSONS
@DRY_RUN
@AS_JSON
def command(*, names: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Undo `skillgit drop`: put lessons back on their branch, and withdraw the refusal.

    A lesson is made again from its evidence and stands where it stood among the others. Where the
    branch holds lessons only, every commit has its old id again. A ROUND means all its lessons that
    were dropped.
    """
    from skillgit.review.dropping import keep  # noqa: PLC0415 - keeps the help fast

    with wanted(names, dry_run=dry_run, of_rounds=("dropped",)) as found:
        done = keep(found.repo, found.lessons, found.who, dry_run=dry_run)
    if as_json:
        print_json("keep", {"dry_run": dry_run, "rounds": told(done)})
        return
    for one in done:
        would = "would be " if dry_run else ""
        if one.moved:
            out(safe(f"{one.branch}: {len(one.moved)} {would}put back, {one.left} on it now"))
            show_lessons(one.moved)
        if others := [lesson for lesson in one.lessons if lesson not in one.moved]:
            out(safe(f"round {one.round}: {len(others)} {would}refused no more"))
            show_lessons(others)
    say_emptied(done)

"""`skillgit drop`: a round's branch without some of its lessons, and the refusal on record."""

from __future__ import annotations

import click

from skillgit.cli.changing import DRY_RUN, LESSONS, REASON, say_emptied, show_lessons, told, wanted
from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.cli.options import AS_JSON


@click.command(
    epilog=examples(
        'skillgit drop 7f3ac1d --reason "true for one customer only"',
        "skillgit drop latest/3 latest/5",
        'skillgit drop "recalculate after every write" --dry-run',
        'skillgit drop latest --reason "the pull request was closed"',
    )
)
@LESSONS
@REASON
@DRY_RUN
@AS_JSON
def command(*, names: tuple[str, ...], reason: str, dry_run: bool, as_json: bool) -> None:
    """Take lessons off the branch of their round, before it is merged.

    LESSON is a commit, ROUND/N, or a part of the title; a ROUND means all its lessons that are not
    merged. The branch is rebuilt from those that stay; your checkout, index and HEAD are not
    touched. The next round is told what you refused and why. `skillgit keep` puts a lesson back;
    `skillgit revert` is for merged ones.
    """
    from skillgit.review.dropping import drop  # noqa: PLC0415 - keeps the help fast

    with wanted(names, dry_run=dry_run, of_rounds=("open", "dropped")) as found:
        done = drop(found.repo, found.lessons, reason, found.who, dry_run=dry_run)
    if as_json:
        print_json("drop", {"dry_run": dry_run, "reason": reason, "rounds": told(done)})
        return
    for one in done:
        would = "would be " if dry_run else ""
        if one.moved:
            left = f"{one.left} left" if one.left else "none is left, it stands at its base"
            out(safe(f"{one.branch}: {len(one.moved)} {would}dropped, {left}"))
            show_lessons(one.moved)
        if others := [lesson for lesson in one.lessons if lesson not in one.moved]:
            out(safe(f"round {one.round}: {len(others)} {would}refused; its branch has them not"))
            show_lessons(others)
    say_emptied(done)
    if not dry_run:
        say(f"to take it back: skillgit keep {done[0].lessons[0].name}")

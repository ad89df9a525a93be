"""`skillgit revert`: a branch that takes merged lessons out again."""

from __future__ import annotations

from pathlib import Path

import click

from skillgit.cli.changing import DRY_RUN, LESSONS, REASON, wanted
from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.cli.options import AS_JSON


@click.command(
    epilog=examples(
        'skillgit revert 7f3ac1d --reason "the library was fixed"',
        "skillgit revert latest/1 latest/2 --dry-run",
    )
)
@LESSONS
@REASON
@DRY_RUN
@AS_JSON
def command(*, names: tuple[str, ...], reason: str, dry_run: bool, as_json: bool) -> None:
    """Revert merged lessons on a new branch that begins at HEAD: one commit for each.

    LESSON is a commit, ROUND/N, or a part of the title; a ROUND means all of it that was merged.
    Your checkout, index and HEAD are not touched; where later changes of the same lines are in the
    way, their paths are told and nothing is written. The next round is told what you refused and
    why.
    """
    from skillgit.adapters.settings import load_settings  # noqa: PLC0415 - keeps the help fast
    from skillgit.review.reverting import revert  # noqa: PLC0415 - the same

    prefix = load_settings(Path.cwd(), {}).config.record.branch_prefix
    with wanted(names, dry_run=dry_run, of_rounds=("merged",)) as found:
        done = revert(found.repo, found.lessons, reason, found.who, prefix, dry_run=dry_run)
    if as_json:
        commits = [
            {
                "lesson": one.lesson.name,
                "title": one.lesson.title,
                "reverts": one.reverted,
                "commit": None if dry_run else one.commit,
            }
            for one in done.commits
        ]
        told = {"branch": done.branch, "head": done.head, "reason": reason, "commits": commits}
        print_json("revert", {"dry_run": dry_run, **told})
        return
    would = "would be " if dry_run else ""
    count = len(done.commits)
    out(safe(f"{done.branch}: {count} {'lesson' if count == 1 else 'lessons'} {would}reverted"))
    for one in done.commits:
        what = one.reverted[:12] if one.reverted else "a squash"
        out(safe(f"  {one.lesson.name}  {one.lesson.title} (reverts {what})"))
    if not dry_run:
        say("next:")
        say(safe(f"  git log -p HEAD..{done.branch}"))
        say(safe(f"  git merge --ff-only {done.branch}"))

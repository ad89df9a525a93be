"""`skillgit rebase-round`: the lessons of a round on a base that moved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.changing import DRY_RUN
from skillgit.cli.console import TerminalProgress, examples, out, print_json, safe, say
from skillgit.cli.options import AS_JSON, ENDPOINT, QUIET, given, setting_options

if TYPE_CHECKING:
    from skillgit.pipeline.rebasing import RebasedRound


@click.command(
    "rebase-round",
    epilog=examples(
        "skillgit rebase-round latest",
        "skillgit rebase-round 20261121T231905Z-7f3ac1 --onto main",
        "skillgit rebase-round latest --with-model",
        "skillgit rebase-round latest --dry-run --json",
    ),
)
@click.argument("name", metavar="ROUND")
@click.option(
    "--onto", default="HEAD", metavar="REV", show_default=True, help="The new base of the lessons."
)
@click.option(
    "--with-model",
    is_flag=True,
    help="Merge again what the analysts proposed; only questions that changed are asked.",
)
@setting_options(ENDPOINT)
@DRY_RUN
@AS_JSON
@QUIET
def command(
    *,
    name: str,
    onto: str,
    with_model: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    **settings: object,
) -> int:
    """Put the lessons of a round on another commit of the skill, as a round of its own.

    ROUND is an id, the beginning of one, or `latest`. Each edit is looked for between the lines
    where it stood; where people changed them, or wrote what it says, it is stale, and the reason is
    told. Support and sources stay those of the lessons, and dropped lessons stay away. No model is
    asked; --with-model merges again, so that a lesson whose words became stale can live on in those
    of another analyst. Exits with 1 where nothing is left.
    """
    from skillgit.pipeline.rebasing import failed  # noqa: PLC0415 - keeps the help fast
    from skillgit.wiring.rebasing import RebaseErrand, rebase_round  # noqa: PLC0415 - the same

    errand = RebaseErrand(Path.cwd(), name, onto, with_model, dry_run, given(ENDPOINT, settings))
    with TerminalProgress(quiet=quiet) as progress:
        done = rebase_round(errand, progress)
    if as_json:
        print_json("rebase-round", {"dry_run": dry_run, **_as_json(done)})
    else:
        _show(done, dry_run=dry_run)
    return int(failed(done))


def _show(done: RebasedRound, *, dry_run: bool) -> None:
    branch = done.branch
    if branch is not None:
        out(safe(f"{branch.name}: {_counted(len(branch.lessons), 'lesson')} on {done.onto[:12]}"))
        for number, lesson in enumerate(branch.lessons, start=1):
            out(safe(f"  {done.round}/{number}  {lesson.title}"))
    else:
        would = "would come along" if dry_run and done.edits else "can be put there"
        out(f"{_counted(len(done.edits), 'edit')} of round {done.old} {would}")
    for stale in done.stale:
        part = f" (in part: {_counted(stale.left, 'edit')} came along)" if stale.left else ""
        out(safe(f"  left out: {done.old}/{stale.number}  {stale.title}{part}"))
        for reason in stale.reasons:
            out(safe(f"    {reason}"))
    for finding in done.findings:
        say(safe(f"{finding.path}: {finding.rule} {finding.severity}: {finding.message}"))
    if branch is not None:
        say("next:")
        say(safe(f"  git log -p {done.onto[:12]}..{branch.name}"))
        say(safe(f"  skillgit check --range {done.onto[:12]}..{branch.name}"))


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _as_json(done: RebasedRound) -> dict[str, object]:
    branch = done.branch
    return {
        "rebased_from": done.old,
        "round": done.round,
        "base": done.base,
        "onto": done.onto,
        "edits": [edit.id for edit in done.edits],
        "stale": [
            {
                "lesson": f"{done.old}/{one.number}",
                "title": one.title,
                "reasons": list(one.reasons),
                "edits_left": one.left,
            }
            for one in done.stale
        ],
        "branch": None
        if branch is None
        else {
            "name": branch.name,
            "tip": branch.tip,
            "evidence": branch.evidence_ref,
            "lessons": [
                {"commit": one.commit, "title": one.title, "support": len(one.sources)}
                for one in branch.lessons
            ],
        },
    }

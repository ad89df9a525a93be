"""`skillgit log`: the rounds and lessons of the history, and which of them HEAD has."""

from __future__ import annotations

from pathlib import Path

import click

from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.cli.places import in_repository
from skillgit.review.history import LessonEntry, Lore, RoundEntry, read_lore


@click.command(
    epilog=examples("skillgit log", "skillgit log skills/xlsx", "skillgit log --json"),
)
@click.argument("skill", metavar="[SKILL]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of lines.")
def command(*, skill: str | None, as_json: bool) -> None:
    """List the rounds, newest first, and the lessons of each.

    SKILL is the folder of a skill (default: all). A lesson is merged if HEAD has it, else open.
    """
    from skillgit.wiring import open_history  # noqa: PLC0415 - GitPython takes its time

    with open_history(Path.cwd()) as history:
        root = None if skill is None else in_repository(skill, history.work_tree)
        lore = read_lore(history, root)
    if as_json:
        print_json("log", _as_json(lore))
        return
    for entry in lore.rounds:
        _show(entry)
    if not lore.rounds:
        say("no lessons yet; `skillgit evolve SKILL --trajectories PATH` makes some")
    if lore.unreadable:
        first = lore.unreadable[0][:12]
        say(
            f"{len(lore.unreadable)} commits have Skillgit trailers that cannot be read; "
            f"`skillgit check --range {first}^!` says why"
        )


def _show(entry: RoundEntry) -> None:
    merged = sum(lesson.merged for lesson in entry.lessons)
    total = len(entry.lessons)
    counts = f"{total} {'lesson' if total == 1 else 'lessons'}, {merged} merged"
    branch = entry.branch.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    where = f", branch {branch}" if branch else ""
    out(
        click.style(f"round {entry.id}", bold=True)
        + safe(f" of {entry.skill or '.'}: {counts}{where}")
    )
    for lesson in entry.lessons:
        state = "merged" if lesson.merged else "open  "
        out(safe(f"  {lesson.commit[:12]}  {state}  {lesson.support}  {lesson.subject}"))


def _as_json(lore: Lore) -> dict[str, object]:
    return {
        "rounds": [
            {
                "round": entry.id,
                "skill": entry.skill,
                "base": entry.base,
                "model": entry.model,
                "branch": entry.branch,
                "lessons": [_lesson(lesson) for lesson in entry.lessons],
            }
            for entry in lore.rounds
        ],
        "unreadable": list(lore.unreadable),
    }


def _lesson(lesson: LessonEntry) -> dict[str, object]:
    return {
        "commit": lesson.commit,
        "subject": lesson.subject,
        "support": lesson.support.sources,
        "analysed": lesson.support.analysed,
        "failed": lesson.support.failed,
        "passed": lesson.support.passed,
        "patch": lesson.patch,
        "state": "merged" if lesson.merged else "open",
    }

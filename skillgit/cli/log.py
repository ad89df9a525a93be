"""`skillgit log`: the rounds and lessons of the history, and what became of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from skillgit.cli.console import examples, out, print_json, safe, say
from skillgit.cli.places import in_repository
from skillgit.cli.worth import record_payload, worth_line
from skillgit.review.history import LessonEntry, Lore, RoundEntry, read_lore
from skillgit.review.lessons import LessonState


@click.command(
    epilog=examples("skillgit log", "skillgit log skills/xlsx", "skillgit log --json"),
)
@click.argument("skill", metavar="[SKILL]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of lines.")
def command(*, skill: str | None, as_json: bool) -> None:
    """List the rounds, newest first, and the lessons of each.

    SKILL is the folder of a skill (default: all). A lesson is merged if HEAD has it, open if only
    a branch has it, dropped if only its evidence is left, and reverted if HEAD took it out again.
    Behind its title stands what it adds to the skill, and what it was measured to be worth, where
    `skillgit ablate` has noted it. `skillgit show ROUND/N` tells all of one.
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
    _remark(lore)


def _remark(lore: Lore) -> None:
    if not lore.rounds:
        say("no lessons yet; `skillgit evolve SKILL --trajectories PATH` makes some")
    if hidden := [entry.id for entry in lore.rounds if not entry.complete]:
        rounds = "one round" if len(hidden) == 1 else f"{len(hidden)} rounds"
        say(
            f"the evidence of {rounds} is not here, so costs and dropped lessons are not known; "
            "`skillgit evidence fetch` fetches it"
        )
    if lore.unreadable:
        first = lore.unreadable[0][:12]
        say(
            f"{len(lore.unreadable)} commits have Skillgit trailers that cannot be read; "
            f"`skillgit check --range {first}^!` says why"
        )
    for commit, why in list(lore.unreadable_notes.items())[:1]:
        say(
            safe(f"{len(lore.unreadable_notes)} notes of skillgit are no use: {commit[:12]}: {why}")
        )


def _show(entry: RoundEntry) -> None:
    total = len(entry.lessons)
    states = Counter(lesson.state for lesson in entry.lessons)
    counts = [f"{total} {'lesson' if total == 1 else 'lessons'}"]
    counts += [f"{states[state]} {state}" for state in LessonState if states[state]]
    branch = entry.branch.removeprefix("refs/heads/").removeprefix("refs/remotes/")
    where = f", branch {branch}" if branch else ""
    out(
        click.style(f"round {entry.id}", bold=True)
        + safe(f" of {entry.skill or '.'}: {', '.join(counts)}{where}")
    )
    for lesson in entry.lessons:
        out(safe(_line(lesson)))


def _line(entry: LessonEntry) -> str:
    commit = (entry.commit or "")[:12]
    parts = (
        f"{entry.lesson.number:>3}",
        f"{commit:<12}",
        f"{entry.state:<8}",
        str(entry.support or "support not known"),
        entry.lesson.title,
    )
    notes = [str(entry.cost)] if entry.cost else []
    if entry.standing.how:
        notes.append(f"{entry.state}: {entry.standing.how}")
    if entry.question.gains:
        notes.append(str(entry.question))
    if entry.worth:
        notes.append(worth_line(entry.worth))
    return "  ".join(parts) + (f" ({'; '.join(notes)})" if notes else "")


def _as_json(lore: Lore) -> dict[str, object]:
    return {
        "rounds": [
            {
                "round": entry.id,
                "skill": entry.skill,
                "base": entry.base,
                "model": entry.model,
                "branch": entry.branch,
                "complete": entry.complete,
                "lessons": [_lesson(lesson) for lesson in entry.lessons],
            }
            for entry in lore.rounds
        ],
        "unreadable": list(lore.unreadable),
    }


def _lesson(entry: LessonEntry) -> dict[str, object]:
    support = entry.support
    return {
        "name": entry.lesson.name,
        "number": entry.lesson.number,
        "commit": entry.commit,
        "evidence": entry.lesson.evidence,
        "title": entry.lesson.title,
        "support": support.sources if support else None,
        "analysed": support.analysed if support else None,
        "failed": support.failed if support else None,
        "passed": support.passed if support else None,
        "patch": entry.patch,
        "state": entry.state,
        "how": entry.standing.how,
        "cost": asdict(entry.cost) if entry.cost else None,
        "gains": [asdict(one) for one in entry.question.gains],
        "approvals": [asdict(one) for one in entry.question.approvals],
        "worth": [record_payload(one) for one in entry.worth],
    }

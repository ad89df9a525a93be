"""What `drop`, `keep` and `revert` share: lessons by name, who asks and when, and the result."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skillgit.cli.console import out, safe, say

if TYPE_CHECKING:  # what reads Git is imported when it is asked for
    from skillgit.ports import Keeper, Signature
    from skillgit.review.catalogue import FoundLesson
    from skillgit.review.dropping import Rebuilt

LESSONS = click.argument("names", metavar="LESSON...", nargs=-1, required=True)
REASON = click.option(
    "--reason", default="", metavar="TEXT", help="Why; the next round is shown it."
)
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The lessons that a person names, where they are, and who asks."""

    repo: Keeper
    lessons: tuple[FoundLesson, ...]
    who: Signature


@contextmanager
def wanted(
    names: Sequence[str], *, dry_run: bool, of_rounds: Collection[str] = ()
) -> Iterator[Wanted]:
    """Find the lessons; in a dry run whatever is written is thrown away.

    Where a round is named, its lessons in the states `of_rounds` are meant; without these none is.
    """
    from skillgit.review.named import lessons_named  # noqa: PLC0415 - see open_repository
    from skillgit.wiring import open_repository  # noqa: PLC0415 - GitPython takes its time
    from skillgit.wiring.asking import begun  # noqa: PLC0415 - the same

    with open_repository(Path.cwd()) as repo:
        lessons = lessons_named(repo, names, of_rounds)
        who = repo.author(begun(lambda _, now: now)(""))
        if not dry_run:
            yield Wanted(repo, lessons, who)
            return
        with repo.scratch() as scratch:
            yield Wanted(scratch, lessons, who)


def told(done: Sequence[Rebuilt]) -> list[dict[str, object]]:
    """What became of the branches, as JSON."""
    return [
        {
            "round": one.round,
            "branch": one.branch,
            "old": one.old,
            "tip": one.tip,
            "left": one.left,
            "lessons": [
                {
                    "lesson": lesson.name,
                    "title": lesson.title,
                    "evidence": lesson.evidence,
                    "moved": lesson in one.moved,
                }
                for lesson in one.lessons
            ],
            "emptied": [commit.id for commit in one.emptied],
        }
        for one in done
    ]


def show_lessons(lessons: Sequence[FoundLesson]) -> None:
    """One line for each."""
    for lesson in lessons:
        out(safe(f"  {lesson.name}  {lesson.title}"))


def say_emptied(done: Sequence[Rebuilt]) -> None:
    """Commits of people that went with the lessons, because nothing was left of them."""
    for commit in (commit for one in done for commit in one.emptied):
        subject = commit.message.partition("\n")[0]
        say(f"note: commit {commit.id[:12]} ({safe(subject)}) would change nothing; left out")

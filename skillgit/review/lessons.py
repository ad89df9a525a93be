"""How a person names a lesson or a round, and what can become of a lesson.

7f3ac1d                      the commit of a lesson, or the blob of its evidence
20261121T231905Z-7f3ac1/3    the third lesson of a round, in commit order
latest/3                     of the newest round
"recalculate after"          a part of its title that only one lesson has
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from skillgit.errors import UsageError
from skillgit.names import RoundId
from skillgit.ports import History
from skillgit.review.catalogue import Catalogue, FoundLesson, KnownRound, read_catalogue

__all__ = ["FoundLesson", "LessonState", "find_lesson", "find_round"]

LATEST = "latest"
_MOST_CANDIDATES = 5


class LessonState(StrEnum):
    """What became of a lesson, as HEAD and the round's branch show it."""

    MERGED = "merged"
    """HEAD has it, as this commit, as a copy of it, or line by line."""
    OPEN = "open"
    """A branch has it, and HEAD has not."""
    DROPPED = "dropped"
    """Only the evidence knows it."""
    REVERTED = "reverted"
    """HEAD had it, and a later commit took it out again."""


def find_lesson(history: History, name: str) -> FoundLesson:
    """The lesson that a person names; UsageError where none or several bear that name."""
    catalogue = read_catalogue(history)
    name = name.strip()
    numbered = re.fullmatch(r"(.+)/(\d{1,6})", name)
    if numbered and (rounds := _rounds_called(catalogue, numbered[1])):
        return _numbered(_only_round(rounds, numbered[1]), int(numbered[2]))
    if (found := _by_object(history, catalogue, name)) is not None:
        return found
    titled = _titled(catalogue.lessons, name)
    if len(titled) == 1:
        return titled[0]
    if titled:
        raise UsageError(
            f"looking for the lesson {name!r}: {len(titled)} lessons have that in their title",
            hint=f"name one of them: {_listed(titled)}",
        )
    known = catalogue.lessons
    raise UsageError(
        f"looking for the lesson {name!r}: there is none of that name",
        hint=f"`skillgit log` lists them: {_listed(known)}"
        if known
        else "`skillgit log` lists the lessons of this repository; it has none yet",
    )


def find_round(history: History, name: str) -> RoundId:
    """The round that a person names: an id, the beginning of one, or `latest`."""
    catalogue = read_catalogue(history)
    found = _rounds_called(catalogue, name.strip())
    if found:
        return _only_round(found, name).id
    known = ", ".join(one.id for one in catalogue.rounds[:_MOST_CANDIDATES])
    raise UsageError(
        f"looking for the round {name!r}: there is none of that name",
        hint=f"the newest are {known}" if known else "this repository has no rounds yet",
    )


def _rounds_called(catalogue: Catalogue, name: str) -> Sequence[KnownRound]:
    if name == LATEST:
        return catalogue.rounds[:1]
    exact = [one for one in catalogue.rounds if one.id == name]
    return exact or [one for one in catalogue.rounds if name and one.id.startswith(name)]


def _only_round(found: Sequence[KnownRound], name: str) -> KnownRound:
    if len(found) == 1:
        return found[0]
    ids = ", ".join(one.id for one in found[:_MOST_CANDIDATES])
    raise UsageError(
        f"looking for the round {name!r}: {len(found)} rounds begin so",
        hint=f"name one of them: {ids}",
    )


def _numbered(known: KnownRound, number: int) -> FoundLesson:
    for lesson in known.lessons:
        if lesson.number == number:
            return lesson
    raise UsageError(
        f"looking for lesson {number} of round {known.id}: it has {len(known.lessons)}",
        hint=f"name one of them: {_listed(known.lessons)}",
    )


def _by_object(history: History, catalogue: Catalogue, name: str) -> FoundLesson | None:
    """A commit, named in any way that Git allows, or the beginning of an evidence blob's id."""
    titled = _titled(catalogue.lessons, name)
    is_hex = re.fullmatch(r"[0-9a-fA-F]{4,64}", name) is not None
    if titled and not is_hex:
        return None  # a branch may bear the name of a word
    try:
        commit = history.resolve(name)
    except UsageError:
        starts = [one for one in catalogue.lessons if is_hex and one.evidence.startswith(name)]
        return starts[0] if len(starts) == 1 else None
    found = catalogue.lesson_of(history, commit)
    if found is not None or (titled and is_hex):
        return found
    raise UsageError(
        f"looking for the lesson {name!r}: commit {commit[:12]} has no lesson's trailers",
        hint="`skillgit log` lists lessons; `skillgit why FILE:LINE` asks about a line",
    )


def _titled(lessons: Iterable[FoundLesson], name: str) -> Sequence[FoundLesson]:
    """A whole title wins over a part of one; case does not count."""
    wanted = name.casefold()
    parts = [one for one in lessons if wanted and wanted in one.title.casefold()]
    return [one for one in parts if one.title.casefold() == wanted] or parts


def _listed(lessons: Sequence[FoundLesson]) -> str:
    shown = [f"{one.name} ({one.title})" for one in lessons[:_MOST_CANDIDATES]]
    more = len(lessons) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")

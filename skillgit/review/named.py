"""The lessons that a person names, one by one or a whole round at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from skillgit.errors import UsageError
from skillgit.ports import History
from skillgit.review.catalogue import FoundLesson, KnownRound, read_catalogue
from skillgit.review.lessons import LATEST, find_lesson
from skillgit.review.states import standings

_ROUND = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")


def lessons_named(
    history: History, names: Sequence[str], states: Collection[str]
) -> tuple[FoundLesson, ...]:
    """The lessons of these names; for a round, those of its lessons that are in these states.

    UsageError where a name means none, or several.
    """
    found: list[FoundLesson] = []
    for name in names:
        called = states and (name.strip() == LATEST or _ROUND.fullmatch(name.strip()))
        known = _round_called(history, name.strip()) if called else None
        found += _of_round(history, known, states) if known else [find_lesson(history, name)]
    return tuple({lesson.evidence: lesson for lesson in found}.values())


def _round_called(history: History, name: str) -> KnownRound | None:
    """Only by its whole id, or as the newest: the beginning of an id may be that of a commit."""
    rounds = read_catalogue(history).rounds
    return next((one for one in rounds if name in {one.id, LATEST}), None)


def _of_round(
    history: History, known: KnownRound, states: Collection[str]
) -> Sequence[FoundLesson]:
    now = standings(history, read_catalogue(history, known.skill))
    found = [lesson for lesson in known.lessons if now[lesson.evidence].state in states]
    if not found:
        counts = Counter(str(now[lesson.evidence].state) for lesson in known.lessons)
        told = ", ".join(f"{count} {state}" for state, count in counts.items()) or "it has none"
        raise UsageError(
            f"looking for lessons of round {known.id} that are {' or '.join(states)}: {told}",
            hint="`skillgit log` shows what became of each lesson",
        )
    return found

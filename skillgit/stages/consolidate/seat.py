"""Every edit gets lines of its own, or none: the better supported chooses first.

A lesson of little support goes to a file under references/ with a link from the place it was meant
for; a lesson that many trajectories teach stands in SKILL.md itself. An insertion whose place is
taken moves to the nearest free place of its section; a replacement cannot move.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from skillgit.config import Consolidate, Strategy
from skillgit.skill.hunks import Ground, Standing
from skillgit.skill.placement import insertion, reference, seats, words_of
from skillgit.stages.consolidate.join import by_strength
from skillgit.types import (
    MANIFEST,
    Change,
    ChangeSet,
    CreateFile,
    DeleteFile,
    Edit,
    Fate,
    Insert,
    Replace,
    Skill,
    State,
)


def seat(skill: Skill, edits: Sequence[Edit], options: Consolidate) -> ChangeSet:
    """Give each edit, strongest first, lines that touch no other; withhold what finds none.

    A branch must stay reviewable: once it has as many lessons as it may, the rest is withheld.
    """
    routed: list[Edit] = []
    taken: set[str] = set()
    for edit in by_strength(edits):
        routed.append(_routed(skill, edit, options, taken))
        taken |= {one.path.folded for one in (routed[-1].change,) if isinstance(one, CreateFile)}
    standing = Standing(Ground(skill, (edit.change for edit in routed)))
    seated: list[Edit] = []
    fates: list[Fate] = []
    for edit in routed:
        if len(seated) == options.max_lessons:
            fates.append(Fate(edit.id, State.WITHHELD, _beyond(options.max_lessons)))
            continue
        free = (one for one in _choices(skill, edit.change) if standing.in_the_way(one) is None)
        change = next(free, None)
        if change is None:
            rival = seated[standing.in_the_way(edit.change) or 0].id
            fates.append(Fate(edit.id, State.WITHHELD, f"SG202: same line range as {rival}"))
            continue
        standing.take(change)
        seated.append(replace(edit, change=change))
    return ChangeSet(tuple(seated), tuple(fates))


def _beyond(most: int) -> str:
    return f"beyond the {most} strongest lessons of a branch"


def _routed(skill: Skill, edit: Edit, options: Consolidate, taken: Container[str]) -> Edit:
    """In a sequence an edit stands where its analyst wanted it: a batch shows no prevalence."""
    if options.strategy is Strategy.SEQUENTIAL:
        return edit
    return routed_by_support(skill, edit, options.main_support, taken)


def routed_by_support(skill: Skill, edit: Edit, main_support: int, taken: Container[str]) -> Edit:
    """Move the edit to references/ or back to SKILL.md, as its support asks."""
    change = edit.change
    if isinstance(change, CreateFile) and edit.support >= main_support:
        place = change.link
        return replace(edit, change=insertion(skill, place.path, place.after, words_of(change)))
    if isinstance(change, CreateFile):
        return replace(
            edit, change=reference(skill, change.link, edit.lesson.title, words_of(change), taken)
        )
    if edit.support >= main_support or change.path != MANIFEST:
        return edit
    return demoted(skill, edit, taken)


def demoted(skill: Skill, edit: Edit, taken: Container[str]) -> Edit:
    """The lesson in a file of its own, linked from its place."""
    change, title = edit.change, edit.lesson.title
    match change:
        case Insert():
            made = reference(skill, change, title, words_of(change), taken)
        case Replace(path, lines, text) if text.strip():
            after = insertion(skill, path, lines.last, text)
            made = reference(skill, after, title, words_of(change), taken)
        case _:
            return edit
    return replace(edit, change=made)


def _choices(skill: Skill, change: Change) -> Iterator[Change]:
    """The change at its own place, then at the other places of its section, nearest first."""
    yield change
    match change:
        case Insert():
            yield from _moved(skill, change)
        case CreateFile(_, _, link):
            yield from (replace(change, link=other) for other in _moved(skill, link))
        case Replace() | DeleteFile():
            return


def _moved(skill: Skill, insert: Insert) -> Iterator[Insert]:
    words = words_of(insert)
    for gap in seats(skill, insert):
        if gap != insert.after:
            yield insertion(skill, insert.path, gap, words)

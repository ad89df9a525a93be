"""What the commits of HEAD that carry no lesson's trailers do to the files of lessons."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from skillgit.names import Digest, Oid
from skillgit.ports import History
from skillgit.provenance.patch_digest import patch_digest
from skillgit.provenance.squash import Squash, parse_squash
from skillgit.review.catalogue import Catalogue, FoundLesson
from skillgit.review.words import normal
from skillgit.types import Change, CreateFile, DeleteFile

_SQUASH = "Skillgit-Squash-Lesson:"


def _listed() -> defaultdict[Digest, list[Oid]]:
    return defaultdict(list)


@dataclass(slots=True)
class Changes:
    """Commits by the digest of what they do, and of what they undo; the lines that each adds.

    `named` are the squashes that say of a lesson, by its evidence, that they hold it.
    """

    does: defaultdict[Digest, list[Oid]] = field(default_factory=_listed)
    undoes: defaultdict[Digest, list[Oid]] = field(default_factory=_listed)
    adds: dict[Oid, Counter[str]] = field(default_factory=dict)
    named: defaultdict[Oid, list[Oid]] = field(default_factory=lambda: defaultdict(list))


def read_changes(
    history: History, catalogue: Catalogue, head: Oid | None, carriers: Collection[Oid]
) -> Changes:
    """All changes of HEAD's history to files of these lessons, but those of lesson commits."""
    changes = Changes()
    paths = sorted({path for lesson in catalogue.lessons for path in _paths(lesson)})
    if head is None or not paths:
        return changes
    squashes = history.commits(head, containing=_SQUASH)
    for commit in squashes:
        if isinstance(squash := parse_squash(commit.message), Squash):
            for one in squash.lessons:
                changes.named[one.evidence].append(commit.id)
    found = {one.id: one for one in (*history.commits(head, paths=paths), *squashes)}
    plain = [oid for oid, one in found.items() if oid not in carriers and len(one.parents) == 1]
    for oid, diff in history.diffs(plain).items():
        changes.does[patch_digest(diff)].append(oid)
        changes.adds[oid] = Counter(_added(diff))
    for oid, diff in history.diffs(plain, back=True).items():
        changes.undoes[patch_digest(diff)].append(oid)
    return changes


def _added(diff: bytes) -> Iterator[str]:
    for line in diff.decode("utf-8", "replace").split("\n"):
        if line.startswith("+"):
            yield normal(line[1:])


def _paths(lesson: FoundLesson) -> Iterable[str]:
    """The files that a lesson changes, from the root of the repository."""
    told = lesson.record or lesson.trailers
    if told is None:
        return ()
    if lesson.record is None:
        return (told.skill or "SKILL.md",)
    root = f"{told.skill}/" if told.skill else ""
    return (f"{root}{path}" for edit in lesson.record.edits for path in _changed(edit.change))


def _changed(change: Change) -> Iterator[str]:
    yield change.path
    if isinstance(change, CreateFile):
        yield change.link.path
    if isinstance(change, DeleteFile):
        yield from (part.path for part in change.unlink)

"""Git notes on lesson commits: what lessons were measured to be worth, read and written.

The notes are those of `git notes --ref=skillgit`, so Git's own tools for notes work on them. They
are read as a whole and by the lesson's change, not by the commit: a rebase makes new commits.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from skillgit.errors import SkillgitError
from skillgit.names import Digest, Oid
from skillgit.ports import History, Keeper, Signature, TreeChange
from skillgit.provenance.effects import (
    EffectRecord,
    Note,
    merged,
    newest,
    read_note,
    render_note,
)
from skillgit.review.catalogue import FoundLesson

NOTES = "refs/notes/skillgit"
_NAME = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Noted:
    """The effects that the notes tell, by the digest of the lesson's change, latest first."""

    effects: Mapping[Digest, tuple[EffectRecord, ...]] = field(default_factory=dict)
    unreadable: Mapping[Oid, str] = field(default_factory=dict)
    """Commits whose notes look like ours and are not, and why."""

    def of(self, lesson: FoundLesson) -> tuple[EffectRecord, ...]:
        """What a lesson was measured to be worth."""
        told = lesson.record or lesson.trailers
        return self.effects.get(told.patch, ()) if told else ()


def read_noted(history: History) -> Noted:
    """All notes of this repository, whoever wrote them."""
    tip = history.refs(NOTES).get(NOTES)
    if tip is None:
        return Noted()
    found: defaultdict[Digest, list[EffectRecord]] = defaultdict(list)
    unreadable: dict[Oid, str] = {}
    for commit, note in _notes(history, tip).items():
        for record in note.effects:
            found[record.patch].append(record)
        if note.refused:
            unreadable[commit] = note.refused[0]
    return Noted({patch: newest(records) for patch, records in found.items()}, unreadable)


def note_effects(
    repo: Keeper, told: Mapping[Oid, Sequence[EffectRecord]], who: Signature
) -> Oid | None:
    """Add effects to the notes of these commits; the notes' new tip, None where nothing is new.

    What a note holds stays, but for an older measurement of the same by the same person. Somebody
    else's note at the same moment costs another try, not an error.
    """
    added = {commit: Note(tuple(records)) for commit, records in told.items()}
    why = "skillgit ablate: what lessons are worth"
    for tries_left in reversed(range(_TRIES)):
        tip = repo.read_ref(NOTES)
        new = _written(repo, [tip] if tip else [], added, f"{why}\n", who)
        if new is None:
            return None
        try:
            repo.move_ref(NOTES, new, tip, why)
        except SkillgitError:
            if not tries_left or repo.read_ref(NOTES) == tip:
                raise
        else:
            return new
    return None


def joined_notes(repo: Keeper, mine: Oid, theirs: Oid, who: Callable[[], Signature]) -> None:
    """The notes of two repositories as one: each note is merged with the other, none is lost."""
    their_notes = _notes(repo, theirs)
    parents = [mine, theirs]
    new = _written(repo, parents, their_notes, "notes of two repositories\n", who())
    if new is not None:
        repo.move_ref(NOTES, new, mine, "skillgit: notes of two repositories")


def _written(
    repo: Keeper,
    parents: Sequence[Oid],
    added: Mapping[Oid, Note],
    message: str,
    who: Signature,
) -> Oid | None:
    """A commit of notes on top of its parents; None where it would say nothing new."""
    base = parents[0] if parents else None
    places = _places(repo, base) if base else {}
    known = _read(repo, places)
    changes: list[TreeChange] = []
    for commit, note in sorted(added.items()):
        before = known.get(commit, Note())
        text = render_note(merged(before, note))
        if commit in places and text == render_note(before):
            continue
        # Git adds up two notes on one commit: so the new one stands where the old one stood.
        old = places.get(commit, ())
        changes += [TreeChange(path, None) for path, _ in old]
        path = old[0][0] if old else str(commit)
        changes.append(TreeChange(path, repo.write_blob(text)))
    if not changes and len(parents) < 2:
        return None
    tree = repo.write_tree(base, changes)
    return repo.write_commit(tree, parents, message, who)


_Places = Mapping[Oid, Sequence[tuple[str, Oid]]]
"""Where the notes on a commit lie, and their blobs: Git spreads many notes over folders."""


def _notes(history: History, tip: Oid) -> Mapping[Oid, Note]:
    return _read(history, _places(history, tip))


def _places(history: History, tip: Oid) -> _Places:
    found: defaultdict[Oid, list[tuple[str, Oid]]] = defaultdict(list)
    for path, blob in history.tree(tip).items():
        name = path.replace("/", "")
        if _NAME.fullmatch(name):
            found[Oid(name)].append((path, blob))
    return found


def _read(history: History, places: _Places) -> Mapping[Oid, Note]:
    data = history.read_blobs([blob for each in places.values() for _, blob in each])
    return {
        commit: _added(read_note(data.get(blob, b"")) for _, blob in each)
        for commit, each in places.items()
    }


def _added(notes: Iterable[Note]) -> Note:
    total = Note()
    for note in notes:
        refused = (*total.refused, *note.refused)
        both = merged(total, note)
        total = Note(both.effects, both.others, refused)
    return total

"""Is the evidence that lies here whole and true? Everything is read and hashed again.

Nothing that Git or the documents say of themselves is believed: object ids are computed from the
bytes, the change of each lesson from its edits and the base, and every count from what it counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from skillgit.errors import UsageError
from skillgit.names import Oid, RoundId
from skillgit.ports import History, Workshop
from skillgit.provenance.canonical import json_bytes
from skillgit.provenance.evidence import Refusal, Unreadable, read, round_ref
from skillgit.provenance.patch_digest import patch_digest
from skillgit.review.accounts import Cabinet, file_cabinet, wrong_in
from skillgit.review.refusals import REFUSALS
from skillgit.review.replay import tree_of

_FOLDER, _FILE = _MODES = b"40000", b"100644"
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one place: the ref, a document of it (or ""), and what."""

    ref: str
    document: str
    what: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was read again, and what is wrong. `unbased` lessons could not be computed again."""

    rounds: int
    documents: int
    faults: tuple[Fault, ...]
    unbased: int = 0
    """Lessons whose base is not here (a shallow clone), so that their change was not computed."""


def inspect(history: History) -> Inspection:
    """Verify the evidence of all rounds here, and the refusals."""
    faults: list[Fault] = []
    documents = unbased = 0
    refs = history.refs("refs/skillgit")
    for ref, tip in refs.items():
        files, broken = _Objects(history, len(tip)).files(tip)
        documents += len(files)
        faults += (Fault(ref, name, what) for name, what in broken)
        if ref == REFUSALS:
            faults += (Fault(ref, name, what) for name, what in _refusals(files))
        elif (round_id := _round_of(ref)) is None:
            faults.append(Fault(ref, "", "nothing of this name is known"))
        else:
            cabinet, unfit = file_cabinet(round_id, files)
            found = (*_uncanonical(files), *unfit, *wrong_in(cabinet))
            faults += (Fault(ref, name, what) for name, what in found)
            changes = list(_changes(history, cabinet))
            unbased += sum(what is None for _, what in changes)
            faults += (Fault(ref, name, what) for name, what in changes if what)
    return Inspection(len(refs.keys() - {REFUSALS}), documents, tuple(faults), unbased)


def _round_of(ref: str) -> RoundId | None:
    try:
        name = RoundId(ref.rpartition("/")[2])
    except ValueError:
        return None
    return name if ref == round_ref(name) else None


# ------------------------------------------------------------------ objects

Files = Mapping[str, bytes]


class _Objects:
    """Objects by their ids, hashed again."""

    def __init__(self, history: History, width: int) -> None:
        self._history = history
        self._width = width
        self._broken: list[tuple[str, str]] = []

    def files(self, tip: Oid) -> tuple[Files, list[tuple[str, str]]]:
        """All files of a commit by path, and what is wrong with its objects."""
        files: dict[str, bytes] = {}
        folders: dict[str, Oid] = {}
        for _, commit in self._load({"": tip}, "commit"):
            line = commit.removeprefix(b"tree ").partition(b"\n")[0]
            folders = {"": Oid(line.decode("ascii"))}
        for _ in range(_DEEPEST):
            entries = [
                one for name, raw in self._load(folders, "tree") for one in self._in(name, raw)
            ]
            folders = {name: oid for mode, name, oid in entries if mode == _FOLDER}
            files |= self._load({name: oid for mode, name, oid in entries if mode == _FILE}, "blob")
            self._broken += [
                (name, "it is no plain file") for mode, name, _ in entries if mode not in _MODES
            ]
        return files, self._broken

    def _load(self, wanted: Mapping[str, Oid], kind: str) -> Iterator[tuple[str, bytes]]:
        found = self._history.read_blobs(list(wanted.values()))
        for name, oid in wanted.items():
            data = found.get(oid)
            if data is None:
                self._broken.append((name, f"its {kind} {oid[:12]} is missing"))
            elif _object_id(kind, data, self._width) != oid:
                self._broken.append((name, f"its {kind} {oid[:12]} has not the bytes of its id"))
            else:
                yield name, data

    def _in(self, folder: str, raw: bytes) -> Iterator[tuple[bytes, str, Oid]]:
        """The entries of a raw tree object: mode, blank, name, NUL, and an id in binary."""
        place = 0
        while (end := raw.find(b"\0", place)) >= 0:
            mode, _, name = raw[place:end].partition(b" ")
            place = end + 1 + self._width // 2
            oid = raw[end + 1 : place].hex()
            path = name.decode("utf-8", "replace")
            where = f"{folder}/{path}" if folder else path
            if len(oid) == self._width:
                yield mode, where, Oid(oid)
            else:
                self._broken.append((where, "its folder cannot be read"))


def _object_id(kind: str, data: bytes, width: int) -> str:
    framed = f"{kind} {len(data)}\0".encode() + data
    if width == 64:
        return hashlib.sha256(framed).hexdigest()
    return hashlib.sha1(framed, usedforsecurity=False).hexdigest()


# ------------------------------------------------------------------ documents


def _uncanonical(files: Files) -> Iterator[tuple[str, str]]:
    """Equal content has equal bytes, or ids would tell nothing."""
    for name, data in files.items():
        try:
            same = json_bytes(json.loads(data)) == data
        except (ValueError, RecursionError):
            continue  # that it cannot be read is said elsewhere
        if not same:
            yield name, "its bytes are not the canonical ones of its content"


def _refusals(files: Files) -> Iterator[tuple[str, str]]:
    yield from _uncanonical(files)
    for name, data in files.items():
        found = read(Refusal, data)
        if isinstance(found, Unreadable):
            yield name, found.reason


# ------------------------------------------------------------------ changes


def _changes(history: History, cabinet: Cabinet) -> Iterator[tuple[str, str | None]]:
    """What each lesson changes, from its edits and the base; None where the base is not here."""
    with history.scratch() as scratch:
        for name, record in cabinet.lessons.items():
            try:
                skill = history.read_skill(record.skill, record.base)
            except UsageError:
                yield name, None
                continue
            try:
                changed = tree_of(scratch, skill, [edit.change for edit in record.edits])
            except ValueError as unfit:
                yield name, f"its edits do not fit the base {record.base[:12]}: {unfit}"
                continue
            yield name, _same(scratch, skill.commit, changed, record.patch)


def _same(scratch: Workshop, base: Oid, changed: Oid, digest: str) -> str:
    if patch_digest(scratch.diff(base, changed)) == digest:
        return ""
    return "its edits, done to the base, do not give the change that it names"

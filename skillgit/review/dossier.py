"""Everything that a round left behind, read from its evidence ref as one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from skillgit.names import EditId, Oid, RoundId, TrajectoryId
from skillgit.ports import History
from skillgit.provenance.evidence import (
    D,
    LessonRecord,
    RoundRecord,
    TrajectoryList,
    TrajectoryRecord,
    Unreadable,
    WithheldList,
    WithheldRecord,
    read,
    round_ref,
)
from skillgit.types import Edit, GateReport, MergeRecord, Patch


@dataclass(frozen=True, slots=True)
class Dossier:
    """A round as its evidence tells it. `problems` are documents that cannot be read, and why."""

    round: RoundRecord
    lessons: Mapping[Oid, LessonRecord]
    """By the blob that a lesson commit names in `Skillgit-Evidence`, in commit order."""
    patches: Mapping[TrajectoryId, Patch] = field(default_factory=dict)
    merges: tuple[MergeRecord, ...] = ()
    """From the bottom of the tree to its root."""
    withheld: tuple[WithheldRecord, ...] = ()
    trajectories: Mapping[TrajectoryId, TrajectoryRecord] = field(default_factory=dict)
    gate: GateReport | None = None
    problems: tuple[str, ...] = ()

    @property
    def edits(self) -> Mapping[EditId, Edit]:
        """All edits as their analysts proposed them."""
        return {edit.id: edit for patch in self.patches.values() for edit in patch.edits}


def read_dossier(history: History, round_id: RoundId) -> Dossier | None:
    """The evidence of a round; None where its ref or its round.json is not here."""
    ref = round_ref(round_id)
    tip = history.refs(ref).get(ref)
    return None if tip is None else _Reader(history, tip).dossier()


class _Reader:
    """Reads all documents of one commit at once."""

    def __init__(self, history: History, tip: Oid) -> None:
        self._tree = history.tree(tip)
        self._data = history.read_blobs(list(self._tree.values()))
        self._problems: list[str] = []

    def dossier(self) -> Dossier | None:
        told = self._one(RoundRecord, "round.json")
        if told is None:
            return None
        trajectories = self._one(TrajectoryList, "trajectories.json")
        withheld = self._one(WithheldList, "withheld.json")
        patches = self._all(Patch, "patches/")
        return Dossier(
            round=told,
            lessons=dict(self._lessons(told.lessons)),
            patches={patch.trajectory: patch for patch in patches},
            merges=tuple(self._all(MergeRecord, "merges/")),
            withheld=withheld.withheld if withheld else (),
            trajectories={one.id: one for one in trajectories.trajectories} if trajectories else {},
            gate=self._one(GateReport, "gate.json") if "gate.json" in self._tree else None,
            problems=tuple(self._problems),
        )

    def _lessons(self, names: Iterable[str]) -> Iterable[tuple[Oid, LessonRecord]]:
        for name in names:
            record = self._one(LessonRecord, name)
            if record is not None:
                yield self._tree[name], record

    def _all(self, kind: type[D], folder: str) -> list[D]:
        names = [name for name in self._tree if name.startswith(folder)]
        documents = (self._one(kind, name) for name in sorted(names, key=_in_order))
        return [document for document in documents if document is not None]

    def _one(self, kind: type[D], name: str) -> D | None:
        data = self._data.get(self._tree.get(name, Oid("0" * 40)))
        found = Unreadable("it is not here") if data is None else read(kind, data)
        if isinstance(found, Unreadable):
            self._problems.append(f"{name}: {found.reason}")
            return None
        return found


def _in_order(name: str) -> tuple[int, str]:
    """`merges/10/0000.json` comes after `merges/9/0000.json`."""
    level = name.split("/")[1]
    return (int(level) if level.isdigit() else 0, name)

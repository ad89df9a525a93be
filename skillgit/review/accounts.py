"""Do the documents of a round agree with their names, with each other, and with themselves?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from skillgit.names import RoundId, TrajectoryId
from skillgit.provenance.evidence import (
    D,
    Document,
    LessonRecord,
    RoundRecord,
    TrajectoryList,
    Unreadable,
    WithheldList,
    lesson_path,
    read,
)
from skillgit.review.claims import taught
from skillgit.types import GateReport, MergeRecord, Patch, Trajectory

Wrong = tuple[str, str]
"""A document, and what is wrong with it."""

_KINDS: tuple[tuple[str, type[Document]], ...] = (
    (r"round\.json", RoundRecord),
    (r"trajectories\.json", TrajectoryList),
    (r"withheld\.json", WithheldList),
    (r"gate\.json", GateReport),
    (r"lessons/[^/]+\.json", LessonRecord),
    (r"patches/[^/]+\.json", Patch),
    (r"merges/[^/]+/[^/]+\.json", MergeRecord),
    (r"trajectories/[^/]+\.json", Trajectory),
)


@dataclass(frozen=True, slots=True)
class Cabinet:
    """The documents of a round that can be read, by path."""

    round_id: RoundId
    round: RoundRecord | None = None
    trajectories: TrajectoryList | None = None
    lessons: Mapping[str, LessonRecord] = field(default_factory=dict)
    patches: Mapping[str, Patch] = field(default_factory=dict)
    merges: Mapping[str, MergeRecord] = field(default_factory=dict)
    whole: Mapping[str, Trajectory] = field(default_factory=dict)


def file_cabinet(round_id: RoundId, files: Mapping[str, bytes]) -> tuple[Cabinet, list[Wrong]]:
    """The documents by their kinds, and those that are none or cannot be read."""
    found: dict[str, Document] = {}
    unfit: list[Wrong] = []
    for name, data in files.items():
        kind = next((kind for shape, kind in _KINDS if re.fullmatch(shape, name)), None)
        document = Unreadable("no document has this name") if kind is None else read(kind, data)
        if isinstance(document, Unreadable):
            unfit.append((name, document.reason))
        else:
            found[name] = document
    unfit += [
        (name, "it is missing")
        for name in ("round.json", "trajectories.json", "withheld.json")
        if name not in files
    ]
    cabinet = Cabinet(
        round_id,
        _of(found, RoundRecord).get("round.json"),
        _of(found, TrajectoryList).get("trajectories.json"),
        _of(found, LessonRecord),
        _of(found, Patch),
        _of(found, MergeRecord),
        _of(found, Trajectory),
    )
    return cabinet, unfit


def _of(found: Mapping[str, Document], kind: type[D]) -> dict[str, D]:
    return {name: document for name, document in found.items() if isinstance(document, kind)}


def wrong_in(cabinet: Cabinet) -> Iterator[Wrong]:
    """Everything in which the documents do not add up."""
    yield from _names(cabinet)
    yield from _round(cabinet)
    yield from _trajectories(cabinet)
    for name, record in cabinet.lessons.items():
        for what in (*_sources(cabinet, record), *_parts(cabinet, record)):
            yield name, what


def _names(cabinet: Cabinet) -> Iterator[Wrong]:
    """A document says who it is, and lies where that one lies."""
    right = {
        **{name: f"patches/{one.trajectory}.json" for name, one in cabinet.patches.items()},
        **{name: f"merges/{one.level}/{one.node:04}.json" for name, one in cabinet.merges.items()},
        **{name: f"trajectories/{one.id}.json" for name, one in cabinet.whole.items()},
    }
    for name, path in right.items():
        if name != path:
            yield name, f"it is the document {path}"
    listed = cabinet.round.lessons if cabinet.round else ()
    for number, name in enumerate(listed, start=1):
        record = cabinet.lessons.get(name)
        if record is not None and name != lesson_path(number, record.title):
            yield name, f"it is the document {lesson_path(number, record.title)}"


def _round(cabinet: Cabinet) -> Iterator[Wrong]:
    told = cabinet.round
    if told is None:
        return
    if told.round != cabinet.round_id:
        yield "round.json", f"it tells of round {told.round}"
    for name in set(told.lessons) ^ cabinet.lessons.keys():
        yield "round.json", f"the lesson {name} is listed, or there, and not both"
    analysed, without = set(told.analysed), {one.trajectory for one in told.excluded}
    for name, record in cabinet.lessons.items():
        for part in ("round", "skill", "base"):
            if getattr(record, part) != getattr(told, part):
                yield name, f"its {part} is not the round's"
        if record.analysed != len(analysed):
            yield name, f"{record.analysed} analysed, where the round has {len(analysed)}"
    yield from _analysts(cabinet, analysed, without)


def _analysts(
    cabinet: Cabinet, analysed: set[TrajectoryId], without: set[TrajectoryId]
) -> Iterator[Wrong]:
    for trajectory in sorted(analysed & without):
        yield "round.json", f"{trajectory} was analysed and excluded"
    for name, patch in cabinet.patches.items():
        if patch.trajectory not in analysed:
            yield name, f"{patch.trajectory} was not analysed"


def _trajectories(cabinet: Cabinet) -> Iterator[Wrong]:
    """An id is the beginning of a digest, and everyone who is named is in the list."""
    listed = cabinet.trajectories.trajectories if cabinet.trajectories else ()
    known = {one.id: one.digest for one in listed}
    if len(known) != len(listed):
        yield "trajectories.json", "it lists a trajectory twice"
    for one in listed:
        if one.id[2:] != one.digest[7:19]:
            yield "trajectories.json", f"{one.id} is not the beginning of its digest"
    if cabinet.trajectories is None:
        return
    for name, whole in cabinet.whole.items():
        if known.get(whole.id) != whole.digest:
            yield name, "its digest is not the one in trajectories.json"
    if cabinet.round is not None:
        told = cabinet.round
        for named in (*told.analysed, *(one.trajectory for one in told.excluded)):
            if named not in known:
                yield "round.json", f"{named} is not in trajectories.json"


def _sources(cabinet: Cabinet, record: LessonRecord) -> Iterator[str]:
    """Support is counted, from the sources up, and each source is the one that was analysed."""
    named = [source.trajectory for source in record.sources]
    if len(set(named)) != len(named):
        yield "it lists a source twice"
    if set(named) != frozenset[TrajectoryId]().union(*(edit.sources for edit in record.edits)):
        yield "its sources are not those of its edits"
    if cabinet.round is not None and not set(named) <= set(cabinet.round.analysed):
        yield "it has a source that was not analysed"
    listed = cabinet.trajectories.trajectories if cabinet.trajectories else ()
    known = {(one.id, one.digest, one.outcome.result) for one in listed}
    for source in record.sources:
        if cabinet.trajectories and (source.trajectory, source.digest, source.result) not in known:
            yield f"{source.trajectory} is not so in trajectories.json"


def _parts(cabinet: Cabinet, record: LessonRecord) -> Iterator[str]:
    """Every edit leads back to edits that analysts proposed, and to no other sources."""
    proposals = {one.trajectory: one.edits for one in cabinet.patches.values() if one.edits}
    for edit in record.edits:
        if taught(record, edit) != edit.sources:
            yield f"edit {edit.id} has other sources than the edits that were merged into it"
        for part in (edit.id, *record.merged.get(edit.id, ())):
            analyst = part.partition(".")[0]
            own = proposals.get(TrajectoryId(analyst)) if analyst[:2] == "t-" else None
            if own is not None and part not in {one.id for one in own}:
                yield f"{part} is no edit that its analyst proposed"

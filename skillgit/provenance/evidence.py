"""The documents that a round leaves behind, so that a third party can check it without a model.

They lie in the tree of one commit, `refs/skillgit/rounds/<round>`:

    round.json                    what was asked, on what base, and how many of each came out
    trajectories.json             every trajectory that was found: digest, outcome, task, quotes
    patches/<trajectory>.json     what its analyst proposed
    merges/<level>/<node>.json    what became of the edits, node by node
    lessons/NNN-<title>.json      one for each commit, which names this blob in its message
    gate.json                     base and evolved skill on validation tasks, where there were any
    withheld.json                 every edit that did not make it, with its text and the reason

Each is canonical JSON with `"schema": "skillgit.<kind>/1"`; `render` and `read` are inverse.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from skillgit.names import Digest, EditId, Oid, RoundId, TrajectoryId
from skillgit.provenance.canonical import from_json, json_bytes, to_json
from skillgit.types import (
    Edit,
    Excluded,
    Fate,
    GateReport,
    MergeRecord,
    Outcome,
    Patch,
    Quote,
    Result,
    Trajectory,
)


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A trajectory that taught a lesson, and how it ended."""

    trajectory: TrajectoryId
    digest: Digest
    result: Result

    def __str__(self) -> str:
        return f"{self.trajectory} {self.digest} {self.result}"


@dataclass(frozen=True, slots=True)
class Support:
    """How many of the analysed trajectories taught a lesson, and how those ended."""

    sources: int
    analysed: int
    failed: int = 0
    passed: int = 0
    unknown: int = 0

    def __post_init__(self) -> None:
        if min(self.sources, self.analysed, self.failed, self.passed, self.unknown) < 0:
            raise ValueError("a support counts; it is never negative")

    @classmethod
    def of(cls, sources: Iterable[Source], analysed: int) -> Support:
        """Counted."""
        ends = Counter(source.result for source in sources)
        return cls(
            ends.total(), analysed, ends[Result.FAIL], ends[Result.PASS], ends[Result.UNKNOWN]
        )

    def __str__(self) -> str:
        more = f", {self.unknown} unknown" if self.unknown else ""
        mix = f"{self.failed} fail, {self.passed} pass{more}"
        return f"{self.sources}/{self.analysed} ({mix})"


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """round.json: what was asked, and the account of what came out."""

    round: RoundId
    skill: str
    base: Oid
    started: int
    model: str
    signals: str
    settings: Mapping[str, str | int | float | bool]
    analysed: tuple[TrajectoryId, ...]
    excluded: tuple[Excluded, ...]
    lessons: tuple[str, ...]
    """The names of the lesson documents, in commit order."""
    duplicates: int = 0
    redactions: int = 0
    hidden: Mapping[str, int] = field(default_factory=dict)
    """The redactions by kind."""
    error_analysts: Mapping[str, int] = field(default_factory=dict)
    """How many had to prove their cause, how many did, and what kept the others from it."""
    rebased_from: RoundId | None = None
    """The round whose lessons these are; it read another base."""


@dataclass(frozen=True, slots=True)
class TrajectoryRecord:
    """What trajectories.json says of one trajectory; of its text only the redacted quotes."""

    id: TrajectoryId
    digest: Digest
    task: str
    origin: str
    outcome: Outcome
    quotes: tuple[Quote, ...]
    skills: tuple[Digest, ...] = ()
    """Those that the agent had, where its run says so."""


@dataclass(frozen=True, slots=True)
class TrajectoryList:
    """trajectories.json."""

    trajectories: tuple[TrajectoryRecord, ...]


@dataclass(frozen=True, slots=True)
class Returned:
    """A lesson that people dropped and that is taught again: by so many runs that it had not seen.

    They are runs of so many tasks.
    """

    round: RoundId
    patch: Digest
    title: str
    reason: str
    runs: int
    tasks: int


@dataclass(frozen=True, slots=True)
class LessonRecord:
    """lessons/NNN-<title>.json: everything that a lesson commit claims."""

    round: RoundId
    skill: str
    base: Oid
    title: str
    reason: str
    edits: tuple[Edit, ...]
    merged: Mapping[EditId, tuple[EditId, ...]]
    """For each edit, all edits that were merged into it on its way."""
    analysed: int
    sources: tuple[Source, ...]
    """Strongest first."""
    patch: Digest
    returned: tuple[Returned, ...] = ()
    """The dropped lessons that come back with it; the document has no such field for none."""

    @property
    def support(self) -> Support:
        """Counted from the sources."""
        return Support.of(self.sources, self.analysed)


@dataclass(frozen=True, slots=True)
class WithheldRecord:
    """An edit that did not make it, why, and its text where there was one."""

    fate: Fate
    edit: Edit | None


@dataclass(frozen=True, slots=True)
class WithheldList:
    """withheld.json."""

    withheld: tuple[WithheldRecord, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """<patch digest>.json below `refs/skillgit/refusals`: a lesson that a person does not want."""

    round: RoundId
    skill: str
    evidence: Oid
    title: str
    words: tuple[str, ...]
    """What its edits said; empty where the evidence was not at hand."""
    reason: str
    by: str
    when: int


Document = (
    RoundRecord
    | TrajectoryList
    | LessonRecord
    | Patch
    | MergeRecord
    | WithheldList
    | GateReport
    | Trajectory
    | Refusal
)
D = TypeVar("D", bound=Document)
_SCHEMAS: Mapping[type, str] = {
    RoundRecord: "skillgit.round/1",
    TrajectoryList: "skillgit.trajectories/1",
    LessonRecord: "skillgit.lesson/1",
    Patch: "skillgit.patch/1",
    MergeRecord: "skillgit.merge/1",
    WithheldList: "skillgit.withheld/1",
    GateReport: "skillgit.gate/1",
    Trajectory: "skillgit.trajectory/1",
    Refusal: "skillgit.refusal/1",
}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are not the document they should be, and why."""

    reason: str


def render(document: Document) -> bytes:
    """The canonical bytes of a document."""
    told = {"schema": _SCHEMAS[type(document)], **to_json(document)}
    if isinstance(document, LessonRecord):
        told["support"] = str(document.support)
        if not document.returned:
            del told["returned"]
    return json_bytes(told)


def read(kind: type[D], data: bytes) -> D | Unreadable:
    """The document that bytes of a repository hold, or why they hold none."""
    try:
        found: Any = json.loads(data)
        if not isinstance(found, dict):
            return Unreadable("not a JSON object")
        schema, support = found.pop("schema", None), found.pop("support", None)
        if schema != _SCHEMAS[kind]:
            return Unreadable(f"its schema is {schema!r}, not {_SCHEMAS[kind]!r}")
        document = from_json(kind, found)
    except (ValueError, RecursionError) as unfit:
        return Unreadable(str(unfit) or "nested too deeply")
    if isinstance(document, LessonRecord) and support != str(document.support):
        return Unreadable(f"it claims a support of {support!r} and lists {document.support}")
    return document


def lesson_path(number: int, title: str) -> str:
    """Where the document of the n-th lesson lies in the tree of the evidence."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")[:48].strip("-")
    return f"lessons/{number:03}-{slug or 'lesson'}.json"


def round_ref(round_id: RoundId) -> str:
    """The ref that keeps the evidence of a round."""
    return f"refs/skillgit/rounds/{round_id}"


def merge_paths(fates: Iterable[Fate]) -> dict[EditId, tuple[EditId, ...]]:
    """For each edit that others were merged into, all of them, however many merges ago."""
    parts: dict[EditId, set[EditId]] = {}
    for fate in fates:
        if fate.into is not None:
            parts.setdefault(fate.into, set()).add(fate.edit)

    def all_parts(edit: EditId, seen: frozenset[EditId]) -> set[EditId]:
        own = parts.get(edit, set()) - seen
        return own.union(*(all_parts(part, seen | own) for part in own))

    return {edit: tuple(sorted(all_parts(edit, frozenset({edit})))) for edit in sorted(parts)}

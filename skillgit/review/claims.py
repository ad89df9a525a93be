"""What one lesson commit claims, and whether Git and the evidence bear it out.

Each check yields `(rule, what is wrong)`. Nothing here trusts the one who ran the round: digests,
counts and changes are computed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skillgit.errors import UsageError
from skillgit.names import Oid, RoundId, TrajectoryId
from skillgit.ports import Commit, History, Signature, Workshop
from skillgit.provenance.evidence import (
    D,
    LessonRecord,
    RoundRecord,
    TrajectoryList,
    Unreadable,
    read,
    round_ref,
)
from skillgit.provenance.patch_digest import patch_digest
from skillgit.provenance.trailers import MOST_SOURCES, Trailers
from skillgit.review.replay import tree_of
from skillgit.rules.edits import broken_rule
from skillgit.rules.unsafe import unsafe
from skillgit.types import Change, Edit, Skill

Problem = tuple[str, str]
FETCH = (
    "fetch it with: skillgit evidence fetch "
    "(which is git fetch origin 'refs/skillgit/*:refs/skillgit/*')"
)
_NOBODY = Signature("nobody", "nobody@example.invalid", 0)


@dataclass(frozen=True, slots=True)
class Claim:
    """A lesson commit with one parent, its trailers, and its evidence where that can be read."""

    commit: Commit
    trailers: Trailers
    record: LessonRecord | None = None
    round: RoundRecord | None = None
    trajectories: TrajectoryList | None = None

    @property
    def parent(self) -> Oid:
        """The commit before it."""
        return self.commit.parents[0]

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the evidence says that it does to the base."""
        return tuple(edit.change for edit in self.record.edits) if self.record else ()


@dataclass(frozen=True, slots=True)
class _KeptRound:
    """What the evidence ref of a round holds."""

    lessons: frozenset[Oid]
    record: RoundRecord | None
    trajectories: TrajectoryList | None


class Archive:
    """The evidence of rounds and the bases of skills, each read once."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._rounds: dict[str, _KeptRound | None] = {}
        self._bases: dict[tuple[str, Oid], Skill] = {}

    def base(self, root: str, commit: Oid) -> Skill:
        """The skill that a round read; UsageError where there is none."""
        key = root, commit
        if key not in self._bases:
            self._bases[key] = self._history.read_skill(root, commit)
        return self._bases[key]

    def claim(self, commit: Commit, trailers: Trailers) -> tuple[Claim, list[Problem]]:
        """SG302: the blob is here, can be read, and the round lists it."""
        problems: list[Problem] = []
        data = self._history.read_blob(trailers.evidence)
        record = read(LessonRecord, data) if data is not None else None
        if record is None:
            problems.append(
                ("SG302", f"its evidence {trailers.evidence[:12]} is not here; {FETCH}")
            )
        elif isinstance(record, Unreadable):
            problems.append(("SG302", f"its evidence cannot be read: {record.reason}"))
            record = None
        kept, ref = self._round(trailers.round), round_ref(trailers.round)
        if kept is None:
            problems.append(("SG302", f"{ref} is not here; {FETCH}"))
            return Claim(commit, trailers, record), problems
        if trailers.evidence not in kept.lessons:
            problems.append(("SG302", f"its evidence is not among the lessons of {ref}"))
        if kept.record is None or kept.trajectories is None:
            problems.append(("SG302", f"round.json or trajectories.json of {ref} cannot be read"))
        return Claim(commit, trailers, record, kept.record, kept.trajectories), problems

    def _round(self, round_id: RoundId) -> _KeptRound | None:
        if round_id not in self._rounds:
            self._rounds[round_id] = self._read_round(round_ref(round_id))
        return self._rounds[round_id]

    def _read_round(self, ref: str) -> _KeptRound | None:
        tip = self._history.refs(ref).get(ref)
        if tip is None:
            return None
        tree = self._history.tree(tip)
        return _KeptRound(
            frozenset(oid for name, oid in tree.items() if name.startswith("lessons/")),
            self._document(RoundRecord, tree.get("round.json")),
            self._document(TrajectoryList, tree.get("trajectories.json")),
        )

    def _document(self, kind: type[D], blob: Oid | None) -> D | None:
        data = self._history.read_blob(blob) if blob else None
        found = read(kind, data) if data is not None else None
        return None if isinstance(found, Unreadable) else found


def stays_inside(history: History, claim: Claim) -> Iterator[Problem]:
    """SG306: a lesson changes its skill and nothing else."""
    root = claim.trailers.skill
    for path in history.changed_paths(claim.parent, claim.commit.id):
        if root and not path.startswith(f"{root}/"):
            yield "SG306", f"it changes {path}, outside {root}"


def matches_digest(history: History, claim: Claim) -> Iterator[Problem]:
    """SG304: the commit changes what its digest says."""
    if patch_digest(history.diff(claim.parent, claim.commit.id)) != claim.trailers.patch:
        yield "SG304", "its change is not the one that Skillgit-Patch names: it was edited by hand"


def grows_from_base(history: History, claim: Claim) -> Iterator[Problem]:
    """SG305: the base is known, and an ancestor."""
    base = claim.trailers.base
    if not history.is_ancestor(base, claim.commit.id):
        yield "SG305", f"its base {base[:12]} is unknown here, or no ancestor (a shallow clone?)"


def support_adds_up(claim: Claim) -> Iterator[Problem]:
    """SG303: support is counted, from the sources up."""
    support = claim.trailers.support
    if support.failed + support.passed + support.unknown != support.sources:
        yield "SG303", f"{support}: the results do not add up"
    if not 1 <= support.sources <= support.analysed:
        yield "SG303", f"{support}: not between one and all of those analysed"
    listed = len(claim.trailers.sources)
    if listed != min(support.sources, MOST_SOURCES):
        yield "SG303", f"{support}: {listed} trajectories are listed"
    if claim.record is not None:
        yield from _support_in_evidence(claim.record, claim)


def _support_in_evidence(record: LessonRecord, claim: Claim) -> Iterator[Problem]:
    if record.support != claim.trailers.support:
        yield "SG303", f"{claim.trailers.support} in the trailers, {record.support} in the evidence"
    listed = {source.trajectory for source in record.sources}
    if len(listed) != len(record.sources):
        yield "SG303", "the evidence lists a trajectory twice"
    if listed != frozenset[TrajectoryId]().union(*(edit.sources for edit in record.edits)):
        yield "SG303", "the sources of the edits are not those that the evidence lists"
    for edit in record.edits:
        led = taught(record, edit)
        if led != edit.sources:
            yield (
                "SG303",
                f"edit {edit.id} claims {edit.support} sources, its merges lead to {len(led)}",
            )
    if claim.round is not None:
        analysed = set(claim.round.analysed)
        if len(analysed) != record.analysed or not listed <= analysed:
            yield "SG303", f"the round analysed {len(analysed)} trajectories, not {record.analysed}"


def taught(record: LessonRecord, edit: Edit) -> frozenset[TrajectoryId]:
    """The trajectories whose analysts proposed what was merged into an edit."""
    parts = (edit.id, *record.merged.get(edit.id, ()))
    return frozenset(TrajectoryId(part.partition(".")[0]) for part in parts if part[:2] == "t-")


def agrees_with_evidence(claim: Claim) -> Iterator[Problem]:
    """SG309: trailers, evidence and round tell the same."""
    trailers, record = claim.trailers, claim.record
    for source in trailers.sources:
        if source.trajectory[2:] != source.digest[7:19]:
            yield "SG309", f"{source.trajectory} is not the beginning of its digest"
    if record is None:
        return
    for name in ("round", "skill", "base", "patch"):
        if getattr(trailers, name) != getattr(record, name):
            yield "SG309", f"the {name} of the trailers is not the evidence's"
    if trailers.sources != record.sources[:MOST_SOURCES]:
        yield "SG309", "the trajectories of the trailers are not the evidence's strongest"
    yield from _agrees_with_round(claim, record)


def _agrees_with_round(claim: Claim, record: LessonRecord) -> Iterator[Problem]:
    for name in ("round", "skill", "base"):
        if claim.round is not None and getattr(claim.round, name) != getattr(record, name):
            yield "SG309", f"the {name} of the evidence is not the round's"
    if claim.trajectories is not None:
        known = {(o.id, o.digest, o.outcome.result) for o in claim.trajectories.trajectories}
        for source in record.sources:
            if (source.trajectory, source.digest, source.result) not in known:
                yield "SG309", f"{source.trajectory} is not so in the round's list of trajectories"


def gives_the_change(archive: Archive, scratch: Workshop, claim: Claim) -> Iterator[Problem]:
    """SG308: picking the edits of the evidence onto the parent gives the commit.

    A real three-way merge, so a lesson still fits after others were dropped, reordered, or added.
    """
    base = claim.trailers.base
    try:
        skill = archive.base(claim.trailers.skill, base)
        alone = tree_of(scratch, skill, claim.changes)
    except (UsageError, ValueError) as unfit:
        yield "SG308", f"the edits of its evidence do not fit the base: {unfit}"
        return
    if scratch.merges:
        picked = scratch.write_commit(alone, [base], "pick", _NOBODY)
        tree = scratch.merge(claim.parent, picked)
        same = tree is not None and scratch.diff(tree, claim.commit.id) == b""
    else:
        here = patch_digest(scratch.diff(claim.parent, claim.commit.id))
        same = here == patch_digest(scratch.diff(base, alone))
    if not same:
        yield "SG308", "the edits of its evidence do not give its change"


def breaks_no_edit_rule(archive: Archive, claim: Claim) -> Iterator[Problem]:
    """SG2xx, SG4xx: what a round would not have committed, nobody may commit in its name."""
    try:
        skill = archive.base(claim.trailers.skill, claim.trailers.base)
    except UsageError:
        return  # SG305 has said so
    for change in claim.changes:
        for broken in (broken_rule, unsafe):
            rule, _, what = broken(skill, change).partition(": ")
            if rule:
                yield rule, what

"""Trajectories as they are found: with the outcome that their place gives them, each counted once.

Identity is the digest of the raw bytes. A file that an import wrote claims the digest of what it
was made of instead, and anybody can write such a file. So a claim counts only where nothing
speaks against it: where the source itself is read, the source counts; where claims of one id
differ, each file counts as itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from skillgit.names import Digest
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.drafts import Imported
from skillgit.trajectories.importers import import_file
from skillgit.trajectories.importers.atif import FORMAT as ATIF_FORMAT
from skillgit.trajectories.outcome_table import Names
from skillgit.trajectories.outcomes import judged, sibling_outcome
from skillgit.types import Diagnostic, Outcome, Result, Trajectory

_ID = slice(len("sha256:"), len("sha256:") + 12)
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Card:
    """What tells whose copy a trajectory is and how it ended: all of it but its text.

    `origin` is where it comes from, `place` the file that was read; of most they are the same.
    """

    digest: Digest
    origin: str
    place: str
    outcome: Outcome
    task: str
    tasks: frozenset[str]
    """What it is about, and whatever else its place calls that."""
    stored_as: Digest | None
    format: str
    steps: int
    content: int
    """Equal for equal steps, and nothing that can be known beforehand."""

    @property
    def raw(self) -> Digest:
        """The digest of the bytes that were read."""
        return self.stored_as or self.digest

    @property
    def names(self) -> Names:
        """What a table of outcomes may call it."""
        ids = frozenset({self.digest, f"t-{self.digest[_ID]}"})
        return Names(ids, frozenset({self.origin, self.place}), self.tasks)


@dataclass(frozen=True, slots=True)
class Found:
    """A trajectory of a file, and its card."""

    trajectory: Trajectory
    card: Card


@dataclass(frozen=True, slots=True)
class FileFound:
    """What a file holds; the diagnostics are also about what lies beside it."""

    found: tuple[Found, ...]
    diagnostics: tuple[Diagnostic, ...]
    imported: Imported


def found_in(file: SourceFile) -> FileFound:
    """The trajectories of one file, each with the outcome that its place gives it."""
    imported = import_file(file)
    remarks = list(imported.diagnostics)
    if len(imported.trajectories) == 1:
        (only,) = imported.trajectories
        one, task = _with_sibling(file, only, remarks)
        found: tuple[Found, ...] = (_found(file, one, {task, only.task}),)
    else:
        # A result file beside several trajectories does not say which of them it means.
        found = tuple(_found(file, one, {one.task}) for one in imported.trajectories)
    return FileFound(found, tuple(remarks), imported)


def _found(file: SourceFile, one: Trajectory, tasks: set[str]) -> Found:
    card = Card(
        digest=one.digest,
        origin=one.origin,
        place=file.origin if one.stored_as else one.origin,
        outcome=one.outcome,
        task=one.task,
        tasks=frozenset(tasks - {""}),
        stored_as=one.stored_as,
        format=one.format,
        steps=len(one.steps),
        content=hash(one.steps),
    )
    return Found(one, card)


def _with_sibling(
    file: SourceFile, trajectory: Trajectory, remarks: list[Diagnostic]
) -> tuple[Trajectory, str]:
    """With the outcome of the result file beside it, if it has none, and the task it names."""
    for name in file.siblings:
        if trajectory.format != ATIF_FORMAT and name.rpartition("/")[2] == "result.json":
            continue
        outcome, task, fault = sibling_outcome(file, name)
        if fault:
            remarks.append(Diagnostic(file.origin, fault))
        if is_said(outcome) or outcome.said_by or task:
            own = trajectory.outcome if is_said(trajectory.outcome) else outcome
            return replace(trajectory, outcome=own, task=task or trajectory.task), task
    return trajectory, ""


def is_said(outcome: Outcome) -> bool:
    """Did anybody say how it ended?"""
    return outcome.result is not Result.UNKNOWN or outcome.score is not None


# --------------------------------------------------------------------------- who it is


@dataclass(frozen=True, slots=True)
class Identities:
    """As whom the files of imports count, by the digest of their bytes."""

    accepted: frozenset[Digest]
    left_out: frozenset[Digest]
    diagnostics: tuple[Diagnostic, ...]

    def card(self, card: Card) -> Card | None:
        """The card with the identity that counts; None where its source is read itself."""
        if card.stored_as is None or card.stored_as in self.accepted:
            return card
        if card.stored_as in self.left_out:
            return None
        return replace(card, digest=card.stored_as, origin=card.place, stored_as=None)


def under(card: Card, one: Trajectory) -> Trajectory:
    """The trajectory with the identity and the names that its card has."""
    return replace(
        one, digest=card.digest, origin=card.origin, task=card.task, stored_as=card.stored_as
    )


def identities(cards: Iterable[Card]) -> Identities:
    """Which claims count. Ids are what everything refers to, so they are what is compared."""
    sources: dict[str, Card] = {}
    claims: defaultdict[str, dict[Digest, Card]] = defaultdict(dict)
    for card in cards:
        if card.stored_as is None:
            sources[card.digest[_ID]] = card
        else:
            claims[card.digest[_ID]][card.stored_as] = card
    accepted: set[Digest] = set()
    left_out: list[Card] = []
    denied: list[Card] = []
    for id_, group in claims.items():
        source, all_of_it = sources.get(id_), list(group.values())
        if source is None:
            agree = len({(card.digest, card.content) for card in all_of_it}) == 1
            (accepted.update(group) if agree else denied.extend(all_of_it))
            continue
        for card in all_of_it:
            if card.digest != source.digest:
                denied.append(card)
            elif card.content == source.content:
                accepted.add(card.raw)
            else:
                left_out.append(card)
    remarks = (
        *_remarks(left_out, "made of a source that is read, too, and left out for it"),
        *_remarks(denied, "claim the digest of another trajectory, and count as themselves"),
    )
    return Identities(frozenset(accepted), frozenset(card.raw for card in left_out), remarks)


def _remarks(cards: Sequence[Card], what: str) -> tuple[Diagnostic, ...]:
    if not cards:
        return ()
    places = sorted({card.place for card in cards})
    names = ", ".join(places[:_EXAMPLES]) + (", …" if len(places) > _EXAMPLES else "")
    return (Diagnostic(places[0], f"files of an import that are {what}: {len(cards)} ({names})"),)


# --------------------------------------------------------------------------- copies


@dataclass(frozen=True, slots=True)
class Joined:
    """All copies of a trajectory: the one that is kept, its outcome, every name it goes by."""

    first: Card
    outcome: Outcome
    names: Names
    diagnostics: tuple[Diagnostic, ...] = ()


def joined(copies: Sequence[Card], pass_score: float) -> Joined:
    """One out of the copies: a source before what was made of it, then the first by origin.

    The outcome is the one that any has, as it was said; none where two contradict each other.
    """
    ordered = sorted(copies, key=_rank)
    first = ordered[0]
    said = [card.outcome for card in ordered if is_said(card.outcome)]
    names = Names(
        *(frozenset().union(*kind) for kind in zip(*map(_three, copies), strict=True)),
    )
    if len({judged(one, pass_score).result for one in said}) > 1:
        id_ = f"t-{first.digest[_ID]}"
        message = f"copies of {id_} have results that contradict each other: it is unknown"
        unknown = Outcome(Result.UNKNOWN, said_by="contradicting copies")
        return Joined(first, unknown, names, (Diagnostic(first.origin, message),))
    return Joined(first, said[0] if said else first.outcome, names)


def _rank(card: Card) -> tuple[bool, str, str, str]:
    return card.stored_as is not None, card.origin, repr((card.task, card.outcome)), card.place


def _three(card: Card) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    names = card.names
    return names.ids, names.origins, names.tasks


def by_identity(cards: Iterable[Card], known: Identities) -> Mapping[Digest, list[Card]]:
    """The copies of each trajectory."""
    copies: defaultdict[Digest, list[Card]] = defaultdict(list)
    for card in cards:
        counted = known.card(card)
        if counted is not None:
            copies[counted.digest].append(counted)
    return copies

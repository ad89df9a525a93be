"""The totals of a round: every proposed edit has one final state, and they add up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from skillgit.config import ErrorAnalyst
from skillgit.names import EditId, TrajectoryId
from skillgit.types import Evolution, Excluded, Exclusion, Fate, Patch, Round, State

_SHORT = re.compile(r"((?:SG\d{3}|merge operator): )?([^:(]+)")
_EDIT = re.compile(r"(?:t-[0-9a-f]{12}|m\d+-\d+)\.\d+")


@dataclass(frozen=True, slots=True)
class Proofs:
    """How the error analysts fared that had to prove their cause; the parts add up."""

    asked: int
    proven: int
    excluded: Mapping[Exclusion, int]

    def __post_init__(self) -> None:
        if self.proven + sum(self.excluded.values()) != self.asked:
            raise ValueError(f"{self.asked} error analysts asked, not all of them accounted for")

    @property
    def counts(self) -> dict[str, int]:
        """As the evidence and `--json` tell it."""
        without = {str(kind): count for kind, count in self.excluded.items()}
        return {"asked": self.asked, "proven": self.proven, **without}


def proofs(
    round_: Round,
    failed: Iterable[TrajectoryId],
    patches: Iterable[Patch],
    excluded: Iterable[Excluded],
) -> Proofs | None:
    """Count the analysts of these failed trajectories, as far as they were asked.

    None where a round's error analysts were single calls, which prove nothing.
    """
    if round_.settings.get("analyze.error_analyst") != ErrorAnalyst.AGENTIC:
        return None
    failed = set(failed)
    taught = [patch for patch in patches if patch.trajectory in failed]
    without = Counter(one.kind for one in excluded if one.trajectory in failed)
    proven = sum(patch.proof is not None for patch in taught)
    return Proofs(len(taught) + without.total(), proven, dict(sorted(without.items())))


@dataclass(frozen=True, slots=True)
class Totals:
    """What a round did with what it was given. Each sum is checked when they are made."""

    found: int
    duplicates: int
    left_out: int
    """Outcome unknown, not asked for by the signals, or beyond the limit."""
    excluded: int
    analysed: int
    proposed: int
    states: Mapping[State, int]
    lessons: int
    proofs: Proofs | None = None

    def __post_init__(self) -> None:
        parts = self.duplicates + self.left_out + self.excluded + self.analysed
        if parts != self.found:
            raise ValueError(f"{self.found} trajectories found, {parts} accounted for")
        if sum(self.states.values()) != self.proposed:
            raise ValueError(
                f"{self.proposed} edits proposed, {sum(self.states.values())} accounted for"
            )


def final_fates(proposed: Iterable[EditId], fates: Iterable[Fate]) -> dict[EditId, Fate]:
    """The one final state of each proposed edit.

    An edit without a fate was applied. An edit that was merged into another shares the end of the
    edit that carries it on: withheld or rejected with it, merged-into where that one was applied.
    Raises ValueError for two fates of one edit or a circle of merges: the account would lie.
    """
    known: dict[EditId, Fate] = {}
    for fate in fates:
        if fate.edit in known:
            raise ValueError(f"edit {fate.edit} ends twice: {known[fate.edit]} and {fate}")
        known[fate.edit] = fate
    return {edit: _end(edit, known) for edit in proposed}


def _end(edit: EditId, known: Mapping[EditId, Fate]) -> Fate:
    own = known.get(edit, Fate(edit, State.APPLIED))
    last, seen = own, {edit}
    while last.into is not None:
        if last.into in seen:
            raise ValueError(f"edit {edit} is merged in a circle")
        seen.add(last.into)
        last = known.get(last.into, Fate(last.into, State.APPLIED))
    if last.state is State.APPLIED:
        return Fate(edit, State.MERGED, own.reason, last.edit) if own.into else own
    return Fate(edit, last.state, last.reason)


def totals(evolution: Evolution) -> Totals:
    """Add up a round; ValueError where the totals do not (a bug, never hidden)."""
    pool = evolution.pool
    taught = {*evolution.analysed, *(one.trajectory for one in evolution.excluded)}
    everyone = (*pool.passed, *pool.failed, *pool.unknown)
    states = Counter(fate.state for fate in evolution.fates.values())
    return Totals(
        found=pool.found,
        duplicates=pool.duplicates,
        left_out=sum(one.id not in taught for one in everyone) + pool.beyond_limit,
        excluded=len(evolution.excluded),
        analysed=len(evolution.analysed),
        proposed=len(evolution.fates),
        states={state: states[state] for state in State},
        lessons=len(evolution.branch.lessons) if evolution.branch else 0,
        proofs=proofs(
            evolution.round,
            (one.id for one in pool.failed),
            evolution.patches,
            evolution.excluded,
        ),
    )


def reasons(fates: Iterable[Fate]) -> list[tuple[str, int]]:
    """Why edits did not make it, without what differs from case to case; the commonest first."""
    out = (one for one in fates if one.state in {State.WITHHELD, State.REJECTED})
    counts = Counter(f"{one.state}: {kind_of_reason(one.reason)}" for one in out)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def kind_of_reason(reason: str) -> str:
    """`SG401: names things of this one task (80): …` without what is of one case alone."""
    if reason.startswith("gate: "):
        return "gate: the agent does better without it"
    found = _SHORT.match(_EDIT.sub("another edit", reason))
    return " ".join("".join(part or "" for part in found.groups()).split()) if found else reason


_HIDDEN: Mapping[str, tuple[str, str]] = {
    "private_key": ("private key", "private keys"),
    "token": ("token", "tokens"),
    "password": ("password", "passwords"),
    "entropy": ("random word", "random words"),
    "extra": ("match of your patterns", "matches of your patterns"),
    "email": ("e-mail address", "e-mail addresses"),
    "user": ("user name", "user names"),
    "host": ("host", "hosts"),
}


def hidden_in_words(hidden: Mapping[str, int]) -> str:
    """What was hidden from the model, by kind: `2 tokens, 1 e-mail address`; "" for nothing."""
    return ", ".join(
        f"{count} {_HIDDEN.get(kind, (kind, kind))[count != 1]}"
        for kind, count in sorted(hidden.items(), key=lambda one: [*_HIDDEN, one[0]].index(one[0]))
    )

"""What reviewers did not want, as one round heeds it and tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skillgit.names import EditId
from skillgit.provenance.evidence import Returned
from skillgit.provenance.trailers import told_of
from skillgit.review.memory import Memory, Unwanted, returned_with
from skillgit.types import Branch, Pool

LATER_SETTINGS = {"consolidate.heed_refusals": True, "consolidate.return_support": 3}
"""Settings and defaults that rounds did not know once: left at these, they change no round's id."""


def memory_of(unwanted: Sequence[Unwanted], need: int, pool: Pool) -> Memory:
    """The unwanted lessons, and the tasks by which new support is counted."""
    found = (*pool.passed, *pool.failed, *pool.unknown)
    return Memory(tuple(unwanted), need, {one.id: one.task for one in found})


def asked_of(unwanted: Sequence[Unwanted]) -> dict[str, object]:
    """Nothing where nothing is refused, as in the rounds of versions that knew no refusals."""
    told = sorted(
        (one.refusal.title, *one.refusal.words, one.refusal.reason, *sorted(one.seen or ()))
        for one in unwanted
    )
    return {"refused": told} if told else {}


def came_back(branch: Branch, returned: Mapping[EditId, Sequence[Returned]]) -> tuple[str, ...]:
    """The lessons of a branch that people dropped before, and why they are there again."""
    return tuple(
        f"lesson {number} comes back: {told_of(one)}"
        for number, lesson in enumerate(branch.lessons, start=1)
        for one in returned_with(lesson.edits, returned)
    )

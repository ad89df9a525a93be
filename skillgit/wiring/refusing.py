"""What a round is told of the lessons that people refused."""

from __future__ import annotations

from skillgit.ports import History
from skillgit.provenance.evidence import Refusal
from skillgit.review.refusals import REFUSALS, read_refusals, unreadable_refusals
from skillgit.types import Diagnostic


def refused_lessons(history: History, root: str) -> tuple[Refusal, ...]:
    """The refused lessons of one skill, in an order that does not depend on how they are kept."""
    found = (one for one in read_refusals(history).values() if one.skill == root)
    return tuple(sorted(found, key=lambda one: (one.when, one.title, one.words)))


def no_refusals(history: History) -> list[Diagnostic]:
    """Documents below the ref that are no refusals: what they meant cannot be heeded."""
    return [
        Diagnostic(f"{REFUSALS}:{name.removeprefix('sha256:')}.json", f"is no refusal: {reason}")
        for name, reason in unreadable_refusals(history).items()
    ]

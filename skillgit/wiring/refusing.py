"""What a round is told of the lessons that people refused."""

from __future__ import annotations

from skillgit.config import Consolidate
from skillgit.names import RoundId
from skillgit.ports import History
from skillgit.provenance.evidence import Refusal
from skillgit.review.catalogue import read_catalogue
from skillgit.review.memory import Unwanted, read_unwanted
from skillgit.review.refusals import REFUSALS, unreadable_refusals
from skillgit.types import NO_MODEL, Diagnostic


def refused_lessons(history: History, root: str, options: Consolidate) -> tuple[Unwanted, ...]:
    """The lessons of one skill that people did not want, unless they are to be forgotten.

    Who drops a cut of `skillgit prune` wants what it takes away: that is none of them.
    """
    found = read_unwanted(history, root) if options.heed_refusals else ()
    cuts = _rounds_of_cuts(history, root) if found else frozenset()
    return tuple(one for one in found if one.refusal.round not in cuts)


def refused_cuts(history: History, root: str) -> tuple[Refusal, ...]:
    """The cuts of one skill that people did not want."""
    found = read_unwanted(history, root)
    cuts = _rounds_of_cuts(history, root) if found else frozenset()
    return tuple(one.refusal for one in found if one.refusal.round in cuts)


def _rounds_of_cuts(history: History, root: str) -> frozenset[RoundId]:
    rounds = read_catalogue(history, root).rounds
    return frozenset(one.id for one in rounds if one.model == NO_MODEL)


def no_refusals(history: History) -> list[Diagnostic]:
    """Documents below the ref that are no refusals: what they meant cannot be heeded."""
    return [
        Diagnostic(f"{REFUSALS}:{name.removeprefix('sha256:')}.json", f"is no refusal: {reason}")
        for name, reason in unreadable_refusals(history).items()
    ]

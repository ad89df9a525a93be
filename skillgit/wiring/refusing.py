"""What a round is told of the lessons that people refused."""

from __future__ import annotations

from skillgit.config import Consolidate
from skillgit.ports import History
from skillgit.review.memory import Unwanted, read_unwanted
from skillgit.review.refusals import REFUSALS, unreadable_refusals
from skillgit.types import Diagnostic


def refused_lessons(history: History, root: str, options: Consolidate) -> tuple[Unwanted, ...]:
    """The lessons of one skill that people did not want, unless they are to be forgotten."""
    return read_unwanted(history, root) if options.heed_refusals else ()


def no_refusals(history: History) -> list[Diagnostic]:
    """Documents below the ref that are no refusals: what they meant cannot be heeded."""
    return [
        Diagnostic(f"{REFUSALS}:{name.removeprefix('sha256:')}.json", f"is no refusal: {reason}")
        for name, reason in unreadable_refusals(history).items()
    ]

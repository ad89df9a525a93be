"""Prevalence decides: what is too rare is withheld."""

from __future__ import annotations

from collections.abc import Sequence

from skillgit.types import ChangeSet, Edit, Fate, State


def strong_enough(edits: Sequence[Edit], least: int) -> ChangeSet:
    """Withhold what fewer than `least` trajectories support (section 2.4: idiosyncratic)."""
    return ChangeSet(
        tuple(edit for edit in edits if edit.support >= least),
        tuple(
            Fate(edit.id, State.WITHHELD, f"low support: {edit.support} of at least {least}")
            for edit in edits
            if edit.support < least
        ),
    )

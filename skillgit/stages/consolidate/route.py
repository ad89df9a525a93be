"""Prevalence decides: what is too rare is withheld, and a branch must stay reviewable."""

from __future__ import annotations

from collections.abc import Sequence

from skillgit.stages.consolidate.join import by_strength
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


def strongest(edits: Sequence[Edit], most: int) -> ChangeSet:
    """Withhold what comes after the `most` best supported edits."""
    ranked = by_strength(edits)
    return ChangeSet(
        ranked[:most],
        tuple(
            Fate(edit.id, State.WITHHELD, f"beyond the {most} strongest lessons of a branch")
            for edit in ranked[most:]
        ),
    )

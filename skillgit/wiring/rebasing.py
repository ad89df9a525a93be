"""A round on another base: its evidence, and when it was first asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.adapters.settings import load_settings
from skillgit.errors import FindingsError
from skillgit.names import Digest, RoundId
from skillgit.pipeline.rebasing import RebasedRound, Rebasing
from skillgit.review.claims import FETCH
from skillgit.review.dossier import Dossier, read_dossier
from skillgit.review.lessons import find_round
from skillgit.wiring.asking import begun
from skillgit.wiring.places import open_repository

if TYPE_CHECKING:
    from skillgit.adapters.git import GitRepository


def rebase_round(start: Path, name: str, onto: str, *, dry_run: bool) -> RebasedRound:
    """Put the lessons of a round on another base, as a round of its own; no model is asked."""
    options = load_settings(start, {}).config.record
    with open_repository(start) as repository:
        round_id = find_round(repository, name)
        dossier = _whole(read_dossier(repository, round_id), round_id)
        this = Rebasing(repository, dossier, repository.resolve(onto), _begun(repository))
        return this.told() if dry_run else this.recorded(options)


def _whole(dossier: Dossier | None, round_id: RoundId) -> Dossier:
    if dossier is not None and not dossier.problems:
        return dossier
    said = "; ".join(dossier.problems[:3]) if dossier else "it is not here"
    raise FindingsError(f"reading the evidence of round {round_id}: {said}", hint=FETCH)


def _begun(repository: GitRepository) -> Callable[[Digest], int]:
    """When this was first asked for: asked again, it gives the same commits."""
    from skillgit.endpoint.store import (  # noqa: PLC0415 - a dry run needs no memory
        STATE_FOLDER,
        STORE_FILE,
        ReplyStore,
    )

    def first(digest: Digest) -> int:
        with ReplyStore(repository.common_dir / STATE_FOLDER / STORE_FILE) as store:
            return begun(store.remember_round)(digest)

    return first

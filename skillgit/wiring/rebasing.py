"""A round on another base: its evidence, and when it was first asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.adapters.prompts import JinjaPrompts
from skillgit.adapters.settings import load_settings
from skillgit.config import Config
from skillgit.errors import FindingsError, SurroundingsError, UsageError
from skillgit.names import Digest, RoundId
from skillgit.pipeline.rebasing import RebasedRound, Rebasing
from skillgit.ports import Model, Progress
from skillgit.review.claims import FETCH
from skillgit.review.dossier import Dossier, read_dossier
from skillgit.review.lessons import find_round
from skillgit.review.memory import Unwanted
from skillgit.usage.cuts import SIGNALS
from skillgit.wiring.asking import asking, begun, partial_stop
from skillgit.wiring.places import open_repository
from skillgit.wiring.refusing import refused_lessons

if TYPE_CHECKING:
    from skillgit.adapters.git import GitRepository


@dataclass(frozen=True, slots=True)
class RebaseErrand:
    """What a person asked `skillgit rebase-round` for, as they said it."""

    start: Path
    name: str
    onto: str
    with_model: bool = False
    """Merge again what the analysts proposed."""
    dry_run: bool = False
    options: Mapping[str, object] = field(default_factory=dict)


def rebase_round(errand: RebaseErrand, progress: Progress) -> RebasedRound:
    """Put the lessons of a round on another base, as a round of its own."""
    config = load_settings(errand.start, errand.options).config
    with open_repository(errand.start) as repository:
        round_id = find_round(repository, errand.name)
        dossier = _whole(read_dossier(repository, round_id), round_id)
        _must_be_taught(dossier)
        onto = repository.resolve(errand.onto)
        this = Rebasing(repository, dossier, onto, first_asked(repository))
        if errand.with_model:
            refused = refused_lessons(repository, dossier.round.skill, config.consolidate)
            asyncio.run(_merge_again(this, repository, config, refused, progress))
        return this.told() if errand.dry_run else this.recorded(config.record)


async def _merge_again(
    this: Rebasing,
    repository: GitRepository,
    config: Config,
    refused: Sequence[Unwanted],
    progress: Progress,
) -> None:
    from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE  # noqa: PLC0415 - see first_asked

    async with asking(config, repository.common_dir / STATE_FOLDER / STORE_FILE) as (ask, _):
        try:
            model = Model(ask, JinjaPrompts(), progress, ask.fits)
            await this.merge_again(config.consolidate, model, refused)
        except SurroundingsError as error:
            raise partial_stop(error, ask) from error


def _whole(dossier: Dossier | None, round_id: RoundId) -> Dossier:
    if dossier is not None and not dossier.problems:
        return dossier
    said = "; ".join(dossier.problems[:3]) if dossier else "it is not here"
    raise FindingsError(f"reading the evidence of round {round_id}: {said}", hint=FETCH)


def _must_be_taught(dossier: Dossier) -> None:
    """What nobody used was counted line by line on one base, and says nothing about another."""
    told = dossier.round
    if told.signals == SIGNALS:
        raise UsageError(
            f"rebasing round {told.round}: its cuts were counted on the lines of {told.base[:12]}",
            hint=f"count again: skillgit prune {told.skill or '.'} --trajectories PATH",
        )


def first_asked(repository: GitRepository) -> Callable[[Digest], int]:
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

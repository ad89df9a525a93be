"""A drafted skill, from what a person asked to the branch."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.adapters.settings import load_settings
from skillgit.endpoint.caps import Caps
from skillgit.errors import SurroundingsError
from skillgit.ports import Progress
from skillgit.types import Usage
from skillgit.wiring.asking import Purse, asking, begun, partial_stop
from skillgit.wiring.places import open_repository, skill_root

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.adapters.git import GitRepository
    from skillgit.stages.create import Creation, Order


@dataclass(frozen=True, slots=True)
class Commission:
    """What a person asked `skillgit new` for, as they said it."""

    name: str
    describe: str
    options: dict[str, object] = field(default_factory=dict)
    home: str | None = None
    start: Path = Path()
    base: str = "HEAD"
    replay: Path | bool = False
    """True: only what was answered before; a file: recorded replies, taken in first."""
    dry_run: bool = False
    caps: Purse = field(default_factory=Caps)


def draft_skill(commission: Commission, progress: Progress) -> tuple[Creation, Usage]:
    """Draft a skill and put it on a branch; also what the model was asked for it."""
    with open_repository(commission.start) as repository:
        return asyncio.run(_draft(commission, repository, progress))


async def _draft(
    commission: Commission, repository: GitRepository, progress: Progress
) -> tuple[Creation, Usage]:
    from skillgit.adapters.prompts import JinjaPrompts  # noqa: PLC0415
    from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE  # noqa: PLC0415
    from skillgit.ports import Model  # noqa: PLC0415
    from skillgit.stages.create import Author, create  # noqa: PLC0415

    order = _order(commission, repository)
    store_file = repository.common_dir / STATE_FOLDER / STORE_FILE
    replay, caps = commission.replay, commission.caps
    async with asking(order.config, store_file, replay=replay, caps=caps) as (ask, store):
        author = Author(
            Model(ask, JinjaPrompts(), progress, ask.fits), ask.model, begun(store.remember_round)
        )
        try:
            return await create(order, repository, author), ask.usage
        except SurroundingsError as error:
            raise partial_stop(error, ask) from error


def _order(commission: Commission, repository: GitRepository) -> Order:
    from skillgit.stages.create import Order  # noqa: PLC0415

    home, top = commission.home, repository.work_tree
    return Order(
        name=commission.name,
        describe=commission.describe,
        config=load_settings(commission.start, commission.options).config,
        base=commission.base,
        home=None if home is None else skill_root(home, commission.start, repository),
        dry_run=commission.dry_run,
        lies_about=lambda root: top is not None and os.path.lexists(top / root),
    )

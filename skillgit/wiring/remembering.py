"""`skillgit remember`: trajectories become a memory bank (section 4.2 of the paper).

What is done with one is in recalling.py.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.adapters.settings import load_settings
from skillgit.config import Config
from skillgit.endpoint.caps import Caps
from skillgit.errors import SurroundingsError, UsageError
from skillgit.ports import Progress
from skillgit.provenance.bank import Bank, render_bank
from skillgit.types import Excluded, Pool, Usage
from skillgit.wiring.asking import Purse, asking, partial_stop
from skillgit.wiring.places import open_repository
from skillgit.wiring.timing import StopWatch

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.endpoint.ask import StoredAsk
    from skillgit.ports import Model
    from skillgit.stages.remember import Memories, Wish

_OWN_FOLDER = ".skillgit"
"""Beside a bank that is made outside of any repository: the memory of its calls."""


@dataclass(frozen=True, slots=True)
class RememberErrand:
    """What a person asked `skillgit remember` for, as they said it."""

    trajectories: tuple[Path, ...]
    out: Path | None = None
    """Where the bank is written; None: nowhere."""
    tasks: Path | None = None
    """The tasks of the trajectories: their queries are what trajectories are found by."""
    outcomes: Path | None = None
    options: dict[str, object] = field(default_factory=dict)
    start: Path = Path()
    replay: Path | bool = False
    caps: Purse = field(default_factory=Caps)


@dataclass(frozen=True, slots=True)
class Remembering:
    """Everything that a person is shown; of a plan only the first three."""

    pool: Pool
    asked: int
    """Trajectories that are asked about."""
    known: int
    """Of those, how many are answered from memory."""
    bank: Bank | None = None
    without: tuple[Excluded, ...] = ()
    usage: Usage = field(default_factory=Usage)


def run_remember(errand: RememberErrand, progress: Progress, *, dry: bool = False) -> Remembering:
    """A memory item or three of each trajectory; with `dry` only how many calls that takes."""
    config = load_settings(errand.start, errand.options).config
    watch = StopWatch(progress)
    pool, wish = _pool(errand, config), _wish(errand, config)
    with _store_file(errand) as file, watch.told_at_a_stop():
        found = asyncio.run(_remembered(errand, config, pool, wish, (file, watch, dry)))
    if found.bank and errand.out:
        _write(errand.out, found.bank)
    return found


def _pool(errand: RememberErrand, config: Config) -> Pool:
    from skillgit.adapters.files import (  # noqa: PLC0415 - --help has no time for all that
        read_outcomes_file,
        read_trajectory_files,
    )
    from skillgit.stages.collect import collect  # noqa: PLC0415 - the same
    from skillgit.trajectories.outcome_table import read_table  # noqa: PLC0415 - the same

    table = read_table(read_outcomes_file(errand.outcomes)) if errand.outcomes else None
    return collect(read_trajectory_files(errand.trajectories), config.collect, table)


def _wish(errand: RememberErrand, config: Config) -> Wish:
    from skillgit.domains.loading import load_tasks  # noqa: PLC0415 - the same
    from skillgit.stages.remember import Wish  # noqa: PLC0415 - the same

    tasks = load_tasks(errand.tasks).tasks if errand.tasks else ()
    return Wish(
        config.analyze.signals,
        config.analyze.trajectory_chars,
        {task.id: task.query for task in tasks},
        config.endpoint.workers,
    )


async def _remembered(
    errand: RememberErrand,
    config: Config,
    pool: Pool,
    wish: Wish,
    place: tuple[Path, Progress, bool],
) -> Remembering:
    from skillgit.adapters.prompts import JinjaPrompts  # noqa: PLC0415 - Jinja takes time
    from skillgit.executors.local import LocalExecutor  # noqa: PLC0415 - the same
    from skillgit.ports import Model  # noqa: PLC0415 - the same
    from skillgit.stages.remember import remember  # noqa: PLC0415 - the same

    store_file, progress, dry = place
    async with asking(config, store_file, replay=errand.replay, caps=errand.caps) as (ask, _):
        model = Model(ask, JinjaPrompts(), progress, ask.fits)
        plan = await _planned(pool, wish, model, ask)
        if dry:
            return plan
        try:
            name = await ask.model()
            made: Memories = await remember(pool, wish, model, name, LocalExecutor(model))
        except SurroundingsError as error:
            raise partial_stop(error, ask) from error
        return replace(plan, bank=made.bank, without=made.without, usage=ask.usage)


async def _planned(pool: Pool, wish: Wish, model: Model, ask: StoredAsk) -> Remembering:
    """How many calls there are, and how many of them were answered before."""
    from skillgit.stages.remember.asking import (  # noqa: PLC0415 - the same
        call_about,
        teachers,
        terms_of,
    )

    terms, name = terms_of(model, wish.characters, wish.queries), await ask.model()
    chosen = teachers(pool, wish.signals)
    calls = (call_about(model, terms, one) for one in chosen)
    known = sum(ask.remembers(call, name) for call in calls if call)
    return Remembering(pool, len(chosen), known)


@contextmanager
def _store_file(errand: RememberErrand) -> Iterator[Path]:
    """The memory of calls: the repository's, else one beside the bank, else none that stays."""
    from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE  # noqa: PLC0415 - the same

    try:
        repository = open_repository(errand.start)
    except SurroundingsError:
        if errand.out:
            yield errand.out.parent / _OWN_FOLDER / STORE_FILE
            return
        with tempfile.TemporaryDirectory(prefix="skillgit-") as folder:
            yield Path(folder) / STORE_FILE
        return
    with repository:
        yield repository.common_dir / STATE_FOLDER / STORE_FILE


def _write(path: Path, bank: Bank) -> None:
    from skillgit.endpoint.recordings import write_whole  # noqa: PLC0415 - the same

    try:
        write_whole(path, render_bank(bank))
    except OSError as error:
        raise UsageError(
            f"writing the memory bank {path}: {error.strerror or error}",
            hint="name a file in a folder that you may write to with -o",
        ) from error

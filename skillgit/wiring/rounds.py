"""A round, from what a person asked to the branch."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from skillgit.adapters.settings import load_settings
from skillgit.config import Config
from skillgit.errors import PartialError, SurroundingsError, UsageError
from skillgit.ports import Progress
from skillgit.types import Diagnostic
from skillgit.wiring.places import open_repository, skill_root

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.adapters.git import GitRepository
    from skillgit.endpoint.ask import StoredAsk
    from skillgit.types import Evolution


_SECONDS_DIGITS = 11
"""Enough until the year 5138; a date must fit into a round's id."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a person asked `skillgit evolve` for, as they said it."""

    skill: str
    trajectories: tuple[Path, ...]
    options: dict[str, object] = field(default_factory=dict)
    outcomes: Path | None = None
    start: Path = Path()
    base: str = "HEAD"
    replay: Path | bool = False
    """True: only what was answered before; a file: recorded replies, taken in first."""
    dry_run: bool = False


def run_round(errand: Errand, progress: Progress) -> Evolution:
    """One whole round, from files to a branch."""
    config = load_settings(errand.start, errand.options).config
    with open_repository(errand.start) as repository:
        return asyncio.run(_round(errand, config, repository, progress))


async def _round(
    errand: Errand, config: Config, repository: GitRepository, progress: Progress
) -> Evolution:
    from skillgit.adapters.files import (  # noqa: PLC0415
        read_outcomes_file,
        read_trajectory_files,
    )
    from skillgit.adapters.prompts import JinjaPrompts  # noqa: PLC0415
    from skillgit.endpoint.ask import StoredAsk  # noqa: PLC0415 - openai takes a second
    from skillgit.endpoint.chat import Chat  # noqa: PLC0415
    from skillgit.endpoint.store import STATE_FOLDER, STORE_FILE, ReplyStore  # noqa: PLC0415
    from skillgit.pipeline import Request, Tools, evolve  # noqa: PLC0415
    from skillgit.ports import Model  # noqa: PLC0415
    from skillgit.trajectories.outcome_table import read_table  # noqa: PLC0415

    root = skill_root(errand.skill, errand.start, repository)
    request = Request(
        skill=root,
        base=errand.base,
        files=chain(
            _not_seen(errand, repository, root), read_trajectory_files(errand.trajectories)
        ),
        config=config,
        outcomes=read_table(read_outcomes_file(errand.outcomes)) if errand.outcomes else None,
        dry_run=errand.dry_run,
    )
    key = os.environ.get(config.endpoint.api_key_env, "")
    with ReplyStore(repository.common_dir / STATE_FOLDER / STORE_FILE) as store:
        if isinstance(errand.replay, Path):
            store.load(errand.replay)
        chat = None if errand.replay else Chat(config.endpoint, key)
        ask = StoredAsk(chat, store, config.endpoint)
        try:
            tools = Tools(
                repository=repository,
                model=Model(ask, JinjaPrompts(), progress),
                model_name=await ask.model(),
                usage=lambda: ask.usage,
                begun=_begun(store.remember_round),
            )
            return await evolve(request, tools)
        except SurroundingsError as error:
            raise _partial(error, ask) from error
        finally:
            if chat:
                await chat.close()


def _not_seen(errand: Errand, repository: GitRepository, root: str) -> list[Diagnostic]:
    """What a person might believe to be read, and is not: a round reads what is committed.

    Compared file by file: `git status` could run filters that the repository chooses.
    """
    if repository.work_tree is None or errand.base != "HEAD":
        return []
    folder = repository.work_tree / root
    committed = repository.read_skill(root, errand.base).files
    if all(_holds(folder / path, data) for path, data in committed.items()):
        return []
    message = "has changes that are not committed; the round reads the commit, not them"
    return [Diagnostic(root or ".", message)]


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes().replace(b"\r\n", b"\n") == data.replace(b"\r\n", b"\n")
    except OSError:
        return False


def _begun(remember: Callable[[str, int], int]) -> Callable[[str], int]:
    """When a round began: when it was first asked for, or SOURCE_DATE_EPOCH."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    if fixed and not (fixed.isascii() and fixed.isdecimal() and len(fixed) <= _SECONDS_DIGITS):
        raise UsageError(
            f"naming the round: SOURCE_DATE_EPOCH is {fixed[:40]!r}",
            hint=f"give seconds since 1970, at most {_SECONDS_DIGITS} digits",
        )
    return lambda digest: int(fixed) if fixed else remember(digest, int(time.time()))


def _partial(error: SurroundingsError, ask: StoredAsk) -> Exception:
    """After the first answered call an endpoint that vanishes is a stop, not a false start."""
    if not ask.usage.calls:
        return error
    return PartialError(
        f"{error.message}; {ask.usage.calls} answered calls are kept",
        hint=f"{error.hint}; then the same command goes on where this one stopped",
    )

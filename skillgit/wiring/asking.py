"""The endpoint of the settings with its memory, and what a person is told when it goes away."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from skillgit.config import LOCAL, Config, Endpoint
from skillgit.endpoint.caps import Caps
from skillgit.errors import PartialError, SurroundingsError, UsageError

if TYPE_CHECKING:  # heavy imports: each function takes what it needs
    from skillgit.endpoint.allowance import Allowance
    from skillgit.endpoint.ask import StoredAsk
    from skillgit.endpoint.store import ReplyStore

_SECONDS_DIGITS = 11
"""Enough until the year 5138; a date must fit into a round's id."""

Purse: TypeAlias = "Caps | Allowance"
"""What may be spent: by this errand alone, or by several, one after another, from one account."""


@asynccontextmanager
async def asking(
    config: Config, store_file: Path, *, replay: Path | bool = False, caps: Purse | None = None
) -> AsyncIterator[tuple[StoredAsk, ReplyStore]]:
    """The endpoint of the settings, with its memory in `store_file`; `caps` None: no end."""
    from skillgit.endpoint.allowance import Allowance  # noqa: PLC0415 - openai takes a second
    from skillgit.endpoint.ask import StoredAsk  # noqa: PLC0415
    from skillgit.endpoint.chat import Chat  # noqa: PLC0415
    from skillgit.endpoint.store import ReplyStore  # noqa: PLC0415

    allowance = Allowance(caps or Caps()) if isinstance(caps, Caps | None) else caps
    if allowance.caps and config.executor.address != LOCAL:
        raise UsageError(
            f"keeping an account of what may be spent: the executor {config.executor.address} "
            "sends from several processes",
            hint="give --executor local, or leave the caps out",
        )
    with ReplyStore(store_file) as store:
        if isinstance(replay, Path):
            store.load(replay)
        chat = None if replay else Chat(config.endpoint, key_of(config), allowance)
        try:
            yield StoredAsk(chat, store, config.endpoint), store
        finally:
            if chat:
                await chat.close()


def key_of(config: Config) -> str:
    """The endpoint's key, which only the environment holds."""
    return os.environ.get(config.endpoint.api_key_env, "")


def embedding_endpoint(config: Config) -> tuple[Endpoint, str, str]:
    """Who embeds texts, the key for it, and the variable that holds the key."""
    recall, endpoint = config.recall, config.endpoint
    own = bool(recall.base_url)
    there = replace(endpoint, base_url=recall.base_url or endpoint.base_url, model=recall.model)
    variable = recall.api_key_env if own else endpoint.api_key_env
    return there, os.environ.get(variable, ""), variable


def begun(remember: Callable[[str, int], int]) -> Callable[[str], int]:
    """When a round began: when it was first asked for, or SOURCE_DATE_EPOCH."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    if fixed and not (fixed.isascii() and fixed.isdecimal() and len(fixed) <= _SECONDS_DIGITS):
        raise UsageError(
            f"naming the round: SOURCE_DATE_EPOCH is {fixed[:40]!r}",
            hint=f"give seconds since 1970, at most {_SECONDS_DIGITS} digits",
        )
    return lambda digest: int(fixed) if fixed else remember(digest, int(time.time()))


def partial_stop(error: SurroundingsError, ask: StoredAsk) -> Exception:
    """After the first answered call an endpoint that vanishes is a stop, not a false start."""
    if not ask.usage.calls:
        return error
    return PartialError(
        f"{error.message}; {ask.usage.calls} answered calls are kept",
        hint=f"{error.hint}; then the same command goes on where this one stopped",
    )

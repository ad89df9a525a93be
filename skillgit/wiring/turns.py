"""Of several processes that are asked for the same thing the second waits for what the first pays.

It then finds every reply in the memory and makes the same commits; where the first was killed, it
goes on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from skillgit.adapters.turns import turn_at
from skillgit.ports import Progress

_FOLDER = "turns"
"""In the private state of the repository."""


def turns(state: Path, progress: Progress) -> Callable[[str], AbstractAsyncContextManager[None]]:
    """A turn for each name; who waits is told for whom."""

    @asynccontextmanager
    async def turn(name: str) -> AsyncIterator[None]:
        stages: list[str] = []

        def waiting(holder: str) -> None:
            stages.append(f"waiting for process {holder}, which does the same")
            progress.start(stages[0], 1)

        async with turn_at(state / _FOLDER / name, waiting):
            for stage in stages:
                progress.advance(stage)
                progress.finish(stage)
            yield

    return turn

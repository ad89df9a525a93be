"""All work in this process: what an analyst does is to wait for a model."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

_TURNS = 8
"""Of the event loop, between two works at one place: so many it takes to send a request."""

Desk = TypeVar("Desk")
Shared = TypeVar("Shared")
Item = TypeVar("Item")
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class LocalExecutor(Generic[Desk]):
    """Works at `desk`, on this machine."""

    desk: Desk

    async def each(
        self,
        work: Callable[[Desk, Shared, Item], Coroutine[Any, Any, Done]],
        shared: Shared,
        items: Sequence[Item],
        told: Callable[[Done], None],
        at_once: int,
    ) -> list[Done]:
        """As the port says. There are as many coroutines as places, whatever there is to do."""
        waiting = deque(enumerate(items))
        done: dict[int, Done] = {}

        async def place() -> None:
            while waiting:
                number, item = waiting.popleft()
                try:
                    done[number] = await work(self.desk, shared, item)
                except BaseException:
                    waiting.clear()  # none begins between this and the end of the others
                    raise
                told(done[number])
                await _what_is_ready_goes_first()

        places: list[asyncio.Task[None]] = []
        try:
            for _ in range(min(at_once, len(items))):
                places.append(asyncio.create_task(place()))
                await _what_is_ready_goes_first()
            await asyncio.gather(*places)
        finally:
            for each in places:
                each.cancel()
            await asyncio.gather(*places, return_exceptions=True)
        return [done[number] for number in range(len(items))]


async def _what_is_ready_goes_first() -> None:
    """To the endpoint; only then is more made ready."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)

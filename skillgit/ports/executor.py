"""Where a stage has its work done: in this process, or on many machines.

A stage says what is to be done with each item, and an executor where and when. `work` gets three
things: the desk, which is built where the work is done (model, prompts, sandbox) and never sent;
what all items share; and the item. The last two, and the results, must survive being pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

Desk_co = TypeVar("Desk_co", covariant=True)
Shared = TypeVar("Shared")
Item = TypeVar("Item")
Done = TypeVar("Done")


class Executor(Protocol[Desk_co]):
    """Do the same work with many items, at most so many at once."""

    async def each(
        self,
        work: Callable[[Desk_co, Shared, Item], Coroutine[Any, Any, Done]],
        shared: Shared,
        items: Sequence[Item],
        told: Callable[[Done], None],
        at_once: int,
    ) -> list[Done]:
        """The results in the order of `items`; `told` hears of each as it comes.

        `work` is a coroutine function of a module. An item is taken up, in order, when one of
        `at_once` places is free: what waits is an item, not a prompt. The first exception of a
        work ends the others, and is raised.
        """
        ...

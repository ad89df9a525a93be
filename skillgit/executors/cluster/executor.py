"""The driver of work on a cluster: so many batches under way, and the results in order.

A batch is one Ray task. Where its machine dies Ray runs it again on another one: what the model
had answered is known to the driver, and what is done is not counted twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import ray  # noqa: TID251 - this is its home

from skillgit.errors import SurroundingsError
from skillgit.executors.cluster.joining import Cluster
from skillgit.executors.cluster.seat import Batch, Job, Opening, work_batch
from skillgit.executors.local import LocalExecutor

Desk = TypeVar("Desk")
Shared = TypeVar("Shared")
Item = TypeVar("Item")
Done = TypeVar("Done")

RETRIES = 5
"""How often a batch is begun again where its machine or its process dies."""
_WINDOWS = 4
"""A batch holds so many items for each of its places: few wait for the slowest of them."""
_PATIENCE = 10.0
"""Seconds in which a batch that nobody waits for cleans up behind itself."""


@dataclass(slots=True)
class _Ledger(Generic[Done]):
    """What came back of one `each`."""

    told: Callable[[Done], None]
    done: dict[int, Done] = field(default_factory=dict)

    def hear(self, number: int, done: Done) -> None:
        """Once: a batch that is begun again does again what its first workers had done."""
        if number not in self.done:
            self.done[number] = done
            self.told(done)


@dataclass(frozen=True, slots=True)
class ClusterExecutor(Generic[Desk]):
    """Works at desks that `opening` builds in worker processes."""

    cluster: Cluster
    opening: Opening[Desk]

    async def each(
        self,
        work: Callable[[Desk, Shared, Item], Coroutine[Any, Any, Done]],
        shared: Shared,
        items: Sequence[Item],
        told: Callable[[Done], None],
        at_once: int,
    ) -> list[Done]:
        """As the port says; items, `shared` and results are pickled."""
        if not items:
            return []
        workers = max(1, min(self.cluster.processors, at_once, len(items)))
        places = -(-at_once // workers)
        ledger, number = _Ledger(told), next(self.cluster.numbers)
        self.cluster.ledgers[number] = ledger.hear
        opening: bytes = ray.cloudpickle.dumps(self.opening)  # type: ignore[no-untyped-call] # Ray's
        job = ray.put(Job(number, opening, work, shared, places))
        batches = list(_batches(items, places, workers))
        try:
            await self._heard(
                LocalExecutor(self.cluster).each(_send, job, batches, lambda _: None, workers)
            )
        finally:
            del self.cluster.ledgers[number]
        return [ledger.done[number] for number in range(len(items))]

    async def _heard(self, working: Coroutine[Any, Any, object]) -> None:
        """Work for as long as the driver hears its workers."""
        task = asyncio.ensure_future(working)
        try:
            await asyncio.wait({task, self.cluster.serving}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                self.cluster.must_serve()
            await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _batches(items: Sequence[Item], places: int, workers: int) -> Iterator[Batch]:
    fair = -(-len(items) // workers)
    size = min(fair, places * _WINDOWS if places > 1 else 1)
    numbered = list(enumerate(items))
    return (numbered[start : start + size] for start in range(0, len(items), size))


async def _send(cluster: Cluster, job: Any, batch: Batch) -> None:  # noqa: ANN401 - a reference
    """Have one batch worked on, wherever there is a processor."""
    sent = _TASK.remote(job, batch, cluster.board)
    ended = asyncio.wrap_future(sent.future())
    ended.add_done_callback(_heard)
    try:
        failure = await asyncio.shield(ended)
    except asyncio.CancelledError:
        ray.cancel(sent)
        await asyncio.wait({ended}, timeout=_PATIENCE)
        raise
    except ray.exceptions.RayTaskError as error:
        raise _mistake(cluster, error) from error
    except ray.exceptions.RayError as error:
        raise cluster.trouble("working on", error) from error
    if failure is not None:
        raise failure


def _heard(ended: asyncio.Future[Any]) -> None:
    """Also of a batch that nobody waits for: else asyncio tells the person of it."""
    if not ended.cancelled():
        ended.exception()


def _mistake(cluster: Cluster, error: Any) -> BaseException:  # noqa: ANN401 - its class is Ray's
    """What a worker raised; that it has no skillgit at all is not a mistake of ours."""
    if isinstance(error.cause, ImportError) or "No module named 'skillgit" in str(error):
        return SurroundingsError(
            f"working on the Ray cluster at {cluster.address}: a machine has no skillgit, or not "
            "all that it needs",
            hint="install the same skillgit, with the same extras, on all machines",
        )
    cause: BaseException = error.cause if isinstance(error.cause, Exception) else error
    return cause


_TASK = ray.remote(max_retries=RETRIES)(work_batch)

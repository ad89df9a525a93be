"""A worker process of a cluster: it builds its desk once and works on batches of items at it.

One process holds many conversations with a model, as the driver does in a local run; a process
for each would be a gigabyte for nothing.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from skillgit import __version__
from skillgit.errors import SkillgitError, SurroundingsError
from skillgit.executors.cluster.line import BoardLine, Line
from skillgit.executors.local import LocalExecutor

Desk = TypeVar("Desk")

_MOST_SEATS = 4
"""Kept by one process: a command asks for two at a time, one after the other with other seeds."""


@dataclass(frozen=True, slots=True)
class Seat(Generic[Desk]):
    """A desk in a worker; `close` gives back what it holds.

    `report` tells the driver what was spent since it last did.
    """

    desk: Desk
    report: Callable[[], None]
    close: Callable[[], Coroutine[Any, Any, None]]


class Opening(Protocol[Desk]):
    """How a desk is built in a worker; it is pickled, so it holds values alone."""

    async def __call__(self, line: Line) -> Seat[Desk]:
        """Build it. Raises SurroundingsError where this machine lacks something."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """What all batches of one `each` share. `places` are those of one worker."""

    number: int
    opening: bytes
    """An `Opening`, pickled: the same bytes are the same desk."""
    work: Callable[[Any, Any, Any], Coroutine[Any, Any, Any]]
    shared: Any
    places: int
    version: str = __version__


Batch = Sequence[tuple[int, Any]]
"""Items with their numbers."""


class _Process:
    """What a worker process keeps between batches: its loop, its desks, its line."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._line: BoardLine | None = None
        self._seats: dict[bytes, Seat[Any]] = {}

    def work(self, job: Job, batch: Batch, board: Any) -> SkillgitError | None:  # noqa: ANN401 - the handle of an actor
        task = self._loop.create_task(self._work(job, batch, self._line or BoardLine(board)))
        try:
            return self._loop.run_until_complete(task)
        except KeyboardInterrupt:  # so Ray tells a worker that nobody waits for it any more
            task.cancel()
            while not task.done():
                with suppress(KeyboardInterrupt):  # it comes out of the loop once for each task
                    self._loop.run_until_complete(asyncio.wait({task}))
            if not task.cancelled():
                task.exception()  # which is this one
            raise

    async def _work(self, job: Job, batch: Batch, line: BoardLine) -> SkillgitError | None:
        self._line = line
        try:
            seat = await self._seat(job.opening, line)
            try:
                await _each(job, batch, seat, line)
            finally:
                seat.report()
                line.flush()
        except SkillgitError as error:
            return error
        return None

    async def _seat(self, opening: bytes, line: BoardLine) -> Seat[Any]:
        if opening not in self._seats:
            # The driver pickled it, as Ray did all the rest.
            build: Opening[Any] = pickle.loads(opening)  # noqa: S301 - see above
            if len(self._seats) >= _MOST_SEATS:
                await self._seats.pop(next(iter(self._seats))).close()
            self._seats[opening] = await build(line)
        return self._seats[opening]


async def _each(job: Job, batch: Batch, seat: Seat[Any], line: BoardLine) -> None:
    async def one(desk: object, shared: object, numbered: tuple[int, object]) -> None:
        number, item = numbered
        done = await job.work(desk, shared, item)
        line.tell("done", job.number, number, done)
        seat.report()

    await LocalExecutor(seat.desk).each(one, job.shared, batch, lambda _: None, job.places)


_process: _Process | None = None


def work_batch(job: Job, batch: Batch, board: Any) -> SkillgitError | None:  # noqa: ANN401 - the handle of an actor
    """The task: do the work of a batch; the results go to the driver one by one.

    Comes back with what a person can act on, and raises what is a mistake of ours.
    """
    global _process  # noqa: PLW0603 - one to a process is what it is for
    if job.version != __version__:
        return SurroundingsError(
            f"working on a machine of the cluster: it has skillgit {__version__}, and here it is "
            f"{job.version}",
            hint="install the same version of skillgit on all machines",
        )
    _process = _process or _Process()
    return _process.work(job, batch, board)

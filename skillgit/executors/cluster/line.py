"""How the workers of a cluster speak with the driver.

A driver need not be on a machine of the cluster, so nobody can call it. It fetches what workers
ask from a board, an actor that remembers nothing, and pins the answers there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, TypeAlias

Question: TypeAlias = tuple[str, tuple[Any, ...]]
Answer: TypeAlias = tuple[bool, Any]
"""Whether it went well, and the value or the exception."""


class Line(Protocol):
    """The way from a worker to the driver."""

    def call(self, name: str, /, *arguments: object) -> Any:  # noqa: ANN401 - the driver's answer
        """What the driver answers; its exceptions are raised here."""
        ...

    def tell(self, name: str, /, *arguments: object) -> None:
        """As `call`, for whom the answer does not matter; in order with all that is said."""
        ...


class Board:
    """The actor: questions wait here for the driver, and workers for their answers."""

    def __init__(self) -> None:
        self._asked: list[tuple[int, Question]] = []
        self._open: dict[int, asyncio.Future[Answer]] = {}
        self._count = 0
        self._something = asyncio.Event()
        self._closed = False

    async def ask(self, question: Question) -> Answer:
        """For a worker."""
        self._count += 1
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._open[self._count] = answer
        self._asked.append((self._count, question))
        self._something.set()
        return await answer

    async def fetch(self) -> list[tuple[int, Question]] | None:
        """For the driver: what was asked since it last came; None when the board is closed."""
        await self._something.wait()
        if self._closed:
            return None
        self._something.clear()
        asked, self._asked = self._asked, []
        return asked

    async def close(self) -> None:
        """For the driver: it comes no more, so let go of it if it waits."""
        self._closed = True
        self._something.set()

    async def pin(self, answers: Sequence[tuple[int, Answer]]) -> None:
        """For the driver: what it says."""
        for number, answer in answers:
            waiting = self._open.pop(number, None)
            if waiting and not waiting.done():  # a worker that died does not wait any more
                waiting.set_result(answer)


class BoardLine:
    """A worker's end."""

    def __init__(self, board: Any) -> None:  # noqa: ANN401 - the handle of an actor
        self._board = board
        self._told: list[Future[Answer]] = []

    def call(self, name: str, /, *arguments: object) -> Any:  # noqa: ANN401 - the driver's answer
        """Wait for the answer, without giving the CPU back to Ray for a few milliseconds."""
        return _value(self._send(name, arguments).result())

    def tell(self, name: str, /, *arguments: object) -> None:
        """Send, and wait in `flush` alone."""
        self._told.append(self._send(name, arguments))

    def flush(self) -> None:
        """Wait until the driver has heard everything; raises what went wrong there."""
        told, self._told = self._told, []
        for one in told:
            _value(one.result())

    def _send(self, name: str, arguments: tuple[object, ...]) -> Future[Answer]:
        sent: Future[Answer] = self._board.ask.remote((name, arguments)).future()
        return sent


async def answer_all(board: Any, answers: Mapping[str, Callable[..., object]]) -> None:  # noqa: ANN401 - the handle of an actor
    """The driver's end: answer until the board is closed."""
    while (asked := await board.fetch.remote()) is not None:
        pinned = [(number, _answer(question, answers)) for number, question in asked]
        await board.pin.remote(pinned)


def _answer(question: Question, answers: Mapping[str, Callable[..., object]]) -> Answer:
    name, arguments = question
    try:
        return True, answers[name](*arguments)
    except Exception as error:  # noqa: BLE001 - it is raised in the worker that asked
        return False, error


def _value(answer: Answer) -> Any:  # noqa: ANN401 - the driver's answer
    well, value = answer
    if not well:
        raise value
    return value

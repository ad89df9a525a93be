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
_Answers: TypeAlias = "Future[list[Answer]]"
_LINGER = 0.01
"""Seconds that what is told waits for company: one message for each of them cost the driver more
than the call of the model that they are about."""


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
        self._asked: list[tuple[int, Sequence[Question]]] = []
        self._open: dict[int, asyncio.Future[list[Answer]]] = {}
        self._count = 0
        self._something = asyncio.Event()
        self._closed = False

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """For a worker: the answers in the order of the questions."""
        self._count += 1
        answers: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        self._open[self._count] = answers
        self._asked.append((self._count, questions))
        self._something.set()
        return await answers

    async def fetch(self) -> list[tuple[int, Sequence[Question]]] | None:
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

    async def pin(self, pinned: Sequence[tuple[int, list[Answer]]]) -> None:
        """For the driver: what it says."""
        for number, answers in pinned:
            waiting = self._open.pop(number, None)
            if waiting and not waiting.done():  # a worker that died does not wait any more
                waiting.set_result(answers)


class BoardLine:
    """A worker's end."""

    def __init__(self, board: Any) -> None:  # noqa: ANN401 - the handle of an actor
        self._board = board
        self._unsent: list[Question] = []
        self._sent: list[_Answers] = []
        self._timer: asyncio.TimerHandle | None = None

    def call(self, name: str, /, *arguments: object) -> Any:  # noqa: ANN401 - the driver's answer
        """Wait for the answer, without giving the CPU back to Ray for a few milliseconds."""
        self._unsent.append((name, arguments))
        return _value(self._send().result()[-1])

    def tell(self, name: str, /, *arguments: object) -> None:
        """Send soon, together with what else there is to send."""
        self._unsent.append((name, arguments))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LINGER, self._send)

    def flush(self) -> None:
        """Wait until the driver has heard everything; raises what went wrong there."""
        if self._unsent:
            self._send()
        sent, self._sent = self._sent, []
        for answers in sent:
            for answer in answers.result():
                _value(answer)

    def _send(self) -> _Answers:
        """In the order in which it was said: a reply is there before whoever asks for it."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        questions, self._unsent = self._unsent, []
        sent: _Answers = self._board.ask.remote(questions).future()
        self._sent.append(sent)
        return sent


async def answer_all(board: Any, answers: Mapping[str, Callable[..., object]]) -> None:  # noqa: ANN401 - the handle of an actor
    """The driver's end: answer until the board is closed."""
    while (asked := await board.fetch.remote()) is not None:
        pinned = [
            (number, [_answer(question, answers) for question in questions])
            for number, questions in asked
        ]
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

"""One program of this machine, from its start to its end: its output is gathered, its time counted.

Whatever happens, its process group is killed at the end.
"""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from skillgit.errors import SurroundingsError
from skillgit.ports import Ran
from skillgit.sandbox.output import FLOODED, Output
from skillgit.sandbox.watch import Over

_TICK = 0.2
_SHORT_TICK = 0.02
_REST = 20
"""How much longer than a look at a command the pause after it is, at least."""
_CHUNK = 65_536
_LONGEST_ARGUMENT = 131_071
"""Linux takes no longer one, whatever the limits (MAX_ARG_STRLEN)."""
_CANNOT_BE_RUN = 126


class Running:
    """A program under way."""

    def __init__(
        self, process: Process, output: Output, flooded: asyncio.Event, cancelled: asyncio.Event
    ) -> None:
        self.process = process
        self.output = output
        self._flooded = flooded
        self._cancelled = cancelled

    async def watched(self, seconds: float, over: Over, *, closely: bool = False) -> str:
        """Wait for its end; why it must be stopped, if it must, after `seconds` or for `over`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        exited = asyncio.ensure_future(self.process.wait())
        flooded = asyncio.ensure_future(self._flooded.wait())
        cancelled = asyncio.ensure_future(self._cancelled.wait())
        waiting = {exited, flooded, cancelled}
        pause = tick = _SHORT_TICK if closely else _TICK
        try:
            while not exited.done():
                left = max(0.0, min(pause, end - loop.time()))
                await asyncio.wait(waiting, timeout=left, return_when="FIRST_COMPLETED")
                if cancelled.done():
                    return "cancelled"
                if flooded.done():
                    return FLOODED
                if not exited.done() and loop.time() >= end:
                    return f"after {seconds:g} s"
                before = loop.time()
                if reason := over():
                    return reason
                pause = max(tick, _REST * (loop.time() - before))
        finally:
            for each in waiting:
                each.cancel()
        return ""


async def to_its_end(run: Callable[[asyncio.Event], Coroutine[None, None, Ran]]) -> Ran:
    """Run to the end, also where the caller is cancelled: it then waits until all is cleared away.

    What is cut short between any two steps would leave something behind, so nothing is: `run` is
    told by the event, and ends soon.
    """
    cancelled = asyncio.Event()
    task = asyncio.ensure_future(run(cancelled))
    while True:
        try:
            ran = await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled.set()
            if task.done():
                raise
        else:
            if cancelled.is_set():
                raise asyncio.CancelledError
            return ran


@asynccontextmanager
async def started(
    command: Sequence[str],
    cancelled: asyncio.Event,
    *,
    environment: Mapping[str, str],
    folder: Path | None = None,
    stdin: int = DEVNULL,
    descriptors: Sequence[int] = (),
) -> AsyncGenerator[Running, None]:
    """Start a program in a session of its own, with its output in a pipe.

    The pipe is ours and not asyncio's, which would take a program for running as long as any
    process holds the other end of it.
    """
    output, flooded = Output(), asyncio.Event()
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    loop = asyncio.get_running_loop()
    try:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=stdin,
                stdout=writing,
                stderr=writing,
                env=environment,
                cwd=folder,
                pass_fds=descriptors,
                start_new_session=True,
            )
        except OSError as error:
            raise SurroundingsError(
                f"starting {command[0]}: {error.strerror or error}",
                hint="`skillgit doctor` says which sandbox works here",
            ) from error
        finally:
            os.close(writing)
        loop.add_reader(reading, _gather, reading, output, flooded)
        try:
            yield Running(process, output, flooded, cancelled)
        finally:
            kill_group(process.pid)
            await process.wait()
    finally:
        loop.remove_reader(reading)
        while _gather(reading, output, flooded):
            pass
        os.close(reading)


def _gather(reading: int, output: Output, flooded: asyncio.Event) -> bool:
    """Take what is there; False where that is nothing, now or for good."""
    with suppress(BlockingIOError):
        if chunk := os.read(reading, _CHUNK):
            output.feed(chunk)
            if output.flooded:
                flooded.set()
            return not output.flooded
        asyncio.get_running_loop().remove_reader(reading)  # its end: it would be readable forever
    return False


def kill_group(leader: int) -> None:
    """Kill a process group, if any of it is left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def cannot_be_run(command: Sequence[str]) -> Ran | None:
    """What a command that no kernel would start gives; a mistake of the model, not of the place."""
    for argument in command:
        try:
            long = len(os.fsencode(argument)) > _LONGEST_ARGUMENT
        except UnicodeEncodeError:
            return Ran("the command is not valid Unicode text", _CANNOT_BE_RUN)
        if long:
            return Ran("the command is too long; write it to a file in parts", _CANNOT_BE_RUN)
        if "\0" in argument:
            return Ran("the command holds a NUL character", _CANNOT_BE_RUN)
    return None

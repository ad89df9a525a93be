"""The descriptors between skillgit and one bubblewrap: what it reads, and what it tells.

Bubblewrap takes the end of `--block-fd` for its word: killed at the wrong moment, it would leave a
child that begins without limits and without anyone who waits. So there is a second gate, inside:
the shell that starts the command first reads a line, and ends where there is none.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from skillgit.sandbox.seccomp import seccomp_filter
from skillgit.sandbox.walls import SENT_FILES

_PATIENCE = 60.0
"""Seconds in which a machine must make namespaces, however many others do the same."""
_CHUNK = 65_536


class Wires:
    """Pipes: small files and the filter go in, the start signal too; the status comes out."""

    def __enter__(self) -> Self:
        self._ours: list[int] = []
        self._theirs: list[int] = []
        self.arguments: list[str] = []
        for place, content in SENT_FILES.items():
            self.arguments += ["--file", self._sent(content), place]
        if program := seccomp_filter():
            self.arguments += ["--seccomp", self._sent(program)]
        go, self._go = os.pipe()
        self.gate, self._opening = os.pipe()
        self._status, status = os.pipe()
        self._ours += [self._go, self._opening, self._status]
        self._theirs += [go, status, self.gate]
        self.arguments += ["--block-fd", str(go), "--json-status-fd", str(status)]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close_theirs()
        for descriptor in self._ours:
            os.close(descriptor)

    def _sent(self, content: bytes) -> str:
        reading, writing = os.pipe()
        os.write(writing, content)  # far less than a pipe holds
        os.close(writing)
        self._theirs.append(reading)
        return str(reading)

    @property
    def theirs(self) -> Sequence[int]:
        """What bubblewrap inherits; the command does not. `gate` is to be its standard input."""
        return tuple(each for each in self._theirs if each != self.gate)

    def close_theirs(self) -> None:
        """Once bubblewrap has its own copies: only then does the end of the status show."""
        while self._theirs:
            os.close(self._theirs.pop())

    async def inner_process(self) -> int | None:
        """The first process inside, by its outer number; None where bubblewrap gave up before."""
        said = b""
        while b"\n" not in said:
            if not await readable_soon(self._status, _PATIENCE):
                return None
            chunk = os.read(self._status, _CHUNK)
            if not chunk:
                return None
            said += chunk
        number = json.loads(said.splitlines()[0])["child-pid"]
        return int(number)

    def release(self) -> None:
        """Let the command begin."""
        with suppress(BrokenPipeError):
            os.write(self._opening, b"\n")
            os.write(self._go, b".")

    def command_ended(self) -> bool:
        """After bubblewrap's end: did the command have one, or did it never begin?"""
        said = b""
        while chunk := os.read(self._status, _CHUNK):
            said += chunk
        return b"exit-code" in said


async def readable_soon(descriptor: int, seconds: float) -> bool:
    """Wait until a descriptor can be read, or has come to its end."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        async with asyncio.timeout(seconds):
            await ready.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
    return True

"""Commands without any confinement, behind the port of a sandbox: for programs of our own alone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skillgit.ports import Ran


@dataclass(slots=True)
class Unconfined:
    """A process in the work folder; `ran` counts them."""

    seconds: float = 20.0
    name: str = "unconfined"
    workdir: str = "/work"
    ran: int = 0
    environment: Mapping[str, str] = field(default_factory=lambda: {"PATH": os.defpath})

    async def run(self, work: Path, command: Sequence[str], *, readable: Mapping[str, Path]) -> Ran:
        self.ran += 1
        process = await asyncio.create_subprocess_exec(
            *[str(readable.get(word, word)) for word in command],
            cwd=work,
            env=dict(self.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self.seconds):
                output, _ = await process.communicate()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - else it warns
            return Ran("", None, f"after {self.seconds:g} s")
        return Ran(output.decode(errors="replace"), process.returncode)

    def python(self) -> tuple[str, ...]:
        return (sys.executable, "-I")

"""A sandbox with a work folder, for tests; and a look at the processes of this machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skillgit.ports import Ran, Sandbox


@dataclass(frozen=True, slots=True)
class Room:
    """A sandbox with a work folder."""

    sandbox: Sandbox
    work: Path

    def run(self, *command: str, **readable: Path) -> Ran:
        """A command; `readable` are seen at /given/<name>."""
        given = {f"/given/{name}": path for name, path in readable.items()}
        return asyncio.run(self.sandbox.run(self.work, command, readable=given))

    def bash(self, script: str, **readable: Path) -> Ran:
        return self.run("bash", "-c", script, **readable)

    def python(self, program: str, **readable: Path) -> Ran:
        return self.run(*self.sandbox.python(), "-c", program, **readable)


def alive(mark: str) -> list[int]:
    """The processes of this machine with `mark` among their arguments."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in arguments:
            found.append(int(folder.name))
    return found


def soon(condition: Callable[[], object], seconds: float = 15.0) -> bool:
    """Does it become true?"""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False

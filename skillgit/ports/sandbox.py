"""Where commands that a model wrote are run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: what it printed (both streams, as it came), and with what status.

    `status` is None where it was stopped, and `stopped` says why ("after 120 s", "over 1024 MB
    of files"). `output` is at most a few million characters; whoever shows it shortens it.
    """

    output: str
    status: int | None
    stopped: str = ""


class Sandbox(Protocol):
    """A place for commands that a model wrote: one writable folder, nothing else of this machine.

    `name` says what kind it is, `workdir` where the command sees the writable folder.
    """

    name: str
    workdir: str

    async def run(self, work: Path, command: Sequence[str], *, readable: Mapping[str, Path]) -> Ran:
        """Run a command in folder `work`. When it returns, no process of the command is left.

        `readable` are folders or files by the absolute path at which the command sees them.

        Raises SurroundingsError where the sandbox itself cannot be used.
        """
        ...

    def python(self) -> tuple[str, ...]:
        """How a Python with openpyxl, pandas and formualizer is started inside."""
        ...

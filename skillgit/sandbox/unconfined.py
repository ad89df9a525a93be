"""No sandbox, for `--unsafe-no-sandbox` alone: a command may read and write what its owner may.

What is left is order, not safety: a clean environment, a home that goes away, limits, and an end.
A process that changes its group and its environment outlives its command.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from skillgit import config
from skillgit.ports import Ran
from skillgit.sandbox.folders import tidy
from skillgit.sandbox.limits import Limits
from skillgit.sandbox.running import cannot_be_run, started, to_its_end
from skillgit.sandbox.walls import ENVIRONMENT
from skillgit.sandbox.watch import FolderWatch, ProcessWatch, watch

_MARK = "SKILLGIT_COMMAND"
"""In the environment of every process of a command, and different for every command."""
_BLOCK = 512
_SHELL = """ulimit -c 0; ulimit -t "$1"; ulimit -f "$2"; ulimit -v "$3" 2>/dev/null
shift 3; exec "$@" """


class Unconfined:
    """Commands as ordinary processes. The work folder is where they start: `.`."""

    def __init__(self, options: config.Sandbox) -> None:
        self.name = "none"
        self.workdir = "."
        self._limits = Limits.of(options)

    def python(self) -> tuple[str, ...]:
        return (sys.executable,)

    async def run(self, work: Path, command: Sequence[str], *, readable: Mapping[str, Path]) -> Ran:
        """Run a command. Nothing can be bound here: in `command` the outer paths are put instead.

        A script that names a readable path does not find it.
        """
        command = [_outer(argument, readable) for argument in command]
        if misfit := cannot_be_run(command):
            return misfit
        return await to_its_end(lambda cancelled: self._run(work, command, cancelled))

    async def _run(self, work: Path, command: Sequence[str], cancelled: asyncio.Event) -> Ran:
        limits, folder = self._limits, FolderWatch(work, self._limits)
        numbers = (limits.cpu, limits.file // _BLOCK, limits.memory // 1024)
        mark = f"{_MARK}={secrets.token_hex(16)}"
        with tempfile.TemporaryDirectory(prefix="skillgit-", ignore_cleanup_errors=True) as home:
            arguments = ["/bin/sh", "-c", _SHELL, "sh", *map(str, numbers), *command]
            try:
                async with started(
                    arguments, cancelled, environment=_environment(home, mark), folder=work
                ) as running:
                    processes = ProcessWatch(running.process.pid, folder.device, limits)
                    stopped = await running.watched(
                        limits.seconds, watch(folder, processes), closely=folder.full
                    )
            finally:
                _kill_marked(mark.encode())
        tidy(work)
        status = running.process.returncode
        if stopped or status is None:
            return Ran(running.output.text(), None, stopped)
        return Ran(running.output.text(), status if status >= 0 else 128 - status)


def _outer(argument: str, readable: Mapping[str, Path]) -> str:
    for inside in sorted(readable, key=len, reverse=True):
        whole = rf"(?<![\w./-]){re.escape(inside)}(?![\w-])"
        outside = str(readable[inside].resolve())
        argument = re.sub(whole, outside.replace("\\", r"\\"), argument)
    return argument


def _environment(home: str, mark: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    name, _, value = mark.partition("=")
    return ENVIRONMENT | {"HOME": home, "TMPDIR": home, "PATH": path, name: value}


def _kill_marked(mark: bytes) -> None:
    """Kill what has left the process group but not its environment, where Linux shows that."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended since, or not ours
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)

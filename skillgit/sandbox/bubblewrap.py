"""The default sandbox: bubblewrap, with namespaces of its own for everything it knows.

A command sees what walls.py lets it see: /usr and a little of /etc, read-only; a Python; its work
folder; a small /tmp. It sees no home, no network, no other process, no variable of ours. It starts
only when its limits are in place: bubblewrap waits at `--block-fd` until they are.

What is not obvious:
- /proc is read-only. For real root, bubblewrap 0.8 leaves /proc/sys writable, the machine's own
  `core_pattern` included.
- The kernel's limit of processes does not hold for real root, in whatever namespace. A control
  group (groups.py) does where one may be made; else only watch.py counts.
- Processes are marked as the first to go when the machine runs out of memory.
- /proc/self/mountinfo names the outer paths of what is bound; nothing can be done about it.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import resource
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from skillgit import config
from skillgit.errors import SurroundingsError
from skillgit.ports import Ran
from skillgit.sandbox.folders import tidy
from skillgit.sandbox.groups import group
from skillgit.sandbox.interior import Interior, find_interior
from skillgit.sandbox.limits import MOST_OPEN_FILES, Limits
from skillgit.sandbox.running import Running, cannot_be_run, started, to_its_end
from skillgit.sandbox.walls import WORK, walls
from skillgit.sandbox.watch import FolderWatch, ProcessWatch, over_memory, watch
from skillgit.sandbox.wires import Wires, readable_soon

NEEDED_OPTIONS = ("--disable-userns", "--size", "--json-status-fd", "--block-fd")
"""All of them are there from bubblewrap 0.8 on."""
_PATIENCE = 30.0
"""Seconds in which all processes of a command must be gone after they were killed."""
_FIRST_TO_GO = b"1000"
_KILLED = 128 + signal.SIGKILL
# It also says where there is no program of that name.
_SHELL = ("/bin/sh", "-c", 'read -r gate || exit 1; exec "$@" </dev/null', "sh")


class Bubblewrap:
    """Commands in a bubblewrap of their own, each."""

    def __init__(self, options: config.Sandbox) -> None:
        self.name = "bubblewrap"
        self.workdir = WORK
        self._limits = Limits.of(options)
        self._program = shutil.which("bwrap") or "bwrap"

    @cached_property
    def interior(self) -> Interior:
        """The Python inside; looked up when it is first needed."""
        return find_interior()

    def python(self) -> tuple[str, ...]:
        return (self.interior.python,)

    async def run(self, work: Path, command: Sequence[str], *, readable: Mapping[str, Path]) -> Ran:
        if misfit := cannot_be_run(command):
            return misfit
        return await to_its_end(lambda cancelled: self._run(work, command, readable, cancelled))

    async def _run(
        self,
        work: Path,
        command: Sequence[str],
        readable: Mapping[str, Path],
        cancelled: asyncio.Event,
    ) -> Ran:
        folder = FolderWatch(work, self._limits)
        view = list(walls(work, readable, self.interior))
        stopped = ""
        with Wires() as wires:
            arguments = [self._program, *view, *wires.arguments, "--remount-ro", "/"]
            arguments += ["--", *_SHELL, *command]
            async with started(
                arguments, cancelled, environment={}, stdin=wires.gate, descriptors=wires.theirs
            ) as running:
                wires.close_theirs()
                inner = await wires.inner_process()
                if inner:
                    stopped = await self._supervise(running, wires, inner, folder)
            begun = wires.command_ended() or (running.process.returncode or 0) < 0
        tidy(work)
        text, status = running.output.text(), running.process.returncode
        if stopped:
            return Ran(text, None, stopped)
        if begun and status is not None:
            return Ran(text, status) if status >= 0 else Ran(text, None, "killed from outside")
        raise SurroundingsError(
            f"running a command in bubblewrap: {text.strip() or 'it ended at once'}",
            hint="`skillgit doctor` says which sandbox works here",
        )

    async def _supervise(
        self, running: Running, wires: Wires, inner: int, folder: FolderWatch
    ) -> str:
        """Let the command begin, and leave no process of it; why it was stopped, if it was."""
        with group(inner, self._limits) as held, _handle(inner) as handle:
            if handle is None:
                return ""
            try:
                self._confine(inner)
                wires.release()
                over = watch(folder, ProcessWatch(inner, folder.device, self._limits, own_tmp=True))
                # A watcher must be quick where nothing else holds: forks get ever more of them.
                closely = folder.full or not (held.counts_processes or _kernel_counts())
                stopped = await running.watched(self._limits.seconds, over, closely=closely)
                if not stopped and running.process.returncode == _KILLED and held.out_of_memory:
                    return over_memory(self._limits)
                return stopped
            finally:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                await _gone(handle)
                _reap(inner)

    def _confine(self, inner: int) -> None:
        """Limit each process: set from outside on the first one, and inherited by all others."""
        limits = {
            resource.RLIMIT_AS: self._limits.memory,
            resource.RLIMIT_FSIZE: self._limits.file,
            resource.RLIMIT_CPU: self._limits.cpu,
            resource.RLIMIT_NOFILE: MOST_OPEN_FILES,
            resource.RLIMIT_CORE: 0,
        }
        if _kernel_counts():
            limits[resource.RLIMIT_NPROC] = self._limits.processes
        try:
            for kind, wanted in limits.items():
                hardest = resource.getrlimit(kind)[1]
                most = wanted if hardest == resource.RLIM_INFINITY else min(wanted, hardest)
                resource.prlimit(inner, kind, (most, most))
        except PermissionError as error:
            raise SurroundingsError(
                "limiting a command in bubblewrap: the system does not let its owner do so",
                hint="`bwrap` must not be setuid: `sudo chmod u-s` it",
            ) from error
        except ProcessLookupError:
            return
        with suppress(OSError):  # it only makes a bad moment worse
            Path(f"/proc/{inner}/oom_score_adj").write_bytes(_FIRST_TO_GO)


def _kernel_counts() -> bool:
    """Does the kernel's limit of processes hold, and count those of a command alone?

    It never holds for root. Before Linux 5.14 it counts all that a user runs anywhere: a desktop
    alone may be over the limit.
    """
    if os.geteuid() == 0:
        return False
    release = [int(number) for number in re.findall(r"\d+", platform.release())[:2]]
    return release >= [5, 14]


@contextmanager
def _handle(process: int) -> Iterator[int | None]:
    """A descriptor of a process: unlike its number, it never names another one."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:  # it was killed before it could begin
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def _reap(process: int) -> None:
    """It has lost its parent, and in a container without an init it is ours then."""
    with suppress(ChildProcessError):
        os.waitpid(process, os.WNOHANG)


async def _gone(handle: int) -> None:
    """Wait for the end of the first process of a namespace: all others end before it does."""
    if not await readable_soon(handle, _PATIENCE):
        raise SurroundingsError(
            f"ending a command: its processes are still there after {_PATIENCE:g} s",
            hint="a disk that does not answer holds them; `ps` shows them in state D",
        )

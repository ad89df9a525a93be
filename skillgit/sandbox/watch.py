"""Is a command taking too much? Looked at from outside, several times a second.

Limits of the kernel hold for one process (and some of them not for root); these hold for all
processes of a command together. What a command hides from both, in memory that nobody has mapped,
ends with the kernel choosing its processes first when memory runs out (see bubblewrap.py).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from skillgit.sandbox.folders import DEEPEST, Held, measure
from skillgit.sandbox.limits import MEGABYTE, Limits

Over = Callable[[], str]
"""Why a command must be stopped now; "" where nothing is wrong."""

_PROC = Path("/proc")
_RESERVE = 256 * MEGABYTE
"""What a command must leave free on the disk of its work folder, however it was used up."""


class FolderWatch:
    """The work folder: over its limit, and fuller than when the command began.

    A folder that was too full before may be emptied by a later command, but not be filled further.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.device = folder.stat().st_dev
        self._folder = folder
        self._limits = limits
        everything = Held(2**63, 2**63)
        self._before = measure(folder, everything)
        self._free_before = _free(folder)
        self._enough = Held(
            max(limits.disk, self._before.size), max(limits.files, self._before.files)
        )

    @property
    def full(self) -> bool:
        """Was it over a limit before the command began?"""
        return self._before.size > self._limits.disk or self._before.files > self._limits.files

    def over(self, hidden: int = 0) -> str:
        """`hidden` bytes are in files that have no name any more."""
        try:
            held, free = measure(self._folder, self._enough), _free(self._folder)
        except OSError as error:
            return f"its work folder cannot be read: {error.strerror}"
        if held.size + hidden > self._enough.size:
            return f"over {self._limits.disk // MEGABYTE} MB of files"
        if held.files > self._enough.files:
            return f"over {self._limits.files} files"
        if held.too_deep:
            return f"folders nested over {DEEPEST} deep"
        if free < _RESERVE and self._free_before - free > self._limits.disk:
            return "the disk is nearly full"
        return ""


class ProcessWatch:
    """`root` and all processes below it, where Linux tells of them; threads count, too.

    `device` is the disk of the work folder. `own_tmp` says that /tmp belongs to the command.
    """

    def __init__(self, root: int, device: int, limits: Limits, *, own_tmp: bool = False) -> None:
        self._root = root
        self._device = device
        self._limits = limits
        self._own_tmp = own_tmp

    def over(self) -> str:
        tasks, processes = 0, []
        for process, threads in _descendants(self._root):
            tasks += threads
            processes.append(process)
            if tasks > self._limits.processes:
                return f"over {self._limits.processes} processes"
        if sum(map(_own_memory, processes)) > self._limits.memory and (
            sum(map(_share_of_memory, processes)) > self._limits.memory
        ):
            return over_memory(self._limits)
        if self._own_tmp and _scratch_files(self._root) > self._limits.files:
            return f"over {self._limits.files} files in /tmp"
        return ""

    def hidden(self) -> int:
        """Bytes in files of the work folder's disk that are open and have no name any more."""
        found: dict[int, int] = {}
        for process, _ in _descendants(self._root):
            with suppress(OSError):  # ended since
                for entry in os.scandir(_PROC / str(process) / "fd"):
                    with suppress(OSError):
                        file = entry.stat()
                        if file.st_dev == self._device and not file.st_nlink:
                            found[file.st_ino] = _bytes_of(file)
        return sum(found.values())


def over_memory(limits: Limits) -> str:
    """The reason of whoever finds it out."""
    return f"over {limits.memory // MEGABYTE} MB of memory"


def watch(folder: FolderWatch, processes: ProcessWatch) -> Over:
    """Both together."""
    return lambda: processes.over() or folder.over(processes.hidden())


def _descendants(root: int) -> Iterator[tuple[int, int]]:
    """`root` and all processes below it, each with the number of its threads."""
    waiting = [root]
    while waiting:
        process = waiting.pop()
        children, threads = _children(process)
        waiting += children
        yield process, threads


def _children(process: int) -> tuple[list[int], int]:
    folder = _PROC / str(process) / "task"
    children: list[int] = []
    threads = 0
    with suppress(OSError):  # ended since
        for thread in os.listdir(folder):  # noqa: PTH208 - names only, and often
            threads += 1
            with suppress(OSError):
                children += map(int, (folder / thread / "children").read_bytes().split())
    return children, threads


def _own_memory(process: int) -> int:
    """Quick, and too much where processes share pages since a fork."""
    return _sum_of(process, "status", (b"RssAnon:", b"RssShmem:"))


def _share_of_memory(process: int) -> int:
    """Exact, and slow: each page is divided among those who use it."""
    return _sum_of(process, "smaps_rollup", (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:"))


def _sum_of(process: int, name: str, keys: tuple[bytes, ...]) -> int:
    with suppress(OSError):  # ended since
        lines = (_PROC / str(process) / name).read_bytes().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(keys))
    return 0


def _scratch_files(process: int) -> int:
    """How many files are in the /tmp that a process sees: they are memory, even the empty ones."""
    with suppress(OSError):
        root = _PROC / str(process) / "root"
        if not root.samefile("/"):  # it has not moved in yet
            found = os.statvfs(root / "tmp")
            return found.f_files - found.f_ffree
    return 0


def _bytes_of(found: os.stat_result) -> int:
    return found.st_blocks * 512 if stat.S_ISREG(found.st_mode) else 0


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize

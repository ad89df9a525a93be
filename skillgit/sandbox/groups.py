"""Control groups, where this process may make some: the one limit that also holds for root.

Ordinary users are held by the limit of processes of the kernel, and seldom may make groups; real
root is not held by it, and mostly may. Both versions of control groups are known. A group is
entered by the first process of a command before it begins, so nothing escapes it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from skillgit.sandbox.limits import SCRATCH_BYTES, SHARED_BYTES, Limits

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "skillgit-"


@dataclass(frozen=True, slots=True)
class Group:
    """The folders of a command's control group: one, or one for each controller in version 1."""

    folders: tuple[Path, ...]

    @property
    def counts_processes(self) -> bool:
        return any((folder / "pids.max").exists() for folder in self.folders)

    @property
    def out_of_memory(self) -> bool:
        """Did the kernel end a process because the group had none left?"""
        for name in ("memory.events", "memory.oom_control"):
            for folder in self.folders:
                with suppress(OSError):
                    words = (folder / name).read_text("ascii").split()
                    if "oom_kill" in words and words[words.index("oom_kill") + 1] != "0":
                        return True
        return False


@contextmanager
def group(process: int, limits: Limits) -> Iterator[Group]:
    """A group with one process in it, as far as one can be made here; it is removed at the end."""
    made: list[Path] = []
    for parent in _parents():
        folder = parent / f"{_PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
        try:
            _sweep(parent)
            folder.mkdir()
        except OSError:
            continue
        made.append(folder)
        if not _fill(folder, process, limits):
            _remove(made.pop())
    try:
        yield Group(tuple(made))
    finally:
        for folder in made:
            _remove(folder)


def _parents() -> Iterator[Path]:
    """Where groups are made: beside our own, or in version 1 below it."""
    try:
        lines = Path("/proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers and (_ROOT / "cgroup.controllers").exists():
            # Only a group without processes may have groups with limits in it: ours has us.
            yield _ROOT / path.lstrip("/") if path == "/" else (_ROOT / path.lstrip("/")).parent
        elif {"pids", "memory"} & set(controllers.split(",")):
            yield _ROOT / controllers / path.lstrip("/")


def _fill(folder: Path, process: int, limits: Limits) -> bool:
    """Set the limits, then let the process in; False where neither limit can be set."""
    memory = limits.memory + SCRATCH_BYTES + SHARED_BYTES  # what is in /tmp counts as memory
    values = {"pids.max": limits.processes, "memory.max": memory, "memory.limit_in_bytes": memory}
    values |= {"memory.swap.max": 0, "memory.oom.group": 1}
    written = 0
    for name, value in values.items():
        if (folder / name).exists():
            with suppress(OSError):
                (folder / name).write_text(str(value), "ascii")
                written += 1
    try:
        (folder / "cgroup.procs").write_text(str(process), "ascii")
    except OSError:
        return False
    return bool(written)


def _sweep(parent: Path) -> None:
    """Remove groups whose maker was killed; those that are in use cannot be removed."""
    for old in parent.glob(f"{_PREFIX}*"):
        if not Path("/proc", old.name.removeprefix(_PREFIX).partition("-")[0]).exists():
            _remove(old)


def _remove(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()

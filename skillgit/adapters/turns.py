"""Only one process at a time does a thing; whoever comes second waits for the first.

The lock is the kernel's: it ends with the process that holds it, however that ends, so the file
that a kill leaves behind stands in nobody's way.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from skillgit.errors import SurroundingsError

_PAUSE = 0.2
"""Seconds between two looks at whether the other one has ended."""
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
"""Said by file systems that know no locks, as some of networks."""


@asynccontextmanager
async def turn_at(path: Path, waiting: Callable[[str], None]) -> AsyncIterator[None]:
    """Hold the turn at `path`; `waiting` is told once which process has it, where one has."""
    told = False
    while (held := _taken(path)) is None:
        if not told:
            waiting(_holder(path))
            told = True
        await asyncio.sleep(_PAUSE)
    try:
        yield
    finally:
        _give_back(path, held)


def _taken(path: Path) -> int | None:
    """The open file with its lock; None where another process has it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise SurroundingsError(
            f"taking the turn at {path}: {error.strerror}",
            hint="see that the folder can be written to, then run the same command again",
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return handle
        os.close(handle)
        return None
    if not _is_still(path, handle):
        os.close(handle)
        return None
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
    return handle


def _give_back(path: Path, held: int) -> None:
    with suppress(OSError):
        path.unlink()
    os.close(held)


def _is_still(path: Path, handle: int) -> bool:
    """Is it the file that others would lock, or did its holder delete it meanwhile?"""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except OSError:
        return False


def _holder(path: Path) -> str:
    """The process that has the turn, as far as it says so."""
    try:
        told = path.read_text("ascii").strip()
    except (OSError, ValueError):
        told = ""
    return told if told.isdecimal() else "unknown"

"""Files of a folder that a model's commands have written to, opened without being led out of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from skillgit.names import SkillPath

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe that nobody writes to would be waited for without O_NONBLOCK.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A file that is not there or must not be touched, and why."""

    reason: str


@contextmanager
def opened_inside(folder: Path, name: str) -> Iterator[BinaryIO | NotTaken]:
    """A regular file below `folder`; no link is followed, neither at its end nor on the way."""
    descriptor = _open(folder, name)
    if isinstance(descriptor, NotTaken):
        yield descriptor
        return
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _open(folder: Path, name: str) -> int | NotTaken:
    try:
        *way, last = SkillPath(name).split("/")
    except ValueError as error:
        return NotTaken(str(error))
    here = -1
    try:
        here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in way:
            here = _step(here, part)
        return _regular(os.open(last, _FILE, dir_fd=here), name)
    except OSError as error:
        return NotTaken(_why(folder, name, error))
    finally:
        if here >= 0:
            os.close(here)


def _step(here: int, part: str) -> int:
    there = os.open(part, _FOLDER, dir_fd=here)
    os.close(here)
    return there


def _regular(descriptor: int, name: str) -> int | NotTaken:
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return NotTaken(f"{name} is not a regular file")


def _why(folder: Path, name: str, error: OSError) -> str:
    try:
        mode = (folder / name).lstat().st_mode
    except FileNotFoundError:
        return f"there is no file {name}"
    except OSError:
        mode = 0
    if stat.S_ISLNK(mode):
        return f"{name} is a link, not a file"
    return f"{name} cannot be read: {error.strerror}"

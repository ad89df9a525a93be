"""The work folder seen from outside: how much it holds, and that whoever walks it next comes back.

Everything goes through directory descriptors: the folder belongs to a command that may swap a
folder for a link, take the rights away from one, or nest them deeper than a path can name.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

DEEPEST = 64
"""Folders nested deeper are removed after a command: many programs cannot walk them."""
_BLOCK = 512
_ALL_MINE = 0o700
_READ_WRITE = 0o600
_SPECIAL_BITS = 0o7000


@dataclass(frozen=True, slots=True)
class Held:
    """What a folder holds. Sparse files count as long as they seem: a copy would be that long."""

    size: int
    files: int
    too_deep: bool = False


@dataclass(frozen=True, slots=True)
class _Level:
    """One folder of a walk: its descriptor, and the names in it."""

    descriptor: int
    folders: list[str]
    others: list[str]
    depth: int


def measure(folder: Path, enough: Held) -> Held:
    """What `folder` holds; the walk ends early where it is more than `enough` either way."""
    size, files, deepest = 0, 0, 0
    with closing(_walk(folder)) as levels:
        for level in levels:
            deepest = max(deepest, level.depth)
            for name in (*level.folders, *level.others):
                with suppress(OSError):  # gone since
                    found = os.stat(name, dir_fd=level.descriptor, follow_symlinks=False)
                    files += 1
                    size += max(found.st_size, found.st_blocks * _BLOCK)
            if size > enough.size or files > enough.files or deepest > DEEPEST:
                break
    return Held(size, files, too_deep=deepest > DEEPEST)


def tidy(folder: Path) -> None:
    """Leave folders, regular files and links only, which their owner may read and walk.

    Pipes and sockets make readers wait, and a file that root owns may not keep its setuid bit.
    """
    for level in _walk(folder):
        for name in level.others:
            _tidy_file(level.descriptor, name)
        if level.depth >= DEEPEST:
            for name in level.folders:
                with suppress(OSError):  # what resists is left to who removes the whole folder
                    _remove_folder(level.descriptor, name)
            level.folders.clear()


def _walk(folder: Path) -> Generator[_Level, None, None]:
    """Top down; what lies deeper than the deepest allowed level is not entered."""
    if not folder.is_dir():
        return
    if folder.stat().st_mode & _ALL_MINE != _ALL_MINE:
        folder.chmod(_ALL_MINE)
    depths = {str(folder): 0}
    for top, folders, others, descriptor in os.fwalk(folder, follow_symlinks=False):
        depth = depths.pop(top)
        links = [name for name in folders if not _open_up(descriptor, name)]
        folders[:] = [name for name in folders if name not in links]
        level = _Level(descriptor, folders, [*others, *links], depth)
        yield level
        if depth > DEEPEST:
            folders.clear()
        depths |= {os.path.join(top, name): depth + 1 for name in folders}  # noqa: PTH118 - as fwalk


def _open_up(parent: int, name: str) -> bool:
    """Give a folder's owner all rights to it; False where it is none."""
    try:
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode):
            return False
        if found.st_mode & _ALL_MINE != _ALL_MINE or found.st_mode & _SPECIAL_BITS:
            _change_mode(parent, name, found.st_mode & 0o777 | _ALL_MINE)
    except OSError:
        pass  # gone since, or not ours: the walk passes by
    return True


def _tidy_file(parent: int, name: str) -> None:
    try:
        mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        if stat.S_ISREG(mode):
            if mode & _SPECIAL_BITS or mode & _READ_WRITE != _READ_WRITE:
                _change_mode(parent, name, mode & 0o777 | _READ_WRITE)
        elif not stat.S_ISLNK(mode):
            os.unlink(name, dir_fd=parent)
    except OSError:
        pass  # what cannot be mended is left as it is: the reader will say so


def _change_mode(parent: int, name: str, mode: int) -> None:
    """Linux has no chmod that leaves links alone, but a descriptor without rights leads there."""
    if not hasattr(os, "O_PATH"):
        os.chmod(name, mode, dir_fd=parent, follow_symlinks=False)
        return
    descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=parent)
    try:
        if not stat.S_ISLNK(os.fstat(descriptor).st_mode):
            Path(f"/proc/self/fd/{descriptor}").chmod(mode)
    finally:
        os.close(descriptor)


def _remove_folder(parent: int, name: str) -> None:
    """Remove a tree of any depth: folders in it are first moved up beside it."""
    waiting = [name]
    while waiting:
        current = waiting.pop()
        _open_up(parent, current)
        descriptor = os.open(current, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
        try:
            for entry in os.scandir(descriptor):
                if entry.is_dir(follow_symlinks=False):
                    beside = f".{secrets.token_hex(8)}"
                    _open_up(descriptor, entry.name)
                    os.rename(entry.name, beside, src_dir_fd=descriptor, dst_dir_fd=parent)
                    waiting.append(beside)
                else:
                    os.unlink(entry.name, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        os.rmdir(current, dir_fd=parent)

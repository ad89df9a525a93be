"""What an agent left in its work folder, copied out of it by a program that trusts nothing there.

Only regular files and folders come along. Links, pipes, sockets and devices do not, nor what is
too deep, too much or too large; they are counted by kind. No process of the agent is left by now.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections import Counter
from pathlib import Path

MOST_FILES = 10_000
MOST_FOLDERS_DEEP = 32
MOST_BYTES = 2_000_000_000

_LINK = "links"
_SPECIAL = "special files"
_BEYOND = "beyond the limits"
_UNREADABLE = "unreadable"


def copy_leftovers(source: Path, target: Path) -> dict[str, int]:
    """Copy the files below `source` into the empty folder `target`; what did not come along."""
    copying = _Copying()
    waiting = [(source, target, 0)]
    while waiting:
        folder, into, depth = waiting.pop()
        for entry in copying.entries(folder):
            copy = into / entry.name
            if entry.is_symlink():
                copying.left_out[_LINK] += 1
            elif entry.is_dir(follow_symlinks=False):
                if copying.makes_folder(copy, depth):
                    waiting.append((folder / entry.name, copy, depth + 1))
            else:
                copying.copy(entry, copy)
    return dict(copying.left_out)


class _Copying:
    """The counts and the limits of one copy."""

    def __init__(self) -> None:
        self.left_out: Counter[str] = Counter()
        self._made = 0
        self._bytes = 0

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            # An agent may have locked its own folder; it is ours, in a temporary place.
            folder.chmod(0o700)
            with os.scandir(folder) as found:
                return sorted(found, key=lambda entry: os.fsencode(entry.name))
        except OSError:
            self.left_out[_UNREADABLE] += 1
            return []

    def makes_folder(self, copy: Path, depth: int) -> bool:
        if depth >= MOST_FOLDERS_DEEP or self._made >= MOST_FILES:
            self.left_out[_BEYOND] += 1
            return False
        self._made += 1
        try:
            copy.mkdir()
        except OSError:
            self.left_out[_UNREADABLE] += 1
            return False
        return True

    def copy(self, entry: os.DirEntry[str], copy: Path) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
            descriptor = _opened(Path(entry.path)) if stat.S_ISREG(status.st_mode) else -1
        except OSError:
            self.left_out[_UNREADABLE] += 1
            return
        if descriptor < 0:
            self.left_out[_SPECIAL] += 1
            return
        with os.fdopen(descriptor, "rb") as file:
            if self._made >= MOST_FILES or self._bytes + status.st_size > MOST_BYTES:
                self.left_out[_BEYOND] += 1
                return
            self._made += 1
            self._bytes += status.st_size
            with copy.open("xb") as made:
                shutil.copyfileobj(file, made)
                made.flush()
                os.fsync(made.fileno())


def _opened(path: Path) -> int:
    """A descriptor of what lies there itself; opening a pipe does not wait for anybody."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except PermissionError:
        path.chmod(0o600)
        return os.open(path, flags)

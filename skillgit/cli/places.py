"""Where a path of the command line lies in the repository."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from skillgit.errors import UsageError


def in_repository(text: str, work_tree: Path | None) -> str:
    """A path as Git names it, from the root of the repository ("" = the root).

    In a checkout it counts from the current folder, in a bare repository from the root.
    """
    if work_tree is None:
        return _rooted(os.path.normpath(text), text)
    place = Path(os.path.normpath(Path.cwd() / text))
    if not place.is_relative_to(work_tree):
        # The way there may lead through a symbolic link; the file itself may be one and stays.
        place = place.parent.resolve() / place.name
    if not place.is_relative_to(work_tree):
        raise UsageError(
            f"looking for {text}: it is outside the repository {work_tree}",
            hint="name a path of the repository you are in, or go to the other with -C",
        )
    return _rooted(place.relative_to(work_tree).as_posix(), text)


def _rooted(path: str, text: str) -> str:
    if path.startswith(("/", "..")):
        raise UsageError(
            f"looking for {text}: a bare repository has no folder around it",
            hint="name a path from the root of the repository",
        )
    return "" if path == "." else str(PurePosixPath(path))

"""Skills in folders of this machine, as a person edits them: found, and read without a commit.

Nothing is followed out of a skill: a symbolic link is read as the text that it holds.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skillgit.errors import UsageError
from skillgit.names import SkillPath
from skillgit.rules.limits import PROGRAMS
from skillgit.types import MANIFEST

MAX_DEPTH = 6
"""Folders below the one where a search begins."""
MAX_FILES = 20_000
MAX_BYTES = 1_048_577
"""Of each file; one more than what is looked at, so that a longer file is known to be longer."""

SKIPPED = frozenset({"node_modules", "__pycache__"})
"""Folders that are no part of a skill."""

_SEEN = {".agents", ".claude"}


@dataclass(frozen=True, slots=True)
class SkillFolder:
    """What lies in the folder of a skill. `name` is "" where it is a repository's root.

    Of a file that no rule looks into, an image for example, the content is left out.
    """

    name: str
    files: dict[SkillPath, bytes]
    modes: dict[SkillPath, str]
    refused: dict[str, str]
    """Paths that are no SkillPath, and why."""


def find_skills(start: Path) -> tuple[Path, ...]:
    """The folders of the skills at or below a folder, or of the one that holds a file.

    Raises UsageError where `start` cannot be read, or is a file of no skill.
    """
    try:
        if start.is_dir():
            return tuple(sorted(_below(start, MAX_DEPTH)))
        start.lstat()
        holder = next((up for up in start.absolute().parents if _is_skill(up)), None)
    except OSError as error:
        message = f"cannot look for skills in {start}: {error.strerror or error}"
        raise UsageError(
            message, hint="give a skill, its SKILL.md, or a folder of skills"
        ) from error
    if holder is None:
        hint = "give a skill, its SKILL.md, or a folder of skills"
        raise UsageError(
            f"{start} belongs to no skill: no folder above it has a SKILL.md", hint=hint
        )
    return (_as_given(holder, start),)


def read_folder(folder: Path) -> SkillFolder:
    """Read the skill in a folder; UsageError where it cannot be read."""
    name = "" if _is_repository(folder) else folder.resolve().name
    found = SkillFolder(name, {}, {}, {})
    try:
        for count, (path, entry) in enumerate(_files(folder)):
            if count >= MAX_FILES:
                message = f"cannot read the skill in {folder}: more than {MAX_FILES} files"
                raise UsageError(message, hint="give the folder of the skill itself")
            _add(found, path, entry)
    except OSError as error:
        message = f"cannot read the skill in {folder}: {error.strerror or error}"
        raise UsageError(message, hint=f"look at {error.filename}") from error
    return found


def is_read(path: str) -> bool:
    """Does a rule look into such a file of a skill, or may it hold a comment for the rules?"""
    return path.lower().endswith((".md", *PROGRAMS)) or "scripts/" in path


def is_searched(name: str) -> bool:
    """Are skills looked for in folders of this name, where nobody names one?"""
    return name in _SEEN or not (name.startswith(".") or name in SKIPPED)


def _below(folder: Path, depth: int) -> Iterator[Path]:
    if _is_skill(folder):
        yield folder
    if depth == 0:
        return
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False) and is_searched(entry.name):
            yield from _below(folder / entry.name, depth - 1)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_skill(folder: Path) -> bool:
    """Has it a SKILL.md, however spelt? The rules say what they think of the spelling."""
    named = [entry for entry in _entries(folder) if entry.name.lower() == MANIFEST.lower()]
    return any(not entry.is_dir() for entry in named)


def _as_given(holder: Path, start: Path) -> Path:
    """The holder as a path of the kind that was given: relative where that was."""
    ups = len(start.absolute().parts) - len(holder.parts)
    given = start.parents
    return given[ups - 1] if ups <= len(given) else holder


def _files(folder: Path, inside: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    for entry in _entries(folder):
        path = f"{inside}{entry.name}"
        if entry.name == ".git" or entry.name in SKIPPED:
            continue
        if entry.is_dir(follow_symlinks=False) and not _is_repository(Path(entry.path)):
            yield from _files(folder / entry.name, f"{path}/")
        else:
            yield path, entry


def _is_repository(folder: Path) -> bool:
    return os.path.lexists(folder / ".git")


def _add(found: SkillFolder, text: str, entry: os.DirEntry[str]) -> None:
    try:
        path = SkillPath(text)
    except ValueError as unsafe:
        found.refused[text] = str(unsafe).rpartition(": ")[2]
        return
    mode = entry.stat(follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        found.modes[path] = "160000"
    elif stat.S_ISLNK(mode):
        found.modes[path] = "120000"
        found.files[path] = os.fsencode(Path(entry.path).readlink())
    elif stat.S_ISREG(mode):
        if mode & stat.S_IXUSR:
            found.modes[path] = "100755"
        found.files[path] = _content(entry) if is_read(path) else b""
    else:
        found.refused[text] = "neither a file nor a folder"


def _content(entry: os.DirEntry[str]) -> bytes:
    with Path(entry.path).open("rb") as file:
        return file.read(MAX_BYTES)

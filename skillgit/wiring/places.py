"""Where things are: the repository, the skill in it, the folders of this user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs  # noqa: TID251 - its home

from skillgit.errors import UsageError
from skillgit.types import Diagnostic

if TYPE_CHECKING:
    from skillgit.adapters.git import GitRepository


def open_repository(start: Path) -> GitRepository:
    """The Git repository that `start` lies in."""
    from skillgit.adapters.git import GitRepository  # noqa: PLC0415 - GitPython takes 0.2 s

    return GitRepository.open(start)


open_history = open_repository


def models_dir() -> Path:
    """Where model files are kept for all repositories of this user."""
    return platformdirs.user_cache_path("skillgit") / "models"


def state_dir() -> Path:
    """Where logs of unexpected errors go."""
    return platformdirs.user_state_path("skillgit")


def skill_root(skill: str, start: Path, repository: GitRepository) -> str:
    """The skill's folder, from the root of the repository, however it was named."""
    named = Path(skill)
    named = named.parent if named.name == "SKILL.md" else named
    top = repository.work_tree
    if top is None:
        return _relative(named.as_posix())
    place = (start / named).resolve()
    if not place.is_relative_to(top.resolve()):
        raise UsageError(
            f"looking for the skill {skill}: it is outside the repository {top}",
            hint="name a folder of the repository you are in, or give --repo",
        )
    return _relative(place.relative_to(top.resolve()).as_posix())


def _relative(path: str) -> str:
    return "" if path == "." else path.strip("/")


def uncommitted(repository: GitRepository, root: str, base: str) -> list[Diagnostic]:
    """What a person might believe to be read, and is not: a round reads what is committed.

    Compared file by file: `git status` could run filters that the repository chooses.
    """
    if repository.work_tree is None or base != "HEAD":
        return []
    folder = repository.work_tree / root
    committed = repository.read_skill(root, base).files
    if all(_holds(folder / path, data) for path, data in committed.items()):
        return []
    message = "has changes that are not committed; the round reads the commit, not them"
    return [Diagnostic(root or ".", message)]


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes().replace(b"\r\n", b"\n") == data.replace(b"\r\n", b"\n")
    except OSError:
        return False

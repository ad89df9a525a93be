"""The repository of an experiment: bare, its own, with every skill that is measured as a commit.

The skills of a person stay where they are: an experiment makes dozens of branches, and none of them
belongs into a repository that people work in.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from skillgit.adapters.git import GitRepository
from skillgit.errors import SurroundingsError, UsageError
from skillgit.names import Oid, SkillPath
from skillgit.ports import Signature, TreeChange
from skillgit.types import MANIFEST

MAIN = "refs/heads/main"
_PERSON = ("skillgit experiment", "experiment@skillgit.invalid")
_BEGAN = 1_767_225_600
"""1 January 2026: the same skill is always the same commit."""
_MOST_BYTES = 50_000_000
_LEFT_OUT = frozenset({".git", "__pycache__", "node_modules"})


def open_collection(folder: Path) -> GitRepository:
    """The repository in `folder`, made where there is none yet."""
    if not (folder / "HEAD").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _git(folder, "init", "--quiet", "--bare", "--template=", "--initial-branch=main")
        for key, value in zip(("user.name", "user.email"), _PERSON, strict=True):
            _git(folder, "config", key, value)
    repository = GitRepository.open(folder)
    if repository.read_ref(MAIN) is None:
        tree = repository.write_tree(None, ())
        first = repository.write_commit(tree, (), "An experiment of skillgit\n", _signature())
        repository.move_ref(MAIN, first, None, "skillgit experiment")
    return repository


def put_skill(repository: GitRepository, name: str, folder: Path) -> tuple[str, Oid]:
    """A skill as it lies in a folder: its root in the repository, and its commit."""
    root = f"skills/{folder.resolve().name}"
    changes = [
        TreeChange(f"{root}/{path}", repository.write_blob(data), mode)
        for path, mode, data in _files(folder)
    ]
    if not any(change.path == f"{root}/{MANIFEST}" for change in changes):
        raise UsageError(
            f"reading the skill {name} from {folder}: it has no {MANIFEST}",
            hint="the plan names its folder, from where the plan lies",
        )
    main = repository.resolve(MAIN)
    tree = repository.write_tree(main, changes)
    commit = repository.write_commit(tree, (main,), f"{name}: as it was given\n", _signature())
    ref = f"refs/heads/given/{name}"
    before = repository.read_ref(ref)
    if before != commit:
        repository.move_ref(ref, commit, before, "skillgit experiment")
    return root, commit


def _signature() -> Signature:
    return Signature(*_PERSON, _BEGAN)


def _files(folder: Path) -> Iterator[tuple[SkillPath, str, bytes]]:
    """Every file; no link is followed."""
    if not folder.is_dir():
        raise UsageError(
            f"reading a skill from {folder}: there is no such folder",
            hint="the plan names its folder, from where the plan lies",
        )
    try:
        for above, folders, names in os.walk(folder):
            folders[:] = sorted(set(folders) - _LEFT_OUT)
            for name in sorted(names):
                place = Path(above, name)
                path = SkillPath(place.relative_to(folder).as_posix())
                yield (path, *_content(place))
    except (OSError, ValueError) as error:
        raise UsageError(f"reading a skill from {folder}: {error}", hint="mend it") from error


def _content(place: Path) -> tuple[str, bytes]:
    about = place.lstat()
    if stat.S_ISLNK(about.st_mode):
        return "120000", os.fsencode(place.readlink())
    if not stat.S_ISREG(about.st_mode) or about.st_size > _MOST_BYTES:
        raise ValueError(f"{place} is no file of at most {_MOST_BYTES} bytes")
    return "100755" if about.st_mode & stat.S_IXUSR else "100644", place.read_bytes()


def _git(folder: Path, *arguments: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=clean, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise SurroundingsError(
            f"making the repository of the experiment: {error.strerror or error}",
            hint="install git 2.30 or newer",
        ) from error
    if done.returncode:
        raise SurroundingsError(
            f"making the repository of the experiment in {folder}: {done.stderr.strip()}",
            hint="name a folder that you may write to with -o",
        )

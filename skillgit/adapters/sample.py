"""The repository of the demo: made from templates/demo, always with the same commit id."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from skillgit.adapters.resources import resource
from skillgit.errors import SurroundingsError, UsageError

SKILL = "skills/xlsx"
RUNS = "runs"

_PERSON = ("skillgit demo", "demo@skillgit.invalid")
_DATE = "2026-01-01T00:00:00+00:00"
_MARK = "skillgit-demo"
"""A file in `.git` that holds the id of the one commit."""


def make_sample(folder: Path) -> str:
    """Make the repository in `folder`, which is new or empty; the id of its one commit.

    A folder that this function made before, and that nothing was committed to since, is taken as
    it is, so that an interrupted demo goes on.
    Raises UsageError for any other folder with something in it.
    """
    try:
        made = _made_before(folder)
        if made:
            return made
        folder.mkdir(parents=True, exist_ok=True)
        _lay_out(folder)
        return _commit(folder)
    except OSError as error:
        raise SurroundingsError(
            f"making the repository of the demo in {folder}: {error.strerror or error}",
            hint="name a folder that you may write to, and see that git is installed",
        ) from error


def branch_of(folder: Path) -> str:
    """The youngest branch of lessons there, or nothing."""
    names = _git(
        folder,
        "for-each-ref",
        "--sort=-refname",
        "--format=%(refname:short)",
        "refs/heads/skillgit",
    )
    return names.partition("\n")[0]


def _made_before(folder: Path) -> str:
    if not folder.exists():
        return ""
    mark = folder / ".git" / _MARK
    if mark.is_file() and _git(folder, "rev-parse", "HEAD") == mark.read_text("ascii"):
        return mark.read_text("ascii")
    if not folder.is_dir() or any(folder.iterdir()):
        raise UsageError(
            f"making the repository of the demo: {folder} is not an empty folder",
            hint="name a folder that does not exist yet: skillgit demo DIR",
        )
    return ""


def _lay_out(folder: Path) -> None:
    demo = resource("templates", "demo")
    copy = shutil.copyfile  # the content alone: modes and dates of an installation do not matter
    shutil.copytree(demo / "repository", folder, copy_function=copy, dirs_exist_ok=True)
    shutil.copytree(demo / "skills", folder / "skills", copy_function=copy)
    shutil.copytree(demo / "trajectories", folder / RUNS, copy_function=copy)
    copy(demo / "skillgit.toml", folder / ".skillgit.toml")
    (folder / ".gitignore").write_bytes(f"/{RUNS}/\n".encode())


def _commit(folder: Path) -> str:
    _git(folder, "init", "--quiet", "--template=", "--initial-branch=main")
    # Rounds need a name to commit with, and a fresh machine has none; it is the demo's, not yours.
    for key, value in zip(("user.name", "user.email"), _PERSON, strict=True):
        _git(folder, "config", key, value)
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "skills: a first version of xlsx")
    commit = _git(folder, "rev-parse", "HEAD")
    (folder / ".git" / _MARK).write_text(commit, "ascii")
    return commit


def _git(folder: Path, *arguments: str) -> str:
    """Run git in `folder` with nobody's configuration; its output without the last newline."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    clean |= {"GIT_CEILING_DIRECTORIES": str(folder.absolute().parent)}
    clean |= {"GIT_AUTHOR_DATE": _DATE, "GIT_COMMITTER_DATE": _DATE, "LC_ALL": "C"}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SurroundingsError(
            f"making the repository of the demo: git {arguments[0]}: {done.stderr.strip()}",
            hint="see that `git --version` says 2.30 or newer",
        )
    return done.stdout.rstrip("\n")

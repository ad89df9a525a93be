"""What a round needs of this machine: Git, a repository, a place for state, a sandbox."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from skillgit.adapters.git import GitRepository
from skillgit.config import Confinement, Sandbox
from skillgit.doctor.diagnosis import Check, Level
from skillgit.endpoint.store import STATE_FOLDER
from skillgit.errors import SkillgitError, SurroundingsError
from skillgit.sandbox import examine, missing_packages

_WITHOUT = "without one, only `evolve --error-analyst single-call` works"


def probe_machine(start: Path, sandbox: Sandbox) -> Iterator[Check]:
    """Check what work in folder `start` would find. Nothing is written there."""
    yield Check("Python", Level.OK, f"{platform.python_version()} on {platform.system()}")
    git = _git()
    yield git
    if git.level is Level.OK:
        yield from _repository(start)
    yield _sandbox(sandbox)


def _git() -> Check:
    try:
        done = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return Check("Git", Level.FAIL, f"cannot be run: {error}", "install Git 2.30 or newer")
    return Check("Git", Level.OK, done.stdout.strip().removeprefix("git version "))


def _repository(start: Path) -> Iterator[Check]:
    try:
        repository = GitRepository.open(start)
    except SurroundingsError as error:
        yield Check("repository", Level.WARN, error.message, error.hint)
        return
    place = repository.work_tree or repository.common_dir
    if repository.merges:
        yield Check("repository", Level.OK, str(place))
    else:
        yield Check(
            "repository",
            Level.WARN,
            f"{place}; this Git cannot try a merge",
            "install Git 2.38 or newer: lessons are then checked against each other more exactly",
        )
    yield _author(repository)
    yield _state(repository.common_dir)


def _author(repository: GitRepository) -> Check:
    try:
        person = repository.author(0)
    except SkillgitError as error:
        return Check("author", Level.FAIL, "Git knows no name and address for you", error.hint)
    return Check("author", Level.OK, f"{person.name} <{person.email}>")


def _state(common_dir: Path) -> Check:
    folder = common_dir / STATE_FOLDER
    nearest = folder if folder.exists() else common_dir
    if folder.exists() and not folder.is_dir():
        return Check("state", Level.FAIL, f"{folder} is not a folder", "move it out of the way")
    if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
        return Check(
            "state", Level.FAIL, f"{nearest} cannot be written to", "give yourself the right to"
        )
    return Check("state", Level.OK, str(folder))


def _sandbox(options: Sandbox) -> Check:
    """Not needed by every round, so never a failure."""
    trouble = examine(options)
    if trouble is not None:
        others = [
            kind for kind in Confinement if kind is not options.kind and _works(options, kind)
        ]
        better = f"set sandbox.kind to {others[0]}, which works here; or " if others else ""
        return Check("sandbox", Level.WARN, trouble.what, f"{better}{trouble.advice}; {_WITHOUT}")
    missing = missing_packages(options)
    if missing:
        return Check(
            "sandbox",
            Level.WARN,
            f"{options.kind}; its Python has no {', '.join(missing)}",
            "for spreadsheet tasks: pip install 'skillgit[spreadsheet]'",
        )
    return Check("sandbox", Level.OK, options.kind)


def _works(options: Sandbox, kind: Confinement) -> bool:
    program = "bwrap" if kind is Confinement.BUBBLEWRAP else kind
    return bool(shutil.which(program)) and examine(replace(options, kind=kind)) is None

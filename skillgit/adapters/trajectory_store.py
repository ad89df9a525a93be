"""A folder of trajectories, one file for each, with its outcome beside it.

    store/t-4f2a90c1d3e7.json            the trajectory as ATIF
    store/t-4f2a90c1d3e7.result.json     who says how it ended, and what; not where nobody does

A file is there as a whole or not at all, and nothing is overwritten. After a power failure a file
may be empty: to wait for the disk a million times takes an hour. An empty one is written again.
"""

from __future__ import annotations

import secrets
from enum import Enum
from pathlib import Path

from skillgit.errors import SurroundingsError
from skillgit.trajectories.documents import SourceFile
from skillgit.trajectories.importers import import_file
from skillgit.trajectories.stored import outcome_bytes, stored_bytes
from skillgit.types import Trajectory


class Saved(Enum):
    """What became of a trajectory that was to be kept."""

    ADDED = "added"
    THERE = "there already"
    OUTCOME_ADDED = "there already, its outcome is new"
    DIFFERS = "there is another trajectory under its id"
    OUTCOME_DIFFERS = "there is another outcome beside it"


class TrajectoryStore:
    """The folder; it is made where it is missed."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, one: Trajectory) -> Saved:
        """Keep it, if it is new, and its outcome, if that is new; change nothing else."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            return self._save(one)
        except OSError as error:
            raise SurroundingsError(
                f"writing {one.id} into {self.root}: {error.strerror or error}",
                hint="mend that, or give another folder with -o; the same command goes on",
            ) from error

    def place(self, one: Trajectory) -> Path:
        """Where it lies."""
        return self.root / f"{one.id}.json"

    def _save(self, one: Trajectory) -> Saved:
        place, beside = self.place(one), self.root / f"{one.id}.result.json"
        data, outcome = stored_bytes(one), outcome_bytes(one)
        known = _bytes(place)
        if known is not None and known != data and not _is_of(known, one):
            return Saved.DIFFERS
        # The outcome goes first: nobody must find a trajectory without it.
        told = _bytes(beside)
        if told is None and outcome is not None:
            _write(beside, outcome)
        elif outcome is not None and told != outcome:
            return Saved.OUTCOME_DIFFERS
        if known is None:
            _write(place, data)
            return Saved.ADDED
        return Saved.OUTCOME_ADDED if told is None and outcome is not None else Saved.THERE


def _is_of(known: bytes, one: Trajectory) -> bool:
    """Was it made of the same, perhaps found elsewhere? An origin is no part of a trajectory."""
    found = import_file(SourceFile(f"{one.id}.json", known)).trajectories
    return [(each.digest, each.steps) for each in found] == [(one.digest, one.steps)]


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes() or None
    except FileNotFoundError:
        return None


def _write(path: Path, data: bytes) -> None:
    half = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        half.write_bytes(data)
        _put(half, path)
    finally:
        half.unlink(missing_ok=True)


def _put(half: Path, path: Path) -> None:
    """Give it its name; where another process was first, theirs stays."""
    try:
        path.hardlink_to(half)
    except FileExistsError:
        if not path.stat().st_size:
            half.replace(path)
    except OSError:  # a file system without links
        half.replace(path)

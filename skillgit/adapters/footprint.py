"""What `skillgit init` wrote into a repository, so that `--undo` takes back exactly that.

Kept in `.git/skillgit/init.json` of the folder that linked work trees share, by path from there: a
repository may be moved. A file is ours as long as it has the bytes that we wrote.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from skillgit.errors import SurroundingsError

_SCHEMA = "skillgit.init/1"


class Step(StrEnum):
    """What became of a file that `init` wants there, or does not want any more."""

    WROTE = "wrote"
    UPDATED = "updated"
    CHAINED = "chained"
    KEPT = "kept"
    DIFFERS = "differs"
    REMOVED = "removed"
    RESTORED = "restored"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Trace:
    """A file that was written: its kind, the digest of our bytes, and how many of them.

    Of attributes ours are the first bytes of a file that may go on. `kept` is what stood at the
    place of a hook, under the name that it has now.
    """

    kind: str
    sha256: str
    size: int
    kept: str = ""


class Footprint:
    """The files that `init` wrote here."""

    def __init__(self, common_dir: Path) -> None:
        self._folder = common_dir.resolve()
        self._file = self._folder / "skillgit" / "init.json"
        self._traces = self._read()

    @classmethod
    def open(cls, root: Path) -> Self:
        """That of the repository with this work tree."""
        said = git(root, "rev-parse", "--git-common-dir")
        if said is None:
            raise SurroundingsError(
                f"asking Git about {root}: it sees no repository there",
                hint="`git status` there says why; it may be another user's (safe.directory)",
            )
        return cls(root / said)

    def trace(self, path: Path) -> Trace | None:
        """What was written there."""
        return self._traces.get(self._name(path))

    def paths(self, root: Path) -> tuple[Path, ...]:
        """Where something was written and not taken back: in this work tree, and hooks anywhere."""
        found = {Path(os.path.normpath(self._folder / n)): t for n, t in self._traces.items()}
        here = root.resolve()
        return tuple(p for p, t in found.items() if t.kind == "hook" or p.is_relative_to(here))

    def is_ours(self, path: Path) -> bool:
        """Does the file still hold what was written?"""
        trace = self.trace(path)
        with suppress(OSError):
            data = path.read_bytes()
            whole = trace is not None and (trace.kind == "attributes" or len(data) == trace.size)
            return trace is not None and whole and digest(data[: trace.size]) == trace.sha256
        return False

    def note(self, path: Path, kind: str, data: bytes, kept: str = "") -> None:
        """Remember what was written; on disk at once."""
        self._traces[self._name(path)] = Trace(kind, digest(data), len(data), kept)
        self._save()

    def forget(self, path: Path) -> None:
        """It was taken back."""
        self._traces.pop(self._name(path), None)
        self._save()

    def _name(self, path: Path) -> str:
        # The folder may be reached through a link; the file itself may be one and stays.
        return os.path.relpath(path.parent.resolve() / path.name, self._folder)

    def _read(self) -> dict[str, Trace]:
        try:
            return _traces(json.loads(self._file.read_bytes()))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as unfit:
            raise SurroundingsError(
                f"reading what an earlier `skillgit init` wrote, {self._file}: {unfit}",
                hint="move that file away; what it names can then be taken back by hand only",
            ) from unfit

    def _save(self) -> None:
        if not self._traces:
            self._file.unlink(missing_ok=True)
            return
        self._file.parent.mkdir(exist_ok=True)
        files = {name: asdict(trace) for name, trace in sorted(self._traces.items())}
        text = json.dumps({"schema": _SCHEMA, "files": files}, indent=2) + "\n"
        write_whole(self._file, text.encode(), 0o644)


def _traces(document: dict[str, Any]) -> dict[str, Trace]:
    if document["schema"] != _SCHEMA:
        raise ValueError(f"its schema is {document['schema']!r}")
    return {str(name): Trace(**trace) for name, trace in document["files"].items()}


def digest(data: bytes) -> str:
    """Which bytes they are."""
    return hashlib.sha256(data).hexdigest()


def write_whole(path: Path, data: bytes, mode: int) -> None:
    """Write a file beside its place and move it there: it is there as a whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.chmod(mode)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that must not be there yet, not even as a link."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
    path.chmod(mode)


def put_file(
    footprint: Footprint, path: Path, kind: str, data: bytes, *, dry_run: bool = False
) -> Step:
    """See that a file of ours is there; another one at its place is never written over."""
    if not os.path.lexists(path):
        if not dry_run:
            write_new(path, data, 0o644)
            footprint.note(path, kind, data)
        return Step.WROTE
    if path.is_file() and not path.is_symlink():
        if path.read_bytes() == data:
            return Step.KEPT
        if footprint.is_ours(path):  # as an older version wrote it
            if not dry_run:
                write_whole(path, data, 0o644)
                footprint.note(path, kind, data)
            return Step.UPDATED
    return Step.DIFFERS


def take_back(footprint: Footprint, path: Path, *, dry_run: bool = False) -> Step:
    """Undo what was written at a place, unless it was changed since."""
    trace = footprint.trace(path)
    kept = path.with_name(trace.kept) if trace and trace.kept else None
    there = os.path.lexists(path)
    if trace is None or (there and not footprint.is_ours(path)):
        return Step.CHANGED
    rest = path.read_bytes()[trace.size :] if there else b""
    step = Step.REMOVED if there else Step.GONE
    step = Step.RESTORED if rest or (kept and os.path.lexists(kept)) else step
    if dry_run:
        return step
    if kept and os.path.lexists(kept):
        kept.replace(path)
    elif rest:
        write_whole(path, rest, path.stat().st_mode & 0o777)
    elif there:
        path.unlink()
    footprint.forget(path)
    return step


def git(folder: Path, *arguments: str) -> str | None:
    """What a Git command says, in the folder; None where it fails."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)
    except FileNotFoundError as missing:
        raise SurroundingsError(
            "looking for Git: there is no `git` command",
            hint="install Git 2.30 or newer and see that it is on the PATH",
        ) from missing
    return None if done.returncode else os.fsdecode(done.stdout).removesuffix("\n")

"""A folder of runs on disk: `<task>/<seed>/` with trajectory.json, result.json and work/.

A run is written beside its place and renamed into it, so it is there as a whole or not at all.
What an agent left behind is not trusted: no link is followed, into a run or out of one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from skillgit.adapters.leftovers import copy_leftovers
from skillgit.errors import SurroundingsError, UsageError
from skillgit.evaluation.runs import MISHAPS, RunIdentity, RunResult
from skillgit.names import Digest
from skillgit.provenance.canonical import from_json, json_bytes, to_json
from skillgit.types import Diagnostic

SCHEMA = "skillgit.run/1"
RESULT = "result.json"
TRAJECTORY = "trajectory.json"
WORK = "work"

_MOST_RESULT_BYTES = 10_000_000
_MOST_TRAJECTORY_BYTES = 1_000_000_000
_SAFE = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,78}[a-z0-9_-])?")
_BESIDE_THE_FIELDS = frozenset({"schema", "task_name", "rewards", "left_out"})


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as it lies on disk."""

    result: RunResult
    place: Path
    left_out: Mapping[str, int]
    """What of the agent's files was not kept, by kind."""

    @property
    def work(self) -> Path:
        """The files that the agent left; untrusted."""
        return self.place / WORK

    @property
    def trajectory(self) -> Path:
        """The trajectory, whose digest is the result's."""
        return self.place / TRAJECTORY


@dataclass(frozen=True, slots=True)
class _Beside:
    """What result.json holds beside the result and what follows from it."""

    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StoredRuns:
    """All runs of a folder by task and seed, and what could not be read."""

    runs: tuple[StoredRun, ...]
    diagnostics: tuple[Diagnostic, ...] = ()

    def by_trajectory(self) -> dict[Digest, StoredRun]:
        """The runs by the digest of their trajectory, which is its identity for `collect`."""
        return {run.result.trajectory: run for run in self.runs}


class RunFolder:
    """Finished runs below `root`.

    `overwrite` lets a run take the place of another one, and of one that crashed.
    """

    def __init__(self, root: Path, *, overwrite: bool = False) -> None:
        self.root = root
        self._overwrite = overwrite
        self.left_out: Counter[str] = Counter()
        """What of the agents' files was not kept in the runs of this command, by kind."""

    def place(self, task: str, seed: int) -> Path:
        """Where the run of a task with a seed lies; different tasks never share a place."""
        return self.root / _folder_name(task) / str(seed)

    def finished(self, identity: RunIdentity) -> RunResult | None:
        """The result of exactly this run, where it is there; None where it must be run.

        UsageError where the place is taken by another run, or by something damaged, unless
        runs may be overwritten.
        """
        run = self._taken(identity)
        return run.result if run else None

    def save(self, result: RunResult, trajectory: bytes, work: Path | None) -> StoredRun:
        """Keep a run: its files are copied from `work`, and then it is there all at once."""
        place = self.place(result.task, result.seed)
        half = place.with_name(f".{place.name}.{secrets.token_hex(6)}")
        try:
            half.mkdir(parents=True)
            (half / WORK).mkdir()
            left_out = copy_leftovers(work, half / WORK) if work else {}
            _write(half / TRAJECTORY, trajectory)
            _write(half / RESULT, json_bytes(_document(result, left_out)))
            if faster := self._taken(result.identity):
                return faster
            self._move(half, place)
        except OSError as error:
            raise SurroundingsError(
                f"writing the run {place}: {error.strerror or error}",
                hint="make room, or name a folder that you may write to with -o;"
                " finished runs are kept",
            ) from error
        finally:
            shutil.rmtree(half, ignore_errors=True)
        return StoredRun(result, place, left_out)

    def note(self, left_out: Mapping[str, int]) -> None:
        """Count what was not kept of a run that was saved, perhaps on another machine."""
        self.left_out.update(left_out)

    def read(self) -> StoredRuns:
        """All runs of the folder, in the order of tasks and seeds, and what is wrong with others.

        A run is only read if its trajectory is the one that its result tells of.
        """
        runs: list[StoredRun] = []
        faults: list[Diagnostic] = []
        for place in _places(self.root):
            found = _read(place)
            if isinstance(found, StoredRun):
                runs.append(found)
            else:
                faults.append(Diagnostic(place.relative_to(self.root).as_posix(), found))
        runs.sort(key=lambda run: (run.result.task, run.result.seed))
        return StoredRuns(tuple(runs), tuple(faults))

    def results(self) -> tuple[RunResult, ...]:
        """The results of all runs that can be read."""
        return tuple(run.result for run in self.read().runs)

    def _taken(self, identity: RunIdentity) -> StoredRun | None:
        place = self.place(identity.task, identity.seed)
        if not os.path.lexists(place):
            return None
        found = _read(place)
        same = isinstance(found, StoredRun) and found.result.identity == identity
        if isinstance(found, StoredRun) and same and not self._again(found.result):
            return found
        if self._overwrite:
            return None
        what = found if isinstance(found, str) else _difference(found.result.identity, identity)
        raise UsageError(
            f"looking for finished runs: {place} {what}",
            hint="give another folder with -o, or --overwrite to replace it",
        )

    def _again(self, result: RunResult) -> bool:
        return self._overwrite and result.ended in MISHAPS

    def _move(self, half: Path, place: Path) -> None:
        _sync(half)
        old = half.with_name(f"{half.name}.old")
        if os.path.lexists(place):
            place.rename(old)
        half.rename(place)
        _sync(place.parent)
        if old.is_symlink() or old.is_file():
            old.unlink()
        else:
            shutil.rmtree(old, ignore_errors=True)


def _folder_name(task: str) -> str:
    """The task's id where that is a safe name everywhere, else a readable part and a digest."""
    if _SAFE.fullmatch(task):
        return task
    readable = re.sub(r"[^A-Za-z0-9]+", "-", task)[:40].strip("-") or "task"
    digest = hashlib.sha256(task.encode("utf-8", "surrogatepass")).hexdigest()
    # Safe names have no tilde, so the two kinds never meet.
    return f"{readable}~{digest[:16]}"


def _places(root: Path) -> Iterator[Path]:
    for task in _folders(root):
        yield from _folders(task)


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [
                entry.name
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
            ]
    except OSError:
        return []
    return [folder / name for name in sorted(names)]


def _read(place: Path) -> StoredRun | str:
    """The run in a place, or why there is none that can be used."""
    data = _bytes(place / RESULT, _MOST_RESULT_BYTES)
    if isinstance(data, str):
        return f"has no {RESULT} that can be read: {data}"
    run = _parsed(data, place)
    if isinstance(run, str):
        return run
    trajectory = _bytes(run.trajectory, _MOST_TRAJECTORY_BYTES)
    if isinstance(trajectory, str):
        return f"has no {TRAJECTORY} that can be read: {trajectory}"
    if f"sha256:{hashlib.sha256(trajectory).hexdigest()}" != run.result.trajectory:
        return f"has a {TRAJECTORY} that is not the one of its {RESULT}"
    return run


def _parsed(data: bytes, place: Path) -> StoredRun | str:
    try:
        document = json.loads(data)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            return f"has a {RESULT} that is not of {SCHEMA}"
        fields = {key: document[key] for key in document.keys() - _BESIDE_THE_FIELDS}
        result = from_json(RunResult, fields, RESULT)
        beside = from_json(_Beside, {"left_out": document.get("left_out")}, RESULT)
    except (ValueError, RecursionError) as unfit:
        return f"has a damaged {RESULT}: {unfit}"
    if document != _document(result, beside.left_out):
        return f"has a {RESULT} that contradicts itself"
    return StoredRun(result, place, beside.left_out)


def _document(result: RunResult, left_out: Mapping[str, int]) -> dict[str, object]:
    """`task_name` and `rewards` are for readers of Harbor's result files, our own among them."""
    fields: dict[str, object] = to_json(result)
    if not result.used:
        del fields["used"]  # as in the files of before it was looked for
    if not result.official:
        del fields["official"]  # as in the files of before there was any
    return fields | {
        "schema": SCHEMA,
        "task_name": result.task,
        "rewards": {"reward": float(result.passed), "soft": to_json(result.score)},
        "left_out": dict(left_out),
    }


def _difference(found: RunIdentity, wanted: RunIdentity) -> str:
    """Of what the run in the place is instead of the wanted one."""
    if found.task_digest != wanted.task_digest:
        other = "another version of the task"
    elif found.skill != wanted.skill:
        other = f"{_skill_words(found.skill)}, not {_skill_words(wanted.skill)}"
    elif found.model != wanted.model:
        other = f"the model {found.model!r}, not {wanted.model!r}"
    else:
        other = "other settings or prompts (sampling, budgets, grading)"
    return f"holds a finished run of {other}"


def _skill_words(skill: Digest | None) -> str:
    return f"the skill {skill[:19]}…" if skill else "no skill"


def _bytes(path: Path, most: int) -> bytes | str:
    """The bytes of a regular file, or why not. A link is not followed, a pipe not waited for."""
    try:
        with open(path, "rb", opener=_opener) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > most:
                return "not a regular file, or too large"
            return file.read(most)
    except OSError as error:
        return error.strerror or type(error).__name__


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Names in a folder reach the disk; file systems that cannot promise it are not asked twice."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    with suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)

"""Trajectory files and the result files beside them, read from disk one at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from skillgit.adapters.pieces import read_pieces
from skillgit.errors import UsageError
from skillgit.trajectories.documents import SourceFile, is_line_of_many
from skillgit.trajectories.importers.trace2skill_log import is_log
from skillgit.trajectories.lines import plain
from skillgit.types import Diagnostic

MAX_BYTES = 200_000_000
MAX_LINES_BYTES = 100_000_000
"""Lines take some ten times as much memory as they are long, while they are one session."""
_MAX_SIBLING_BYTES = 10_000_000
PIECE_BYTES = 50_000_000
"""How much of a file of lines is read at once that is larger than that."""

_SUFFIXES = (".json", ".jsonl", ".ndjson", ".traj", ".eval")
_TEXT_SUFFIX = ".md"
_HEAD_BYTES = 4096
_MAX_FIRST_LINE = 5_000_000
# What harnesses write beside trajectories; in a folder these are never trajectories themselves.
_BESIDE = frozenset(
    {"result.json", "config.json", "lock.json", "reward.json", "manifest.json"}
    | {"outcome.json", "outcomes.json", "outcomes.jsonl"}
)
_WORK = "work"
_AGENT, _VERIFIER, _TRAJECTORY = "agent", "verifier", "trajectory.json"
# What lies beside `agent/` in the folder of a Harbor trial, and is none of the agent's doing.
_BESIDE_AGENT = frozenset({_VERIFIER, "artifacts", "user-agent"})
_BESIDE_SUFFIXES = (".result.json", ".config.json", ".lock.json")


def read_trajectory_files(paths: Sequence[Path]) -> Iterator[SourceFile | Diagnostic]:
    """The files that may hold trajectories, in a fixed order; what cannot be read as diagnostics.

    Folders are searched for the suffixes of known formats (*.md only where it is the log of a
    run), without hidden folders and without following links out of them. A file that is named
    itself is read whatever its name. Origins are relative to the path given, after its name where
    several folders are given.
    Raises UsageError for a path that does not exist, before anything is read.
    """
    for path in paths:
        if not path.exists():
            raise UsageError(
                f"looking for trajectories: {path} does not exist",
                hint="give files (*.json, *.jsonl, *.traj, *.eval) or folders that hold them",
            )
    return _read_all(paths)


def _read_all(paths: Sequence[Path]) -> Iterator[SourceFile | Diagnostic]:
    several = len(paths) > 1
    for path in paths:
        if path.is_dir():
            yield from _read_folder(path, f"{path.resolve().name}/" if several else "")
        else:
            yield from _read(path, _printable(path.name))


def read_outcomes_file(path: Path) -> SourceFile:
    """The file of `--outcomes`; UsageError where it cannot be read."""
    data = _bytes(path, MAX_BYTES)
    if isinstance(data, str):
        raise UsageError(
            f"reading the outcomes in {path}: {data}",
            hint="give a file of CSV, TSV, JSON or JSON Lines with --outcomes",
        )
    return SourceFile(_printable(path.name), data)


def _read_folder(root: Path, prefix: str) -> Iterator[SourceFile | Diagnostic]:
    inside = root.resolve()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if _WORK in folders and _is_run(Path(folder)):
            folders.remove(_WORK)
        names = _of_trial(Path(folder), folders, names)  # noqa: PLW2901 - fewer of them
        for name in sorted(filter(_may_hold_trajectories, names)):
            path = Path(folder, name)
            origin = prefix + _printable(path.relative_to(root).as_posix())
            if path.suffix.lower() == _TEXT_SUFFIX and not _is_log(path):
                continue
            if not path.resolve().is_relative_to(inside):
                yield Diagnostic(origin, "a link that leads out of the folder is not followed")
            else:
                yield from _read(path, origin)


def _of_trial(folder: Path, folders: list[str], names: list[str]) -> list[str]:
    """The files of a folder; of a Harbor trial only the trajectory.

    An agent leaves logs of its own format beside it, which would count the same run twice.
    """
    if {_AGENT, _VERIFIER} <= set(folders):
        folders[:] = [name for name in folders if name not in _BESIDE_AGENT]
    if folder.name == _AGENT and _TRAJECTORY in names:
        folders.clear()
        return [name for name in names if name.startswith("trajectory.")]
    return names


def _is_run(folder: Path) -> bool:
    """One of skillgit's own runs? What its agent left in `work/` is no trajectory."""
    said = _bytes(folder / "result.json", _MAX_SIBLING_BYTES)
    return isinstance(said, bytes) and b'"skillgit.run/' in said


def _may_hold_trajectories(name: str) -> bool:
    lowered = name.lower()
    beside = lowered in _BESIDE or lowered.endswith(_BESIDE_SUFFIXES)
    known = lowered.endswith((*_SUFFIXES, _TEXT_SUFFIX))
    return known and not beside and not lowered.startswith(".")


def _is_log(path: Path) -> bool:
    """A text that begins as a log of a run? Folders hold many others, which nobody must hear of."""
    head = _bytes(path, _HEAD_BYTES, whole=False)
    return isinstance(head, bytes) and is_log(head)


def _read(path: Path, origin: str) -> Iterator[SourceFile | Diagnostic]:
    if _size(path) > MAX_LINES_BYTES and _is_large_file_of_lines(path):
        yield from read_pieces(path, origin, PIECE_BYTES)
        return
    data = _bytes(path, MAX_BYTES)
    if isinstance(data, str):
        yield Diagnostic(origin, data)
    else:
        yield SourceFile(origin, data, _siblings(path), _lock(path))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _is_large_file_of_lines(path: Path) -> bool:
    head = _bytes(path, _MAX_FIRST_LINE, whole=False)
    if not isinstance(head, bytes) or len(head) < _MAX_FIRST_LINE:
        return False
    line, ended, _ = head.partition(b"\n")
    return bool(ended) and is_line_of_many(line)


def _siblings(path: Path) -> dict[str, bytes]:
    """Result files of this trajectory: named after it, beside it, or where Harbor writes them."""
    stem = path.name.rsplit(".", 1)[0].removesuffix(".trajectory")
    names = [f"{stem}.result.json", "result.json", "../result.json"]
    if path.parent.name == _AGENT:
        if path.parent.parent.parent.name == "steps":
            names.append(f"../../../result.json#{path.parent.parent.name}")
        names += ["../verifier/reward.json", "../verifier/reward.txt"]
    found: dict[str, bytes] = {}
    for name in names:
        data = _beside(path, name.partition("#")[0])
        if data is not None:
            found[_printable(name)] = data
    return found


def _lock(path: Path) -> bytes:
    """What Harbor wrote about the inputs of a trial; nothing for other files."""
    if path.parent.name != _AGENT:
        return b""
    return _beside(path, "../lock.json") or _beside(path, "../../../lock.json") or b""


def _beside(path: Path, name: str) -> bytes | None:
    sibling = path.parent / name
    if sibling.is_symlink() or sibling == path or not sibling.is_file():
        return None
    data = _bytes(sibling, _MAX_SIBLING_BYTES)
    return data if isinstance(data, bytes) else None


def _bytes(path: Path, most: int, *, whole: bool = True) -> bytes | str:
    """The bytes of a regular file, or why not; the first `most` of it, if not the whole."""
    try:
        # Without O_NONBLOCK, opening a pipe would wait for someone to write into it.
        with open(path, "rb", opener=_opener) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return "not a regular file"
            if whole and status.st_size > most:
                return _too_large(most)
            data = file.read(most + 1)
    except OSError as error:
        return f"cannot be read: {error.strerror or type(error).__name__}"
    if not whole:
        return data[:most]
    # It may have grown in the meantime.
    return data if len(data) <= most else _too_large(most)


def _too_large(most: int) -> str:
    return f"larger than {most // 1_000_000} MB: split it, or give its parts one by one"


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _printable(name: str) -> str:
    """A name that is safe to show and to store, whatever bytes the file system holds."""
    text = plain(os.fsencode(name).decode(errors="replace"))
    return text.replace("\n", " ").replace("\t", " ")

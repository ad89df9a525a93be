"""The index of a repository, and what a patch would make of its HEAD, as plumbing commands tell it.

Separate from `git.py`: a hook that checks one staged skill has no time to import GitPython. Nothing
here follows the configuration of a user, reads the work tree, or writes into the repository; what a
patch needs is written into a folder that is thrown away.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from skillgit.adapters.folders import MAX_BYTES, SkillFolder, is_read
from skillgit.errors import SurroundingsError, UsageError
from skillgit.names import SkillPath

_CONFIGURATION = {
    "apply.ignoreWhitespace": "no",
    "apply.whitespace": "nowarn",
    "core.attributesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "core.untrackedCache": "false",
}
_ENVIRONMENT = {
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LANGUAGE": "C",
    "LC_ALL": "C",
}
_EMPTY_BLOBS = {
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
}
_SUBMODULE = "160000"
_FILE = "100644"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the index. `stage` is 0, or the side of a merge that is not resolved."""

    mode: str
    oid: str
    stage: int
    path: str


@dataclass(frozen=True, slots=True)
class Staged:
    """A path that differs from HEAD; `status` is Git's letter, D for a path that is gone."""

    status: str
    path: str
    oid: str


class GitIndex:
    """An index: the repository's own, or one that stands for HEAD and a patch.

    Paths count from the root of the work tree and hold surrogate escapes where they are no UTF-8.
    """

    def __init__(self, git_dir: Path, top: Path, environment: Mapping[str, str]) -> None:
        self.top = top
        self._git_dir = git_dir
        self._environment = environment

    @classmethod
    def open(cls, start: Path, *, needs_index: bool = True) -> Self:
        """The index of the repository that `start` lies in; GIT_INDEX_FILE is honoured.

        Raises SurroundingsError where there is no Git or no repository, and UsageError where a
        bare repository has no index.
        """
        asked = ("rev-parse", "--absolute-git-dir", "--is-bare-repository", "--show-toplevel")
        done = _run(asked, start, os.environ)
        told = done.stdout.decode("utf-8", "surrogateescape").split("\n")
        if len(told) < 3:
            raise SurroundingsError(
                f"looking for a Git repository at {start}: {_said(done)}",
                hint="go into a repository, or check folders without --staged and --patch",
            )
        bare = told[1] == "true" or len(told) < 4
        if bare and needs_index:
            raise UsageError(
                f"reading the index of {told[0]}: a bare repository has none",
                hint="check a range of commits, or go into a work tree",
            )
        git_dir, top = Path(told[0]), Path(told[0] if bare else told[2])
        environment = {"GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(top)}
        if os.environ.get("GIT_INDEX_FILE"):
            environment["GIT_INDEX_FILE"] = str(top / os.environ["GIT_INDEX_FILE"])
        return cls(git_dir, top, environment)

    def look(self) -> tuple[tuple[Entry, ...], tuple[Staged, ...]]:
        """The files that a commit would hold, both sides of a merge, and what differs from HEAD.

        Without a commit yet all of it differs.
        """
        listed = self._git("ls-files", "--stage", "-z", "--full-name").split("\0")
        entries = tuple(map(_entry, filter(None, listed)))
        staged = self._differing()
        if any(one.oid in _EMPTY_BLOBS for one in staged):
            # `git add --intent-to-add` announces a file that no commit would hold yet.
            real = self._differing("--ita-invisible-in-index")
            announced = {one.path for one in staged} - {one.path for one in real}
            entries = tuple(one for one in entries if one.path not in announced)
            staged = real
        return entries, staged

    def read(self, skills: Mapping[str, Sequence[Entry]]) -> dict[str, SkillFolder]:
        """The skills in some folders ("" for the root), each with the entries that are its."""
        entries = (entry for each in skills.values() for entry in each if is_read(entry.path))
        contents = self._blobs({one.oid for one in entries if one.mode != _SUBMODULE})
        return {root: _skill(root, entries, contents) for root, entries in skills.items()}

    @contextmanager
    def of_head(self) -> Iterator[GitIndex]:
        """HEAD's tree as an index of its own, which `apply` may change; empty without a commit."""
        with tempfile.TemporaryDirectory(prefix="skillgit-") as folder:
            objects = Path(folder) / "objects"
            objects.mkdir()
            kept = self._git("rev-parse", "--git-path", "objects").rstrip("\n")
            own = str(self.top / (os.environ.get("GIT_OBJECT_DIRECTORY") or kept))
            others = os.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES")
            quoted = '"' + own.replace("\\", "\\\\").replace('"', '\\"') + '"'
            scratch = {
                **self._environment,
                "GIT_INDEX_FILE": str(Path(folder) / "index"),
                "GIT_OBJECT_DIRECTORY": str(objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(filter(None, (quoted, others))),
            }
            made = GitIndex(self._git_dir, self.top, scratch)
            made._git("read-tree", "HEAD" if self._has_head() else "--empty")
            yield made

    def apply(self, patch: bytes) -> str:
        """Apply a patch to the index of `of_head`; Git's reason where it cannot be, and why not."""
        for arguments in (("--check",), ()):
            done = self._run(("apply", "--cached", *arguments, "-"), patch)
            if done.returncode:
                return _said(done)
        return ""

    def _has_head(self) -> bool:
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD^{commit}")
        return self._run(asked).returncode == 0

    def _differing(self, *options: str) -> tuple[Staged, ...]:
        asked = ("diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "-r")
        done = self._run((*asked, *options, "HEAD", "--"))
        if done.returncode and not self._has_head():
            nothing = self._git("hash-object", "-t", "tree", os.devnull).rstrip("\n")
            done = self._run((*asked, *options, nothing, "--"))
        if done.returncode:
            raise _failed("diff-index", self._git_dir, done)
        fields = done.stdout.decode("utf-8", "surrogateescape").split("\0")
        return tuple(map(_staged, fields[:-1:2], fields[1::2]))

    def _blobs(self, oids: set[str]) -> Mapping[str, bytes]:
        """The bytes of blobs; those that are larger than what is looked at come as zeros."""
        if not oids:
            return {}
        asked = "".join(f"{oid}\n" for oid in sorted(oids)).encode()
        sizes = self._run(("cat-file", "--batch-check"), asked).stdout.decode("ascii").split("\n")
        small, contents = [], {}
        for line in filter(None, sizes):
            oid, kind, *size = line.split(" ")
            if kind == "missing":
                raise SurroundingsError(
                    f"reading the index: the repository lacks {oid}",
                    hint="fetch it, or run `git fsck`",
                )
            if int(size[0]) < MAX_BYTES:
                small.append(oid)
            else:
                contents[oid] = bytes(MAX_BYTES)
        asked = "".join(f"{oid}\n" for oid in small).encode()
        contents.update(_batch(self._run(("cat-file", "--batch"), asked).stdout))
        return contents

    def _git(self, *arguments: str) -> str:
        done = self._run(arguments)
        if done.returncode:
            raise _failed(arguments[0], self._git_dir, done)
        return done.stdout.decode("utf-8", "surrogateescape")

    def _run(
        self, arguments: tuple[str, ...], given: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        return _run(arguments, self.top, {**os.environ, **self._environment}, given)


def _run(
    arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    settings = [part for key, value in _CONFIGURATION.items() for part in ("-c", f"{key}={value}")]
    try:
        return subprocess.run(
            ["git", *settings, *arguments],
            cwd=folder,
            env={**environment, **_ENVIRONMENT},
            input=given,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as missing:
        raise SurroundingsError(
            "looking for Git: there is no `git` command",
            hint="install Git 2.30 or newer and see that it is on the PATH",
        ) from missing


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().split("\n")
    told = [line.removeprefix("fatal: ").removeprefix("error: ") for line in lines if line]
    return "; ".join(told) or f"exit status {done.returncode}"


def _failed(
    command: str, git_dir: Path, done: subprocess.CompletedProcess[bytes]
) -> SurroundingsError:
    return SurroundingsError(
        f"running git {command} in {git_dir}: {_said(done)}",
        hint="run `git fsck` if the repository looks damaged",
    )


def _skill(root: str, entries: Sequence[Entry], contents: Mapping[str, bytes]) -> SkillFolder:
    found = SkillFolder(root.rpartition("/")[2], {}, {}, {})
    for entry in entries:
        text = entry.path[len(root) + 1 if root else 0 :]
        try:
            path = SkillPath(text)
        except ValueError as unsafe:
            found.refused[text] = str(unsafe).rpartition(": ")[2]
            continue
        if entry.mode != _FILE:
            found.modes[path] = entry.mode
        if entry.mode != _SUBMODULE:
            found.files[path] = contents.get(entry.oid, b"")
    return found


def _entry(record: str) -> Entry:
    head, _, path = record.partition("\t")
    mode, oid, stage = head.split(" ")
    return Entry(mode, oid, int(stage), path)


def _staged(head: str, path: str) -> Staged:
    *_, oid, status = head.split(" ")
    return Staged(status, path, oid)


def _batch(answer: bytes) -> Iterator[tuple[str, bytes]]:
    place = 0
    while place < len(answer):
        start = answer.index(b"\n", place) + 1
        oid, _, size = answer[place : start - 1].decode("ascii").split(" ")
        place = start + int(size)
        yield oid, answer[start:place]
        place += 1

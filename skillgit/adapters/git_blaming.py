"""Who wrote a line: `git blame`, and how a Git command is run here at all."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from skillgit.errors import UsageError
from skillgit.names import Oid
from skillgit.ports import BlamedLine
from skillgit.types import LineRange


@dataclass(frozen=True, slots=True)
class Output:
    """What a command left behind."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def line(self) -> str:
        """The first line of stdout."""
        return self.stdout.decode("utf-8", "replace").partition("\n")[0]


class Run(Protocol):
    """Run one Git command in the repository."""

    def __call__(
        self,
        *arguments: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        allow: tuple[int, ...] = (0,),
    ) -> Output:
        """SurroundingsError where it ends with a status that is not in `allow`."""
        ...


class Blaming:
    """The part of the reading half that asks who wrote a line."""

    run: Run

    @property
    def work_tree(self) -> Path | None:
        """The root of the checkout; None in a bare repository."""
        raise NotImplementedError

    def blame(
        self, path: str, lines: LineRange, at: Oid, *, through: bool = False
    ) -> tuple[BlamedLine, ...]:
        """Who last wrote each of these lines; UsageError where there is no such file or line.

        The commits that `blame.ignoreRevsFile` lists do not count. `through` looks through what
        changed no word: blanks and line ends, lines that were moved or copied, between files too.
        """
        looks = ("-w", "-M", "-C", "-C") if through else ()
        asked = ("-L", f"{lines.first},{lines.last}", at, "--", path)
        with self._ignored_revisions(at) as (place, env):
            command = (*place, "blame", "--line-porcelain", *looks, *asked)
            found = self.run(*command, env=env, allow=(0, 128))
        if found.status:
            said = found.stderr.strip().removeprefix("fatal: ")
            line = "give a file of that commit and one of its lines, as skills/xlsx/SKILL.md:12"
            listed = "see `git config --get-all blame.ignoreRevsFile`: Git needs the files it names"
            raise UsageError(
                f"asking who wrote {path}:{lines} at {at[:12]}: {said}",
                hint=listed if "object name list" in said else line,
            )
        return tuple(_blamed_lines(found.stdout, path))

    @contextmanager
    def _ignored_revisions(self, at: Oid) -> Iterator[tuple[Sequence[str], Mapping[str, str]]]:
        """Where `git blame` finds the files that `blame.ignoreRevsFile` names.

        Git takes them from the root of the checkout and dies where one is missing. No command of
        ours is run there, and a bare repository has none: so they are laid out in a folder.
        """
        asked = ("config", "-z", "--get-all", "blame.ignoreRevsFile")
        told = self.run(*asked, allow=(0, 1, 128)).stdout.decode("utf-8", "surrogateescape")
        names = [Path(name) for name in told.split("\0") if name and not name.startswith("~")]
        here = [name for name in names if not name.is_absolute() and ".." not in name.parts]
        if not here:
            yield (), {}
            return
        with tempfile.TemporaryDirectory(prefix="skillgit-") as folder:
            for name in here:
                place = Path(folder) / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(self._file_in_checkout(name, at))
            yield ("-C", folder), {"GIT_WORK_TREE": folder}

    def _file_in_checkout(self, name: Path, at: Oid) -> bytes:
        """A file as it lies in the checkout, or in the commit where there is none."""
        if self.work_tree is not None:
            place = self.work_tree / name
            return place.read_bytes() if place.is_file() else b""
        found = self.run("cat-file", "blob", f"{at}:{name.as_posix()}", allow=(0, 128))
        return found.stdout


def _blamed_lines(answer: bytes, path: str) -> Iterator[BlamedLine]:
    """`blame --line-porcelain`: for each line a head, fields, and the text after a tab.

    Only the text may hold what is not ours, so the answer is split at line feeds alone.
    """
    fields: list[str] = []
    for line in answer.decode("utf-8", "replace").split("\n"):
        if not line.startswith("\t"):
            fields.append(line)
            continue
        oid, number, *_ = fields[0].split(" ")
        named = next((f for f in fields if f.startswith("filename ")), f"filename {path}")
        where = _unquoted(named.removeprefix("filename "), path)
        yield BlamedLine(Oid(oid), where, int(number), line[1:])
        fields = []


def _unquoted(name: str, otherwise: str) -> str:
    if not name.startswith('"'):
        return name
    plain = re.fullmatch(r'"(?:[^"\\]|\\["\\])*"', name)
    return str(json.loads(name)) if plain else otherwise

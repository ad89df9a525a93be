"""The Git commands that read: skills, commits, refs, diffs, trees, blobs, blame."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from skillgit.errors import SurroundingsError, UsageError
from skillgit.names import Oid, SkillPath
from skillgit.ports import BlamedLine, Commit
from skillgit.types import MANIFEST, Skill

_SUBMODULE = "160000"
_DIFF_OPTIONS = (
    *("-p", "-r", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color"),
    *("--text", "-U3", "--inter-hunk-context=0", "--indent-heuristic", "--no-relative"),
    *("--diff-algorithm=histogram", "--ignore-submodules=none", "--submodule=short"),
    *("--src-prefix=a/", "--dst-prefix=b/"),
)


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


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    oid: Oid
    path: str


class Reading:
    """The reading half of a repository; `run` is the other's."""

    run: Run

    def resolve(self, revision: str) -> Oid:
        """The commit that a revision names; UsageError where it names none."""
        if revision and "\0" not in revision:
            asked = ("--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
            found = self.run("rev-parse", *asked, allow=(0, 1, 128))
            if found.status == 0:
                return Oid(found.line)
        raise UsageError(
            f"looking for a commit: {revision!r} names none in this repository",
            hint="see `git log --oneline --all`; a new repository needs a first commit",
        )

    def read_skill(self, root: str, at: str) -> Skill:
        """The skill in folder `root` as of revision `at`, symbolic links not followed."""
        root = "" if root == "." else root.removeprefix("./").strip("/")
        commit = self.resolve(at)
        where = f"reading the skill {root or '.'} at {commit[:12]}"
        entries = self._entries(f"{commit}:{root}")
        if not any(entry.path == MANIFEST for entry in entries):
            raise UsageError(
                f"{where}: there is no SKILL.md in that folder of the commit",
                hint="name the folder of a SKILL.md, from the root, and commit it first",
            )
        try:
            paths = {entry.path: SkillPath(entry.path) for entry in entries}
            contents = self._contents([e.oid for e in entries if e.mode != _SUBMODULE])
            return Skill(
                root,
                commit,
                files={paths[entry.path]: contents.get(entry.oid, b"") for entry in entries},
                modes={paths[e.path]: e.mode for e in entries if e.mode != "100644"},
            )
        except ValueError as unsafe:
            raise UsageError(f"{where}: {unsafe}", hint="rename it and commit") from unsafe

    def diff(self, old: Oid, new: Oid) -> bytes:
        """The canonical diff of two commits or trees, whatever the user's configuration says."""
        return self.run("diff-tree", *_DIFF_OPTIONS, old, new).stdout

    def changed_paths(self, old: Oid, new: Oid) -> tuple[str, ...]:
        """The paths that differ between two commits or trees, from the root of the repository."""
        names = self.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new).stdout
        return tuple(name.decode("utf-8", "replace") for name in names.split(b"\0") if name)

    def read_ref(self, ref: str) -> Oid | None:
        """Where a ref points, if it exists."""
        found = self.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", ref, allow=(0, 1, 128)
        )
        return Oid(found.line) if found.status == 0 and ref.startswith("refs/") else None

    def refs(self, *prefixes: str) -> Mapping[str, Oid]:
        """Full ref names below the prefixes and the commits that they point to."""
        told = "--format=%(objecttype) %(objectname) %(refname)"
        lines = self.run("for-each-ref", told, *prefixes).stdout.decode("utf-8", "replace")
        fields = [line.split(" ", 2) for line in lines.split("\n") if line]
        return {name: Oid(oid) for kind, oid, name in fields if kind == "commit"}

    def is_ancestor(self, older: Oid, newer: Oid) -> bool:
        """Is `older` reachable from `newer`? False as well where either is not here."""
        return self.run("merge-base", "--is-ancestor", older, newer, allow=(0, 1, 128)).status == 0

    def commits(self, *revisions: str, containing: str = "") -> tuple[Commit, ...]:
        """The commits of a range, parents first; only messages with that text, if one is given."""
        unfit = any(not r or r.startswith("-") or re.search(r"[\0\n]", r) for r in revisions)
        grep = (f"--grep={containing}", "--fixed-strings") if containing else ()
        asked = "".join(f"{revision}\n" for revision in revisions).encode()
        if revisions and not unfit:
            walk = ("rev-list", "--topo-order", "--reverse", *grep, "--stdin")
            found = self.run(*walk, stdin=asked, allow=(0, 128, 129))
            if found.status == 0:
                oids = [Oid(line) for line in found.stdout.decode().split()]
                raw = self._contents(oids)
                return tuple(_commit(oid, raw[oid]) for oid in oids)
        raise UsageError(
            f"reading the history: {' '.join(revisions)!r} is no range of commits here",
            hint="a range looks like main..skillgit/xlsx/20261121T231905Z-7f3ac1",
        )

    def read_blob(self, blob: Oid) -> bytes | None:
        """The bytes of a blob; None where the repository does not have it."""
        found = self.run("cat-file", "blob", blob, allow=(0, 1, 128))
        return found.stdout if found.status == 0 else None

    def read_blobs(self, blobs: Sequence[Oid]) -> Mapping[Oid, bytes]:
        """The bytes of many blobs at once; those that are missing are left out."""
        asked = "".join(f"{oid}\n" for oid in blobs).encode()
        return dict(_batch(self.run("cat-file", "--batch", stdin=asked).stdout)) if blobs else {}

    def tree(self, at: Oid, folder: str = "") -> Mapping[str, Oid]:
        """All files below a folder of a commit, by path from that folder; empty where none."""
        return {entry.path: entry.oid for entry in self._entries(f"{at}:{folder}")}

    def blame(self, path: str, line: int, at: Oid) -> BlamedLine:
        """Who last wrote a line; UsageError where there is no such file or line."""
        span = f"{line},{line}"
        found = self.run("blame", "--porcelain", "-L", span, at, "--", path, allow=(0, 128))
        if found.status:
            said = found.stderr.strip().removeprefix("fatal: ")
            raise UsageError(
                f"asking who wrote {path}:{line} at {at[:12]}: {said}",
                hint="give a file of that commit and one of its lines, as skills/xlsx/SKILL.md:12",
            )
        return _blamed(found.stdout.decode("utf-8", "replace"), path)

    def _entries(self, tree: str) -> list[_Entry]:
        """Every file of a tree, `<commit>:<folder>`; none where there is no such folder."""
        found = self.run("ls-tree", "-r", "-z", "--full-tree", tree, allow=(0, 128))
        records = [record for record in found.stdout.split(b"\0") if record]
        return [_entry(record) for record in records]

    def _contents(self, oids: Sequence[Oid]) -> Mapping[Oid, bytes]:
        """The bytes of objects that must be there."""
        contents = self.read_blobs(oids)
        if missing := [oid for oid in oids if oid not in contents]:
            raise SurroundingsError(
                f"reading objects: the repository lacks {missing[0]}",
                hint="fetch it, or run `git fsck`",
            )
        return contents


def _entry(record: bytes) -> _Entry:
    head, _, path = record.partition(b"\t")
    mode, _, oid = head.decode("ascii").split(" ", 2)
    return _Entry(mode, Oid(oid), path.decode("utf-8", "surrogateescape"))


def _batch(answer: bytes) -> Iterator[tuple[Oid, bytes]]:
    """The objects of a `cat-file --batch` answer; what is missing is left out."""
    place = 0
    while place < len(answer):
        start = answer.index(b"\n", place) + 1
        oid, kind, *size = answer[place : start - 1].decode("ascii").split(" ")
        place = start
        if kind != "missing":
            place += int(size[0])
            yield Oid(oid), answer[start:place]
            place += 1


def _commit(oid: Oid, raw: bytes) -> Commit:
    head, _, body = raw.partition(b"\n\n")
    fields = [line.partition(b" ")[::2] for line in head.split(b"\n") if not line.startswith(b" ")]
    encoding = next((value for key, value in fields if key == b"encoding"), b"utf-8")
    author = next((value for key, value in fields if key == b"author"), b"")
    name, _, when = _decoded(author, encoding).rpartition("> ")
    return Commit(
        id=oid,
        parents=tuple(Oid(value.decode("ascii")) for key, value in fields if key == b"parent"),
        author=f"{name}>",
        seconds=int(when.split(" ")[0]) if when.split(" ")[0].lstrip("-").isdigit() else 0,
        message=_decoded(body, encoding),
    )


def _decoded(data: bytes, encoding: bytes) -> str:
    try:
        return data.decode(encoding.decode("ascii", "replace"), "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def _blamed(answer: str, path: str) -> BlamedLine:
    """One line of `blame --porcelain`: a head, fields, and the text after a tab."""
    head, *fields = answer.split("\n")
    oid, line, *_ = head.split(" ")
    named = next((f.removeprefix("filename ") for f in fields if f.startswith("filename ")), path)
    if named.startswith('"'):
        named = json.loads(named) if re.fullmatch(r'"(?:[^"\\]|\\["\\])*"', named) else path
    text = next((field[1:] for field in fields if field.startswith("\t")), "")
    return BlamedLine(Oid(oid), named, int(line), text)

"""The Git commands that read: skills, commits, refs, diffs, trees, blobs, blame."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skillgit.adapters.git_blaming import Blaming, Output, Run
from skillgit.errors import SurroundingsError, UsageError
from skillgit.names import Oid, SkillPath
from skillgit.ports import Commit
from skillgit.types import MANIFEST, Skill

__all__ = ["DIFF_OPTIONS", "Output", "Reading", "Run"]

_SUBMODULE = "160000"
DIFF_OPTIONS = (
    *("-p", "-r", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color"),
    *("--text", "-U3", "--inter-hunk-context=0", "--indent-heuristic", "--no-relative"),
    *("--diff-algorithm=histogram", "--ignore-submodules=none", "--submodule=short"),
    *("--src-prefix=a/", "--dst-prefix=b/"),
)


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    oid: Oid
    path: str


class Reading(Blaming):
    """The reading half of a repository; `run` is the other's."""

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
        return self.run("diff-tree", *DIFF_OPTIONS, old, new).stdout

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

    def diffs(self, commits: Sequence[Oid], *, back: bool = False) -> Mapping[Oid, bytes]:
        """The canonical diff of each commit to its one parent; `back` is from it to the parent."""
        asked = "".join(f"{oid}\n" for oid in commits).encode()
        # Turned round, Git swaps the prefixes as well.
        turned = ("-R", "--src-prefix=b/", "--dst-prefix=a/") if back else ()
        found = self.run("diff-tree", "--stdin", *DIFF_OPTIONS, *turned, stdin=asked)
        return dict(_diffs_by_commit(found.stdout)) if commits else {}

    def refs(self, *prefixes: str) -> Mapping[str, Oid]:
        """Full ref names below the prefixes and the commits that they point to."""
        told = "--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname) %(refname)"
        lines = self.run("for-each-ref", told, *prefixes).stdout.decode("utf-8", "replace")
        fields = [line.split(" ", 4) for line in lines.split("\n") if line]
        found = {name: (kind, oid, of, of_oid) for kind, oid, of, of_oid, name in fields}
        # An annotated tag points to a commit through an object of its own.
        return {
            name: Oid(of_oid if of else oid)
            for name, (kind, oid, of, of_oid) in found.items()
            if (of or kind) == "commit"
        }

    def is_ancestor(self, older: Oid, newer: Oid) -> bool:
        """Is `older` reachable from `newer`? False as well where either is not here."""
        return self.run("merge-base", "--is-ancestor", older, newer, allow=(0, 1, 128)).status == 0

    def commits(
        self, *revisions: str, containing: str = "", paths: Sequence[str] = ()
    ) -> tuple[Commit, ...]:
        """The commits of a range, parents first; only messages with that text, if one is given.

        With `paths` only those that change one of these files or folders.
        """
        unfit = any(not r or r.startswith("-") or re.search(r"[\0\n]", r) for r in revisions)
        grep = (f"--grep={containing}", "--fixed-strings") if containing else ()
        asked = "".join(f"{revision}\n" for revision in revisions).encode()
        narrow = ("--full-history", "--", *paths) if paths else ()
        if revisions and not unfit:
            walk = ("rev-list", "--topo-order", "--reverse", *grep, "--stdin", *narrow)
            found = self.run(*walk, stdin=asked, allow=(0, 128, 129))
            if found.status == 0:
                return self._commits_called(found.stdout)
        raise UsageError(
            f"reading the history: {' '.join(revisions)!r} is no range of commits here",
            hint="a range looks like main..skillgit/xlsx/20261121T231905Z-7f3ac1",
        )

    def mentions(self, text: str) -> tuple[Commit, ...]:
        """The commits with that text in their message that any ref or HEAD reaches.

        The evidence itself does not count: what lies under refs/skillgit/ is left out.
        """
        found = self.run(
            *("rev-list", "--topo-order", "--reverse", f"--grep={text}", "--fixed-strings"),
            *("--exclude=refs/skillgit/*", "--all"),
        )
        return self._commits_called(found.stdout)

    def _commits_called(self, oids: bytes) -> tuple[Commit, ...]:
        names = [Oid(line) for line in oids.decode().split()]
        raw = self._contents(names)
        return tuple(_commit(oid, raw[oid]) for oid in names)

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


_DIFF_OF = re.compile(rb"^([0-9a-f]{40}|[0-9a-f]{64})\n", re.MULTILINE)


def _diffs_by_commit(answer: bytes) -> Iterator[tuple[Oid, bytes]]:
    """No line of a diff is a bare id: each begins with a mark, a keyword or a backslash."""
    _, *parts = _DIFF_OF.split(answer)
    for oid, diff in zip(parts[::2], parts[1::2], strict=True):
        yield Oid(oid.decode("ascii")), diff

"""Git as the stages and the readers of a history need it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from skillgit.names import Oid
from skillgit.types import LineRange, Skill


@dataclass(frozen=True, slots=True)
class TreeChange:
    """A file of a tree that a commit writes; `blob` None removes it. `path` from the repo root."""

    path: str
    blob: Oid | None
    mode: str = "100644"


@dataclass(frozen=True, slots=True)
class Signature:
    """Who and when, for a commit."""

    name: str
    email: str
    seconds: int


@dataclass(frozen=True, slots=True)
class RefMove:
    """A ref, where it shall point, and where it must point now (None = it must not exist)."""

    ref: str
    new: Oid
    expected: Oid | None


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit of many that are made at once; `parent` may be the place of an earlier one."""

    tree: Oid
    parent: Oid | int
    message: str


@dataclass(frozen=True, slots=True)
class Merged:
    """The tree of a three-way merge, and the paths that conflict in it."""

    tree: Oid
    conflicts: tuple[str, ...] = ()


class Repository(Protocol):
    """A Git repository as a store of objects and refs. Never touches HEAD, index or work tree."""

    def read_skill(self, root: str, at: str) -> Skill:
        """The skill in folder `root` as of revision `at`; UsageError where there is none."""
        ...

    def resolve(self, revision: str) -> Oid:
        """The commit that a revision names; UsageError where it names none."""
        ...

    def author(self, seconds: int) -> Signature:
        """The person who runs the round, as Git knows them, at that second."""
        ...

    def write_blob(self, data: bytes) -> Oid:
        """Store a file."""
        ...

    def write_blobs(self, contents: Iterable[bytes]) -> tuple[Oid, ...]:
        """Store many files at once."""
        ...

    def write_tree(self, base: Oid | None, changes: Sequence[TreeChange]) -> Oid:
        """The tree of `base` (a commit; None = empty) with `changes`."""
        ...

    def write_trees(self, base: Oid, each: Sequence[Sequence[TreeChange]]) -> tuple[Oid, ...]:
        """The tree of `base` with these changes, with those, and so on."""
        ...

    def write_commit(
        self, tree: Oid, parents: Sequence[Oid], message: str, signature: Signature
    ) -> Oid:
        """Store a commit; the same arguments always give the same id."""
        ...

    def diff(self, old: Oid, new: Oid) -> bytes:
        """The canonical diff of two commits or trees, whatever the user's configuration says."""
        ...

    def diffs_between(self, pairs: Sequence[tuple[Oid, Oid]]) -> tuple[bytes, ...]:
        """The canonical diff of each pair of trees."""
        ...

    def read_ref(self, ref: str) -> Oid | None:
        """Where a ref points, if it exists."""
        ...

    def move_ref(self, ref: str, new: Oid, expected: Oid | None, why: str) -> None:
        """Compare-and-swap; `expected` None means that the ref must not exist yet."""
        ...


class Workshop(Repository, Protocol):
    """A repository in which histories can be tried before one is kept."""

    def scratch(self) -> AbstractContextManager[Workshop]:
        """The same objects, and a place in front of them for new ones that is thrown away."""
        ...

    @property
    def merges(self) -> bool:
        """Does this Git know `merge-tree --write-tree` (2.38 or newer)?"""
        ...

    def merge(self, ours: Oid, theirs: Oid) -> Oid | None:
        """The tree of the three-way merge of two commits; None where they conflict."""
        ...

    def write_commits(self, commits: Sequence[NewCommit]) -> tuple[Oid, ...]:
        """Store commits for a trial; nobody signs them."""
        ...

    def merge_all(self, pairs: Sequence[tuple[Oid, Oid]]) -> tuple[Oid | None, ...]:
        """The tree of the three-way merge of each pair of commits; None where they conflict."""
        ...

    def move_refs(self, moves: Sequence[RefMove], why: str) -> None:
        """Compare-and-swap of several refs: all of them or none."""
        ...


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit as a reader of the history sees it."""

    id: Oid
    parents: tuple[Oid, ...]
    author: str
    seconds: int
    message: str


@dataclass(frozen=True, slots=True)
class BlamedLine:
    """Who last wrote a line: the commit, and the line's path and number there."""

    commit: Oid
    path: str
    line: int
    text: str


class History(Protocol):
    """A repository as its readers need it: `log`, `why`, `check --range`. It never writes."""

    def resolve(self, revision: str) -> Oid:
        """The commit that a revision names; UsageError where it names none."""
        ...

    def read_skill(self, root: str, at: str) -> Skill:
        """The skill in folder `root` as of revision `at`; UsageError where there is none."""
        ...

    def commits(
        self, *revisions: str, containing: str = "", paths: Sequence[str] = ()
    ) -> tuple[Commit, ...]:
        """The commits of a range, parents first; only messages with that text, if one is given.

        With `paths` only those that change one of these files or folders.
        """
        ...

    def mentions(self, text: str) -> tuple[Commit, ...]:
        """The commits with that text in their message that any ref or HEAD reaches.

        The evidence itself does not count: what lies under refs/skillgit/ is left out.
        """
        ...

    def refs(self, *prefixes: str) -> Mapping[str, Oid]:
        """Full ref names below the prefixes and the commits that they point to."""
        ...

    def is_ancestor(self, older: Oid, newer: Oid) -> bool:
        """Is `older` reachable from `newer`? False as well where either is not here."""
        ...

    def diff(self, old: Oid, new: Oid) -> bytes:
        """The canonical diff of two commits or trees, whatever the user's configuration says."""
        ...

    def diffs(self, commits: Sequence[Oid], *, back: bool = False) -> Mapping[Oid, bytes]:
        """The canonical diff of each commit to its one parent; `back` is from it to the parent."""
        ...

    def read_blob(self, blob: Oid) -> bytes | None:
        """The bytes of a blob; None where the repository does not have it."""
        ...

    def read_blobs(self, blobs: Sequence[Oid]) -> Mapping[Oid, bytes]:
        """The bytes of many blobs at once; those that are missing are left out."""
        ...

    def tree(self, at: Oid, folder: str = "") -> Mapping[str, Oid]:
        """All files below a folder of a commit, by path from that folder; empty where none."""
        ...

    def changed_paths(self, old: Oid, new: Oid) -> tuple[str, ...]:
        """The paths that differ between two commits or trees, from the root of the repository."""
        ...

    def blame(
        self, path: str, lines: LineRange, at: Oid, *, through: bool = False
    ) -> tuple[BlamedLine, ...]:
        """Who last wrote each of these lines; UsageError where there is no such file or line.

        The commits that `blame.ignoreRevsFile` lists do not count. `through` looks through what
        changed no word: blanks and line ends, lines that were moved or copied, between files too.
        """
        ...

    def scratch(self) -> AbstractContextManager[Workshop]:
        """A place for objects that a check needs and that must leave no trace."""
        ...


class Keeper(History, Workshop, Protocol):
    """A repository in which recorded lessons are dropped, kept, or reverted."""

    def scratch(self) -> AbstractContextManager[Keeper]:
        """The same objects, and a place in front of them for new ones that is thrown away."""
        ...

    def merge_trees(self, base: Oid, ours: Oid, theirs: Oid) -> Merged:
        """What `theirs` changes of `base`, done to `ours`; each is a commit or a tree."""
        ...

    def picked(self, commit: Oid, parent: Oid, onto: Oid) -> Merged:
        """What a commit changes of its one parent, done to another commit or tree."""
        ...

    def rewritten(
        self, commit: Oid, tree: Oid | None, parent: Oid, message: str | None = None
    ) -> Oid:
        """The commit with another tree, parent or message: author and dates byte for byte.

        None: its own tree, its own message. A signature would not hold any more and is left out,
        unless nothing changes.
        """
        ...

    def delete_ref(self, ref: str, expected: Oid, why: str) -> None:
        """Delete a ref that still points there; its reflog goes with it."""
        ...

    def in_use(self, branch: str) -> str:
        """The work tree that has a branch (a full ref name) checked out, or rebases it; or ""."""
        ...

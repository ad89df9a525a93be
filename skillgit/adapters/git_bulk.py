"""Many objects, diffs and merges with one Git process each: a process costs more than its work.

Trees are put together here from those of the base, as Git stores them. What Git then names each of
them must be what was computed, else the repository is not as it seems and the round stops.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from skillgit.adapters.git_reading import DIFF_OPTIONS, Run
from skillgit.errors import SurroundingsError
from skillgit.names import Oid
from skillgit.ports import NewCommit, TreeChange

_FOLDER = b"40000"
_DIFF_OF = re.compile(rb"^[0-9a-f]{40,64} [0-9a-f]{40,64}\n", re.MULTILINE)
_NOBODY = "nobody <nobody@example.invalid> 0 +0000"

_Folder = dict[bytes, tuple[bytes, bytes]]
"""Mode and id by name, as in a tree of Git; the mode of a folder is 40000."""


class Bulk:
    """Much at once; `run` and what does one thing at a time are the others'."""

    run: Run

    @property
    def merges_many(self) -> bool:
        """Does this Git know `merge-tree --stdin` (2.39 or newer)?"""
        raise NotImplementedError

    def merge(self, ours: Oid, theirs: Oid) -> Oid | None:
        """The tree of the three-way merge of two commits; None where they conflict."""
        raise NotImplementedError

    def write_tree(self, base: Oid | None, changes: Sequence[TreeChange]) -> Oid:
        """The tree of `base` (a commit or tree; None = empty) with `changes`."""
        raise NotImplementedError

    def write_blobs(self, contents: Iterable[bytes]) -> tuple[Oid, ...]:
        """Store files, byte for byte: as a stream, for a round has one for each trajectory."""
        told: list[bytes] = []
        for number, content in enumerate(contents, 1):
            told += (b"blob\nmark :%d\ndata %d\n" % (number, len(content)), content)
            told.append(b"\nget-mark :%d\n" % number)
        found = self.run("fast-import", "--quiet", stdin=b"".join(told)).stdout if told else b""
        return tuple(map(Oid, found.decode("ascii").split()))

    def write_trees(self, base: Oid, each: Sequence[Sequence[TreeChange]]) -> tuple[Oid, ...]:
        """The tree of `base` with these changes, with those, and so on."""
        folders = {folder for changes in each for one in changes for folder in _above(one.path)}
        known = self._folders(base, {"", *folders})
        made: dict[Oid, bytes] = {}
        roots = [_with_changes(known, changes, len(base), made) for changes in each]
        if self._store("tree", made.values()) != tuple(made):
            raise SurroundingsError(
                "writing trees: Git gives them other names than it should",
                hint="run `git fsck`; if it finds nothing, report this",
            )
        # A file where a folder should be, or the other way round: Git says what is wrong with it.
        return tuple(
            root or self.write_tree(base, changes)
            for root, changes in zip(roots, each, strict=True)
        )

    def write_commits(self, commits: Sequence[NewCommit]) -> tuple[Oid, ...]:
        """Store commits that nobody signs: a parent may be the place of an earlier one in here."""
        texts: list[bytes] = []
        found: list[Oid] = []
        for one in commits:
            parent = found[one.parent] if isinstance(one.parent, int) else one.parent
            people = f"author {_NOBODY}\ncommitter {_NOBODY}"
            text = f"tree {one.tree}\nparent {parent}\n{people}\n\n{one.message}\n".encode()
            texts.append(text)
            found.append(_name("commit", text, len(one.tree)))
        return self._store("commit", texts)

    def diffs_between(self, pairs: Sequence[tuple[Oid, Oid]]) -> tuple[bytes, ...]:
        """The canonical diff of each pair of trees."""
        asked = "".join(f"{old} {new}\n" for old, new in pairs).encode()
        found = self.run("diff-tree", "--stdin", *DIFF_OPTIONS, stdin=asked) if pairs else None
        return tuple(_DIFF_OF.split(found.stdout)[1:]) if found else ()

    def merge_all(self, pairs: Sequence[tuple[Oid, Oid]]) -> tuple[Oid | None, ...]:
        """The tree of the three-way merge of each pair of commits; None where they conflict."""
        if not (pairs and self.merges_many):
            return tuple(self.merge(ours, theirs) for ours, theirs in pairs)
        asked = "".join(f"{ours} {theirs}\n" for ours, theirs in pairs).encode()
        told = ("merge-tree", "--write-tree", "--stdin", "--no-messages", "--name-only")
        return tuple(_merged(self.run(*told, stdin=asked).stdout))

    def _store(self, kind: str, contents: Iterable[bytes]) -> tuple[Oid, ...]:
        with tempfile.TemporaryDirectory(prefix="skillgit-") as folder:
            paths = []
            for number, content in enumerate(contents):
                paths.append(Path(folder, str(number)))
                paths[-1].write_bytes(content)
            if not paths:
                return ()
            asked = "".join(f"{path}\n" for path in paths).encode()
            told = ("hash-object", "-t", kind, "-w", "--no-filters", "--stdin-paths")
            found = self.run(*told, stdin=asked).stdout.decode("ascii").split()
        return tuple(map(Oid, found))

    def _folders(self, base: Oid, wanted: Iterable[str]) -> Mapping[str, _Folder]:
        """What lies in these folders of a commit; those that are not there are left out."""
        below = [f"{folder}/" for folder in sorted(wanted) if folder]
        asked = ("ls-tree", "-z", "-t", "--full-tree", base)
        listed = [self.run(*asked).stdout]
        if below:
            listed.append(self.run(*asked, "--", *below).stdout)
        found: dict[str, _Folder] = {"": {}}
        for record in filter(None, b"".join(listed).split(b"\0")):
            head, _, path = record.partition(b"\t")
            mode, _, oid = head.decode("ascii").split(" ", 2)
            above, _, name = path.rpartition(b"/")
            folder = found.setdefault(above.decode("utf-8", "surrogateescape"), {})
            folder[name] = (mode.lstrip("0").encode(), bytes.fromhex(oid))
        return found


def _above(path: str) -> Iterator[str]:
    """The folders that a file lies in, the nearest first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _with_changes(
    known: Mapping[str, _Folder], changes: Sequence[TreeChange], width: int, made: dict[Oid, bytes]
) -> Oid | None:
    """The tree with the changes; it and those below it go to `made`. None: not to be had so."""
    folders = {"": dict(known[""])}
    for change in changes:
        for above in _above(change.path):
            folders.setdefault(above, dict(known.get(above, {})))
        folder, name = _place(change.path)
        if change.blob is None:
            folders[folder].pop(name, None)
        elif folders[folder].get(name, (b"",))[0] == _FOLDER:
            return None
        else:
            folders[folder][name] = (change.mode.encode(), bytes.fromhex(change.blob))
    for path in sorted(folders, key=lambda path: (path.count("/"), path != ""), reverse=True):
        raw = _raw(folders[path])
        oid = _name("tree", raw, width)
        above, name = _place(path)
        if path and folders[above].get(name, (_FOLDER,))[0] != _FOLDER:
            return None
        if path and not raw:
            folders[above].pop(name, None)  # Git keeps no empty folder
            continue
        made[oid] = raw
        if path:
            folders[above][name] = (_FOLDER, bytes.fromhex(oid))
    return oid


def _place(path: str) -> tuple[str, bytes]:
    folder, _, name = path.rpartition("/")
    return folder, name.encode("utf-8", "surrogateescape")


def _raw(folder: _Folder) -> bytes:
    """A tree as Git stores it: folders are sorted as if their names ended in a slash."""
    entries = sorted(
        folder.items(), key=lambda one: one[0] + b"/" if one[1][0] == _FOLDER else one[0]
    )
    return b"".join(b"%s %s\0%s" % (mode, name, oid) for name, (mode, oid) in entries)


def _name(kind: str, content: bytes, width: int) -> Oid:
    """The id of an object; `width` tells which of Git's two hashes the repository uses."""
    told = f"{kind} {len(content)}\0".encode()
    if width == 64:
        return Oid(hashlib.sha256(told + content).hexdigest())
    return Oid(hashlib.sha1(told + content, usedforsecurity=False).hexdigest())


def _merged(answer: bytes) -> Iterator[Oid | None]:
    """For each merge: is it clean, its tree, the paths that conflict, an empty word."""
    words = iter(answer.split(b"\0"))
    for clean in words:
        if not clean:
            return
        tree = next(words)
        for path in words:
            if not path:
                break
        yield Oid(tree.decode("ascii")) if clean == b"1" else None

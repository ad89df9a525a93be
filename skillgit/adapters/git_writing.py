"""The Git commands that write objects and move refs; HEAD, index and work tree are never theirs."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from skillgit.adapters.git_failures import advice, said
from skillgit.adapters.git_reading import Run
from skillgit.errors import SkillgitError, SurroundingsError
from skillgit.names import Oid
from skillgit.ports import RefMove, Signature, TreeChange

_IDENT = re.compile(r"(?P<name>.*) <(?P<email>.*)> -?\d+ [+-]\d+")


class Writing:
    """The writing half of a repository; `run` is the other's."""

    run: Run

    @property
    def is_scratch(self) -> bool:
        """Is what is written here thrown away?"""
        raise NotImplementedError

    def read_ref(self, ref: str) -> Oid | None:
        """Where a ref points, if it exists."""
        raise NotImplementedError

    def author(self, seconds: int) -> Signature:
        """The person who runs the round, as Git knows them, at that second.

        A name or address that Git would make up from the machine's name is not taken.
        """
        asked = ("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT")
        found = self.run(*asked, env={"GIT_AUTHOR_DATE": f"@{seconds} +0000"}, allow=(0, 1, 128))
        ident = _IDENT.fullmatch(found.line) if found.status == 0 else None
        if not ident or not ident["name"].strip():
            raise SurroundingsError(
                "asking Git whose name the commits should carry: it knows none",
                hint="run `git config --global user.name NAME` and "
                "`git config --global user.email ADDRESS`",
            )
        return Signature(ident["name"], ident["email"], seconds)

    def write_blob(self, data: bytes) -> Oid:
        """Store a file, byte for byte."""
        return Oid(self.run("hash-object", "-w", "--stdin", stdin=data).line)

    def write_tree(self, base: Oid | None, changes: Sequence[TreeChange]) -> Oid:
        """The tree of `base` (a commit or tree; None = empty) with `changes`."""
        with tempfile.TemporaryDirectory(prefix="skillgit-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self.run("read-tree", *([base] if base else ["--empty"]), env=index)
            width = len(base) if base else 40
            lines = b"".join(_index_line(change, width) for change in changes)
            self.run("update-index", "-z", "--index-info", stdin=lines, env=index)
            return Oid(self.run("write-tree", env=index).line)

    def write_commit(
        self, tree: Oid, parents: Sequence[Oid], message: str, signature: Signature
    ) -> Oid:
        """Store a commit; the same arguments always give the same id."""
        date = f"@{signature.seconds} +0000"
        env = {
            "GIT_AUTHOR_NAME": signature.name,
            "GIT_AUTHOR_EMAIL": signature.email,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": signature.name,
            "GIT_COMMITTER_EMAIL": signature.email,
            "GIT_COMMITTER_DATE": date,
        }
        above = [part for parent in parents for part in ("-p", parent)]
        text = message.encode("utf-8", "replace")
        return Oid(self.run("commit-tree", tree, *above, "-F", "-", stdin=text, env=env).line)

    def merge(self, ours: Oid, theirs: Oid) -> Oid | None:
        """The tree of the three-way merge of two commits; None where they conflict."""
        found = self.run("merge-tree", "--write-tree", "--no-messages", ours, theirs, allow=(0, 1))
        return Oid(found.line) if found.status == 0 else None

    def move_ref(self, ref: str, new: Oid, expected: Oid | None, why: str) -> None:
        """Compare-and-swap; `expected` None means that the ref must not exist yet."""
        self.move_refs((RefMove(ref, new, expected),), why)

    def delete_ref(self, ref: str, expected: Oid, why: str) -> None:
        """Delete a ref that still points there; its reflog goes with it."""
        if self.is_scratch or not ref.startswith("refs/"):
            raise SkillgitError(f"deleting {ref}: only refs of a repository that lasts are deleted")
        gone = self.run("update-ref", "-m", why, "-d", ref, expected, allow=(0, 1, 128))
        if gone.status:
            raise SkillgitError(
                f"deleting {ref}: {gone.stderr.strip()}",
                hint="someone else moved it meanwhile; look again, nothing was changed",
            )

    def move_refs(self, moves: Sequence[RefMove], why: str) -> None:
        """Compare-and-swap of several refs: all of them or none."""
        for move in moves:
            if self.is_scratch or not move.ref.startswith("refs/"):
                raise SkillgitError(
                    f"moving {move.ref}: only refs of a repository that lasts are moved"
                )
        asked = b"".join(map(_update_line, moves))
        told = ("update-ref", "--create-reflog", "-m", why, "--stdin", "-z")
        moved = self.run(*told, stdin=asked, allow=(0, 1, 128))
        if moved.status == 0:
            return
        for move in moves:
            now = self.read_ref(move.ref)
            if now != move.expected:
                stands = f"it is at {now[:12]} now" if now else "it is gone"
                raise SkillgitError(
                    f"moving {move.ref} to {move.new[:12]}: someone else moved it meanwhile, "
                    f"{stands}",
                    hint="nothing was changed; run the same command again",
                )
        raise SurroundingsError(
            f"moving {moves[0].ref} to {moves[0].new[:12]}: {said(moved.stderr, moved.status)}",
            hint=advice(moved.stderr),
        )


def _update_line(move: RefMove) -> bytes:
    old = move.expected or "0" * len(move.new)
    return f"update {move.ref}\0{move.new}\0{old}\0".encode("utf-8", "surrogateescape")


def _index_line(change: TreeChange, width: int) -> bytes:
    mode, oid = (change.mode, change.blob) if change.blob else ("0", "0" * width)
    return f"{mode} {oid}\t".encode() + change.path.encode("utf-8", "surrogateescape") + b"\0"

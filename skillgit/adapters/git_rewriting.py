"""The Git commands that make a history again: three-way merges, commits with another parent."""

from __future__ import annotations

import re
from pathlib import Path

from skillgit.adapters.git_reading import Run
from skillgit.errors import SurroundingsError
from skillgit.names import Oid
from skillgit.ports import Merged, Signature

_NOBODY = Signature("nobody", "nobody@example.invalid", 0)
_REMADE = re.compile(rb"(?:tree|parent|gpgsig|gpgsig-sha256|mergetag) ")
_BUSY = ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START")


class Rewriting:
    """The rewriting third of a repository; `run` and the rest are the others'."""

    run: Run

    @property
    def common_dir(self) -> Path:
        """The `.git` folder that all linked work trees share."""
        raise NotImplementedError

    @property
    def merges(self) -> bool:
        """Does this Git know `merge-tree --write-tree`?"""
        raise NotImplementedError

    def merge_trees(self, base: Oid, ours: Oid, theirs: Oid) -> Merged:
        """What `theirs` changes of `base`, done to `ours`; each is a commit or a tree."""
        # `--merge-base` came with Git 2.40; commits that share this base do the same before.
        root = self._commit_of(base)
        return self._merged(self._commit_of(ours, root), self._commit_of(theirs, root))

    def picked(self, commit: Oid, parent: Oid, onto: Oid) -> Merged:
        """What a commit changes of its one parent, done to another commit or tree."""
        return self._merged(self._commit_of(onto, parent), commit)

    def _merged(self, ours: Oid, theirs: Oid) -> Merged:
        if not self.merges:
            raise SurroundingsError(
                "merging changes without a checkout: this Git cannot do it",
                hint="install Git 2.38 or newer",
            )
        asked = ("merge-tree", "--write-tree", "--no-messages", "--name-only", "-z")
        found = self.run(*asked, ours, theirs, allow=(0, 1))
        tree, *paths = found.stdout.split(b"\0")
        conflicts = dict.fromkeys(path.decode("utf-8", "replace") for path in paths if path)
        return Merged(Oid(tree.decode("ascii").strip()), tuple(conflicts))

    def _commit_of(self, tree: Oid, *parents: Oid) -> Oid:
        above = [part for parent in parents for part in ("-p", parent)]
        person = {"NAME": _NOBODY.name, "EMAIL": _NOBODY.email, "DATE": "@0 +0000"}
        env = {f"GIT_{who}_{k}": v for who in ("AUTHOR", "COMMITTER") for k, v in person.items()}
        made = self.run("commit-tree", f"{tree}^{{tree}}", *above, "-F", "-", env=env)
        return Oid(made.line)

    def rewritten(
        self, commit: Oid, tree: Oid | None, parent: Oid, message: str | None = None
    ) -> Oid:
        """The commit with another tree, parent or message: author and dates byte for byte."""
        raw = self.run("cat-file", "commit", commit).stdout
        head, end, body = raw.partition(b"\n\n")
        # A line that begins with a blank goes on with the field before it.
        fields = re.split(rb"\n(?! )", head)
        kept = [field for field in fields if not _REMADE.match(field)]
        own = [field for field in fields if field.startswith((b"tree ", b"parent "))]
        bones = [own[0] if tree is None else f"tree {tree}".encode(), f"parent {parent}".encode()]
        if own == bones and message is None:
            return commit
        if message is not None:
            kept = [field for field in kept if not field.startswith(b"encoding ")]
            body = message.encode()
        made = b"\n".join([*bones, *kept]) + end + body
        return Oid(self.run("hash-object", "-t", "commit", "-w", "--stdin", stdin=made).line)

    def in_use(self, branch: str) -> str:
        """The work tree that has a branch checked out, rebases or bisects it; or ""."""
        listed = self.run("worktree", "list", "--porcelain").stdout.decode("utf-8", "replace")
        for told in listed.split("\n\n"):
            where, *fields = told.split("\n")
            if f"branch {branch}" in fields:
                return where.removeprefix("worktree ")
        names = {branch, branch.removeprefix("refs/heads/")}
        for folder in (self.common_dir, *sorted(self.common_dir.glob("worktrees/*"))):
            for name in _BUSY:
                file = folder / name
                if file.is_file() and file.read_text("utf-8", "replace").strip() in names:
                    return str(folder)
        return ""

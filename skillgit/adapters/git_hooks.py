"""What Git shows to its hooks alone: the commit that is being made."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from skillgit.adapters.git import GitRepository
from skillgit.errors import SurroundingsError
from skillgit.names import Oid

_SCISSORS = re.compile(r"^\S+ -{24} >8 -{24}$", re.MULTILINE)


def staged_tree(scratch: GitRepository) -> Oid:
    """The tree of the index that Git is about to commit, written into a place for scratch.

    Read from a copy: with `git commit -a` or `git commit PATH` it is a file that Git still locks.
    """
    named = os.environ.get("GIT_INDEX_FILE")
    index = Path(named) if named else Path(scratch.run("rev-parse", "--git-dir").line) / "index"
    with tempfile.TemporaryDirectory(prefix="skillgit-") as folder:
        copy = Path(folder) / "index"
        if index.exists():
            shutil.copyfile(index, copy)
        written = scratch.run("write-tree", "--missing-ok", env={"GIT_INDEX_FILE": str(copy)})
    return Oid(written.line)


def read_message(path: Path) -> str:
    """The message that Git hands to commit-msg, without the diff that `commit -v` appends."""
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as unread:
        raise SurroundingsError(
            f"reading the message of the commit {path}: {unread.strerror}",
            hint="a commit-msg hook is given the name of a file; Git calls it so",
        ) from unread
    scissors = _SCISSORS.search(text)
    return text[: scissors.start()] if scissors else text


def without_comments(repository: GitRepository, message: str) -> str:
    """A message as Git will keep it, whatever `core.commentChar` is."""
    kept = repository.run("stripspace", "--strip-comments", stdin=message.encode())
    return kept.stdout.decode("utf-8", "replace")

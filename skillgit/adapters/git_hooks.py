"""What Git shows to its hooks alone: the commit that is being made, the other end of a push."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from skillgit.adapters.git import GitRepository
from skillgit.errors import SurroundingsError
from skillgit.names import Oid

_SECONDS = 20.0
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


def remote_refs(address: str, pattern: str) -> Mapping[str, Oid] | None:
    """The refs of a remote that match; None where it cannot be asked without bothering anyone.

    In a session of its own: a second connection must not ask for a passphrase a second time.
    """
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never"}
    try:
        done = subprocess.run(
            ["git", "ls-remote", "--refs", "--", address, pattern],
            env={**os.environ, **quiet},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            start_new_session=True,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return {name: Oid(oid) for oid, _, name in (line.partition("\t") for line in lines)}

"""What Git says when it refuses, in one line, and what a person can do about it."""

from __future__ import annotations

import re

_AGAIN = "run the same command again; what is done is kept"
_ADVICE = (
    (
        r"No space left on device|Disk quota exceeded|File too large",
        f"make room on the disk, then {_AGAIN}",
    ),
    (
        r"Read-only file system|Permission denied|insufficient permission|Operation not permitted",
        f"see that you may write to the repository, then {_AGAIN}",
    ),
    (
        r"Unable to create '(?P<file>[^']+\.lock)': File exists",
        "if no git command is running there, delete {file}, which a killed one left behind; then "
        + _AGAIN,
    ),
    (
        r"'(?P<ref>refs/heads/[^']+)' exists; cannot create",
        "rename the branch {ref}, or choose another record.branch_prefix",
    ),
    (
        r"couldn't write|write error|unable to write|unable to create temporary",
        f"see whether the disk is full, then {_AGAIN}",
    ),
)
_DAMAGED = "run `git fsck` if the repository looks damaged"


def said(stderr: str, status: int) -> str:
    """The first paragraph of what Git wrote, on one line; the rest is advice, and ours follows."""
    first = stderr.strip().partition("\n\n")[0]
    lines = [re.sub(r"^(?:fatal|error): ", "", line.strip()) for line in first.split("\n")]
    return "; ".join(filter(None, lines)) or f"exit status {status}"


def advice(stderr: str) -> str:
    """What to do next."""
    for pattern, words in _ADVICE:
        if found := re.search(pattern, stderr):
            return words.format(**found.groupdict())
    return _DAMAGED

r"""A name for what a commit changes that stays the same wherever the change is put.

Dropping, reordering or rebasing other lessons moves a change to other lines and other blobs, so
the digest is taken of what is left without them: file headers, added and removed lines.

    diff --git a/SKILL.md b/SKILL.md      kept, as are modes, `---` and `+++`
    index 1f3a…..77b0… 100644             left out
    @@                                    starts every run of changed lines; numbers are left out
    +A new line.                          kept, with `\ No newline at end of file`

Git may show one insertion in several ways: between equal lines a run can slide, and every step
moves its first line to its end. So a run of only added or only removed lines is written in the
smallest of its rotations. Where the line stands is not in the digest; a check that needs it
replays the change (`review/verify.py`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from skillgit.names import Digest

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")


def patch_digest(diff: bytes) -> Digest:
    """The digest of a diff as `Repository.diff` writes it, with any number of context lines."""
    return Digest(f"sha256:{hashlib.sha256(canonical_patch(diff)).hexdigest()}")


def canonical_patch(diff: bytes) -> bytes:
    """The part of a diff that does not depend on where it is applied."""
    return b"".join(line + b"\n" for line in _canonical_lines(diff))


def _canonical_lines(diff: bytes) -> Iterator[bytes]:
    lines = iter(diff.removesuffix(b"\n").split(b"\n") if diff else ())
    old = new = 0
    run: list[bytes] = []
    for line in lines:
        if line[:1] == b"\\":
            # After a context line it says nothing about the change.
            run += [line] if run else []
        elif (old or new) and line[:1] in {b"+", b"-"}:
            run.append(line)
            old, new = old - (line[:1] == b"-"), new - (line[:1] == b"+")
        else:
            yield from _run_lines(run)
            run = []
            if old or new:
                old, new = old - 1, new - 1
            elif head := _HUNK.match(line):
                old, new = (int(count) if count else 1 for count in head.groups())
            elif not line.startswith(b"index "):
                yield line
    yield from _run_lines(run)


def _run_lines(run: list[bytes]) -> list[bytes]:
    """A run of changed lines with its mark, turned to its smallest rotation if it can slide."""
    if not run:
        return []
    slides = len({line[:1] for line in run}) == 1
    return [b"@@", *(_smallest_rotation(run) if slides else run)]


def _smallest_rotation(lines: list[bytes]) -> list[bytes]:
    """Two candidates are compared step by step; the loser skips what it shares with the other."""
    size, best, other, same = len(lines), 0, 1, 0
    while other < size and same < size:
        a, b = lines[(best + same) % size], lines[(other + same) % size]
        if a == b:
            same += 1
            continue
        best, other = (best, other + same + 1) if a < b else (max(best + same + 1, other), other)
        other, same = max(other, best + 1), 0
    return lines[best:] + lines[:best]

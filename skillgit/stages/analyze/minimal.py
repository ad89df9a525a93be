"""The smallest repair: of a program that passed, only what makes it pass (section 2.3).

An analyst hands in what it likes; renamed variables and other prints come along. Each change is
taken back by itself and the program judged anew: what is not missed was not the cause.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from skillgit.stages.analyze.proof import Trial, judge
from skillgit.types import Proof

MOST_CHANGES = 24
"""They are taken back one by one; a repair of more is a new program."""
MOST_SECONDS = 120.0
"""So long it may take: without one of its lines a program can run without end."""


@dataclass(frozen=True, slots=True)
class _Change:
    """New lines instead of the lines [start, end) of the failed program."""

    start: int
    end: int
    lines: tuple[str, ...]


async def minimal(proof: Proof, before: str, trial: Trial) -> Proof:
    """The same proof without changes that it does not need: none of those left can go alone.

    Where time is short, it is a proof all the same, with more in it.
    """
    old = before.splitlines()
    kept = list(_changes(old, proof.program.splitlines()))
    if not old or len(kept) > MOST_CHANGES:
        return proof
    end = time.monotonic() + MOST_SECONDS
    needed: set[_Change] = set()
    # From the end: a line is of no use any more once the line that used it is gone.
    while change := next((one for one in reversed(kept) if one not in needed), None):
        if time.monotonic() >= end:
            break
        fewer = [one for one in kept if one is not change]
        program = "\n".join(_applied(fewer, old))
        judgement = await judge(program, trial)
        if judgement.artifact:
            kept, proof = fewer, replace(proof, program=program, artifact=judgement.artifact)
            needed.clear()
        else:
            needed.add(change)
    return proof


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[_Change]:
    """Line by line where lines match up, in the order of the program."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "insert":
            yield from (_Change(start, end, (line,)) for line in new[first:last])
        elif tag == "delete":
            yield from (_Change(at, at + 1, ()) for at in range(start, end))
        elif tag == "replace" and end - start == last - first:
            pairs = zip(range(start, end), new[first:last], strict=True)
            yield from (_Change(at, at + 1, (line,)) for at, line in pairs)
        elif tag == "replace":
            yield _Change(start, end, tuple(new[first:last]))


def _applied(changes: Iterable[_Change], old: Sequence[str]) -> Iterator[str]:
    at = 0
    for change in changes:
        yield from old[at : change.start]
        yield from change.lines
        at = change.end
    yield from old[at:]

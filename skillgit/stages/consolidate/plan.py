"""Which patches are merged together: a tree that hardly changes where a patch is added.

The leaves stand in the order of their ids, which are digests, and a group ends where the content
says so: behind the leaf with the smallest digest of those behind which it may end. So one leaf
more changes the group that it falls into, seldom the next, and the groups above; everything else
is asked as before, and answered from memory. The groups of groups are cut in the same way, by the
leaf at the end of each. What fits into two groups is halved: there, all is near the addition.

A group holds at most `merge_batch` patches, and at most twice as many edits, for an operator gives
a verdict for each edit and a merge takes as long as its verdicts. For the same reason a group of
groups holds at most five: the paper merges 32 patches at every level (section 2.4), but no two of
its merges can run at the same time on one way to the root, and each would show the lessons of 32.
Compared by `tests/benchmarks/merge_trees.py`, whose table is in tests/benchmarks/README.md.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

Plan: TypeAlias = tuple[tuple[range, ...], ...]
"""Levels from the bottom; each node is the range of its children in the level below."""

EDITS_PER_PATCH = 2
"""What an analyst may propose by default; a group has room for so many of each patch."""
MOST_GROUPS = 5
"""Groups that one merge above the leaves brings together."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What is left of one patch: whose it is, and how many edits it holds."""

    id: str
    edits: int = 1


def plan_tree(leaves: Sequence[Leaf], batch: int) -> Plan:
    """The merges of leaves that stand in the order of their ids; none where there is one leaf."""
    if len(leaves) < 2:
        return ()
    most = EDITS_PER_PATCH * max(batch, 2)
    loads = [max(EDITS_PER_PATCH, leaf.edits) for leaf in leaves]
    keys = [digest(leaf.id) for leaf in leaves]
    levels = [cut(keys, loads, most)]
    most = max(2, min(batch, MOST_GROUPS))
    while len(levels[-1]) > 1:
        keys = [keys[group[-1]] for group in levels[-1]]
        levels.append(cut(keys, [1] * len(keys), most))
    return tuple(levels)


def forecast(patches: int, batch: int, edits: float = 1.0) -> tuple[int, ...]:
    """How many merges each level will have, from the bottom, for so many patches of `edits` each.

    About so many: the tree itself depends on ids that are not known before.
    """
    heavy = range(round(patches * max(0.0, edits - EDITS_PER_PATCH)))
    leaves = [Leaf(str(n), EDITS_PER_PATCH + (n in heavy)) for n in range(patches)]
    return tuple(map(len, plan_tree(leaves, batch)))


def cut(keys: Sequence[bytes], loads: Sequence[int], most: int) -> tuple[range, ...]:
    """Groups of neighbours with a load of at most `most`, cut where the smallest keys are.

    What alone is more than that is a group of its own.
    """
    least = max(2, most * 5 // 8)
    sums = [0, *accumulate(loads)]
    groups: list[range] = []
    start = 0
    while start < len(keys):
        stop = _stop(keys, sums, start, (least, most))
        groups.append(range(start, stop))
        start = stop
    return tuple(groups)


def _stop(keys: Sequence[bytes], sums: Sequence[int], start: int, bounds: tuple[int, int]) -> int:
    """Where the group ends that begins at `start`."""
    least, most = bounds
    done, whole = sums[start], sums[-1]
    if whole - done <= most:
        return len(keys)
    half = bisect_left(sums, done + (whole - done + 1) // 2, start + 1)
    if whole - sums[half] <= most and sums[half] - done <= most:
        return half
    first = bisect_left(sums, done + least, start + 1)
    last = bisect_right(sums, done + most, start + 1) - 1
    if first > last:
        return max(last, start + 1)
    return min(range(first, last + 1), key=lambda stop: keys[stop - 1])


def digest(name: str) -> bytes:
    """What decides about a boundary: as if drawn by lot, and always the same."""
    return hashlib.sha256(name.encode()).digest()

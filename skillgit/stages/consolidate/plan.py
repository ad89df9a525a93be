"""What is merged with what: a tree that hardly changes where something is added.

The leaves are patches in the order of their ids, or in a large round edits in the order of their
places on the base (tree.py). Too many for one group are parted where the content says so: behind
the leaf whose id has the smallest digest, of those that leave each side at least half a group; and
so on with both sides. So one leaf more changes the group that it falls into, now and then its
neighbour, and the merges above; every other question is as before, and is answered from memory.
Groups of groups are made in the same way, by the leaf at the end of each. What fits into two groups
is halved: there, all of it is near the addition.

A group holds at most `merge_batch` patches, and at most twice as many edits: an operator gives a
verdict for each edit, so a merge takes as long as it has edits. For the same reason a group of
groups holds at most eight. There the paper merges 32 as well (section 2.4), each of which may bring
as many lessons as there are; and what stands above each other cannot be merged at the same time.

Compared with other trees in tests/benchmarks/merge_trees.md, by merge_trees.py beside it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias

Plan: TypeAlias = tuple[tuple[range, ...], ...]
"""Levels from the bottom; each node is the range of its children in the level below."""

EDITS_PER_PATCH = 2
"""What an analyst may propose by default; a group has room for so many of each patch."""
MOST_GROUPS = 8
"""Groups that one merge above the leaves brings together."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """What is left of one patch, or one edit: its id, and how many edits it holds."""

    id: str
    edits: int = 1


def plan_tree(leaves: Sequence[Leaf], batch: int) -> Plan:
    """The merges of leaves that stand in the order of their ids; none where there is one leaf."""
    if len(leaves) < 2:
        return ()
    loads, most = _loads(leaves, batch)
    keys = [digest(leaf.id) for leaf in leaves]
    levels = [cut(keys, loads, most)]
    most = max(2, min(batch, MOST_GROUPS))
    while len(levels[-1]) > 1:
        keys = [keys[group[-1]] for group in levels[-1]]
        levels.append(cut(keys, [1] * len(keys), most))
    return tuple(levels)


def fit_two_groups(leaves: Sequence[Leaf], batch: int) -> bool:
    """Is this a small round, of one group or of two halves?"""
    loads, most = _loads(leaves, batch)
    return sum(loads) <= 2 * most


def _loads(leaves: Iterable[Leaf], batch: int) -> tuple[list[int], int]:
    """How much room each leaf takes, and how much a group has."""
    loads = [max(EDITS_PER_PATCH, leaf.edits) for leaf in leaves]
    return loads, EDITS_PER_PATCH * max(batch, 2)


def forecast(trajectories: Iterable[str], batch: int, edits: float = 1.0) -> tuple[int, ...]:
    """How many merges each level would have, from the bottom, if none of the edits were alike.

    So many at most: what is alike is joined before, and a merge that few edits reach asks nothing.
    """
    ids = sorted(trajectories)
    least = int(edits)
    more = round(len(ids) * (edits - least))
    leaves = [Leaf(name, least + (number < more)) for number, name in enumerate(ids)]
    if not fit_two_groups(leaves, batch):
        leaves = [Leaf(leaf.id + n * "+") for leaf in leaves for n in range(leaf.edits)]
    return tuple(map(len, plan_tree(leaves, batch)))


def cut(keys: Sequence[bytes], loads: Sequence[int], most: int) -> tuple[range, ...]:
    """Neighbours in groups with a load of at most `most`, parted behind the smallest keys.

    What alone is more than that is a group of its own.
    """
    sums = [0, *accumulate(loads)]
    everyone = range(len(keys))
    if most < sums[-1] <= 2 * most:
        half = bisect_left(sums, (sums[-1] + 1) // 2)
        if sums[half] <= most:
            return everyone[:half], everyone[half:]
    groups: list[range] = []
    waiting = [everyone]
    while waiting:
        group = waiting.pop()
        if len(group) < 2 or sums[group.stop] - sums[group.start] <= most:
            groups.append(group)
            continue
        middle = _parting(keys, sums, group, most // 2)
        waiting += (range(middle, group.stop), range(group.start, middle))
    return tuple(groups)


def _parting(keys: Sequence[bytes], sums: Sequence[int], group: range, least: int) -> int:
    """Where a group is parted: the second part begins there."""
    begun, done = sums[group.start], sums[group.stop]
    first = bisect_left(sums, begun + least, group.start + 1)
    last = bisect_right(sums, done - least, group.start, group.stop) - 1
    if first > last:  # of a few heavy ones: nearest to the middle
        middle = bisect_left(sums, (begun + done) // 2, group.start + 1, group.stop)
        return min(middle, group.stop - 1)
    return min(range(first, last + 1), key=lambda middle: keys[middle - 1])


def digest(name: str) -> bytes:
    """What decides about a boundary: as if drawn by lot, and always the same."""
    return hashlib.sha256(name.encode()).digest()

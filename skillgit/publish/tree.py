"""The merges of a round as a tree: which node went into which, found from the ids of edits.

Level 1 takes the patches of analysts, each further level what the one below left over. Merges of
edits that want the same lines (level 99 in the evidence) take what the root left over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from skillgit.names import EditId
from skillgit.types import MergeRecord, State

RECONCILE_LEVEL = 99
"""The level of the evidence at which edits of the same lines are reconciled."""


@dataclass(frozen=True, slots=True)
class Node:
    """One merge, and the merges of lower levels whose edits went into it."""

    record: MergeRecord
    children: tuple[Node, ...] = field(default=())

    @property
    def name(self) -> str:
        """How people call it."""
        if self.record.level == RECONCILE_LEVEL:
            return f"same lines {self.record.node}"
        return f"merge {self.record.level}/{self.record.node}"

    @property
    def flow(self) -> str:
        """How many edits went in and came out."""
        count = len(self.record.inputs)
        return f"{count} edit{'' if count == 1 else 's'} → {len(self.record.outputs)}"

    @property
    def joined(self) -> int:
        """How many edits it merged into others."""
        return sum(fate.state is State.MERGED for fate in self.record.fates)

    @property
    def withheld(self) -> int:
        """How many edits it withheld."""
        return sum(fate.state is State.WITHHELD for fate in self.record.fates)

    @property
    def fell_back(self) -> bool:
        """Did the model give nothing usable, so that nothing was merged?"""
        return self.record.how.startswith("fallback")


def levels_of(merges: Sequence[MergeRecord]) -> dict[int, list[MergeRecord]]:
    """The merges by level, from the bottom."""
    found: defaultdict[int, list[MergeRecord]] = defaultdict(list)
    for record in sorted(merges, key=lambda one: (one.level, one.node)):
        found[record.level].append(record)
    return dict(found)


def grown(merges: Sequence[MergeRecord]) -> tuple[Node, ...]:
    """The trees of the merges, roots first; a node whose edits all fell out is a root as well.

    A question that was too long stands with its halves on one level, behind them.
    """
    standing: dict[int, Node] = {}
    feeders: dict[EditId, int] = {}
    lines: list[MergeRecord] = []
    made = 0
    for level, records in levels_of(merges).items():
        if level == RECONCILE_LEVEL:
            lines += records
            continue
        for record in records:
            mine = {feeders[edit] for edit in record.inputs if edit in feeders}
            below = tuple(standing.pop(one) for one in sorted(mine) if one in standing)
            standing[made] = Node(record, below)
            feeders.update(dict.fromkeys(record.outputs, made))
            made += 1
    roots = sorted(standing.values(), key=lambda node: -node.record.level)
    return (*roots, *map(Node, lines))

"""The tree of merges: planned before the first call, walked without a barrier.

Groups of patches are merged, then groups of the results, until one is left (section 2.4 of the
paper). The plan depends on what is to be merged alone, so the result does not depend on which
reply comes first; a node starts as soon as its own children are done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from skillgit.stages.consolidate.operator import Asking, Operator, together
from skillgit.stages.consolidate.plan import Leaf, Plan, plan_tree
from skillgit.types import ChangeSet, Edit, MergeRecord, Patch


async def merge_tree(
    patches: Iterable[Patch], edits: Iterable[Edit], batch: int, operator: Operator
) -> ChangeSet:
    """Merge `edits`, what is left of the patches, each in the patch of its own analyst."""
    left = {edit.id: edit for edit in edits}
    leaves = {
        patch.trajectory: tuple(left[edit.id] for edit in patch.edits if edit.id in left)
        for patch in sorted(patches, key=lambda patch: patch.trajectory)
    }
    full = {name: leaf for name, leaf in leaves.items() if leaf}
    plan = plan_tree([Leaf(name, len(leaf)) for name, leaf in full.items()], batch)
    walk = _Walk(plan, tuple(full.values()), operator)
    return await walk.whole()


class _Walk:
    """One walk from the leaves to the root, and the account of every merge on it."""

    def __init__(self, plan: Plan, leaves: Sequence[tuple[Edit, ...]], operator: Operator) -> None:
        self._plan = plan
        self._leaves = leaves
        self._operator = operator
        self._merges: dict[tuple[int, int], ChangeSet] = {}

    async def whole(self) -> ChangeSet:
        if not self._plan:
            return ChangeSet(tuple(chain.from_iterable(self._leaves)))
        progress = self._operator.model.progress
        progress.start("merge", sum(map(len, self._plan)))
        edits, _ = await self._node(len(self._plan), 0)
        progress.finish("merge")
        merges = [self._merges[place] for place in sorted(self._merges)]
        return ChangeSet(
            edits,
            tuple(chain.from_iterable(one.fates for one in merges)),
            tuple(numbered(chain.from_iterable(one.merges for one in merges))),
        )

    async def _node(self, level: int, number: int) -> tuple[tuple[Edit, ...], int]:
        """What a node leaves, and the highest level of the merges that made it."""
        edits, below = await self._children(level, number)
        if level > 1 and len(self._plan[level - 1][number]) == 1:
            return edits, below
        own = await self._operator.merge(Asking("merge", f"{level}/{number}", below + 1), edits)
        self._merges[level, number] = own
        note = f"level {level}: {len(edits)} edits, {len(own.edits)} left"
        self._operator.model.progress.advance("merge", note)
        return own.edits, max(record.level for record in own.merges)

    async def _children(self, level: int, number: int) -> tuple[tuple[Edit, ...], int]:
        below = self._plan[level - 1][number]
        if level == 1:
            return tuple(chain.from_iterable(self._leaves[child] for child in below)), 0
        children = await together(self._node(level - 1, child) for child in below)
        edits = chain.from_iterable(edits for edits, _ in children)
        return tuple(edits), max(level for _, level in children)


def numbered(merges: Iterable[MergeRecord]) -> Iterator[MergeRecord]:
    """The merges with the numbers of their levels, in the order in which they are given."""
    seen: Counter[int] = Counter()
    for record in merges:
        yield replace(record, node=seen[record.level])
        seen[record.level] += 1

"""The tree of merges: planned before the first call, walked without a barrier.

Groups of patches are merged, then groups of the results, until one is left (section 2.4 of the
paper). The plan depends on what is to be merged alone, so the result does not depend on which
reply comes first; a node starts as soon as its own children are done.

A round of more than two groups is not grouped by patches: its edits stand in the order of their
places on the base, for those that teach the same mostly want the same section, and are merged at
the first level already. Measured with 323 runs: a chain of two questions instead of three. For the
same end a node that few edits reach asks nothing and hands them on; the root always asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from skillgit.stages.consolidate.merge import Asking
from skillgit.stages.consolidate.operator import Operator, numbered, together
from skillgit.stages.consolidate.plan import MOST_GROUPS, Leaf, Plan, fit_two_groups, plan_tree
from skillgit.stages.consolidate.wording import place_order
from skillgit.types import ChangeSet, Edit, Patch


async def merge_tree(
    patches: Iterable[Patch], edits: Iterable[Edit], batch: int, operator: Operator
) -> ChangeSet:
    """Merge `edits`, what is left of the patches, each in the patch of its own analyst."""
    left = {edit.id: edit for edit in edits}
    of_patches = {
        patch.trajectory: tuple(left[edit.id] for edit in patch.edits if edit.id in left)
        for patch in sorted(patches, key=lambda patch: patch.trajectory)
    }
    leaves = {str(name): leaf for name, leaf in of_patches.items() if leaf}
    if not fit_two_groups(_sizes(leaves), batch):
        leaves = {edit.id: (edit,) for edit in sorted(left.values(), key=place_order)}
    plan = plan_tree(_sizes(leaves), batch)
    return await _Walk(plan, tuple(leaves.values()), operator).whole()


def _sizes(leaves: Mapping[str, Sequence[Edit]]) -> list[Leaf]:
    return [Leaf(name, len(leaf)) for name, leaf in leaves.items()]


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
        edits = await self._node(len(self._plan), 0)
        progress.finish("merge")
        merges = [self._merges[place] for place in sorted(self._merges)]
        widths = {number: len(level) for number, level in enumerate(self._plan, start=1)}
        return ChangeSet(
            edits,
            tuple(chain.from_iterable(one.fates for one in merges)),
            tuple(numbered((one.merges for one in merges), widths)),
        )

    async def _node(self, level: int, number: int) -> tuple[Edit, ...]:
        """What a node leaves."""
        edits = await self._children(level, number)
        if self._handed_on(level, number, edits):
            self._operator.model.progress.advance("merge", f"level {level}: {len(edits)} edits")
            return edits
        own = await self._operator.merge(Asking("merge", level, number), edits)
        self._merges[level, number] = own
        note = f"level {level}: {len(edits)} edits, {len(own.edits)} left"
        self._operator.model.progress.advance("merge", note)
        return own.edits

    def _handed_on(self, level: int, number: int, edits: Sequence[Edit]) -> bool:
        """Is this left to the node above, which has room for as much from each of its children?"""
        if level == 1:
            return False
        few = level < len(self._plan) and len(edits) <= self._operator.most // MOST_GROUPS
        return few or len(self._plan[level - 1][number]) == 1

    async def _children(self, level: int, number: int) -> tuple[Edit, ...]:
        below = self._plan[level - 1][number]
        if level == 1:
            return tuple(chain.from_iterable(self._leaves[child] for child in below))
        children = await together(self._node(level - 1, child) for child in below)
        return tuple(chain.from_iterable(children))

"""The tree of merges: planned before the first call, walked without a barrier.

Groups of up to `batch` patches are merged, then groups of the results, until one is left
(section 2.4 of the paper). The plan depends on the number of patches alone, so the result does
not depend on which reply comes first; a node starts as soon as its own children are done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import accumulate

from skillgit.ports import Model
from skillgit.provenance.evidence import Refusal
from skillgit.stages.consolidate.merge import MergeNode, merge
from skillgit.types import ChangeSet, Edit, Patch

Plan = tuple[tuple[range, ...], ...]


def plan_tree(leaves: int, batch: int) -> Plan:
    """Levels from the bottom; each node is the range of its children in the level below."""
    levels: list[tuple[range, ...]] = []
    while leaves > 1:
        levels.append(_balanced(leaves, batch))
        leaves = len(levels[-1])
    return tuple(levels)


def _balanced(count: int, batch: int) -> tuple[range, ...]:
    """Split `count` things into the fewest groups of at most `batch`, of nearly equal sizes."""
    groups = -(-count // max(batch, 2))
    sizes = [count // groups + (number < count % groups) for number in range(groups)]
    ends = list(accumulate(sizes))
    return tuple(range(end - size, end) for end, size in zip(ends, sizes, strict=True))


async def merge_tree(
    patches: Sequence[Patch],
    edits: Sequence[Edit],
    batch: int,
    model: Model,
    refused: Sequence[Refusal] = (),
) -> ChangeSet:
    """Merge `edits`, what is left of the patches, each in the patch of its own analyst."""
    left = {edit.id: edit for edit in edits}
    leaves = [
        tuple(left[edit.id] for edit in patch.edits if edit.id in left)
        for patch in sorted(patches, key=lambda patch: patch.trajectory)
    ]
    leaves = [leaf for leaf in leaves if leaf]
    plan = plan_tree(len(leaves), batch)
    model.progress.start("merge", sum(map(len, plan)))
    merged = await _node(len(plan), 0, plan, leaves, model, refused)
    model.progress.finish("merge")
    return merged


async def _node(
    level: int,
    number: int,
    plan: Plan,
    leaves: list[tuple[Edit, ...]],
    model: Model,
    refused: Sequence[Refusal],
) -> ChangeSet:
    if level == 0:
        return ChangeSet(leaves[number]) if leaves else ChangeSet(())
    below = plan[level - 1][number]
    children = await asyncio.gather(
        *(_node(level - 1, child, plan, leaves, model, refused) for child in below)
    )
    inputs = tuple(edit for child in children for edit in child.edits)
    own = await merge(MergeNode(level, number, "merge"), inputs, model, refused)
    model.progress.advance("merge", f"level {level}: {len(inputs)} edits, {len(own.edits)} left")
    return ChangeSet(
        own.edits,
        tuple(fate for child in children for fate in child.fates) + own.fates,
        tuple(record for child in children for record in child.merges) + own.merges,
    )

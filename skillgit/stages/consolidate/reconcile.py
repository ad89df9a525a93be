"""Edits that want the same lines: one bounded question for each such cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from skillgit.ports import Model
from skillgit.provenance.evidence import Refusal
from skillgit.skill.hunks import group_edits
from skillgit.stages.consolidate.join import by_strength
from skillgit.stages.consolidate.merge import MergeNode, merge
from skillgit.types import ChangeSet, Edit, Skill

RECONCILE_LEVEL = 99
"""The level of these merges in the evidence: above every tree."""
MOST = 24
"""A larger cluster is not asked about as a whole: its weakest members are left as they are."""


async def reconcile(
    skill: Skill, edits: Sequence[Edit], model: Model, refused: Sequence[Refusal] = ()
) -> ChangeSet:
    """Ask about each cluster of touching edits which of them are one lesson."""
    groups = group_edits(skill, by_strength(edits))
    crowded = [group for group in groups if len(group) > 1]
    model.progress.start("reconcile", len(crowded))
    nodes = [MergeNode(RECONCILE_LEVEL, number, "reconcile") for number in range(len(crowded))]
    results = await asyncio.gather(
        *(
            merge(node, group[:MOST], model, refused)
            for node, group in zip(nodes, crowded, strict=True)
        )
    )
    model.progress.finish("reconcile")
    kept = [edit for group in groups if len(group) == 1 for edit in group]
    kept += [edit for group in crowded for edit in group[MOST:]]
    return ChangeSet(
        by_strength([*kept, *(edit for result in results for edit in result.edits)]),
        tuple(fate for result in results for fate in result.fates),
        tuple(record for result in results for record in result.merges),
    )

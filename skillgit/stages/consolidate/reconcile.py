"""Edits that want the same lines: one bounded question for each such cluster.

The root of the tree has shown the operator all that is left, as a rule in one question, so the same
is not asked again: a cluster is asked about where no answered question showed all of it, because
the root was parted or came to nothing. That saves a call that all others would have to wait for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

from skillgit.names import EditId
from skillgit.skill.hunks import group_edits
from skillgit.stages.consolidate.join import by_strength
from skillgit.stages.consolidate.merge import Asking
from skillgit.stages.consolidate.operator import Operator, numbered, together, united
from skillgit.types import ChangeSet, Edit, MergeRecord, Skill

RECONCILE_LEVEL = 99
"""The level of these merges in the evidence: above every tree."""
MOST = 24
"""A larger cluster is not asked about as a whole: its weakest members are left as they are."""


async def reconcile(
    skill: Skill, edits: Sequence[Edit], merges: Iterable[MergeRecord], operator: Operator
) -> ChangeSet:
    """Ask about touching edits which of them are one lesson, as far as `merges` have not."""
    groups = group_edits(skill, by_strength(edits))
    together_before = _Shown(merges)
    crowded = [
        group for group in groups if len(group) > 1 and not together_before.all_of(group[:MOST])
    ]
    operator.model.progress.start("reconcile", len(crowded))
    results = await together(
        operator.ask(Asking("reconcile", RECONCILE_LEVEL, number), group[:MOST])
        for number, group in enumerate(crowded)
    )
    operator.model.progress.finish("reconcile")
    done = united(results)
    asked = {edit.id for group in crowded for edit in group[:MOST]}
    kept = (edit for edit in edits if edit.id not in asked)
    merged = numbered((one.merges for one in results), {RECONCILE_LEVEL: len(crowded)})
    return ChangeSet(by_strength(chain(kept, done.edits)), done.fates, tuple(merged))


class _Shown:
    """Which edits the operator has been shown together, and has answered about."""

    def __init__(self, merges: Iterable[MergeRecord]) -> None:
        self._questions: defaultdict[EditId, set[int]] = defaultdict(set)
        for number, record in enumerate(merges):
            if record.how.startswith("model"):
                for edit in record.inputs:
                    self._questions[edit].add(number)

    def all_of(self, edits: Iterable[Edit]) -> bool:
        return bool(set.intersection(*(self._questions[edit.id] for edit in edits)))

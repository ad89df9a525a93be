"""Stage 3: many patches become one coherent change; prevalent lessons win.

Section 2.4 of the paper. The operator (a model) says which edits teach the same lesson and never
writes a diff; what counts, joins, seats and withholds is the program. In order:

    refused     what people refused before is withheld, in nearly these words or by the operator,
                unless enough that is new teaches it
    join        identical and near-identical edits, before any call
    tree        merges by reference in a planned tree, no barrier between its levels; where the
                operator fails the program joins what is alike, and where it is asked too much the
                question is parted
    support     low support is withheld
    reconcile   edits that want the same lines and were never shown together: one question
    seat        niche lessons go to references/; on the same lines the better supported stays;
                a branch has so many lessons that it can be reviewed
    budget      SKILL.md stays under its limits, the least supported is demoted first

Each step takes edits and gives a `ChangeSet`: the edits that are left, and the fate of the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from skillgit.config import Consolidate
from skillgit.ports import Model
from skillgit.review.memory import Memory
from skillgit.stages.consolidate.budget import within_budget
from skillgit.stages.consolidate.join import join_alike
from skillgit.stages.consolidate.operator import Operator
from skillgit.stages.consolidate.reconcile import reconcile
from skillgit.stages.consolidate.refused import coming_back, without_refused
from skillgit.stages.consolidate.route import strong_enough
from skillgit.stages.consolidate.seat import seat
from skillgit.stages.consolidate.tree import merge_tree
from skillgit.types import ChangeSet, Patch, Skill

_NOTHING = Memory()
_MOST_EDITS = 64
"""So many edits any operator can be asked about at once; with large batches, more."""


async def consolidate(
    skill: Skill,
    patches: Sequence[Patch],
    options: Consolidate,
    model: Model,
    refused: Memory = _NOTHING,
) -> ChangeSet:
    """Merge the patches of all analysts; every edit that goes in comes out or has a fate."""
    batch = options.merge_batch
    edits = [edit for patch in patches for edit in patch.edits]
    shown = refused.without(coming_back(edits, refused))
    operator = Operator(model, max(_MOST_EDITS, 4 * batch), shown)
    done = without_refused(edits, refused)
    done = _then(done, join_alike(done.edits))
    done = _then(done, await merge_tree(patches, done.edits, batch, operator))
    done = _then(done, strong_enough(done.edits, options.min_support))
    done = _then(done, await reconcile(skill, done.edits, done.merges, operator))
    done = _then(done, without_refused(done.edits, refused))
    done = _then(done, seat(skill, done.edits, options))
    return _then(done, within_budget(skill, done.edits, options))


def _then(before: ChangeSet, after: ChangeSet) -> ChangeSet:
    return ChangeSet(after.edits, before.fates + after.fates, before.merges + after.merges)

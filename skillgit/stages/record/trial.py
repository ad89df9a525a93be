"""Does Git itself see lessons that commute? They are tried before any of them is kept.

For each lesson, on objects that are thrown away:

- its digest in the chain is its digest on the bare base: dropping others will not change it;
- picking it from the base onto the chain before it gives the chain with it;
- reverting it at the tip gives all the others and nothing else.

A lesson that fails is made one with the lesson nearest to it, and all is tried again; at worst
one lesson is left, and one lesson commutes.
"""

from __future__ import annotations

from collections.abc import Sequence

from skillgit.ports import Signature, Workshop
from skillgit.provenance.patch_digest import patch_digest
from skillgit.review.replay import tree_of
from skillgit.stages.record.lessons import Draft, fused, nearest
from skillgit.types import Change, Skill

_NOBODY = Signature("nobody", "nobody@example.invalid", 0)


def settle(repo: Workshop, skill: Skill, found: Sequence[Draft]) -> tuple[Draft, ...]:
    """The lessons, some made one where Git would not keep them apart."""
    settled = tuple(found)
    with repo.scratch() as scratch:
        while (entangled := _first_entangled(scratch, skill, settled)) is not None:
            settled = fused(settled, entangled, nearest(skill, settled, entangled))
    return settled


def _first_entangled(repo: Workshop, skill: Skill, found: Sequence[Draft]) -> int | None:
    if len(found) < 2:
        return None
    trees, commits = [tree_of(repo, skill, ())], [skill.commit]
    for number in range(len(found)):
        trees.append(tree_of(repo, skill, _changes(found[: number + 1])))
        commits.append(repo.write_commit(trees[-1], [commits[-1]], "chain", _NOBODY))
    for number, draft in enumerate(found):
        alone = tree_of(repo, skill, draft.changes)
        chain = repo.diff(trees[number], trees[number + 1])
        if patch_digest(chain) != patch_digest(repo.diff(trees[0], alone)):
            return number
        if not repo.merges:
            continue
        picked = repo.write_commit(alone, [skill.commit], "pick", _NOBODY)
        if repo.merge(commits[number], picked) != trees[number + 1]:
            return number
        reverted = repo.write_commit(trees[number], [commits[number + 1]], "revert", _NOBODY)
        others = _changes([*found[:number], *found[number + 1 :]])
        if repo.merge(commits[-1], reverted) != tree_of(repo, skill, others):
            return number
    return None


def _changes(found: Sequence[Draft]) -> list[Change]:
    return [change for draft in found for change in draft.changes]

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
from itertools import pairwise

from skillgit.names import Oid
from skillgit.ports import NewCommit, Workshop
from skillgit.provenance.patch_digest import patch_digest
from skillgit.review.replay import trees_of
from skillgit.stages.record.lessons import Draft, fused, nearest
from skillgit.types import Change, Skill


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
    numbers = range(len(found))
    chain, alone, others = _trees(repo, skill, found)
    steps = repo.diffs_between(list(pairwise(chain)))
    bare = repo.diffs_between([(chain[0], tree) for tree in alone])
    entangled = [n for n in numbers if patch_digest(steps[n]) != patch_digest(bare[n])]
    if repo.merges:
        entangled += _unmergeable(repo, skill, chain, alone, others)
    return min(entangled, default=None)


def _trees(
    repo: Workshop, skill: Skill, found: Sequence[Draft]
) -> tuple[tuple[Oid, ...], tuple[Oid, ...], tuple[Oid, ...]]:
    """The base and each lesson on those before it; each alone on the base; all but each."""
    count = len(found)
    trees = trees_of(
        repo,
        skill,
        [
            *(_changes(found[:number]) for number in range(count + 1)),
            *(draft.changes for draft in found),
            *(_changes([*found[:number], *found[number + 1 :]]) for number in range(count)),
        ],
    )
    return trees[: count + 1], trees[count + 1 : 2 * count + 1], trees[2 * count + 1 :]


def _unmergeable(
    repo: Workshop, skill: Skill, chain: Sequence[Oid], alone: Sequence[Oid], others: Sequence[Oid]
) -> list[int]:
    """The lessons that cannot be picked onto those before them, or reverted at the tip."""
    numbers = range(len(alone))
    commits = repo.write_commits(
        [
            *(NewCommit(chain[n + 1], n - 1 if n else skill.commit, "chain") for n in numbers),
            *(NewCommit(tree, skill.commit, "pick") for tree in alone),
            *(NewCommit(chain[n], n, "revert") for n in numbers),
        ]
    )
    count = len(alone)
    before = (skill.commit, *commits[:count])
    picks = [(before[n], commits[count + n]) for n in numbers]
    reverts = [(before[-1], commits[2 * count + n]) for n in numbers]
    merged = repo.merge_all([*picks, *reverts])
    wanted = (*chain[1:], *others)
    return [at % count for at, tree in enumerate(merged) if tree != wanted[at]]


def _changes(found: Sequence[Draft]) -> list[Change]:
    return [change for draft in found for change in draft.changes]

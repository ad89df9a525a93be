"""The tree of merges: what a group may hold, and how little of it an addition changes."""

from __future__ import annotations

import hashlib
import re
import statistics
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from merging import Asked, by_title, patch

from skillgit.ports import Call, Reply
from skillgit.stages.consolidate.merge import step_of
from skillgit.stages.consolidate.plan import MOST_GROUPS, Leaf, Plan, forecast, plan_tree


def leaves(count: int, seed: int = 0) -> list[Leaf]:
    """Leaves with ids as digests make them."""
    digests = (hashlib.sha256(f"{seed} {n}".encode()).hexdigest() for n in range(count))
    return [Leaf(f"t-{digest[:12]}") for digest in sorted(digests)]


def nodes(plan: Plan, ids: list[str]) -> set[tuple[str, ...]]:
    """Each merge as the leaves under it."""
    found: set[tuple[str, ...]] = set()
    below: list[tuple[str, ...]] = [(name,) for name in ids]
    for level in plan:
        below = [tuple(name for child in group for name in below[child]) for group in level]
        found.update(below)
    return found


@pytest.mark.parametrize("count", [1, 2, 31, 32, 33, 64, 65, 128, 323, 1024, 10_000])
@pytest.mark.parametrize("batch", [2, 3, 5, 32])
def test_each_level_covers_the_one_below_in_groups_that_are_not_too_large(
    count: int, batch: int
) -> None:
    plan = plan_tree(leaves(count), batch)
    below = count
    for number, level in enumerate(plan):
        assert [child for node in level for child in node] == list(range(below))
        assert max(map(len, level)) <= (batch if number == 0 else min(batch, MOST_GROUPS))
        below = len(level)
    assert below == 1
    assert bool(plan) == (count > 1)


def test_a_small_round_is_one_group_and_two_groups_are_halves() -> None:
    assert plan_tree(leaves(32), 32) == ((range(32),),)
    assert plan_tree(leaves(14), 8) == ((range(7), range(7, 14)), (range(2),))
    assert plan_tree(leaves(63), 32)[0] == (range(32), range(32, 63))


def test_groups_are_large_enough_for_few_merges_and_like_enough_for_short_chains() -> None:
    for seed in range(20):
        first, *above = plan_tree(leaves(323, seed), 32)
        sizes = [len(group) for group in first]
        assert 11 <= len(sizes) <= 18
        assert min(sizes) >= 16
        assert len(above) == 2
    assert [len(plan_tree(leaves(n), 32)) for n in (32, 323, 1024, 10_000)] == [1, 3, 3, 5]


def test_many_edits_fill_a_group_as_many_patches_do() -> None:
    heavy = [Leaf(leaf.id, edits=4) for leaf in leaves(32)]
    assert plan_tree(heavy, 32)[0] == (range(16), range(16, 32))
    whole = [Leaf(leaf.id, edits=500) for leaf in leaves(3)]
    assert plan_tree(whole, 32)[0] == (range(1), range(1, 2), range(2, 3))


def test_a_leaf_more_changes_its_group_seldom_another_and_the_merges_above() -> None:
    ids = [leaf.id for leaf in leaves(1000)]
    before = nodes(plan_tree([Leaf(name) for name in ids], 32), ids)
    changed = []
    for number in range(100):
        more = sorted([*ids, f"t-{hashlib.sha256(f'more {number}'.encode()).hexdigest()[:12]}"])
        after = nodes(plan_tree([Leaf(name) for name in more], 32), more)
        changed.append(len(after - before))
    depth = 4
    assert statistics.mean(changed) <= depth + 1
    assert max(changed) <= 3 * depth


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 90), min_size=2, max_size=300), st.integers(2, 40))
def test_no_group_of_several_patches_holds_more_edits_than_two_for_each(
    edits: list[int], batch: int
) -> None:
    found = [Leaf(leaf.id, n) for leaf, n in zip(leaves(len(edits)), edits, strict=True)]
    for group in plan_tree(found, batch)[0]:
        assert len(group) == 1 or sum(max(2, found[n].edits) for n in group) <= 2 * batch


def test_what_a_round_may_merge_can_be_told_before() -> None:
    ids = [leaf.id for leaf in leaves(323)]
    assert forecast(reversed(ids), 32) == tuple(map(len, plan_tree(leaves(323), 32)))
    assert forecast(ids[:32], 32) == (1,)
    assert forecast([], 32) == forecast(ids[:1], 32) == ()
    assert sum(forecast(ids, 32, edits=3.5)) > sum(forecast(ids, 32, edits=1.5))


def test_supports_are_told_exactly_below_ten_and_in_steps_above() -> None:
    assert [step_of(n) for n in (1, 9, 10, 19, 20, 49, 120, 10_000)] == [
        1,
        9,
        10,
        10,
        20,
        20,
        100,
        10_000,
    ]
    assert all(step_of(n) <= step_of(n + 1) <= n + 1 for n in range(1, 3000))


def test_an_addition_changes_no_question_but_those_on_its_way_to_the_root() -> None:
    first = Asked(by_title)
    patches = [patch(n) for n in range(300)]
    first.consolidate(patches)
    known = set(first.questions)
    for k in (1, 3, 10):
        again = Asked(by_title)
        again.consolidate([*patches, *(patch(1000 + n) for n in range(k))])
        new = set(again.questions) - known
        assert 1 <= len(new) <= k * 4 + 4
        assert len(new) < len(known) or k == 10


def test_ten_supporters_more_leave_the_questions_above_as_they_were() -> None:
    """A lesson of many runs is told in steps: `20+ runs` stays true for a while."""
    same = [patch(n, themes=1) for n in range(70)]
    one = Asked(by_title)
    one.consolidate(same)
    root = one.calls[-1].messages[-1].content
    assert re.search(r"\((10|20)\+ runs, ", root)
    assert not re.search(r"\d\d runs", root)


def test_a_node_starts_when_its_own_children_are_done() -> None:
    """One merge of the leaves that takes long holds up the merges above it and no other."""
    over: list[str] = []

    def answered(call: Call) -> Reply:
        over.append(call.label)
        return by_title(call)

    asked = Asked(answered, late=lambda call: 500 if call.label == "merge 1/0" else 1)
    asked.consolidate([patch(n, themes=40) for n in range(600)], min_support=1)
    levels = [int(name.split()[1].split("/")[0]) for name in over if name.startswith("merge")]
    assert max(levels) == 3
    assert any(one > other for one, other in pairwise(levels))

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.domains.digests import task_set
from skillgit.domains.selection import Part, Selection, select, split
from skillgit.domains.task import Case, Task, TaskSet
from skillgit.errors import UsageError
from skillgit.names import Digest


def tasks(*groups: str) -> TaskSet:
    digest = Digest(f"sha256:{'0' * 64}")
    each = (
        Task(f"t{n}", "text", "Do it.", (Case({}, "answer.txt", region="x"),), digest, group)
        for n, group in enumerate(groups)
    )
    return task_set(each, "here", ["a remark"])


def ids(chosen: TaskSet) -> list[str]:
    return [task.id for task in chosen.tasks]


@given(st.lists(st.sampled_from("abc"), max_size=40), st.floats(0.01, 0.99), st.booleans())
def test_the_parts_are_the_whole(groups: list[str], share: float, stratified: bool) -> None:  # noqa: FBT001 - drawn
    whole = tasks(*groups)
    first, second = split(whole, share, stratified=stratified)

    assert sorted(ids(first) + ids(second)) == sorted(ids(whole))
    assert [one for one in ids(whole) if one in ids(first)] == ids(first)
    assert split(whole, share, stratified=stratified)[0].digest == first.digest


def test_each_group_gives_its_share_and_not_just_its_beginning() -> None:
    whole = tasks(*"a" * 40, *"b" * 20)
    first, _ = split(whole)

    assert [sum(task.group == group for task in first.tasks) for group in "ab"] == [20, 10]
    assert ids(first)[:20] != ids(whole)[:20]
    assert ids(split(whole, stratified=False)[0]) == ids(whole)[:30]


def test_halves_make_another_set_with_the_same_remarks() -> None:
    whole = tasks("a", "a", "b", "b")
    halves = [select(whole, Selection(part)) for part in (Part.FIRST_HALF, Part.SECOND_HALF)]

    assert sorted(ids(halves[0]) + ids(halves[1])) == ids(whole)
    assert len({whole.digest, *(half.digest for half in halves)}) == 3
    assert halves[0].remarks == ("a remark",)
    assert select(whole, Selection()) == whole


def test_ids_groups_and_a_limit() -> None:
    whole = tasks("a", "b", "a", "b")

    assert ids(select(whole, Selection(ids=("t3", "t0")))) == ["t0", "t3"]
    assert ids(select(whole, Selection(groups=("b",)))) == ["t1", "t3"]
    assert ids(select(whole, Selection(limit=3))) == ["t0", "t1", "t2"]


def test_what_the_set_has_not_is_an_error_with_the_nearest_name() -> None:
    whole = tasks("alpha", "beta")

    with pytest.raises(UsageError, match="no task 't9'") as unknown:
        select(whole, Selection(ids=("t9",)))
    assert "did you mean 't" in unknown.value.hint
    with pytest.raises(UsageError, match="no group 'alfa'") as unknown:
        select(whole, Selection(groups=("alfa",)))
    assert unknown.value.hint == "did you mean 'alpha'?"
    with pytest.raises(UsageError, match="none is left of 2"):
        select(whole, Selection(ids=("t0",), groups=("beta",)))


def test_a_share_is_a_share() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        split(tasks("a"), 1.0)

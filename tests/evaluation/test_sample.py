from __future__ import annotations

import random

import pytest
from graded import SEEDS, digest, run, runs, skill

from skillgit.errors import FindingsError
from skillgit.evaluation.runs import Ended, RunResult
from skillgit.evaluation.sample import Cell, align, sample
from skillgit.names import Oid

PASSES = [[True, True, False], [False, False, False]]


def test_runs_are_laid_out_by_task_and_seed_in_whatever_order_they_come() -> None:
    given = runs(PASSES)
    shuffled = list(given)
    random.Random(1).shuffle(shuffled)

    table = sample(shuffled)

    assert list(table.runs.values()) == given
    assert table.seeds == SEEDS
    assert {task: [one.seed for one in row] for task, row in table.tasks.items()} == {
        "task-000": list(SEEDS),
        "task-001": list(SEEDS),
    }
    assert table.missing == ()
    assert table.remarks == ()


def test_a_missing_run_is_said() -> None:
    table = sample(runs(PASSES)[:-1])

    assert table.missing == (Cell("task-001", 43),)
    assert table.remarks == ("1 of 6 runs are missing: task-001 (seed 43)",)


def test_a_long_list_of_missing_runs_is_cut_and_counted() -> None:
    given = [*runs([[True]] * 9), run("task-000", 42, passed=True)]

    (remark,) = sample(given).remarks

    assert remark.startswith("8 of 18 runs are missing: task-001 (seed 42), ")
    assert remark.endswith("task-005 (seed 42) and 3 more")


def test_crashes_are_failures_and_are_said() -> None:
    table = sample([run("a", 41, passed=False, ended=Ended.CRASHED), run("b", 41, passed=True)])

    assert table.remarks == ("1 of 2 runs crashed and count as failures: a (seed 41)",)


def test_runs_for_which_the_endpoint_had_no_reply_are_said() -> None:
    table = sample([run("a", 41, passed=False, ended=Ended.NO_REPLY), run("b", 41, passed=True)])

    assert table.remarks == (
        "1 of 2 runs ended for want of a reply and were graded as they were: a (seed 41)",
    )


def test_a_run_given_twice_counts_once() -> None:
    table = sample(runs(PASSES) + runs(PASSES))

    assert len(table.runs) == 6
    assert table.remarks == ("6 results were given twice; each counts once",)


def test_a_contradiction_is_refused() -> None:
    with pytest.raises(FindingsError, match=r"two different results for a \(seed 41\)"):
        sample([run("a", 41, passed=True), run("a", 41, passed=False)])


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"skill": skill("b")}, "2 different skills"),
        ({"skill": None}, "2 different skills"),
        ({"model": "other"}, "2 different models"),
        ({"harness": digest("other")}, "2 different harnesses"),
        ({"recalc": "formualizer"}, "2 different ways of recalculation"),
    ],
)
def test_a_mixture_is_refused(changed: dict[str, object], named: str) -> None:
    with pytest.raises(FindingsError, match=named):
        sample([run("a", 41, passed=True), run("b", 41, passed=True, **changed)])


def test_two_commits_with_the_same_skill_are_no_mixture() -> None:
    again = type(skill("a"))("skills/xlsx", Oid("f" * 40), skill("a").digest)

    assert (
        len(sample([run("a", 41, passed=True), run("b", 41, passed=True, skill=again)]).runs) == 2
    )


def test_a_task_that_changes_between_seeds_is_refused() -> None:
    with pytest.raises(FindingsError, match="the task a changed"):
        sample([run("a", 41, passed=True), run("a", 42, passed=True, task_digest=digest("new"))])


def test_no_runs_are_refused() -> None:
    with pytest.raises(FindingsError, match="there are none"):
        sample([])


def test_only_shared_cells_are_paired_and_the_others_are_said() -> None:
    base = sample(runs(PASSES)[:-1])
    other = sample(runs(PASSES, skill=skill("b"))[1:])

    aligned = align(base, other)

    assert list(aligned.base.runs) == list(aligned.other.runs)
    assert len(aligned.base.runs) == 4
    assert aligned.only_base == (Cell("task-000", 41),)
    assert aligned.only_other == (Cell("task-001", 43),)
    assert aligned.remarks == (
        "1 of 6 runs of base have no partner: task-000 (seed 41)",
        "1 of 6 runs of other have no partner: task-001 (seed 43)",
    )


def test_a_task_that_changed_is_not_compared() -> None:
    base = sample([run("a", 41, passed=True), run("b", 41, passed=True)])
    other = sample(
        [
            run("a", 41, passed=True, skill=None, task_digest=digest("other gold")),
            run("b", 41, passed=True, skill=None),
        ]
    )

    aligned = align(base, other)

    assert list(aligned.base.runs) == [Cell("b", 41)]
    assert aligned.changed == (Cell("a", 41),)
    assert aligned.remarks == (
        "1 of 2 runs of base are of tasks that have changed since: a (seed 41)",
    )


def test_what_differs_beside_the_skill_is_said() -> None:
    base = sample(runs(PASSES))
    other = sample(
        runs(PASSES, skill=skill("b"), model="big", harness=digest("new"), recalc="libreoffice")
    )

    remarks = align(base, other).remarks

    assert [remark.split(" differs")[0] for remark in remarks] == [
        "the model",
        "the harness",
        "recalculation",
    ]


def test_the_same_on_both_sides_is_said_to_be_chance() -> None:
    base = sample(runs(PASSES))
    other = sample(runs([[False] * 3] * 2))

    assert align(base, other).remarks == ("both sides are the same: what differs here is chance",)


@pytest.mark.parametrize("other", [[run("b", 41, passed=True)], [run("a", 42, passed=True)]])
def test_without_a_shared_cell_nothing_is_compared(other: list[RunResult]) -> None:
    with pytest.raises(FindingsError, match="no task was run in both"):
        align(sample([run("a", 41, passed=True)]), sample(other))


def test_if_every_shared_task_changed_that_is_the_reason_given() -> None:
    changed = sample([run("a", 41, passed=True, task_digest=digest("new"))])

    with pytest.raises(FindingsError, match="1 runs are of tasks that have changed"):
        align(sample([run("a", 41, passed=True)]), changed)

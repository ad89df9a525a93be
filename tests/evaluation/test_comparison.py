from __future__ import annotations

import pytest
from graded import digest, run, runs, skill
from hypothesis import given
from hypothesis import strategies as st

from skillgit.errors import FindingsError
from skillgit.evaluation.comparison import (
    Bounds,
    Group,
    Rates,
    Spread,
    Verdict,
    bounds,
    compare,
    judge,
    measure,
)
from skillgit.evaluation.documents import document
from skillgit.evaluation.report import text
from skillgit.evaluation.runs import Ended, RunResult
from skillgit.evaluation.statistics import Interval
from skillgit.types import Usage

Table = list[list[bool]]


def other(passes: Table) -> list[RunResult]:
    return runs(passes, skill=skill("b"))


def test_a_measurement_counts_each_task_once() -> None:
    given_runs = runs({"a": [True, True, False], "b": [False, False, False], "c": [True]})
    found = measure(given_runs)

    assert (found.tasks, found.runs, found.seeds) == (3, 7, (41, 42, 43))
    assert found.success.estimate == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert found.by_seed == {41: pytest.approx(2 / 3), 42: 0.5, 43: 0.0}
    assert found.remarks == ("2 of 9 runs are missing: c (seed 42), c (seed 43)",)


def test_soft_and_hard_are_told_apart() -> None:
    half = [run("a", 41, passed=False, score=2 / 3), run("b", 41, passed=True)]
    found = measure(half)

    assert found.success.estimate == 0.5
    assert found.soft == pytest.approx(5 / 6)


def test_a_rate_over_equally_many_runs_of_each_task_is_avg_at_k() -> None:
    whole = runs({"a": [True] * 6 + [False] * 2, "b": [False] * 8})

    assert measure(whole).repeats == 8
    assert measure(whole).success.estimate == 0.375
    assert measure(whole[:-1]).repeats is None


def test_scorers_of_benchmarks_have_rates_of_their_own() -> None:
    found = measure(
        [
            run("a", 41, passed=True, official={"dapo": False}),
            run("a", 42, passed=True, official={"dapo": True}),
            run("b", 41, passed=True, official={"dapo": True}),
            run("b", 42, passed=False),  # it crashed, say
        ]
    )

    assert found.success.estimate == 0.75
    assert found.official == {"dapo": 0.5}
    assert document(found)["official"] == {"dapo": 0.5}
    assert "by the scorer dapo 50.0 %" in " ".join(text(found).split())
    assert "official" not in document(measure(runs([[True]])))


def test_costs_are_means_and_medians_over_runs() -> None:
    def costly(task: str, prompt: int, turns: int) -> RunResult:
        usage = Usage(prompt_tokens=prompt, cached_tokens=prompt, output_tokens=10)
        return run(task, 41, passed=True, usage=usage, turns=turns)

    found = measure([costly("a", 90, 2), costly("b", 190, 3), costly("c", 890, 10)])

    assert found.tokens == Spread(400.0, 200.0)
    assert found.turns == Spread(5.0, 3.0)


def test_ends_are_counted_the_most_frequent_first() -> None:
    ends = [Ended.CRASHED, Ended.ANSWERED, Ended.TURNS, Ended.ANSWERED]
    found = measure([run(str(n), 41, passed=False, ended=end) for n, end in enumerate(ends)])

    assert dict(found.ended) == {Ended.ANSWERED: 2, Ended.CRASHED: 1, Ended.TURNS: 1}
    assert next(iter(found.ended)) is Ended.ANSWERED


def test_kinds_of_tasks_are_told_apart_where_there_are_several() -> None:
    kinds = [
        *runs({"a": [True, False], "b": [True, True]}, group="cell"),
        *runs({"c": [False, False]}, group="sheet"),
    ]

    assert measure(kinds).by_group == {"cell": Group(2, 0.75), "sheet": Group(1, 0.0)}
    assert measure(kinds[:4]).by_group == {}


def test_floor_and_ceiling_come_from_runs_and_stand_beside_the_figures() -> None:
    nothing = [run("a", 0, passed=False, score=0.5), run("b", 0, passed=False, score=0.0)]
    frame = bounds(nothing, runs([[True], [True]]))

    assert frame == Bounds(Rates(0.0, 0.25), Rates(1.0, 1.0))
    assert bounds() == Bounds(None, None)
    assert measure(runs([[True]]), frame).bounds == frame
    assert compare(runs([[True]]), other([[True]]), frame).bounds == frame


def test_a_rate_at_the_floor_is_said() -> None:
    frame = Bounds(floor=Rates(0.5, 0.5))

    assert measure(runs([[True], [False]]), frame).remarks == (
        "an agent that does nothing passes as often",
    )
    assert measure(runs([[True], [True]]), frame).remarks == ()


def test_tasks_are_won_lost_or_tied_over_all_seeds() -> None:
    base = runs({"a": [True, False, False], "b": [True] * 3, "c": [True, False, False]})
    new = runs({"a": [True] * 3, "b": [False] * 3, "c": [False, False, True]}, skill=skill("b"))

    found = compare(base, new)

    assert [(one.task, one.base, one.other, one.runs) for one in found.wins] == [("a", 1, 3, 3)]
    assert [(one.task, one.gain) for one in found.losses] == [("b", -3)]
    assert [one.task for one in found.ties] == ["c"]
    assert found.pairs.both == 1
    assert found.pairs.only_base == 4
    assert found.pairs.only_other == 3
    assert found.pairs.neither == 1
    assert found.difference.estimate == pytest.approx(-1 / 9)


def test_the_greatest_win_comes_first() -> None:
    base = runs({"a": [False, False], "b": [False, False]})
    new = runs({"a": [True, False], "b": [True, True]}, skill=skill("b"))

    assert [one.task for one in compare(base, new).wins] == ["b", "a"]


def test_seeds_do_not_multiply_the_evidence_of_the_test() -> None:
    base = runs([[False] * 3] * 5)

    assert compare(base, other([[True] * 3] * 5)).test.exact == pytest.approx(2 / 2**5)


def test_both_sides_are_measured_on_what_they_share() -> None:
    base = runs({"a": [True], "b": [False], "only here": [True]})
    new = runs({"a": [True], "b": [True]}, skill=skill("b"))

    found = compare(base, new)

    assert found.base.tasks == found.other.tasks == 2
    assert found.base.success.estimate == 0.5
    assert found.remarks == ("1 of 3 runs of base have no partner: only here (seed 41)",)


def test_remarks_say_which_side_they_are_about() -> None:
    crashed = [run("a", 41, passed=False, ended=Ended.CRASHED, skill=skill("b"))]

    assert compare(runs({"a": [True]}), crashed).remarks == (
        "other: 1 of 1 runs crashed and count as failures: a (seed 41)",
    )


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.001, 0.01, Verdict.BETTER),
        (-0.01, -0.001, Verdict.WORSE),
        (0.0, 0.02, Verdict.EQUAL),
        (-0.02, 0.0, Verdict.EQUAL),
        (0.0, 0.021, Verdict.UNCLEAR),
        (-0.021, 0.0, Verdict.UNCLEAR),
        (-0.5, 0.5, Verdict.UNCLEAR),
    ],
)
def test_the_verdict_follows_from_the_interval(low: float, high: float, verdict: Verdict) -> None:
    assert judge(Interval((low + high) / 2, low, high)) is verdict


def test_verdicts_of_clear_cases() -> None:
    failing, passing = [[False] * 3] * 20, [[True] * 3] * 20

    assert compare(runs(failing), other(passing)).verdict is Verdict.BETTER
    assert compare(runs(passing), other(failing)).verdict is Verdict.WORSE
    assert compare(runs(failing), other(failing)).verdict is Verdict.UNCLEAR
    assert compare(runs(failing * 10), other(failing * 10)).verdict is Verdict.EQUAL


def test_a_rerun_of_a_real_agent_is_no_improvement() -> None:
    """A published run and its rerun: of 23 tasks 8 pass in each, and 2 change sides."""
    base = [[True]] * 7 + [[True]] + [[False]] + [[False]] * 14
    again = [[True]] * 7 + [[False]] + [[True]] + [[False]] * 14

    found = compare(runs(base), other(again))

    assert found.difference.estimate == 0
    assert found.test.exact == 1.0
    assert found.verdict is Verdict.UNCLEAR


def test_samples_without_a_common_run_are_refused() -> None:
    with pytest.raises(FindingsError, match="no task was run in both"):
        compare(runs({"a": [True]}), runs({"b": [True]}, skill=skill("b")))


def test_a_task_with_a_new_gold_file_is_another_task() -> None:
    base = runs({"a": [True], "b": [True]})
    new = [
        run("a", 41, passed=False, skill=skill("b"), task_digest=digest("gold")),
        run("b", 41, passed=True, skill=skill("b")),
    ]

    assert [one.task for one in compare(base, new).tasks] == ["b"]


TABLES = st.tuples(st.integers(1, 3), st.integers(1, 15)).flatmap(
    lambda size: st.tuples(
        *[
            st.lists(
                st.lists(st.booleans(), min_size=size[0], max_size=size[0]),
                min_size=size[1],
                max_size=size[1],
            )
        ]
        * 2
    )
)


@given(TABLES)
def test_swapping_the_sides_flips_the_sign(tables: tuple[Table, Table]) -> None:
    one = compare(runs(tables[0]), other(tables[1]))
    swapped = compare(other(tables[1]), runs(tables[0]))

    assert one.difference.estimate == pytest.approx(-swapped.difference.estimate)
    assert one.difference.low == pytest.approx(-swapped.difference.high)
    assert [task.task for task in one.wins] == [task.task for task in swapped.losses]
    assert one.test == swapped.test
    assert one.pairs.only_base == swapped.pairs.only_other
    mirrored = {Verdict.BETTER: Verdict.WORSE, Verdict.WORSE: Verdict.BETTER}
    assert mirrored.get(one.verdict, one.verdict) is swapped.verdict


@given(TABLES)
def test_a_sample_equals_itself(tables: tuple[Table, Table]) -> None:
    found = compare(runs(tables[0]), other(tables[0]))

    assert found.difference.estimate == 0
    assert found.test.exact == found.test.mid == 1.0
    assert found.verdict in {Verdict.EQUAL, Verdict.UNCLEAR}
    assert found.wins == found.losses == ()


@given(TABLES)
def test_the_account_of_a_comparison_adds_up(tables: tuple[Table, Table]) -> None:
    found = compare(runs(tables[0]), other(tables[1]))

    assert len(found.wins) + len(found.losses) + len(found.ties) == len(tables[0])
    pairs = found.pairs
    assert pairs.both + pairs.only_base + pairs.only_other + pairs.neither == found.base.runs
    assert found.difference.estimate == pytest.approx(
        found.other.success.estimate - found.base.success.estimate
    )
    assert sum(task.gain for task in found.tasks) == pairs.only_other - pairs.only_base

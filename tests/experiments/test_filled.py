"""Tables of outcomes that are not all well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pretended import outcome, plan_of

from skillgit.experiments.documents import document
from skillgit.experiments.layout import comma_separated, markdown, text
from skillgit.experiments.matrix import Evaluated, Evolved, Matrix, Rollouts, Step, steps
from skillgit.experiments.outcomes import Gap, Outcome, Runs, Taught, Written, is_final
from skillgit.experiments.plan import Plan
from skillgit.experiments.tables import Filled, fill


def found(plan: Plan) -> dict[Step, Outcome]:
    return {step: outcome(step) for step in steps([plan])}


def of(plan: Plan, outcomes: dict[Step, Outcome]) -> Filled:
    return fill(plan, plan.tables[0], outcomes)


def test_crashes_are_told_at_the_figure() -> None:
    plan = plan_of(4)
    outcomes = found(plan)
    for step, made in outcomes.items():
        if isinstance(made, Runs):
            broken = replace(made, crashed=2)
            assert not is_final(broken)
            outcomes[step] = broken
    told = text(of(plan, outcomes))
    assert "[1] 2 of 60 runs crashed, or their endpoint failed: failures here" in told
    assert "crashed" in comma_separated(of(plan, outcomes))


def test_what_a_cell_is_held_against_may_be_missing_alone() -> None:
    plan = plan_of(2)
    outcomes = found(plan)
    matrix = Matrix(plan, plan.tables[0])
    row = matrix.conditions[1]
    base = matrix.held_against(row, "122B", matrix.measures[0])
    assert base
    outcomes[base] = Gap("the data set is gone")
    table = of(plan, outcomes)
    assert table.rows[0].cells[0].gap == "the data set is gone"
    assert table.rows[1].cells[0].gap == "what it is held against: the data set is gone"
    assert table.rows[1].cells[1].figure
    del outcomes[base]
    assert of(plan, outcomes).rows[0].cells[0].gap == "not run yet"


def test_runs_of_other_tasks_are_no_difference() -> None:
    plan = plan_of(2)
    outcomes = found(plan)
    for step, made in outcomes.items():
        if isinstance(step, Evaluated) and isinstance(made, Runs) and step.source:
            runs = tuple(replace(one, task=f"other {one.task}") for one in made.runs)
            outcomes[step] = replace(made, runs=runs)
    assert of(plan, outcomes).rows[1].cells[0].gap == "no task was run with both"


def test_notes_of_a_round_stand_at_every_figure_of_its_skill_and_times_may_be_unknown() -> None:
    plan = plan_of(4)
    outcomes = found(plan)
    for step, made in outcomes.items():
        if isinstance(made, Written) and isinstance(step, Evolved):
            outcomes[step] = replace(made, seconds=0.0, notes=("it left the skill as it was",))
    told = text(of(plan, outcomes))
    assert "[1] it left the skill as it was" in told
    assert "— [2] / — [2]" not in told
    assert "[2] the round left no record" in told
    failed: dict[Step, Outcome] = {
        step: Gap("no sandbox") if isinstance(step, Evolved) else made
        for step, made in outcomes.items()
    }
    assert of(plan, failed).rows[0].times
    assert "no sandbox" in text(of(plan, failed))


def test_a_table_says_which_model_answered_where_it_is_not_the_one_of_its_head() -> None:
    plan = plan_of(4)
    outcomes = found(plan)
    assert "stands for" not in text(of(plan, outcomes))
    small = {
        step: replace(made, model="small-1b") if isinstance(made, Runs) else made
        for step, made in outcomes.items()
        if step.model.name == "35B"
    }
    table = of(plan, outcomes | small)
    said = "Qwen3.5-35B-A3B stands for small-1b, which answered."
    assert text(table).endswith(f"\n\n{said}\n")
    models = {name: replace(one, model="small-1b") for name, one in plan.models.items()}
    named = replace(plan, models=models)  # whatever their titles say
    every = found(named)
    assert "stands for" not in text(of(named, every))
    assert f"- {said}" in markdown(table)
    assert all(line.endswith(",Qwen/Qwen3.5-122B-A10B,small-1b") for line in rows_of(table))
    columns: Any = document(table)["columns"]
    assert [column["models"] for column in columns] == [
        *[["Qwen/Qwen3.5-122B-A10B"]] * 3,
        *[["small-1b"]] * 3,
    ]


def rows_of(table: Filled) -> list[str]:
    return comma_separated(table).splitlines()[1:]


def test_a_time_says_how_many_replies_were_there_before() -> None:
    plan = plan_of(4)
    outcomes = found(plan)
    for step, made in outcomes.items():
        if isinstance(made, Written) and isinstance(step, Evolved):
            outcomes[step] = replace(made, seconds=90.0, remembered=(8, 9))
    told = text(of(plan, outcomes))
    assert "  90 s [1]\n" in told
    assert "[1] of the time: 8 of 9 replies were there before and took none" in told


def test_what_failed_is_not_final() -> None:
    plan = plan_of(4)
    (first, *_) = (one for one in found(plan).values() if isinstance(one, Written))
    assert is_final(first)
    assert not is_final(replace(first, unanswered=3))
    assert is_final(replace(first, unanswered=3, lessons=1))
    assert is_final(Taught("x", 1, 2, (), ()))


def test_floor_and_ceiling_stand_below_the_intervals() -> None:
    lines = text(of(plan_of(3), found(plan_of(3)))).splitlines()
    (floor,) = (line.split() for line in lines if line.startswith("do nothing"))
    assert floor == ["do", "nothing", "0.1000", "7.5", "0.1000", "7.5"]
    (ceiling,) = (line.split() for line in lines if line.startswith("gold answers"))
    assert ceiling == ["gold", "answers", "1.0000", "100.0", "1.0000", "100.0"]


def test_rollouts_are_made_once_for_all_signals() -> None:
    plan = plan_of(1)
    rounds = [step for step in steps([plan]) if isinstance(step, Evolved)]
    assert len({step.rollouts for step in rounds}) == 4
    assert all(isinstance(step.needs[0], Rollouts) for step in rounds)

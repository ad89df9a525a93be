"""A plan's steps: each once, behind what it needs."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from pretended import filled, plan_of

from skillgit.config import Signals
from skillgit.experiments.documents import document
from skillgit.experiments.drawing import svg
from skillgit.experiments.estimates import document as estimate_document
from skillgit.experiments.estimates import estimate, text
from skillgit.experiments.matrix import (
    Drafted,
    Evaluated,
    Evolved,
    Matrix,
    Rollouts,
    conditions,
    steps,
)
from skillgit.experiments.one_name import under_one_name
from skillgit.experiments.plan import Throughput


def count(kind: type, *numbers: int) -> int:
    return sum(isinstance(step, kind) for step in steps([plan_of(number) for number in numbers]))


@pytest.mark.parametrize("numbers", [(1,), (2,), (3,), (4,), (5,), (6,), (1, 2, 3, 4, 5, 6)])
def test_every_step_stands_behind_what_it_needs_and_only_once(numbers: tuple[int, ...]) -> None:
    found = steps([plan_of(number) for number in numbers])
    assert len(set(found)) == len(found)
    for place, step in enumerate(found):
        assert all(need in found[:place] for need in step.needs), step.label


def test_cells_share_what_they_need() -> None:
    assert count(Drafted, 1) == 1
    assert count(Rollouts, 1) == 4, "two authors on two skills, for three signals each"
    assert count(Evolved, 1) == 12
    assert count(Evaluated, 1) == 15 * 2 * 3, "Soft and Hard are two columns of the same runs"
    assert count(Evolved, 1, 6) == 12 + 4, "the rows (ours) of table 6 are those of table 1"
    assert count(Rollouts, 1, 4, 5, 6) == 4
    assert count(Evaluated, 4) == 3 * 2 * 2


def test_each_user_uses_its_own_skill_where_authors_are_the_same() -> None:
    plan = plan_of(4)
    matrix = Matrix(plan, plan.tables[0])
    for condition in matrix.conditions:
        for user in ("122B", "35B"):
            evolved = matrix.evolved(condition, user)
            assert evolved
            assert evolved.model.name == user
            assert evolved.signals is Signals.ERROR
    assert [one.label for one in matrix.conditions] == ["Seq-4", "Seq-1", "Parallel (ours)"]


def test_a_miniature_has_few_tasks_and_one_seed() -> None:
    plan = plan_of(2).miniature(3)
    for step in steps([plan]):
        if isinstance(step, Evaluated):
            assert step.seeds == (41,)
            assert step.split.limit == 3
        if isinstance(step, Evolved):
            assert dict(step.model.settings)["consolidate.min_support"] == 1
            assert step.rollouts.split.limit == 3


def test_two_names_for_one_model_are_asked_once() -> None:
    plan = plan_of(1)
    every = steps([plan])
    assert under_one_name(every, plan.models.values()) == every
    models = {name: replace(one, model="tiny") for name, one in plan.models.items()}
    alike = replace(plan, models=models)
    found = under_one_name(steps([alike]), models.values())
    assert {step.model.name for step in found} == {"122B"}
    assert sum(isinstance(step, Evolved) for step in found) == 6
    assert sum(isinstance(step, Evaluated) for step in found) == 9 * 3


@pytest.mark.parametrize("number", range(1, 7))
def test_no_two_steps_of_a_table_are_called_the_same(number: int) -> None:
    """A person tells them apart by their labels while they run."""
    labels = [step.label for step in steps([plan_of(number)])]
    assert len(set(labels)) == len(labels)


def test_an_analyst_without_a_name_of_its_own_is_called_what_it_is() -> None:
    plan = plan_of(6)
    table = replace(plan.tables[0], names={})
    rows = [one.label for one in conditions(plan, table)]
    assert rows[:2] == ["+Error agentic", "+Error single-call"]


# ------------------------------------------------------------------ estimates


def test_a_run_has_no_more_turns_than_the_settings_allow() -> None:
    plan = plan_of(4).miniature(5)
    runs = [step for step in steps([plan]) if isinstance(step, Rollouts)]
    assert estimate(plan, runs, {}).total.calls == 2 * 5 * 10


def test_each_plan_is_estimated_by_what_it_assumes_itself() -> None:
    pages, sheets = plan_of(3), plan_of(4)
    sheets = replace(sheets, assume=replace(sheets.assume, turns=7))
    found = [
        estimate(plan, [step for step in steps([plan]) if isinstance(step, Rollouts)], {})
        for plan in (pages, sheets)
    ]
    assert found[0].total.prompt > 8000 * found[0].total.calls
    assert found[1].total.calls == 2 * 200 * 7
    both = found[0] + found[1]
    assert both.total.prompt == found[0].total.prompt + found[1].total.prompt
    assert both.gpu_hours["35B"] == sum(one.gpu_hours["35B"] or 0 for one in found)
    shown = text(both)
    assert "Assumed       table-3: a run: 50 turns" in shown
    assert "Assumed       table-4: a run: 7 turns" in shown
    assert "Assumed       a run: 50 turns" in text(found[0])


def test_an_estimate_counts_every_step_once_and_leaves_out_what_is_done() -> None:
    plan = plan_of(4)
    every = steps([plan])
    found = estimate(plan, every, {})
    runs = 2 * (200 + 3 * 3 * (200 + 912))
    assert found.total.runs == runs
    assert found.total.steps == len(every)
    done = [step for step in every if isinstance(step, Evaluated)]
    rest = estimate(plan, every, {}, set(done))
    assert rest.total.runs == 400
    assert rest.done == len(done)
    assert rest.total.fresh < rest.total.prompt


def test_gpu_hours_come_from_what_a_person_told_and_from_nothing_else() -> None:
    plan = plan_of(4)
    every = steps([plan])
    hours = estimate(plan, every, {}).gpu_hours["122B"]
    assert hours
    untold = [
        _with_throughput(step, None) for step in every if isinstance(step, Rollouts | Evaluated)
    ]
    found = estimate(plan, untold, {})
    assert set(found.gpu_hours.values()) == {None}
    told = text(found)
    assert "not told for 122B: nobody says what its server does" in told
    assert "GPU h" in told
    speed = Throughput("measured here", prompt=1000, output=100, gpus=2)
    fast = estimate(plan, [_with_throughput(step, speed) for step in untold], {})
    load = fast.of_model("35B")
    wanted = (load.fresh / 1000 + load.output / 100) * 2 / 3600
    assert fast.gpu_hours["35B"] == pytest.approx(wanted)
    assert "1,000 prompt and 100 output tokens a second on 2 GPUs; measured here" in text(fast)
    assert json.dumps(estimate_document(fast))


def _with_throughput(step: Rollouts | Evaluated, told: Throughput | None) -> Rollouts | Evaluated:
    return replace(step, model=replace(step.model, throughput=told))


def test_the_papers_own_figure_is_what_200_runs_of_50_turns_take() -> None:
    plan = plan_of(1)
    rollouts = [step for step in steps([plan]) if isinstance(step, Rollouts)][:1]
    found = estimate(plan, rollouts, {})
    assert found.total.runs == 200
    assert found.gpu_hours["122B"] == pytest.approx(2.0)


def test_a_sequence_makes_more_calls_in_turn_than_a_tree() -> None:
    plan = plan_of(4)
    rounds = {str(s.strategy): s for s in steps([plan]) if isinstance(s, Evolved)}
    calls = {name: estimate(plan, [step], {}).total.calls for name, step in rounds.items()}
    assert calls["sequential-4"] > calls["hierarchical"]


def test_sets_whose_size_nobody_knows_are_told() -> None:
    plan = plan_of(4)
    (step, *_) = [one for one in steps([plan]) if isinstance(one, Rollouts)]
    unknown = replace(step, split=replace(step.split, told=0))
    found = estimate(plan, [unknown], {})
    assert "it is not there" in text(found)
    known = estimate(plan, [unknown], {unknown.split: 7})
    assert known.total.runs == 7


# ------------------------------------------------------------------ pictures and documents


@pytest.mark.parametrize("number", range(1, 7))
def test_every_table_is_a_picture_with_a_point_for_each_figure(number: int) -> None:
    table = filled(number)
    root = ET.fromstring(svg(table))  # noqa: S314 - our own text
    points = root.findall(".//{http://www.w3.org/2000/svg}circle")
    shown = [row for row in table.rows if row.is_difference or not table.table.against]
    assert len(points) == len(shown) * len(table.columns)
    (caption,) = (one.text for one in root.iter() if "95 %" in (one.text or ""))
    differ = "Differences from " if table.table.against else "Scores with"
    assert (caption or "").startswith(differ)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    texts = root.findall(".//{http://www.w3.org/2000/svg}text")
    assert all(0 <= float(one.attrib["y"]) < height for one in texts)
    assert all(0 <= float(point.attrib["cx"]) <= width for point in points)


def test_a_table_without_figures_is_a_picture_that_says_so() -> None:
    table = filled(5, human="gone")
    assert "no cell has a figure yet" in svg(table)
    assert table.gaps == 12


def test_names_cannot_become_markup_of_a_picture() -> None:
    table = filled(4)
    evil = replace(table, rows=tuple(replace(row, label="<script>\x1b") for row in table.rows))
    drawn = svg(evil)
    assert "<script" not in drawn
    assert "\x1b" not in drawn
    ET.fromstring(drawn)  # noqa: S314 - our own text


def test_the_json_of_a_table_holds_every_figure() -> None:
    told = json.loads(json.dumps(document(filled(1))))
    assert len(told["rows"]) == 15
    assert told["rows"][3]["kind"] == "difference"
    cell = told["rows"][0]["cells"][0]
    assert set(cell["figure"]) == {"estimate", "low", "high", "tasks", "seeds", "runs"}
    assert told["rows"][0]["average"]["figure"]["tasks"] == 20 * 6
    assert told["gaps"] == 0

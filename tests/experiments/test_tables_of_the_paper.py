"""The tables in the layout of the paper, and its own figures added up as it adds them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from pretended import filled, golden, plan_of

from skillgit.evaluation.statistics import Interval
from skillgit.experiments.figures import Figure, Part, average, mean_of_groups
from skillgit.experiments.forms import duration
from skillgit.experiments.layout import comma_separated, markdown, text
from skillgit.experiments.matrix import Matrix

PAPER = Path(__file__).parents[3] / "shared/paper/trace2skill.txt"
needs_the_paper = pytest.mark.skipif(not PAPER.is_file(), reason="the paper is not here")


@pytest.mark.parametrize(("place", "content"), list(golden()), ids=lambda one: str(one)[-11:])
def test_tables_look_as_they_did(place: Path, content: str) -> None:
    assert content == place.read_text(encoding="utf-8")


def test_a_gap_says_why_wherever_the_table_is_shown() -> None:
    table = filled(5, bank="no endpoint | embeds `texts`")
    told = text(table)
    assert "ReasoningBank                      — [1]" in told
    assert "[1] no endpoint | embeds `texts`\n" in told
    assert "- \\[1\\] no endpoint \\| embeds \\`texts\\`" in markdown(table)
    rows = list(csv.DictReader(io.StringIO(comma_separated(table))))
    assert rows[0]["122B Vrf"] == ""
    assert rows[0]["122B Vrf note"] == "no endpoint | embeds `texts`"
    assert rows[1]["122B Vrf n"] == "20"
    assert rows[1]["122B Vrf seeds"] == "41 42 43"
    assert table.gaps == 6


def test_what_a_missing_reference_takes_away_is_the_difference_and_the_average() -> None:
    table = filled(1, human="the folder is gone")
    by_label = [row for row in table.rows if row.label == "+Error"]
    deepening, creation = by_label[0], by_label[1]
    # `human` is in the labels of its rounds as well; both the cell and what it is from are gone.
    assert {cell.gap for cell in deepening.cells} == {"the folder is gone"}
    assert deepening.average
    assert deepening.average.gap == "not all cells of the row have a figure"
    assert creation.average
    assert creation.average.figure


@pytest.mark.parametrize(
    ("seconds", "told"), [(3, "3 s"), (180, "3 min"), (3600, "60 min"), (36_000, "10.0 h")]
)
def test_durations_are_told_as_people_tell_them(seconds: float, told: str) -> None:
    assert duration(seconds) == told


# ------------------------------------------------------------------ the paper's own figures


def _rows(number: int) -> list[tuple[str, list[float]]]:
    """The rows with figures of the paper's n-th table of nine columns, by label."""
    tables: list[list[tuple[str, list[float]]]] = [[]]
    for line in PAPER.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        try:
            values = [float(cell) for cell in cells[1:] if cell] if line.startswith("|") else []
        except ValueError:
            continue
        if len(values) == 9:
            tables[-1].append((cells[0], values))
        elif tables[-1] and not line.startswith("|"):
            tables.append([])
    return [table for table in tables if table][number]


@needs_the_paper
@pytest.mark.parametrize(("number", "count"), [(0, 15), (1, 8)], ids=["table 1", "table 6"])
def test_the_average_is_the_papers_in_every_row_that_it_prints(number: int, count: int) -> None:
    plan = plan_of((1, 6)[number])
    (table,) = plan.tables
    groups = [plan.measures[name].group for _ in table.users for name in table.measures]
    rows = _rows(number)
    assert len(rows) == count
    for label, (*cells, printed) in rows:
        assert mean_of_groups(list(zip(groups, cells, strict=True))) == pytest.approx(
            printed, abs=0.0101
        ), label
        figures = [Figure(Interval(x, x, x), 1, (41,), 1) for x in cells]
        parts = [Part(f, g, str(n)) for n, (f, g) in enumerate(zip(figures, groups, strict=True))]
        assert average(parts).value.estimate == pytest.approx(printed, abs=0.0101)


@needs_the_paper
def test_rows_of_table_6_are_cells_of_table_1_in_the_plans_as_in_the_paper() -> None:
    plans = plan_of(1), plan_of(6)
    ours, theirs = (Matrix(plan, plan.tables[0]) for plan in plans)
    first = [one for one in ours.conditions if one.label == "+Error"]
    sixth = [one for one in theirs.conditions if one.label == "+Error (ours)"]
    for one, other in zip(first, sixth, strict=True):
        for user in ours.table.users:
            for measure in ours.measures:
                assert ours.evaluated(one, user, measure) == theirs.evaluated(other, user, measure)
    paper = _rows(0)
    references = {
        label: values for label, values in paper if label in ("Human-Written", "Parametric")
    }
    deltas = [values for label, values in paper if label == "+Error"]
    absolute = [values for label, values in _rows(1) if label == "+Error (ours)"]
    for number, (delta, whole) in enumerate(zip(deltas, absolute, strict=True)):
        init = references[("Human-Written", "Parametric")[number % 2]]
        for base, gain, score in zip(init[:8], delta[:8], whole[:8], strict=True):
            assert base + gain == pytest.approx(score, abs=0.0101)

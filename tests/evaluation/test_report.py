"""The reports, held by files: look at them in golden/.

PYTHONPATH=tests python tests/evaluation/test_report.py     writes them anew
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from graded import run, runs, skill
from hypothesis import given
from hypothesis import strategies as st

from skillgit.evaluation.comparison import Bounds, Comparison, Measurement, Rates, compare, measure
from skillgit.evaluation.documents import document
from skillgit.evaluation.plot import WIDTH, bars, line
from skillgit.evaluation.report import chance, markdown, points, text
from skillgit.evaluation.runs import Ended, RunResult
from skillgit.evaluation.statistics import Interval

FRAME = Bounds(Rates(0.0333, 0.05), Rates(0.9833, 0.99))


def sixty(shift: float, letter: str, turns: int) -> list[RunResult]:
    chances = random.Random(letter)
    made = [
        run(
            f"{group}-{number:02}",
            seed,
            passed=chances.random() < min(1.0, likely + shift * (number % 2)),
            group=group,
            skill=skill(letter),
            turns=turns + number % 3,
        )
        for group in ("cell", "sheet")
        for number in range(30)
        for likely in [number / 30]
        for seed in (41, 42, 43)
    ]
    made[7] = run(
        "cell-02", 42, passed=False, group="cell", skill=skill(letter), ended=Ended.TURNS, turns=100
    )
    return made


def a_measurement() -> Measurement:
    return measure(sixty(0, "a", 4)[:-1], FRAME)


def a_clear_comparison() -> Comparison:
    return compare(sixty(0, "a", 4), sixty(0.3, "b", 5), FRAME)


def a_small_comparison() -> Comparison:
    crashed = run("task-003", 41, passed=False, ended=Ended.CRASHED, skill=None, turns=0)
    base = [*runs([[True], [False], [False]], skill=None), crashed]
    return compare(base, runs([[True], [True], [False], [False], [True]]))


def as_json(of: Measurement | Comparison) -> str:
    return json.dumps(document(of), indent=2, ensure_ascii=False) + "\n"


MADE = (a_measurement, a_clear_comparison, a_small_comparison)
FORMS = ((text, "txt"), (markdown, "md"), (as_json, "json"))


def golden(made: Callable[[], Measurement | Comparison], suffix: str) -> Path:
    return Path(__file__).parent / "golden" / f"{made.__name__}.{suffix}"


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize(("form", "suffix"), FORMS)
def test_reports_are_as_agreed(
    made: Callable[[], Measurement | Comparison],
    form: Callable[[Measurement | Comparison], str],
    suffix: str,
) -> None:
    assert form(made()) == golden(made, suffix).read_text(encoding="utf-8")


def test_text_fits_a_terminal_of_a_hundred_columns() -> None:
    assert max(map(len, text(a_clear_comparison()).splitlines())) <= 100


def test_the_document_names_every_task_and_is_json() -> None:
    found = json.loads(as_json(a_clear_comparison()))

    assert len(found["tasks"]) == 60
    assert found["base"]["subject"]["skill"]["commit"] == "a" * 40


NASTY = "<img src=x> | `a` \x1b[2J [b](http://c)\n# d"


def test_foreign_names_are_no_markup_and_no_terminal_codes() -> None:
    base = runs({NASTY: [False]}, model=NASTY, group=NASTY)
    new = runs({NASTY: [True]}, skill=skill("b"), model=NASTY + "!", group=NASTY)
    found = compare(base, new)

    shown = text(found)
    assert "\x1b" not in shown
    assert "\n# d" not in shown
    marked = markdown(found)
    assert "\x1b" not in marked
    for raw in ("<img", " `a`", "[b](", " | `"):
        assert raw not in marked.replace("\\" + raw.strip(), "")


def test_a_plot_draws_the_interval_in_its_place() -> None:
    drawn = line(Interval(0.25, 0.0, 0.5), -1, {0: "│", -1: "╎"}, width=9)

    assert drawn == "╎   ├●┤  "


def test_a_narrow_interval_is_still_a_point() -> None:
    assert line(Interval(0.0, 0.0, 0.0), 0, {}, width=5) == "●    "
    assert line(Interval(1.0, 0.9, 1.0), 0, {}, width=5) == "    ●"


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(sorted))
def test_a_plot_keeps_its_width_and_its_order(ends: list[float]) -> None:
    low, middle, high = ends
    drawn = line(Interval(middle, low, high), -1, {0: "│"})

    assert len(drawn) == WIDTH
    assert drawn.count("●") == 1
    assert "├" not in drawn[drawn.index("●") :]
    assert "┤" not in drawn[: drawn.index("●")]


def test_bars_grow_with_counts_and_none_is_invisible() -> None:
    assert bars({"a": 0, "bb": 1, "c": 2}) == [" a 0", "bb █ 1", " c ██ 2"]
    assert bars({"much": 3000, "one": 1}) == [f"much {'█' * 30} 3000", " one █ 1"]
    assert bars({}) == []


@pytest.mark.parametrize(
    ("difference", "shown"),
    [(0.067, "+6.7"), (-0.067, "−6.7"), (0.0, "0.0"), (-0.0001, "0.0")],
)
def test_points_have_a_sign_where_there_is_a_difference(difference: float, shown: str) -> None:
    assert points(difference) == shown


def test_small_chances_are_not_shown_as_none() -> None:
    assert chance(0.0004) == "p < 0.001"
    assert chance(0.27) == "p = 0.270"


if __name__ == "__main__":
    for one in MADE:
        for write, ending in FORMS:
            golden(one, ending).write_text(write(one()), encoding="utf-8")

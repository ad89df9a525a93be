"""Answers about tables, as workbooks: what is read of them, and that a hostile one only fails."""

from __future__ import annotations

import os
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from workbooks import with_sheet_xml, workbook

from skillgit.config import Grading, Recalc
from skillgit.domains.answers import ceiling_answer, floor_answer
from skillgit.domains.loading import load_tasks
from skillgit.domains.registry import DOMAINS, graders
from skillgit.domains.spreadsheet.columns import MOST_VALUES
from skillgit.domains.spreadsheet.recalc import find_libreoffice
from skillgit.domains.tableqa.domain import TableQA
from skillgit.domains.tableqa.expected import Expected
from skillgit.domains.task import Case, Grade
from skillgit.errors import UsageError

TABLE = DOMAINS["tableqa"]


def case_of(*texts: str, canons: tuple[str, ...] = (), source: Path | None = None) -> Case:
    inputs = {"input.xlsx": source} if source else {}
    return Case(inputs, "output.xlsx", None, Expected(texts, canons).text)


def answer(folder: Path, *values: object, sheet: str = "Answer") -> Path:
    cells = {f"A{row}": value for row, value in enumerate(values, 1)}
    return workbook(folder / "output.xlsx", {"table": {"A1": "x"}, sheet: cells})


def graded(case: Case, file: Path) -> Grade:
    return TABLE.grade(case, file)


# ------------------------------------------------------------------ what is read


@pytest.mark.parametrize(
    ("texts", "canons", "values"),
    [
        (("34",), ("34.0",), (34,)),
        (("34",), ("34.0",), (34.0,)),
        (("34",), (), ("34",)),
        (("0.5",), (), (0.5,)),
        (("March 2, 1990",), ("1990-03-02",), (datetime(1990, 3, 2),)),  # noqa: DTZ001 - cells know no zone
        (("1990-03-02 14:30",), (), (datetime(1990, 3, 2, 14, 30),)),  # noqa: DTZ001 - the same
        (("7:05",), (), ("7:05",)),
        (("07:05",), (), (time(7, 5),)),
        (("07:05:09",), (), (time(7, 5, 9),)),
        (("1 day, 2:00:00",), (), (timedelta(hours=26),)),
        (("True",), (), (True,)),
        (("Oslo", "Bergen"), (), ("Bergen", None, "oslo", "Oslo")),
        (("a b",), (), (" A\nb ",)),
    ],
)
def test_stored_values_are_read_as_people_write_them(
    tmp_path: Path, texts: tuple[str, ...], canons: tuple[str, ...], values: tuple[object, ...]
) -> None:
    grade = graded(case_of(*texts, canons=canons), answer(tmp_path, *values))

    assert (grade.passed, grade.score, grade.problem) == (True, 1.0, "")
    assert grade.compared == len(texts)
    assert grade.notes == {"recalc": "none"}


def test_the_name_of_the_sheet_may_differ_in_case_and_other_columns_do_not_count(
    tmp_path: Path,
) -> None:
    file = workbook(tmp_path / "o.xlsx", {"ANSWER": {"A1": 3, "B1": "because", "B2": "of"}})

    assert graded(case_of("3"), file).passed


def test_a_hint_tells_kinds_and_counts_and_never_a_value(tmp_path: Path) -> None:
    case = case_of("Oslo", "1990", "May 17", canons=("", "1990.0", "xx-05-17"))

    grade = graded(case, answer(tmp_path, "Oslo", 1991))

    assert [(m.place, m.found, m.expected, m.hint) for m in grade.mismatches] == [
        ("number of values", "2", "3", "2 different values, where 3 different values should be"),
        ("value 2", "1991", "1990", "a number, but another one"),
        ("value 3", "1991", "may 17", "a number ('1991'), where a date is expected"),
    ]
    assert grade.compared == 3
    assert "1990" not in grade.report()
    assert "17" not in grade.report()
    several = graded(case, answer(tmp_path, "a", "b", "c")).report()
    assert several.endswith(
        "value 1: text is missing; value 2: a number is missing; value 3: a date is missing"
    )


@pytest.mark.parametrize(
    ("values", "sheet", "told"),
    [
        ((), "Answer", "no value, where one value should be"),
        (("x",), "Result", "the answer has no sheet 'Answer'"),
        (("=1+2",), "Answer", "Answer!A1 holds a formula without a stored value"),
        (range(MOST_VALUES + 1), "Answer", f"column A of 'Answer' has more than {MOST_VALUES}"),
    ],
)
def test_what_is_no_answer_says_why(
    tmp_path: Path, values: tuple[object, ...], sheet: str, told: str
) -> None:
    grade = graded(case_of("3"), answer(tmp_path, *values, sheet=sheet))

    assert not grade.passed
    assert told in grade.report()


def test_a_formula_may_leave_an_empty_text(tmp_path: Path) -> None:
    made = workbook(tmp_path / "made.xlsx", {"Answer": {"A1": 3, "A2": '=""'}})
    stored = tmp_path / "output.xlsx"
    with_sheet_xml(
        made, stored, b'<c r="A2"><f>""</f><v /></c>', b'<c r="A2" t="str"><f>""</f></c>'
    )

    assert graded(case_of("3"), stored).passed


@pytest.mark.parametrize("recalc", [Recalc.FORMUALIZER, Recalc.LIBREOFFICE])
def test_formulas_are_computed_where_that_is_asked_for(tmp_path: Path, recalc: Recalc) -> None:
    if recalc is Recalc.LIBREOFFICE and not find_libreoffice():
        pytest.skip("LibreOffice is not installed")
    file = answer(tmp_path, "=1+2")

    grade = graders(Grading(recalc=recalc))["tableqa"].grade(case_of("3", canons=("3.0",)), file)

    assert (grade.passed, grade.notes) == (True, {"recalc": str(recalc)})


# ------------------------------------------------------------------ hostile answers


@pytest.mark.parametrize(
    "kind", ["missing", "link", "pipe", "folder", "text", "empty", "too large"]
)
def test_a_hostile_answer_fails_at_once(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "output.xlsx"
    match kind:
        case "link":
            answer(tmp_path / "elsewhere", "3")
            place.symlink_to(tmp_path / "elsewhere/output.xlsx")
        case "pipe":
            os.mkfifo(place)
        case "folder":
            place.mkdir()
        case "text":
            place.write_text("3")
        case "empty":
            place.touch()
        case "too large":
            with place.open("wb") as file:
                file.truncate((64 << 20) + 1)
        case _:
            pass

    grade = graded(case_of("3"), place)

    assert not grade.passed
    assert grade.problem
    assert "3" not in grade.problem


def test_text_that_would_keep_the_official_evaluator_busy(tmp_path: Path) -> None:
    file = answer(tmp_path, "[1]" * 9000 + "x", "9" * 30000)

    assert graded(case_of("[1]" * 30 + "x"), file).compared == 2


@pytest.mark.parametrize("region", ["", "{", "{}", '{"values": []}'])
def test_without_a_right_answer_nothing_passes(tmp_path: Path, region: str) -> None:
    case = Case({}, "output.xlsx", None, region)

    grade = graded(case, answer(tmp_path, "x"))

    assert (grade.passed, grade.notes["gold"]) == (False, "none is known")
    assert TABLE.literals(case, ()) == frozenset()
    assert TABLE.ideal(case, tmp_path / "gold.xlsx") is None


# ------------------------------------------------------------------ what goes with grading


def test_floor_and_ceiling(tmp_path: Path) -> None:
    source = answer(tmp_path / "in", sheet="table 2")
    case = case_of("10 km", "10 miles", "x", canons=("10.0", "10.0", "x"), source=source)

    ceiling = ceiling_answer(TABLE, case, tmp_path / "ceiling")
    floor = floor_answer(case, tmp_path / "floor")

    assert ceiling is not None
    assert floor is not None
    assert graded(case, ceiling).passed
    assert graded(case, floor).problem == "the answer has no sheet 'Answer'"


def test_expected_values_that_no_input_has_are_literals(tmp_path: Path) -> None:
    source = workbook(tmp_path / "in.xlsx", {"table": {"A1": "Oslo", "A2": 1990}})
    texts = ("Oslo", "1990", "4,711", "Bergen", "March 2, 1990", "May 32")
    canons = ("", "", "4711.0", "", "1990-03-02", "2000-02-30")
    case = case_of(*texts, canons=canons, source=source)
    grade = graded(case, answer(tmp_path, "Oslo", "Rome", 4711))

    assert {m.place for m in grade.mismatches} >= {"value 2", "value 4"}
    assert TABLE.literals(case, grade.mismatches) == {
        *("Bergen", "March 2, 1990", "May 32"),
        *("1990-03-02", "1990, 3, 2", "1990/03/02"),
    }
    assert {"4711", "4,711", "Bergen"} <= TABLE.literals(case, ())
    assert not {"Oslo", "1990"} & TABLE.literals(case, ())


def test_the_inputs_are_shown(tmp_path: Path) -> None:
    source = workbook(tmp_path / "in.xlsx", {"table": {"A1": "City"}})

    assert "'City'" in TABLE.preview(case_of("x", source=source))


def test_a_manifest_may_hold_such_tasks(tmp_path: Path) -> None:
    head = 'schema = "skillgit.tasks/1"\ndomain = "tableqa"\n[[task]]\nid = "t"\nquery = "Who?"\n'
    manifest = tmp_path / "tasks.toml"

    manifest.write_text(f'{head}expected = ["10 years", ""]\ncanon = ["10.0", ""]\n')
    ((case,),) = (task.cases for task in load_tasks(tmp_path).tasks)
    assert (case.answer, Expected.parse(case.region).values[0].content) == ("output.xlsx", 10)
    manifest.write_text(f'{head}expected = "Oslo"\n')
    ((case,),) = (task.cases for task in load_tasks(tmp_path).tasks)
    assert Expected.parse(case.region) == Expected(("Oslo",))
    manifest.write_text(f'{head}expected = ""\n')
    assert load_tasks(tmp_path).remarks == ("t: no answer passes officially",)
    assert TABLE.ideal(load_tasks(tmp_path).tasks[0].cases[0], tmp_path / "gold.xlsx") is None

    for lines, told in (
        ("", "'expected' is missing"),
        ("expected = []", "a list of texts"),
        ("expected = 7", "a list of texts"),
        ('expected = ["a", "b"]\ncanon = "1"', "'canon': each value needs a canonical form"),
        ('expected = "a"\nrange = "A1"', "'range' is not for the domain tableqa"),
    ):
        manifest.write_text(f"{head}{lines}\n")
        with pytest.raises(UsageError, match=told):
            load_tasks(tmp_path)


def test_grading_is_by_the_settings() -> None:
    assert isinstance(TABLE, TableQA)
    assert (TABLE.name, TABLE.answer, TABLE.keys) == (
        "tableqa",
        "output.xlsx",
        ("expected", "canon"),
    )

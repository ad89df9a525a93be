from __future__ import annotations

from pathlib import Path

import pytest
from workbooks import workbook

from skillgit.domains.registry import DOMAINS
from skillgit.domains.task import Case, Grade

TEXT = DOMAINS["text"]


def graded(expected: str, answer: str, folder: Path) -> Grade:
    place = folder / "answer.txt"
    place.write_bytes(answer.encode())
    return TEXT.grade(Case({}, "answer.txt", region=expected), place)


@pytest.mark.parametrize(
    "answer", ["12.50 EUR\nok", "12.50 EUR  \r\nok\n\n\n", "\N{BYTE ORDER MARK}12.50 EUR\t\nok \n"]
)
def test_blanks_at_ends_do_not_count(answer: str, tmp_path: Path) -> None:
    grade = graded("12.50 EUR\nok\n", answer, tmp_path)

    assert (grade.passed, grade.score, grade.compared) == (True, 1.0, 2)


@pytest.mark.parametrize(
    ("expected", "answer", "hints"),
    [
        (
            "12.50 EUR",
            "12.5",
            ['the form must be "99.99 AAA" (two digits after the point, then " AAA"), not "99.9"'],
        ),
        ("12.50 EUR", "99.10 USD", ["the form is right, the content is not"]),
        ("Yes", "yes", ['the form must be "Aaa", not "aa"']),
        (
            "a b",
            " a b",
            ['the form must be "a a" (2 × a word with " " between them), not " a a"'],
        ),
        ("-->", "->", ["another line is expected"]),
        ("a\nb", "a", ["1 line, where 2 lines should be"]),
        ("a", "b\nc", ["2 lines, where 1 line should be", "the form is right, the content is not"]),
        ("a", "", ["0 lines, where 1 line should be"]),
    ],
)
def test_what_is_told(expected: str, answer: str, hints: list[str], tmp_path: Path) -> None:
    grade = graded(expected, answer, tmp_path)

    assert not grade.passed
    assert [m.hint for m in grade.mismatches] == hints


def test_people_see_both(tmp_path: Path) -> None:
    (one,) = graded("a\nb", "a\nc", tmp_path).mismatches

    assert (one.place, one.found, one.expected) == ("line 2", "c", "b")


def test_of_two_attempts_the_one_that_looks_more_like_it_is_nearer(tmp_path: Path) -> None:
    closeness = [
        graded("797.80 EUR", answer, tmp_path).closeness
        for answer in ("no idea", "797.8", "797.8 EUR", "797.80 EUR")
    ]

    assert closeness == sorted(closeness)
    assert closeness[-1] == 1.0


def test_gold_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "gold.txt").write_bytes(b"\xef\xbb\xbf42\r\n")
    (tmp_path / "answer.txt").write_text("42")

    assert TEXT.grade(Case({}, "a", tmp_path / "gold.txt"), tmp_path / "answer.txt").passed


def test_what_cannot_be_graded(tmp_path: Path) -> None:
    (tmp_path / "gold.txt").write_bytes(b"\xff\xfe4")
    place = tmp_path / "answer.txt"
    case = Case({}, "answer.txt", region="42")

    assert "no file" in TEXT.grade(case, place).problem
    place.write_bytes(b"\xff")
    assert TEXT.grade(case, place).problem == "the answer is no UTF-8 text"
    place.write_bytes(b"4" * ((1 << 20) + 1))
    assert "more than" in TEXT.grade(case, place).problem
    broken = TEXT.grade(Case({}, "answer.txt", tmp_path / "gold.txt"), place)
    assert (broken.problem, broken.notes["gold"]) == (
        "the gold cannot be read",
        "it is no UTF-8 text",
    )
    assert TEXT.grade(Case({}, "answer.txt"), place).notes["gold"] == "none is known"


def test_literals_are_lines_and_numbers_that_no_input_has(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("North,1250\nSouth,33.5\n")
    workbook(tmp_path / "in.xlsx", {"S": {"A1": 777}})
    inputs = {name: tmp_path / name for name in ("in.csv", "in.xlsx")}
    expected = "North,1250\nSum: 1283.50 EUR\nof 777 and 42"
    case = Case(inputs, "answer.txt", region=expected)
    answer = tmp_path / "answer.txt"
    answer.write_text("North,1250\nSum: 1\nof 777 and 42")

    some = TEXT.literals(case, TEXT.grade(case, answer).mismatches)

    assert some == {"Sum: 1283.50 EUR", "1283.50"}
    assert TEXT.literals(case, ()) == some | {"of 777 and 42"}


def test_the_preview_shows_inputs(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("a,b\n1,2\n")

    assert TEXT.preview(Case({"in.csv": tmp_path / "in.csv"}, "a")) == "in.csv:\na,b\n1,2"
    assert TEXT.preview(Case({}, "a")) == ""

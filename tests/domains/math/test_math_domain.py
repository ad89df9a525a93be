from __future__ import annotations

import os
from pathlib import Path

import pytest

from skillgit.domains.math.domain import graded, official
from skillgit.domains.math.expected import Expected, Form
from skillgit.domains.math.kinds import kind
from skillgit.domains.math.official import SCORERS
from skillgit.domains.registry import DOMAINS
from skillgit.domains.task import Case, Grade, Misstated, Stated

MATH = DOMAINS["math"]


def of_file(expected: str, answer: str, folder: Path) -> Grade:
    place = folder / "answer.txt"
    place.write_bytes(answer.encode())
    return MATH.grade(Case({}, "answer.txt", region=expected), place)


@pytest.mark.parametrize(
    ("expected", "answer", "by"),
    [
        ("72", "So she sold them.\nAnswer: 72\n", "numbers"),
        ("1/2", "\ufeffAnswer: 0.5", "numbers"),
        ("18", "#### 18 dollars a day", "numbers"),
        ("52_8", "52_{8}", "numbers"),
        ("\\text{even}", "\\boxed{\\text{ even}}", "text"),
        ("3\\sqrt{13}", "\\boxed{\\sqrt{117}}", "math-verify"),
        ("288 \\pi", "Answer: V = 288*pi", "math-verify"),
        ("10,\\!080", "So $N = 10080$\nAnswer: N = 10,080", "numbers"),
        ("y = 2x", "Answer: y = 2x", "text"),
    ],
)
def test_what_is_worth_the_same_passes(expected: str, answer: str, by: str, tmp_path: Path) -> None:
    grade = of_file(expected, answer, tmp_path)

    assert (grade.passed, grade.score, grade.compared) == (True, 1.0, 1)
    assert (grade.notes["scorer"], grade.notes["by"]) == ("equivalence", by)


@pytest.mark.parametrize(
    ("expected", "answer", "hint"),
    [
        ("72", "73", "a whole number, but not the right one"),
        ("52_8", "52_7", "an expression, but not the right one"),
        ("(2,\\infty)", "5", "a whole number, where a pair, or an interval is expected"),
    ],
)
def test_a_wrong_answer_is_told_in_kinds(expected: str, answer: str, hint: str) -> None:
    grade = graded(Expected(expected), answer)
    (one,) = grade.mismatches

    assert (grade.passed, grade.score, grade.problem) == (False, 0.0, "")
    assert (one.place, one.found, one.expected, one.hint) == (
        "final answer",
        answer,
        expected,
        hint,
    )
    assert expected not in grade.report()


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("10,080", "a whole number"),
        ("6/3", "a whole number"),
        (".25", "a decimal number"),
        ("\\dfrac{1}{2}", "a fraction"),
        ("-3/4", "a fraction"),
        ("\\left( 3, \\frac{\\pi}{2} \\right)", "a pair, or an interval"),
        ("\\{1,2\\}", "a set"),
        ("(0,9) \\cup (9,36)", "a set"),
        ("3, 5, 7", "a list"),
        ("y = 2x + 3", "an equation"),
        ("\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "a matrix"),
        ("\\text{(B)}", "a word"),
        ("Evelyn", "a word"),
        ("x^2+1", "an expression"),
    ],
)
def test_the_kinds_of_answers(answer: str, name: str) -> None:
    assert kind(answer) == name


def test_of_two_wrong_answers_the_one_of_the_right_kind_is_nearer() -> None:
    whole, fraction = (graded(Expected("72"), each).closeness for each in ("71", "7/2"))

    assert 0 == fraction < whole < 1


def test_the_official_verdicts_stand_beside_the_grade_and_never_change_it() -> None:
    better = graded(Expected("\\frac{1}{2}", Form.ANSWER), "Answer: 0.5")
    worse = graded(Expected("5", Form.ANSWER), "Answer: x=7, y=5")
    bare = graded(Expected("72"), "72")

    assert better.passed
    assert better.official == {"dapo": False}
    assert not worse.passed
    assert worse.official == {"dapo": True}
    assert bare.official == dict.fromkeys(SCORERS, True)
    assert graded(Expected("5", Form.BOXED), "cut\noff").official == {"math": False}
    assert not official(Expected("72"), "Some words.\n72")["dapo"].passed


def test_a_solution_that_was_cut_off_has_no_answer() -> None:
    grade = graded(Expected("5"), "They need 2 * 5 eggs,\nand that is 2 *")

    assert not grade.passed
    assert grade.problem.startswith("no final answer is found")
    assert grade.compared == 0


def test_what_cannot_be_graded(tmp_path: Path) -> None:
    place, gold = tmp_path / "answer.txt", tmp_path / "gold.txt"
    gold.write_text("42")
    case = Case({}, "answer.txt", region="42")

    assert "no file" in MATH.grade(case, place).problem
    place.symlink_to(gold)
    assert "no regular file" in MATH.grade(case, place).problem
    place.unlink()
    os.mkfifo(place)
    assert "no regular file" in MATH.grade(case, place).problem
    place.unlink()
    place.write_bytes(b"\xff\xfe")
    assert MATH.grade(case, place).problem == "the answer is no UTF-8 text"
    place.write_bytes(b"4" * ((1 << 20) + 1))
    assert "more than" in MATH.grade(case, place).problem
    assert MATH.grade(Case({}, "answer.txt"), place).problem == "no gold is known"
    place.write_text("")
    assert "no final answer" in MATH.grade(case, place).problem


@pytest.mark.parametrize("form", [None, *Form])
@pytest.mark.parametrize("answer", ["72", "\\frac{14}{3}", "\\text{(B)}"])
def test_the_gold_answer_as_an_agent_would_leave_it_passes(
    form: Form | None, answer: str, tmp_path: Path
) -> None:
    case = Case({}, "answer.txt", region=Expected(answer, form).text)

    place = MATH.ideal(case, tmp_path / "out/answer.txt")

    assert place is not None
    assert MATH.grade(case, place).passed
    assert MATH.ideal(Case({}, "answer.txt"), tmp_path / "answer.txt") is None


def test_literals_are_the_answer_as_it_is_written_and_as_a_number() -> None:
    def literals(answer: str) -> frozenset[str]:
        case = Case({}, "answer.txt", region=Expected(answer, Form.BOXED).text)
        return MATH.literals(case, ())

    assert literals("\\$32,\\!348") == {"\\$32,\\!348", "32348"}
    assert literals("$204$") == {"$204$", "204"}
    assert literals("72") == frozenset()


def test_a_manifest_states_the_expected_answer() -> None:
    assert MATH.region(Stated(values={"expected": " 1/2 "})) == "1/2"
    with pytest.raises(Misstated, match="'expected' is missing"):
        MATH.region(Stated())


def test_problems_have_nothing_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")

    assert MATH.preview(Case({}, "a")) == ""
    assert MATH.preview(Case({"data.csv": tmp_path / "data.csv"}, "a")) == "data.csv:\na,b\n1,2"

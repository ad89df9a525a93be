"""math-verify in a process of its own: what it says, and what cannot harm anyone."""

from __future__ import annotations

from skillgit.domains.math.judging import Judgement, judge

YES, NO = Judgement(equal=True), Judgement(equal=False)

EQUAL = [
    ("\\frac{1}{2}", "0.5"),
    ("\\frac{14}{3}", "14/3"),
    ("3\\sqrt{13}", "\\sqrt{117}"),
    ("x^2+1", "1+x^2"),
    ("(3, \\frac{\\pi}{2})", "\\left(3,\\frac{\\pi}{2}\\right)"),
    ("\\{1,2\\}", "\\{2,1\\}"),
    ("11 \\sqrt{5} + 11", "11(1+\\sqrt{5})"),
    (
        "\\begin{pmatrix} 1/5 \\\\ -18/5 \\end{pmatrix}",
        "\\begin{pmatrix} 0.2 \\\\ -3.6 \\end{pmatrix}",
    ),
    ("10", "x=10"),
    ("18", "\\$18 \\text{ per day}"),
]
DIFFERENT = [
    ("\\frac{1}{2}", "\\frac{1}{3}"),
    ("\\text{even}", "\\text{odd}"),
    ("(3,4)", "(4,3)"),
    ("(2,\\infty)", "[2,\\infty)"),
    ("x^2+1", "x^2-1"),
    ("5", "no answer"),
    ("5", "\\frac{"),
]


def test_what_is_equal_and_what_is_not() -> None:
    judged = dict(zip(EQUAL + DIFFERENT, judge(EQUAL + DIFFERENT), strict=True))

    assert [pair for pair in EQUAL if judged[pair] != YES] == []
    assert [pair for pair in DIFFERENT if judged[pair] != NO] == []


def test_a_hostile_answer_ends_neither_the_others_nor_the_machine() -> None:
    slow, large = ("5", "9^{9^{9^{9}}}"), ("5", "\\binom{10^9}{5\\cdot10^8}")
    judged = judge([("1", "1.0"), slow, large, ("\\frac{1}{2}", "0.5")], seconds=1)

    assert [one.equal for one in judged] == [True, False, False, True]
    assert ["more time or memory" in one.problem for one in judged] == [False, True, True, False]


def test_no_pairs_need_no_process() -> None:
    assert judge([]) == []


def test_answers_that_break_parsers_are_wrong_answers() -> None:
    breaking = [
        "(" * 200 + ")" * 200,
        "\\sqrt{" * 99,
        "$" * 999,
        "\0\ud800",
        "\n",
        "__import__('os')",
    ]

    judged = judge([("5", answer) for answer in breaking])

    assert [one.equal for one in judged] == [False] * len(breaking)

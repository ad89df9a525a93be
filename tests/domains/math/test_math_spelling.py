from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.domains.math.judging import judge
from skillgit.domains.math.spelling import as_tex, value


@pytest.mark.parametrize(
    ("answer", "tex"),
    [
        ("3*sqrt(13)", "3\\cdot \\sqrt{13}"),
        ("√2 + √(a+b)", "\\sqrt{2} + \\sqrt{a+b}"),
        ("2pi", "2\\pi "),
        ("8π", "8\\pi "),
        ("pin", "pin"),
        ("(2, oo)", "(2, \\infty )"),
        ("1 +- 2", "1 \\pm  2"),
        ("(0,9) U (9,36)", "(0,9)\\cup (9,36)"),
        ("x**10", "x^{10}"),
        ("x^2y", "x^{2}y"),
        ("2^(1/2)", "2^{1/2}"),
        ("90°", "90^\\circ "),
        ("x >= −1", "x \\ge  -1"),
        ("\\pi^10 * pi", "\\pi^10 * pi"),
    ],
)
def test_what_programs_print_becomes_tex(answer: str, tex: str) -> None:
    assert as_tex(answer) == tex


def test_math_verify_reads_what_was_spelled_otherwise() -> None:
    pairs = {
        "3\\sqrt{13}": "3*sqrt(13)",
        "288\\pi": "288*pi",
        "\\left( 3, \\frac{\\pi}{2} \\right)": "(3, pi/2)",
        "(0,9) \\cup (9,36)": "(0, 9) U (9, 36)",
        "1 \\pm \\sqrt{19}": "1 ± √19",
        "x^{10}+1": "x**10 + 1",
    }

    judged = judge([(gold, as_tex(answer)) for gold, answer in pairs.items()])

    assert [gold for gold, one in zip(pairs, judged, strict=True) if not one.equal] == []


@given(st.text(max_size=30))
def test_tex_is_left_as_it_is(text: str) -> None:
    assert as_tex(f"\\{text}") == f"\\{text}"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("N = 10,080", "10,080"),
        ("f(x)=x+1", "x+1"),
        ("x_1 = 5", "5"),
        ("x = y = 5", "x = y = 5"),
        ("2x = 5", "2x = 5"),
        ("5", "5"),
    ],
)
def test_a_letter_may_be_said_to_be_the_answer(answer: str, said: str) -> None:
    assert value(answer) == said

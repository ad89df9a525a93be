"""The verdicts of the benchmarks' own scorers: each measured by running the original."""

from __future__ import annotations

import pytest

from skillgit.domains.math import competition, dapo, official
from skillgit.domains.math.expected import Form
from skillgit.domains.math.official import SCORERS, in_form, verdicts, verdicts_on_bare


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("x = y = 5", "5"),
        ("$42$.", "42"),
        ("the $x$ or $y$ one", "x"),
        ("1,234", "1234"),
        ("1,234.5", "1,234.5"),
        ("\\frac12", "\\frac{1}{2}"),
        ("\\frac123", "\\frac{1}{2}3"),
        ("\\dfrac{1}{2}", "\\dfrac{1}{2}"),
        ("\\sqrt3", "\\sqrt{3}"),
        ("5 \\text{ miles}", "5miles"),
        ("18 dollars", "18"),
        ("30^\\circ", "30"),
        ("an apple", "apple"),
        ("\\boxed{7}", "7"),
        ("** 42**", "**42**"),
        ("banana 3", "banan3"),
        ("always", "al"),
        ("3\\text{ and }4", "34"),
        ("٣", "٣"),
    ],
)
def test_dapo_brings_answers_into_its_form(answer: str, text: str) -> None:
    assert dapo.normalised(answer) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\\dfrac12", "\\frac{1}{2}"),
        ("1/2", "\\frac{1}{2}"),
        ("0.5", "\\frac{1}{2}"),
        (".5", "0.5"),
        ("\\left( 3, \\frac{\\pi}{2} \\right)", "(3,\\frac{\\pi}2)"),
        ("90^\\circ", "90"),
        ("x=5", "5"),
        ("50\\%", "50"),
        ("12 \\text{ inches}", "12"),
        ("\\sqrt3", "\\sqrt{3}"),
        ("\\frac", "\\frac"),
        ("\\sqrt", "\\sqrt"),
        ("\\text{ a}\\text{ b}", "\\text{ a}\\text{ b}"),
        ("\\frac1", "\\frac1"),
        ("", "$"[:0]),
    ],
)
def test_what_is_the_same_to_the_scorer_of_math(one: str, other: str) -> None:
    if one == "\\left( 3, \\frac{\\pi}{2} \\right)":
        assert not competition.same(one, other)  # \frac{\pi}2 is left as it is
    else:
        assert competition.same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x^2+1", "1+x^2"),
        ("0.25", "1/4"),
        ("10,000", "10000"),
        ("2/4", "1/2"),
        ("01/2", "\\frac{1}{2}"),
        ("-0/2", "\\frac{0}{2}"),
        ("\\frac", "\\sqrt"),
    ],
)
def test_what_is_another_answer_to_the_scorer_of_math(one: str, other: str) -> None:
    assert not competition.same(one, other)


def said(gold: str, solution: str) -> set[str]:
    return {name for name, verdict in verdicts(gold, solution).items() if verdict.passed}


@pytest.mark.parametrize(
    ("gold", "solution", "passing"),
    [
        ("72", "Answer: 72", {"dapo"}),
        ("72", "#### 72", {"gsm8k"}),
        ("72", "\\boxed{72}", {"dapo-strict", "math"}),
        ("72", "Answer: \\boxed{72}", {"dapo", "dapo-strict", "math"}),
        ("1,000", "#### 1,000", {"gsm8k"}),
        ("72", "72", set()),
        # Known defects: what is right, and fails.
        ("\\frac{1}{2}", "Answer: 0.5", set()),
        ("18", "Answer: 18.0", set()),
        ("5", "**Answer:** 5", set()),
        ("5", f"Answer: 5{' ' * 300}", set()),
        ("72", "#### 1. Plan\n#### 72", set()),
        ("72", "#### $72", set()),
        ("72", "#### 72.", set()),
        ("72", "#### 72.0", set()),
        ("\\frac{1}{2}", "\\boxed{\\dfrac{1}{2}}", {"math"}),
        ("1+x^2", "\\boxed{x^2+1}", set()),
        ("10000", "\\boxed{10,000}", set()),
        ("5", f"\\boxed{{5}}{'.' * 100}", {"math"}),
        # Known defects: what is wrong, and passes.
        ("y=2", "Answer: x=1, y=2", {"dapo"}),
        ("banan3", "Answer: banana 3", {"dapo"}),
        ("50", "\\boxed{50\\%}", {"math"}),
        ("12", "\\boxed{12 \\text{ miles}}", {"math"}),
        ("1", "#### 1\n#### 72", {"gsm8k"}),
    ],
)
def test_the_verdicts_are_those_of_the_originals(
    gold: str, solution: str, passing: set[str]
) -> None:
    assert said(gold, solution) == passing


def test_a_scorer_says_what_it_took_for_the_answer() -> None:
    taken = {name: each.extracted for name, each in verdicts("5", "Answer: $5$\n#### 6.").items()}

    assert taken == {"dapo": "$5$", "dapo-strict": None, "gsm8k": "6.", "math": None}


def test_a_bare_answer_is_given_to_each_scorer_in_the_form_that_it_reads() -> None:
    assert {one.passed for one in verdicts_on_bare("72", "72").values()} == {True}
    assert {one.passed for one in verdicts_on_bare("72", "73").values()} == {False}


def test_every_form_is_read_by_some_scorer() -> None:
    for form in Form:
        assert said("42", in_form("42", form))


def test_the_known_defects_are_listed_for_every_scorer() -> None:
    told = official.__doc__ or ""

    assert [name for name in SCORERS if f"\n{name} " not in told] == []

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.domains.math import finding
from skillgit.domains.math.expected import Expected, Form
from skillgit.domains.math.finding import Found, boxed, dapo, dapo_strict, final, gsm8k, unwrapped


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("Answer: 5\nanswer : 6 \nmore", "6 "),
        ("Answer:\n\n42", "42"),
        ("FinalAnswer: 42", "42"),
        ("the answer is 42", None),
        ("Answer: 42" + " " * 300, None),
        ("Answer: 42" + "x" * 290, "42" + "x" * 290),
    ],
)
def test_dapo_takes_the_last_answer_in_the_last_300_characters(
    text: str, taken: str | None
) -> None:
    assert dapo(text) == taken


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("#### 1,234.5\n#### 6", "1234.5"),
        ("#### 1. Plan\n#### 72", "1."),
        ("####72", None),
        ("#### $72", None),
        ("#### -7 apples", "-7"),
    ],
)
def test_gsm8k_takes_the_first_number_behind_hashes(text: str, taken: str | None) -> None:
    assert gsm8k(text) == taken


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("\\boxed{1} and \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("\\boxed{\\frac{1}{2}", None),
        ("\\boxed{1} and \\boxed{2", None),
        ("\\boxed 5", None),
        ("no box", None),
    ],
)
def test_a_box_is_closed_by_its_own_brace(text: str, taken: str | None) -> None:
    assert boxed(text) == taken


def test_the_strict_mode_looks_at_100_characters_only() -> None:
    assert dapo_strict("\\boxed{5}" + "." * 91) == "5"
    assert dapo_strict("\\boxed{5}" + "." * 92) is None


@pytest.mark.parametrize(
    ("text", "answer", "form"),
    [
        ("72", "72", None),
        ("$\\frac{1}{2}$.", "\\frac{1}{2}", None),
        ("First.\n\n**Answer:** $x=5$.\n", "x=5", Form.ANSWER),
        ("Answer: $\\$36$", "\\$36", Form.ANSWER),
        ("Answer: **42**.", "42", Form.ANSWER),
        ("The final answer is $\\pi$. Done.", "$\\pi$. Done", Form.ANSWER),
        ("Answer: 5\nThe answer is unique.", "5", Form.ANSWER),
        ("#### 1. Plan\ntext\n#### $72", "$72", Form.HASHES),
        ("She has 16 - 3 left\nA: 26", "26", Form.HASHES),
        ("So $\\boxed{\\text{(B)}}$.", "\\text{(B)}", Form.BOXED),
        ("Answer: 5\nNo: \\boxed{6}", "6", Form.BOXED),
        ("\\boxed{5}\nAnswer: 6", "6", Form.ANSWER),
        ("Answer: it is $\\boxed{7}$, as shown", "7", Form.BOXED),
        ("long\nstory\n42", "42", None),
        ("long\nstory\n$x^2$", "x^2", None),
    ],
)
def test_a_final_answer_is_found_by_its_sign(text: str, answer: str, form: Form | None) -> None:
    assert final(text) == Found(answer, form)


def test_the_form_that_was_asked_for_goes_first() -> None:
    text = "#### 5\n\\boxed{6}\nAnswer: 7"

    assert final(text, Form.HASHES) == Found("5", Form.HASHES)
    assert final(text, Form.BOXED) == Found("6", Form.BOXED)
    assert final(text, Form.ANSWER) == final(text) == Found("7", Form.ANSWER)


@pytest.mark.parametrize(
    "text",
    ["", " \n ", "cut off\nso she pays 5 * 1", "first\nthen", "Answer: " + "9" * 2001, "\\boxed{}"],
)
def test_a_solution_without_a_final_answer(text: str) -> None:
    assert final(text) is None


def test_gold_may_be_a_whole_solution() -> None:
    assert finding.gold("48+24 = <<48+24=72>>72\n#### 72") == Expected("72")
    assert finding.gold("so $\\boxed{\\frac{14}{3}}$") == Expected("\\frac{14}{3}")
    assert finding.gold(" 1/2 ") == Expected("1/2")
    assert finding.gold("two\nlines") == Expected("two\nlines")


@given(st.text(alphabet="$\\boxed{}().*`; 1x[]", max_size=40))
def test_nothing_is_left_to_unwrap(text: str) -> None:
    once = unwrapped(text)

    assert unwrapped(once) == once
    assert len(once) <= len(text)


@given(st.text(max_size=60), st.sampled_from([None, *Form]))
def test_whatever_a_solution_holds_nothing_is_raised(text: str, form: Form | None) -> None:
    found = final(text, form)

    assert found is None or found.text


@given(
    st.text(alphabet="0123456789abc\\{}^_ ", min_size=1).map(str.strip).filter(bool),
    st.sampled_from([None, *Form]),
)
def test_what_is_expected_reads_back_from_its_text(answer: str, form: Form | None) -> None:
    assert Expected.parse(Expected(answer, form).text) == Expected(answer, form)

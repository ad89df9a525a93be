from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.domains.math.numbers import in_base, measured, plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("72", "72"),
        (" 72 ", "72"),
        ("1,234,567", "1234567"),
        ("10,\\!080", "10080"),
        ("1{,}000", "1000"),
        ("\\$32,\\!348", "32348"),
        ("$36", "36"),
        ("1 000 000", "1000000"),
        ("−5", "-5"),
        ("+5.50", "11/2"),
        (".0000672", "21/312500"),
        ("5.", "5"),
        ("073", "73"),
        ("1/2", "1/2"),
        ("-3 / 6", "-1/2"),
        ("-\\frac{14}{3}", "-14/3"),
        ("\\dfrac{10}{4}", "5/2"),
        ("\\frac43", "4/3"),
    ],
)
def test_the_spellings_of_a_number(text: str, value: str) -> None:
    assert plain(text) == Fraction(value)


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", ".", "x", "5%", "5 apples", "3 5", "1,00", "12,34", "1e5", "5_0", "1/0"),
        *("\\frac270", "٣", "2^3", "1\\frac{1}{2}", "9" * 1001),
    ],
)
def test_what_is_no_plain_number(text: str) -> None:
    assert plain(text) is None


@given(st.fractions(max_denominator=10**6))
def test_a_fraction_in_both_spellings_is_itself(value: Fraction) -> None:
    over, under = value.numerator, value.denominator

    assert plain(f"{over}/{under}") == value
    assert plain(f"{'-' * (over < 0)}\\frac{{{abs(over)}}}{{{under}}}") == value


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, max_value=10**12))
def test_a_decimal_with_and_without_commas_is_itself(value: object) -> None:
    assert plain(f"{value:f}") == plain(f"{value:,f}") == Fraction(str(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18 dollars", "18"),
        ("$18.50 per day", "37/2"),
        ("18. apples", "18"),
        ("1,250.5 eggs in all", "2501/2"),
        ("-3 degrees", "-3"),
    ],
)
def test_a_number_with_a_unit_in_words(text: str, value: str) -> None:
    assert measured(text) == Fraction(value)


@pytest.mark.parametrize(
    "text", ["18", "18 million", "5 dozen eggs", "5 pi", "5 x", "2 or 3", "5 log x", "no 5", "18%"]
)
def test_words_that_change_a_number(text: str) -> None:
    assert measured(text) is None


def test_a_number_has_a_base() -> None:
    assert in_base("52_8") == in_base("52_{8}") == ("52", "8")
    assert in_base("a1_{16}") == ("A1", "16")
    assert in_base("52") is None

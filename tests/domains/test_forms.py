"""What may be told of an answer that must not be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.domains.forms import form, in_words


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("2024-01-05", "9999-99-99"),
        ("Total: 7", "Aaa: 9"),
        ("Ärger über 5 €", "Aaa aa 9 €"),
        ("###", "###"),
        ("★★☆", "?"),
        ("123456 USDT abcdefgh", "9999 AAA aa"),
        ("a\tb", "a?a"),
        ("1a" * 40, "9a" * 20 + "…"),
    ],
)
def test_a_form(text: str, shape: str) -> None:
    assert form(text) == shape


@given(st.text("0123456789abcXYZ -.", min_size=1))
def test_a_form_tells_no_letter_and_no_digit(text: str) -> None:
    other = text.translate(str.maketrans("0123456789abcXYZ", "9876543210zzzQQQ"))

    assert form(text) == form(other)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("99.99 AAA", 'two digits after the point, then " AAA"'),
        ("9,9", "one digit after the comma, then nothing"),
        ("9.9999", "many digits after the point, then nothing"),
        ("$9.99", '"$" first, two digits after the point, then nothing'),
        ("Aaa; Aaa", '2 × a word with a capital with "; " between them'),
        (
            "AAA, Aaa",
            'a word in capitals, then ", ", then a word with a capital',
        ),
        ("99:9", 'a number of two digits, then ":", then a number of one digit'),
        ("99:99", '2 × a number of two digits with ":" between them'),
        ("99", ""),
        ("aa aa aa aa 9", "5 parts"),
        ("9a" * 20 + "…", ""),
    ],
)
def test_in_words(shape: str, words: str) -> None:
    assert in_words(shape) == words


@given(st.text("09aZ .,;-%", min_size=1))
def test_words_tell_no_more_than_the_form(text: str) -> None:
    other = text.translate(str.maketrans("09aZ", "35bQ"))

    assert in_words(form(text)) == in_words(form(other))

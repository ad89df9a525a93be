"""Characters that nobody sees, and letters that look like others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.rules.unseen import first_few, hidden, look_alikes


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a \u202eb", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\u2066x\u2069", "U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("x\U000e0049\U000e0047", "U+E0049 TAG LATIN CAPITAL LETTER I"),
        ("\U000e0001", "U+E0001 LANGUAGE TAG"),
        ("cu\u200brl", "U+200B ZERO WIDTH SPACE"),
        ("cu\u200drl", "U+200D ZERO WIDTH JOINER"),
        ("caf\u00e9\u200cs", "U+200C ZERO WIDTH NON-JOINER"),
        ("cu\u00adrl", "U+00AD SOFT HYPHEN"),
        ("a\ufeffb", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("x\u2062y", "U+2062 INVISIBLE TIMES"),
        ("a\u3164b", "U+3164 HANGUL FILLER"),
        ("a\ufe01\ufe02b", "U+FE01 VARIATION SELECTOR-2"),
        ("a\U000e0100", "U+E0100 VARIATION SELECTOR-17"),
        ("\x1b[31mred", "U+001B"),
        ("a\x08b", "U+0008"),
        ("a\x9b31m", "U+009B"),
    ],
)
def test_hidden_characters_are_named(text: str, name: str) -> None:
    [(at, what), *_] = hidden(text)
    assert what.endswith(f"character {name}")
    assert f"U+{ord(text[at]):04X}" in what


@pytest.mark.parametrize(
    "text",
    [
        "Tabs\tand\r\nlines\f are fine.",
        "Quotes “so”, a dash – and é, ß, 中文, العربية, हिन्दी.",
        "👩\u200d💻 and ❤\ufe0f and 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می\u200cخواهم",
        "क्\u200dष",
    ],
)
def test_what_scripts_and_emoji_need_is_fine(text: str) -> None:
    assert not list(hidden(text))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("pip install p\u0430ndas", "p\u0430ndas"),
        ("run c\u03bfde", "c\u03bfde"),
        ("\u0441url x", "\u0441url"),
        ("g\uff49thub", "g\uff49thub"),
        ("https://p\u0430ypal.com", "p\u0430ypal"),
    ],
)
def test_words_of_two_scripts_are_named(text: str, word: str) -> None:
    [(at, what)] = look_alikes(text)
    assert what.endswith(f": {word!r}")
    assert text[at:].startswith(word)


def test_encoded_hosts_are_named() -> None:
    assert list(look_alikes("see xn--pypal-4ve.com")) == [
        (4, "the encoded host name xn--pypal-4ve")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "5 μm, kΩ, Δx and α-values",
        "Сохраните книгу: API-ключ, файл x",
        "ＡＢＣ と Excel",
        "naïve café",
    ],
)
def test_foreign_words_and_units_are_fine(text: str) -> None:
    assert not list(look_alikes(text))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_printable_ascii_hides_nothing(text: str) -> None:
    assert not list(hidden(text))


@given(st.text(max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    found = [*hidden(text), *look_alikes(text)]
    assert all(0 <= at < len(text) and what.isprintable() for at, what in found)


def test_each_kind_is_told_once_and_not_too_many() -> None:
    assert len(first_few(hidden("\u200b" * 40))) == 1
    assert len(first_few(hidden("".join(map(chr, range(1, 32)))))) == 5

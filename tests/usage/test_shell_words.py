"""Command lines taken apart as `shlex` and a shell take them apart."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillgit.usage.shell import commands

WORDS = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5)


@given(st.lists(WORDS, min_size=1, max_size=3), st.sampled_from(["; ", " && ", "\n", " | "]))
def test_quoted_words_come_back_as_they_were(lines: list[list[str]], between: str) -> None:
    text = between.join(" ".join(map(shlex.quote, words)) for words in lines)

    assert [one.words for one in commands(text)] == lines


@given(st.text(max_size=80))
def test_any_text_is_taken_apart_or_refused(text: str) -> None:
    assert all(one.words or one.inputs for one in commands(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat a > b 2>&1 < c", [(["cat", "a"], ["c"], "")]),
        ("cat <<'X' b\none\ntwo\nX\nls", [(["cat", "b"], [], "one\ntwo"), (["ls"], [], "")]),
        ("cat <<-X\n\tone\n\tX", [(["cat"], [], "\tone")]),
        ("a \\\n b # c", [(["a", "b"], [], "")]),
        ("echo \"a $b\" 'c d' e\\ f", [(["echo", "a $b", "c d", "e f"], [], "")]),
        ("a$(cat b)c", [(["a$"], [], ""), (["cat", "b"], [], ""), (["c"], [], "")]),
        ('echo "open', []),
    ],
)
def test_what_a_shell_does(text: str, expected: list[tuple[list[str], list[str], str]]) -> None:
    assert [(one.words, one.inputs, one.here) for one in commands(text)] == expected

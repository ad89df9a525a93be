from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from stories import HOSTILE

from skillgit.provenance.trailers import plain
from skillgit.publish.markdown import GAP, block, code, table, text

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
NASTY = st.sampled_from(
    [*"`*_|\\<>[]()!#@&~$^{}:-+=.1 \n\t", "`a`", "``", "](", "<b>", "@me", "#1", "GH-1", "www.a.de"]
)
WORDS = st.one_of(st.lists(NASTY, max_size=24).map("".join), st.text(max_size=40))


def inline(tokens: list[Token]) -> list[Token]:
    return [child for token in tokens if token.type == "inline" for child in token.children or []]


def shown(words: str) -> str:
    """What is left of words when blanks, gaps and backquotes do not count."""
    return re.sub(rf"[\s`{GAP}]", "", words)


@given(WORDS)
@example(HOSTILE)
@example("\\`a`|")
@example("1. not a list")
@example("- neither")
def test_text_is_shown_as_it_is_wherever_it_stands(words: str) -> None:
    once = text(words, 10_000)
    for page in (f"| a | b |\n|---|---|\n| x{GAP}{once} | y |", f"- {once or 'x'}", once or "x"):
        children = inline(PARSER.parse(page))
        assert {child.type for child in children} <= {"text", "code_inline"}
        assert shown(plain(words)) in shown("".join(child.content for child in children))


@given(WORDS, WORDS)
def test_no_text_adds_a_cell_or_a_row(one: str, other: str) -> None:
    page = table(("a", "b"), [(text(one), text(other)), (code(one), code(other))], ("b",))

    rows = [token for token in PARSER.parse(page) if token.type == "tr_open"]
    cells = [token for token in PARSER.parse(page) if token.type in {"td_open", "th_open"}]
    assert (len(rows), len(cells)) == (3, 6)


@given(WORDS)
@example(HOSTILE)
def test_a_forge_finds_nothing_to_link(words: str) -> None:
    for once in (text(words), code(words)):
        assert not re.search(r"@\w|#\d|://|\bGH-\d|\bwww\.|\bmailto:", once, re.IGNORECASE)


@given(WORDS)
def test_bold_text_stays_bold_to_its_end(words: str) -> None:
    once = text(words)
    if once:
        children = inline(PARSER.parse(f"| a |\n|---|\n| **{once}**<br>more |"))
        assert [child.type for child in children].count("strong_open") == 1
        assert children[-1].content == "more"


@given(st.lists(NASTY, max_size=24).map("".join))
def test_a_block_ends_where_it_should(words: str) -> None:
    [fence, *rest] = PARSER.parse(f"{block(words, 'sh')}\n")

    assert (fence.type, rest) == ("fence", [])
    assert fence.content == f"{words}\n"


@pytest.mark.parametrize(
    ("words", "once"),
    [
        ("Use `max_val` here", "Use `max_val` here"),
        ("delete_rows", "delete\\_rows"),
        ("a | b", "a \\| b"),
        ("`a|b`", "\\`a\\|b\\`"),
        ("ask @me", f"ask @{GAP}me"),
        ("fixes #12", f"fixes \\#{GAP}12"),
        ("in `#12`", f"in `#{GAP}12`"),
        ("two\nlines \u202eturned", "two lines turned"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_what_it_looks_like(words: str, once: str) -> None:
    assert text(words) == once

from __future__ import annotations

import html as standard
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories import HOSTILE

from skillgit.publish.html import cut, element, style, text

WORDS = st.one_of(
    st.just(HOSTILE), st.text(max_size=60), st.text("<>&\"'/= onx!-[]`\u202e", max_size=60)
)


class Reader(HTMLParser):
    """What a browser would take a page for, with named characters put back in their place."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self.restored = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words += data
        is_name = self.tags and self.tags[-1] == "span"
        self.restored += chr(int(data.removeprefix("U+"), 16)) if is_name else data

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.tags.append(f"comment {data}")


@given(WORDS)
def test_text_is_read_back_as_it_was(words: str) -> None:
    page = Reader(f"<p>{text(words)}</p>")

    assert set(page.tags) <= {"p", "span", "/span", "/p"}
    assert page.restored == words.replace("\r\n", "\n")


@given(WORDS)
def test_nothing_hidden_is_left(words: str) -> None:
    page = Reader(text(words))

    assert not [
        char
        for char in page.words
        if char not in "\n\t" and unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp", "Cs", "Co"}
    ]


@given(WORDS)
def test_an_attribute_stays_one(words: str) -> None:
    page = Reader(element("a", "x", title=words, href="#a"))

    assert page.tags == ["a", "/a"]
    assert [name for name, _ in page.attributes] == ["title", "href"]


def test_hidden_characters_are_named() -> None:
    assert text("a\u202eb<\x00") == (
        'a<span class="odd">U+202E</span>b&lt;<span class="odd">U+0000</span>'
    )


def test_markup_goes_in_as_it_is_and_text_does_not() -> None:
    assert element("p", element("b", "1 < 2"), "&") == "<p><b>1 &lt; 2</b>&amp;</p>"


@pytest.mark.parametrize("tag", ["", "a b", "script>", "A", "p onload=x"])
def test_a_tag_is_never_text(tag: str) -> None:
    with pytest.raises(ValueError, match="not a tag"):
        element(tag)


def test_a_style_sheet_cannot_end_itself() -> None:
    with pytest.raises(ValueError, match="end its element"):
        style("a{}</style><script>")


def test_what_is_cut_is_counted() -> None:
    assert cut("a\nbbbb\nc", 2, 3) == ("a\nbbb […]", 1)
    assert standard.unescape(text("&amp;")) == "&amp;"

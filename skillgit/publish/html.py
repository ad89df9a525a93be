"""HTML in which text is text: whatever is not made by `element` is escaped on its way in.

What a reader could not see, or what would turn a line around, is shown as `U+202E` in a frame:
control characters, bidirectional marks, zero-width and private characters, tags.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

_HIDDEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
# Letters and marks that show nothing, and with which text is smuggled past a reader.
_EMPTY = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0e\U000e0100-\U000e01ef]"
)
_VOID = frozenset({"br", "meta"})
_TAG = re.compile(r"[a-z][a-z0-9]*")


class Html(str):
    """Markup that is ready; only this module makes it."""

    __slots__ = ()


NOTHING = Html("")


def text(words: str) -> Html:
    """The words, escaped, with a frame around what nobody could see."""
    out: list[str] = []
    plain: list[str] = []
    for char in words.replace("\r\n", "\n"):
        if _is_seen(char):
            plain.append(char)
        else:
            out += [html.escape("".join(plain)), f'<span class="odd">U+{ord(char):04X}</span>']
            plain = []
    return Html("".join([*out, html.escape("".join(plain))]))


def prose(words: str) -> Html:
    """Text in which what stands in backquotes is shown as code."""
    pieces = re.split(r"`([^`\n]+)`", words)
    return joined(element("code", one) if n % 2 else one for n, one in enumerate(pieces))


def _is_seen(char: str) -> bool:
    if char in "\n\t":
        return True
    return unicodedata.category(char) not in _HIDDEN and not _EMPTY.match(char)


def element(tag: str, *inside: str, **attributes: str | int | None) -> Html:
    """`<tag …>inside</tag>`. `class_` is written `class`, `aria_label` is written `aria-label`."""
    if not _TAG.fullmatch(tag):
        raise ValueError(f"not a tag: {tag!r}")
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{joined(inside)}</{tag}>")


def joined(parts: Iterable[str]) -> Html:
    """Markup one after another; what is none is escaped."""
    return Html("".join(part if isinstance(part, Html) else text(part) for part in parts))


def _value(value: str | int) -> str:
    seen = "".join(
        char if _is_seen(char) and char not in "\n\t" else "\ufffd" for char in str(value)
    )
    return html.escape(seen)


def style(css: str) -> Html:
    """The page's own style sheet, which no text of a round gets into."""
    if "</" in css:
        raise ValueError("a style sheet that would end its element")
    return Html(f"<style>{css}</style>")


def table(head: Iterable[str], rows: Iterable[Iterable[str]], class_: str = "") -> Html:
    """A table; a cell that begins with a digit or a sign is a number and stands to the right."""
    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", *(element("th", name, scope="col") for name in head))),
            element("tbody", *(element("tr", *map(_cell, row)) for row in rows)),
            class_=class_ or None,
        ),
        class_="wide",
    )


def _cell(inside: str) -> Html:
    is_number = not isinstance(inside, Html) and re.fullmatch(r"[+−-]?[\d,.]+(?: [%s])?", inside)
    return element("td", inside, class_="n" if is_number else None)


def details(summary: str, *inside: str, is_open: bool = False) -> Html:
    """What is folded away until somebody wants it."""
    return element("details", element("summary", summary), *inside, open="" if is_open else None)


def cut(words: str, lines: int, width: int) -> tuple[str, int]:
    """The first lines, each cut where it is too wide, and how many lines are missing."""
    found = words.replace("\r\n", "\n").split("\n")
    shown = [line if len(line) <= width else f"{line[:width]} […]" for line in found[:lines]]
    return "\n".join(shown), len(found) - len(shown)

"""Characters that a person does not see, and names that look like others (SG404, SG405).

What a reviewer reads must be what an agent reads. Plain ASCII is passed over at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

Sighting = tuple[int, str]
"""Where in a text, and what is wrong there."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_LETTER = "A-Za-z0-9\\u00c0-\\u024f"
_PLAIN = bytes(code for code in range(128) if not _CONTROL.match(chr(code)))
# What is left of a text without plain ASCII is short; where none of these bytes is in it, nothing
# is hidden, and the patterns, which take their time, are not tried.
_HINTS = (
    *(b"\xe2\x80%c" % last for last in (*range(0x8B, 0x8E), *range(0xAA, 0xAF))),
    *(b"\xc2%c" % last for last in (*range(0x80, 0xA0), 0xAD)),
    *(b"\xe1\x85\x9f", b"\xe1\x85\xa0", b"\xe1\xa0\x8e", b"\xe2\x81", b"\xe3\x85\xa4"),
    *(b"\xef\xb8%c\xef\xb8" % last for last in range(0x80, 0x90)),
    *(b"\xef\xbb\xbf", b"\xef\xbe\xa0", b"\xf3\xa0"),
)
_HIDDEN = re.compile(
    # Embeddings, overrides and isolates; C1 controls; invisible operators and fillers.
    r"[\u202a-\u202e\u2066-\u2069\u0080-\u009f\u2061-\u2064\u206a-\u206f\u115f\u1160\u3164\uffa0]"
    # Tags, but for the flags of England, Scotland and Wales; selectors that no glyph has.
    r"|(?<!\U0001f3f4)[\U000e0000-\U000e007f](?<![\U000e0001-\U000e007f]{2})"
    r"|[\U000e0100-\U000e01ef]|[\ufe00-\ufe0f]{2,}"
    r"|[\u200b\u2060\u180e]|(?<=.)\ufeff"
    # Joiners belong into emoji and into Arabic and Indic scripts, not between Latin letters.
    rf"|(?<=[{_LETTER}])[\u200c\u200d\u00ad](?=[{_LETTER}])",
    re.DOTALL,
)
_FLAG = re.compile(r"\U0001f3f4[\U000e0061-\U000e007a0-9]{2,6}\U000e007f")
_CYRILLIC = "аасеорхуіјѕԁһӏԛԝкмтвнАВЕКМНОРСТХУЅІЈ"
_GREEK = "οορνιυκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
_OTHERS = "ａ-ｚＡ-Ｚ\\U0001d400-\\U0001d7ffɡıⅼⅰո"
_MIXED = re.compile(rf"\b(?=\w*[A-Za-z])\w*[{_CYRILLIC}{_GREEK}{_OTHERS}]\w*")
_LEADS = (
    *(b"\xd0", b"\xd1", b"\xd2", b"\xd3", b"\xd4", b"\xd5", b"\xce", b"\xcf"),
    *(b"\xef\xbc", b"\xef\xbd", b"\xf0\x9d", b"\xc9\xa1", b"\xc4\xb1", b"\xe2\x85"),
)
_LATIN = re.compile(r"[A-Za-z]")
_PUNYCODE = re.compile(r"(?i)\bxn--[a-z0-9-]{2,}")
_MOST = 5
"""Sightings of one kind in one text; more tell nothing new."""


def hidden(text: str) -> Iterator[Sighting]:
    """Characters that show as nothing, or turn the text around them, and codes for terminals."""
    left = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN)
    if not left:
        return
    for found in _CONTROL.finditer(text) if min(left) < 128 else ():
        yield found.start(), f"the control character {_name(found[0])}"
    if not any(hint in left for hint in _HINTS):
        return
    flags = [flag.span() for flag in _FLAG.finditer(text)]
    for found in _HIDDEN.finditer(text):
        if not any(first <= found.start() < last for first, last in flags):
            yield found.start(), f"the hidden character {_name(found[0][0])}"


def look_alikes(text: str) -> Iterator[Sighting]:
    """Words that mix Latin letters with letters of other scripts that look the same."""
    for found in _PUNYCODE.finditer(text) if "xn--" in text or "XN--" in text else ():
        yield found.start(), f"the encoded host name {found[0]}"
    if text.isascii():
        return
    left = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN)
    if not any(hint in left for hint in _LEADS):
        return
    for found in _MIXED.finditer(text):
        strange = next(char for char in found[0] if char in _strange())
        if len(_LATIN.findall(found[0])) > 1:
            yield found.start(), f"a word with {_name(strange)}: {found[0]!r}"


def first_few(sightings: Iterator[Sighting]) -> list[Sighting]:
    """The first of each kind in a text, and no more than a few."""
    once: dict[str, Sighting] = {}
    for at, what in sightings:
        once.setdefault(what, (at, what))
        if len(once) == _MOST:
            break
    return list(once.values())


@cache
def _strange() -> frozenset[str]:
    """Letters that look like Latin ones."""
    wide = "".join(map(chr, (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))))
    mathematical = "".join(map(chr, range(0x1D400, 0x1D800)))
    return frozenset(_CYRILLIC + _GREEK + wide + mathematical + "ɡıⅼⅰո")


def _name(char: str) -> str:
    known = unicodedata.name(char, "")
    return f"U+{ord(char):04X}{f' {known}' if known else ''}"

"""Plain numbers, as most final answers are: compared exactly, without an engine."""

from __future__ import annotations

import re
from fractions import Fraction

_MOST_DIGITS = 1000
_PLAIN = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)?(\.\d*)?")
_SPACING = re.compile(r"\\[!,;: ]|\{,\}")


def plain(text: str) -> Fraction | None:
    """The value of a number without unit, operator or letter; None for anything else.

    Commas and TeX's thin spaces may part thousands; a dollar sign may stand before it.
    """
    if len(text) > _MOST_DIGITS:
        return None
    text = _SPACING.sub(lambda found: "," if found[0] == "{,}" else "", text.strip())
    text = text.replace("−", "-").replace("\\$", "").strip("$")
    found = _PLAIN.fullmatch(text)
    if not found or not text.isascii() or not any(char.isdigit() for char in text):
        return None
    sign, whole, part = found.groups(default="")
    return Fraction(f"{sign}{whole.replace(',', '') or 0}{part if len(part) > 1 else ''}")

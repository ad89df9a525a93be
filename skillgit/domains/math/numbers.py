"""Plain numbers, as most final answers are: they need no engine."""

from __future__ import annotations

import re
from fractions import Fraction

_MOST_CHARS = 1000
_SPACING = re.compile(r"\\[!,;: ]|\{,\}")
_DECIMAL = re.compile(r"([+-]?)(\d{1,3}(?:[, ]\d{3})+|\d+)?(\.\d*)?", re.ASCII)
_RATIO = re.compile(
    r"([+-]?)(?:(\d+) ?/ ?(\d+)|\\[dt]?frac(?:\{(\d+)\}\{(\d+)\}|(\d)(\d)))", re.ASCII
)

_MEASURED = re.compile(r"([^A-Za-z\\]*\d)\.? +([A-Za-z]{3,}(?:[ -][A-Za-z]+){0,4})", re.ASCII)
_IN_BASE = re.compile(r"([0-9A-Za-z]+)_\{?(\d+)\}?", re.ASCII)
_NO_UNIT = re.compile(
    r"(?i)hundred|thousand|[mb]illion|trillion|dozen|score|percent|hal(?:f|ves)|thirds?|quarters?"
    r"|fourths?|fifths?|tenths?|plus|minus|times|over|mod|choose|factorial|squared|cubed|sqrt|sin"
    r"|cos|tan|cot|sec|csc|log|exp|and"
)


def plain(text: str) -> Fraction | None:
    """The value of a number without unit, operator or letter; None for anything else.

    A decimal number or a fraction. Commas and TeX's thin spaces may part thousands; a dollar sign
    may stand before it.
    """
    if len(text) > _MOST_CHARS:
        return None
    text = _SPACING.sub(lambda found: "," if found[0] == "{,}" else "", text.strip())
    text = text.replace("−", "-").replace("\\$", "").strip("$")
    if ratio := _RATIO.fullmatch(text):
        sign, over, under = (part for part in ratio.groups() if part is not None)
        return Fraction(int(f"{sign}{over}"), int(under)) if int(under) else None
    decimal = _DECIMAL.fullmatch(text)
    if not decimal or not any(char.isdigit() for char in text):
        return None
    sign, whole, part = decimal.groups(default="")
    return Fraction(f"{sign}{re.sub('[, ]', '', whole) or 0}{part if len(part) > 1 else ''}")


def measured(text: str) -> Fraction | None:
    """The number of an answer such as "18 dollars a day"; None where words change its value."""
    found = _MEASURED.fullmatch(text)
    if not found or any(map(_NO_UNIT.fullmatch, re.split("[ -]", found[2]))):
        return None
    return plain(found[1])


def in_base(text: str) -> tuple[str, str] | None:
    """Digits and base of a number such as 52_8."""
    found = _IN_BASE.fullmatch(text.strip())
    return (found[1].upper(), found[2]) if found else None

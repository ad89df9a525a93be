"""How MATH's scorer brings two answers into one form (hendrycks/math, `math_equivalence.py`).

It gives that scorer's verdicts, faults included: see `official.py`.
"""

from __future__ import annotations

import re

_DROPPED = ("^{\\circ}", "^\\circ", "\\$")
_SLASHED = re.compile(r"(0|-?[1-9][0-9]*)/(0|-?[1-9][0-9]*)")


def same(one: str, other: str) -> bool:
    """Are two answers the same, says MATH's scorer? Where it trips over one, as plain texts."""
    try:
        return normalised(one) == normalised(other)
    except _Tripped:
        return one == other


class _Tripped(Exception):  # noqa: N818 - not an error of ours: the scorer's own stumbling
    """The scorer's normalisation raises here."""


def normalised(answer: str) -> str:
    """The text that is compared; order counts."""
    text = answer.replace("\n", "").replace("\\!", "").replace("\\\\", "\\")
    text = text.replace("tfrac", "frac").replace("dfrac", "frac")
    text = text.replace("\\left", "").replace("\\right", "")
    for word in _DROPPED:
        text = text.replace(word, "")
    text = _without_unit(text).replace("\\%", "").replace("%", "")
    text = text.replace(" .", " 0.").replace("{.", "{0.")
    if not text:
        return text
    text = f"0{text}" if text[0] == "." else text
    sides = text.split("=")
    if len(sides) == 2 and len(sides[0]) <= 2:
        text = sides[1]
    text = _fractions(_roots(text).replace(" ", ""))
    return _slashed("\\frac{1}{2}" if text == "0.5" else text)


def _without_unit(text: str) -> str:
    parts = text.split("\\text{ ")
    if len(parts) > 2:
        raise _Tripped
    return parts[0]


def _roots(text: str) -> str:
    first, *rest = text.split("\\sqrt")
    if "" in rest:
        raise _Tripped
    return first + "".join(
        f"\\sqrt{part}" if part[0] == "{" else f"\\sqrt{{{part[0]}}}{part[1:]}" for part in rest
    )


def _fractions(text: str) -> str:
    first, *rest = text.split("\\frac")
    made = [first]
    for part in rest:
        if not part:
            raise _Tripped
        if part[0] == "{":
            made.append(part)
        elif len(part) < 2:
            return text
        elif part[1] == "{":
            made.append(f"{{{part[0]}}}{part[1:]}")
        else:
            made.append(f"{{{part[0]}}}{{{part[1]}}}{part[2:]}")
    return "\\frac".join(made)


def _slashed(text: str) -> str:
    return _SLASHED.sub(r"\\frac{\1}{\2}", text) if _SLASHED.fullmatch(text) else text

"""Answers that are not written in TeX, as programs print them: sqrt(3), 2*pi, x**2, π."""

from __future__ import annotations

import re

_TEX = tuple(
    (re.compile(pattern), tex)
    for pattern, tex in (
        (r"(?:\bsqrt|√) *\(([^()]*)\)", r"\\sqrt{\1}"),
        (r"√ *(\w+)", r"\\sqrt{\1}"),
        (r"(?<![A-Za-z])pi(?![A-Za-z])|π", r"\\pi "),
        (r"(?<![A-Za-z])(?:infinity|inf|oo)(?![A-Za-z])|∞", r"\\infty "),
        (r"\+/?-|±", r"\\pm "),
        (r"(?<=[)\]]) *(?:U|∪) *(?=[(\[])", r"\\cup "),
        (r"°", r"^\\circ "),
        (r"\*\*", "^"),
        (r"[*·×]", r"\\cdot "),
        (r"−", "-"),
        (r"≤|<=", r"\\le "),
        (r"≥|>=", r"\\ge "),
        (r"\^\(([^()]*)\)|\^(-?\d+|[A-Za-z])", r"^{\1\2}"),
    )
)
_NAMED = re.compile(r"[A-Za-z](?:_\w|\([a-z]\))? *= *([^=]+)")


def as_tex(answer: str) -> str:
    """The same in TeX; an answer with a backslash is TeX already."""
    if "\\" not in answer:
        for pattern, tex in _TEX:
            answer = pattern.sub(tex, answer)
    return answer


def value(answer: str) -> str:
    """What a single letter is said to be, as in "N = 10,080"; else the answer."""
    named = _NAMED.fullmatch(answer)
    return named[1].strip() if named else answer

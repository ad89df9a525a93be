"""Where a solution says its final answer: as each benchmark looks for it, and as a reader does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from skillgit.domains.math.expected import Expected, Form
from skillgit.domains.math.numbers import plain

MOST_CHARS = 2000
"""A longer final answer is none; the longest one of MATH-500 has 159 characters."""

_BOX = "\\boxed{"
_DAPO_CHARS = 300
_STRICT_CHARS = 100

_DAPO = re.compile(r"(?i)Answer\s*:\s*([^\n]+)")
_GSM8K = re.compile(r"#### (-?[0-9.,]+)")

_SIGNS = {
    Form.ANSWER: re.compile(r"(?i)answer[*_]*[ \t]*:[\s*]*([^\n]+)"),
    # GSM8K's published model solutions have `A: ` in the place of its `#### `.
    Form.HASHES: re.compile(r"(?m)####[ \t]*([^\n]+)|^A: ([^\n]+)"),
}
_SAID = re.compile(r"(?i)\banswer is\b[ \t]*:?([^\n]+)")
_AROUND = (
    re.compile(r"\$\$(?P<in>[^$]+)\$\$"),
    re.compile(r"\$(?P<in>(?:\\.|[^$\\])+)\$"),
    re.compile(r"\\\((?P<in>.+)\\\)"),
    re.compile(r"\\\[(?P<in>.+)\\\]"),
    re.compile(r"\*\*(?P<in>[^*]+)\*\*"),
    re.compile(r"`(?P<in>[^`]+)`"),
)
_END = re.compile(r"(?:[\s.;]|\*\*)+$")


@dataclass(frozen=True, slots=True)
class Found:
    """A final answer, and the sign that it was found by; `form` is None where there was none."""

    text: str
    form: Form | None


def dapo(text: str) -> str | None:
    """What DAPO's scorer takes: the last `Answer:` in the last 300 characters."""
    matches = _DAPO.findall(text[-_DAPO_CHARS:])
    return matches[-1] if matches else None


def dapo_strict(text: str) -> str | None:
    """What its strict mode takes: the last box, if all of it lies in the last 100 characters."""
    # Its scorer is given the last 300 already; the last 100 of them are the same.
    return boxed(text[-_STRICT_CHARS:])


def gsm8k(text: str) -> str | None:
    """What GSM8K's scorer takes: the number behind the first `#### `, without commas."""
    match = _GSM8K.search(text)
    return match[1].replace(",", "") if match else None


def boxed(text: str) -> str | None:
    """What MATH's scorer takes: the content of the last box, if its braces are balanced."""
    at = text.rfind(_BOX)
    end = _closing(text, at) if at >= 0 else None
    return None if end is None else text[at + len(_BOX) : end]


def final(text: str, form: Form | None = None) -> Found | None:
    """The final answer as a reader finds it; None where a solution comes to no answer.

    The form that was asked for goes first, else the last sign of any form counts. Without a sign
    a text of one line is the answer itself; of several lines the last one, if it is a number or a
    formula. No other line is searched for numbers: a solution that was cut off has no answer.
    """
    signs = sorted(_signs(text))
    wanted = [one for one in signs if one[1] == form] or signs
    if wanted:
        return _found(wanted[-1][2], wanted[-1][1])
    if said := _SAID.findall(text):
        return _found(said[-1], Form.ANSWER)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or (len(lines) > 1 and not _is_bare(lines[-1])):
        return None
    return _found(lines[-1], None)


def gold(text: str) -> Expected:
    """What is expected, from a bare answer or from a solution that ends with it."""
    found = final(text)
    return Expected(found.text if found else text.strip())


def _signs(text: str) -> Iterator[tuple[int, Form, str]]:
    for form, sign in _SIGNS.items():
        for match in sign.finditer(text):
            yield match.start(), form, next(filter(None, match.groups()), "")
    if (content := boxed(text)) is not None:
        yield text.rfind(_BOX), Form.BOXED, content


def _found(raw: str, form: Form | None) -> Found | None:
    if len(raw) > MOST_CHARS:
        return None
    text = unwrapped(boxed(raw) or raw)
    return Found(text, form) if text else None


def unwrapped(text: str) -> str:
    """An answer without what is only around it: dollars, boxes, stars, a full stop."""
    before = None
    while text != before:
        before = text
        text = _END.sub("", text.strip())
        for pattern in _AROUND:
            if match := pattern.fullmatch(text):
                text = match["in"].strip()
        if text.startswith(_BOX) and _closing(text, 0) == len(text) - 1:
            text = text[len(_BOX) : -1]
        if text.count("$") == 1:
            text = text.removesuffix("$")
    return text


def _is_bare(line: str) -> bool:
    inside = unwrapped(line)
    return plain(inside) is not None or (inside != line and line[0] in "$\\")


def _closing(text: str, at: int) -> int | None:
    """Where the first brace after `at` is closed. Braces are counted as the scorers count them."""
    depth = 0
    for place in range(at, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0 and text[place] == "}":
            return place
    return None

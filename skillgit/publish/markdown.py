r"""Text of strangers as Markdown that says the text and nothing else, on a forge as well.

A title may hold `@name`, `fixes #1`, an image that somebody counts, half a table. Here it becomes
one line in which Markdown finds nothing to do: its marks are escaped, and where a forge looks for
mentions, issues and addresses after Markdown is done, a zero-width space stands in between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain

from skillgit.provenance.trailers import plain

GAP = "\u200b"
"""Nobody sees it; a forge finds no name, number or address across it."""
_MARKS = re.compile(r"[\\`*_{}\[\]()<>#~!|$&^]")
_BEGINS = re.compile(r"^(?:[-+=:>]|\d{1,9}(?=[.)]))")
_CODE = re.compile(r"(?<!`)`([^`|\\]+)`(?!`)")
_NAMES = re.compile(
    r"@(?=\w)|#(?=\d)|:(?=//)|(?i:\bGH)(?=-\d)|(?i:\bwww)(?=\.)|\b(?:mailto|xmpp)(?=:)"
)
_FENCE = re.compile(r"`{3,}")


def text(words: str, most: int = 300) -> str:
    """One line that shows these words; `code` in backquotes stays code. Fits into a table."""
    line = clipped(plain(words), most)
    pieces: list[str] = []
    done = 0
    for code in _CODE.finditer(line):
        pieces += [_escaped(line[done : code.start()]), _parted(code[0])]
        done = code.end()
    return _begun("".join([*pieces, _escaped(line[done:])]))


def clipped(line: str, most: int) -> str:
    """The line, cut where it is longer."""
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _escaped(words: str) -> str:
    return _MARKS.sub(r"\\\g<0>", _parted(words))


def _parted(words: str) -> str:
    """Also in code: a squash merge makes a commit message of it, which is no Markdown."""
    return _NAMES.sub(rf"\g<0>{GAP}", words)


def _begun(line: str) -> str:
    """A line that begins no list, heading or quotation, wherever it stands."""
    found = _BEGINS.match(line)
    if not found:
        return line
    mark = found[0]
    return f"{mark}\\{line[len(mark) :]}" if mark.isdigit() else f"\\{line}"


def code(words: str, most: int = 120) -> str:
    """A name, a path or an id as code; as text where it could end the code or the table."""
    line = clipped(plain(words), most)
    return f"`{_parted(line)}`" if line and not re.search(r"[`|\\]", line) else text(line, most)


def block(lines: str, language: str = "") -> str:
    """A code block that nothing in it closes."""
    longest = max((len(run) for run in _FENCE.findall(lines)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{lines}\n{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> str:
    """A table of cells that are Markdown already; columns named in `right` are set to the right."""
    marks = ["--:" if name in right else "---" for name in head]
    return "\n".join(f"| {' | '.join(row)} |" for row in chain([head, marks], rows))

r"""Lines of a file as everyone in the house counts them: split on `\n` only, counted from 1.

Python's `splitlines` also splits on form feeds, U+2028 and more, where Git and editors do not.
"""

from __future__ import annotations

from collections import Counter


def split_lines(data: bytes) -> list[bytes]:
    r"""The lines of a file without their ends (`\n` or `\r\n`); an empty file has none."""
    *closed, rest = data.split(b"\n")
    return [line.removesuffix(b"\r") for line in closed] + ([rest] if rest else [])


def line_ends(data: bytes) -> list[bytes]:
    r"""The end of each line: `\n`, `\r\n`, or empty for a last line without one."""
    pieces = data.split(b"\n")
    ends = [b"\r\n" if piece.endswith(b"\r") else b"\n" for piece in pieces[:-1]]
    return [*ends, b""] if pieces[-1] else ends


def usual_end(data: bytes) -> bytes:
    r"""The line end that most lines of the file have; `\n` where there is none."""
    ends = Counter(end for end in line_ends(data) if end)
    return ends.most_common(1)[0][0] if ends else b"\n"


def text_lines(text: str) -> list[str]:
    """The lines of a text without their ends."""
    return [line.decode() for line in split_lines(text.encode())]


def numbered(text: str) -> str:
    """A text with the number of each line before it, as every prompt shows the base."""
    return "\n".join(f"{number}| {line}" for number, line in enumerate(text_lines(text), start=1))

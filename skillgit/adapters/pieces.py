"""Files of lines that are too large to be read at once, in pieces that end where a line ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from skillgit.trajectories.documents import SourceFile
from skillgit.types import Diagnostic


def read_pieces(path: Path, origin: str, size: int) -> Iterator[SourceFile | Diagnostic]:
    """The file in pieces of about `size` bytes, one in memory at a time.

    A line that is longer than that is left out. What needs several lines to be understood, like a
    session, may be torn: the last diagnostic says so.
    """
    pieces = 0
    try:
        with path.open("rb") as file:
            first, lines, held = 1, list[bytes](), 0
            while line := file.readline(size):
                if len(line) == size and not line.endswith(b"\n"):
                    too_long = f"a line of more than {size / 1e6:g} MB is left out"
                    yield Diagnostic(origin, too_long, first + len(lines))
                    line = _skipped(file)
                lines.append(line)
                held += len(line)
                if held >= size:
                    pieces += 1
                    yield SourceFile(origin, b"".join(lines), first_line=first)
                    first, lines, held = first + len(lines), [], 0
    except OSError as error:
        yield Diagnostic(origin, f"cannot be read: {error.strerror or type(error).__name__}")
        return
    if lines:
        pieces += 1
        yield SourceFile(origin, b"".join(lines), first_line=first)
    torn = "a session or a trace that more than one of them holds is torn"
    yield Diagnostic(origin, f"so large that it is read in {pieces} pieces: {torn}")


def _skipped(file: BinaryIO) -> bytes:
    """Go on behind the end of this line."""
    while (rest := file.readline(1_000_000)) and not rest.endswith(b"\n"):
        pass
    return b"\n"

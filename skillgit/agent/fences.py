"""Fenced blocks in a model's text: the language of an agent without tool calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_OPENING = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)")
_OPENING_BEHIND_WORDS = re.compile(r"(?P<indent>)[^`~]*(?P<fence>`{3,})(?P<info>[A-Za-z]\w*)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `info` stands behind the opening fence, `closed` means that it ends.

    `first` and `last` are the lines of the text that it takes, with its fences, counted from 0.
    """

    info: str
    content: str
    closed: bool
    first: int
    last: int

    @property
    def name(self) -> str:
        """The first word of the info string, which names a tool."""
        return re.sub(r"[^\w.+-].*", "", self.info, flags=re.DOTALL).lower()


def blocks_of(text: str) -> tuple[Block, ...]:
    """The blocks of a text. One ends at a line that is exactly its fence, or with the text.

    So what a program holds is not taken for its end: another fence, a longer one, one with words
    behind it. Where there is no such line, a fence at the end of a line will do: small models
    write it there.
    """
    return tuple(_blocks(text.split("\n")))


def without_blocks(text: str, blocks: tuple[Block, ...]) -> str:
    """The text around the blocks."""
    taken = {line for block in blocks for line in range(block.first, block.last + 1)}
    kept = [line for number, line in enumerate(text.split("\n")) if number not in taken]
    return "\n".join(kept).strip()


def _blocks(lines: list[str]) -> Iterator[Block]:
    number = 0
    while number < len(lines):
        line = lines[number].rstrip()
        opening = _OPENING.fullmatch(line) or _OPENING_BEHIND_WORDS.fullmatch(line)
        if not opening:
            number += 1
            continue
        block = _block(lines, number, opening)
        yield block
        number = block.last + 1


def _block(lines: list[str], first: int, opening: re.Match[str]) -> Block:
    fence, indent = opening["fence"], opening["indent"]
    rest = [line.rstrip() for line in lines[first + 1 :]]
    size = next((at for at, line in enumerate(rest) if line in {fence, indent + fence}), None)
    content = lines[first + 1 :] if size is None else lines[first + 1 : first + 1 + size]
    closed = size is not None
    last = first + 1 + size if size is not None else len(lines) - 1
    if not closed:
        at = next((at for at, line in enumerate(rest) if line.endswith(fence)), None)
        if at is not None:
            content = [*content[:at], rest[at].removesuffix(fence)]
            closed, last = True, first + 1 + at
    inner = "\n".join(line.removeprefix(indent) for line in content)
    return Block(opening["info"].strip(), inner, closed, first, last)

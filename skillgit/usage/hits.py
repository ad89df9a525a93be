"""What a trace of a skill in a trajectory is: of which kind, in which step, of which lines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from skillgit.names import SkillPath
from skillgit.types import LineRange

_MOST_WORDS = 160


class Kind(StrEnum):
    """How a part of a skill left its trace."""

    OPENED = "opened"
    """A call opened the file."""
    RAN = "ran"
    """A call ran the file."""
    SHOWN = "shown"
    """What came back of a call holds these lines."""
    NAMED = "named"
    """The agent named the file or the heading."""
    QUOTED = "quoted"
    """The agent said these words."""
    FOLLOWED = "followed"
    """A call holds this command or piece of code."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One trace. `words` is what stands in the trajectory; without `lines` the file is meant."""

    step: int
    kind: Kind
    path: SkillPath
    lines: LineRange | None
    words: str


def hit(step: int, kind: Kind, path: SkillPath, lines: LineRange | None, words: str) -> Hit:
    """A trace whose words are one short line."""
    told = " ".join(words.split())
    short = told if len(told) <= _MOST_WORDS else f"{told[: _MOST_WORDS - 1]}…"
    return Hit(step, kind, path, lines, short)

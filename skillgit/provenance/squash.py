"""What a commit says of itself in which several lessons of a round were made one.

The body of a pull request ends with this paragraph, so that a squash merge keeps where its lines
come from. It makes no claim that only a single lesson can make (patch, support, sources), and its
keys are others than a lesson's, so `trailers.parse` does not take it for a broken lesson:

    Skillgit-Squash-Round: 20261121T231905Z-7f3ac1
    Skillgit-Squash-Skill: skills/xlsx
    Skillgit-Squash-Base: <the commit that all analysts read>
    Skillgit-Squash-Evidence: <the commit of refs/skillgit/rounds/<round>>
    Skillgit-Squash-Lesson: <blob of its evidence> <digest of its patch>     (one for each lesson)
    Assisted-by: skillgit:Qwen3.5-35B

A forge puts `Co-authored-by` paragraphs behind it and mail tools a signature, so the last paragraph
that begins with such a key counts, wherever it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from skillgit.names import Digest, Oid, RoundId
from skillgit.provenance.trailers import Malformed, model_slug, skill_of, skill_value

_PREFIX = "Skillgit-Squash-"
_KEYS = ("Round", "Skill", "Base", "Evidence")
_BEGINS = re.compile(rf"{_PREFIX}[A-Za-z]+:", re.IGNORECASE)
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*):[ \t]*(.*)")


@dataclass(frozen=True, slots=True)
class SquashedLesson:
    """One of the lessons, by the blob of its evidence and the digest of its patch."""

    evidence: Oid
    patch: Digest


@dataclass(frozen=True, slots=True)
class Squash:
    """The lessons of a round that one commit holds. `evidence` is the commit of the round's ref."""

    round: RoundId
    skill: str
    base: Oid
    evidence: Oid
    lessons: tuple[SquashedLesson, ...]
    model: str


def render_squash(squash: Squash) -> str:
    """The paragraph of trailers."""
    values = (
        (f"{_PREFIX}Round", squash.round),
        (f"{_PREFIX}Skill", skill_value(squash.skill)),
        (f"{_PREFIX}Base", squash.base),
        (f"{_PREFIX}Evidence", squash.evidence),
        *((f"{_PREFIX}Lesson", f"{one.evidence} {one.patch}") for one in squash.lessons),
        ("Assisted-by", f"skillgit:{model_slug(squash.model)}"),
    )
    return "\n".join(f"{key}: {value}" for key, value in values)


def parse_squash(text: str) -> Squash | Malformed | None:
    """The lessons that a commit message says to hold; None where it says nothing of the kind."""
    paragraphs = re.split(r"\n(?:[ \t]*\n)+", text.replace("\r\n", "\n").strip("\n"))
    ours = [one for one in paragraphs[1:] if _BEGINS.match(one)]
    if not ours:
        return None
    try:
        return _squash(ours[-1].split("\n"))
    except ValueError as unfit:
        return Malformed(str(unfit))


def _squash(lines: list[str]) -> Squash:
    found = [(line[1].casefold(), line[2].strip()) for line in map(_LINE.fullmatch, lines) if line]
    if len(found) != len(lines):
        raise ValueError("the paragraph of the squash trailers holds a line that is no trailer")
    only = {name: _only(found, f"{_PREFIX}{name}") for name in _KEYS}
    lessons = [value.split() for key, value in found if key == f"{_PREFIX}Lesson".casefold()]
    if not lessons or any(len(one) != 2 for one in lessons):
        raise ValueError(f"there is no {_PREFIX}Lesson, or one without evidence and digest")
    agents = [value for key, value in found if key == "assisted-by"]
    return Squash(
        RoundId(only["Round"]),
        skill_of(only["Skill"]),
        Oid(only["Base"]),
        Oid(only["Evidence"]),
        tuple(SquashedLesson(Oid(blob), Digest(patch)) for blob, patch in lessons),
        next((a.removeprefix("skillgit:") for a in agents if a.startswith("skillgit:")), ""),
    )


def _only(found: list[tuple[str, str]], name: str) -> str:
    values = [value for key, value in found if key == name.casefold()]
    if len(values) != 1:
        raise ValueError(f"there are {len(values)} trailers {name}, not one")
    return values[0]

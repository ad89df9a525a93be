"""The traces of a skill in one trajectory: did the agent have it, and what came of that?"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from skillgit.names import Digest, SkillPath
from skillgit.skill.digest import skill_digest
from skillgit.types import LineRange, Skill, Step, Trajectory
from skillgit.usage.acts import acts, prose
from skillgit.usage.followed import Code, Tokens
from skillgit.usage.hits import Hit, Kind
from skillgit.usage.opened import opened
from skillgit.usage.pages import pages
from skillgit.usage.place import place_of
from skillgit.usage.said import Names, Quotations, Run
from skillgit.usage.shown import Shown

_GIVEN = re.compile(r"\[SKILL\.md as the agent was given it, of the skill (sha256:[0-9a-f]{64})\]")
"""What stands in a trajectory of `skillgit rollout` instead of the skill's text."""
_OF_FILES = frozenset({Kind.OPENED, Kind.RAN})
_FOUND = _OF_FILES | {Kind.SHOWN}

_NO_LINES = LineRange(1, 1)


class Having(StrEnum):
    """Did the agent have the skill?"""

    THIS = "this version"
    SOME = "a version that it does not say"
    OTHER = "another version"
    NONE = "no"


@dataclass(frozen=True, slots=True)
class Traces:
    """One trajectory: whether it had the skill, and the traces in the order of its steps.

    `pieces` are the skill's pieces of code that its calls hold, whoever told it of them.
    """

    trajectory: Trajectory
    having: Having
    hits: tuple[Hit, ...]
    pieces: frozenset[Tokens]

    @property
    def used(self) -> tuple[str, ...]:
        """In short: `references/a.md` was opened or run, `SKILL.md:12` cited or followed."""
        told = {
            hit.path if hit.kind in _OF_FILES else f"{hit.path}:{hit.lines}"
            for hit in self.hits
            if hit.kind in _OF_FILES or (hit.lines and hit.kind is not Kind.SHOWN)
        }
        return tuple(sorted(told))


class Reader:
    """Reads trajectories for the traces of one skill."""

    def __init__(self, skill: Skill) -> None:
        self.pages = pages(skill)
        self.code = Code(self.pages)
        self.quotations = Quotations(self.pages)
        self._skill = skill
        self._digest = skill_digest(skill.files)
        self._shown = Shown(self.pages)
        self._names = Names(self.pages, skill.files)

    def traces(self, one: Trajectory) -> Traces:
        """Everything that one trajectory tells of the skill."""
        texts = [text for step in one.steps for text in _texts(step)]
        place = place_of(self._skill, texts)
        done = acts(one)
        by_blocks = bool(done) and not any(step.calls for step in one.steps)
        heard = _Heard(self)
        hits: list[Hit] = []
        used: set[Tokens] = set()
        carried = False
        for step in one.steps:
            here = list(done.get(step.number, ()))
            if step.source == "agent":
                said = prose(step, without_blocks=by_blocks)
                hits += self.quotations.hits(step.number, said, heard.runs)
                hits += self._names.hits(step.number, said)
                found = {piece for act in here for piece in self.code.told(act.text)}
                hits += self.code.hits(step.number, found, heard.pieces)
                used |= found
            files: list[Hit] = [hit for act in here for hit in opened(act, place)]
            hits += files
            paths = {hit.path for hit in files}
            is_told = step.source != "agent"
            # A block of code is answered by the message behind it.
            seen = step.observation or (step.message if by_blocks and heard.waits else "")
            if seen:
                hits += self._shown.hits(step.number, seen, paths | heard.opened)
            if is_told and step.message:
                carried = heard.told(step.message) or carried
            if step.observation:
                heard.told(step.observation, fewest=1 if paths | heard.opened else 3)
            heard.opened = heard.opened if is_told else paths
            heard.waits = not is_told and bool(here)
        having = self._having(one, texts, has_place=any(map(place.named_in, texts)), found=hits)
        if having is Having.NONE and carried:
            having = Having.SOME
        return Traces(one, having, tuple(_once(hits)), frozenset(used))

    def lines_of_skill(self, text: str, fewest: int) -> set[int]:
        """The lines of a text that it has from the skill, counted from 0."""
        return self._shown.holds(text, fewest)

    def _having(
        self, one: Trajectory, texts: Collection[str], *, has_place: bool, found: Collection[Hit]
    ) -> Having:
        given: set[Digest] = {Digest(m[1]) for text in texts for m in _GIVEN.finditer(text)}
        given |= set(one.skills)
        if self._digest in given:
            return Having.THIS
        here = has_place or any(hit.kind in _FOUND for hit in found)
        if given:
            return Having.OTHER if here else Having.NONE
        return Having.SOME if here else Having.NONE


class _Heard:
    """What an agent was told by others than the skill: no trace of the skill, whoever says it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.runs: set[Run] = set()
        self.pieces: set[Tokens] = set()
        self.opened: set[SkillPath] = set()
        """What the agent opened last."""
        self.waits = False
        """Has the agent just written blocks that are to be run?"""

    def told(self, text: str, fewest: int = 3) -> bool:
        """Hear a text; is it one that carries the skill?"""
        own = self._reader.lines_of_skill(text, fewest)
        rest = "\n".join(line for n, line in enumerate(text.split("\n")) if n not in own)
        self.runs |= self._reader.quotations.told(rest)
        self.pieces |= self._reader.code.told(rest)
        return bool(own)


def _texts(step: Step) -> Iterator[str]:
    yield step.message
    yield step.observation
    for call in step.calls:
        yield call.arguments


def _once(hits: Collection[Hit]) -> Iterator[Hit]:
    yield from sorted(
        dict.fromkeys(hits),
        key=lambda one: (one.step, one.kind, one.path, one.lines or _NO_LINES, one.words),
    )

"""What may go, because nobody used it: each cut with its changes, and who did not use it.

A cut is one lesson. A section moves whole, with all that is below its heading; the first heading
and what stands before it stay, and so does whatever leads to other files of the skill.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from skillgit.names import SkillPath, TrajectoryId
from skillgit.rules.limits import estimated_tokens
from skillgit.skill.lines import text_lines
from skillgit.skill.markdown import Heading, Structure, structure
from skillgit.skill.placement import reference
from skillgit.types import (
    MANIFEST,
    Change,
    CreateFile,
    DeleteFile,
    Insert,
    LineRange,
    Replace,
    Skill,
)
from skillgit.usage.totals import SkillUse, is_use

SIGNALS = "usage"
"""What teaches a round of cuts, as its evidence tells it."""
_NAMED = 3


class How(StrEnum):
    """What becomes of what nobody used."""

    DEMOTE = "demote"
    """A section of SKILL.md moves to references/, where only who needs it reads it."""
    DELETE = "delete"
    """It goes, and so do references that nobody opened."""


@dataclass(frozen=True, slots=True)
class Aim:
    """How, and how much must be known before anything goes."""

    how: How = How.DEMOTE
    min_runs: int = 20
    """So many trajectories must have had the skill."""
    max_users: int = 0
    """What at most so many of them used counts as unused."""
    min_tokens: int = 40
    """Smaller sections are not worth the link that would stand in their place."""

    def __post_init__(self) -> None:
        if not 0 <= self.max_users < self.min_runs:
            raise ValueError("what each of the trajectories used is not unused")


@dataclass(frozen=True, slots=True)
class Cut:
    """One change that is proposed; `sources` are the trajectories that speak for it."""

    title: str
    reason: str
    changes: tuple[Change, ...]
    sources: frozenset[TrajectoryId]


@dataclass(frozen=True, slots=True)
class Spared:
    """What nobody used and stays all the same, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Part:
    """A heading of SKILL.md with all that is below it."""

    heading: Heading
    last: int
    users: frozenset[TrajectoryId]

    @property
    def first(self) -> int:
        return self.heading.line


def cuts(skill: Skill, use: SkillUse, aim: Aim) -> tuple[tuple[Cut, ...], tuple[Spared, ...]]:
    """What to propose, and what is spared: all of it where too few trajectories had the skill."""
    if use.had.runs < aim.min_runs:
        reason = f"{use.had.runs} trajectories had the skill, and {aim.min_runs} are asked for"
        return (), (Spared("whatever was not used", reason),)
    surgeon = _Surgeon(skill, use, aim)
    found = [*surgeon.sections()]
    if aim.how is How.DELETE:
        found += surgeon.files()
    return tuple(found), tuple(surgeon.spared)


class _Surgeon:
    def __init__(self, skill: Skill, use: SkillUse, aim: Aim) -> None:
        self._skill, self._use, self._aim = skill, use, aim
        self._text = skill.text(MANIFEST) or ""
        self._lines = text_lines(self._text)
        self._found: Structure = structure(self._text)
        self._had = frozenset(one.trajectory.id for one in use.traces)
        self.spared: list[Spared] = []

    # -------------------------------------------------------------- sections

    def sections(self) -> Iterator[Cut]:
        """One cut for each section that moves; sections that go side by side are one."""
        parts = list(self._unused())
        if self._aim.how is How.DEMOTE:
            taken: set[str] = set()
            for part in parts:
                cut = self._demoted(part, taken)
                taken |= {one.path.folded for one in cut.changes if isinstance(one, CreateFile)}
                yield cut
            return
        ends = {part.last + 1: part for part in parts}
        heads = [part for part in parts if part.first not in ends]
        for head in heads:
            run = [head]
            while (
                after := next((p for p in parts if p.first == run[-1].last + 1), None)
            ) is not None:
                run.append(after)
            yield self._deleted(run)

    def _unused(self) -> Iterator[_Part]:
        """The outermost parts that can go, in order."""
        done = 0
        for part in self._parts():
            if part.first <= done or part.heading is self._found.headings[0]:
                continue
            if len(part.users) > self._aim.max_users:
                continue
            why = self._needed(part)
            if why:
                self.spared.append(Spared(self._name(part), why))
            else:
                done = part.last
                yield part

    def _parts(self) -> Iterator[_Part]:
        headings = self._found.headings
        for number, heading in enumerate(headings):
            below = (one.line - 1 for one in headings[number + 1 :] if one.level <= heading.level)
            last = next(below, len(self._lines))
            yield _Part(heading, last, self._users(MANIFEST, heading.line, last))

    def _users(self, path: str, first: int, last: int) -> frozenset[TrajectoryId]:
        return frozenset(
            one.trajectory.id
            for one in self._use.traces
            if any(
                hit.path == path
                and is_use(hit)
                and hit.lines
                and hit.lines.first <= last
                and first <= hit.lines.last
                for hit in one.hits
            )
        )

    def _needed(self, part: _Part) -> str:
        """Why a part stays though nobody used it; empty where nothing speaks for it."""
        body = "\n".join(self._lines[part.first : part.last])
        if estimated_tokens(body) < self._aim.min_tokens:
            return f"under {self._aim.min_tokens} tokens: its link would cost as much"
        if not self._could(part):
            return "no line of it is long enough to leave a trace"
        others = [path for path in self._skill.files if path != MANIFEST]
        named = next((path for path in others if _mentions(body, path)), None)
        if named is not None:
            return f"it leads to {named}"
        local = (one for one in self._found.links if part.first <= one.line <= part.last)
        if any(not re.match(r"[A-Za-z][\w+.-]*:", one.target) for one in local):
            return "it holds a relative link"
        slug = _slug(part.heading.title)
        if self._aim.how is How.DELETE and any(
            one.target == f"#{slug}" for one in self._found.links
        ):
            return "another section links to it"
        return ""

    def _could(self, part: _Part) -> bool:
        """Could anything in it have left a trace? Else nobody knows whether it was used."""
        return any(
            one.could and part.first <= one.lines.first <= part.last
            for one in self._use.sections
            if one.path == MANIFEST
        )

    def _name(self, part: _Part) -> str:
        return f"{MANIFEST}:{LineRange(part.first, part.last)} {part.heading.title}"

    def _demoted(self, part: _Part, taken: Collection[str]) -> Cut:
        title = part.heading.title
        begin = part.heading.lines.last
        last = self._last_words(part)
        words = "\n".join(self._raised(part, begin, last))
        made = reference(self._skill, Insert(MANIFEST, begin, "link"), title, words, taken)
        gone = Replace(MANIFEST, LineRange(begin + 1, last), "")
        return Cut(
            f"Move the unused section {_short(title)} to {made.path}",
            self._because(f"the section {title}", part.users)
            + " It stays within reach: SKILL.md links to it.",
            (made, gone),
            self._had - part.users,
        )

    def _raised(self, part: _Part, begin: int, last: int) -> Iterator[str]:
        """Its lines, with the headings below it raised as it is raised itself."""
        inner = {one.line for one in self._found.headings if begin < one.line <= last}
        up = part.heading.level - 1
        for number in range(begin + 1, last + 1):
            line = self._lines[number - 1]
            yield line[up:] if number in inner and line.startswith("#" * (up + 1)) else line

    def _deleted(self, parts: Sequence[_Part]) -> Cut:
        first, last = parts[0].first, parts[-1].last
        # The blank line between two sections goes once: behind them, or before them at the end.
        if last == len(self._lines) and not self._lines[first - 2].strip():
            first -= 1
        names = [_short(part.heading.title) for part in parts]
        told = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
        several = "s" if len(names) > 1 else ""
        users = frozenset[TrajectoryId]().union(*(part.users for part in parts))
        what = f"the section{several} {', '.join(part.heading.title for part in parts)}"
        return Cut(
            f"Delete the unused section{several} {told}",
            self._because(what, users),
            (Replace(MANIFEST, LineRange(first, last), ""),),
            self._had - users,
        )

    def _last_words(self, part: _Part) -> int:
        last = part.last
        while last > part.heading.lines.last + 1 and not self._lines[last - 1].strip():
            last -= 1
        return last

    def _because(self, what: str, users: Collection[TrajectoryId]) -> str:
        had, used = len(self._had), len(users)
        who = "none" if not used else f"only {used}"
        return (
            f"Of {had} trajectories that had the skill {who} left a trace of {what}: not named,"
            " not quoted, no command or code of it in a call. Who read it in the system prompt and"
            " followed it in other words left none either, so measure before you merge."
        )

    # -------------------------------------------------------------- files

    def files(self) -> Iterator[Cut]:
        """One cut for each reference that nobody opened, with the lines that lead to it."""
        for one in self._use.files:
            if one.path == MANIFEST or one.used.runs > self._aim.max_users:
                continue
            if not (one.path.startswith("references/") and one.path.endswith(".md")):
                self.spared.append(
                    Spared(one.path, "not a reference: a person's to delete (SG205)")
                )
                continue
            unlink = self._links_to(one.path)
            if unlink is None:
                self.spared.append(Spared(one.path, "a line that says more leads to it"))
                continue
            yield Cut(
                f"Delete the unused file {one.path}",
                self._because(one.path, one.by).replace("not named", "not opened, not named", 1),
                (DeleteFile(one.path, tuple(unlink)),),
                self._had - frozenset(one.by),
            )

    def _links_to(self, path: SkillPath) -> list[Replace] | None:
        """The blocks that do nothing but lead to it; None where something else names it."""
        found: list[LineRange] = []
        for number, line in enumerate(self._lines, start=1):
            if not _mentions(line, path):
                continue
            block = self._smallest(number)
            if block is None or not self._only_leads_to(block, path):
                return None
            found.append(block)
        elsewhere = (
            _mentions(self._skill.text(other) or "", path)
            for other in self._skill.files
            if other not in {MANIFEST, path}
        )
        if any(elsewhere):
            return None
        once = [block for block, _ in groupby(found)]
        return [Replace(MANIFEST, block, "") for block in once]

    def _smallest(self, line: int) -> LineRange | None:
        """The smallest list item or paragraph that holds a line, outside of fences and tables."""
        holding = [
            block for block in self._found.blocks if block.lines.first <= line <= block.lines.last
        ]
        if any(block.kind not in {"list", "item", "paragraph"} for block in holding):
            return None
        items = [block.lines for block in holding if block.kind == "item"]
        whole = [block.lines for block in holding if block.kind == "paragraph"]
        smallest = max(items, key=lambda one: one.first, default=None)
        return smallest or next(iter(whole), None)

    def _only_leads_to(self, block: LineRange, path: SkillPath) -> bool:
        text = " ".join(self._lines[block.first - 1 : block.last])
        others = [one for one in self._skill.files if one not in {MANIFEST, path}]
        sentences = [one for one in re.split(r"(?<=[.!?])\s+", text.strip()) if one]
        return len(sentences) == 1 and not any(_mentions(text, one) for one in others)


def _mentions(text: str, path: str) -> bool:
    name = posixpath.basename(path)
    return bool(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text))


def _short(title: str) -> str:
    return title if len(title) <= 40 else f"{title[:39].rstrip()}…"


def _slug(title: str) -> str:
    """The anchor of a heading, as forges make it."""
    return re.sub(r"[^\w -]", "", title.casefold()).replace(" ", "-")

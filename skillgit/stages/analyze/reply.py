"""From an analyst's reply to a patch: citations become quotes, numbers become places.

A reply meets its schema when it gets here; what it says can still be wrong. Each edit that does
not fit ends as a `Fate` with a reason: nothing is repaired by guessing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TypeVar

from skillgit.names import EditId, TrajectoryId
from skillgit.ports import JsonObject
from skillgit.rules.safety import told_of_grading
from skillgit.skill.anchors import Anchor, anchors, editable
from skillgit.skill.lines import text_lines
from skillgit.skill.placement import insertion, reference, replacement
from skillgit.stages.analyze.citations import cited
from skillgit.stages.analyze.leakage import names_of_the_task
from skillgit.stages.analyze.repair import NOTHING, Repair
from skillgit.stages.analyze.vocabulary import (
    invented,
    names_something,
    saw_pictures,
    unmentioned,
)
from skillgit.trajectories.redaction.giving import gives_away
from skillgit.trajectories.view import View
from skillgit.types import (
    Cause,
    Change,
    Edit,
    Fate,
    Lesson,
    LineRange,
    Memory,
    Patch,
    Result,
    Skill,
    State,
    Trajectory,
)

T = TypeVar("T")

_COPIED = "copied from the example: teach what the change of this run shows"
_OF_THE_RUN = re.compile(r"\bthe agent\b", re.IGNORECASE)


class Misfit(ValueError):  # noqa: N818 - a value in the making, raised and caught in this file
    """Why one edit of a reply cannot be taken."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A reply as understood: the edits that fit, and what is wrong with the others."""

    trajectory: TrajectoryId
    edits: tuple[Edit, ...]
    misfits: tuple[Fate, ...]
    causes: tuple[Cause, ...] = ()
    memories: tuple[Memory, ...] = ()
    unfit: tuple[str, ...] = ()
    """What is wrong with the causes and memory items that are left out."""

    @property
    def reasons(self) -> list[str]:
        """What goes back to the analyst."""
        edits = [f"edit {fate.edit.rpartition('.')[2]}: {fate.reason}" for fate in self.misfits]
        return [*edits, *self.unfit]

    @property
    def copied(self) -> bool:
        """Is there nothing in it but an edit of the prompt's example?"""
        return not self.edits and any(fate.reason == _COPIED for fate in self.misfits)

    def patch(self) -> Patch:
        """What goes on to consolidation."""
        return Patch(self.trajectory, self.edits, self.misfits, self.causes, self.memories)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a reply is held against. `contract` and `example` are prompts: no lesson is in them."""

    skill: Skill
    shown: View
    contract: str
    repair: Repair = NOTHING
    example: str = ""

    @property
    def trajectory(self) -> Trajectory:
        """The run that the analyst was shown."""
        return self.shown.trajectory


def read_reply(ground: Ground, value: JsonObject) -> Reading:
    """Read one reply that meets its schema."""
    trajectory = ground.trajectory.id
    edits: list[Edit] = []
    misfits: list[Fate] = []
    for number, item in enumerate(value["edits"], start=1):
        name = EditId(f"{trajectory}.{number}")
        try:
            edits.append(_edit(ground, item, name))
        except ValueError as error:
            misfits.append(Fate(name, State.REJECTED, str(error)))
    causes, unfit = _fitting("cause", value.get("causes", ()), partial(_cause, ground))
    memories, odd = _fitting("memory item", value.get("memories", ()), partial(_memory, ground))
    return Reading(trajectory, tuple(edits), tuple(misfits), causes, memories, (*unfit, *odd))


def _fitting(
    word: str, items: Iterable[JsonObject], read: Callable[[JsonObject], T]
) -> tuple[tuple[T, ...], list[str]]:
    """What can be read of a list, and what is wrong with the rest."""
    found: list[T] = []
    unfit: list[str] = []
    for number, item in enumerate(items, start=1):
        try:
            found.append(read(item))
        except Misfit as misfit:
            unfit.append(f"{word} {number}: {misfit}")
    return tuple(found), unfit


def _cause(ground: Ground, item: JsonObject) -> Cause:
    what = _line(item["what"], "what")
    _must_not_tell(ground, what)
    return Cause(what, cited(ground.shown, item["evidence"]))


def _memory(ground: Ground, item: JsonObject) -> Memory:
    title, content = _line(item["title"], "title"), _line(item["content"], "content")
    _must_not_tell(ground, f"{title}\n{content}")
    return Memory(title, content)


def _edit(ground: Ground, item: JsonObject, name: EditId) -> Edit:
    title, reason = _line(item["title"], "title"), _line(item["what_happened"], "what_happened")
    said, code = _clean(item["text"], "text"), str(item.get("code", ""))
    if item["skill_says_it"] == "yes":
        raise Misfit("the analyst says that the skill says it already")
    if item["op"] != "replace" and _stands_in(said, ground.contract):
        raise Misfit("the skill or the prompt says this already, word for word")
    if any(_stands_in(words, ground.example) for words in (title, said)):
        raise Misfit(_COPIED)
    if ground.repair.after and _OF_THE_RUN.search(f"{title} {said}"):
        raise Misfit("speaks of the agent of this run: tell the reader what to do, and when")
    words = _quoting(said, code)
    _must_teach(ground, title, words)
    _must_not_tell(ground, f"{title}\n{words}\n{reason}")
    if fault := gives_away(f"{title}\n{words}", base_text(ground.skill)):
        raise Misfit(fault)
    return Edit(
        name,
        _change(ground, item, title, words),
        Lesson(title.rstrip(". "), reason),
        frozenset({ground.trajectory.id}),
        cited(ground.shown, item["evidence"]),
        ground.repair.marks(code),
    )


def _quoting(words: str, code: str) -> str:
    """The words of a lesson, and behind them the line of the repair that it chose."""
    if words.count("`") % 2 or words.rstrip().endswith(("…", "...")):
        raise Misfit("the text breaks off: end it, and use single quotes in code")
    if not words.strip() or _alike(code) in _alike(words):
        return words
    return f"{words.rstrip(' .:')}: `{code}`."


def _alike(code: str) -> str:
    """Code with one kind of quotes: whoever writes JSON avoids the other."""
    return code.replace('"', "'")


def _must_teach(ground: Ground, title: str, words: str) -> None:
    """A lesson is whole, concrete, and holds for more than its own task; else a Misfit."""
    trajectory, base = ground.trajectory, base_text(ground.skill)
    if not words.strip():
        raise Misfit("SG207: no text")
    names = names_of_the_task(trajectory, f"{title} {words}", base, ground.repair)
    if names:
        raise Misfit(
            f"SG401: names things of this one task ({', '.join(names)}): say it in general"
        )
    names_code = names_something(words) or saw_pictures(trajectory)
    if not names_code and unmentioned(trajectory, ""):
        raise Misfit("vague: name the function, option or command to use, in backquotes")
    passed = trajectory.outcome.result is Result.PASS
    if passed and (strange := invented(trajectory, words, base)):
        raise Misfit(f"not in the run: {', '.join(strange)}; teach what the agent really did")


def _must_not_tell(ground: Ground, text: str) -> None:
    """Nothing that an analyst says speaks of grading, of its task's id or of a machine (SG402)."""
    found = told_of_grading(text, base_text(ground.skill), ground.trajectory.task)
    if found:
        raise Misfit(
            f"SG402: tells how runs are graded, or where this one was made ({', '.join(found)})"
        )


def _change(ground: Ground, item: JsonObject, title: str, words: str) -> Change:
    skill = ground.skill
    anchor = anchors(skill)[item["place"]]
    if item["op"] == "replace" and ground.repair.speaks_against(_block_text(skill, anchor)):
        if anchor.block is None:
            raise Misfit("SG205: only an item or a paragraph can be replaced, not this line")
        return replacement(skill, anchor.path, anchor.block, words)
    place = insertion(skill, anchor.path, anchor.line, words)
    return reference(skill, place, title, words) if item["op"] == "reference" else place


def _block_text(skill: Skill, anchor: Anchor) -> str:
    """The words that a replacement would take away; the line alone where nothing could be."""
    block = anchor.block or LineRange(max(1, anchor.line), max(1, anchor.line))
    return "\n".join(text_lines(skill.text(anchor.path) or "")[block.first - 1 : block.last])


def base_text(skill: Skill) -> str:
    """All the words that a lesson could change."""
    return "\n".join(skill.text(path) or "" for path in editable(skill))


def _stands_in(words: str, text: str) -> bool:
    plain = _words(words)
    return bool(plain) and f" {plain} " in f" {_words(text)} "


@lru_cache(maxsize=64)
def _words(text: str) -> str:
    # remembered: each edit of a round is held against the same long prompt
    return " ".join(re.findall(r"\w+", text.casefold()))


def _line(text: str, field: str) -> str:
    line = " ".join(_clean(text, field).split())
    if not line:
        raise Misfit(f"an empty {field}")
    return line


def _clean(text: str, field: str) -> str:
    """Text without what could not be seen or stored; hidden characters are refused, not dropped."""
    bad = {
        f"U+{ord(char):04X}"
        for char in text
        if char not in "\n\t" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"}
    }
    if bad:
        raise Misfit(f"hidden or control characters in the {field}: {', '.join(sorted(bad))}")
    return text.replace("\t", "    ")
